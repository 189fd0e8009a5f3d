"""Sales that tills told of. Amounts are whole minor units of the mall's currency (cents)."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from central.store import happenings
from central.store.database import Database
from contract.errors import BadInputError


@dataclass(frozen=True, slots=True)
class Purchase:
    """A sale.

    Attributes:
        purchase: the till's own number of it, made unique by the tenant.
        member: who bought; empty where nobody said.
        tenant: whose shop; with ``floor``, ``zone`` and ``category``.
        at: seconds since 1970; ``day`` is the site's, as 2026-01-31.
        amount: minor units.
        refunded: of which so much was given back.
    """

    purchase: str
    member: str
    tenant: str
    floor: str
    zone: str
    category: str
    at: float
    day: str
    amount: int
    refunded: int = 0

    @property
    def kept(self) -> int:
        """What was not given back, minor units."""
        return self.amount - self.refunded


_COLUMNS = "purchase, member, tenant, floor, zone, category, at, day, amount, refunded"


def add(connection: sqlite3.Connection, site: str, one: Purchase, now: float) -> bool:
    """Whether the sale is new; a repeated one changes nothing."""
    row = (one.purchase, one.member, one.tenant, one.floor, one.zone, one.category)
    cursor = connection.execute(
        f"INSERT INTO purchases (site, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",  # noqa: S608
        (site, *row, one.at, one.day, one.amount, one.refunded),
    )
    if cursor.rowcount and one.member:
        happenings.note(connection, site, [("purchase", one.member, one.purchase, now)])
    return cursor.rowcount == 1


def of_member(database: Database, site: str, member: str, since: float = 0.0) -> list[Purchase]:
    """What a member bought since an instant, by time."""
    sql = f"SELECT {_COLUMNS} FROM purchases WHERE site = ? AND member = ? AND at >= ? ORDER BY at"  # noqa: S608
    return [Purchase(*row) for row in database.rows(sql, (site, member, since))] if member else []


def between(database: Database, site: str, start: float, end: float) -> list[Purchase]:
    """All sales from ``start`` until before ``end``, by time."""
    sql = f"SELECT {_COLUMNS} FROM purchases WHERE site = ? AND at >= ? AND at < ? ORDER BY at"  # noqa: S608
    return [Purchase(*row) for row in database.rows(sql, (site, start, end))]


def refund(connection: sqlite3.Connection, site: str, purchase: str, refunded: int, now: float) -> bool:
    """Whether there is such a sale; of it ``refunded`` minor units in all are given back now, however often told.

    Raises:
        BadInputError: where that is more than the sale came to.
    """
    row = connection.execute(
        "SELECT member, amount, refunded FROM purchases WHERE site = ? AND purchase = ?", (site, purchase)
    ).fetchone()
    if row is None:
        return False
    member, amount, before = row
    if refunded > amount:
        raise BadInputError("amount: more than the sale came to; give the total that was given back")
    if refunded != before:
        connection.execute(
            "UPDATE purchases SET refunded = ? WHERE site = ? AND purchase = ?", (refunded, site, purchase)
        )
        if member:
            happenings.note(connection, site, [("purchase", member, purchase, now)])
    return True


def find(database: Database, site: str, purchase: str) -> Purchase | None:
    """The sale of that id."""
    rows = database.rows(f"SELECT {_COLUMNS} FROM purchases WHERE site = ? AND purchase = ?", (site, purchase))  # noqa: S608
    return Purchase(*rows[0]) if rows else None


def note_claimed(connection: sqlite3.Connection, site: str, one: Purchase, now: float) -> None:
    """Say that a sale of nobody is a member's now."""
    happenings.note(connection, site, [("purchase", one.member, one.purchase, now)])
