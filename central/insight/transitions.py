"""From visits to ways: who went from where to where, and by way of what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from central.insight.places import Floats, Indices, Place
from central.insight.stays import Stays


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """Runs of ``length`` places that somebody visited one after the other.

    Attributes:
        person: (M,) who.
        places: (M, length) indices of places, no two neighbours the same.
        between_s: (M,) seconds from leaving the last but one to entering the last; 0 for runs of one place.
    """

    person: Indices
    places: Indices
    between_s: Floats


def ways(stays: Stays, places: Sequence[Place], length: int, *, through: bool) -> Ways:
    """Runs of visited places.

    Args:
        stays: by person and beginning.
        places: all places.
        length: of a run, at least 1.
        through: whether passages are places too; where not, they are left out before runs are looked for.
    """
    passes = np.array([place.is_passage for place in places], np.bool_)
    kept = stays if through else stays.only(~passes[stays.place])
    kept = kept.only(_first_of_each_run(kept))
    number = len(kept) - length + 1
    if number <= 0:
        return Ways(np.empty(0, np.int32), np.empty((0, length), np.int32), np.empty(0))
    whole = kept.person[:number] == kept.person[length - 1 :]
    columns = [kept.place[n : n + number][whole] for n in range(length)]
    if length == 1:
        return Ways(kept.person, kept.place[:, None], np.zeros(len(kept)))
    between = kept.entered_at[length - 1 :] - kept.left_at[length - 2 : len(kept) - 1]
    return Ways(kept.person[:number][whole], np.stack(columns, axis=1), np.maximum(between[whole], 0.0))


def _first_of_each_run(stays: Stays) -> Indices:
    """Indices that leave one of every run of visits of a person to one place: going out and in again is no way."""
    same = (stays.person[1:] == stays.person[:-1]) & (stays.place[1:] == stays.place[:-1])
    return np.flatnonzero(np.concatenate([[True], ~same])[: len(stays)]).astype(np.int32)
