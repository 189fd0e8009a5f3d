"""Everything that is found out about people between boxes, in one round after another."""

from __future__ import annotations

from collections.abc import Callable

from calibration.boundaries import boundaries
from calibration.site import Site
from central.journeys.handoffs import Handoffs
from central.journeys.inside import Inside
from central.journeys.parties import Parties
from central.journeys.reckoning import Reckoner
from central.journeys.staff import Staff
from central.store import persons
from central.store.persons import Stitch
from central.store.store import Store
from contract.events import Handoff
from contract.topics import Topic

ROUND_S = 1.0
"""Rounds come no faster, however often we are asked."""


class Journeys:
    """Links, parties, staff, who is inside, and the nightly reckoning.

    Args:
        store: the truth.
        site: floors, passages, boundaries.
        record_key: a visitor's secret number (see ``central.insight.suppression``).
        hour: of the local night at which a day ends.

    Attributes:
        handoffs: codes of who is on the way, in memory alone.
        inside: the count by conservation.
    """

    def __init__(self, store: Store, site: Site, record_key: Callable[[str], int], hour: int = 4) -> None:
        found = boundaries(site)
        self.handoffs = Handoffs(site, found)
        self.inside = Inside(store, site, found, record_key, hour)
        self._store = store
        self._parties = Parties(store)
        self._staff = Staff(store, site, hour)
        self._reckoner = Reckoner(store, site, found, self.inside, hour)
        self._rounded_at = float("-inf")

    def take(self, topic: Topic, handoff: Handoff, heard: float) -> None:
        """Somebody's code came; from any thread."""
        self.handoffs.take(topic, handoff, heard)

    def update(self, now: float) -> None:
        """One round at that instant, seconds since 1970; right after another it does nothing."""
        if 0 <= now - self._rounded_at < ROUND_S:
            return
        self._rounded_at = now
        links = [Stitch(one.visitor, one.before, one.confidence, one.at) for one in self.handoffs.update(now)]
        if links:
            persons.stitch(self._store.database, self._store.site, links)
        self._parties.update(now)
        self._staff.update(now)
        self.inside.update(now)
        self._reckoner.update(now)
