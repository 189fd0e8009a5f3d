"""Accounts of durable sessions: what came, what is missing, what came twice."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from central.store.database import Database
from central.store.rows import Durable
from central.store.sequence import Runs

Key = tuple[str, str, str]
"""Site, box, session."""

_UPSERT = """
    INSERT INTO sessions (site, box, session, floor, runs, received, duplicates, refused, highest, announced, prefix,
        forgone, first_heard, last_heard)
    VALUES (:site, :box, :session, :floor, :runs, :received, :duplicates, :refused, :highest, :announced, :prefix,
        :forgone, :heard, :heard)
    ON CONFLICT (site, box, session) DO UPDATE SET floor = excluded.floor, runs = excluded.runs,
        received = excluded.received, duplicates = excluded.duplicates, refused = excluded.refused,
        highest = excluded.highest, announced = excluded.announced, prefix = excluded.prefix,
        forgone = excluded.forgone, last_heard = max(last_heard, excluded.last_heard), abandoned = 0"""

State = Literal["open", "whole", "abandoned"]
ABANDONED_AFTER_S = 600.0
"""A session that its box no longer names is given up when nothing has come of it for so long."""


@dataclass(frozen=True, slots=True)
class Account:
    """One session of one box.

    Attributes:
        received: different numbers that arrived, refused ones included.
        missing: numbers given out, as far as we know, that have not arrived.
        duplicates: arrivals of a number that was already there.
        refused: numbers whose message lies in the quarantine.
        prefix: everything up to here is committed, or will never come (see ``state``).
        highest: highest number given out, as far as we know.
        gaps: the first missing stretches, at most ``MAX_GAPS``.
        state: ``whole`` where nothing is missing now; ``abandoned`` where its box has another outbox, or no longer has
            what is missing, so that it will not come any more; ``open`` where it is asked for.
        forgone: the box says that it no longer has any number up to this.
    """

    site: str
    floor: str
    box: str
    session: str
    received: int
    missing: int
    duplicates: int
    refused: int
    prefix: int
    highest: int
    last_heard: float
    gaps: tuple[tuple[int, int], ...]
    state: State = "open"
    forgone: int = 0

    @property
    def key(self) -> Key:
        """Site, box and session."""
        return self.site, self.box, self.session


MAX_GAPS = 4


@dataclass(slots=True)
class _Book:
    """An account while a transaction changes it."""

    runs: Runs
    duplicates: int = 0
    refused: int = 0
    announced: int = 0
    forgone: int = 0


def fold(connection: sqlite3.Connection, events: Iterable[Durable]) -> list[Durable]:
    """The events whose number is new, once all were entered in their accounts, within the caller's transaction."""
    by_account: dict[Key, list[Durable]] = defaultdict(list)
    for event in events:
        by_account[event.site, event.box, event.session].append(event)
    fresh: list[Durable] = []
    for key, arrived in by_account.items():
        book = _load(connection, key)
        for event in arrived:
            if book.runs.add(event.seq):
                fresh.append(event)
                book.refused += event.table is None
            else:
                book.duplicates += 1
        _save(connection, key, book, arrived[-1].floor, max(event.heard for event in arrived))
    return fresh


def announce(
    connection: sqlite3.Connection, key: Key, floor: str, last_seq: int, heard: float, *, first_seq: int = 1
) -> None:
    """Note the highest number that a box gave out, so that a lost tail shows as a gap, and the lowest it has."""
    book = _load(connection, key)
    book.announced = max(book.announced, last_seq)
    book.forgone = max(book.forgone, min(first_seq - 1, last_seq))
    _save(connection, key, book, floor, heard)


def _load(connection: sqlite3.Connection, key: Key) -> _Book:
    row = connection.execute(
        "SELECT runs, duplicates, refused, announced, forgone FROM sessions WHERE site = ? AND box = ? AND session = ?",
        key,
    ).fetchone()
    return _Book(Runs()) if row is None else _Book(Runs(json.loads(row[0])), *row[1:])


def _save(connection: sqlite3.Connection, key: Key, book: _Book, floor: str, heard: float) -> None:
    site, box, session = key
    row = {
        "site": site,
        "box": box,
        "session": session,
        "floor": floor,
        "runs": json.dumps(book.runs.pairs, separators=(",", ":")),
        "received": len(book.runs),
        "duplicates": book.duplicates,
        "refused": book.refused,
        "highest": max(book.runs.highest, book.announced),
        "announced": book.announced,
        "prefix": book.runs.prefix,
        "forgone": book.forgone,
        "heard": heard,
    }
    connection.execute(_UPSERT, row)


def accounts(database: Database, site: str) -> list[Account]:
    """Every account of the site, by box and age."""
    rows = database.rows("SELECT * FROM sessions WHERE site = ? ORDER BY box, first_heard", (site,))
    return [_account(row) for row in rows]


def _account(row: sqlite3.Row) -> Account:
    runs, forgone, highest = Runs(json.loads(row["runs"])), row["forgone"], row["highest"]
    gaps = tuple(islice(runs.gaps(highest, forgone), MAX_GAPS))
    missing = highest - row["received"]
    return Account(
        site=row["site"],
        floor=row["floor"],
        box=row["box"],
        session=row["session"],
        received=row["received"],
        missing=missing,
        duplicates=row["duplicates"],
        refused=row["refused"],
        prefix=max(runs.prefix, min(runs.prefix_above(forgone), highest)),
        highest=highest,
        last_heard=row["last_heard"],
        gaps=gaps,
        state=_state(missing, row["abandoned"] or not gaps),
        forgone=forgone,
    )


def _state(missing: int, is_given_up: bool) -> State:
    if not missing:
        return "whole"
    return "abandoned" if is_given_up else "open"


def abandon(connection: sqlite3.Connection, site: str, now: float) -> None:
    """Give up the sessions whose box has begun another, within the caller's transaction; an arrival takes it back."""
    connection.execute(
        """UPDATE sessions SET abandoned = 1
           WHERE site = :site AND abandoned = 0 AND highest > received AND last_heard < :before AND EXISTS (
               SELECT 1 FROM boxes WHERE boxes.site = sessions.site AND boxes.box = sessions.box
               AND durable_session NOT IN ('', sessions.session))""",
        {"site": site, "before": now - ABANDONED_AFTER_S},
    )
