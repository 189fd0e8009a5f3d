"""Resolves open touchpoints as positions arrive; gives up on each after some seconds, saying why."""

from __future__ import annotations

import logging

import numpy as np

from calibration.site import Site
from central.store import links, members, positions
from central.store.links import Link, Touchpoint
from central.store.store import Store
from central.touchpoints.linking import WINDOW_S, Candidate, by_point, by_zone

log = logging.getLogger(__name__)

LINKING_PURPOSE = "journey"
"""The consent without which no member is ever joined to a visitor."""
SETTLE_S = 1.0
"""Positions of the window's end have arrived this long after it."""
PATIENCE_S = 10.0
"""A check-in that cannot be resolved this long after it stays unresolved: the positions are on their way until then."""


class Linker:
    """Joins check-ins to visitors.

    Args:
        store: where both are.
        site: its zones.
    """

    def __init__(self, store: Store, site: Site) -> None:
        self._store = store
        self._site = site

    def update(self, now: float) -> int:
        """Resolve what can be resolved; the number of links made."""
        return sum(self._resolve(now, one) for one in links.open_touchpoints(self._store.database, self._store.site))

    def _resolve(self, now: float, touchpoint: Touchpoint) -> bool:
        database, site = self._store.database, self._store.site
        member = members.find(database, site, touchpoint.member)
        if member is None or not member.agreed_to(LINKING_PURPOSE):
            links.close(database, site, touchpoint.touchpoint, "no consent")
            return False
        if now < touchpoint.at + WINDOW_S + SETTLE_S:
            return False
        found = self._candidate(touchpoint)
        if isinstance(found, str):
            if now >= touchpoint.at + PATIENCE_S:
                links.close(database, site, touchpoint.touchpoint, found)
            return False
        facts = {
            "confidence": round(found.confidence, 3),
            "distance_m": round(found.distance_m, 2),
            "runner_up_m": None if found.runner_up_m is None else round(found.runner_up_m, 2),
            "touchpoint": touchpoint.kind,
        }
        link = Link(
            touchpoint.member,
            found.visitor,
            touchpoint.floor,
            touchpoint.touchpoint,
            found.confidence,
            touchpoint.at,
            facts,
        )
        return links.link(database, site, link, LINKING_PURPOSE)

    def _candidate(self, touchpoint: Touchpoint) -> Candidate | str:
        taken = links.taken_visitors(self._store.database, self._store.site)
        sightings = positions.sightings(
            self._store.database,
            self._store.site,
            touchpoint.floor,
            touchpoint.at - WINDOW_S,
            touchpoint.at + WINDOW_S,
        )
        free = [one for one in sightings if taken.get(one[1], touchpoint.member) == touchpoint.member]
        if touchpoint.x is not None and touchpoint.y is not None:
            return by_point(free, touchpoint.x, touchpoint.y)
        zone = self._site.floor(touchpoint.floor).zones[touchpoint.zone or ""]
        xy_m = np.array([(x, y) for _, _, x, y in free], np.float64).reshape(-1, 2)
        return by_zone(free, zone.contains(xy_m))
