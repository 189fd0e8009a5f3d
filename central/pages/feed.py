"""What the live floor shows, computed once for everybody who looks at the same thing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from central.api.reports import boxes_report
from central.insight.dwell import ZoneDwell
from central.insight.insight import FloorPresence
from central.insight.shops import Shops
from central.insight.window import Window
from central.pages.colours import heat_picture
from central.services import Services

FRESH_S = 0.9
HEAT_FRESH_S = 1.8
DWELL_FRESH_S = 10.0
DWELL_WINDOW_S = 3600.0

WINDOWS = {"5 min": 300.0, "15 min": 900.0, "1 hour": 3600.0, "Today": None}
"""Choices of the heat's window, seconds; None reaches back to midnight."""


class FloorFeed:
    """Snapshots of a floor as plain data for the page's script; safe to ask from any thread."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._shops = Shops(services)
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, ...], tuple[float, Any]] = {}

    def snapshot(self, floor_id: str, window: str) -> dict[str, Any]:
        """Freshness, presence, heat, dwell and boxes of a floor now."""
        with self._lock:
            now = self._services.clock()
            presence: list[FloorPresence] = self._once(now, FRESH_S, ("presence",), lambda: self._presence(now))
            boxes: list[dict[str, Any]] = self._once(now, FRESH_S, ("boxes",), self._boxes)
            heat = self._once(now, HEAT_FRESH_S, ("heat", floor_id, window), lambda: self._heat(now, floor_id, window))
            dwell: list[ZoneDwell] = self._once(now, DWELL_FRESH_S, ("dwell",), lambda: self._dwell(now))
        one = next(found for found in presence if found.floor == floor_id)
        by_zone = {zone.zone.rpartition("/")[2]: zone for zone in dwell if zone.floor == floor_id}
        return {
            "heard_s_ago": one.heard_s_ago,
            "people": None if one.people is None else str(one.people),
            "zones": [
                {
                    "zone": zone.zone,
                    "name": zone.name,
                    "category": zone.category,
                    "now": None if zone.people is None else str(zone.people),
                    "median_s": by_zone[zone.zone].median_s.value,
                    "visits": by_zone[zone.zone].visits.value,
                }
                for zone in one.zones
            ],
            "k": self._services.insight.k,
            "heat": heat,
            "boxes": [box for box in boxes if box["floor"] == floor_id],
            "ingest_fault": self._services.writer.state.fault or self._services.broker.fault,
        }

    def _once(self, now: float, life_s: float, key: tuple[str, ...], make: Callable[[], Any]) -> Any:
        kept = self._kept.get(key)
        if kept is None or not 0 <= now - kept[0] < life_s:
            kept = self._kept[key] = (now, make())
        return kept[1]

    def _presence(self, now: float) -> list[FloorPresence]:
        return self._services.insight.presence(now)

    def _dwell(self, now: float) -> list[ZoneDwell]:
        return self._shops.dwell(Window.snapped(now, now - DWELL_WINDOW_S, now))

    def _boxes(self) -> list[dict[str, Any]]:
        return [asdict(box) for box in boxes_report(self._services).boxes]

    def _heat(self, now: float, floor_id: str, window: str) -> dict[str, Any]:
        length_s = WINDOWS.get(window)
        local = datetime.fromtimestamp(now, self._services.site.timezone)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
        start = midnight if length_s is None else now - length_s
        span = Window.snapped(now, start, now)
        found = self._services.insight.heat.told(floor_id, span.start, span.end, now)
        blocks = found.heat.blocks("shoppers")
        minutes = max((found.end - found.start) / 60, 1.0)
        picture, full = heat_picture(blocks, self._services.site.floor(floor_id).size_m, minutes)
        return {"picture": picture, "full": full, "empty": not blocks}
