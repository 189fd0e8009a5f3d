"""A fault opens a maintenance order; somebody claims it, or it escalates; a person closes it with a note.

One order stands for a fault as long as it lasts, and for its return within the hour. Every step is one transaction
that looks at the order's state and changes it, so that of two people who claim at once one wins.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from central.ops.fault import KINDS, SEVERITIES, Fault, Severity
from central.store import orders
from central.store.orders import Order, OrderBook, OrderEvent, State
from central.store.store import Store
from contract.errors import AtriumError, BadInputError

ESCALATE_S = 180.0
"""Unclaimed for so long, an order escalates."""
RETURN_S = 3600.0
"""A fault that comes back within so long has not been mended: its order is opened again."""
AUTO_CLOSE_S = 86_400.0
"""An order whose fault went by itself is closed after so long, where nobody has."""
STILL_S = 86_400.0
"""An order that was closed while its fault stands comes back after so long."""
MOST_NOTE = 1000
MOST_NAME = 64
APPLIANCE = "atrium"
"""Who did it, where nobody did."""
UNNOTED = "the fault went by itself, and nobody saw to it for a day"


UNCLOSED: tuple[State, ...] = ("open", "claimed")


class OrderConflictError(AtriumError):
    """Somebody was faster."""


class NoSuchOrderError(AtriumError):
    """No order has that number."""


class Orders:
    """All maintenance orders of the site; nothing is kept in memory.

    Args:
        store: where they are.
        on_escalated: told of an order that has waited too long; an order holds nothing about visitors.
    """

    def __init__(self, store: Store, on_escalated: Callable[[Order], None] = lambda _order: None) -> None:
        self._database = store.database
        self._site = store.site
        self._on_escalated = on_escalated

    def unclosed(self) -> list[Order]:
        """Orders that wait or are being seen to, oldest first."""
        return orders.unclosed(self._database, self._site)

    def newest(self, limit: int, before: int | None = None, state: State | None = None) -> list[Order]:
        """Orders, newest first; only those with a number below ``before``, and in that state, where given."""
        return orders.newest(self._database, self._site, limit, before=before, state=state)

    def order(self, number: int) -> Order:
        """The order of that number.

        Raises:
            NoSuchOrderError: where there is none.
        """
        return self._read(OrderBook(self._database.reading(), self._site), number)

    def history(self, number: int) -> list[OrderEvent]:
        """What happened to an order, oldest first."""
        return orders.history(self._database, self._site, number)

    def claim(self, number: int, who: str, now: float) -> Order:
        """The order, now that person's.

        Raises:
            NoSuchOrderError: there is none.
            BadInputError: no name.
            OrderConflictError: somebody else has it, or it is closed.
        """
        name = _name(who)
        with self._book() as book:
            if book.change(number, ("open",), state="claimed", claimed_by=name, claimed_at=now):
                book.note(number, now, name, "claimed")
            else:
                found = self._read(book, number)
                if found.state == "closed":
                    raise OrderConflictError(f"order {number}: {found.closed_by} has closed it; nothing is left to do")
                raise OrderConflictError(f"order {number}: {found.claimed_by} has it; ask them to give it back")
            return self._read(book, number)

    def release(self, number: int, who: str, now: float) -> Order:
        """The order, waiting for somebody again; the three minutes begin anew.

        Raises:
            NoSuchOrderError: there is none.
            BadInputError: no name.
            OrderConflictError: nobody has it.
        """
        name = _name(who)
        fresh = {"state": "open", "claimed_by": "", "claimed_at": None, "waiting_since": now, "escalated_at": None}
        with self._book() as book:
            if not book.change(number, ("claimed",), **fresh):
                found = self._read(book, number)
                raise OrderConflictError(f"order {number}: is {found.state}; nobody has it who could give it back")
            book.note(number, now, name, "released")
            return self._read(book, number)

    def close(self, number: int, who: str, words: str, now: float) -> Order:
        """The order, closed with that note; its fault may still stand.

        Raises:
            NoSuchOrderError: there is none.
            BadInputError: no name, or no note.
            OrderConflictError: it is closed already.
        """
        name, words = _name(who), words.strip()
        if not words:
            raise BadInputError("note: say in a few words what was done; the next shift reads it")
        if len(words) > MOST_NOTE:
            raise BadInputError(f"note: {len(words)} letters; at most {MOST_NOTE}")
        with self._book() as book:
            if not _close(book, number, name, words, now):
                found = self._read(book, number)
                raise OrderConflictError(f"order {number}: {found.closed_by} has closed it already")
            return self._read(book, number)

    def came(self, connection: sqlite3.Connection, fault: Fault, now: float) -> None:
        """A fault has come: open its order, or open the last one again, within the caller's transaction."""
        book = OrderBook(connection, self._site)
        last = book.last_of(fault.key)
        if last is not None and last.state != "closed":
            book.change(last.number, UNCLOSED, gone_at=None, severity=_worse(fault.severity, last.fault.severity))
            book.note(last.number, now, APPLIANCE, "back")
        elif last is not None and now - max(last.closed_at or 0.0, last.gone_at or 0.0) <= RETURN_S:
            _reopen(book, last.number, fault, now)
        else:
            book.open_new(fault, now, APPLIANCE)

    def went(self, connection: sqlite3.Connection, key: str, now: float) -> None:
        """A fault has gone by itself, within the caller's transaction; its order is still a person's to close."""
        book = OrderBook(connection, self._site)
        last = book.last_of(key)
        if last is None:
            return
        if last.state != "closed":
            book.note(last.number, now, APPLIANCE, "gone")
        book.change(last.number, (*UNCLOSED, "closed"), gone_at=now)

    def worsened(self, connection: sqlite3.Connection, fault: Fault, now: float) -> None:
        """A standing fault has got worse; where it has no order yet it gets one, within the caller's transaction."""
        book = OrderBook(connection, self._site)
        last = book.last_of(fault.key)
        if last is None or last.state == "closed":
            self.came(connection, fault, now)
        elif _worse(fault.severity, last.fault.severity) != last.fault.severity:
            book.change(last.number, UNCLOSED, severity=fault.severity)
            book.note(last.number, now, APPLIANCE, "worse")

    def update(self, now: float, standing: Iterable[Fault]) -> list[Order]:
        """What time alone brings: escalation, closing of what is long gone, return of what was closed but stands.

        Args:
            now: seconds since 1970.
            standing: the faults of now.

        Returns:
            The orders that have just escalated.
        """
        waiting = self.unclosed()
        late = [one for one in waiting if _is_late(one, now)]
        forgotten = [one for one in waiting if one.gone_at is not None and now - one.gone_at >= AUTO_CLOSE_S]
        unmended = self._unmended(now, standing, {one.fault.key for one in waiting})
        if not (late or forgotten or unmended):
            return []
        escalated = []
        with self._book() as book:
            for one in late:
                if book.change(one.number, ("open",), escalated_at=now):
                    book.note(one.number, now, APPLIANCE, "escalated")
                    escalated.append(self._read(book, one.number))
            for one in forgotten:
                _close(book, one.number, APPLIANCE, UNNOTED, now)
            for number, fault in unmended:
                _reopen(book, number, fault, now)
        for one in escalated:
            self._on_escalated(one)
        return escalated

    def _unmended(self, now: float, standing: Iterable[Fault], waiting: set[str]) -> list[tuple[int, Fault]]:
        """Orders closed a day ago whose fault stands all the same."""
        book = OrderBook(self._database.reading(), self._site)
        found = []
        for fault in standing:
            if fault.severity == "note" or fault.key in waiting or not KINDS[fault.kind].reopens:
                continue
            last = book.last_of(fault.key)
            if last is not None and last.closed_at is not None and now - last.closed_at >= STILL_S:
                found.append((last.number, fault))
        return found

    @contextmanager
    def _book(self) -> Iterator[OrderBook]:
        with self._database.writing() as connection:
            yield OrderBook(connection, self._site)

    @staticmethod
    def _read(book: OrderBook, number: int) -> Order:
        found = book.numbered(number)
        if found is None:
            raise NoSuchOrderError(f"order {number}: there is none; see /v1/orders")
        return found


def _is_late(order: Order, now: float) -> bool:
    """Whether nobody has claimed it in time; what went by itself calls nobody."""
    waits = order.state == "open" and order.escalated_at is None and order.gone_at is None
    return waits and now - order.waiting_since >= ESCALATE_S


def _close(book: OrderBook, number: int, who: str, words: str, now: float) -> bool:
    if not book.change(number, UNCLOSED, state="closed", closed_by=who, closed_at=now, note=words):
        return False
    book.note(number, now, who, "closed", words=words)
    return True


def _reopen(book: OrderBook, number: int, fault: Fault, now: float) -> None:
    waiting = {"state": "open", "severity": fault.severity, "waiting_since": now, "escalated_at": None}
    nobody = {"claimed_by": "", "claimed_at": None, "gone_at": None, "closed_by": "", "closed_at": None, "note": ""}
    if book.change(number, ("closed",), **waiting, **nobody):
        book.note(number, now, APPLIANCE, "reopened")


def _worse(one: Severity, other: Severity) -> Severity:
    return min(one, other, key=SEVERITIES.index)


def _name(who: str) -> str:
    name = " ".join(who.split())
    if not name or len(name) > MOST_NAME:
        raise BadInputError(f"who: a name of 1 to {MOST_NAME} letters")
    return name
