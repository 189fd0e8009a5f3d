"""How long everything is kept; the rounds that delete what has expired and count afterwards that it is gone."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from central.store import erasures, forgetting, retention
from central.store.heat.purging import CHUNKS_KEPT_S, MINUTES_KEPT_S
from central.store.retention import RULES, Purge
from central.store.store import Store

log = logging.getLogger(__name__)

HOUR_S, DAY_S = 3600.0, 86_400.0
PURGE_EVERY_S = 60.0
LATE_AFTER_S = 900.0
"""Without a purge for so long something is wrong."""
LOOK_EVERY_S = HOUR_S
NEWEST_DAYS = 3
"""Days just forgotten are looked through again every hour, as a box that was away may tell of them still."""
ROTATED_DAYS = 16
"""Of all older days so many are looked through every hour: all of 400 within about a day."""
IDS = "visitor ids"


@dataclass(frozen=True, slots=True)
class Keep:
    """How long each kind is kept, in seconds; what is told at all of a person's visit is never kept longer than this.

    Attributes:
        positions: where people were, second by second.
        minutes: heat by visitor, minute by minute.
        heat: the same by quarter hour, after which heat knows no visitors.
        links: which member is which visitor.
        happenings: that something about a member changed.
        people: which visitors are one person, a party, staff, by the box's ids.
        touchpoints: a member's check-ins.
        history: visits, crossings and journeys, without the box's ids; offers.
        quarantine: what could not be taken in.
        audit: who asked what; purges and erasures.
        logins: sessions of browsers.
    """

    positions: float = 900.0
    minutes: float = MINUTES_KEPT_S
    heat: float = CHUNKS_KEPT_S
    links: float = DAY_S
    happenings: float = HOUR_S
    people: float = 2 * DAY_S
    touchpoints: float = 30 * DAY_S
    history: float = 400 * DAY_S
    quarantine: float = 30 * DAY_S
    audit: float = 90 * DAY_S
    logins: float = DAY_S

    def seconds(self, kind: str) -> float:
        """How long a kind is kept."""
        return float(getattr(self, kind))


class Retention:
    """Deletes what has expired; keeps no truth of its own.

    Args:
        store: the truth.
        keep: for how long.
        timezone: of the site: a day of visits is forgotten as a whole, 24 to 48 hours after it happened.
        new_key: random, in place of visitors' ids.
    """

    def __init__(
        self,
        store: Store,
        keep: Keep,
        timezone: ZoneInfo,
        new_key: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        self.keep = keep
        self._store = store
        self._timezone = timezone
        self._new_key = new_key
        self._purged_at = -1e18
        self._looked_at = -1e18
        self._before = -1e18
        self._days: list[tuple[float, float]] = []
        self._turn = 0
        self._ids = (0, 0)

    def update(self, now: float) -> None:
        """What is due at that instant: forgetting before deleting, as it needs to know who was one person."""
        database, site = self._store.database, self._store.site
        if erasures.are_open(database, site):
            erasures.settle(database, site, now)
        before = self.forget_before(now)
        if before != self._before:
            for day in self._due_days(before)[:NEWEST_DAYS]:
                self._forget(day)
            self._before = before
        elif self._days:  # one a round, since it takes half a second to look through a day of 40,000 people
            self._forget(self._days.pop())
        elif now - self._looked_at >= LOOK_EVERY_S:
            self._looked_at = now
            self._days = self._choice(before)
        if now - self._purged_at >= PURGE_EVERY_S:
            self._purge(now, before)

    def everything(self, now: float) -> tuple[int, list[Purge]]:
        """All that is due at that instant, however long it takes: visitors' ids replaced, and what each rule did."""
        database, site = self._store.database, self._store.site
        if erasures.are_open(database, site):
            erasures.settle(database, site, now)
        before = self.forget_before(now)
        for day in self._due_days(before):
            self._forget(day)
        replaced = self._ids[0]
        return replaced, self._purge(now, before)

    def _purge(self, now: float, before: float) -> list[Purge]:
        database, site = self._store.database, self._store.site
        done = [Purge(IDS, now, before, sum(self._ids), self._ids[0], self._ids[1])]
        done += [retention.purge(database, site, rule, now - self.keep.seconds(rule.kept), now) for rule in RULES]
        retention.note(database, site, done)
        self._purged_at, self._ids = now, (0, 0)
        for one in done:
            if one.left_over:
                log.error("purge of %s: %d rows that expired are still there", one.rule, one.left_over)
        return done

    def forget_before(self, now: float) -> float:
        """Visitors' ids of before this instant are to be gone: the beginning of yesterday."""
        today = datetime.fromtimestamp(now, self._timezone).replace(hour=0, minute=0, second=0, microsecond=0)
        return (today - timedelta(days=1)).timestamp()

    def _forget(self, day: tuple[float, float]) -> None:
        one = forgetting.forget(self._store.database, self._store.site, *day, self._new_key)
        replaced, left = self._ids
        self._ids = (replaced + one.found - one.left, left + one.left)
        if one.found:  # there may be more where this came from
            self._looked_at = -1e18

    def _choice(self, before: float) -> list[tuple[float, float]]:
        """Days to look through again: the newest that are due, and some of the older ones in turn."""
        days = self._due_days(before)
        older = days[NEWEST_DAYS:]
        turn = [older[(self._turn + at) % len(older)] for at in range(min(ROTATED_DAYS, len(older)))]
        self._turn += len(turn)
        return days[:NEWEST_DAYS] + turn

    def _due_days(self, before: float) -> list[tuple[float, float]]:
        """All days that are to be forgotten, newest first."""
        first = forgetting.first_instant(self._store.database, self._store.site)
        if first is None or first >= before:
            return []
        bounds = [datetime.fromtimestamp(before, self._timezone)]
        while bounds[-1].timestamp() > first:
            bounds.append(bounds[-1] - timedelta(days=1))
        return [(start.timestamp(), end.timestamp()) for end, start in pairwise(bounds)]


def left_over(store: Store) -> list[str]:
    """What has expired and is still there, in one line each; empty is good."""
    return [
        f"{one.rule}: {one.left_over} rows that expired are still there; look into central's log"
        for one in retention.last_purges(store.database, store.site)
        if one.left_over
    ]


def faults(store: Store, now: float) -> list[str]:
    """What of our promises to forget does not hold, each in one line; empty is good."""
    purges = retention.last_purges(store.database, store.site)
    if not purges or now - max(one.at for one in purges) > LATE_AFTER_S:
        return ["the purge has not run lately: look into central's log, and whether the disk is full"]
    return left_over(store)
