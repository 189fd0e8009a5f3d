"""Presence, heat, dwell and crossings of a site, fit to leave central."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from calibration.camera import Floats
from calibration.site import Floor, Site
from central.insight.heatmap import CELL_M, Block, blocks
from central.insight.suppression import LEAST_K, People, shown
from central.store import boxes, figures, positions
from central.store.store import Store

PRESENT_S = 2.5
"""Somebody seen this lately is present: bridges a missed second without counting ghosts."""
SILENT_AFTER_S = 10.0
"""A box that has not told positions for this long leaves its floor's present unknown."""


@dataclass(frozen=True, slots=True)
class ZonePresence:
    """People in a zone now; ``people`` None where the floor's box is silent."""

    zone: str
    name: str
    category: str
    people: People | None


@dataclass(frozen=True, slots=True)
class FloorPresence:
    """People on a floor now.

    Attributes:
        fresh: whether the figures are about now; where not, there are none.
        heard_s_ago: seconds since positions last came, None where they never did.
    """

    floor: str
    name: str
    fresh: bool
    heard_s_ago: float | None
    people: People | None
    zones: tuple[ZonePresence, ...]


@dataclass(frozen=True, slots=True)
class ZoneDwell:
    """Dwell of the visits to a zone that ended in a window; the seconds are None where withheld.

    Attributes:
        visits: how many.
        visitors: different people.
        mean_s: mean of observed and bridged seconds.
        median_s: their median.
        observed_s: mean seconds seen.
        bridged_s: mean seconds between two sightings, within the zone.
        unseen_s: mean seconds out of every camera's sight, not part of the dwell.
    """

    floor: str
    zone: str
    name: str
    category: str
    visitors: People
    visits: int | None = None
    mean_s: float | None = None
    median_s: float | None = None
    observed_s: float | None = None
    bridged_s: float | None = None
    unseen_s: float | None = None


@dataclass(frozen=True, slots=True)
class LineMinute:
    """Crossings of a line in one direction: of one minute, or of the whole window where ``minute`` is None."""

    floor: str
    line: str
    direction: str
    minute: float | None
    visitors: People
    crossings: int | None


class Insight:
    """Figures of one site.

    Args:
        store: the truth.
        site: its zones and lines.
        k: fewest people a figure may be about, at least 3.
    """

    def __init__(self, store: Store, site: Site, k: int) -> None:
        if k < LEAST_K:
            raise ValueError(f"k is {k}, at least {LEAST_K} is allowed")
        self.k = k
        self._store = store
        self._site = site

    def presence(self, now: float) -> list[FloorPresence]:
        """Everybody now, floor by floor."""
        told = boxes.boxes(self._store.database, self._site.id)
        return [
            self._floor_presence(now, one, [box for box in told if box.floor == one.id])
            for one in self._site.floors.values()
        ]

    def _floor_presence(self, now: float, one: Floor, told: list[boxes.Box]) -> FloorPresence:
        heard = [(box.positions_heard, box.positions_at) for box in told if box.positions_heard and box.positions_at]
        if not heard:
            return FloorPresence(one.id, one.name, False, None, None, self._zones(one, None))  # noqa: FBT003
        heard_s_ago = max(0.0, now - max(at for at, _ in heard))
        if heard_s_ago > SILENT_AFTER_S:
            return FloorPresence(one.id, one.name, False, heard_s_ago, None, self._zones(one, None))  # noqa: FBT003
        newest = max(at for _, at in heard)
        here = positions.latest_positions(
            self._store.database, self._site.id, one.id, newest - PRESENT_S, newest + PRESENT_S
        )
        xy_m = np.array(list(here.values()), np.float64).reshape(-1, 2)
        return FloorPresence(one.id, one.name, True, heard_s_ago, shown(len(here), self.k), self._zones(one, xy_m))  # noqa: FBT003

    def _zones(self, one: Floor, xy_m: Floats | None) -> tuple[ZonePresence, ...]:
        return tuple(
            ZonePresence(
                zone.id,
                zone.name,
                zone.category,
                None if xy_m is None else shown(int(zone.contains(xy_m).sum()), self.k),
            )
            for zone in one.zones.values()
        )

    def heatmap(self, floor_id: str, start: float, end: float) -> list[Block]:
        """Heat of a floor in the minutes from ``start`` until before ``end``.

        Raises:
            BadInputError: where there is no such floor.
        """
        self._site.floor(floor_id)
        found = positions.between(self._store.database, self._site.id, floor_id, start // 60 * 60, end)
        cells = np.floor(np.stack([found.x, found.y], axis=1) / CELL_M).astype(np.int64)
        return blocks(cells, [found.names[one] for one in found.visitor.tolist()], np.ones(len(cells)), self.k)

    def dwell(self, start: float, end: float) -> list[ZoneDwell]:
        """Dwell by zone of the visits that ended in the window."""
        by_zone: dict[tuple[str, str], list[figures.VisitRow]] = defaultdict(list)
        for visit in figures.closed_visits(self._store.database, self._site.id, start, end):
            by_zone[visit.floor, visit.zone].append(visit)
        found = []
        for one in self._site.floors.values():
            for zone in one.zones.values():
                visits = by_zone.get((one.id, zone.id), [])
                people = shown(len({visit.visitor for visit in visits}), self.k)
                plain = ZoneDwell(one.id, zone.id, zone.name, zone.category, people)
                found.append(plain if people.count is None else _with_seconds(plain, visits))
        return found

    def crossings(self, start: float, end: float, *, by_minute: bool) -> list[LineMinute]:
        """Crossings by line and direction, by minute or over the whole window."""
        database, site = self._store.database, self._site.id
        if by_minute:
            return [
                self._line_minute((one.floor, one.line, one.direction), one.minute * 60.0, one.crossings, one.visitors)
                for one in figures.crossings(database, site, start, end)
            ]
        totals = figures.crossing_totals(database, site, start, end)
        return [
            self._line_minute((one.id, line, direction), None, *totals.get((one.id, line, direction), (0, 0)))
            for one in self._site.floors.values()
            for line in one.lines
            for direction in ("in", "out")
        ]

    def _line_minute(
        self, key: tuple[str, str, str], minute: float | None, crossings: int, visitors: int
    ) -> LineMinute:
        people = shown(visitors, self.k)
        return LineMinute(*key, minute, people, None if people.count is None else crossings)


def _with_seconds(plain: ZoneDwell, visits: list[figures.VisitRow]) -> ZoneDwell:
    dwell_s = np.array([visit.dwell_s for visit in visits])
    return ZoneDwell(
        plain.floor,
        plain.zone,
        plain.name,
        plain.category,
        plain.visitors,
        visits=len(visits),
        mean_s=round(float(dwell_s.mean()), 1),
        median_s=round(float(np.median(dwell_s)), 1),
        observed_s=round(float(np.mean([visit.observed_s for visit in visits])), 1),
        bridged_s=round(float(np.mean([visit.bridged_s for visit in visits])), 1),
        unseen_s=round(float(np.mean([visit.unseen_s for visit in visits])), 1),
    )
