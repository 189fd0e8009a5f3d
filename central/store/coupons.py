"""Coupons given: whose, until when, and what became of them. A code is stored nowhere: it is made anew from its row."""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass
from typing import Literal

from central.store import coupon_pools
from central.store.database import Database

State = Literal["given", "redeemed", "reversed", "expired"]


@dataclass(frozen=True, slots=True)
class Coupon:
    """A coupon.

    Attributes:
        coupon: its serial, random.
        short: what people type.
        version: of the pool's terms that it was given under, and stays under.
        offer: that it came with; with ``member`` empty once that member is erased.
        given_at: seconds since 1970; valid from ``valid_from`` to ``expires_at``, both included.
        cost: minor units that it counts against a budget while it is out and not reversed.
    """

    coupon: str
    short: str
    pool: str
    version: int
    offer: str
    member: str
    given_at: float
    valid_from: float
    expires_at: float
    cost: int
    state: State = "given"


_COLUMNS = "coupon, short, pool, version, offer, member, given_at, valid_from, expires_at, cost, state"


def add(connection: sqlite3.Connection, site: str, one: Coupon) -> bool:
    """Whether the coupon is written down: not where its short code is taken (once in 10^16 at a million coupons)."""
    row = (one.coupon, one.short, one.pool, one.version, one.offer, one.member)
    cursor = connection.execute(
        f"""INSERT INTO coupons (site, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (site, coupon) DO NOTHING ON CONFLICT (site, short) DO NOTHING""",  # noqa: S608 - our own names
        (site, *row, one.given_at, one.valid_from, one.expires_at, one.cost, one.state),
    )
    return cursor.rowcount == 1


def by_serial(connection: sqlite3.Connection, site: str, serial: str) -> Coupon | None:
    """The coupon of that serial."""
    return _one(connection, "coupon = ?", (site, serial))


def by_short(connection: sqlite3.Connection, site: str, short: str) -> Coupon | None:
    """The coupon of that short code."""
    return _one(connection, "short = ?", (site, short))


def by_offer(connection: sqlite3.Connection, site: str, offer: str) -> Coupon | None:
    """The coupon that came with an offer."""
    return _one(connection, "offer = ? AND offer <> ''", (site, offer))


def set_state(connection: sqlite3.Connection, site: str, coupon: str, was: State, state: State) -> bool:
    """Whether the coupon was in that state, and so is in the other now."""
    sql = "UPDATE coupons SET state = ? WHERE site = ? AND coupon = ? AND state = ?"
    return connection.execute(sql, (state, site, coupon, was)).rowcount == 1


def expire(connection: sqlite3.Connection, site: str, before: float) -> int:
    """End what nobody used that expired before an instant, and put it back into the stock; how many."""
    found = connection.execute(
        "SELECT coupon, pool FROM coupons WHERE site = ? AND expires_at < ? AND state = 'given'", (site, before)
    ).fetchall()
    connection.executemany(
        "UPDATE coupons SET state = 'expired' WHERE site = ? AND coupon = ?", [(site, row[0]) for row in found]
    )
    for pool, ended in Counter(row[1] for row in found).items():
        coupon_pools.count(connection, site, pool, back=ended, expired=ended)
    return len(found)


def are_due(database: Database, site: str, before: float) -> bool:
    """Whether there is anything to expire."""
    sql = "SELECT 1 FROM coupons WHERE site = ? AND expires_at < ? AND state = 'given' LIMIT 1"
    return bool(database.rows(sql, (site, before)))


def returned(connection: sqlite3.Connection, site: str, campaign: str) -> int:
    """Minor units of a campaign's budget that came back, since coupons expired unused or their sales were reversed."""
    sql = """SELECT coalesce(sum(coupons.cost), 0) FROM offers
             CROSS JOIN coupons ON coupons.site = offers.site AND coupons.offer = offers.offer AND coupons.offer <> ''
             WHERE offers.site = ? AND campaign = ? AND coupons.state NOT IN ('given', 'redeemed')"""
    return int(connection.execute(sql, (site, campaign)).fetchone()[0])


def _one(connection: sqlite3.Connection, condition: str, parameters: tuple[str, str]) -> Coupon | None:
    sql = f"SELECT {_COLUMNS} FROM coupons WHERE site = ? AND {condition}"  # noqa: S608 - our own names
    row = connection.execute(sql, parameters).fetchone()
    return Coupon(*tuple(row)) if row else None


def agreed(connection: sqlite3.Connection, site: str, member: str, purpose: str) -> bool:
    """Whether a member's consent to a purpose stands at this very moment."""
    sql = "SELECT 1 FROM consents WHERE site = ? AND member = ? AND purpose = ? AND withdrawn_at IS NULL"
    return connection.execute(sql, (site, member, purpose)).fetchone() is not None
