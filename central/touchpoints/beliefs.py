"""What a member's earlier touchpoints of today say of who they are now, and what other members' say of the same."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from central.store.touchpoints import Touchpoint
from central.touchpoints.nearby import Nearby

TRUST_S = 2400.0
"""Mean time until a track that goes on is somebody else's: ids are swapped where people pass close."""
LOST_S = 10.0
"""A visitor not seen for so long is not that visitor any more."""
FRESH_SHARE = 0.8
"""Who is lost is more likely somebody who appeared since than somebody who was there all along."""
WRONG_CARD = 0.01
"""Share of touchpoints that are not the member's at all: a partner's card, a phone given along."""
CLAIM_LEAST = 0.02
KEPT = 6
"""Earlier touchpoints remembered of a member."""


@dataclass(frozen=True, slots=True)
class Belief:
    """Which visitors a member may have been at a touchpoint, by number; the rest is nobody we saw."""

    at: float
    floor: str
    shares: dict[int, float]


class Beliefs:
    """The members' latest touchpoints, by member and touchpoint; a cache that links refill."""

    def __init__(self) -> None:
        self._by_member: dict[str, dict[str, Belief]] = {}
        self._claims: dict[int, dict[str, tuple[float, float]]] = {}

    def put(self, member: str, touchpoint: str, belief: Belief) -> None:
        """Remember what a touchpoint came to; again where it is decided again."""
        known = self._by_member.setdefault(member, {})
        known[touchpoint] = belief
        while len(known) > KEPT:
            oldest = min(known, key=lambda one: known[one].at)
            del known[oldest]
        for claims in self._claims.values():
            claims.pop(member, None)
        for number, share in max(known.values(), key=lambda one: one.at).shares.items():
            self._claims.setdefault(number, {})[member] = (share, belief.at)
        if len(self._claims) > 20_000:
            self._claims = {number: claims for number, claims in self._claims.items() if claims}

    def before(self, member: str, touchpoint: str, at: float) -> Belief | None:
        """The latest touchpoint before that instant, other than that one."""
        known = self._by_member.get(member, {})
        earlier = [one for name, one in known.items() if name != touchpoint and one.at <= at]
        return max(earlier, key=lambda one: one.at, default=None)

    def forget(self, now: float, horizon_s: float) -> None:
        """Drop what is older."""
        self._by_member = {
            member: known
            for member, known in self._by_member.items()
            if max(one.at for one in known.values()) > now - horizon_s
        }
        self._claims = {
            number: kept
            for number, claims in self._claims.items()
            if (kept := {who: one for who, one in claims.items() if who in self._by_member})
        }

    def factors(self, one: Touchpoint, numbers: list[int], nearby: Nearby) -> npt.NDArray[np.float64]:
        """(N,) how much likelier than by chance each visitor is the member, before the touchpoint itself is looked at.

        Args:
            one: what is being decided; it does not speak for itself.
            numbers: N visitors.
            nearby: its floor's positions.
        """
        member, at = one.member, one.at
        found = np.ones(len(numbers))
        belief = self.before(member, one.touchpoint, at)
        if belief is not None:
            found = _carried(belief, one.floor, numbers, at, nearby)
        for index, number in enumerate(numbers):
            for other, (share, since) in self._claims.get(number, {}).items():
                if other != member:
                    held = share * math.exp(-abs(at - since) / TRUST_S)
                    found[index] *= max(1.0 - held, CLAIM_LEAST)
        return found


def carried_shares(belief: Belief, floor: str, at: float, nearby: Nearby) -> dict[int, float]:
    """Of an earlier touchpoint's visitors those who are still the same and there, with their probability now."""
    if belief.floor != floor:
        return {}
    held = math.exp(-abs(at - belief.at) / TRUST_S)
    kept: dict[int, float] = {}
    for number, share in belief.shares.items():
        root = nearby.root(number)
        if nearby.last.get(root, -math.inf) >= at - LOST_S:
            kept[root] = kept.get(root, 0.0) + share * held
    return kept


def _carried(belief: Belief, floor: str, numbers: list[int], at: float, nearby: Nearby) -> npt.NDArray[np.float64]:
    present = [number for number, last in nearby.last.items() if last >= at - LOST_S and nearby.first[number] <= at]
    kept = carried_shares(belief, floor, at, nearby)
    held = math.exp(-abs(at - belief.at) / TRUST_S)
    alive = sum(kept.values()) / held
    swapped = alive * (1.0 - held)
    lost = max(1.0 - alive, 0.0)
    fresh = sum(nearby.first[number] > belief.at for number in present)
    old = max(len(present) - fresh, 1)
    everybody = max(len(present), 1)
    found = np.empty(len(numbers))
    for index, number in enumerate(numbers):
        is_fresh = nearby.first.get(number, at) > belief.at
        by_loss = lost * FRESH_SHARE / max(fresh, 1) if is_fresh else lost * (1 - FRESH_SHARE) / old
        found[index] = (kept.get(number, 0.0) + swapped / everybody + by_loss) * everybody
    return found
