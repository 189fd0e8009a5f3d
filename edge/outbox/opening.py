"""Opens a box's outbox: one that is damaged is set aside, never deleted; what can be read of it is sent after all."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from contract.disk import sync_folder
from edge.outbox.salvage import salvage
from edge.outbox.store import Origin, Outbox

TAILS = ("-wal", "-shm")
FIRST_CHECK_S = 600.0
"""After a start, when cameras and models have settled."""
CHECK_EVERY_S = 86_400.0
TAKE_IN_ROWS = 1_000


@contextlib.contextmanager
def opened_outbox(
    path: Path,
    origin: Origin,
    token: str,
    tell: Callable[[str], None],
    *,
    limit_bytes: int,
    keep_s: float,
) -> Iterator[Outbox]:
    """The outbox, looked through beforehand where it was not closed, and once a day from a thread of its own.

    Args:
        path: of the file.
        origin: whose it is.
        token: random, for a session that begins now.
        tell: takes one line for the operator.
        limit_bytes: of the file.
        keep_s: how long events stay after central has them, seconds.
    """
    damage = _damage_at_start(path)
    outbox = None
    if not damage:
        try:
            outbox = Outbox(path, origin, token, limit_bytes=limit_bytes, keep_s=keep_s)
        except sqlite3.DatabaseError as error:
            damage = str(error)
    if outbox is None:
        aside = set_aside(path, token)
        outbox = Outbox(path, origin, token, limit_bytes=limit_bytes, keep_s=keep_s)
        saved = _take_in(outbox, aside, tell)
        outbox.remark = (
            f"{path}: {damage}; set aside as {aside.name}, a new outbox begins: {saved} events that central may not "
            "have were saved, others may be missing at central; look at the disk's health"
        )
        tell(outbox.remark)
    over = threading.Event()
    look = threading.Thread(target=_look_daily, args=(path, outbox, over), name="outbox-check", daemon=True)
    look.start()
    try:
        yield outbox
    finally:
        over.set()
        outbox.close()
        if outbox.damage:
            _mark(path).touch()


def quick_check(path: Path) -> str:
    """What SQLite finds wrong with a database, in one line; empty is good."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5.0)) as db:
            found = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError:  # locked, or no room for its shared memory: that says nothing about damage
        return ""
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if found == "ok" else " ".join(str(found).split())


def set_aside(path: Path, token: str) -> Path:
    """Where the file lies now, with its log; nothing of it is deleted."""
    aside = path.with_name(f"{path.name}.damaged-{token[:8]}")
    path.rename(aside)
    for tail in TAILS:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + tail).rename(aside.with_name(aside.name + tail))
    _mark(path).unlink(missing_ok=True)
    sync_folder(path.parent)
    return aside


def _mark(path: Path) -> Path:
    """A file that says that damage was seen, for the next start."""
    return path.with_name(path.name + ".suspect")


def _damage_at_start(path: Path) -> str:
    """What is wrong with a file that was not closed, or that damage was seen in."""
    if not path.exists() or not (_mark(path).exists() or path.with_name(path.name + TAILS[0]).exists()):
        return ""
    damage = quick_check(path)
    if not damage:
        _mark(path).unlink(missing_ok=True)
    return damage


def _take_in(outbox: Outbox, aside: Path, tell: Callable[[str], None]) -> int:
    """How many events of the damaged file were saved."""
    saved, batch, now = 0, [], time.time()
    try:
        for found in salvage(aside, outbox.origin):
            batch.append(found)
            if len(batch) == TAKE_IN_ROWS:
                outbox.salvaged.take_in(batch, now)
                saved, batch = saved + len(batch), []
        outbox.salvaged.take_in(batch, now)
    except sqlite3.DatabaseError as error:
        tell(f"{aside}: not all of it could be saved ({error}); the rest is still in it")
        return saved
    return saved + len(batch)


def _look_daily(path: Path, outbox: Outbox, over: threading.Event) -> None:
    wait_s = FIRST_CHECK_S
    while not over.wait(wait_s):
        outbox.damage = outbox.damage or quick_check(path)
        wait_s = CHECK_EVERY_S
