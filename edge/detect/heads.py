"""What detectors answer, and how to read people from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from contract.errors import BadInputError
from edge.detect.kernels import PERSON_COLUMN, decode_grid

Floats32 = npt.NDArray[np.float32]

STRIDES_PX = (8, 16, 32)
DEFAULT_INPUT_SIZE = (416, 416)
# Grid offsets stay within a few cells, pixels do not: the largest of thousands of centres tells an export with decoded
# boxes from one without.
OFFSET_MAX = 40.0
SUPPORTED = (
    "supported: YOLOX (images (1|N, 3, H, W) BGR 0..255 to (1|N, cells of strides 8, 16 and 32, 5 + classes), person "
    'the first class) and models with metadata atrium.head = "person" ((N, 3, H, W) BGR 0..255 to (N, boxes, 5): x1, '
    "y1, x2, y2, score in input pixels)"
)


class Head(Protocol):
    """Reads one picture's predictions.

    Attributes:
        name: for people.
        size: (height, width) of the input.
    """

    name: str
    size: tuple[int, int]

    def read(self, raw: Floats32, score_min: float) -> Floats32:
        """Boxes (K, 5) of people: x1, y1, x2, y2 in input pixels and score of at least ``score_min``; unsuppressed.

        Args:
            raw: (N, columns), the output for one picture.
            score_min: 0..1.
        """
        ...


@dataclass(slots=True)
class PersonHead:
    """The default model's: decoded boxes and scores."""

    size: tuple[int, int]
    name: str = "person"

    def read(self, raw: Floats32, score_min: float) -> Floats32:
        """See ``Head.read``."""
        return np.ascontiguousarray(raw[raw[:, 4] >= score_min], np.float32)


class YoloxHead:
    """YOLOX (Ge et al. 2021): one prediction a cell of three grids, relative to the cell unless exported decoded."""

    def __init__(self, size: tuple[int, int], in_pixels: bool) -> None:
        self.size = size
        self.name = "yolox, decoded" if in_pixels else "yolox"
        self._in_pixels = in_pixels
        self._cells = grid_cells(size)
        self._found = np.empty((len(self._cells), 5), np.float32)

    def read(self, raw: Floats32, score_min: float) -> Floats32:
        """See ``Head.read``."""
        count = decode_grid(raw, self._cells, score_min, self._in_pixels, self._found)
        return self._found[:count].copy()


def grid_cells(size: tuple[int, int]) -> Floats32:
    """(N, 3) column, row and stride of every cell of an input (height, width), in YOLOX's order."""
    grids = []
    for stride in STRIDES_PX:
        rows, columns = np.mgrid[: size[0] // stride, : size[1] // stride]
        grids.append(np.stack([columns, rows, np.full_like(rows, stride)], -1).reshape(-1, 3))
    return np.concatenate(grids).astype(np.float32)


def recognise_head(session: Any, path: Any) -> Head:
    """The head of a loaded model, from its metadata and the shapes of one trial run on a grey picture.

    Args:
        session: an ``onnxruntime.InferenceSession``.
        path: named in errors.

    Raises:
        BadInputError: with the model's outputs and what is supported, where nothing fits.
    """
    inputs = session.get_inputs()
    if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type != "tensor(float)":
        raise BadInputError(f"{path}: unknown head: {_signature(session)}; {SUPPORTED}")
    channels, height, width = inputs[0].shape[1:]
    if isinstance(channels, int) and channels != 3:
        raise BadInputError(f"{path}: unknown head: {_signature(session)}; {SUPPORTED}")
    metadata = session.get_modelmeta().custom_metadata_map
    size = (
        height if isinstance(height, int) else _size_of(metadata, 0),
        width if isinstance(width, int) else _size_of(metadata, 1),
    )
    grey = np.full((1, 3, *size), 114.0, np.float32)
    try:
        outputs = session.run(None, {inputs[0].name: grey})
    except Exception as error:  # noqa: BLE001 - the runtime raises many kinds, none of them public
        line = str(error).strip().splitlines()[0]
        raise BadInputError(
            f"{path}: does not run on a picture of {size[1]}x{size[0]}: {line}; export it again"
        ) from None
    raw = outputs[0]
    if len(outputs) == 1 and raw.ndim == 3 and raw.shape[0] == 1:
        if metadata.get("atrium.head") == "person" and raw.shape[2] == 5:
            return PersonHead(size)
        cells = sum((size[0] // stride) * (size[1] // stride) for stride in STRIDES_PX)
        if raw.shape[1] == cells and raw.shape[2] > PERSON_COLUMN:
            return YoloxHead(size, in_pixels=bool(np.abs(raw[0, :, :2]).max() > OFFSET_MAX))
    raise BadInputError(f"{path}: unknown head: {_signature(session)}; {SUPPORTED}")


def _size_of(metadata: dict[str, str], axis: int) -> int:
    """The input size that a model of free size was trained for: metadata ``atrium.size`` as HEIGHTxWIDTH, or 416."""
    parts = metadata.get("atrium.size", "").split("x")
    return int(parts[axis]) if len(parts) == 2 and parts[axis].isdigit() else DEFAULT_INPUT_SIZE[axis]


def _signature(session: Any) -> str:
    def listed(values: Any) -> str:
        return ", ".join(f"{value.name} ({', '.join(map(str, value.shape))})" for value in values)

    return f"inputs {listed(session.get_inputs())}; outputs {listed(session.get_outputs())}"
