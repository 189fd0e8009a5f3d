"""Central's crossings against the simulator's truth."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from contract.times import from_rfc3339

SAME_S = 2.5
"""The pipeline may place a crossing so far from the truth's moment."""
Crossing = tuple[str, str, float]
"""Line, direction, seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Truth:
    """How central's crossings compare.

    Attributes:
        due: crossings of the truth.
        found: of them, those that central has.
        more: crossings of central that the truth knows nothing of.
    """

    due: int
    found: int
    more: int

    @classmethod
    def of(cls, truth: Path, database: Path, floor: str, from_s: float = 0.0) -> Self:
        """The comparison, of crossings ``from_s`` seconds after the truth's start."""
        told = json.loads(truth.read_text(encoding="utf-8"))
        start = from_rfc3339(told["start"])
        due = [(c["line"], c["direction"], start + c["at_s"]) for c in told["crossings"] if c["floor"] == floor]
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
            stored: list[Crossing] = db.execute("SELECT line, direction, at FROM crossings").fetchall()
        due = [one for one in due if one[2] >= start + from_s]
        left = [one for one in stored if one[2] >= start + from_s]
        found = 0
        for line, direction, at in sorted(due, key=lambda one: one[2]):
            near = [one for one in left if one[:2] == (line, direction) and abs(one[2] - at) <= SAME_S]
            if near:
                left.remove(min(near, key=lambda one: abs(one[2] - at)))
                found += 1
        return cls(len(due), found, len(left))


def keep(database: Path, copy: Path) -> None:
    """A copy of a database that may be in use."""
    copy.unlink(missing_ok=True)
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as source, closing(sqlite3.connect(copy)) as to:
        source.backup(to)
