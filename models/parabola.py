"""Parabolas in eight bits: ``x * (a x + b)`` costs one product where both factors are the same bytes in two scales.

With x between -b / a and some most, its 256 levels, read in a times the scale and from zero, are the second factor. So
``Clip -> Mul a -> Add b`` needs no operator: it is a second way to read what Clip's output is stored as.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from models.surgery import constants, drop_unused

_EXACT = 1e-4


@dataclass(frozen=True, slots=True)
class Parabola:
    """Where a graph multiplies a clipped value by a straight line of itself."""

    clipped: str
    """x."""
    line: str
    """a x + b."""
    product: str
    """Name of the operator that multiplies them."""
    nodes: tuple[str, str]
    """Names of the product and the sum that make the line."""
    range: tuple[float, float]
    """Of x; the lower end is where the line is zero, and zero is one of 256 levels."""
    steepness: float
    """a."""

    @property
    def line_range(self) -> tuple[float, float]:
        """Of a x + b."""
        least, most = self.range
        return 0.0, self.steepness * (most - least)


def parabolas(model: ModelProto) -> list[Parabola]:
    """All that can be read from one tensor of bytes."""
    graph = _Graph(model)
    products = [node for node in model.graph.node if node.op_type == "Mul"]
    ways = [(node, *pair) for node in products for pair in (node.input, reversed(node.input))]
    return [found for node, clipped, line in ways if (found := graph.parabola(node, clipped, line)) is not None]


class _Graph:
    """Who makes what in a graph, and which numbers it stores."""

    def __init__(self, model: ModelProto) -> None:
        self._stored = constants(model)
        self._makers = {name: node for node in model.graph.node for name in node.output}

    def parabola(self, product: NodeProto, clipped: str, line: str) -> Parabola | None:
        """What a product of these two is, if they are what a parabola is made of."""
        added = self._with_number(line, "Add")
        times = None if added is None else self._with_number(added[1], "Mul")
        ends = self._ends(clipped)
        if added is None or times is None or times[1] != clipped or ends is None:
            return None
        (least, most), steepness, height = ends, times[2], added[2]
        level = -least / (most - least) * 255
        exact = abs(height + least * steepness) < _EXACT and abs(level - round(level)) < _EXACT and least <= 0 <= most
        names = times[0].name, added[0].name
        return Parabola(clipped, line, product.name, names, ends, steepness) if exact and steepness > 0 else None

    def _ends(self, name: str) -> tuple[float, float] | None:
        """Between which values a tensor was clipped."""
        maker = self._makers.get(name)
        if maker is None or maker.op_type != "Clip":
            return None
        least, most = (self._number(end) for end in [*maker.input[1:], "", ""][:2])
        return None if least is None or most is None or least >= most else (least, most)

    def _with_number(self, name: str, kind: str) -> tuple[NodeProto, str, float] | None:
        """The operator of this kind that makes a tensor with one number: itself, its other input, the number."""
        node = self._makers.get(name)
        if node is None or node.op_type != kind:
            return None
        for given, other in (tuple(node.input), tuple(reversed(node.input))):
            number = self._number(other)
            if number is not None:
                return node, given, number
        return None

    def _number(self, name: str) -> float | None:
        value = numpy_helper.to_array(self._stored[name]) if name in self._stored else np.zeros(0)
        return float(value.ravel()[0]) if value.size == 1 else None


def read_twice(model: ModelProto, found: list[Parabola]) -> None:
    """Lets a quantised graph read its lines from the bytes of what they are lines of; changed in place."""
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    readers = {node.input[0]: node for node in model.graph.node if node.op_type == "QuantizeLinear"}
    for parabola in found:
        bytes_of, line_bytes = readers[parabola.clipped], readers[parabola.line]
        scale = float(numpy_helper.to_array(stored[bytes_of.input[1]]).ravel()[0]) * parabola.steepness
        names = [f"{parabola.line}__scale", f"{parabola.line}__zero"]
        model.graph.initializer.append(helper.make_tensor(names[0], TensorProto.FLOAT, [], [scale]))
        model.graph.initializer.append(helper.make_tensor(names[1], TensorProto.UINT8, [], [0]))
        for node in model.graph.node:
            if node.op_type == "DequantizeLinear" and node.input[0] == line_bytes.output[0]:
                node.input[:] = [bytes_of.output[0], *names]
    drop_unused(model)
