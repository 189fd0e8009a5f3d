"""What was measured against the truth: crossings per door, and visits matched one to one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

LEAST_STAY_S = 3.0
"""Shorter stays, in truth or measurement, are somebody brushing a border and are not scored."""
UNMATCHABLE_S = 1e6


@dataclass(frozen=True, slots=True)
class Passage:
    """Somebody crossed a line at a time (seconds since 1970); ``direction`` is ``in`` or ``out``."""

    line: str
    direction: str
    at_s: float


@dataclass(frozen=True, slots=True)
class Stay:
    """Somebody was in a zone between two times (seconds since 1970)."""

    zone: str
    entered_s: float
    left_s: float

    @property
    def dwell_s(self) -> float:
        """How long, seconds."""
        return self.left_s - self.entered_s

    def clipped(self, start_s: float, end_s: float) -> Stay:
        """The part between two times; of negative length when there is none."""
        return Stay(self.zone, max(self.entered_s, start_s), min(self.left_s, end_s))


@dataclass(frozen=True, slots=True)
class DoorScore:
    """Crossings of one line in one direction: counted in truth and as measured."""

    line: str
    direction: str
    truth: int
    found: int


@dataclass(frozen=True, slots=True)
class ZoneScore:
    """Visits of one zone.

    Attributes:
        truth: visits in truth.
        found: visits measured.
        matched: pairs of the two that overlap in time, one to one, best total overlap first.
        dwell_error_s: absolute dwell error of each pair, seconds.
        truth_dwell_s: mean dwell in truth, seconds.
        found_dwell_s: mean dwell measured, seconds.
    """

    zone: str
    truth: int
    found: int
    matched: int
    dwell_error_s: tuple[float, ...]
    truth_dwell_s: float
    found_dwell_s: float


def score_doors(truth: Iterable[Passage], found: Iterable[Passage]) -> list[DoorScore]:
    """Counts per line and direction, sorted; every line that occurs on either side is listed."""
    real = Counter((passage.line, passage.direction) for passage in truth)
    seen = Counter((passage.line, passage.direction) for passage in found)
    return [DoorScore(line, way, real[line, way], seen[line, way]) for line, way in sorted(real.keys() | seen.keys())]


def crossing_error(doors: Sequence[DoorScore]) -> float:
    """Sum of the doors' absolute count errors over the true count; a miss and a ghost at two doors do not cancel."""
    truth = sum(door.truth for door in doors)
    wrong = sum(abs(door.found - door.truth) for door in doors)
    return wrong / truth if truth else float(wrong > 0)


def score_zones(truth: Iterable[Stay], found: Iterable[Stay], start_s: float, end_s: float) -> list[ZoneScore]:
    """Visits per zone within a span of time, both sides clipped to it and stays under ``LEAST_STAY_S`` left out.

    Who was inside when the span began (staff behind a counter) has no beginning to measure: such stays take part in the
    matching, and then they and what they matched are left out of counts and errors.
    """
    real = _scored(truth, start_s, end_s)
    seen = _scored(found, start_s, end_s)
    scores = []
    for zone in sorted({stay.zone for stay in real + seen}):
        one, other = [stay for stay in real if stay.zone == zone], [stay for stay in seen if stay.zone == zone]
        pairs = _pairs(one, other)
        early = [(stay, mate) for stay, mate in pairs if stay.entered_s <= start_s]
        one = [stay for stay in one if stay.entered_s > start_s]
        other = [stay for stay in other if not any(stay is mate for _, mate in early)]
        errors = tuple(abs(stay.dwell_s - mate.dwell_s) for stay, mate in pairs if stay.entered_s > start_s)
        scores.append(ZoneScore(zone, len(one), len(other), len(errors), errors, _mean_dwell(one), _mean_dwell(other)))
    return scores


def mean_dwell_error_s(zones: Sequence[ZoneScore]) -> float:
    """Mean absolute dwell error over all matched visits, seconds; infinite when none matched."""
    errors = [error for zone in zones for error in zone.dwell_error_s]
    return float(np.mean(errors)) if errors else float("inf")


def _scored(stays: Iterable[Stay], start_s: float, end_s: float) -> list[Stay]:
    return [clipped for stay in stays if (clipped := stay.clipped(start_s, end_s)).dwell_s >= LEAST_STAY_S]


def _mean_dwell(stays: Sequence[Stay]) -> float:
    return float(np.mean([stay.dwell_s for stay in stays])) if stays else 0.0


def _pairs(truth: Sequence[Stay], found: Sequence[Stay]) -> list[tuple[Stay, Stay]]:
    """The one-to-one matching with the least disagreement of entering and leaving times."""
    if not truth or not found:
        return []
    real = np.array([(stay.entered_s, stay.left_s) for stay in truth])
    seen = np.array([(stay.entered_s, stay.left_s) for stay in found])
    apart = np.abs(real[:, None] - seen[None]).sum(2)
    overlap = np.minimum(real[:, None, 1], seen[None, :, 1]) - np.maximum(real[:, None, 0], seen[None, :, 0])
    cost = np.where(overlap > 0, apart, UNMATCHABLE_S)
    return [
        (truth[row], found[column])
        for row, column in zip(*linear_sum_assignment(cost), strict=True)
        if cost[row, column] < UNMATCHABLE_S
    ]
