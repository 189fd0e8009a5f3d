"""Presence and heat of a site, fit to leave central, and what all its other figures are reckoned with."""

from __future__ import annotations

from dataclasses import dataclass

from calibration.site import Site
from central.insight.figure import Figure
from central.insight.heat import Heat
from central.insight.live import LiveFloor
from central.insight.stays import Reader
from central.insight.suppression import People, Suppression
from central.store.store import Store


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
        heat: heatmaps of any window.
        live: floors as they are now.
    """

    def __init__(self, store: Store, site: Site, k: int, key: bytes) -> None:
        self.site = site
        self.k = k
        self.suppression = Suppression(k, key)
        self.reader = Reader(store, site, self.suppression)
        self.heat = Heat(store, site, self.suppression)
        self.live = LiveFloor(store, site, self.suppression)

    def presence(self, now: float) -> list[FloorPresence]:
        """Everybody now, floor by floor."""
        return [self._floor_presence(one.id, one.name, now) for one in self.site.floors.values()]

    def _floor_presence(self, floor: str, name: str, now: float) -> FloorPresence:
        found = self.live.snapshot(floor, now)
        fresh = found.people.withheld != "silent"
        zones = tuple(
            ZonePresence(zone.id, zone.name, zone.category, self._people(found.zones[zone.id]) if fresh else None)
            for zone in self.site.floors[floor].zones.values()
        )
        return FloorPresence(
            floor, name, fresh, found.heard_s_ago, self._people(found.people) if fresh else None, zones
        )

    def _people(self, figure: Figure) -> People:
        return People(figure.n, self.k)
