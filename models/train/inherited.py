"""A network that begins with a finished detector's weights: YOLOX-nano's trunk, neck and towers, made for eight bits.

A few thousand photographs do not teach a small network what a million boxes taught another. So this one starts from
YOLOX-nano (Ge et al. 2021; Apache-2.0), read from its ONNX file, and differs where eight bits on a CPU ask for it:

- ReLU instead of SiLU, where there are many places: runtimes merge it into the convolution. Behind each convolution
  stands a batch norm that begins with the mean and deviation which the teacher's own convolution has there, so that
  what ReLU lets through fits. ReLU costs accuracy, and SiLU in eight bits two passes, a table and a product; so where a
  plan asks for it stands a parabola, one product of the same bytes read in two scales (`models.train.activations`). Up
  to a factor and a shift for each channel it differs from SiLU by up to one percent of what is passed on, ReLU mostly
  by one to nine.
- The first layers work on the most pixels and cost half of an eight-bit run, for eight bits like many channels. The
  first two convolutions become one of stride 4 with four times as many channels, one for each place in a 2x2 block, and
  a 2x2 one over those: the same sums in another order.
- One score a place instead of objectness and eighty classes.

`models.train.twin_mimic` holds it to the teacher inside: what convolutions at every stage pass on must agree with what
the teacher's pass on for the same picture, which says more of it than its boxes do.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from torch import Tensor, nn

from contract.errors import BadInputError
from models.train.activations import CURVATURE, LEAST, MOST, SLOPE, VERTEX, smoothed, softened
from models.train.network import PIXEL_SCALE, STRIDES, NetworkSize
from models.train.teacher import Moments, activations, inner_values, predictions, read_graph

WIDTH = 64
"""Channels of YOLOX-nano's neck and towers."""
PERSON = 0
"""Row of the person class in YOLOX's class outputs."""
FIRST_LAYERS = 2
"""Convolutions of the teacher that become ours of stride 4: 3x3 over slices of two, depthwise 3x3 of stride 2."""
PHASES = ((0, 0), (0, 1), (1, 0), (1, 1))
"""Row and column, in the teacher's first grid, of each place in a 2x2 block."""
LEVELS = 255
"""Steps between the least and the greatest of eight bits."""
DEVIATIONS = 5.0
"""An activation in eight bits reaches so many deviations above its strongest channel's mean."""
_TINY = 1e-6


@dataclass(frozen=True, slots=True)
class Op:
    """One step of a graph: what to do, with which argument, from which values, to which value."""

    kind: str
    argument: Any
    inputs: tuple[str, ...]
    output: str

    def of(self, given: Sequence[Tensor]) -> Tensor:
        """The output of a step that has no weights and is no activation."""
        match self.kind:
            case "join":
                return torch.cat(list(given), 1)
            case "add":
                return given[0] + given[1]
            case "pool":
                return F.max_pool2d(given[0], self.argument, 1, self.argument // 2)
            case _:
                return F.interpolate(given[0], scale_factor=2.0, mode="nearest")


class InheritedNet(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """YOLOX-nano with our first layers and outputs; used as PersonNet is."""

    outputs = ("score", "place", "extent")

    def __init__(self, path: Path) -> None:
        """Reads the graph and its weights.

        Raises:
            BadInputError: the file is no YOLOX export with a head of three strides.
        """
        super().__init__()
        self.size = NetworkSize((0, 0, 0, 0), (0, 0, 0, 0), WIDTH, WIDTH, WIDTH, 1)
        graph = read_graph(path)
        stored = {value.name: torch.from_numpy(numpy_helper.to_array(value).copy()) for value in graph.initializer}
        self.parts = nn.ModuleDict()
        self.sharpness = math.inf
        self.in_eight_bits = False
        self.smooth: frozenset[str] = frozenset()
        self.evened: dict[str, Tensor] = {}
        first, second = [node for node in graph.node if node.op_type == "Conv"][:FIRST_LAYERS]
        self.start, self.begins = str(second.output[0]), str(first.output[0])
        self.ops = list(self._ops(graph, stored))
        weight, bias = _blocked(stored[first.input[1]], stored[first.input[2]])
        self.parts[self.begins] = _normed(weight, bias, {"group": 1, "strides": [4], "pads": [2]})
        weight = _over_blocks(stored[second.input[1]])
        self.parts[self.start] = _normed(weight, stored[second.input[2]], {"group": 1, "strides": [1], "pads": [0]})
        self.taps = inner_values(graph, path)
        found = predictions(graph)
        self.score, self.place, self.extent = nn.ModuleList(), nn.ModuleList(), nn.ModuleList()
        self.tower_ends: list[tuple[str, str]] = []
        self.class_taps = self.taps[-2 * len(STRIDES) : -len(STRIDES)]
        for level in range(len(STRIDES)):
            classes, boxes, objects = (found[kind, level] for kind in ("cls", "reg", "obj"))
            self.tower_ends.append((classes.input[0], boxes.input[0]))
            # a product of two probabilities begins as a sum of their logits
            weight = torch.cat((stored[classes.input[1]][[PERSON]], stored[objects.input[1]]), 1)
            bias = stored[classes.input[2]][[PERSON]] + stored[objects.input[2]]
            self.score.append(_convolution(weight, bias))
            weight, bias = stored[boxes.input[1]], stored[boxes.input[2]]
            self.place.append(_convolution(weight[:2], bias[:2]))
            self.extent.append(_convolution(weight[2:], bias[2:]))

    def adopt(self, moments: Moments) -> None:
        """Lets every convolution put out the mean and deviation that the teacher's has.

        Args:
            moments: by value, the mean and deviation (C,) of the teacher's convolution outputs.
        """
        with torch.no_grad():
            for name, part in self.parts.items():
                norm = part[1]
                mean, deviation = (torch.from_numpy(m).repeat(norm.num_features // len(m)) for m in moments[name])
                norm.running_mean.copy_(mean - part.bias_taken)
                norm.running_var.copy_(deviation.square())
                norm.weight.copy_((deviation.square() + norm.eps).sqrt())
                norm.bias.copy_(mean)

    def soften(self, sharpness: float) -> None:
        """Makes activations x / (1 + exp(-sharpness x)): 1 is the teacher's SiLU, from `SHARPEST` on they are ReLU."""
        self.sharpness = sharpness

    def keep_smooth(self, spans: Sequence[tuple[int, int]]) -> None:
        """Puts the parabola behind the convolutions of these numbers, first to last, counted behind the first two.

        Raises:
            BadInputError: there are not so many.
        """
        parts = [op.argument for op in self.ops if op.kind == "part"]
        if any(not 0 <= first <= last < len(parts) for first, last in spans):
            raise BadInputError(f"smooth = {[list(span) for span in spans]}: spans lie within 0 and {len(parts) - 1}")
        self.smooth = frozenset(name for first, last in spans for name in parts[first : last + 1])

    def activated(self) -> list[tuple[str, str]]:
        """Every convolution that an activation follows, and the name of the activated value."""
        found = [(op.inputs[0], op.output) for op in self.ops if op.kind == "activate"]
        return [(self.begins, self.begins), *found]

    def width(self, value: str) -> int:
        """Channels of a value."""
        op = next((op for op in self.ops if op.output == value), None)
        if op is None or op.kind == "part":
            return int(self.parts[value if op is None else op.argument][1].num_features)
        return sum(self.width(name) for name in (op.inputs if op.kind == "join" else op.inputs[:1]))

    def round_off(self, asked: bool) -> None:
        """Whether weights and activations are rounded as eight bits will round them, while gradients pass."""
        self.in_eight_bits = asked

    def _convolve(self, name: str, x: Tensor) -> Tensor:
        part = self.parts[name]
        if not self.in_eight_bits:
            return part(x)
        conv = part[0]
        step = conv.weight.detach().abs().amax((1, 2, 3), keepdim=True).clamp(min=_TINY) / 127
        weight = Rounded.apply(conv.weight, step, -127.0, 127.0)
        return part[1](F.conv2d(x, weight, None, conv.stride, conv.padding, 1, conv.groups))

    def activate(self, x: Tensor, name: str) -> Tensor:
        """The activated output of the named convolution."""
        if self.in_eight_bits:
            norm = self.parts[name][1]
            reach = DEVIATIONS * norm.weight.detach().abs()
            most = (norm.bias.detach() + reach).max().clamp(min=_TINY)
            if name not in self.smooth:
                return Rounded.apply(x, (most / LEVELS).to(x.dtype), 0.0, float(LEVELS))
            return _rounded(smoothed(_rounded(x, LEAST, MOST)), VERTEX, MOST * (CURVATURE * MOST + SLOPE))
        if name in self.smooth:
            return smoothed(x)
        return softened(x, self.sharpness)

    def adopt_shipped(self, path: Path, batches: Iterable[NDArray[np.uint8]]) -> None:
        """Takes the weights of a file that was exported from such a network, and measures its norms anew.

        Args:
            path: the 32-bit file, in which norms are folded into the convolutions.
            batches: pictures (B, H, W, 3) to measure on.

        Raises:
            BadInputError: the file is of another network.
        """
        graph = read_graph(path)
        stored = {value.name: torch.from_numpy(numpy_helper.to_array(value).copy()) for value in graph.initializer}
        nodes = [node for node in graph.node if node.op_type == "Conv"]
        names = [self.begins, self.start, *(op.argument for op in self.ops if op.kind == "part")]
        heads = [head for each in zip(self.score, self.place, self.extent, strict=True) for head in each]
        targets = [*(self.parts[name][0] for name in names), *heads]
        read = [(stored.get(node.input[1]), stored.get(node.input[2])) for node in nodes if len(node.input) > 2]
        if [None if w is None else w.shape for w, _ in read] != [conv.weight.shape for conv in targets]:
            raise BadInputError(
                f"{path}: its convolutions are not an inherited network's; give the 32-bit export of one"
            )
        with torch.no_grad():
            for name, (_, bias) in zip(names, read, strict=False):
                norm = self.parts[name][1]
                norm.running_mean.zero_()
                norm.running_var.fill_(1.0 - norm.eps)
                norm.weight.fill_(1.0)
                norm.bias.copy_(bias)
                self.parts[name].bias_taken = bias
            for conv, (weight, _) in zip(targets, read, strict=True):
                conv.weight.copy_(weight)
            for head, (_, bias) in zip(heads, read[len(names) :], strict=True):
                head.bias.copy_(bias)
        self.adopt(self._moments(names, batches))

    def _moments(self, names: Sequence[str], batches: Iterable[NDArray[np.uint8]]) -> Moments:
        """Mean and deviation of what every convolution puts out behind its norm, in use."""
        sums = {name: [torch.zeros(1, dtype=torch.float64)] * 2 for name in names}
        count = 0
        self.eval()
        with torch.no_grad():
            for pixels in batches:
                values = self._run(torch.from_numpy(pixels).permute(0, 3, 1, 2).float(), keep=True)
                for name in names:
                    value = values[name].double()
                    sums[name] = [sums[name][0] + value.mean((0, 2, 3)), sums[name][1] + value.square().mean((0, 2, 3))]
                count += 1
        found: Moments = {}
        for name, (total, square) in sums.items():
            mean = total / count
            deviation = (square / count - mean.square()).clamp(min=1e-8).sqrt()
            found[name] = mean.float().numpy(), deviation.float().numpy()
        return found

    def shift_scores(self, by: float) -> None:
        """Adds to every score before its sigmoid."""
        with torch.no_grad():
            for score in self.score:
                score.bias += by

    def look(self, images: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Scores (B, N) before the sigmoid, boxes (B, N, 4, 1) and inner values of images (B, 3, H, W), BGR 0..255."""
        values = self._run(images)
        found = self._heads(values)
        scores = torch.cat([score.flatten(2) for score, *_ in found], 2)[:, 0]
        boxes = torch.cat([torch.cat(rest, 1).flatten(2) for _, *rest in found], 2).transpose(1, 2)
        return scores, boxes[..., None], [self._uneven(name, values[name]) for name in self.taps]

    def _uneven(self, name: str, value: Tensor) -> Tensor:
        """A value as it was before its channels were evened out (see `equalise`), to stand beside the teacher's."""
        scale = self.evened.get(name)
        return value if scale is None else value / scale[:, None, None].to(value.dtype)

    def heads(self, images: Tensor) -> list[tuple[Tensor, ...]]:
        """For each stride: score logits (B, 1, h, w), centres and log sizes in strides (B, 2, h, w) as YOLOX's."""
        return self._heads(self._run(images))

    def _heads(self, values: dict[str, Tensor]) -> list[tuple[Tensor, ...]]:
        found = []
        for k, (classes, boxes) in enumerate(self.tower_ends):
            with torch.autocast(values[classes].device.type, enabled=False):  # half precision would blur boxes
                c, b = values[classes].float(), values[boxes].float()
                found.append((self.score[k](torch.cat((c, b), 1)), self.place[k](b), self.extent[k](b)))
        return found

    def _run(self, images: Tensor, keep: bool = False) -> dict[str, Tensor]:
        """Every value by its name; keep the first convolution's, too."""
        first = self._convolve(self.begins, images * PIXEL_SCALE)
        values = {self.start: self._convolve(self.start, F.pad(self.activate(first, self.begins), (1, 0, 1, 0)))}
        if keep:
            values[self.begins] = first
        for op in self.ops:
            given = [values[name] for name in op.inputs]
            match op.kind:
                case "part":
                    values[op.output] = self._convolve(op.argument, given[0])
                case "activate":
                    values[op.output] = self.activate(given[0], op.inputs[0])
                case _:
                    values[op.output] = op.of(given)
        return values

    def _ops(self, graph: Any, stored: dict[str, Tensor]) -> Iterator[Op]:
        """The graph's steps behind the first layers and before its predictions; convolutions become parts."""
        known = {self.start}
        activated = activations(graph)
        for node in graph.node:
            output = node.output[0]
            if node.op_type == "Sigmoid" and node.input[0] in known and output in activated:
                known.add(activated[output])
                yield Op("activate", None, (node.input[0],), activated[output])
                continue
            if output in known or any(name not in known for name in node.input[:1]) or "_preds." in "".join(node.input):
                continue
            given = {a.name: helper.get_attribute_value(a) for a in node.attribute}
            if node.op_type == "Conv":
                self.parts[output] = _normed(stored[node.input[1]], stored[node.input[2]], given)
                yield Op("part", output, (node.input[0],), output)
            elif node.op_type in {"Concat", "Add"}:
                yield Op({"Concat": "join", "Add": "add"}[node.op_type], None, tuple(node.input), output)
            elif node.op_type == "Resize":
                yield Op("up", None, (node.input[0],), output)
            elif node.op_type == "MaxPool":
                yield Op("pool", given["kernel_shape"][0], (node.input[0],), output)
            else:
                continue
            known.add(output)


class Rounded(torch.autograd.Function):  # type: ignore[misc]  # torch is untyped here
    """Rounded to multiples of a step, from least to most of them; the gradient passes where nothing was cut off."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, step: Tensor | float, least: float, most: float) -> Tensor:
        """Same shape as x; the step broadcasts."""
        levels = (x / step).round_()
        ctx.save_for_backward((levels >= least) & (levels <= most))
        return levels.clamp_(least, most).mul_(step)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        """Towards x."""
        (kept,) = ctx.saved_tensors
        return gradient * kept, None, None, None


def _rounded(x: Tensor, least: float, most: float) -> Tensor:
    """The nearest of 256 values between two, 0 among them."""
    step = (most - least) / LEVELS
    return Rounded.apply(x, step, float(round(least / step)), float(round(most / step)))


def _blocked(weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
    """The first convolution, 3x3 over slices of two, for every place of a 2x2 block of its answers: 8x8 of stride 4.

    Args:
        weight: (W, 12, 3, 3), over slices in YOLOX's order: upper left, lower left, upper right, lower right.
        bias: (W,).
    """
    width = len(weight)
    whole = weight.new_zeros(width, 3, 6, 6)
    for k, (row, column) in enumerate(((0, 0), (1, 0), (0, 1), (1, 1))):
        whole[:, :, row::2, column::2] = weight[:, 3 * k : 3 * k + 3]
    blocked = weight.new_zeros(len(PHASES) * width, 3, 8, 8)
    for k, (row, column) in enumerate(PHASES):
        blocked[k * width : (k + 1) * width, :, 2 * row : 2 * row + 6, 2 * column : 2 * column + 6] = whole
    return blocked / PIXEL_SCALE, bias.repeat(len(PHASES))


def _over_blocks(weight: Tensor) -> Tensor:
    """The depthwise 3x3 convolution of stride 2 (W, 1, 3, 3) as (W, 4 W, 2, 2) over 2x2 blocks and the ones before."""
    width = len(weight)
    channels = torch.arange(width)
    whole = weight.new_zeros(width, len(PHASES) * width, 2, 2)
    for row in range(3):
        for column in range(3):
            place = PHASES.index(((row + 1) % 2, (column + 1) % 2))
            whole[channels, place * width + channels, (row + 1) // 2, (column + 1) // 2] = weight[:, 0, row, column]
    return whole


def _norm(width: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(width, eps=1e-3, momentum=0.03)


def _normed(weight: Tensor, bias: Tensor, given: dict[str, Any]) -> nn.Sequential:
    """A convolution with its batch norm; its bias is the norm's."""
    part = nn.Sequential(_convolution(weight, None, given), _norm(len(weight)))
    part.bias_taken = bias
    return part


def _convolution(weight: Tensor, bias: Tensor | None, given: dict[str, Any] | None = None) -> nn.Conv2d:
    groups, stride, padding = (given["group"], given["strides"][0], given["pads"][0]) if given else (1, 1, 0)
    width_in, kernel = weight.shape[1] * groups, weight.shape[2]
    made = nn.Conv2d(width_in, len(weight), kernel, stride, padding, groups=groups, bias=bias is not None)
    made.weight.data = weight.clone()
    if bias is not None:
        made.bias.data = bias.clone()
    return made
