"""Presence and heat of a site, fit to leave central, and what all its other figures are reckoned with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.camera import Floats
from calibration.site import Floor, Site
from central.insight.heatmap import CELL_M, Block, blocks
from central.insight.stays import Reader
from central.insight.suppression import People, Suppression, shown
from central.store import boxes, positions
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


class Insight:
    """Figures of one site.

    Args:
        store: the truth.
        site: its zones and lines.
        k: fewest people a figure may be about, at least 3.
        key: 32 secret bytes, for the noise of figures.

    Attributes:
        site: the same.
        k: the same.
        suppression: what every figure about people goes through.
        reader: visits and crossings by window, for flows, shops and dwell.
    """

    def __init__(self, store: Store, site: Site, k: int, key: bytes) -> None:
        self.site = site
        self.k = k
        self.suppression = Suppression(k, key)
        self.reader = Reader(store, site, self.suppression)
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
