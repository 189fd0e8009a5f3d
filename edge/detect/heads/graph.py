"""What is known of a model before its head is: its ends, its metadata, and what it answered to one trial picture."""

from __future__ import annotations

import ast
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from contract.errors import BadInputError
from edge.detect.heads.head import Array, Floats32
from edge.detect.sidecar import Sidecar, sidecar_path

Layout = Literal["nchw", "nhwc", "chw", "hwc"]

# What exporters of models of free size train with, mostly.
DEFAULT_INPUT_SIZE = (640, 640)
GREY = 114
PICTURE_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(uint8)": np.uint8}
PEOPLE = ("person", "people", "pedestrian", "human", "persons", "pedestrians")
MULTIPLE_PX = 32
# More classes than any detector has; numbers beyond are no class numbers.
NAMES_MAX = 10_000
# Quantised outputs overshoot a probability by a step.
QUANTUM = 0.02


@dataclass(frozen=True, slots=True)
class Port:
    """One input or output: ``shape`` holds a number or a name for each axis, ``type`` is ONNX Runtime's."""

    name: str
    shape: tuple[int | str | None, ...]
    type: str

    def __str__(self) -> str:
        return f"{self.name} ({', '.join(map(str, self.shape))}) {self.type.removeprefix('tensor(').removesuffix(')')}"


@dataclass(frozen=True, slots=True)
class Graph:
    """A loaded model, tried once.

    Attributes:
        path: named in errors.
        picture: the input that takes pictures.
        layout: order of its axes; those of three letters take no batch.
        sizes: the input that takes (B, 2) int64 sizes of the pictures, of models that scale their boxes themselves.
        inputs: all of them.
        outputs: all of them.
        metadata: the file's own.
        sidecar: the user's word.
        size: (height, width) of the trial.
        fixed: True where the file fixes that size.
        sample: the outputs for one grey picture.
        names: class names, where metadata or the sidecar has them.
    """

    path: Path
    picture: Port
    layout: Layout
    sizes: Port | None
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    metadata: dict[str, str]
    sidecar: Sidecar
    size: tuple[int, int]
    fixed: bool
    sample: tuple[Array, ...]
    names: tuple[str, ...] | None

    @property
    def batch(self) -> int | None:
        """Pictures a run: None for any number."""
        if len(self.layout) == 3:
            return 1
        first = self.picture.shape[0]
        return first if isinstance(first, int) else None

    @property
    def dtype(self) -> Any:
        """Numpy's type of the pictures."""
        return PICTURE_TYPES[self.picture.type]

    def index(self, *names: str) -> int | None:
        """Position of the first output whose name, without a ``:0``, is one of these."""
        for position, port in enumerate(self.outputs):
            if port.name.split(":")[0].lower() in names:
                return position
        return None

    def person(self, default: int, classes: int) -> int:
        """Class number of people: the sidecar's word, else by the class names, else the family's convention.

        Raises:
            BadInputError: the model knows no such class.
        """
        beside = sidecar_path(self.path)
        if self.sidecar.person is not None:
            if self.sidecar.person >= classes:
                raise BadInputError(
                    f"{beside}: person = {self.sidecar.person}, but the model has the "
                    f"classes 0 to {classes - 1}; mend that field"
                )
            return self.sidecar.person
        if self.names is not None and len(self.names) <= classes:
            for number, name in enumerate(self.names):
                if name.strip().lower() in PEOPLE:
                    return number
            raise BadInputError(
                f"{self.path}: finds {', '.join(self.names[:8])}{', ...' if len(self.names) > 8 else ''}, but no class "
                f"is named person; if one of them is people, write its number into {beside.name}: person = 0"
            )
        return default if default < classes else 0

    def signature(self) -> str:
        """Inputs and outputs in one line."""
        return signature(self.inputs, self.outputs)


def signature(inputs: Sequence[Port], outputs: Sequence[Port]) -> str:
    """Inputs and outputs with shapes and types, in one line."""
    return f"inputs {'; '.join(map(str, inputs))}; outputs {'; '.join(map(str, outputs))}"


def as_floats(outputs: Sequence[Any]) -> tuple[Array, ...]:
    """Outputs of a run, floats of any width as float32; whole numbers as they are."""
    arrays = (np.asarray(one) for one in outputs)
    return tuple(one.astype(np.float32, copy=False) if one.dtype.kind == "f" else one for one in arrays)


def cells_of(size: tuple[int, int], strides: Sequence[int]) -> int:
    """How many cells the grids of an input (height, width) have together."""
    return sum(math.ceil(size[0] / stride) * math.ceil(size[1] / stride) for stride in strides)


def are_probabilities(values: Floats32) -> bool:
    """Whether all of them lie in 0..1, up to a quantisation step."""
    return bool(values.size == 0 or (values.min() >= -QUANTUM and values.max() <= 1.0 + QUANTUM))


def try_graph(session: Any, path: Path, sidecar: Sidecar, size: tuple[int, int] | None) -> Graph:
    """Runs a model once on a grey picture.

    Args:
        session: an ``onnxruntime.InferenceSession``.
        path: named in errors.
        sidecar: the user's word.
        size: (height, width) for models of free size; before the sidecar's and the metadata's.

    Raises:
        BadInputError: it takes no colour pictures, or does not run.
    """
    inputs = tuple(Port(port.name, tuple(port.shape), port.type) for port in session.get_inputs())
    outputs = tuple(Port(port.name, tuple(port.shape), port.type) for port in session.get_outputs())
    metadata = dict(session.get_modelmeta().custom_metadata_map)
    picture, layout = _picture_of(inputs, outputs, path, sidecar)
    others = [port for port in inputs if port is not picture]
    sizes = next((port for port in others if port.type == "tensor(int64)" and port.shape[-1:] == (2,)), None)
    if any(port is not sizes for port in others):
        raise BadInputError(
            f"{path}: takes more than pictures: {signature(inputs, outputs)}; export it with pictures as its only input"
        )
    first = layout.replace("n", "").index("h") + len(layout) - 3
    axes = picture.shape[first : first + 2]
    if size is not None and any(side < MULTIPLE_PX or side % MULTIPLE_PX for side in size):
        raise BadInputError(
            f"{path}: no model takes pictures of {size[1]}x{size[0]}; give multiples of 32 as height and width"
        )
    wanted = size or sidecar.size or _size_told(metadata) or DEFAULT_INPUT_SIZE
    told = (axes[0] if isinstance(axes[0], int) else wanted[0], axes[1] if isinstance(axes[1], int) else wanted[1])
    fixed = all(isinstance(axis, int) for axis in axes)
    batch = picture.shape[0]
    if len(layout) == 4 and isinstance(batch, int) and batch != 1:
        raise BadInputError(
            f"{path}: takes {batch} pictures at a time, no fewer; export it with a batch of 1 or a free one"
        )
    shape = {"nchw": (1, 3, *told), "nhwc": (1, *told, 3), "chw": (3, *told), "hwc": (*told, 3)}[layout]
    feed = {picture.name: np.full(shape, GREY, PICTURE_TYPES[picture.type])}
    if sizes is not None:
        feed[sizes.name] = np.array([[told[1], told[0]]], np.int64)
    try:
        sample = session.run(None, feed)
    except Exception as error:  # noqa: BLE001 - the runtime raises many kinds, none of them public
        line = str(error).strip().splitlines()[0]
        raise BadInputError(
            f"{path}: does not run on a picture of {told[1]}x{told[0]}: {line}; write the size it takes into "
            f"{sidecar_path(path).name}, such as size = [384, 640] (height, width), or export it again"
        ) from None
    return Graph(
        path,
        picture,
        layout,
        sizes,
        inputs,
        outputs,
        metadata,
        sidecar,
        told,
        fixed,
        as_floats(sample),
        _names_told(metadata, sidecar),
    )


def _picture_of(inputs: Sequence[Port], outputs: Sequence[Port], path: Path, sidecar: Sidecar) -> tuple[Port, Layout]:
    """The input that takes pictures, and the order of its axes."""
    candidates = [port for port in inputs if len(port.shape) in {3, 4}]
    if not candidates:
        raise BadInputError(f"{path}: takes no pictures: {signature(inputs, outputs)}; choose a detection model")
    picture = candidates[0]
    if picture.type not in PICTURE_TYPES:
        raise BadInputError(
            f"{path}: input {picture} is of a type that pictures do not come in; "
            "export it with float32, float16 or uint8 input"
        )
    axes = picture.shape[-3:]
    if axes[0] == 3 or (not isinstance(axes[0], int) and axes[2] != 3 and sidecar.layout != "nhwc"):
        order: Layout = "nchw"
    elif axes[2] == 3 or (not isinstance(axes[2], int) and sidecar.layout == "nhwc"):
        order = "nhwc"
    else:
        raise BadInputError(
            f"{path}: input {picture} takes no colour pictures of 3 channels; choose or export a model that does"
        )
    if len(picture.shape) == 3:
        return picture, "chw" if order == "nchw" else "hwc"
    return picture, order


def _size_told(metadata: dict[str, str]) -> tuple[int, int] | None:
    """(height, width) by metadata: ``atrium.size`` as HEIGHTxWIDTH, or Ultralytics' ``imgsz`` as [height, width]."""
    sides = [int(part) for part in metadata.get("atrium.size", "").split("x") if part.isdigit()]
    if len(sides) != 2:
        told = _literal(metadata.get("imgsz", ""))
        listed = told if isinstance(told, list | tuple) else [told, told]
        sides = [side for side in listed if isinstance(side, int)]
    return (sides[0], sides[1]) if len(sides) == 2 and min(sides) > 0 else None


def _names_told(metadata: dict[str, str], sidecar: Sidecar) -> tuple[str, ...] | None:
    """Class names: the sidecar's, ``atrium.labels`` (comma-separated), or Ultralytics' ``names`` ({0: "person"})."""
    if sidecar.names:
        return tuple(sidecar.names)
    if "atrium.labels" in metadata:
        return tuple(name.strip() for name in metadata["atrium.labels"].split(","))
    told = _literal(metadata.get("names", ""))
    if isinstance(told, dict) and told and all(isinstance(key, int) and 0 <= key < NAMES_MAX for key in told):
        return tuple(str(told.get(number, number)) for number in range(max(told) + 1))
    if isinstance(told, list | tuple) and told:
        return tuple(map(str, told))
    return None


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
