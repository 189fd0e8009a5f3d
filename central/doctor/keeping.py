"""What central keeps: its tables, its log, its backups, and what it promised to forget."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from central.privacy.retention import LATE_AFTER_S
from central.store.diagnosis import PurgeWord, last_purge, refusals_since, schema_state
from upkeep.findings import Finding, Level

LIMIT_S = 6.0
LOG_BYTES = 256 * 2**20
"""Four times what SQLite is told to leave of its log: a reader has kept it from being emptied."""
BACKUPS = "*.sealed"
DAY_S = 86_400.0
BACKUP_LATE_S, BACKUP_OLD_S = 1.25 * DAY_S, 3 * DAY_S
"""Backups are made every night."""
REFUSED_S = 3600.0
START = "Run: systemctl restart atrium-central; then journalctl -u atrium-central -n 50."


def database_version(path: Path) -> list[Finding]:
    """Whether the tables are those of this build.

    Args:
        path: of the database.
    """
    check = "database-version"
    try:
        found = schema_state(path, LIMIT_S)
    except sqlite3.DatabaseError:
        return []  # told by its integrity
    if found.strange:
        said = f"{found.strange} migrations are of a newer Atrium than this one"
        mend = "Install the newer package again; a database does not go back: restore a backup of before instead."
        return [Finding(check=check, level="fault", said=said, mend=mend)]
    if found.pending:
        said = f"{len(found.pending)} migrations wait; the newest applied is {found.newest or 'none'}"
        mend = "Start central once; it migrates as it starts."
        return [Finding(check=check, level="warning", said=said, mend=mend)]
    return [Finding(check=check, level="fine", said=f"up to date ({found.newest})")]


def log_size(path: Path) -> list[Finding]:
    """How large the write-ahead log has grown.

    Args:
        path: of the database.
    """
    log = path.with_name(f"{path.name}-wal")
    size = log.stat().st_size if log.exists() else 0
    level: Level = "warning" if size > LOG_BYTES else "fine"
    mend = "Run: systemctl restart atrium-central; find out who keeps the database open (fuser -v on the file)."
    return [
        Finding(
            check="database-log",
            level=level,
            said=f"{size / 2**20:.0f} MiB are still to be brought into the database",
            mend=mend if level != "fine" else "",
            figures={"bytes": float(size)},
        )
    ]


def forgetting(path: Path, site: str, now: float) -> list[Finding]:
    """Whether what has outlived its purpose is deleted in time.

    Args:
        path: of the database.
        site: the site's id.
        now: seconds since 1970.
    """
    try:
        found = last_purge(path, site, LIMIT_S)
    except sqlite3.DatabaseError:
        return []  # told by its integrity
    return [_forgot(found, now)]


def _forgot(found: PurgeWord | None, now: float) -> Finding:
    check = "retention"
    if found is None:
        return Finding(check=check, level="warning", said="nothing has been purged yet", mend=START)
    late_s = now - found.at
    figures = {"age_s": round(late_s, 1), "left_over": float(found.left_over)}
    if late_s > LATE_AFTER_S:
        said = f"the last purge was {late_s / 60:.0f} minutes ago; it runs every minute: a promise of privacy is broken"
        return Finding(check=check, level="fault", said=said, mend=START, figures=figures)
    if found.left_over:
        said = f"{found.left_over} rows that expired are still there after the purge"
        return Finding(check=check, level="fault", said=said, mend=START, figures=figures)
    said = f"purged {max(0.0, late_s):.0f} s ago, and nothing that expired is left"
    return Finding(check=check, level="fine", said=said, figures=figures)


def quarantine(path: Path, site: str, now: float) -> list[Finding]:
    """Whether boxes send what central cannot take in.

    Args:
        path: of the database.
        site: the site's id.
        now: seconds since 1970.
    """
    try:
        count = refusals_since(path, site, now - REFUSED_S, LIMIT_S)
    except sqlite3.DatabaseError:
        return []  # told by its integrity
    figures = {"refused": float(count)}
    if not count:
        return [Finding(check="quarantine", level="fine", said="nothing was refused in the last hour", figures=figures)]
    said = f"{count} messages were refused in the last hour"
    mend = "Look at Ops, which says what and why; a box of another version is the usual reason."
    return [Finding(check="quarantine", level="warning", said=said, mend=mend, figures=figures)]


def backup_age(folder: Path, now: float) -> list[Finding]:
    """How old the newest backup is.

    Args:
        folder: where backups lie.
        now: seconds since 1970.
    """
    check, mend = "backup", "Run: systemctl start atrium-backup; then journalctl -u atrium-backup -n 50."
    try:
        found = [(path.stat().st_mtime, path.stat().st_size) for path in folder.glob(BACKUPS)]
    except OSError as error:
        said = f"cannot be read ({error.strerror})"
        return [Finding(check=check, subject=str(folder), level="fault", said=said, mend=mend)]
    if not found:
        said = "there is no backup: a broken disk would take the history with it"
        return [Finding(check=check, subject=str(folder), level="warning", said=said, mend=mend)]
    made_at, size = max(found)
    age_s = now - made_at
    level: Level = "fault" if age_s > BACKUP_OLD_S else "warning" if age_s > BACKUP_LATE_S else "fine"
    said = f"the newest of {len(found)} is {max(0.0, age_s) / 3600:.1f} h old, {size / 1e6:.1f} MB"
    figures = {"age_h": round(age_s / 3600, 2), "bytes": float(size), "count": float(len(found))}
    if not size:
        level, said = "fault", "the newest backup is empty"
    mend = "" if level == "fine" else mend
    return [Finding(check=check, subject=str(folder), level=level, said=said, mend=mend, figures=figures)]
