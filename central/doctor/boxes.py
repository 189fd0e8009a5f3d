"""Which boxes have not been heard, by what central has written down."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from central.store.diagnosis import BoxWord, box_words
from upkeep.findings import Finding

LIMIT_S = 6.0
SILENT_S = 60.0
"""A box says its health every five seconds."""
MEND = "Look whether it has power and its uplink; then on the box: atrium doctor /etc/atrium/box.toml."


def silent_boxes(path: Path, site: str, now: float) -> list[Finding]:
    """A finding for each box.

    Args:
        path: of the database.
        site: the site's id.
        now: seconds since 1970.
    """
    try:
        words = box_words(path, site, LIMIT_S)
    except sqlite3.DatabaseError:
        return []  # told by its integrity
    if not words:
        said, mend = "no box has ever spoken", "Enroll a box and start it."
        return [Finding(check="box-silent", level="warning", said=said, mend=mend)]
    return [_judged(word, now) for word in words]


def _judged(word: BoxWord, now: float) -> Finding:
    check = "box-silent"
    if word.last_heard is None:
        return Finding(check=check, subject=word.box, level="warning", said="was never heard itself", mend=MEND)
    silent_s = now - word.last_heard
    figures = {"silent_s": round(silent_s, 1)}
    if silent_s <= SILENT_S:
        said = f"heard {max(0.0, silent_s):.0f} s ago"
        return Finding(check=check, subject=word.box, level="fine", said=said, figures=figures)
    since = f"{silent_s / 60:.0f} minutes" if silent_s < 7200 else f"{silent_s / 3600:.1f} hours"
    if word.state == "stopped":
        said, mend = f"was stopped {since} ago", "Start it, or take it out of the site."
        return Finding(check=check, subject=word.box, level="warning", said=said, mend=mend, figures=figures)
    said = f"silent for {since}, on floor {word.floor}"
    return Finding(check=check, subject=word.box, level="fault", said=said, mend=MEND, figures=figures)
