"""Makes offers as things happen: follows the feed, lets the pure core decide, and makes what is due in the store.

It keeps what it knows in memory only as a copy: killed at any moment, it reads it all again from the store. Two
engines on one file decide the same, and the store lets only one of them make it.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Protocol

from calibration.site import Site
from central.offers import counting
from central.offers.book import categories_of
from central.offers.campaigns import Campaign, Pool
from central.offers.conditions import judge
from central.offers.deciding import Deciding
from central.offers.explain import LINKING_PURPOSE, Explanation
from central.offers.facts import Due, Gone, Hold, Known, Miss, Settled, next_midnight, visit_start
from central.offers.loading import Loader
from central.offers.making import Issuer, Maker, Outbox
from central.offers.planning import plan
from central.offers.screens import Screens
from central.offers.situation import Situation
from central.store import decisions, deliveries, happenings, links
from central.store.decisions import NearMiss
from central.store.store import Store

log = logging.getLogger(__name__)

TOGETHER = 256
"""Happenings that are taken in and decided on in one go."""
LOOK_EVERY_S = 0.5
"""Whether visitors are still where a decision waits for them is looked at this often: positions come once a second."""
CLOCK_SLACK_S = 5.0
"""A clock that was put back by more than this is believed, and everything read anew."""
READ_A_ROUND = 100
"""At the start so many members are read in a round; who does something meanwhile is read at once."""
MISSES_EVERY_S = 0.25
"""Near misses are written down this often, of so many members at a time,"""
MISSES_OF_MEMBERS = 25
MISSES_OF_MEMBER = 8
"""and of each this many at most: those held back first, then by the campaigns' priority."""


class Book(Protocol):
    """The campaigns and pools in force."""

    @property
    def campaigns(self) -> Sequence[Campaign]:
        """The enabled ones."""

    @property
    def all(self) -> Sequence[Campaign]:
        """Enabled or not."""

    @property
    def pools(self) -> Mapping[str, Pool]:
        """By id."""

    @property
    def stamp(self) -> int:
        """Grows with every change."""

    def refresh(self) -> bool:
        """Read the file again if it has changed."""


class OfferEngine:
    """Follows the feed of one site.

    Args:
        store: the truth.
        site: zones, categories, time zone.
        book: campaigns and pools.
        coupons: gives coupons within the offer's transaction.
        holdout_key: 32 bytes that choose who is held out.
        new_id: a fresh unguessable id for an offer.
        outbox: takes what is owed to the channels, within the offer's transaction.
        channels: ``mqtt``, ``webhook:<name>``.
        crowd: people by (floor, zone) as they may be told, for screens; None where there are none.
    """

    def __init__(  # noqa: PLR0917 - one part each
        self,
        store: Store,
        site: Site,
        book: Book,
        coupons: Issuer,
        holdout_key: bytes,
        new_id: Callable[[], str] = lambda: secrets.token_hex(12),
        *,
        outbox: Outbox = deliveries.queue,
        channels: Sequence[str] = (),
        crowd: Callable[[float], Mapping[tuple[str, str], int | None]] | None = None,
    ) -> None:
        self._store = store
        self._site = site
        self._book = book
        self._categories = categories_of(site)
        self._coupons = coupons
        self._maker = Maker(store, site, coupons, holdout_key, new_id, outbox, channels)
        self._loader = Loader(store, site)
        self._screens = Screens(site, self._categories, self._maker, crowd)
        self._deciding: Deciding | None = None
        self._stamp = -1
        self._day_ends = 0.0
        self._number = 0
        self._at = 0.0
        self._missed_at = 0.0
        self._looked_at = 0.0
        self._missed: dict[str, tuple[tuple[str, str, int], ...]] = {}
        self._unread: deque[str] = deque()
        self._lock = threading.Lock()

    @property
    def members(self) -> int:
        """Members who are linked now, as of the last update."""
        return 0 if self._deciding is None else len(self._deciding)

    @property
    def unread(self) -> int:
        """Linked members that are still to be read since the start, or since the campaigns changed."""
        return len(self._unread)

    def update(self, now: float) -> int:
        """Make every offer that is due; the number of offers and holdouts made.

        Raises:
            StoreUnavailableError: the store cannot be written now; what was not made is made by a later update.
        """
        with self._lock:
            try:
                return self._update(now)
            except BaseException:
                self._maker.abandon()
                self._deciding = None  # what it takes for settled may not stand: read it all again
                raise

    def why(self, member: str, now: float) -> list[Explanation]:
        """Every campaign with every verdict about the member, as of this instant; nothing is changed by asking."""
        known = self._loader.known(member, now, now)
        missing = self._loader.missing(member, now)
        own = [campaign for campaign in self._book.all if campaign.audience == "members" and campaign.enabled]
        if isinstance(known, Known):
            local = datetime.fromtimestamp(now, self._site.timezone)
            situation = Situation(
                local, tuple(known.stays.values()), self._categories, now, known.profile, known.purchases, known.sources
            )
            return [self._explained(campaign, situation, now) for campaign in own]
        return [Explanation(campaign, False, False, missing, (), None) for campaign in own]  # noqa: FBT003

    def _explained(self, campaign: Campaign, situation: Situation, now: float) -> Explanation:
        profile = situation.profile
        assert profile is not None  # noqa: S101 - tells mypy what a known member is
        if campaign.purpose not in profile.consents:
            return Explanation(campaign, False, False, (f"no consent to {campaign.purpose}",), (), None)  # noqa: FBT003
        verdicts = tuple(judge(condition, situation) for condition in campaign.conditions)
        day = f"{situation.local:%Y-%m-%d}"
        timezone, began = self._site.timezone, visit_start(situation.stays, now)
        self._maker.groups = groups_of(self._book.all)
        standing = self._maker.standing(self._store.database.reading(), profile.member, campaign, day)
        had = counting.is_had(campaign, standing, now, began, timezone)
        held = None if had else counting.weigh(campaign, standing, now, began, timezone)
        hold = None if held is None else Hold(held.until, held.why, held.short_by, held.unit)
        due = all(verdict.holds for verdict in verdicts) and hold is None and not had
        return Explanation(campaign, due, had, (), verdicts, hold)

    def _update(self, now: float) -> int:
        self._book.refresh()
        made = 0
        deciding = self._deciding
        went_back = now < self._at - CLOCK_SLACK_S
        self._at = now
        if deciding is None or self._book.stamp != self._stamp or now >= self._day_ends or went_back:
            deciding = self._rebuilt(now)

        def decide(due: Due) -> Settled:
            return self._maker.decide(due, now)

        while True:
            happened = happenings.after(self._store.database, self._store.site, self._number, TOGETHER)
            for change in self._loader.changes(happened, deciding, now):
                deciding.apply(change)
            if happened:
                self._number = happened[-1].number
            if len(happened) < TOGETHER:
                break
            made += deciding.due(min(now, happened[-1].at), decide, self._maker.between)
            self._maker.commit()
        made += deciding.due(now, decide, self._maker.between)
        self._maker.commit()
        self._read_on(deciding, now)
        made += deciding.due(now, decide, self._maker.between)
        self._maker.commit()
        if not 0 <= now - self._looked_at < LOOK_EVERY_S:
            self._looked_at = now
            for change in self._loader.seen(deciding, now):
                deciding.apply(change)
            made += deciding.due(now, decide, self._maker.between)
        made += self._screens.update(now)
        self._maker.commit()
        if now - self._missed_at >= MISSES_EVERY_S or now < self._missed_at:
            self._missed_at = now
            self._note_misses(deciding, now)
        return made

    def _rebuilt(self, now: float) -> Deciding:
        """Everything anew from the store, decided on with the next ``due``."""
        database, site = self._store.database, self._store.site
        self._stamp = self._book.stamp
        self._coupons.sync(database, site, self._book.pools, now)
        self._maker.pools = dict(self._book.pools)
        self._maker.groups = groups_of(self._book.all)
        self._screens.campaigns = [one for one in self._book.campaigns if one.audience == "screen"]
        self._number = happenings.newest(database, site)  # before anything is read, so that nothing falls between
        self._day_ends = next_midnight(now, self._site.timezone)
        self._missed = {}
        deciding = Deciding(plan(self._book.campaigns, self._categories), self._site.timezone, self._categories)
        self._unread = deque(links.linked_members(database, site, self._loader.linked_since(now)))
        self._deciding = deciding
        return deciding

    def _read_on(self, deciding: Deciding, now: float) -> None:
        for _ in range(min(READ_A_ROUND, len(self._unread))):
            member = self._unread.popleft()
            if member not in deciding and not isinstance(change := self._loader.known(member, now, now), Gone):
                deciding.apply(change)

    def _note_misses(self, deciding: Deciding, now: float) -> None:
        names = list(islice(deciding.changed, MISSES_OF_MEMBERS))
        fresh: dict[str, list[NearMiss]] = {}
        told: dict[str, tuple[tuple[str, str, int], ...]] = {}
        day = f"{datetime.fromtimestamp(now, self._site.timezone):%Y-%m-%d}"
        for name in names:
            if name not in deciding:
                self._missed.pop(name, None)
                continue
            found = deciding.misses(name, MISSES_OF_MEMBER)
            mark = tuple((one.campaign.id, one.failed, _size(one)) for one in found)
            if mark != self._missed.get(name, ()):
                told[name] = mark
                fresh[name] = [
                    NearMiss(name, one.campaign.id, day, one.failed, one.short_by, one.unit, now) for one in found
                ]
        if fresh:
            purposes = {campaign.id: campaign.purpose for campaign in deciding.plan.campaigns}
            with self._store.database.writing() as connection:
                decisions.put_misses(connection, self._store.site, day, fresh, purposes, LINKING_PURPOSE)
        self._missed |= told
        for name in names:
            deciding.changed.pop(name, None)


def groups_of(campaigns: Sequence[Campaign]) -> dict[str, frozenset[str]]:
    """Campaigns by exclusion group."""
    found: dict[str, set[str]] = {}
    for campaign in campaigns:
        if campaign.group:
            found.setdefault(campaign.group, set()).add(campaign.id)
    return {group: frozenset(ids) for group, ids in found.items()}


def _size(miss: Miss) -> int:
    """How far off, in doublings: a miss is written down again when it has halved or doubled."""
    return 0 if not miss.short_by else int(miss.short_by).bit_length()
