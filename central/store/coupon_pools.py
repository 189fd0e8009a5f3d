"""Coupon pools: their terms by version, what there is of each, and what became of it.

``given`` counts coupons that are out: in somebody's hands or used. The stock is what is declared, or what is given
where that is more already; so given + left = stock at any time, and nothing is ever negative.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from central.store.database import Database

Source = Literal["file", "api"]


@dataclass(frozen=True, slots=True)
class PoolRow:
    """A pool and its counts.

    Attributes:
        source: whether the campaigns file or the API says what it is.
        version: of its terms, counts up; ``terms`` is their JSON.
        in_force: whether coupons are given from it.
        declared: how many there are to be, None for no limit.
        given: out: in somebody's hands, or used.
        redeemed: times used, those reversed included.
        expired: ended unused, and so back in the stock.
        reversed: of those used, sales given back in full.
    """

    pool: str
    source: Source
    version: int
    terms: str
    in_force: bool
    declared: int | None
    given: int
    redeemed: int
    expired: int
    reversed: int

    @property
    def stock(self) -> int | None:
        """How many there are; None for no limit."""
        return None if self.declared is None else max(self.declared, self.given)

    @property
    def left(self) -> int | None:
        """How many may still be given; None for no limit."""
        return None if self.declared is None else max(self.declared - self.given, 0)


_SELECT = """
    SELECT pools.pool, source, pools.version, terms, in_force, declared, given, redeemed, expired, reversed
    FROM pools JOIN pool_versions USING (site, pool, version) WHERE site = ?"""


def find(connection: sqlite3.Connection, site: str, pool: str) -> PoolRow | None:
    """The pool of that id, as this connection sees it."""
    row = connection.execute(f"{_SELECT} AND pools.pool = ?", (site, pool)).fetchone()
    return _row(row) if row else None


def everything(database: Database, site: str) -> list[PoolRow]:
    """All pools, those no longer in force too, by id."""
    return [_row(row) for row in database.rows(f"{_SELECT} ORDER BY pools.pool", (site,))]


def put(
    connection: sqlite3.Connection,
    site: str,
    pool: str,
    source: Source,
    *,
    terms: str,
    declared: int | None,
    now: float,
) -> bool:
    """Whether anything about the pool is new: its terms (another version then), its stock, or that it is in force."""
    known = find(connection, site, pool)
    if known and (known.terms, known.declared, known.source, known.in_force) == (terms, declared, source, True):
        return False
    version = 1 if known is None else known.version + (known.terms != terms)
    if known is None or version != known.version:
        connection.execute("INSERT INTO pool_versions VALUES (?, ?, ?, ?, ?)", (site, pool, version, terms, now))
    connection.execute(
        """INSERT INTO pools (site, pool, source, version, in_force, declared, updated) VALUES (?, ?, ?, ?, 1, ?, ?)
           ON CONFLICT (site, pool) DO UPDATE SET source = excluded.source, version = excluded.version, in_force = 1,
               declared = excluded.declared, updated = excluded.updated""",
        (site, pool, source, version, declared, now),
    )
    return True


def retire(connection: sqlite3.Connection, site: str, keep: Collection[str], now: float) -> int:
    """Take the file's pools out of force that it names no more; coupons given stay good. How many."""
    gone = [
        row[0]
        for row in connection.execute(
            "SELECT pool FROM pools WHERE site = ? AND source = 'file' AND in_force", (site,)
        ).fetchall()
        if row[0] not in keep
    ]
    connection.executemany(
        "UPDATE pools SET in_force = 0, updated = ? WHERE site = ? AND pool = ?", [(now, site, pool) for pool in gone]
    )
    return len(gone)


def terms_of(connection: sqlite3.Connection, site: str, pool: str, version: int) -> str:
    """A pool's terms in one version, JSON."""
    sql = "SELECT terms FROM pool_versions WHERE site = ? AND pool = ? AND version = ?"
    return str(connection.execute(sql, (site, pool, version)).fetchone()[0])


def take_one(connection: sqlite3.Connection, site: str, pool: str) -> bool:
    """Whether there was one left, which is given now."""
    sql = """UPDATE pools SET given = given + 1
             WHERE site = ? AND pool = ? AND in_force AND (declared IS NULL OR given < declared)"""
    return connection.execute(sql, (site, pool)).rowcount == 1


def count(
    connection: sqlite3.Connection,
    site: str,
    pool: str,
    *,
    back: int = 0,
    redeemed: int = 0,
    expired: int = 0,
    reversed_: int = 0,
) -> None:
    """Count what became of coupons; ``back`` of them go back into the stock."""
    connection.execute(
        """UPDATE pools SET given = given - ?, redeemed = redeemed + ?, expired = expired + ?, reversed = reversed + ?
           WHERE site = ? AND pool = ?""",
        (back, redeemed, expired, reversed_, site, pool),
    )


def _row(row: sqlite3.Row | tuple[object, ...]) -> PoolRow:
    pool, source, version, terms, in_force, *counts = tuple(row)
    return PoolRow(pool, source, version, terms, bool(in_force), *counts)
