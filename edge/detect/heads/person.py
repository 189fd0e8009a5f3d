"""Atrium's own heads: people only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edge.detect.bound_run import GridOutput
from edge.detect.heads.graph import Graph
from edge.detect.heads.head import Array, Floats32, Preprocessing, logit
from edge.detect.kernels import decode_levels

STRIDES_PX = (8, 16, 32)
FOUND_AT_FIRST = 256


class PersonHead:
    """``atrium.head = "person"``: (B, N, 5) x1, y1, x2, y2 in pixels and score, decoded by the network."""

    def __init__(self) -> None:
        self.name = "person"
        self.preprocessing = Preprocessing()
        self.overlaps = True

    def read(self, outputs: Sequence[Array], slot: int, size: tuple[int, int], score_min: float) -> Floats32:  # noqa: ARG002
        """See ``Head.read``."""
        raw = outputs[0][slot]
        return np.ascontiguousarray(raw[raw[:, 4] >= score_min], np.float32)


class LevelsHead:
    """``atrium.head = "person-levels"``: logits and distances of three grids, as the network has them.

    For s in 8, 16 and 32: ``score_s`` (B, 1, H/s, W/s), logits; ``sides_s`` (B, 4 x bins, H/s, W/s), channel side x
    bins + bin, sides left, top, right, bottom. A side's reach is the expectation of the softmax over its bins, times s,
    from the cell's centre ((x + 0.5) s, (y + 0.5) s) (Li et al. 2020, arXiv:2006.04388, section 3.2).
    """

    def __init__(self, places: Sequence[int]) -> None:
        """Composes.

        Args:
            places: which outputs are score_8, sides_8, score_16, sides_16, score_32, sides_32.
        """
        self.name = "person-levels"
        self.preprocessing = Preprocessing()
        self.overlaps = True
        self._places = tuple(places)
        self._found = np.empty((FOUND_AT_FIRST, 5), np.float32)

    def grids(self, outputs: Sequence[Any], sample: Sequence[Array]) -> list[GridOutput]:
        """The outputs of a session, in its order, as grids; ``sample`` is what one run gave."""
        strides = {place: STRIDES_PX[k // 2] for k, place in enumerate(self._places)}
        return [GridOutput(out.name, int(sample[k].shape[1]), strides[k]) for k, out in enumerate(outputs)]

    def read(self, outputs: Sequence[Array], slot: int, size: tuple[int, int], score_min: float) -> Floats32:  # noqa: ARG002
        """See ``Head.read``."""
        score8, sides8, score16, sides16, score32, sides32 = (outputs[place] for place in self._places)
        least = logit(score_min)
        count = decode_levels(score8, sides8, score16, sides16, score32, sides32, slot, least, self._found)
        if count > len(self._found):
            # a crowd beyond any so far: room for it and half as many more
            self._found = np.empty((count + count // 2, 5), np.float32)
            count = decode_levels(score8, sides8, score16, sides16, score32, sides32, slot, least, self._found)
        return self._found[:count]


def recognise_decoded(graph: Graph) -> PersonHead | None:
    """By metadata and five columns."""
    if graph.metadata.get("atrium.head") != "person" and graph.sidecar.head != "person":
        return None
    raw = graph.sample[0]
    return PersonHead() if len(graph.sample) == 1 and raw.ndim == 3 and raw.shape[2] == 5 else None


def recognise_levels(graph: Graph) -> LevelsHead | None:
    """By metadata, the six names, and shapes that fit each other."""
    if graph.metadata.get("atrium.head") != "person-levels" and graph.sidecar.head != "person-levels":
        return None
    places = []
    for stride in STRIDES_PX:
        score, sides = graph.index(f"score_{stride}"), graph.index(f"sides_{stride}")
        if score is None or sides is None:
            return None
        rows, columns = graph.size[0] // stride, graph.size[1] // stride
        shape = graph.sample[sides].shape
        if graph.sample[score].shape != (1, 1, rows, columns):
            return None
        if len(shape) != 4 or shape[1] % 4 or shape[2:] != (rows, columns):
            return None
        places += [score, sides]
    return LevelsHead(places)
