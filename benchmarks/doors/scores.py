"""Crossings told beside the crossings that were, and what the bars are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

TRUTH_HZ = 25.0
TOLERANCE = 15
"""Frames of 25 a second."""
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
    """Pairs what was told with what was, nearest first."""
    wrong, late = 0, []
    for way, told in found.items():
        pairs = sorted(
            (abs(a - b), i, k) for i, a in enumerate(told) for k, b in enumerate(truth[way]) if abs(a - b) <= TOLERANCE
        )
        used: list[tuple[int, int]] = []
        for _, i, k in pairs:
            if all(i != other and k != taken for other, taken in used):
                used.append((i, k))
                late.append(told[i] - truth[way][k])
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
