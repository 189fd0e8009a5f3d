"""From the mall's traffic to members who come back, week by week."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np

from central.insight.compare import YOUNG
from central.insight.crowds import Teller
from central.insight.figure import Figure, count_figure
from central.insight.window import Window
from central.results.telling import members_figure, share_of_members
from central.store.result_counts import week

if TYPE_CHECKING:
    from central.results.results import Sources

BACK_WITHIN_DAYS = 30


@dataclass(frozen=True, slots=True)
class FunnelWeek:
    """A week, Monday to Sunday, or the part of it that was asked for.

    Attributes:
        first: its first day.
        last: its last day.
        traffic: people in the mall, day by day, added up: who comes on two days is counted twice, since nobody
            without a consent is known again.
        member_days: members' days in the mall, of those who were known in it; they are part of the traffic.
        present: different members.
        offered: of whom offered something.
        delivered: out of those offered, whose offer is confirmed to have arrived; withheld where nobody confirms.
        redeemed: out of those offered, who used a coupon of it.
        came_back: out of those offered, who were in the mall again within 30 days; young until these are over.
    """

    first: date
    last: date
    traffic: Figure
    member_days: Figure
    present: Figure
    offered: Figure
    delivered: Figure
    redeemed: Figure
    came_back: Figure


def funnel(services: Sources, first: date, last: date, as_of: date) -> list[FunnelWeek]:
    """The weeks of these days, both included."""
    return [_week(services, start, end, as_of) for start, end in weeks(first, last)]


def weeks(first: date, last: date) -> Iterator[tuple[date, date]]:
    """Monday to Sunday, the first and last perhaps shorter.

    >>> [(str(start), str(end)) for start, end in weeks(date(2026, 1, 30), date(2026, 2, 3))]
    [('2026-01-30', '2026-02-01'), ('2026-02-02', '2026-02-03')]
    """
    start = first
    while start <= last:
        end = min(start + timedelta(days=6 - start.weekday()), last)
        yield start, end
        start = end + timedelta(days=1)


def traffic(services: Sources, first: date, last: date) -> Figure:
    """People in the mall on these days, a day at a time; everybody counts once a day."""
    suppression, total, spread = services.insight.suppression, 0, 0.0
    for day in range((last - first).days + 1):
        window = Window.of_day(first + timedelta(days=day), services.site.timezone)
        stays = services.insight.reader.stays(window, services.clock())
        teller = Teller(suppression, window.marks, "shoppers")
        people = teller.people(["visitors mall"], np.zeros(len(stays), np.int64), stays.person, stays.people)
        total += int(people[0])
        spread += suppression.deviation**2
    return count_figure(total, round(2 * spread**0.5))


def _week(services: Sources, first: date, last: date, as_of: date) -> FunnelWeek:
    store, k = services.store, services.insight.k
    found = week(store.database, store.site, first.isoformat(), last.isoformat(), BACK_WITHIN_DAYS)
    is_over = last + timedelta(days=BACK_WITHIN_DAYS) <= as_of
    return FunnelWeek(
        first,
        last,
        traffic(services, first, last),
        members_figure(found.member_days if found.present >= k else 0, k),
        members_figure(found.present, k),
        members_figure(found.offered, k),
        share_of_members(found.confirmed, found.offered if found.told_of else 0, k),
        share_of_members(found.redeemed, found.offered, k),
        share_of_members(found.came_back, found.offered, k) if is_over else YOUNG,
    )
