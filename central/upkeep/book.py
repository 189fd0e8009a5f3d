"""The book of erasures outside the database: what a restore from an older backup has to do again.

Who was erased today is still in last night's backup. So every erasure and every withdrawal of a consent is written, as
a line of JSON, beside the database and, where it can be reached, beside the backups. The line names the member by the
pseudonym that the database's own book uses (an HMAC), so that nobody can read from it who it was.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from central.store import erasures
from central.store.erasures import Kind
from central.store.store import Store
from contract.disk import sync_folder, write_whole
from contract.errors import AtriumError

log = logging.getLogger(__name__)

NAME = "erasures.jsonl"
KEPT_S = 400 * 86_400.0
"""No backup is kept longer."""
MARGIN_S = 300.0
"""Done so shortly before a backup's instant may not be in the backup."""


class Entry(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """That one member was erased, or withdrew a consent; ``at`` in seconds since 1970."""

    at: float
    kind: Kind
    subject: str
    purpose: str = ""


def beside(database: Path) -> Path:
    """The book beside a database."""
    return database.with_name(f"{database.name}.{NAME}")


def read_book(path: Path) -> list[Entry]:
    """Everything in a book, in order; a line that a power cut tore was never promised to anybody."""
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    found = []
    for number, line in enumerate(lines, 1):
        try:
            found.append(msgspec.json.decode(line, type=Entry))
        except msgspec.MsgspecError:
            if line.strip():
                log.warning("%s: line %d is torn, it is passed over", path, number)
    return found


def append(path: Path, entries: Sequence[Entry]) -> None:
    """Write entries at the end, and bring them to the disk.

    Raises:
        OSError: it cannot be written.
    """
    is_new = not path.exists()
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "r+b", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
        file.write(b"\n" * torn + b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries))
        os.fsync(handle)
    if is_new:
        sync_folder(path.parent)


def merged(*books: Iterable[Entry]) -> list[Entry]:
    """Every entry of all books once, oldest first."""
    return sorted({entry for book in books for entry in book}, key=lambda entry: (entry.at, entry.subject))


def bring_along(database: Path, folder: Path, now: float) -> None:
    """Make the book beside the backups as full as the one beside the database, without what is too old for both.

    Raises:
        AtriumError: it cannot be written.
    """
    kept = [one for one in merged(read_book(beside(database)), read_book(folder / NAME)) if one.at > now - KEPT_S]
    write_whole(folder / NAME, b"".join(msgspec.json.encode(entry) + b"\n" for entry in kept))


class Bookkeeper:
    """A duty of the clerk: brings what the database's own book says into the books outside.

    Args:
        store: the truth.
        folder: where backups go; its book is written where it can be reached.
    """

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._book = beside(store.database.path)
        self._folder = folder
        self._through = 0
        self._known: set[Entry] | None = None

    def update(self, _now: float) -> None:
        """Write what is new.

        Raises:
            AtriumError: the book beside the database cannot be written; it is tried again at the next round.
        """
        rows = erasures.after(self._store.database, self._store.site, self._through)
        if not rows:
            return
        if self._known is None:
            self._known = set(read_book(self._book))
        entries = [Entry(at, kind, subject, purpose) for _, at, kind, subject, purpose in rows]
        fresh = [entry for entry in entries if entry not in self._known]
        if fresh:
            try:
                append(self._book, fresh)
            except OSError as error:
                raise AtriumError(f"{self._book}: cannot be written ({error.strerror}); free disk space") from None
            self._known |= set(fresh)
            self._tell_backups(fresh)
        self._through = rows[-1][0]

    def _tell_backups(self, fresh: Sequence[Entry]) -> None:
        if not self._folder.is_dir():
            return
        try:
            append(self._folder / NAME, fresh)
        except OSError as error:  # the next backup brings it along
            log.warning("%s: cannot be written now (%s)", self._folder / NAME, error.strerror)
