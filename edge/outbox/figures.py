"""The outbox as somebody sees it who may only look: from beside the box that writes it, or of one that does not run."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

import msgspec

from contract.errors import BadInputError
from contract.times import from_rfc3339
from upkeep.databases import reading


class _Dated(msgspec.Struct, frozen=True):
    """Of an envelope, when it was written."""

    at: str


@dataclass(frozen=True, slots=True)
class OutboxFigures:
    """What an outbox holds.

    Attributes:
        last_seq: highest sequence number given out.
        acknowledged: every event up to this number is safe at central.
        waiting: events that central has not acknowledged.
        oldest_at: when the oldest of these happened, seconds since 1970; None where none waits.
        lost: events given up, ever.
        used_bytes: of its pages that hold something.
    """

    last_seq: int
    acknowledged: int
    waiting: int
    oldest_at: float | None
    lost: int
    used_bytes: int


def outbox_figures(path: Path, limit_s: float) -> OutboxFigures:
    """The figures of an outbox.

    Args:
        path: of the file.
        limit_s: after so many seconds the look is given up.

    Raises:
        sqlite3.DatabaseError: it is missing or damaged.
        OutOfTimeError: it took too long.
    """
    with reading(path, limit_s) as connection:
        last, acknowledged, lost = connection.execute("SELECT last_seq, acknowledged, lost FROM session").fetchone()
        after = (acknowledged,)
        (waiting,) = connection.execute("SELECT count(*) FROM outbox WHERE seq > ?", after).fetchone()
        oldest = connection.execute("SELECT payload FROM outbox WHERE seq > ? ORDER BY seq LIMIT 1", after).fetchone()
        return OutboxFigures(last, acknowledged, waiting, _written_at(oldest), lost, _used_bytes(connection))


def _written_at(row: tuple[bytes] | None) -> float | None:
    if row is None:
        return None
    try:
        return from_rfc3339(msgspec.json.decode(row[0], type=_Dated).at)
    except (msgspec.DecodeError, UnicodeDecodeError, BadInputError):
        return None


def _used_bytes(connection: sqlite3.Connection) -> int:
    pages, free, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size
