"""A teacher that looks several times: what it says of the same people larger, smaller, mirrored, averaged.

A detector's score for one thing moves with its size in the picture and with where its edges fall in the grid; a
mannequin that scores high once scores low in the other views more often than a person does. So each cell's score is
moved by as much as the thing it stands for gains or loses over all views, in logits. Boxes and inner values are those
of the sample as it is. The teacher runs in PyTorch here, on whatever device the learner is on.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from onnx import numpy_helper
from torch import Tensor, nn

from models.train.distil import Taught
from models.train.inherited import PERSON, InheritedNet
from models.train.losses import FAINTEST, overlap
from models.train.network import STRIDES, decode_boxes, places
from models.train.teacher import Moments, predictions, read_graph

CELLS = 160
"""Cells of an image, the highest scores first, whose things are looked for in the other views."""
SAME = 0.55
"""Boxes that overlap so much are of one thing."""
MOST_MOVED = 4.0
"""Logits by which the other views may move a score."""
MULTIPLE = 32
View = tuple[float, bool]
"""Scale against the sample, and whether it is mirrored."""


class TorchTeacher(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """YOLOX-nano as it is, from its ONNX file."""

    def __init__(self, path: Path, moments: Moments) -> None:
        """Reads the graph.

        Args:
            path: YOLOX-nano.
            moments: of its convolutions' outputs; any will do, since norms that begin with them change nothing.

        Raises:
            BadInputError: the file is no YOLOX export with a head of three strides.
        """
        super().__init__()
        graph = read_graph(path)
        stored = {value.name: torch.from_numpy(numpy_helper.to_array(value).copy()) for value in graph.initializer}
        found = predictions(graph)
        self.network = InheritedNet(path)
        self.network.adopt(moments)
        self.network.soften(1.0)
        self.taps = self.network.taps
        for level in range(len(STRIDES)):
            classes, objects = found["cls", level], found["obj", level]
            for name, node, rows in (("class", classes, slice(PERSON, PERSON + 1)), ("object", objects, slice(0, 1))):
                self.register_buffer(f"{name}_weight_{level}", stored[node.input[1]][rows])
                self.register_buffer(f"{name}_bias_{level}", stored[node.input[2]][rows])
        self.eval()
        self.requires_grad_(requires_grad=False)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Scores (B, N) 0..1, boxes (B, N, 4) in pixels and inner values of images (B, 3, H, W), BGR 0..255."""
        values = self.network._run(images)  # noqa: SLF001 - the same network, other heads
        scores, raw = [], []
        for level, (classes, boxes) in enumerate(self.network.tower_ends):
            with torch.autocast(images.device.type, enabled=False):
                c, b = values[classes].float(), values[boxes].float()
                score = self._head("class", level, c).sigmoid() * self._head("object", level, b).sigmoid()
                place, extent = self.network.place[level](b), self.network.extent[level](b)
            scores.append(score.flatten(1))
            raw.append(torch.cat((place, extent), 1).flatten(2))
        centres, strides = (each.to(images.device) for each in places(*images.shape[2:]))
        sides = torch.cat(raw, 2).transpose(1, 2)[..., None]
        inner = [values[name] for name in self.taps]
        return torch.cat(scores, 1), decode_boxes(sides, centres, strides), inner

    def _head(self, kind: str, level: int, value: Tensor) -> Tensor:
        return F.conv2d(value, getattr(self, f"{kind}_weight_{level}"), getattr(self, f"{kind}_bias_{level}"))


def draw_views(scales: Sequence[float], rng: np.random.Generator) -> list[View]:
    """A view of each scale besides the sample itself, every other one mirrored.

    Scales are the plan's, not drawn: for each size that it has not seen, a GPU takes seconds to choose its kernels.
    """
    mirrored = int(rng.integers(2))
    return [(scale, (k + mirrored) % 2 == 1) for k, scale in enumerate(scales)]


def shown(images: Tensor, view: View) -> Tensor:
    """Images (B, 3, H, W) as the view has them, sides rounded to multiples of 32."""
    scale, mirrored = view
    height, width = (max(MULTIPLE, round(side * scale / MULTIPLE) * MULTIPLE) for side in images.shape[2:])
    seen = F.interpolate(images, (height, width), mode="bilinear", align_corners=False, antialias=scale < 1)
    return seen.flip(3) if mirrored else seen


@torch.no_grad()  # type: ignore[untyped-decorator]  # torch is untyped here
def consensus(
    teacher: TorchTeacher, images: Tensor, views: list[View], exact: tuple[Tensor, Tensor], **run: Any
) -> Taught:
    """The teacher's answers for images (B, 3, H, W), scores moved to the mean of all views in logits.

    Args:
        teacher: on the images' device.
        images: BGR 0..255.
        views: besides the images as they are; none gives its plain answers.
        exact: regions of exact truth (R, 4) and their image (R,).
        run: for `torch.autocast`: dtype and enabled.
    """
    with torch.autocast(images.device.type, **run):
        scores, boxes, inner = teacher(images)
    if views:
        height, width = images.shape[2:]
        best, cell = scores.topk(min(CELLS, scores.shape[1]), dim=1)
        here = boxes.gather(1, cell[..., None].expand(-1, -1, 4))
        plain = _peak(best, here, here)
        told = plain.clone()
        for view in views:
            seen = shown(images, view)
            with torch.autocast(images.device.type, **run):
                other, theirs, _ = teacher(seen)
            high, at = other.topk(min(CELLS, other.shape[1]), dim=1)
            there = theirs.gather(1, at[..., None].expand(-1, -1, 4))
            if view[1]:
                x1, y1, x2, y2 = there.unbind(-1)
                there = torch.stack((seen.shape[3] - x2, y1, seen.shape[3] - x1, y2), -1)
            there = there * there.new_tensor([width / seen.shape[3], height / seen.shape[2]]).repeat(2)
            told += _peak(high, there, here)
        moved = (told / (len(views) + 1) - plain).clamp(-MOST_MOVED, MOST_MOVED)
        scores = scores.scatter(1, cell, (_logit(best) + moved).sigmoid())
    return Taught(scores, boxes, inner, *exact)


def _peak(scores: Tensor, boxes: Tensor, things: Tensor) -> Tensor:
    """Logit (B, K) of the highest of scores (B, M), whose boxes (B, M, 4) show the same as each of things (B, K, 4)."""
    same = overlap(things[:, :, None], boxes[:, None]) > SAME
    return _logit((scores[:, None] * same).amax(-1))


def _logit(scores: Tensor) -> Tensor:
    return scores.float().clamp(min=1e-6, max=1 - 1e-4).logit().clamp(min=FAINTEST)
