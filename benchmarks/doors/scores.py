"""Crossings told beside the crossings that were, and what the bars are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

TRUTH_HZ = 25.0
TOLERANCE = 15
"""Frames of 25 a second."""
FAR = 1e6
"""Costs more than all pairs that count together."""
COPIES_LOSE = 1
"""Most crossings that may be wrong on all copies of all clips together."""

Crossings = dict[str, list[float]]
"""Frames of 25 a second at which somebody went `in` and `out`."""
Run = tuple[float, int]
"""Pictures analysed a second, and the first frame."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a way did on a clip.

    Attributes:
        wrong: Crossings too many and too few.
        late: Of those that are right, frames after the truth.
    """

    wrong: int
    late: tuple[float, ...]

    @property
    def right(self) -> int:
        """Crossings told that were."""
        return len(self.late)


def judge(found: Crossings, truth: Crossings) -> Verdict:
    """Pairs what was told with what was: as many as can be, and of such pairings the nearest."""
    wrong, late = 0, []
    for way, told in found.items():
        apart = np.abs(np.subtract.outer(np.array(told, float), np.array(truth[way], float)))
        rows, columns = linear_sum_assignment(np.where(apart <= TOLERANCE, apart, FAR))
        used = [(i, k) for i, k in zip(rows.tolist(), columns.tolist(), strict=True) if apart[i, k] <= TOLERANCE]
        late += [told[i] - truth[way][k] for i, k in used]
        wrong += len(told) + len(truth[way]) - 2 * len(used)
    return Verdict(wrong, tuple(late))


def wrong_of(verdicts: Iterable[Verdict]) -> int:
    """Crossings that are wrong in all of them."""
    return sum(each.wrong for each in verdicts)


def meets(verdicts: Mapping[Run, list[Verdict]]) -> bool:
    """Exact at the full rate; at 8 a second two starts exact and a third with at most one wrong."""
    wrong = {run: wrong_of(row) for run, row in verdicts.items()}
    slow = sorted(count for (fps, _), count in wrong.items() if fps != TRUTH_HZ)
    return (
        all(count == 0 for (fps, _), count in wrong.items() if fps == TRUTH_HZ)
        and sum(slow[:2]) == 0
        and max(slow) <= 1
    )


def survives(copies: Iterable[Mapping[Run, list[Verdict]]]) -> bool:
    """No more wrong than `COPIES_LOSE` on all copies, at all their rates together."""
    return sum(wrong_of(row) for runs in copies for row in runs.values()) <= COPIES_LOSE
