"""Weights put on the grid of eight bits one after another, each making good what the ones before have spoilt.

Rounded to the nearest each for itself, weights make errors that add up. Inputs of a convolution go together, so what
one weight's rounding did to the sums can mostly be taken back by those not rounded yet (Frantar et al. 2022,
arXiv:2210.17323, section 3; after Hassibi and Stork 1993). Costs nothing when the model runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from models.calibrate import Feed, one_thread

Floats = npt.NDArray[np.float64]
PLACES = 16000
"""Of a convolution's output, over all pictures, at which its inputs are looked at."""
MOST_INPUTS = 2304
"""Weights of one output above which a convolution is left to plain rounding: their moments would fill the memory."""
DAMPING = 0.05
"""Added to every input's second moment, as a share of their mean."""
_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class _Window:
    """Where a convolution reads: kernel (kh, kw), strides, dilations, pads (top, left, bottom, right), groups."""

    kernel: tuple[int, int]
    strides: tuple[int, int]
    dilations: tuple[int, int]
    pads: tuple[int, int, int, int]
    groups: int

    def inputs(self, values: npt.NDArray[np.float32], places: int, rng: np.random.Generator) -> Floats:
        """What it reads of (C, H, W) at so many places of its output, drawn by chance: (groups, places, C/g kh kw)."""
        top, left, bottom, right = self.pads
        padded = np.pad(values, ((0, 0), (top, bottom), (left, right)))
        reach = [(k - 1) * d for k, d in zip(self.kernel, self.dilations, strict=True)]
        rows, columns = ((n - r - 1) // s for n, r, s in zip(padded.shape[1:], reach, self.strides, strict=True))
        row = rng.integers(0, rows + 1, places)[:, None] * self.strides[0]
        column = rng.integers(0, columns + 1, places)[:, None] * self.strides[1]
        row = row + np.arange(self.kernel[0]) * self.dilations[0]
        column = column + np.arange(self.kernel[1]) * self.dilations[1]
        read = padded[:, row[:, :, None], column[:, None, :]]  # (C, places, kh, kw)
        return (
            read.reshape(self.groups, -1, places, *self.kernel)
            .transpose(0, 2, 1, 3, 4)
            .reshape(self.groups, places, -1)
            .astype(np.float64)
        )


def round_together(model: ModelProto, feeds: Sequence[Feed], excluded: set[str], levels: int = 127) -> int:
    """Moves the weights of a model's convolutions to where symmetric scales a channel will have them; in place.

    Args:
        model: in 32 bits; weights have names of their own.
        feeds: inputs of some runs by name; of a batch the first picture counts.
        excluded: names of convolutions that stay in float.
        levels: the largest weight of a channel becomes this many steps.

    Returns:
        How many convolutions were looked at; those that read what is not finite stay as they are.
    """
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    windows = {
        node.name: (node, window)
        for node in model.graph.node
        if node.op_type == "Conv"
        and node.name not in excluded
        and node.input[1] in stored
        and (window := _window(node, stored[node.input[1]])) is not None
    }
    moments = _moments(model, windows, feeds)
    for name, (node, window) in windows.items():
        if not np.isfinite(moments[name]).all():  # what overflows says nothing of weights
            continue
        tensor = stored[node.input[1]]
        weights = numpy_helper.to_array(tensor)
        grouped = weights.reshape(window.groups, len(weights) // window.groups, -1).astype(np.float64)
        found = rounded(grouped, moments[name], levels).reshape(weights.shape).astype(weights.dtype)
        tensor.CopyFrom(numpy_helper.from_array(found, tensor.name))
    return len(windows)


def rounded(weights: Floats, moments: Floats, levels: int = 127) -> Floats:
    """Weights in steps of each row's largest over levels, so that the rows' sums over real inputs change least.

    Args:
        weights: (groups, rows, inputs).
        moments: (groups, inputs, inputs), means of the inputs' products.
        levels: each row's largest weight stays where it is, at this many steps.
    """
    inputs = weights.shape[2]
    step = np.maximum(np.abs(weights).max(2), _TINY) / levels
    diagonal = moments.diagonal(axis1=1, axis2=2)
    damping = DAMPING * diagonal.mean(1) + _TINY
    # the inputs that carry most are rounded first, while many others are left to make it good
    order = np.argsort(-diagonal, 1)
    ordered = np.take_along_axis(np.take_along_axis(moments, order[:, :, None], 1), order[:, None, :], 2)
    ordered = ordered + damping[:, None, None] * np.eye(inputs)
    spread = np.linalg.cholesky(np.linalg.inv(ordered)).transpose(0, 2, 1)
    left = np.take_along_axis(weights, order[:, None, :], 2)
    largest, ends = np.abs(left).argmax(2), np.sign(left) * levels
    found = np.empty_like(left)
    for k in range(inputs):
        steps = np.clip(np.round(left[:, :, k] / step), -levels, levels)
        steps = np.where(largest == k, ends[:, :, k], steps)  # or the row's step would become another
        found[:, :, k] = steps
        error = (left[:, :, k] - steps * step) / spread[:, None, k, k]
        left[:, :, k + 1 :] -= error[:, :, None] * spread[:, None, k, k + 1 :]
    back = np.argsort(order, 1)
    steps = np.take_along_axis(found, back[:, None, :], 2)
    return np.asarray(steps * step[:, :, None], np.float64)


def _window(node: NodeProto, weight: TensorProto) -> _Window | None:
    """Of a convolution over pictures whose padding is spelled out; else None, and plain rounding."""
    given = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    shape = tuple(weight.dims)
    if len(shape) != 4 or given.get("auto_pad", b"NOTSET") != b"NOTSET" or np.prod(shape[1:]) > MOST_INPUTS:
        return None
    return _Window(
        (shape[2], shape[3]),
        tuple(given.get("strides", (1, 1))),
        tuple(given.get("dilations", (1, 1))),
        tuple(given.get("pads", (0, 0, 0, 0))),
        int(given.get("group", 1)),
    )


def _moments(
    model: ModelProto, windows: dict[str, tuple[NodeProto, _Window]], feeds: Sequence[Feed]
) -> dict[str, Floats]:
    """By convolution, means (groups, inputs, inputs) of the products of what it reads."""
    found: dict[str, Floats] = {}
    places = max(1, PLACES // max(1, len(feeds)))
    for number, values in enumerate(_read(model, [node.input[0] for node, _ in windows.values()], feeds)):
        rng = np.random.default_rng((7, number))
        for name, (node, window) in windows.items():
            read = window.inputs(values[node.input[0]][0], places, rng)
            with np.errstate(invalid="ignore", over="ignore"):  # the caller asks whether all is finite
                products = read.transpose(0, 2, 1) @ read / (places * len(feeds))
                found[name] = found[name] + products if name in found else products
    return found


def _read(
    model: ModelProto, names: Sequence[str], feeds: Sequence[Feed]
) -> Iterator[dict[str, npt.NDArray[np.float32]]]:
    """The named values of each run."""
    wanted = list(dict.fromkeys(names))
    watched = ModelProto()
    watched.CopyFrom(model)
    given = {value.name for value in watched.graph.input}
    del watched.graph.output[:]
    made = [name for name in wanted if name not in given]
    watched.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in made)
    session = ort.InferenceSession(watched.SerializeToString(), one_thread(), providers=["CPUExecutionProvider"])
    for feed in feeds:
        answers = dict(zip(made, session.run(made, dict(feed)), strict=True)) if made else {}
        yield {name: np.asarray(answers[name] if name in answers else feed[name], np.float32) for name in wanted}
