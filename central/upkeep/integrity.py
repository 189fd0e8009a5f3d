"""Whether the database is whole: looked at before a start, and once a day from a thread of its own."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from pathlib import Path

from central.store.copying import damage, unreadable
from central.store.database import Database
from central.store.store import Store
from contract.disk import sync_folder
from contract.errors import BadInputError

log = logging.getLogger(__name__)

MOST_AT_START_BYTES = 512 << 20
"""A larger database that was not closed is not read through before the start, which would take too long, but after."""
FIRST_LOOK_S = 600.0
LOOK_EVERY_S = 86_400.0
PAUSE_S = 0.5
"""Between two tables."""
TAILS = ("-wal", "-shm", "-journal")


def see_whole(path: Path) -> None:
    """Refuse a damaged database: it is set aside, never deleted; nor is an empty one begun in its place.

    A database that was closed is only opened; one that was not, or that damage was seen in, is read through.

    Raises:
        BadInputError: it was damaged, now or at an earlier start; says what to do.
    """
    if not path.exists():
        if aside := sorted(path.parent.glob(f"{path.name}.damaged-*")):
            raise BadInputError(_mend(path, aside[-1], "was damaged"))
        return
    found = unreadable(path)
    log_left = path.with_name(path.name + TAILS[0])
    is_open = log_left.exists() and log_left.stat().st_size > 0
    if not found and (_mark(path).exists() or (is_open and path.stat().st_size <= MOST_AT_START_BYTES)):
        found = damage(path)
    if found:
        raise BadInputError(_mend(path, _set_aside(path), f"is damaged ({found})"))
    _mark(path).unlink(missing_ok=True)


def opened_store(path: Path, site: str) -> tuple[Store, DamageWatch]:
    """The store of a database that is whole as far as is known, and what looks after that; it is not started yet.

    Raises:
        BadInputError: it is damaged, or cannot be opened.
    """
    see_whole(path)
    store = Store(path, site)
    return store, DamageWatch(store.database)


def _mend(path: Path, aside: Path, what: str) -> str:
    return (
        f"{path}: {what} and was set aside as {aside.name}; put back the last backup: `atrium central restore BACKUP "
        f"--key KEY --into CENTRAL.toml`, boxes then send what came after it; or move {aside.name} away to begin empty"
    )


def _set_aside(path: Path) -> Path:
    aside = path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
    path.rename(aside)
    for tail in TAILS:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + tail).rename(aside.with_name(aside.name + tail))
    _mark(path).unlink(missing_ok=True)
    sync_folder(path.parent)
    return aside


def _mark(path: Path) -> Path:
    """A file that says that damage was seen, for the next start."""
    return path.with_name(f"{path.name}.suspect")


class DamageWatch:
    """Looks through the database daily; damage stops all writing, so that nothing is acknowledged into it.

    Args:
        database: it.
        first_s: seconds from the start to the first look.
        pause_s: seconds between two tables.
    """

    def __init__(self, database: Database, first_s: float = FIRST_LOOK_S, pause_s: float = PAUSE_S) -> None:
        self._database = database
        self._first_s, self._pause_s = first_s, pause_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="central-damage-watch", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; what was found is left as a mark for the next start."""
        self._over.set()
        if self._database.damage:
            _mark(self._database.path).touch()

    def _run(self) -> None:
        wait_s = self._first_s
        while not self._over.wait(wait_s):
            self.look()
            wait_s = LOOK_EVERY_S

    def look(self) -> None:
        """Look through every table now."""
        if found := damage(self._database.path, pause_s=self._pause_s):
            self._database.damage = found
            log.error("%s: is damaged (%s); nothing is stored any more", self._database.path, found)
        if self._database.damage:
            _mark(self._database.path).touch()
