"""YOLOX, and what answers in its form, such as the light person detector (192x192, one class)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.detect.heads.graph import Graph, are_probabilities, cells_of
from edge.detect.heads.head import Array, Floats32, Preprocessing
from edge.detect.kernels import decode_grid

STRIDES_PX = (8, 16, 32)
# Grid offsets stay within a few cells, pixels do not: the largest of thousands of centres tells an export with decoded
# boxes from one without.
OFFSET_MAX = 40.0


class YoloxHead:
    """YOLOX (Ge et al. 2021, arXiv:2107.08430): one prediction a cell of three grids, relative to the cell.

    Conventions as in Megvii-BaseDetection/YOLOX `demo/ONNXRuntime`: BGR 0..255, padded with 114 at the right and below,
    objectness and classes through their sigmoid, in cells unless exported with ``--decode_in_inference``.
    """

    def __init__(self, size: tuple[int, int], person: int, in_pixels: bool) -> None:
        self.name = "yolox, decoded" if in_pixels else "yolox"
        self.preprocessing = Preprocessing()
        self.overlaps = True
        self._in_pixels = in_pixels
        self._person_column = 5 + person
        self._size = size
        self._cells = grid_cells(size)
        self._found = np.empty((len(self._cells), 5), np.float32)

    def read(self, outputs: Sequence[Array], slot: int, size: tuple[int, int], score_min: float) -> Floats32:
        """See ``Head.read``; outputs[0] (B, cells, 5 + classes)."""
        if size != self._size:
            self._size = size
            self._cells = grid_cells(size)
            self._found = np.empty((len(self._cells), 5), np.float32)
        raw = np.asarray(outputs[0][slot], np.float32)
        count = decode_grid(raw, self._cells, self._person_column, score_min, self._in_pixels, self._found)
        return self._found[:count]


def recognise(graph: Graph) -> YoloxHead | None:
    """(1, cells of strides 8, 16 and 32, 5 + classes), objectness and classes in 0..1."""
    if len(graph.sample) != 1:
        return None
    raw = np.asarray(graph.sample[0], np.float32)
    if raw.ndim != 3 or raw.shape[1] != cells_of(graph.size, STRIDES_PX) or raw.shape[2] < 6:
        return None
    if not are_probabilities(raw[0, :, 4:]):
        return None
    if graph.names is not None and len(graph.names) + 4 == raw.shape[2] and graph.sidecar.head is None:
        return None  # Ultralytics' form, transposed
    person = graph.person(0, raw.shape[2] - 5)
    return YoloxHead(graph.size, person, in_pixels=bool(np.abs(raw[0, :, :2]).max() > OFFSET_MAX))


def grid_cells(size: tuple[int, int], strides: Sequence[int] = STRIDES_PX) -> Floats32:
    """(N, 3) column, row and stride of every cell of an input (height, width), stride by stride, row by row."""
    grids = []
    for stride in strides:
        rows, columns = np.mgrid[: -(-size[0] // stride), : -(-size[1] // stride)]
        grids.append(np.stack([columns, rows, np.full_like(rows, stride)], -1).reshape(-1, 3))
    return np.concatenate(grids).astype(np.float32)
