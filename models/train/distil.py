"""Learning from a teacher beside the labels: its scores where labels are silent, its boxes, its features.

Labels say what is a person; a finished detector knows besides how sure one can be, where a box's edge lies, and which
features tell people from the rest of a million pictures that we do not have. A teacher that misses a labelled person is
not heard on that person, and nowhere where the truth is exact (rendered pictures): it takes mannequins for people.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

FOUND_IOU, FOUND_SCORE = 0.5, 0.3
"""A teacher knows a labelled person by a box that overlaps so much and scores so high."""
HEARD_INSIDE = 0.5
"""Share of the teacher's score in what a cell within a person it knows should say; the rest is the label's."""
HEARD_OUTSIDE = 0.4
"""The same where labels show nobody."""
BOX_SCORE = 0.2
"""Least score of a teacher's box that ours learns from."""
_TINY = 1e-6


@dataclass(frozen=True, slots=True)
class Taught:
    """A teacher's answers for a batch.

    Attributes:
        scores: (B, N) 0..1.
        boxes: (B, N, 4), pixels.
        features: (B, C, h, w) for each stride.
        exact: (R, 4) regions, pixels, where truth is exact, and their image (R,).
        exact_image: see exact.
    """

    scores: Tensor
    boxes: Tensor
    features: Sequence[Tensor]
    exact: Tensor
    exact_image: Tensor


@dataclass(frozen=True, slots=True)
class Heard:
    """What of it counts: scores to learn (B, N), and weights (B, N) of the teacher's boxes."""

    wanted: Tensor
    box_weight: Tensor


def covering(inside: Tensor, image: Tensor, images: int) -> Tensor:
    """Cells (images, N) that some region of their image covers; inside (R, N), image (R,)."""
    counts = torch.zeros((images, inside.shape[1]), device=inside.device).index_add_(0, image, inside.float())
    return counts > 0


def heard(  # noqa: PLR0917 - one call site, all tensors of one batch
    wanted: Tensor, taught: Taught, overlap: Tensor, within: Tensor, person_image: Tensor, spare: Tensor
) -> Heard:
    """Blends labels and teacher.

    Args:
        wanted: (B, N) scores that the labels ask for.
        taught: the teacher's answers; its exact regions are in spare.
        overlap: (G, N) IoU of each person and the teacher's boxes in that person's image.
        within: (G, N) whether a cell lies in the person's box.
        person_image: (G,).
        spare: (B, 2, N) bool: cells of exact regions, cells of regions that the labels leave out.
    """
    exact, silent = spare[:, 0], spare[:, 1]
    own = taught.scores[person_image]
    known = ((overlap > FOUND_IOU) * own).amax(1) > FOUND_SCORE if len(own) else own.new_zeros(0, dtype=torch.bool)
    images = len(wanted)
    in_person = covering(within, person_image, images)
    in_unknown = covering(within[~known], person_image[~known], images)
    share = torch.where(in_person, HEARD_INSIDE, HEARD_OUTSIDE)
    share = torch.where(silent & ~in_person, 1.0, share)
    share = torch.where(exact | in_unknown, 0.0, share)
    blended = (1 - share) * wanted + share * taught.scores
    weight = taught.scores * (taught.scores > BOX_SCORE) * (share > 0)
    return Heard(blended, weight)


class FeatureMimic(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """Our neck's features, through one 1x1 convolution a stride, beside the teacher's: 1 - Pearson's correlation.

    As in PKD (Cao et al. 2022): each channel is normalised over the batch first, so that only patterns count.
    """

    def __init__(self, width: int, teacher_width: int, strides: int) -> None:
        super().__init__()
        self.match = nn.ModuleList([nn.Conv2d(width, teacher_width, 1) for _ in range(strides)])

    def forward(self, mine: Sequence[Tensor], theirs: Sequence[Tensor]) -> Tensor:
        """A scalar in 0..2."""
        return (
            1
            - torch.stack(
                [correlation(match(m.float()), t.float()) for match, m, t in zip(self.match, mine, theirs, strict=True)]
            ).mean()
        )


def correlation(mine: Tensor, theirs: Tensor) -> Tensor:
    """Mean over channels of Pearson's correlation of (B, C, h, w) over all that is not the channel."""
    places = (0, 2, 3)
    with torch.no_grad():
        t = theirs - theirs.mean(places, keepdim=True)
        size_t = t.square().sum(places)
    m = mine - mine.mean(places, keepdim=True)
    return ((m * t).sum(places) * (m.square().sum(places) * size_t + _TINY).rsqrt()).mean()
