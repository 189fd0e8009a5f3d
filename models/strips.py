"""The first convolution of an eight-bit graph over strips of pixels instead of pixels.

Three bytes a pixel are the worst case of a convolution in eight bits: the runtime gathers every pixel of every window
by itself, which takes longer than the arithmetic, and its kernels for whole quads of channels are out of reach. As
many pixels of a row as the stride is wide are one place with three times as many channels; in memory nothing moves.
The windows widen to whole strips, with zeros for weights where they did not reach before, so the sums are the same.
Rows are padded beforehand so that windows begin where strips do: windows of eight pixels in strips of four then are
two strips wide, not three, which saves a third of the products.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from models.surgery import drop_unused

CHANNELS = 3
QUAD = 4
"""Channels that the runtime's kernels take at once; strips of other widths gain nothing."""


@dataclass(frozen=True, slots=True)
class _First:
    """A first convolution that can work on strips: what reads the picture, its weights' operator, and its geometry."""

    conv: NodeProto
    turned: NodeProto
    weights: NodeProto
    zero: str
    """The byte that means 0 in pictures; as an input that is left out where it is 0."""
    stride: int
    pads: tuple[int, int, int, int]


def over_strips(model: ModelProto) -> bool:
    """Lets the first convolution work on strips of pixels, where that is the same; says whether it does.

    For quantised graphs that take pictures as bytes (B, H, W, 3) whose widths are multiples of the convolution's
    stride. The model is changed in place.
    """
    first = _first(model)
    if first is None:
        return False
    graph, stride = model.graph, first.stride
    stored = {tensor.name: tensor for tensor in graph.initializer}
    weight = numpy_helper.to_array(stored[first.weights.input[0]])
    outputs, _, rows, columns = weight.shape
    top, left, bottom, _ = first.pads
    taps = math.ceil(columns / stride)
    wide = np.zeros((outputs, CHANNELS, rows, taps * stride), weight.dtype)
    wide[..., :columns] = weight
    # channels of a strip are its pixels' colours, pixel by pixel
    wide = wide.reshape(outputs, CHANNELS, rows, taps, stride).transpose(0, 4, 1, 2, 3)
    wide = np.ascontiguousarray(wide.reshape(outputs, stride * CHANNELS, rows, taps))
    name = f"{first.weights.input[0]}__strips"
    shape = numpy_helper.from_array(np.array([0, 0, -1, stride * CHANNELS], np.int64), f"{name}__shape")
    graph.initializer.extend([numpy_helper.from_array(wide, name), shape])
    first.weights.input[0] = name
    changed = {"kernel_shape": [rows, taps], "strides": [stride, 1], "pads": [top, 0, bottom, 0]}
    for attribute in [a for a in first.conv.attribute if a.name in changed]:
        first.conv.attribute.remove(attribute)
    first.conv.attribute.extend(helper.make_attribute(key, value) for key, value in changed.items())
    picture = first.turned.input[0]
    added = []
    right = (taps - 1) * stride - left
    if left or right:
        ends = numpy_helper.from_array(np.array([0, 0, left, 0, 0, 0, right, 0], np.int64), f"{name}__ends")
        graph.initializer.append(ends)
        # outside of the picture is what a convolution takes for zero
        added.append(
            helper.make_node("Pad", [picture, ends.name, first.zero], [f"{picture}__wide"], f"{picture}__wide")
        )
    source = added[-1].output[0] if added else picture
    added.append(helper.make_node("Reshape", [source, shape.name], [f"{picture}__strips"], f"{picture}__strips"))
    first.turned.input[0] = added[-1].output[0]
    place = list(graph.node).index(first.turned)
    for k, node in enumerate(added):
        graph.node.insert(place + k, node)
    stale = {first.turned.output[0], *(n.output[0] for n in graph.node if first.turned.output[0] in n.input)}
    for value in [value for value in graph.value_info if value.name in stale]:
        graph.value_info.remove(value)
    drop_unused(model)
    return True


def _first(model: ModelProto) -> _First | None:
    graph = model.graph
    makers = {name: node for node in graph.node for name in node.output}
    readers = {name: [node for node in graph.node if name in node.input] for name in makers}
    stored = {tensor.name: tensor for tensor in graph.initializer}
    pictures = {v.name: v for v in graph.input if v.type.tensor_type.elem_type == TensorProto.UINT8}
    for conv in graph.node:
        if conv.op_type != "Conv":
            continue
        pixels, weights = makers.get(conv.input[0]), makers.get(conv.input[1])
        if pixels is None or weights is None or {pixels.op_type, weights.op_type} != {"DequantizeLinear"}:
            continue
        turned = makers.get(pixels.input[0])
        if turned is None or turned.op_type != "Transpose" or turned.input[0] not in pictures:
            continue
        if list(helper.get_node_attr_value(turned, "perm")) != [0, 3, 1, 2] or weights.input[0] not in stored:
            continue
        if len(readers[turned.output[0]]) > 1 or len(readers[pixels.output[0]]) > 1:
            continue
        if len(weights.input) > 2 and numpy_helper.to_array(stored[weights.input[2]]).any():
            continue  # what is added to the weights would not be 0
        given = {a.name: helper.get_attribute_value(a) for a in conv.attribute}
        fits = _fits(given, list(stored[weights.input[0]].dims))
        width = pictures[turned.input[0]].type.tensor_type.shape.dim[2].dim_value
        if fits is not None and (width % fits[0] == 0 if width else _is_ours(model)):
            return _First(conv, turned, weights, pixels.input[2] if len(pixels.input) > 2 else "", *fits)
    return None


def _fits(given: Mapping[str, object], dims: list[int]) -> tuple[int, tuple[int, int, int, int]] | None:
    """Stride and padding of a convolution that has one window for each strip."""
    strides, pads = given.get("strides", [1, 1]), given.get("pads", [0, 0, 0, 0])
    if not isinstance(strides, list) or not isinstance(pads, list) or len(dims) != 4 or dims[1] != CHANNELS:
        return None
    plain = given.get("dilations", [1, 1]) == [1, 1] and given.get("auto_pad", b"NOTSET") == b"NOTSET"
    stride, beside = strides[1], pads[1] + pads[3]
    one_each = strides[0] == stride and beside < dims[3] <= beside + stride
    if not plain or not one_each or stride * CHANNELS % QUAD:
        return None
    return stride, (pads[0], pads[1], pads[2], pads[3])


def _is_ours(model: ModelProto) -> bool:
    """Whether it is one of our networks, which take sizes in multiples of 32 only."""
    return any(entry.key == "atrium.head" and entry.value.startswith("person-") for entry in model.metadata_props)
