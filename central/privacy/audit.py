"""Who asked what, written down off the request's path: a bounded queue, flushed in batches by a thread of its own."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import parse_qsl

from central.access import pseudonym
from central.store import audit
from central.store.audit import Entry
from central.store.database import Database, StoreUnavailableError

log = logging.getLogger(__name__)

FLUSH_EVERY_S = 1.0
MOST_WAITING = 20_000
"""Entries that wait while the store cannot be written; beyond, they are lost and counted."""
QUERY_KEYS = ("floor", "zone", "category", "from", "to", "who", "by", "by_minute", "length", "through", "frames", "day")
"""Of a query only these are kept: what was asked about, and for when."""
UNTOLD = frozenset({"rest", "touchpoint", "offer", "redemption"})
"""Of a path these are not: who delivers, or the till, knows whose they are, also after an erasure; and the rest of an
address that we do not know may be anything, a member's id too."""
MOST_VALUE = 40

Flush = Callable[[sqlite3.Connection], None]


class AuditTrail:
    """The trail of one site.

    Args:
        database: where it goes.
        site: the site's id.
        key: of the pseudonyms that stand for members.
        along: written in the same transactions: what else comes up on the requests' path and may wait a second.
    """

    def __init__(self, database: Database, site: str, key: str, along: Sequence[Flush] = ()) -> None:
        self.lost = 0
        self._database = database
        self._site = site
        self._key = key
        self._along = along
        self._waiting: deque[Entry] = deque()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="central-audit", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, as far as the store allows, and end."""
        self._stop.set()
        self._thread.join()

    def note(self, entry: Entry) -> None:
        """Remember an entry; never waits."""
        with self._lock:
            if len(self._waiting) >= MOST_WAITING:
                self.lost += 1
            else:
                self._waiting.append(entry)

    def subject(self, path: Mapping[str, object]) -> str:
        """What a request was about, of the parameters of its path; a member only by their pseudonym."""
        told = []
        for name, value in path.items():
            if name in UNTOLD:
                continue
            text = pseudonym(self._key, str(value)) if name == "member" else str(value)
            told.append(f"{name} {_plain(text)}")
        return ", ".join(told)

    def flush(self) -> bool:
        """Whether what waited is written."""
        with self._lock:
            entries = list(self._waiting)
        if not entries:
            return True  # nobody asked, so nothing came along either
        try:
            with self._database.writing() as connection:
                audit.add(connection, self._site, entries)
                for flush in self._along:
                    flush(connection)
        except StoreUnavailableError as error:
            log.error("audit: %s", error)  # noqa: TRY400 - one line, not a traceback
            return False
        with self._lock:
            for _ in entries:
                self._waiting.popleft()
        return True

    def _run(self) -> None:
        is_last = False
        while not is_last:
            is_last = self._stop.wait(FLUSH_EVERY_S)
            try:
                self.flush()
            except Exception:
                log.exception("the audit could not be written; it is tried again")


def asked(query: str) -> str:
    """What of a query is kept: floor, zone, window and the like, cut short.

    >>> asked("floor=g&token=secret&from=2026-01-01T00:00:00.000Z")
    'floor=g from=2026-01-01T00:00:00.000Z'
    """
    found = dict(parse_qsl(query, max_num_fields=100) if query.count("&") < 100 else ())
    return " ".join(f"{key}={_plain(found[key])}" for key in QUERY_KEYS if key in found)


def _plain(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text[:MOST_VALUE])
