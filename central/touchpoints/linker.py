"""Decides which visitor a touchpoint's member is, by posterior and margin; again as evidence arrives.

Every round looks at what is due. A till is decided as a whole, all its sales against all stays at it, since its queue
has an order; other places one touchpoint at a time. A link that later evidence speaks against is dissolved.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from calibration.site import Site
from central.store import links, members, persons, positions, touchpoints
from central.store.links import Link
from central.store.store import Store
from central.store.touchpoints import NO_CONSENT, Touchpoint
from central.touchpoints.beliefs import WRONG_CARD, Belief, Beliefs, carried_shares
from central.touchpoints.kernels import in_order
from central.touchpoints.likelihood import (
    CODE_SPREAD_M,
    KIOSK_SPREAD_M,
    POINT_RADIUS_M,
    TILL_SPREAD_M,
    Stance,
    TillClock,
    point_odds,
    till_closeness,
    till_odds,
)
from central.touchpoints.nearby import KEPT_S, Nearby
from central.touchpoints.stints import Stint, stints

log = logging.getLogger(__name__)

LINKING_PURPOSE = "journey"
"""The consent without which no member is ever joined to a visitor."""
LEAST_CONFIDENCE = 0.965
"""A posterior below links nobody."""
LEAST_MARGIN = 20.0
"""The best must be so many times likelier than the runner-up."""
DISSOLVE_BELOW = 0.3
"""A link whose own touchpoint, looked at again, says less is taken back."""

WINDOW_S = 2.5
"""Positions this long before and after a check-in count."""
STOOD_S = 10.0
"""Where somebody stands is told from so many seconds before, too."""
SETTLE_S = 1.0
"""Positions of the window's end have arrived this long after it."""
PATIENCE_S = 10.0
"""A check-in that cannot be resolved this long after it stays unresolved: the positions are on their way until then."""

TILL_SETTLE_S = 20.0
"""A sale is first looked at this long after it: the payer has left, or not."""
TILL_AGAIN_S = 15.0
TILL_PATIENCE_S = 150.0
"""The longest that a sale is looked at again; one booked late is told from the next one by what follows."""
AUDIT_S = (60.0, 180.0)
"""So long after a link the till is looked at again."""
TILL_BACK_S = 240.0
"""Sales and stays so long before the oldest undecided sale are matched with it."""
LEARNS_AFTER_S = 120.0
TILL_RADIUS_M = 2.5
BUSTLE_RADIUS_M, BUSTLE_S, BUSTLE_EVERY_S = 1.0, 300.0, 120.0
"""How busy a place is, is told from so much of it and so many seconds, and looked at anew so often."""
ZONE_ODDS = 60.0
"""Of somebody in a zone where nothing else is known; alone there they are linked."""
FORGET_EVERY_S = 300.0


@dataclass(frozen=True, slots=True)
class Shares:
    """What a touchpoint comes to.

    Attributes:
        of: probability that the member is each visitor, by number; the rest is nobody we saw, or a wrong card.
        facts: by number, what it was decided on.
        where: by number, metres from the place.
    """

    of: dict[int, float]
    facts: dict[int, dict[str, Any]]
    where: dict[int, tuple[float, float]]


class Linker:
    """Joins touchpoints to visitors; what it remembers is a cache.

    Args:
        store: where both are.
        site: its zones and places.
    """

    def __init__(self, store: Store, site: Site) -> None:
        self._store = store
        self._site = site
        self._nearby = {floor: Nearby(store.database, store.site, floor) for floor in site.floors}
        self._beliefs = Beliefs()
        self._clocks: dict[str, TillClock] = {}
        self._stances = {
            "till": Stance(TILL_SPREAD_M),
            "code": Stance(CODE_SPREAD_M),
            "kiosk": Stance(KIOSK_SPREAD_M),
            "parking": Stance(KIOSK_SPREAD_M),
        }
        self._learnt: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._bustle: dict[str, tuple[float, float]] = {}
        self._audits: dict[str, list[float]] = {}
        self._forgot_at = 0.0
        self._recalled = False

    def update(self, now: float) -> int:
        """Resolve what can be resolved; the number of links made."""
        waiting = links.open_touchpoints(self._store.database, self._store.site)
        if not self._recalled:
            self._recall()
        due = [one for one in waiting if now >= self._due.get(one.touchpoint, _first_look(one, self._is_till(one)))]
        due = [one for one in due if self._may(one)]
        audits = {place for place, times in self._audits.items() if times and times[0] <= now}
        if not due and not audits:
            return 0
        for floor in {one.floor for one in due} | {self._site.places[place].floor for place in audits}:
            if floor in self._nearby:
                self._nearby[floor].refresh(now)
        made = 0
        tills = audits | {one.place for one in due if self._is_till(one)}
        for place in sorted(tills):
            self._audits[place] = [at for at in self._audits.get(place, []) if at > now]
            made += self._decide_till(now, place, [one for one in waiting if one.place == place])
        for one in due:
            if not self._is_till(one):
                made += self._decide_point(now, one)
        if now - self._forgot_at > FORGET_EVERY_S:
            self._forgot_at = now
            self._beliefs.forget(now, 6 * 3600.0)
            still = {one.touchpoint for one in waiting}
            self._due = {name: at for name, at in self._due.items() if name in still}
        return made

    def _recall(self) -> None:
        """What links tell of the members they are of, after a start."""
        standing = links.members_of(self._store.database, self._store.site)
        numbers = positions.numbers_of(
            self._store.database, self._store.site, [one.visitor for all_ in standing.values() for one in all_]
        )
        for member, joined in standing.items():
            for one in joined:
                if one.visitor in numbers:
                    belief = Belief(one.at, one.floor, {numbers[one.visitor]: one.confidence})
                    self._beliefs.put(member, one.touchpoint, belief)
        self._recalled = True

    def _may(self, one: Touchpoint) -> bool:
        """Whether its member agrees to be linked; else it is closed at once."""
        member = members.find(self._store.database, self._store.site, one.member) if one.member else None
        if member is None or not member.agreed_to(LINKING_PURPOSE):
            links.close(self._store.database, self._store.site, one.touchpoint, NO_CONSENT)
            return False
        return True

    def _is_till(self, one: Touchpoint) -> bool:
        place = self._site.places.get(one.place)
        return one.kind in {"sale", "redemption"} and place is not None and place.kind == "till"

    def _decide_till(self, now: float, place_id: str, waiting: list[Touchpoint]) -> int:
        place, database, site = self._site.places[place_id], self._store.database, self._store.site
        nearby = self._nearby[place.floor]
        oldest = min((one.at for one in waiting), default=now - AUDIT_S[-1])
        start = max(min(oldest, now - AUDIT_S[-1]) - TILL_BACK_S, now - KEPT_S)
        told = [one for one in touchpoints.at_place(database, site, place_id, start, now) if self._is_till(one)]
        fixes = nearby.around(place.x, place.y, TILL_RADIUS_M, start - 60.0, now)
        found = stints(fixes)
        clock = self._clocks.setdefault(place_id, TillClock())
        close = till_closeness(
            np.array([one.x for one in found]),
            np.array([one.y for one in found]),
            np.array([one.end - one.start for one in found]),
            self._stances["till"].spread_m,
            self._stances["till"].offset_m(place_id),
        )
        late = np.array([one.at for one in told])[:, None] - np.array([one.end for one in found])[None, :]
        self._learn(place_id, told, late, close, now=now)
        raw = till_odds(close, clock.density(late), len(told), now - start + 60.0)
        names = nearby.names({one.visitor for one in found}, now)
        staff = persons.staff_among(database, site, names.values())
        numbers = [one.visitor for one in found]
        factors = np.ones_like(raw)
        for row, one in enumerate(told):
            if one.member and one.outcome != NO_CONSENT:
                factors[row] = self._beliefs.factors(one, numbers, nearby)
        raw[:, [names.get(number, "") in staff for number in numbers]] = 0.0
        shares = in_order(np.ascontiguousarray(raw * (factors * (1 - WRONG_CARD) + WRONG_CARD)))
        theirs = factors * (1 - WRONG_CARD) / (factors * (1 - WRONG_CARD) + WRONG_CARD)
        made = 0
        for row, one in enumerate(told):
            if not one.member or (one.state == "closed" and one.outcome != "linked"):
                continue
            of = _by_visitor(found, shares[row, :-1] * theirs[row])
            facts = _till_facts(found, shares[row, :-1] * theirs[row], late[row], clock.offset_s)
            where = {stint.visitor: (stint.x, stint.y) for stint in found}
            made += self._conclude(now, one, Shares(of, facts, where), nearby.names(of, one.at), is_till=True)
        return made

    def _learn(
        self,
        place: str,
        told: list[Touchpoint],
        late: npt.NDArray[np.float64],
        close: npt.NDArray[np.float64],
        *,
        now: float,
    ) -> None:
        since = self._learnt.get(place, 0.0)
        for row, one in enumerate(told):
            if since < one.at <= now - LEARNS_AFTER_S:
                near = np.abs(late[row]) < 150.0
                self._clocks[place].learn(late[row][near], close[near])
                self._learnt[place] = one.at

    def _decide_point(self, now: float, one: Touchpoint) -> bool:
        nearby = self._nearby.get(one.floor)
        if nearby is None:
            links.close(self._store.database, self._store.site, one.touchpoint, "nobody there")
            return False
        start, end = one.at - WINDOW_S, one.at + WINDOW_S
        place = self._site.places.get(one.place)
        if one.x is not None and one.y is not None:
            stance = self._stances["code" if place is None else place.kind]
            fixes = nearby.around(one.x, one.y, POINT_RADIUS_M, one.at - STOOD_S, end)
            bustle = self._bustle_at(nearby, one)
            here = point_odds(fixes, start, stance.spread_m, stance.offset_m(one.place), bustle)
            numbers, raw, seen = here.numbers, here.odds, here.seen_s
            where = dict(zip(numbers, zip(here.x.tolist(), here.y.tolist(), strict=True), strict=True))
        else:
            fixes = nearby.around(0.0, 0.0, 1e6, start, end)
            inside = self._site.floors[one.floor].zones[one.zone or ""].contains(np.column_stack([fixes.x, fixes.y]))
            who, counts = np.unique(fixes.number[inside], return_counts=True)
            numbers, seen = who[counts >= 2].tolist(), counts[counts >= 2].astype(np.float64)
            raw, where = np.full(len(numbers), ZONE_ODDS), dict.fromkeys(numbers, (0.0, 0.0))
        names = nearby.names(numbers, one.at)
        staff = persons.staff_among(self._store.database, self._store.site, names.values())
        raw[[names.get(number, "") in staff for number in numbers]] = 0.0
        factors = self._beliefs.factors(one, numbers, nearby)
        odds = raw * (factors * (1 - WRONG_CARD) + WRONG_CARD)
        shares = odds / (1.0 + odds.sum()) * factors * (1 - WRONG_CARD) / (factors * (1 - WRONG_CARD) + WRONG_CARD)
        facts = {
            number: {"distance_m": round(float(np.hypot(*where[number])), 2), "dwell_s": float(seen[index])}
            for index, number in enumerate(numbers)
        }
        of = dict(zip(numbers, shares.tolist(), strict=True))
        return self._conclude(now, one, Shares(of, facts, where), names, is_till=False)

    def _conclude(self, now: float, one: Touchpoint, found: Shares, names: dict[int, str], *, is_till: bool) -> bool:
        """Whether a link was made of it."""
        best, share, runner_up = _first_two(found.of)
        self._believe(one, found)
        if one.state == "closed":
            self._audit(now, one, found, names)
            return False
        if share >= LEAST_CONFIDENCE and share >= LEAST_MARGIN * runner_up and names.get(best):
            self._learn_stance(one, found)
            return self._link(now, one, found, (best, share, runner_up), names)
        if now >= max(one.at + (TILL_PATIENCE_S if is_till else PATIENCE_S), one.heard + 1.0):
            outcome = "nobody there" if not found.of else "not sure enough"
            if runner_up > 1 - LEAST_CONFIDENCE:
                outcome = "more than one there"
            links.close(self._store.database, self._store.site, one.touchpoint, outcome)
            self._learn_stance(one, found)
        elif is_till:
            self._due[one.touchpoint] = now + TILL_AGAIN_S
        return False

    def _bustle_at(self, nearby: Nearby, one: Touchpoint) -> float:
        """People per square metre at the place itself in the last minutes: some are there who tell us nothing."""
        if not one.place or one.x is None or one.y is None:
            return 0.0
        since, known = self._bustle.get(one.place, (-np.inf, 0.0))
        if one.at - since > BUSTLE_EVERY_S:
            fixes = nearby.around(one.x, one.y, BUSTLE_RADIUS_M, one.at - BUSTLE_S, one.at)
            known = len(fixes.at) / BUSTLE_S / (np.pi * BUSTLE_RADIUS_M**2)
            self._bustle[one.place] = (one.at, known)
        return known

    def _learn_stance(self, one: Touchpoint, found: Shares) -> None:
        place = self._site.places.get(one.place)
        for number, share in found.of.items() if place is not None else ():
            if place is not None and share > 0.05:
                self._stances[place.kind].learn(one.place, *found.where[number], share)

    def _believe(self, one: Touchpoint, found: Shares) -> None:
        """Remember what it came to; what it leaves open stays with whom the member was before."""
        if one.floor not in self._nearby:
            return
        nearby = self._nearby[one.floor]
        shares = {number: share for number, share in found.of.items() if share > 0.005}
        before = self._beliefs.before(one.member, one.touchpoint, one.at)
        rest = max(1.0 - sum(shares.values()), 0.0)
        if before is not None:
            for number, share in carried_shares(before, one.floor, one.at, nearby).items():
                shares[number] = shares.get(number, 0.0) + (rest * share if number not in found.of else 0.0)
        self._beliefs.put(one.member, one.touchpoint, Belief(one.at, one.floor, shares))

    def _link(
        self, now: float, one: Touchpoint, found: Shares, decided: tuple[int, float, float], names: dict[int, str]
    ) -> bool:
        best, share, runner_up = decided
        visitor = names[best]
        database, site = self._store.database, self._store.site
        facts = {
            "confidence": round(share, 4),
            "runner_up": round(runner_up, 4),
            "candidates": len(found.of),
            "touchpoint": one.kind,
            **found.facts.get(best, {}),
        }
        nearby = self._nearby[one.floor]
        instead = [
            (one.member, old.visitor, "a later touchpoint shows somebody else")
            for old in links.links_of(database, site, one.member)
            if old.visitor != visitor
            and old.floor == one.floor
            and old.at <= one.at
            and self._is_there(nearby, old, one.at, best)
        ]
        other = links.taken_visitors(database, site).get(visitor)
        if other is not None and other != one.member:
            instead.append((other, visitor, "another member's touchpoint shows that it is them"))
        link = Link(one.member, visitor, one.floor, one.touchpoint, round(share, 4), one.at, facts)
        made = links.link(database, site, link, LINKING_PURPOSE, instead_of=instead)
        if made and self._is_till(one):
            self._audits[one.place] = sorted([*self._audits.get(one.place, []), *(now + after for after in AUDIT_S)])
        return made

    def _is_there(self, nearby: Nearby, old: Link, at: float, best: int) -> bool:
        """Whether the visitor of an earlier link was still seen at that instant: then it was not the member."""
        number = positions.numbers_of(self._store.database, self._store.site, [old.visitor]).get(old.visitor)
        return number is not None and nearby.root(number) != best and nearby.last.get(number, 0.0) >= at

    def _audit(self, now: float, one: Touchpoint, found: Shares, names: dict[int, str]) -> None:
        """Take a link back that its own touchpoint speaks against by now."""
        for link in links.links_of(self._store.database, self._store.site, one.member):
            if link.touchpoint == one.touchpoint:
                share = sum(share for number, share in found.of.items() if names.get(number) == link.visitor)
                if share < DISSOLVE_BELOW:
                    why = "what followed at the till shows somebody else"
                    links.dissolve(self._store.database, self._store.site, one.member, link.visitor, why=why, now=now)


def _first_look(one: Touchpoint, is_till: bool) -> float:
    return one.at + (TILL_SETTLE_S if is_till else WINDOW_S + SETTLE_S)


def _first_two(of: dict[int, float]) -> tuple[int, float, float]:
    """Best visitor, their probability, that of the runner-up."""
    ranked = sorted(of.items(), key=lambda pair: -pair[1])
    if not ranked:
        return 0, 0.0, 0.0
    return ranked[0][0], ranked[0][1], ranked[1][1] if len(ranked) > 1 else 0.0


def _by_visitor(found: list[Stint], shares: npt.NDArray[np.float64]) -> dict[int, float]:
    of: dict[int, float] = {}
    for stint, share in zip(found, shares.tolist(), strict=True):
        if share > 1e-4:
            of[stint.visitor] = of.get(stint.visitor, 0.0) + share
    return of


def _till_facts(
    found: list[Stint], shares: npt.NDArray[np.float64], late: npt.NDArray[np.float64], offset_s: float
) -> dict[int, dict[str, Any]]:
    facts: dict[int, dict[str, Any]] = {}
    for index in np.argsort(shares).tolist():
        stint = found[index]
        facts[stint.visitor] = {
            "distance_m": round(stint.off_m, 2),
            "dwell_s": round(stint.end - stint.start, 1),
            "booked_after_s": round(float(late[index]), 1),
            "till_clock_s": round(offset_s, 1),
        }
    return facts
