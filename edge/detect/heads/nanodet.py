"""NanoDet: class scores and, for each side of the box, a distribution over distances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from edge.detect.heads.graph import Graph, are_probabilities, cells_of
from edge.detect.heads.head import Array, Floats32, Preprocessing
from edge.detect.heads.yolox import grid_cells

BINS = 8
PYRAMIDS = ((8, 16, 32), (8, 16, 32, 64))
# BGR, mean and deviation of the 0..255 values (config/nanodet-m-416.yml and config/nanodet-plus-m-1.5x_416.yml in
# RangiLyu/nanodet). The first has ``keep_ratio: True``, black all around; Plus is stretched.
NANODET = Preprocessing(mean=(103.53, 116.28, 123.675), std=(57.375, 57.12, 58.395), fit="letterbox-centre", pad=0)
NANODET_PLUS = replace(NANODET, fit="stretch")


class NanodetHead:
    """Generalised focal loss heads (Li et al. 2020, arXiv:2006.04388, section 3.2) of RangiLyu/nanodet.

    Two forms: scores (B, n, classes) and distances (B, n, 4 x bins) for each stride (0.x, ``cls_pred_stride_8`` and so
    on; OpenCV's zoo with strides 8 to 64), or all in one (B, N, classes + 4 x bins) (NanoDet-Plus). Scores are through
    their sigmoid. A side's reach is the expectation of the softmax over its bins, times the stride, from the cell's
    centre in 0.x, from its upper left corner in Plus (maintainer's word in issue 373 of RangiLyu/nanodet).
    """

    def __init__(
        self,
        places: Sequence[tuple[int, int]] | None,
        *,
        strides: Sequence[int],
        classes: int,
        bins: int,
        person: int,
        centred: bool,
    ) -> None:
        """Composes.

        Args:
            places: for each stride which output holds scores and which distances; None where one output holds all.
            strides: of the grids, in the order of the cells.
            classes: how many.
            bins: of a side's distribution.
            person: class number.
            centred: whether reaches start at the cell's centre.
        """
        self.name = f"nanodet{'' if centred else '-plus'}, {'one output' if places is None else 'an output a stride'}"
        self.preprocessing = NANODET if centred else NANODET_PLUS
        self.overlaps = True
        self._places = places
        self._strides = tuple(strides)
        self._classes = classes
        self._person = person
        self._offset = 0.5 if centred else 0.0
        self._steps = np.arange(bins, dtype=np.float64)
        self._cells: dict[tuple[int, int], list[Floats32]] = {}

    def read(self, outputs: Sequence[Array], slot: int, size: tuple[int, int], score_min: float) -> Floats32:
        """See ``Head.read``."""
        if size not in self._cells:
            self._cells = {size: [grid_cells(size, (stride,)) for stride in self._strides]}
        if self._places is None:
            raw = outputs[0][slot]
            found = [self._part(raw[:, self._person], raw[:, self._classes :], self._all_cells(size), score_min)]
        else:
            found = [
                self._part(
                    _table(outputs[score], slot)[:, self._person], _table(outputs[sides], slot), cells, score_min
                )
                for (score, sides), cells in zip(self._places, self._cells[size], strict=True)
            ]
        return np.concatenate(found)

    def _all_cells(self, size: tuple[int, int]) -> Floats32:
        grids = self._cells[size]
        if len(grids) > 1:
            self._cells[size] = grids = [np.concatenate(grids)]
        return grids[0]

    def _part(self, scores: Array, sides: Array, cells: Floats32, score_min: float) -> Floats32:
        kept = np.flatnonzero(scores >= score_min)
        values = np.asarray(sides[kept], np.float64).reshape(len(kept), 4, len(self._steps))
        weights = np.exp(values - values.max(-1, keepdims=True))
        reach = (weights @ self._steps) / weights.sum(-1)
        stride = cells[kept, 2:].astype(np.float64)
        centre = (cells[kept, :2] + self._offset) * stride
        found = np.empty((len(kept), 5), np.float32)
        found[:, :2] = centre - reach[:, :2] * stride
        found[:, 2:4] = centre + reach[:, 2:] * stride
        found[:, 4] = scores[kept]
        return found


def recognise(graph: Graph) -> NanodetHead | None:
    """Scores in 0..1 and distances side by side, or in pairs of outputs with as many rows as the grids have cells."""
    return _in_one(graph) if len(graph.sample) == 1 else _in_pairs(graph)


def _in_one(graph: Graph) -> NanodetHead | None:
    raw = graph.sample[0]
    if raw.ndim != 3 or raw.shape[2] <= 4 * BINS:
        return None
    strides = next((one for one in PYRAMIDS if cells_of(graph.size, one) == raw.shape[1]), None)
    if strides is None:
        return None
    classes = raw.shape[2] - 4 * BINS
    # where all but four columns are probabilities, it is YOLOX's
    if not are_probabilities(raw[..., :classes]) or are_probabilities(raw[..., classes:]):
        return None
    return NanodetHead(
        None, strides=strides, classes=classes, bins=BINS, person=graph.person(0, classes), centred=False
    )


def _in_pairs(graph: Graph) -> NanodetHead | None:
    strides = next((one for one in PYRAMIDS if 2 * len(one) == len(graph.sample)), None)
    if strides is None:
        return None
    tables = [one[0] if one.ndim == 3 else one for one in graph.sample]
    if any(table.ndim != 2 for table in tables):
        return None
    places = []
    for stride in strides:
        pair = [i for i, table in enumerate(tables) if table.shape[0] == cells_of(graph.size, (stride,))]
        # distances are logits, scores are not; the names, where they speak, come first
        sides = [i for i in pair if graph.outputs[i].name.startswith("dis_pred")] or [
            i for i in pair if tables[i].shape[1] == 4 * BINS and not are_probabilities(tables[i])
        ]
        if len(pair) != 2 or len(sides) != 1:
            return None
        places.append((pair[0] if pair[1] == sides[0] else pair[1], sides[0]))
    classes, wide = tables[places[0][0]].shape[1], tables[places[0][1]].shape[1]
    if wide % 4 or not all(are_probabilities(tables[score]) for score, _ in places):
        return None
    return NanodetHead(
        places,
        strides=strides,
        classes=classes,
        bins=wide // 4,
        person=graph.person(0, classes),
        centred=64 not in strides,
    )


def _table(output: Array, slot: int) -> Array:
    return output[slot] if output.ndim == 3 else output
