"""What happened in the hall, counted straight from the file with plain numpy: independent of all code under test."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.central.grand_central.hall import gates

Floats = npt.NDArray[np.float64]
PAUSE_S = 4.0
"""The file uses an id again after a pause: then it is somebody else."""


@dataclass(frozen=True, slots=True)
class Tracks:
    """Everybody's positions, person by person and by time.

    Attributes:
        person: (N,) whole numbers, as in ``names``.
        at: (N,) seconds.
        xy: (N, 2) metres.
        names: a token for each person.
    """

    person: npt.NDArray[np.int64]
    at: Floats
    xy: Floats
    names: list[str]


def read_tracks(path: Path, until_s: float) -> Tracks:
    """The file's positions of before ``until_s``."""
    rows = np.loadtxt(path, delimiter=",", skiprows=1)
    rows = rows[rows[:, 0] < until_s]
    rows = rows[np.lexsort((rows[:, 0], rows[:, 1]))]
    changes = (np.diff(rows[:, 1]) != 0) | (np.diff(rows[:, 0]) > PAUSE_S)
    person = np.concatenate([[0], np.cumsum(changes)])
    return Tracks(person, rows[:, 0], rows[:, 2:], [f"walker{one:06}" for one in range(int(person[-1]) + 1)])


@dataclass(frozen=True, slots=True)
class Counted:
    """Entries and exits by gate, different people of each, and people by the gates of first entry and last exit."""

    passed: Counter[tuple[str, str]]
    people: Counter[tuple[str, str]]
    matrix: Counter[tuple[str, str]]


def count(tracks: Tracks, until_s: float = np.inf) -> Counted:
    """Crossings of all gates of before ``until_s``.

    Every gate runs along an axis, so that who is inside is told by one coordinate alone.
    """
    same = np.diff(tracks.person) == 0
    start, end = tracks.xy[:-1][same], tracks.xy[1:][same]
    person, at = tracks.person[:-1][same], tracks.at[:-1][same]
    found: list[tuple[int, float, str, str]] = []
    for gate, ((x0, y0), (x1, y1)) in gates().items():
        axis = 0 if x0 == x1 else 1  # every gate runs along x or along y
        level, low, high = (x0, min(y0, y1), max(y0, y1)) if axis == 0 else (y0, min(x0, x1), max(x0, x1))
        sign = 1.0 if gate in RISING else -1.0
        before, after = sign * (start[:, axis] - level), sign * (end[:, axis] - level)
        changes = (before > 0) != (after > 0)  # who stands on the line is still outside
        share = np.where(changes, before / np.where(changes, before - after, 1.0), 0.0)
        along = start[:, 1 - axis] + share * (end[:, 1 - axis] - start[:, 1 - axis])
        hit = changes & (along >= low) & (along < high)
        enters = after > 0
        for row in np.flatnonzero(hit).tolist():
            moment = float(at[row] + share[row] * 0.8)
            found.append((int(person[row]), round(moment, 3), gate, "in" if enters[row] else "out"))
    found = sorted(one for one in found if one[1] < until_s)
    passed = Counter((gate, way) for _, _, gate, way in found)
    people = Counter((gate, way) for _, gate, way in {(who, gate, way) for who, _, gate, way in found})
    matrix: Counter[tuple[str, str]] = Counter()
    for one in sorted({row[0] for row in found}):
        mine = [row for row in found if row[0] == one]
        came = [gate for _, _, gate, way in mine if way == "in"]
        went = [gate for _, _, gate, way in mine if way == "out"]
        if came and went:
            matrix[came[0], went[-1]] += 1
    return Counted(passed, people, matrix)


RISING = frozenset({"west_north", "west_middle", "west_south", "south_west", "stairs_north", "south_east"})
"""Gates through which one enters towards larger x or y."""
