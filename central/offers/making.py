"""Makes what is due, each in one step that is done as a whole or not at all: offer, coupon, counters, what is owed.

All that forbids an offer is asked of the database in the transaction that writes it, so that no two engines, and no
crash between two of them, can make it twice. Several decisions of one round share a transaction, each in a savepoint
of its own: a commit costs more than a decision.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from calibration.site import Site
from central.coupons.coupons import pools_in_force
from central.offers import counting, holdout
from central.offers.campaigns import Campaign, Pool, minor
from central.offers.counting import STOCK_AGAIN_S, Standing
from central.offers.explain import LINKING_PURPOSE, facts, sentence
from central.offers.facts import PRIORITY_S, Due, Settled, apart_s
from central.store import coupons, decisions, links, offers
from central.store.database import Database
from central.store.offers import Offer
from central.store.store import Store

MOST_TOGETHER = 32
"""Decisions in one transaction; ingest waits for no more than these."""
MOST_THOUGHTS = 4
"""Changes looked at while a transaction is open."""
LINK_LIFE_S = 86_400.0


class Issued(Protocol):
    """A coupon given: its code, when it expires (seconds since 1970), and its cost in minor units."""

    @property
    def code(self) -> str:
        """As the till reads it."""

    @property
    def expires_at(self) -> float:
        """Seconds since 1970."""

    @property
    def cost(self) -> int:
        """Minor units."""


class Issuer(Protocol):
    """Gives coupons within the caller's transaction."""

    def issue(
        self, connection: sqlite3.Connection, site: str, pool: Pool, *, offer: str, member: str, now: float
    ) -> Issued | str:
        """A coupon, or why there is none."""

    def sync(self, database: Database, site: str, pools: Mapping[str, Pool], now: float) -> object:
        """Bring the file's pools into the store."""


class Outbox(Protocol):
    """Writes down within the caller's transaction what is owed to whoever delivers."""

    def __call__(  # noqa: PLR0917 - as the store's own
        self,
        connection: sqlite3.Connection,
        site: str,
        offer_number: int,
        offer: str,
        channels: Sequence[str],
        now: float,
        *,
        expires_at: float | None = None,
    ) -> object:
        """Queue the offer."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An offer about to be weighed.

    Attributes:
        why: given the link's standing and the coupon's cost, the sentence and the facts.
        linked: whether it needs a link.
        purposes: consents that it needs.
    """

    member: str
    campaign: Campaign
    at: float
    visit_start: float
    why: Callable[[Standing, int], tuple[str, dict[str, object]]]
    purposes: tuple[str, ...]
    linked: bool = True


class Maker:
    """Makes offers.

    Args:
        store: where.
        site: whose days they are.
        issuer: of coupons.
        holdout_key: 32 bytes that choose who is held out.
        new_id: a fresh unguessable id for an offer.
        outbox: takes what is owed.
        channels: to which.
    """

    def __init__(  # noqa: PLR0917 - one thing each
        self,
        store: Store,
        site: Site,
        issuer: Issuer,
        holdout_key: bytes,
        new_id: Callable[[], str],
        outbox: Outbox,
        channels: Sequence[str],
    ) -> None:
        self._store = store
        self._site = site
        self._issuer = issuer
        self._holdout_key = holdout_key
        self._new_id = new_id
        self._outbox = outbox
        self._channels = channels
        self._open: ExitStack | None = None
        self._connection: sqlite3.Connection | None = None
        self._together = self._thought = 0
        self.pools: dict[str, Pool] = {}

    def decide(self, due: Due, now: float) -> Settled:
        """Make it, or say why not; it is committed with ``commit`` at the latest."""
        joined = links.links_of(self._store.database, self._store.site, due.member, now - LINK_LIFE_S)
        if not joined:
            return Settled(made=False, until=due.at + PRIORITY_S)

        def why(standing: Standing, cost: int) -> tuple[str, dict[str, object]]:
            told = facts(due, joined, standing, now, pool=due.campaign.coupon, cost=cost)
            return sentence(due, joined[-1], self._site.timezone), told

        purposes = tuple(dict.fromkeys((LINKING_PURPOSE, due.campaign.purpose)))
        return self.make(Candidate(due.member, due.campaign, due.at, due.visit_start, why, purposes), now)

    def make(self, one: Candidate, now: float) -> Settled:
        """The same for whatever candidate."""
        if self._connection is None:  # what is held back is asked for often, and needs no transaction to say so
            held = self._weighed(self._store.database.reading(), one, now)[1]
            if held is not None:
                return held
        if self._together >= MOST_TOGETHER:
            self.commit()
        connection = self._begin()
        connection.execute("SAVEPOINT decision")
        try:
            settled = self._make(connection, one, now)
        except BaseException:
            self.abandon()
            raise
        if not settled.made:
            connection.execute("ROLLBACK TO decision")
        connection.execute("RELEASE decision")
        self._together, self._thought = self._together + 1, 0
        return settled

    def between(self) -> None:
        """Commit unless the next decision comes at once: nobody waits for the store while we only think."""
        self._thought += 1
        if self._thought > MOST_THOUGHTS:
            self.commit()

    def commit(self) -> None:
        """End the transaction, if there is one; what was made stands now.

        Raises:
            StoreUnavailableError: nothing of it stands.
        """
        opened, self._open, self._connection, self._together = self._open, None, None, 0
        self._thought = 0
        if opened is not None:
            opened.__exit__(None, None, None)

    def abandon(self) -> None:
        """Undo what is not committed."""
        opened, self._open, self._connection, self._together = self._open, None, None, 0
        self._thought = 0
        if opened is not None:
            abandoned = RuntimeError("abandoned")
            with ExitStack() as swallow:
                swallow.push(lambda *_: True)
                opened.__exit__(RuntimeError, abandoned, None)

    def _begin(self) -> sqlite3.Connection:
        if self._connection is None:
            self._open = ExitStack()
            self._connection = self._open.enter_context(self._store.database.writing())
        return self._connection

    def _make(self, connection: sqlite3.Connection, one: Candidate, now: float) -> Settled:
        site, campaign, timezone = self._store.site, one.campaign, self._site.timezone
        local = datetime.fromtimestamp(one.at, timezone)
        day = f"{local:%Y-%m-%d}"
        standing, held = self._weighed(connection, one, now)
        if held is not None:
            return held
        pool = self.pools.get(campaign.coupon) or self._looked_up(campaign.coupon)
        if pool is None:
            return Settled(made=False, until=one.at + STOCK_AGAIN_S, why="stock", for_all=True)
        offer = self._new_id()
        connection.execute("SAVEPOINT coupon")
        issued = self._issuer.issue(connection, site, pool, offer=offer, member=one.member, now=now)
        if isinstance(issued, str):
            return Settled(made=False, until=now + STOCK_AGAIN_S, why="stock", for_all=True, short_by=1, unit="coupons")
        short = counting.over_budget(campaign, standing, issued.cost)
        if short is not None:
            return short
        arm = holdout.arm(self._holdout_key, campaign.id, one.member, campaign.holdout_percent)
        if arm == "holdout":  # it would have been given: now nobody gets it
            connection.execute("ROLLBACK TO coupon")
        connection.execute("RELEASE coupon")
        cost = issued.cost if arm == "offer" else 0
        told, why = one.why(standing, cost)
        if arm == "offer":
            why["coupon"] = {"expires_at": issued.expires_at, "short": getattr(issued, "short", "")}
        row = Offer(
            number=0,
            offer=offer,
            member=one.member,
            campaign=campaign.id,
            version=campaign.version,
            day=day,
            coupon=campaign.coupon,
            wording=campaign.wording,
            at=now,
            sentence=told,
            facts=why,
            arm=arm,
            occasion=counting.occasion(campaign, local, standing.of_member_today),
            channel=campaign.channel,
            code=issued.code if arm == "offer" else "",
        )
        number = offers.add(connection, site, row, one.purposes, linked=one.linked)
        if number is None:  # a consent or the link is gone, or another engine was first
            return Settled(made=False, until=now + PRIORITY_S)
        decisions.count(connection, site, campaign.id, day, held_out=arm == "holdout", cost=cost, now=now)
        if arm == "offer":
            self._outbox(connection, site, number, offer, self._channels, now, expires_at=issued.expires_at)
        return Settled(made=True, until=counting.occasion_end(campaign, one.at, timezone))

    def _weighed(self, connection: sqlite3.Connection, one: Candidate, now: float) -> tuple[Standing, Settled | None]:
        timezone = self._site.timezone
        day = f"{datetime.fromtimestamp(one.at, timezone):%Y-%m-%d}"
        standing = self.standing(connection, one.member, one.campaign, day)
        return standing, counting.weigh(one.campaign, standing, max(one.at, now), one.visit_start, timezone)

    def _looked_up(self, pool: str) -> Pool | None:
        """A pool that came by the API since the campaigns were read."""
        found = pools_in_force(self._store.database, self._store.site)
        self.pools = found | self.pools
        return self.pools.get(pool)

    def standing(self, connection: sqlite3.Connection, member: str, campaign: Campaign, day: str) -> Standing:
        """What has been given, as the connection sees it."""
        site = self._store.site
        found = decisions.given(connection, site, member, campaign.id, day)
        cost = found.cost
        if campaign.budget is not None and 2 * cost >= minor(campaign.budget):  # else it cannot matter yet
            cost -= coupons.returned(connection, site, campaign.id)
        same = self.groups.get(campaign.group, frozenset()) - {campaign.id} if campaign.group else frozenset()
        return Standing(
            of_member=found.of_member,
            of_member_today=found.of_member_today,
            last_at=found.last_at,
            any_at=found.any_at,
            group_today=min(found.campaigns_today & same, default=""),
            today=found.today,
            total=found.total,
            cost=cost,
            apart_s=apart_s(member),
        )

    groups: dict[str, frozenset[str]] = {}  # noqa: RUF012 - replaced as a whole
    """Campaigns of each group of the file, enabled or not."""
