"""A network that begins with a finished detector's weights: YOLOX-nano's trunk, neck and towers, under our own outputs.

A few thousand photographs do not teach a small network what a million boxes taught another. So the larger of our two
starts from YOLOX-nano (Ge et al. 2021; Apache-2.0), read from its ONNX file, and is changed in training: its SiLU turn
into ReLU step by step, which eight bits like and eight-bit runtimes merge into the convolution; its eighty classes go;
its boxes become distributions as ours are, and all of it learns people in malls.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper
from torch import Tensor, nn

from contract.errors import BadInputError
from models.train.network import STRIDES, NetworkSize
from models.train.teacher import head_inputs

WIDTH = 64
"""Channels of YOLOX-nano's neck and towers."""
BINS = 12
PERSON = 0
"""Row of the person class in YOLOX's class outputs."""


@dataclass(frozen=True, slots=True)
class Op:
    """One step of a graph: what to do, with which argument, from which values, to which value."""

    kind: str
    argument: Any
    inputs: tuple[str, ...]
    output: str


class Softening(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """SiLU that turns into ReLU: share 0 is the first, 1 the second."""

    def __init__(self) -> None:
        super().__init__()
        self.share = 0.0

    def forward(self, x: Tensor) -> Tensor:
        """Same shape as x."""
        if self.share >= 1:
            return F.relu(x)
        if self.share <= 0:
            return F.silu(x)
        return (1 - self.share) * F.silu(x) + self.share * F.relu(x)


class InheritedNet(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """YOLOX-nano with our outputs; the interface is PersonNet's."""

    def __init__(self, path: Path) -> None:
        """Read the graph and its weights.

        Raises:
            BadInputError: the file is no YOLOX export with a head of three strides.
        """
        super().__init__()
        self.size = NetworkSize((0, 0, 0, 0), (0, 0, 0, 0), WIDTH, WIDTH, WIDTH, BINS)
        try:
            graph = onnx.load(path).graph
        except (OSError, ValueError) as error:
            raise BadInputError(f"{path}: {error}; give YOLOX-nano as ONNX") from error
        stored = {value.name: numpy_helper.to_array(value).copy() for value in graph.initializer}
        self.stems = head_inputs(graph, path)
        self.parts = nn.ModuleDict()
        predictions = _predictions(graph)
        ops = list(self._ops(graph, stored))
        needed = _needed(ops, set(self.stems))
        self.trunk = [op for op in ops if op.output in needed]
        self.towers = [op for op in ops if op.output not in needed]
        self.score, self.sides = nn.ModuleList(), nn.ModuleList()
        self.tower_ends: list[tuple[str, str]] = []
        for level in range(len(STRIDES)):
            classes, boxes, objects = (predictions[kind, level][1] for kind in ("cls", "reg", "obj"))
            self.tower_ends.append((classes.input[0], boxes.input[0]))
            score, sides = nn.Conv2d(2 * WIDTH, 1, 1), nn.Conv2d(WIDTH, 4 * BINS, 1)
            nn.init.normal_(sides.weight, std=0.01)
            with torch.no_grad():  # a product of two probabilities begins as a sum of their logits
                score.weight[0, :WIDTH] = torch.from_numpy(stored[classes.input[1]][PERSON])
                score.weight[0, WIDTH:] = torch.from_numpy(stored[objects.input[1]][0])
                score.bias[0] = float(stored[classes.input[2]][PERSON] + stored[objects.input[2]][0])
                sides.bias.copy_((-0.3 * torch.arange(BINS)).repeat(4))
            self.score.append(score)
            self.sides.append(sides)

    def soften(self, share: float) -> None:
        """How far SiLU has turned into ReLU, 0..1."""
        for module in self.modules():
            if isinstance(module, Softening):
                module.share = share

    def shift_scores(self, by: float) -> None:
        """Adds to every score before its sigmoid."""
        with torch.no_grad():
            for score in self.score:
                score.bias += by

    def features(self, images: Tensor) -> list[Tensor]:
        """What enters the towers at each stride (B, 64, H / s, W / s), of images (B, 3, H, W), BGR 0..255."""
        values = self._run(self.trunk, {"images": images})
        return [values[name] for name in self.stems]

    def heads(self, features: Sequence[Tensor]) -> list[tuple[Tensor, Tensor]]:
        """Score logits (B, 1, h, w) and bin logits (B, 4 * bins, h, w), a pair for each stride."""
        values = self._run(self.towers, dict(zip(self.stems, features, strict=True)))
        return [
            (self.score[k](torch.cat((values[classes], values[boxes]), 1)), self.sides[k](values[boxes]))
            for k, (classes, boxes) in enumerate(self.tower_ends)
        ]

    def flat(self, features: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """The heads' outputs of all strides in one row: scores (B, N), bin logits (B, N, 4, bins)."""
        found = self.heads(features)
        scores = torch.cat([score.flatten(2) for score, _ in found], 2)[:, 0]
        return scores, torch.cat([sides.flatten(2) for _, sides in found], 2).transpose(1, 2).unflatten(2, (4, BINS))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """As PersonNet's."""
        return self.flat(self.features(images))

    def _run(self, ops: Sequence[Op], values: dict[str, Tensor]) -> dict[str, Tensor]:
        for op in ops:
            given = [values[name] for name in op.inputs]
            match op.kind:
                case "part":
                    values[op.output] = self.parts[op.argument](given[0])
                case "every":
                    start, axis, step = op.argument
                    values[op.output] = given[0][:, :, start::step] if axis == 2 else given[0][..., start::step]
                case "join":
                    values[op.output] = torch.cat(given, 1)
                case "add":
                    values[op.output] = given[0] + given[1]
                case "pool":
                    values[op.output] = F.max_pool2d(given[0], op.argument, 1, op.argument // 2)
                case _:
                    values[op.output] = F.interpolate(given[0], scale_factor=2.0, mode="nearest")
        return values

    def _ops(self, graph: Any, stored: dict[str, Any]) -> Iterator[Op]:
        """The graph's steps up to the inputs of its predictions; convolutions and activations become parts."""
        gone: set[str] = set()
        activated: dict[str, str] = {}
        for node in graph.node:
            if node.op_type == "Mul":
                activated[node.input[1]] = node.output[0]
        for node in graph.node:
            output = node.output[0]
            given = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            is_end = node.op_type == "Conv" and "_preds." in node.input[1]
            if is_end or node.op_type in {"Reshape", "Transpose"} or any(name in gone for name in node.input):
                gone.add(output)
            elif node.op_type == "Conv":
                name = f"convolution_{output}"
                self.parts[name] = _convolution(stored[node.input[1]], stored[node.input[2]], given)
                yield Op("part", name, (node.input[0],), output)
            elif node.op_type == "Sigmoid":
                name = f"activation_{output}"
                self.parts[name] = Softening()
                yield Op("part", name, (node.input[0],), activated[output])
            elif node.op_type == "Slice":
                start, _, axis, step = (int(stored[name][0]) for name in node.input[1:5])
                yield Op("every", (start, axis, step), (node.input[0],), output)
            elif node.op_type in {"Concat", "Add", "Resize"}:
                kind = {"Concat": "join", "Add": "add", "Resize": "up"}[node.op_type]
                yield Op(kind, None, tuple(node.input if kind != "up" else node.input[:1]), output)
            elif node.op_type == "MaxPool":
                yield Op("pool", given["kernel_shape"][0], (node.input[0],), output)


def _convolution(weight: np.ndarray[Any, Any], bias: np.ndarray[Any, Any], given: dict[str, Any]) -> nn.Conv2d:
    groups, stride, padding = given["group"], given["strides"][0], given["pads"][0]
    made = nn.Conv2d(weight.shape[1] * groups, weight.shape[0], weight.shape[2], stride, padding, groups=groups)
    made.weight.data, made.bias.data = torch.from_numpy(weight), torch.from_numpy(bias)
    return made


def _predictions(graph: Any) -> dict[tuple[str, int], tuple[str, Any]]:
    """YOLOX's last convolutions by kind (cls, reg, obj) and level: name of the output, node."""
    found = {}
    for node in graph.node:
        if node.op_type == "Conv" and "_preds." in node.input[1]:
            kind, rest = node.input[1].removeprefix("head.").split("_preds.")
            found[kind, int(rest[0])] = (node.output[0], node)
    return found


def _needed(ops: Sequence[Op], wanted: set[str]) -> set[str]:
    """Values that lead to the wanted ones, themselves included."""
    needed = set(wanted)
    for op in reversed(ops):
        if op.output in needed:
            needed |= set(op.inputs)
    return needed
