"""What rehearsals read: a store that cannot be written, stored days, and how members and coupons usually do."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from central.store.database import Database
from contract.errors import AtriumError, BadInputError

_NEEDED = (
    "SELECT hour FROM visits LIMIT 0",
    "SELECT day FROM member_days LIMIT 0",
    "SELECT arm FROM offers LIMIT 0",
    "SELECT given FROM pools LIMIT 0",
)


class ReadingDatabase(Database):
    """The database of a central that may be running, or of one that is kept: opened to read, and nothing else.

    Raises:
        BadInputError: where there is no such database, or an older version of Atrium wrote it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._write_lock = threading.RLock()
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._opened_lock = threading.Lock()
        if not path.is_file():
            raise BadInputError(f"{path}: no such database; check `database` in CENTRAL.toml")
        try:
            for sql in _NEEDED:
                self.rows(sql)
        except sqlite3.OperationalError as error:
            self.close()
            raise BadInputError(f"{path}: is of an older version ({error}); start central once with it") from None
        except sqlite3.DatabaseError as error:
            self.close()
            raise BadInputError(f"{path}: cannot be read as a database ({error}); check the path") from None

    def writing(self) -> object:  # type: ignore[override]
        """Never."""
        raise AtriumError(f"{self.path}: was opened to read only")

    def close(self) -> None:
        """Close every connection."""
        with self._opened_lock:
            for connection in self._opened:
                connection.close()
            self._opened.clear()


def newest_visit(database: Database, site: str) -> float | None:
    """When the newest visit began, seconds since 1970; None where there is none."""
    found = database.rows("SELECT max(entered_at) FROM visits WHERE site = ?", (site,))[0][0]
    return None if found is None else float(found)


def members_of_day(database: Database, site: str, day: str) -> list[str]:
    """Members who were joined to a visit on that day, as 2026-01-31, whatever became of the join."""
    return [row[0] for row in database.rows("SELECT member FROM member_days WHERE site = ? AND day = ?", (site, day))]


def agreeing(database: Database, site: str, purpose: str, given: str) -> tuple[int, int]:
    """Of the members who agree to ``given`` now: how many agree to ``purpose``, too, and how many they are."""
    row = database.rows(
        """SELECT count(other.id), count(*) FROM consents LEFT JOIN consents AS other ON other.site = consents.site
               AND other.member = consents.member AND other.purpose = ? AND other.withdrawn_at IS NULL
           WHERE consents.site = ? AND consents.purpose = ? AND consents.withdrawn_at IS NULL""",
        (purpose, site, given),
    )[0]
    return row[0], row[1]
