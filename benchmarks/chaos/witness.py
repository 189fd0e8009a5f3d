"""Keeps every durable event that a box ever committed, and holds it against what central has.

A trigger in the box's own outbox copies every event within the transaction that commits it, so that kill -9 at any
moment leaves event and copy, or neither. Central acknowledges events and the outbox forgets them; the copies stay.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from contract.events import Visit
from contract.messages import decode

_WITNESS = """
CREATE TABLE IF NOT EXISTS witness (session TEXT, seq INTEGER, what TEXT, payload BLOB, PRIMARY KEY (session, seq));
CREATE TRIGGER IF NOT EXISTS witnessed AFTER INSERT ON outbox BEGIN
  INSERT INTO witness SELECT token, NEW.seq, NEW.what, NEW.payload FROM session;
END;
INSERT OR IGNORE INTO witness SELECT token, seq, what, payload FROM outbox, session;
"""
Numbers = Counter[tuple[str, int]]
RESTS_S = 0.5
TELLS = 8
"""So many of the events that are missing are told by name."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An outbox at an instant: events kept, highest number given out, and all up to here are safe at central."""

    depth: int
    last_seq: int
    acknowledged: int


@dataclass(frozen=True, slots=True)
class Reckoning:
    """What the box committed against what central has.

    Attributes:
        committed: events that the box committed.
        lost: of them, those that central has not.
        doubled: rows of central beyond one for each.
        invented: rows of central that the box never committed.
        missing: what was lost, the first few: kind, session and number of each.
    """

    committed: int
    lost: int
    doubled: int
    invented: int
    missing: tuple[str, ...] = ()

    @property
    def is_exact(self) -> bool:
        """Whether every event is there once."""
        return not (self.lost or self.doubled or self.invented)


class Witness:
    """Looks at a box's outbox from beside; the box must have begun it. One connection, kept open to the end.

    To be made where the path means the box's file (:meth:`benchmarks.chaos.host.Host.inside`); afterwards any thread
    may ask. A connection opened and closed while the box is dead would clean up after it, and mend what is tried.
    """

    def __init__(self, path: Path) -> None:
        with contextlib.closing(sqlite3.connect(path, timeout=10.0)) as begun:
            begun.executescript(_WITNESS)
        self._db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=2.0, check_same_thread=False)
        self.standing()  # opens what else belongs to the file while its path still means it

    def standing(self) -> Standing | None:
        """How the outbox stands; None where it cannot be read just now."""
        try:
            found = self._db.execute(
                "SELECT (SELECT COUNT(*) FROM outbox WHERE seq > acknowledged), last_seq, acknowledged FROM session"
            )
            return Standing(*found.fetchone())
        except sqlite3.Error:
            return None

    def reckon_at_rest(self, central: Path, most_s: float) -> Reckoning | None:
        """The reckoning of an instant at which nothing was on its way; None where none came within that time.

        The box goes on: a visitor whom nobody sees any more is ended a minute later. So what was committed while it
        was reckoned up is neither lost nor there, and it is reckoned up anew.
        """
        ends = time.monotonic() + most_s
        while time.monotonic() < ends:
            before = self.standing()
            if before is not None and not before.depth:
                found = self.reckon(central)
                if self.standing() == before:
                    return found
            time.sleep(RESTS_S)
        return None

    def reckon(self, central: Path) -> Reckoning:
        """Every event ever committed against central's database, whose writer must have come to rest."""
        rows = self._db.execute("SELECT session, seq, what, payload FROM witness ORDER BY rowid").fetchall()
        words: dict[str, tuple[str, int]] = {}
        told: Numbers = Counter()
        for session, seq, what, payload in rows:
            body = decode(what, payload).body
            if isinstance(body, Visit):
                words[body.visit] = session, seq  # a later word about a visit takes the place of the earlier
            else:
                told[session, seq] += 1
        told.update(words.values())
        db = sqlite3.connect(f"file:{central}?mode=ro", uri=True, timeout=10.0)
        stored: Numbers = Counter()
        for table in ("crossings", "journeys", "visits"):
            stored.update(db.execute(f"SELECT session, seq FROM {table}"))  # noqa: S608 - our own names
        arrived = dict(db.execute("SELECT session, received FROM sessions"))
        db.close()
        committed = Counter(session for session, *_ in rows)
        not_arrived = sum(max(0, count - arrived.get(session, 0)) for session, count in committed.items())
        kinds = {(session, seq): what for session, seq, what, _ in rows}
        gone = sorted((told - stored).elements())
        return Reckoning(
            committed=len(rows),
            lost=max(not_arrived, len(gone)),
            doubled=sum(count - 1 for number, count in stored.items() if number in told),
            invented=sum(count for number, count in stored.items() if number not in told),
            missing=tuple(f"{kinds[number]} {number[0]}:{number[1]}" for number in gone[:TELLS]),
        )

    def close(self) -> None:
        """Close the connection."""
        self._db.close()
