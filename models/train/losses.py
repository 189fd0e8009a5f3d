"""What the network is told: which cells answer for which person, and how far off their scores and boxes are.

Assignment follows TOOD (Feng et al. 2021, eq. 4-6): a cell answers for a person when its score and its box already
agree best with it; the score to learn is the box quality it reached. Boxes learn by complete IoU (Zheng et al. 2020,
eq. 10) and by the distribution focal loss of their sides (Li et al. 2020, eq. 6).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from models.train.distil import BOX_SCORE, Heard, Taught, covering, heard
from models.train.network import decode_boxes

CANDIDATES = 10
"""Most cells that answer for one person."""
SCORE_POWER = 0.5
IOU_POWER = 6.0
LEAST_SIDE_PX = 12.0
"""Narrower people are widened to this while looking for cells, or somebody between two cell centres would be lost."""
BOX_GAIN, SIDES_GAIN, SCORE_GAIN = 7.5, 1.5, 1.0
FAINTEST, FAINT_GAIN = -6.0, 2.0
"""Logits below say nothing; weight of the difference of those above from the teacher's."""
TAUGHT_SHARE = 0.4
"""Weight of a teacher's boxes against labelled ones."""
_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class People:
    """Truth of a batch, x1, y1, x2, y2 in pixels: boxes (G, 4) and their image (G,), regions to leave out (R, 4)."""

    boxes: Tensor
    image: Tensor
    ignored: Tensor
    ignored_image: Tensor


@dataclass(frozen=True, slots=True)
class Assignment:
    """Pairs of a place (image, cell) and a person, each place once, with the score (P,) the place should give."""

    image: Tensor
    cell: Tensor
    person: Tensor
    score: Tensor


@dataclass(frozen=True, slots=True)
class Losses:
    """The weighted sum that is minimised, and its parts as plain numbers for the log."""

    total: Tensor
    score: float
    box: float
    sides: float
    mimic: float = 0.0


def overlap(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union of boxes (..., 4) that broadcast."""
    size = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(min=0)
    inter = size[..., 0] * size[..., 1]
    area_a = (a[..., 2] - a[..., 0]) * (a[..., 3] - a[..., 1])
    area_b = (b[..., 2] - b[..., 0]) * (b[..., 3] - b[..., 1])
    return inter / (area_a + area_b - inter + 1e-9)


def complete_overlap(a: Tensor, b: Tensor) -> Tensor:
    """Complete IoU of boxes (P, 4): overlap, less the distance of centres, less the difference of shape."""
    iou = overlap(a, b)
    hull = torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])
    offset = (a[:, :2] + a[:, 2:] - b[:, :2] - b[:, 2:]) / 2
    distance = offset.square().sum(1) / (hull.square().sum(1) + 1e-9)
    size_a, size_b = (a[:, 2:] - a[:, :2]).clamp(min=1e-3), (b[:, 2:] - b[:, :2]).clamp(min=1e-3)
    angle = torch.atan(size_a[:, 0] / size_a[:, 1]) - torch.atan(size_b[:, 0] / size_b[:, 1])
    shape = (4 / math.pi**2) * angle.square()
    with torch.no_grad():
        weight = shape / (1 - iou + shape + 1e-9)
    return iou - distance - weight * shape


def inside(centres: Tensor, boxes: Tensor, least_px: float = 0.0) -> Tensor:
    """Whether each of the centres (N, 2) lies in each of the boxes (G, 4), grown to least_px a side: (G, N)."""
    grow = (least_px - (boxes[:, 2:] - boxes[:, :2])).clamp(min=0) / 2
    low, high = (boxes[:, :2] - grow)[:, None], (boxes[:, 2:] + grow)[:, None]
    return ((centres > low) & (centres < high)).all(-1)


def assign(scores: Tensor, boxes: Tensor, centres: Tensor, people: People) -> Assignment:
    """Cells that answer for each person, from scores (B, N) in 0..1 and boxes (B, N, 4).

    A contested cell goes to the person it overlaps better.
    """
    with torch.no_grad():
        cells = centres.shape[0]
        quality = overlap(people.boxes[:, None], boxes[people.image])
        fit = scores[people.image].pow(SCORE_POWER) * quality.pow(IOU_POWER) + _TINY
        fit = fit * inside(centres, people.boxes, LEAST_SIDE_PX)
        best, cell = fit.topk(min(CANDIDATES, cells), dim=1)
        person = torch.arange(len(best), device=best.device).repeat_interleave(best.shape[1]).view_as(cell)
        taken = best > 0
        person, cell, best = person[taken], cell[taken], best[taken]
        reached = quality[person, cell]
        place = people.image[person] * cells + cell
        winner = best.new_zeros(len(scores) * cells).scatter_reduce(0, place, reached + _TINY, "amax")
        kept = reached + _TINY >= winner[place]
        person, cell, best, reached, place = person[kept], cell[kept], best[kept], reached[kept], place[kept]
        if len(place):  # equal overlaps can leave a place twice
            order = torch.argsort(place, stable=True)
            first = torch.ones_like(order, dtype=torch.bool)
            first[1:] = place[order][1:] != place[order][:-1]
            one = order[first]
            person, cell, best, reached = person[one], cell[one], best[one], reached[one]
        top_fit = best.new_zeros(len(people.boxes)).scatter_reduce(0, person, best, "amax")
        top_quality = best.new_zeros(len(people.boxes)).scatter_reduce(0, person, reached, "amax")
        score = best / (top_fit[person] + _TINY) * top_quality[person]
        return Assignment(people.image[person], cell, person, score.clamp(0, 1))


def detection_losses(  # noqa: PLR0917  # the tensors of one batch
    score_logits: Tensor,
    side_logits: Tensor,
    centres: Tensor,
    strides: Tensor,
    people: People,
    taught: Taught | None = None,
    *,
    scores_too: bool = True,
) -> Losses:
    """Losses of a batch.

    Args:
        score_logits: (B, N).
        side_logits: (B, N, 4, bins).
        centres: (N, 2) of cells, pixels.
        strides: (N,).
        people: truth.
        taught: a teacher's answers, too.
        scores_too: whether labels tell scores; else they tell boxes alone, and the teacher scores, but for regions and
            whole pictures whose labels are sure: rendered ones, and those without anybody.
    """
    with torch.no_grad():  # only cells near people can answer for one, and few of them will
        near = covering(inside(centres, people.boxes, LEAST_SIDE_PX), people.image, len(score_logits))
        image, cell = near.nonzero(as_tuple=True)
        boxes = score_logits.new_zeros((*score_logits.shape, 4))
        boxes[image, cell] = decode_boxes(side_logits[image, cell], centres[cell], strides[cell])
        chosen = assign(score_logits.sigmoid(), boxes, centres, people)
    wanted = torch.zeros_like(score_logits)
    wanted[chosen.image, chosen.cell] = chosen.score
    left_out = covering(inside(centres, people.ignored), people.ignored_image, len(wanted))
    counted = (~left_out | (wanted > 0)).to(score_logits.dtype)
    norm = score_norm = wanted.sum().clamp(min=1.0)
    lesson: Heard | None = None
    if taught is not None:
        exact = covering(inside(centres, taught.exact), taught.exact_image, len(wanted))
        lesson = heard(
            wanted,
            taught,
            overlap(people.boxes[:, None], taught.boxes[people.image]),
            inside(centres, people.boxes),
            people.image,
            torch.stack((exact, left_out), 1),
        )
        counted = torch.maximum(counted, (left_out & ~exact).to(counted.dtype))
        if scores_too:
            wanted = lesson.wanted
        else:
            sure = exact | _empty(people, len(wanted))[:, None]
            wanted, counted = torch.where(sure, wanted, taught.scores), torch.ones_like(counted)
            score_norm = taught.scores.sum().clamp(min=1.0)
    score_loss = F.binary_cross_entropy_with_logits(score_logits, wanted, counted, reduction="sum") / score_norm
    box_loss = sides_loss = score_loss * 0
    if len(chosen.cell):
        box_loss, sides_loss = _box_losses(
            side_logits[chosen.image, chosen.cell],
            people.boxes[chosen.person],
            (centres[chosen.cell], strides[chosen.cell]),
            chosen.score / norm,
        )
    total = SCORE_GAIN * score_loss + BOX_GAIN * box_loss + SIDES_GAIN * sides_loss
    if taught is not None and lesson is not None:
        overlaps, sides = _taught_boxes(side_logits, (centres, strides), taught.boxes, lesson.box_weight)
        total = total + TAUGHT_SHARE * (BOX_GAIN * overlaps + SIDES_GAIN * sides)
    return Losses(total, float(score_loss.detach()), float(box_loss.detach()), float(sides_loss.detach()))


def faint_loss(score_logits: Tensor, scores: Tensor, places: Tensor) -> Tensor:
    """Mean squared difference of logits (B, N) from a teacher's scores (B, N), at places (B, N) where one says a word.

    Cross entropy hardly tells a score of 0.05 from one of 0.01, and among these are found the last people and the first
    mannequins.
    """
    theirs = scores.clamp(min=_TINY).logit().clamp(min=FAINTEST)
    mine = score_logits.clamp(min=FAINTEST)
    heard = (places & ((theirs > FAINTEST) | (score_logits.detach() > FAINTEST))).to(mine.dtype)
    return ((mine - theirs).square() * heard).sum() / heard.sum().clamp(min=1.0)


def _empty(people: People, images: int) -> Tensor:
    """(images,) bool: those in which labels show nobody, and leave nothing out."""
    shown = torch.zeros(images, dtype=torch.bool, device=people.image.device)
    shown[people.image] = True
    shown[people.ignored_image] = True
    return ~shown


def imitation_losses(
    score_logits: Tensor, side_logits: Tensor, centres: Tensor, strides: Tensor, taught: Taught
) -> Losses:
    """Losses of a batch as `detection_losses` has them, for whom the teacher's answers are all the truth there is."""
    norm = taught.scores.sum().clamp(min=1.0)
    score_loss = F.binary_cross_entropy_with_logits(score_logits, taught.scores, reduction="sum") / norm
    everywhere = torch.ones_like(score_logits, dtype=torch.bool)
    score_loss = score_loss + FAINT_GAIN * faint_loss(score_logits, taught.scores, everywhere)
    weight = taught.scores * (taught.scores > BOX_SCORE)
    overlaps, sides = _taught_boxes(side_logits, (centres, strides), taught.boxes, weight)
    total = SCORE_GAIN * score_loss + BOX_GAIN * overlaps + SIDES_GAIN * sides
    return Losses(total, float(score_loss.detach()), float(overlaps.detach()), float(sides.detach()))


def _taught_boxes(
    side_logits: Tensor, cells: tuple[Tensor, Tensor], boxes: Tensor, weight: Tensor
) -> tuple[Tensor, Tensor]:
    """Overlap and side losses of a batch's sides (B, N, 4, bins) by a teacher's boxes (B, N, 4) of weight (B, N)."""
    image, cell = weight.nonzero(as_tuple=True)
    if not len(cell):
        return side_logits.new_zeros(()), side_logits.new_zeros(())
    chosen = weight[image, cell]
    centres, strides = cells
    share = chosen / chosen.sum().clamp(min=1.0)
    return _box_losses(side_logits[image, cell], boxes[image, cell], (centres[cell], strides[cell]), share)


def _box_losses(logits: Tensor, truth: Tensor, cells: tuple[Tensor, Tensor], weight: Tensor) -> tuple[Tensor, Tensor]:
    """Overlap and side losses of bin logits (P, 4, bins) at cells' centres (P, 2) and strides (P,), boxes (P, 4)."""
    centres, strides = cells
    overlaps = ((1 - complete_overlap(decode_boxes(logits, centres, strides), truth)) * weight).sum()
    reach = torch.cat((centres - truth[:, :2], truth[:, 2:] - centres), 1) / strides[:, None]
    return overlaps, (_side_loss(logits, reach) * weight).sum()


def _side_loss(logits: Tensor, reach: Tensor) -> Tensor:
    """Cross entropy (P,) of side logits (P, 4, bins) against the two bins around the true reach (P, 4)."""
    bins = logits.shape[-1]
    if bins == 1:  # boxes told directly
        return logits.new_zeros(len(logits))
    reach = reach.clamp(0, bins - 1.01)
    left = reach.floor().long()
    upper = reach - left
    log_p = logits.log_softmax(-1)
    low = log_p.gather(-1, left[..., None])[..., 0]
    high = log_p.gather(-1, left[..., None] + 1)[..., 0]
    return -(low * (1 - upper) + high * upper).mean(1)
