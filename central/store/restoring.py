"""What a database that comes out of a backup has to be told before it serves again."""

from __future__ import annotations

from collections.abc import Callable

from central.store import members
from central.store.database import Database


def member_ids(database: Database, site: str) -> list[str]:
    """Every member's id."""
    return [row[0] for row in database.rows("SELECT member FROM members WHERE site = ?", (site,))]


def erase_again(database: Database, site: str, subjects: set[str], pseudonym: Callable[[str], str], now: float) -> int:
    """Erase every member whose pseudonym is among the subjects; how many there were."""
    return sum(
        members.erase(database, site, member, now, subject)
        for member in member_ids(database, site)
        if (subject := pseudonym(member)) in subjects
    )


def withdraw_again(
    database: Database, site: str, consents: set[tuple[str, str]], pseudonym: Callable[[str], str], now: float
) -> int:
    """Withdraw every consent whose (pseudonym, purpose) is among them; how many stood."""
    by_subject: dict[str, list[str]] = {}
    for subject, purpose in consents:
        by_subject.setdefault(subject, []).append(purpose)
    done = 0
    for member in member_ids(database, site):
        subject = pseudonym(member)
        for purpose in by_subject.get(subject, ()):
            done += members.withdraw(database, site, member, purpose, now, subject=subject)
    return done


def log_everybody_out(database: Database, site: str) -> None:
    """End every login: who was logged in at the time of the backup may have logged out, or been put out, since."""
    with database.writing() as connection:
        connection.execute("DELETE FROM logins WHERE site = ?", (site,))


def note_restore(database: Database, site: str, now: float, backup_at: float) -> None:
    """Write down that the database was restored."""
    with database.writing() as connection:
        connection.execute("INSERT OR REPLACE INTO restores VALUES (?, ?, ?)", (site, now, backup_at))


def last_restore(database: Database, site: str) -> tuple[float, float] | None:
    """When it was last restored, and the instant of the backup, seconds since 1970; None where it never was."""
    rows = database.rows("SELECT at, backup_at FROM restores WHERE site = ? ORDER BY at DESC LIMIT 1", (site,))
    return (rows[0][0], rows[0][1]) if rows else None
