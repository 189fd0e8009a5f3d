"""Atrium's own heads: people only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edge.detect.bound_run import GridOutput
from edge.detect.heads.graph import Graph
from edge.detect.heads.head import Array, Floats32, Preprocessing, logit
from edge.detect.kernels import decode_levels, decode_places
from edge.detect.sidecar import FamilyName

STRIDES_PX = (8, 16, 32)
LEVELS: FamilyName = "person-levels"
PLACES: FamilyName = "person-places"
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
    """Logits and boxes of three grids, as the network has them; only cells that score are decoded.

    ``atrium.head = "person-levels"``: for s in 8, 16 and 32 ``score_s`` (B, 1, H/s, W/s), logits; ``sides_s``
    (B, 4 x bins, H/s, W/s), channel side x bins + bin, sides left, top, right, bottom. A side's reach is the
    expectation of the softmax over its bins, times s, from the cell's centre ((x + 0.5) s, (y + 0.5) s) (Li et al.
    2020, arXiv:2006.04388, section 3.2).

    ``atrium.head = "person-places"``: ``score_s`` likewise; ``place_s`` (B, 2, H/s, W/s), the box's middle from the
    cell's corner (x s, y s), and ``extent_s`` (B, 2, H/s, W/s), logarithms of width and height, all in s (Ge et al.
    2021, arXiv:2107.08430, section 2.1).
    """

    def __init__(self, name: str, places: Sequence[int]) -> None:
        """Composes.

        Args:
            name: of the family.
            places: which outputs are score_8, sides_8, score_16, sides_16, score_32, sides_32; or score_8, place_8,
                extent_8 and so on.
        """
        self.name = name
        self.preprocessing = Preprocessing()
        self.overlaps = True
        self._places = tuple(places)
        self._decode: Callable[..., int] = decode_levels if name == LEVELS else decode_places
        self._found = np.empty((FOUND_AT_FIRST, 5), np.float32)

    def grids(self, outputs: Sequence[Any], sample: Sequence[Array]) -> list[GridOutput]:
        """The outputs of a session, in its order, as grids; ``sample`` is what one run gave."""
        each = len(self._places) // len(STRIDES_PX)
        strides = {place: STRIDES_PX[k // each] for k, place in enumerate(self._places)}
        return [GridOutput(out.name, int(sample[k].shape[1]), strides[k]) for k, out in enumerate(outputs)]

    def read(self, outputs: Sequence[Array], slot: int, size: tuple[int, int], score_min: float) -> Floats32:  # noqa: ARG002
        """See ``Head.read``."""
        parts = [outputs[place] for place in self._places]
        least = logit(score_min)
        count = self._decode(*parts, slot, least, self._found)
        if count > len(self._found):
            # a crowd beyond any so far: room for it and half as many more
            self._found = np.empty((count + count // 2, 5), np.float32)
            count = self._decode(*parts, slot, least, self._found)
        return self._found[:count]


def recognise_decoded(graph: Graph) -> PersonHead | None:
    """By metadata and five columns."""
    if graph.metadata.get("atrium.head") != "person" and graph.sidecar.head != "person":
        return None
    raw = graph.sample[0]
    return PersonHead() if len(graph.sample) == 1 and raw.ndim == 3 and raw.shape[2] == 5 else None


def recognise_levels(graph: Graph) -> LevelsHead | None:
    """``person-levels`` by metadata, the six names, and shapes that fit each other."""
    return _levels(graph, LEVELS, ("score", "sides"))


def recognise_places(graph: Graph) -> LevelsHead | None:
    """``person-places`` by metadata, the nine names, and shapes that fit each other."""
    return _levels(graph, PLACES, ("score", "place", "extent"))


def _levels(graph: Graph, name: FamilyName, kinds: Sequence[str]) -> LevelsHead | None:
    if name not in {graph.metadata.get("atrium.head"), graph.sidecar.head}:
        return None
    places = []
    for stride in STRIDES_PX:
        for kind in kinds:
            place = graph.index(f"{kind}_{stride}")
            if place is None:
                return None
            shape = graph.sample[place].shape
            if len(shape) != 4 or shape[2:] != (graph.size[0] // stride, graph.size[1] // stride):
                return None
            if shape[0] != 1 or not _fits(kind, int(shape[1])):
                return None
            places.append(place)
    return LevelsHead(name, places)


def _fits(kind: str, channels: int) -> bool:
    return channels % 4 == 0 if kind == "sides" else channels == (1 if kind == "score" else 2)
