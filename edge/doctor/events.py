"""Whether the box runs, its outbox is sound, and central takes what is in it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from edge.outbox.figures import OutboxFigures, outbox_figures
from upkeep.findings import Finding, Level

PROC = Path("/proc")
MANY_WAIT = 2_000
"""Of a busy box's ten events a second, three minutes."""
FULL_SHARE = 0.8
FRESH_S, LATE_S, LONG_S = 60.0, 900.0, 6 * 3600.0
"""Central acknowledges within a second; after these the oldest event is news, a nuisance, a fault."""
LOCK_NAME = "lock"


def box_runs(state_dir: Path, proc: Path = PROC) -> list[Finding]:
    """Whether a box process holds the state directory.

    Args:
        state_dir: the box's.
        proc: where the kernel tells of locks.
    """
    mend = "Run: systemctl start atrium-edge@box; where it ends again: journalctl -u atrium-edge@box -n 50."
    lock = state_dir / LOCK_NAME
    try:
        inode = lock.stat().st_ino
        held = [line.split() for line in (proc / "locks").read_text(encoding="ascii").splitlines()]
    except OSError:
        said = "no box has run with this state_dir yet" if not lock.exists() else "nobody here can say"
        level: Level = "fault" if not lock.exists() else "unknown"
        return [Finding(check="box-running", level=level, said=said, mend=mend)]
    for fields in held:
        if len(fields) > 5 and fields[1] == "FLOCK" and fields[5].rpartition(":")[2] == str(inode):
            return [Finding(check="box-running", level="fine", said=f"runs as process {fields[4]}")]
    return [Finding(check="box-running", level="fault", said="no box process runs: nothing is counted", mend=mend)]


def outbox_events(path: Path, limit_bytes: int, now: float, limit_s: float = 5.0) -> list[Finding]:
    """How much waits in the outbox, and since when central has not acknowledged.

    Args:
        path: of the outbox.
        limit_bytes: that it may take.
        now: seconds since 1970.
        limit_s: after so many seconds the look is given up.
    """
    if not path.exists():
        return []  # told by its integrity
    try:
        found = outbox_figures(path, limit_s)
    except (sqlite3.DatabaseError, TypeError):
        return []  # the same
    return [_depth(found, limit_bytes), _lost(found), _acknowledged(found, now)]


def _depth(found: OutboxFigures, limit_bytes: int) -> Finding:
    share = found.used_bytes / limit_bytes
    level: Level = "fault" if share > FULL_SHARE else "warning" if found.waiting > MANY_WAIT else "fine"
    said = f"{found.waiting} events wait for central; {found.used_bytes / 1e6:.1f} MB, {share:.0%} of what it may take"
    mend = "See broker and central-acknowledges; when full, the outbox keeps what it has and new events are lost."
    figures = {"waiting": float(found.waiting), "share": round(share, 4)}
    return Finding(check="outbox-depth", level=level, said=said, mend="" if level == "fine" else mend, figures=figures)


def _lost(found: OutboxFigures) -> Finding:
    figures = {"lost": float(found.lost)}
    if not found.lost:
        return Finding(check="outbox-lost", level="fine", said="no event was ever given up", figures=figures)
    said = f"{found.lost} events were given up since this outbox began: neither disk nor memory had room"
    mend = "Make room on the disk or raise outbox_limit_mb; figures of those hours are too low, and nothing mends them."
    return Finding(check="outbox-lost", level="warning", said=said, mend=mend, figures=figures)


def _acknowledged(found: OutboxFigures, now: float) -> Finding:
    check = "central-acknowledges"
    mend = "See broker; then on central's host: atrium doctor /etc/atrium/central.toml."
    if not found.last_seq:
        return Finding(check=check, level="unknown", said="there has been no event yet", mend="Walk through the hall.")
    if not found.waiting:
        return Finding(check=check, level="fine", said=f"central has all {found.acknowledged} events")
    if found.oldest_at is None:
        return Finding(check=check, level="unknown", said="the oldest event does not say when it was", mend=mend)
    waits_s = now - found.oldest_at
    level: Level = "fault" if waits_s > LONG_S else "warning" if waits_s > LATE_S else "fine"
    said = f"the oldest event waits for {_span(waits_s)}; nothing later was acknowledged"
    if waits_s <= FRESH_S:
        said = f"central has all but the events of the last {max(0.0, waits_s):.0f} s"
    figures = {"oldest_s": round(waits_s, 1)}
    return Finding(check=check, level=level, said=said, mend="" if level == "fine" else mend, figures=figures)


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"
