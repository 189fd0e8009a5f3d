"""Evens out what channels carry, so that eight bits, which share one scale a tensor, serve all of them.

Behind a ReLU a channel may be scaled by any positive number if whoever reads it divides by the same (Nagel et al. 2019,
arXiv:1906.04721, section 4.1). Networks of depthwise convolutions need it: their channels differ tenfold, and the
faint ones drown in the steps of the strong. How strong a channel is follows from its batch norm. A depthwise reader has
a scale for each channel of its own, so evening out costs nothing there; a dense one mixes channels under one scale, so
there half of it is done, in logarithms.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from models.train.inherited import InheritedNet

DEVIATIONS = 4.0
"""A channel reaches so many deviations above its mean."""
LEAST_REACH = 0.05
"""Of the strongest channel's: fainter ones are scaled as if they had this."""
DENSE_SHARE = 0.5
"""How much is evened out where a dense convolution reads, in logarithms."""

Reader = tuple[nn.Conv2d, int]
"""A convolution, and the number of its input channel that the value's first channel is."""


def equalise(network: InheritedNet) -> int:
    """Evens out a network in place, which answers as before; the number of values that were."""
    count = 0
    with torch.no_grad():
        for name, activated in network.activated():
            if name in network.smooth:  # SiLU of a multiple is no multiple of SiLU
                continue
            readers = list(_readers(network, activated, 0))
            if any(conv is None for conv, _ in readers):
                continue
            norm = network.parts[name][1]
            reach = (norm.bias + DEVIATIONS * norm.weight.abs()).clamp(min=0)
            most = reach.max()
            scale = most / reach.clamp(min=LEAST_REACH * most)
            if any(conv.groups == 1 for conv, _ in readers if conv is not None):
                scale = scale.pow(DENSE_SHARE)
            network.evened[name] = network.evened.get(name, torch.ones_like(scale)) * scale
            norm.weight *= scale
            norm.bias *= scale
            for conv, first in readers:
                if conv is not None:
                    _divide(conv, first, scale)
            count += 1
    return count


def _divide(conv: nn.Conv2d, first: int, scale: Tensor) -> None:
    if conv.groups == 1:
        conv.weight[:, first : first + len(scale)] /= scale[:, None, None]
    else:
        conv.weight /= scale[:, None, None, None]


def _readers(network: InheritedNet, value: str, first: int) -> Iterator[tuple[nn.Conv2d | None, int]]:
    """Who reads a value whose first channel is number first; None for a reader that needs all channels as they are."""
    if value == network.begins:
        yield network.parts[network.start][0], first
        return
    for level, (classes, boxes) in enumerate(network.tower_ends):
        if value == classes:
            yield network.score[level], first
        if value == boxes:
            yield network.score[level], first + network.place[level].in_channels
            yield network.place[level], first
            yield network.extent[level], first
    for op in network.ops:
        if value not in op.inputs:
            continue
        match op.kind:
            case "part":
                yield network.parts[op.argument][0], first
            case "join":
                before = sum(network.width(name) for name in op.inputs[: op.inputs.index(value)])
                yield from _readers(network, op.output, first + before)
            case "pool" | "up":
                yield from _readers(network, op.output, first)
            case _:
                yield None, first
