"""FastestDet: one grid of stride 16."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edge.detect.heads.graph import Graph, are_probabilities
from edge.detect.heads.head import Array, Floats32, Preprocessing, boxes_of_centres, sigmoid

STRIDE_PX = 16


class FastestdetHead:
    """(B, 5 + classes, rows, columns): objectness, tanh of the offset in cells, logit of the size as share, classes.

    As dog-qiuqiu/FastestDet `example/onnx-runtime/runtime.py` reads it: BGR 0..1, stretched; objectness is through its
    sigmoid and the classes through their softmax; score = objectness x class.
    """

    def __init__(self, person: int) -> None:
        self.name = "fastestdet"
        self.preprocessing = Preprocessing(scale=1.0 / 255.0, fit="stretch")
        self.overlaps = True
        self._row = 5 + person

    def read(self, outputs: Sequence[Array], slot: int, size: tuple[int, int], score_min: float) -> Floats32:
        """See ``Head.read``."""
        grid = outputs[0][slot]
        rows, columns = grid.shape[1:]
        scores = np.asarray(grid[0], np.float32) * np.asarray(grid[self._row], np.float32)
        y, x = np.nonzero(scores >= score_min)
        raw = np.asarray(grid[1:5, y, x], np.float64)
        centre_size = np.stack(
            [
                (np.tanh(raw[0]) + x) / columns * size[1],
                (np.tanh(raw[1]) + y) / rows * size[0],
                sigmoid(raw[2]) * size[1],
                sigmoid(raw[3]) * size[0],
            ],
            -1,
        )
        return boxes_of_centres(centre_size, scores[y, x])


def recognise(graph: Graph) -> FastestdetHead | None:
    """One output (1, 5 + classes, height / 16, width / 16), objectness and classes in 0..1."""
    if len(graph.sample) != 1 or graph.sample[0].ndim != 4 or graph.sample[0].shape[1] < 6:
        return None
    grid = graph.sample[0]
    if grid.shape[2:] != (graph.size[0] // STRIDE_PX, graph.size[1] // STRIDE_PX):
        return None
    if not are_probabilities(grid[0, 0]) or not are_probabilities(grid[0, 5:]):
        return None
    return FastestdetHead(graph.person(0, grid.shape[1] - 5))
