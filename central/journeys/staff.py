"""Who works here, told by what they do in a day: they stay long, come back often, or go where shoppers do not.

A person is followed only while cameras see them and over passages. Somebody who works here and goes out of sight for
longer is a new person afterwards, so what is found is never too many, but seldom all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from calibration.site import Site
from central.journeys.nights import latest_night
from central.store import people, persons
from central.store.people import Stay
from central.store.store import Store

BACK = frozenset({"back", "staff", "till"})
"""Categories of zones where shoppers have no business: back of house, and behind a till."""
SERVICE = frozenset({"service"})
"""Of zones where shoppers stay shortly: an information desk, a kiosk."""
WAYS = frozenset({"corridor", "circulation", "transit", ""})
"""Of zones through which everybody goes again and again."""
EVERY_S = 300.0


@dataclass(frozen=True, slots=True)
class StaffRules:
    """From when on somebody is taken to work here; each is enough by itself.

    Attributes:
        long_s: seconds in the mall on one day.
        returns: separate visits on one day to one shop or room.
        back_share: share of their time back of house,
        back_s: and seconds there.
        service_share: share of their time where shoppers stay shortly,
        service_s: and seconds there.
    """

    long_s: float = 4 * 3600.0
    returns: int = 10
    back_share: float = 0.3
    back_s: float = 180.0
    service_share: float = 0.5
    service_s: float = 1800.0


RULES = StaffRules()


def reason(stays: Sequence[Stay], categories: Mapping[tuple[str, str], str], rules: StaffRules = RULES) -> str:
    """Why somebody who did this in a day works here; empty where they may well be shopping.

    Args:
        stays: of one person.
        categories: of zones, by floor and zone.
        rules: from when on.
    """
    total_s = sum(stay.dwell_s for stay in stays)
    by_category: dict[str, float] = defaultdict(float)
    returns = 0
    for stay in stays:
        category = categories.get((stay.floor, stay.zone), "")
        by_category[category] += stay.dwell_s
        if category not in WAYS:
            returns = max(returns, stay.visits)
    back_s, service_s = (sum(by_category[one] for one in kind) for kind in (BACK, SERVICE))
    if back_s >= rules.back_s and back_s >= rules.back_share * total_s:
        return f"{back_s / 60:.0f} min back of house, {back_s / total_s:.0%} of the time here"
    if total_s >= rules.long_s:
        return f"{total_s / 3600:.1f} h here on one day"
    if returns >= rules.returns:
        return f"{returns} separate visits to one place on one day"
    if service_s >= rules.service_s and service_s >= rules.service_share * total_s:
        return f"{service_s / 60:.0f} min at a service point, {service_s / total_s:.0%} of the time here"
    return ""


class Staff:
    """Looks through the day so far, every few minutes.

    Args:
        store: the truth.
        site: its zones' categories, and when its day begins.
        hour: of the local night.
        rules: from when on somebody is taken to work here.
    """

    def __init__(self, store: Store, site: Site, hour: int, rules: StaffRules = RULES) -> None:
        self._store = store
        self._zone: ZoneInfo = site.timezone
        self._hour = hour
        self._rules = rules
        self._looked_at = float("-inf")
        self._categories = {
            (floor.id, zone.id): zone.category for floor in site.floors.values() for zone in floor.zones.values()
        }

    def update(self, now: float) -> int:
        """How many people of the day are known to work here, where it was time to look; else 0."""
        if abs(now - self._looked_at) < EVERY_S:
            return 0
        self._looked_at = now
        _, start = latest_night(now, self._zone, self._hour)
        by_person: dict[str, list[Stay]] = defaultdict(list)
        for stay in people.stays(self._store.database, self._store.site, start, now):
            by_person[stay.person].append(stay)
        told = ((person, reason(stays, self._categories, self._rules)) for person, stays in by_person.items())
        found = [(person, why) for person, why in told if why]
        if found:
            persons.mark_staff(self._store.database, self._store.site, found, now)
        return len(found)
