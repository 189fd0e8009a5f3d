"""Changes to ONNX graphs that make eight bits fast and lossless where they can be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

WEIGHT_OPS = frozenset({"Conv", "ConvTranspose", "Gemm", "MatMul"})
MOVES = frozenset({"Transpose", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Slice", "Identity"})
"""Operators that hand their first input's values on unchanged."""
KEEPS_RANGE = MOVES | {"Relu", "Clip", "MaxPool", "AveragePool", "GlobalAveragePool", "Resize", "Split", "Pad"}
"""Operators whose outputs need no range of their own worth mentioning: eight bits stay as good as they were."""
_ONE_SCALE = frozenset({"Resize", "MaxPool"})
"""Operators that hand values on in the scale in which they came."""
_EXACT = 1e-3


@dataclass(frozen=True, slots=True)
class FromBytes:
    """A float tensor that is ``scale * bytes + shift``, and the way it came."""

    source: str
    """The tensor of bytes."""
    scale: float
    shift: float
    moves: tuple[NodeProto, ...]
    """Operators between that only move values, first to last."""
    nodes: tuple[str, ...]
    """Names of all operators between."""

    @property
    def zero_point(self) -> int | None:
        """The byte that means 0, where there is one."""
        point = -self.shift / self.scale
        whole = round(point)
        return whole if self.scale > 0 and abs(point - whole) < _EXACT and 0 <= whole <= 255 else None

    @property
    def range(self) -> tuple[float, float]:
        """What the bytes 0 and 255 mean."""
        return self.shift, 255.0 * self.scale + self.shift


def constants(model: ModelProto) -> dict[str, TensorProto]:
    """Stored tensors by name, whether initializers or operators that give a constant."""
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    return stored | {
        node.output[0]: attribute.t
        for node in model.graph.node
        if node.op_type == "Constant"
        for attribute in node.attribute
        if attribute.name == "value"
    }


def name_nodes(model: ModelProto) -> None:
    """Gives every operator a name of its own."""
    seen: Counter[str] = Counter()
    for index, node in enumerate(model.graph.node):
        if not node.name or seen[node.name]:
            node.name = f"{node.op_type}_{index}_of_{len(model.graph.node)}"
        seen[node.name] += 1


def unshare(model: ModelProto) -> int:
    """Gives each operator with weights its own copy of initializers that several use; says how many were copied.

    Exporters fold equal initializers (biases of zeros) into one. Quantised, each would need a scale of its own, and
    the runtime leaves such convolutions in float.
    """
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    uses = Counter(name for node in model.graph.node for name in node.input)
    copied = 0
    for node in model.graph.node:
        if node.op_type not in WEIGHT_OPS:
            continue
        for place, name in enumerate(node.input):
            if name in stored and uses[name] > 1:
                copy = TensorProto()
                copy.CopyFrom(stored[name])
                copy.name = f"{name}__{copied}__{node.name or node.output[0]}"
                model.graph.initializer.append(copy)
                uses[name] -= 1
                node.input[place] = copy.name
                copied += 1
    return copied


def float_tail(model: ModelProto) -> set[str]:
    """Names of the operators behind the last weights that give values a new range: decoding, which floats do better.

    A convolution over a softmax (an expectation over bins) is decoding too.
    """
    makers = {name: node for node in model.graph.node for name in node.output}

    def over_softmax(node: NodeProto) -> bool:
        while (maker := makers.get(node.input[0])) is not None and maker.op_type in MOVES:
            node = maker
        return maker is not None and maker.op_type == "Softmax"

    weighing = {n.name for n in model.graph.node if n.op_type in WEIGHT_OPS and not over_softmax(n)}
    users: dict[str, list[NodeProto]] = {}
    for node in model.graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    before: set[str] = set()  # has weights somewhere behind it
    for node in reversed(model.graph.node):
        behind = [user for name in node.output for user in users.get(name, ())]
        if any(user.name in weighing or user.name in before for user in behind):
            before.add(node.name)
    body = set(weighing) | before
    for node in model.graph.node:
        maker = makers.get(node.input[0]) if node.input else None
        if node.op_type in KEEPS_RANGE and maker is not None and maker.name in body:
            body.add(node.name)
    return {node.name for node in model.graph.node} - body


def from_bytes(model: ModelProto) -> dict[str, FromBytes]:
    """Float tensors that are one scale and shift away from a tensor of bytes, by name.

    Follows Cast, then operators that move values and additions, subtractions, products and quotients with a scalar.
    """
    stored = constants(model)
    kinds = {value.name: value.type.tensor_type.elem_type for value in (*model.graph.input, *model.graph.value_info)}
    found: dict[str, FromBytes] = {}
    for node in model.graph.node:
        if not node.input:
            continue
        if node.op_type in MOVES and kinds.get(node.input[0]) == TensorProto.UINT8:
            kinds[node.output[0]] = TensorProto.UINT8
        if node.op_type == "Cast" and kinds.get(node.input[0]) == TensorProto.UINT8:
            if onnx.helper.get_node_attr_value(node, "to") == TensorProto.FLOAT:
                found[node.output[0]] = FromBytes(node.input[0], 1.0, 0.0, (), (node.name,))
            continue
        known = next((found[name] for name in node.input if name in found), None)
        if known is None:
            continue
        step = _step(node, known, found, stored)
        if step is not None:
            found[node.output[0]] = step
    return found


def _step(
    node: NodeProto, known: FromBytes, found: dict[str, FromBytes], stored: dict[str, TensorProto]
) -> FromBytes | None:
    nodes = (*known.nodes, node.name)
    scale, shift = known.scale, known.shift
    if node.op_type in MOVES and node.input[0] in found:
        return FromBytes(known.source, scale, shift, (*known.moves, node), nodes)
    if node.op_type not in {"Add", "Sub", "Mul", "Div"}:
        return None
    other = next((name for name in node.input if name not in found), None)
    if other not in stored or numpy_helper.to_array(stored[other]).size != 1:
        return None
    number = float(numpy_helper.to_array(stored[other]).ravel()[0])
    swapped = node.input[0] == other
    if node.op_type == "Mul":
        scale, shift = scale * number, shift * number
    elif node.op_type == "Add":
        shift += number
    elif swapped:  # number - x and number / x keep no positive scale
        return None
    elif node.op_type == "Sub":
        shift -= number
    else:
        scale, shift = scale / number, shift / number
    return FromBytes(known.source, scale, shift, known.moves, nodes)


def share_ranges(
    model: ModelProto,
    ranges: dict[str, tuple[float, float]],
    excluded: Collection[str] = (),
    fixed: Collection[str] = (),
) -> None:
    """Gives tensors that are joined one range, the widest: joining is copying then, and nothing is rounded twice.

    Args:
        model: the graph.
        ranges: least and most by tensor; changed in place.
        excluded: names of operators that stay in float, for which nothing need be shared.
        fixed: tensors whose range is given; what is joined with them keeps its own.
    """
    group = {name: name for name in ranges}

    def root(name: str) -> str:
        while group[name] != name:
            name = group[name]
        return name

    for node in model.graph.node:
        inputs = node.input if node.op_type == "Concat" else node.input[:1] if node.op_type in _ONE_SCALE else []
        names = [*inputs, *node.output[:1]]
        if (
            inputs
            and node.name not in excluded
            and all(name in group for name in names)
            and not any(name in fixed for name in names)
        ):
            for name in names:
                group[root(name)] = root(names[0])
    ends: dict[str, tuple[float, float]] = {}
    for name, (least, most) in ranges.items():
        low, high = ends.get(root(name), (least, most))
        ends[root(name)] = min(low, least), max(high, most)
    ranges.update({name: ends[root(name)] for name in ranges if name not in fixed})


def feed_bytes(model: ModelProto) -> int:
    """Lets a quantised graph that takes bytes use them as they are; says at how many places.

    ``bytes -> Cast (-> scale and shift) -> QuantizeLinear`` gives the bytes back where the quantiser's scale and zero
    point are those of the way from the bytes; the whole way is then left out. The model is changed in place.
    """
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    ways = from_bytes(model)
    done = 0
    kept: list[NodeProto] = []
    for node in model.graph.node:
        way = ways.get(node.input[0]) if node.op_type == "QuantizeLinear" else None
        if way is None or not _gives_bytes_back(node, way, stored):
            kept.append(node)
            continue
        name = way.source
        for place, move in enumerate(way.moves):
            again = NodeProto()
            again.CopyFrom(move)
            again.input[0] = name
            last = place == len(way.moves) - 1
            name = node.output[0] if last else f"{move.output[0]}__bytes_{done}"
            again.name, again.output[0] = f"{move.name}__bytes_{done}", name
            kept.append(again)
        if not way.moves:
            kept.append(onnx.helper.make_node("Identity", [way.source], [node.output[0]], f"{node.name}__bytes"))
        done += 1
    if done:
        del model.graph.node[:]
        model.graph.node.extend(kept)
        _skip_identities(model)
        drop_unused(model)
    return done


def _gives_bytes_back(node: NodeProto, way: FromBytes, stored: dict[str, TensorProto]) -> bool:
    scale = stored.get(node.input[1])
    point = stored.get(node.input[2]) if len(node.input) > 2 else None
    if scale is None or point is None or point.data_type != TensorProto.UINT8 or way.zero_point is None:
        return False
    scales, points = numpy_helper.to_array(scale), numpy_helper.to_array(point)
    same = bool(np.all(np.abs(scales / way.scale - 1.0) < _EXACT / 255.0))
    return scales.size == 1 and same and int(points.ravel()[0]) == way.zero_point


def _skip_identities(model: ModelProto) -> None:
    outputs = {value.name for value in model.graph.output}
    renamed = {
        node.output[0]: node.input[0]
        for node in model.graph.node
        if node.op_type == "Identity" and node.output[0] not in outputs
    }
    for node in model.graph.node:
        for place, name in enumerate(node.input):
            target = name
            while target in renamed:
                target = renamed[target]
            node.input[place] = target


def fold_pads(model: ModelProto) -> None:
    """Moves padding with zeros into the convolutions behind it: in eight bits it costs a pass over the tensor.

    Padding of rows and columns alone, by stored amounts, in front of convolutions alone.
    """
    graph = model.graph
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    outputs = {value.name for value in graph.output}
    for pad in [node for node in graph.node if node.op_type == "Pad"]:
        readers = [node for node in graph.node if pad.output[0] in node.input]
        amounts = stored.get(pad.input[1]) if len(pad.input) > 1 else None
        value = stored.get(pad.input[2]) if len(pad.input) > 2 and pad.input[2] else np.zeros(1)
        mode = next((a.s for a in pad.attribute if a.name == "mode"), b"constant")
        plain = mode == b"constant" and len(pad.input) < 4 and value is not None and not np.any(value)
        if (
            not plain
            or amounts is None
            or len(amounts) != 8
            or (amounts[[0, 1, 4, 5]] != 0).any()
            or (amounts < 0).any()
        ):
            continue
        if pad.output[0] in outputs or not readers or any(not _pads_plainly(node) for node in readers):
            continue
        for conv in readers:
            own = next((a for a in conv.attribute if a.name == "pads"), None)
            before = list(own.ints) if own is not None else [0, 0, 0, 0]
            after = [int(a) + b for a, b in zip(amounts[[2, 3, 6, 7]], before, strict=True)]
            if own is not None:
                conv.attribute.remove(own)
            conv.attribute.append(helper.make_attribute("pads", after))
            conv.input[0] = pad.input[0]
        graph.node.remove(pad)


def _pads_plainly(node: NodeProto) -> bool:
    """Whether a node is a convolution of pictures whose padding is told in numbers."""
    way = next((a.s for a in node.attribute if a.name == "auto_pad"), b"NOTSET")
    return node.op_type == "Conv" and way == b"NOTSET"


def drop_unused(model: ModelProto) -> None:
    """Takes out operators and initializers that no output needs."""
    needed = {value.name for value in model.graph.output}
    kept: list[NodeProto] = []
    for node in reversed(model.graph.node):
        if needed.intersection(node.output):
            needed.update(_inputs(node))
            kept.append(node)
    del model.graph.node[:]
    model.graph.node.extend(reversed(kept))
    weights = [tensor for tensor in model.graph.initializer if tensor.name in needed]
    del model.graph.initializer[:]
    model.graph.initializer.extend(weights)


def _inputs(node: NodeProto) -> Iterator[str]:
    yield from node.input
    for attribute in node.attribute:
        for inner in attribute.g.node:  # what branches and loops take from outside
            yield from _inputs(inner)
