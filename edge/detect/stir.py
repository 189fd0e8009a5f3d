"""Who stirs: a person who stands still moves head, arms and weight; a mannequin or a poster never does.

A place is where a box has been before. Its brightness is kept in cells for some seconds, and each new picture of it is
compared with one from about a second before: what changed inside, while the ring around it did not, stirred.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import astuple, dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.capture.frame import Image
from edge.detect.stir_kernels import GRID, PLACE, STEPS, watch

Floats32 = npt.NDArray[np.float32]
_SPARE_PLACES = 32
_EVERYBODY_MAY = np.zeros((0, 0), np.uint8)


@dataclass(frozen=True, slots=True)
class StirSettings:
    """What counts as stirring.

    Attributes:
        since_s: a picture is compared with one from about so long ago, seconds; longer sees slower movements, and more
            of those who pass.
        since_most_s: and with none older than this.
        change_min: least change of a cell's grey level that counts; larger misses people in dark clothes.
        noise_factor: the change must also be this many times the place's noise.
        around_most: where more than this share of the ring around a box changed, what changed inside says nothing,
        inside_most: and where more than this share of the box did.
        known: least share of the box, and of the ring, that must be comparable.
        least_px: lower boxes are too small to tell, pixels.
        same: a box that overlaps a place by this much (intersection over union) is at that place.
        settled_s: who came to a place less long ago passes by,
        margin: and hides what their box, grown by this share of its size, covers of others;
        sure: fainter boxes hide nothing.
        keep_s: longest time a place is remembered that no box is at.
    """

    since_s: float = 1.0
    since_most_s: float = 4.0
    change_min: float = 6.0
    noise_factor: float = 4.0
    around_most: float = 0.03
    inside_most: float = 0.7
    known: float = 0.6
    least_px: float = 40.0
    same: float = 0.5
    settled_s: float = 0.4
    margin: float = 0.15
    sure: float = 0.3
    keep_s: float = 10.0


RULES = np.dtype([(setting.name, np.float64) for setting in fields(StirSettings)])
"""The settings as the kernels take them."""


class Stir:
    """One camera's places."""

    def __init__(
        self, settings: StirSettings | None = None, hidden: Callable[[tuple[int, int]], Image] | None = None
    ) -> None:
        """Knows no place yet.

        Args:
            settings: see there.
            hidden: gives (h, w) uint8, not 0 where nobody may look, for a (width, height); asked once a size.
        """
        self._hidden = hidden
        self._rules = np.array([astuple(settings or StirSettings())], RULES)
        self._places = _no_places(_SPARE_PLACES)
        self._count = 0
        self._source: tuple[int, ...] = ()
        self._looked_at = -math.inf
        self._covered = _EVERYBODY_MAY
        self._cells, self._change = np.zeros(GRID, np.float32), np.zeros(GRID, np.float32)
        self._bins = np.zeros(STEPS, np.int64)

    def look(self, now: float, luma: Image, people_xyxy: Floats32, scores: Floats32, size: tuple[int, int]) -> Floats32:
        """How much of each box stirred since about a second ago.

        Args:
            now: when the picture was taken, seconds; after a step back everything known is void.
            luma: (h, w) uint8 brightness, of the same view as that picture but maybe another size.
            people_xyxy: (N, 4), pixels of the analysed picture.
            scores: (N,) 0 to 1.
            size: (width, height) of that picture.

        Returns:
            (N,) float32, share of the box that changed, 0 to 1; not a number where nothing can be said.
        """
        if now < self._looked_at:
            self._count = 0
        before, self._looked_at = self._looked_at, now
        if luma.shape != self._source:
            self._source, self._count = luma.shape, 0
            self._covered = _EVERYBODY_MAY if self._hidden is None else self._hidden((luma.shape[1], luma.shape[0]))
        scale = np.array([luma.shape[1] / size[0], luma.shape[0] / size[1]] * 2, np.float32)
        boxes = np.ascontiguousarray(people_xyxy * scale, np.float32)
        stirs = np.empty(len(boxes), np.float32)
        found = np.empty(len(boxes), np.int64)
        sure = np.ascontiguousarray(scores, np.float32)
        count = -1
        while count < 0:
            count = watch(
                *(self._places, self._count, before, now, luma, self._covered, boxes, sure, found),
                *(self._cells, self._change, self._bins, stirs, self._rules),
            )
            self._count = max(count, -1 - count)
            if count < 0:  # most boxes are at places there are: room for all of them beside these is seldom needed
                self._places = np.concatenate([self._places, _no_places(len(self._places))])
        return stirs


def _no_places(count: int) -> npt.NDArray[Any]:
    """Room for so many; np.zeros would take its memory bit by bit, for as long as people come to new places."""
    places = np.empty(count, PLACE)
    places.view(np.uint8)[:] = 0
    return places
