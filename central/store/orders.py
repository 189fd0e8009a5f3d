"""Maintenance orders and their history: who did what, and when. An order is never deleted, only closed."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from central.ops.fault import Fault
from central.store.database import Database

State = Literal["open", "claimed", "closed"]
What = Literal["opened", "worse", "escalated", "claimed", "released", "gone", "back", "reopened", "closed"]


@dataclass(frozen=True, slots=True)
class Order:
    """A maintenance order; times are seconds since 1970, None for what has not happened.

    Attributes:
        number: for people, counts up.
        fault: what it was opened for, as it was then, with its worst severity since.
        state: ``open`` waits for somebody, ``claimed`` has somebody, ``closed`` is done.
        waiting_since: when it was opened, reopened or released: what escalation counts from.
        escalated_at: when it had waited too long.
        gone_at: when the fault went by itself; None while it stands.
        note: what was done, in the words of whoever closed it.
    """

    number: int
    fault: Fault
    state: State
    opened_at: float
    waiting_since: float
    escalated_at: float | None
    claimed_by: str
    claimed_at: float | None
    gone_at: float | None
    closed_by: str
    closed_at: float | None
    note: str


@dataclass(frozen=True, slots=True)
class OrderEvent:
    """A line of an order's history."""

    at: float
    who: str
    what: What
    note: str


class OrderBook:
    """Orders within one transaction: what is read here cannot change before what is written here.

    Args:
        connection: the writing one, or one that reads.
        site: whose orders.
    """

    def __init__(self, connection: sqlite3.Connection, site: str) -> None:
        self._connection = connection
        self._site = site

    def open_new(self, fault: Fault, now: float, who: str) -> int:
        """The number of a new order."""
        cursor = self._connection.execute(
            """INSERT INTO orders (site, key, kind, severity, floor, box, camera, facts, state, since, opened_at,
               waiting_since) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'open', ?, ?, ?)""",
            (
                *(self._site, fault.key, fault.kind, fault.severity, fault.floor, fault.box, fault.camera),
                msgspec.json.encode(dict(fault.facts)).decode(),
                *(now if fault.since is None else fault.since, now, now),
            ),
        )
        number = int(cursor.lastrowid or 0)
        self.note(number, now, who, "opened")
        return number

    def change(self, number: int, states: tuple[State, ...], **to: Any) -> bool:
        """Whether the order was in one of the states, and so has these values now: of two who try, one wins."""
        columns = ", ".join(f"{name} = :{name}" for name in to)
        among = ", ".join(f"'{state}'" for state in states)
        cursor = self._connection.execute(
            f"UPDATE orders SET {columns} WHERE site = :site AND number = :number AND state IN ({among})",  # noqa: S608 - our own names
            to | {"site": self._site, "number": number},
        )
        return cursor.rowcount == 1

    def note(self, number: int, at: float, who: str, what: What, *, words: str = "") -> None:
        """Add a line to the order's history."""
        self._connection.execute(
            "INSERT INTO order_events (site, number, at, who, what, note) VALUES (?, ?, ?, ?, ?, ?)",
            (self._site, number, at, who, what, words),
        )

    def numbered(self, number: int) -> Order | None:
        """The order of that number."""
        return self._one("SELECT * FROM orders WHERE site = ? AND number = ?", number)

    def last_of(self, key: str) -> Order | None:
        """The newest order of a fault."""
        return self._one("SELECT * FROM orders WHERE site = ? AND key = ? ORDER BY number DESC LIMIT 1", key)

    def _one(self, sql: str, about: str | int) -> Order | None:
        cursor = self._connection.cursor()
        cursor.row_factory = sqlite3.Row
        row = cursor.execute(sql, (self._site, about)).fetchone()
        return None if row is None else _order(row)


def unclosed(database: Database, site: str) -> list[Order]:
    """Every order that is not closed, oldest first."""
    sql = "SELECT * FROM orders WHERE site = ? AND state != 'closed' ORDER BY number"
    return [_order(row) for row in database.rows(sql, (site,))]


def newest(
    database: Database, site: str, limit: int, before: int | None = None, state: State | None = None
) -> list[Order]:
    """Orders, newest first.

    Args:
        database: where they are.
        site: whose.
        limit: at most so many.
        before: only those with a smaller number.
        state: only those in that state.
    """
    sql = """SELECT * FROM orders WHERE site = :site AND number < :before AND (:state IS NULL OR state = :state)
        ORDER BY number DESC LIMIT :limit"""
    most = 2**62 if before is None else before
    return [_order(row) for row in database.rows(sql, {"site": site, "before": most, "state": state, "limit": limit})]


def history(database: Database, site: str, number: int) -> list[OrderEvent]:
    """What happened to the order, oldest first."""
    sql = "SELECT at, who, what, note FROM order_events WHERE site = ? AND number = ? ORDER BY id"
    return [OrderEvent(*row) for row in database.rows(sql, (site, number))]


def _order(row: sqlite3.Row) -> Order:
    fault = Fault(
        key=row["key"],
        kind=row["kind"],
        severity=row["severity"],
        since=row["since"],
        floor=row["floor"],
        box=row["box"],
        camera=row["camera"],
        facts=msgspec.json.decode(row["facts"]),
    )
    return Order(
        number=row["number"],
        fault=fault,
        state=row["state"],
        opened_at=row["opened_at"],
        waiting_since=row["waiting_since"],
        escalated_at=row["escalated_at"],
        claimed_by=row["claimed_by"],
        claimed_at=row["claimed_at"],
        gone_at=row["gone_at"],
        closed_by=row["closed_by"],
        closed_at=row["closed_at"],
        note=row["note"],
    )
