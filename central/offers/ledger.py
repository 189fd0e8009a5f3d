"""Decides in memory what the engine decides in the store: for rehearsals, which make nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from central.offers import counting, holdout
from central.offers.counting import STOCK_AGAIN_S, Standing
from central.offers.facts import Due, Settled, apart_s
from central.store.offers import Arm


@dataclass(frozen=True, slots=True)
class Entry:
    """An offer that would have been made, or held out; ``cost`` in minor units."""

    due: Due
    arm: Arm
    day: str
    occasion: str
    cost: int


class Ledger:
    """Remembers what it gave.

    Args:
        timezone: of the site.
        holdout_key: 32 bytes that choose who is held out.
        groups: campaigns by exclusion group.
        costs: of a coupon of each pool, minor units.
        stock: of each pool, as far as it has an end.
    """

    def __init__(
        self,
        timezone: tzinfo,
        holdout_key: bytes = bytes(32),
        groups: Mapping[str, frozenset[str]] | None = None,
        costs: Mapping[str, int] | None = None,
        stock: Mapping[str, int] | None = None,
    ) -> None:
        self._timezone = timezone
        self._holdout_key = holdout_key
        self._groups = groups or {}
        self._costs = costs or {}
        self._left = dict(stock or {})
        self.entries: list[Entry] = []
        self._of_member: dict[str, list[Entry]] = defaultdict(list)
        self._today: dict[tuple[str, str], int] = defaultdict(int)
        self._total: dict[str, int] = defaultdict(int)
        self._cost: dict[str, int] = defaultdict(int)

    def decide(self, due: Due) -> Settled:
        """Give it, or say why not, as of the instant at which it is due."""
        campaign = due.campaign
        local = datetime.fromtimestamp(due.at, self._timezone)
        day = f"{local:%Y-%m-%d}"
        standing = self._standing(due, day)
        held = counting.weigh(campaign, standing, due.at, due.visit_start, self._timezone)
        if held is not None:
            return held
        if self._left.get(campaign.coupon, 1) <= 0:
            return Settled(
                made=False, until=due.at + STOCK_AGAIN_S, why="stock", for_all=True, short_by=1, unit="coupons"
            )
        cost = self._costs.get(campaign.coupon, 0)
        short = counting.over_budget(campaign, standing, cost)
        if short is not None:
            return short
        arm = holdout.arm(self._holdout_key, campaign.id, due.member, campaign.holdout_percent)
        entry = Entry(
            due,
            arm,
            day,
            counting.occasion(campaign, local, standing.of_member_today),
            cost if arm == "offer" else 0,
        )
        self.entries.append(entry)
        self._of_member[due.member].append(entry)
        if arm == "offer":
            self._today[campaign.id, day] += 1
            self._total[campaign.id] += 1
            self._cost[campaign.id] += cost
            if campaign.coupon in self._left:
                self._left[campaign.coupon] -= 1
        return Settled(made=True, until=counting.occasion_end(campaign, due.at, self._timezone))

    def _standing(self, due: Due, day: str) -> Standing:
        campaign = due.campaign
        had = self._of_member[due.member]
        own = [entry for entry in had if entry.due.campaign.id == campaign.id]
        same = self._groups.get(campaign.group, frozenset()) - {campaign.id} if campaign.group else frozenset()
        return Standing(
            of_member=len(own),
            of_member_today=sum(entry.day == day for entry in own),
            last_at=max((entry.due.at for entry in own), default=None),
            any_at=max((entry.due.at for entry in had), default=None),
            group_today=min({one.due.campaign.id for one in had if one.day == day} & same, default=""),
            today=self._today[campaign.id, day],
            total=self._total[campaign.id],
            cost=self._cost[campaign.id],
            apart_s=apart_s(due.member),
        )
