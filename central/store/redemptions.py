"""Sales that coupons were used on, their reversals, the books of who pays; a coupon stands on one sale at most."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from central.store import coupon_pools
from central.store.database import Database


@dataclass(frozen=True, slots=True)
class Redemption:
    """A sale with coupons.

    Attributes:
        redemption: random id.
        sale: the till's number of it, unique within ``tenant``.
        asked: what was presented, so that a repetition is told from another try.
        at: of the sale, seconds since 1970; ``day`` is the site's.
        amount: minor units before coupons; of which ``refunded`` were given back.
        parking: hundredths of hours.
        answer: what the till was told, JSON: it is told the same again.
    """

    redemption: str
    tenant: str
    sale: str
    asked: str
    at: float
    day: str
    amount: int
    parking: int
    refunded: int
    answer: str
    closed: bool = False
    """Given back in full."""


@dataclass(frozen=True, slots=True)
class Line:
    """One coupon of a sale: what it takes off now (minor units, hundredths of hours), and what its funder carries."""

    coupon: str
    pool: str
    version: int
    off: int
    charge: int
    hours: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the books, never changed afterwards: what was taken off in a shop, and who pays for it.

    Attributes:
        day: of the site, on which it was booked: a reversal's own, so that a closed month stays as it is.
        tenant: the shop.
        payer: the tenant who pays, empty for the mall.
        coupons: 1 for a redemption, -1 for a full reversal, 0 for a partial one.
        off: minor units taken off, negative where reversed; ``charge``, what the payer carries, the same.
    """

    day: str
    what: Literal["redeemed", "reversed"]
    tenant: str
    payer: str
    pool: str
    coupons: int
    off: int
    charge: int


@dataclass(frozen=True, slots=True)
class Total:
    """What one payer owes one shop for coupons of one pool, over some days; minor units."""

    tenant: str
    payer: str
    pool: str
    redeemed: int
    reversed: int
    off: int
    charge: int


DAY_S = 86_400.0
_COLUMNS = "redemption, tenant, sale, asked, at, day, amount, parking, refunded, answer, closed"


def add(connection: sqlite3.Connection, site: str, one: Redemption, lines: Sequence[Line]) -> None:
    """Write a redemption down.

    Raises:
        sqlite3.IntegrityError: where a coupon stands on another sale: the last guard, checks come before.
    """
    row = (one.redemption, one.tenant, one.sale, one.asked, one.at, one.day, one.amount, one.parking, one.refunded)
    connection.execute(
        f"INSERT INTO redemptions (site, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608
        (site, *row, one.answer, one.closed),
    )
    connection.executemany(
        """INSERT INTO redeemed (site, redemption, coupon, pool, version, off, charge, hours, at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        [
            (site, one.redemption, line.coupon, line.pool, line.version, line.off, line.charge, line.hours, one.at)
            for line in lines
        ],
    )


def find(connection: sqlite3.Connection, site: str, redemption: str) -> Redemption | None:
    """The redemption of that id."""
    return _one(connection, "redemption = ?", (site, redemption))


def of_sale(connection: sqlite3.Connection, site: str, tenant: str, sale: str) -> Redemption | None:
    """The redemption of a shop's sale."""
    return _one(connection, "tenant = ? AND sale = ?", (site, tenant, sale))


def used_at(connection: sqlite3.Connection, site: str, coupon: str) -> float | None:
    """When the sale was that a coupon stands on; None where it stands on none."""
    sql = "SELECT at FROM redeemed WHERE site = ? AND coupon = ? AND standing"
    row = connection.execute(sql, (site, coupon)).fetchone()
    return float(row[0]) if row else None


def lines_of(connection: sqlite3.Connection, site: str, redemption: str) -> list[Line]:
    """The coupons of a redemption that stand on it."""
    rows = connection.execute(
        """SELECT coupon, pool, version, off, charge, hours FROM redeemed
           WHERE site = ? AND redemption = ? AND standing ORDER BY coupon""",
        (site, redemption),
    )
    return [Line(*row) for row in rows.fetchall()]


def change(
    connection: sqlite3.Connection, site: str, redemption: str, refunded: int, lines: Sequence[Line], *, closed: bool
) -> None:
    """Write down how much of the sale is given back in all, and what its coupons take off since."""
    connection.execute(
        "UPDATE redemptions SET refunded = ?, closed = ? WHERE site = ? AND redemption = ?",
        (refunded, closed, site, redemption),
    )
    connection.executemany(
        "UPDATE redeemed SET off = ?, charge = ?, hours = ? WHERE site = ? AND redemption = ? AND coupon = ?",
        [(line.off, line.charge, line.hours, site, redemption, line.coupon) for line in lines],
    )


def free(connection: sqlite3.Connection, site: str, redemption: str, coupon: str) -> None:
    """Let a coupon stand on the sale no more, so that it may be used on another."""
    sql = "UPDATE redeemed SET standing = 0 WHERE site = ? AND redemption = ? AND coupon = ?"
    connection.execute(sql, (site, redemption, coupon))


def reversal(connection: sqlite3.Connection, site: str, redemption: str, refund: str) -> tuple[int, str] | None:
    """A refund's amount and what the till was told of it; None where it is new."""
    sql = "SELECT amount, answer FROM reversals WHERE site = ? AND redemption = ? AND refund = ?"
    row = connection.execute(sql, (site, redemption, refund)).fetchone()
    return (int(row[0]), str(row[1])) if row else None


def add_reversal(
    connection: sqlite3.Connection, site: str, redemption: str, refund: str, *, amount: int, at: float, answer: str
) -> None:
    """Write a refund down."""
    connection.execute(
        "INSERT INTO reversals VALUES (?, ?, ?, ?, ?, ?)", (site, redemption, refund, amount, at, answer)
    )


def book(connection: sqlite3.Connection, site: str, entries: Sequence[Entry], at: float) -> None:
    """Add to the books. They tell the day and nothing finer, and name neither sale nor coupon, nor anybody."""
    connection.executemany(
        """INSERT INTO coupon_books (site, day, at, what, tenant, payer, pool, coupons, off, charge)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        [
            (
                *(site, one.day, at // DAY_S * DAY_S, one.what, one.tenant, one.payer, one.pool),
                *(one.coupons, one.off, one.charge),
            )
            for one in entries
        ],
    )


def totals(database: Database, site: str, first: str, last: str) -> list[Total]:
    """What every payer owes every shop by pool, of the days from ``first`` to ``last``, both included."""
    rows = database.rows(
        """SELECT tenant, payer, pool, sum(what = 'redeemed'), -sum(min(coupons, 0)), sum(off), sum(charge)
           FROM coupon_books WHERE site = ? AND day >= ? AND day <= ?
           GROUP BY tenant, payer, pool ORDER BY tenant, payer, pool""",
        (site, first, last),
    )
    return [Total(*row) for row in rows]


def charged(database: Database, site: str) -> dict[str, int]:
    """What the coupons of every pool have cost so far, minor units, less what was reversed."""
    rows = database.rows("SELECT pool, sum(charge) FROM coupon_books WHERE site = ? GROUP BY pool", (site,))
    return {row[0]: int(row[1]) for row in rows}


def bundled(connection: sqlite3.Connection, site: str, purchases: Sequence[str]) -> set[str]:
    """Which of the sales have counted for a bundle before."""
    marks = ", ".join("?" * len(purchases))
    sql = f"SELECT purchase FROM bundle_receipts WHERE site = ? AND purchase IN ({marks})"  # noqa: S608 - marks
    return {row[0] for row in connection.execute(sql, (site, *purchases)).fetchall()}


def mark_bundled(
    connection: sqlite3.Connection, site: str, redemption: str, purchases: Sequence[str], at: float
) -> None:
    """Let the sales count for this bundle and no other."""
    connection.executemany(
        "INSERT INTO bundle_receipts VALUES (?, ?, ?, ?)", [(site, purchase, redemption, at) for purchase in purchases]
    )


def unmark_bundled(connection: sqlite3.Connection, site: str, redemption: str) -> None:
    """Let the sales of a bundle count for another."""
    connection.execute("DELETE FROM bundle_receipts WHERE site = ? AND redemption = ?", (site, redemption))


def forget(connection: sqlite3.Connection, site: str, member: str) -> dict[str, int]:
    """Delete a member's coupons and what they were used on; rows by table. What is left is in the books, without them.

    Coupons in their hands go back into the stock. Of a sale on which somebody else's coupon stands, too, that remains.
    """
    held = connection.execute(
        "SELECT coupon, pool, state FROM coupons WHERE site = ? AND member = ?", (site, member)
    ).fetchall()
    sales = {
        row[0]
        for coupon, _, _ in held
        for row in connection.execute(
            "SELECT redemption FROM redeemed WHERE site = ? AND coupon = ?", (site, coupon)
        ).fetchall()
    }
    removed = {"coupons": len(held), "redemptions": 0}
    for coupon, pool, state in held:
        if state == "given":
            coupon_pools.count(connection, site, pool, back=1, expired=1)
        connection.execute("DELETE FROM redeemed WHERE site = ? AND coupon = ?", (site, coupon))
        connection.execute("DELETE FROM coupons WHERE site = ? AND coupon = ?", (site, coupon))
    for sale in sales:
        unmark_bundled(connection, site, sale)
        connection.execute("DELETE FROM reversals WHERE site = ? AND redemption = ?", (site, sale))
        is_shared = connection.execute(
            "SELECT 1 FROM redeemed WHERE site = ? AND redemption = ?", (site, sale)
        ).fetchone()
        sql = "UPDATE redemptions SET asked = '', answer = ''" if is_shared else "DELETE FROM redemptions"
        connection.execute(f"{sql} WHERE site = ? AND redemption = ?", (site, sale))
        removed["redemptions"] += not is_shared
    return removed


def _one(connection: sqlite3.Connection, condition: str, parameters: tuple[str, ...]) -> Redemption | None:
    sql = f"SELECT {_COLUMNS} FROM redemptions WHERE site = ? AND {condition}"  # noqa: S608 - our own names
    row = connection.execute(sql, parameters).fetchone()
    return Redemption(*tuple(row)) if row else None
