"""When the last good backup was made: a file beside the database, so that a missing night is seen on Ops."""

from __future__ import annotations

from pathlib import Path

from contract.disk import write_whole


def note_backup(database: Path, at: float) -> None:
    """Write down that a backup of that instant is good; or, with a new key, that backups are awaited from now on.

    Raises:
        AtriumError: it cannot be written.
    """
    write_whole(_path(database), f"{at:.0f}\n".encode())


def last_backup(database: Path) -> float | None:
    """Instant of the last good backup, seconds since 1970; None where none are awaited."""
    try:
        return float(_path(database).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _path(database: Path) -> Path:
    return database.with_name(f"{database.name}.backed-up")
