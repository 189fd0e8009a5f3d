"""Clocks that jump in the middle of the walk: where one offset does not fit, two may."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.walk.bundle import Problem, State, residuals, robust_cost

STEP_S = 0.1
SOFT = 2.0
WORTH = 40.0
"""A jump has to explain so much more, in log likelihood of robust residuals."""
LEAST_JUMP_S = 0.2
LEAST_BOXES = 15
"""On either side of a jump."""
ALONE_S = 0.5
"""Where no other camera sees the walker so near in time, the walk is what this camera says, and says nothing."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Offset of a camera's clock over a span of its recording.

    Attributes:
        first_s: its first box of the walker in the span, by the camera's own clock.
        last_s: its last one.
        offset_s: to add to the camera's time to get the reference camera's.
    """

    first_s: float
    last_s: float
    offset_s: float


@dataclass(frozen=True, slots=True)
class Jump:
    """A clock that jumped.

    Attributes:
        camera: whose.
        at_s: when, by the camera's own clock: halfway between the boxes before and after.
        before_s: change of its offset before that against the one fitted.
        after_s: the same from then on.
    """

    camera: str
    at_s: float
    before_s: float
    after_s: float


def find_jump(problem: Problem, state: State, name: str, widest_s: float) -> Jump | None:
    """The jump of a camera's clock that explains its boxes much better than one offset does, if there is one.

    The walk is held as fitted; every way to cut the camera's boxes in two is tried against every pair of offsets.
    """
    own = problem.watches[name]
    common = own.time_s + state.offset_s[own.clock]
    others = np.sort(
        np.concatenate(
            [
                [-np.inf, np.inf],
                *(each.time_s + state.offset_s[each.clock] for other, each in problem.watches.items() if other != name),
            ]
        )
    )
    grid = np.arange(-round(2 * widest_s / STEP_S), round(2 * widest_s / STEP_S) + 1) * STEP_S
    costs = np.stack([robust_cost(residuals(problem, state, name, later), SOFT).sum(1) for later in grid.tolist()], 1)
    # seen by others both now and wherever a wrong offset may have put it
    right = np.searchsorted(others, common)
    alone = np.minimum(common - others[right - 1], others[np.minimum(right, len(others) - 1)] - common) > ALONE_S
    costs[alone] = 0.0
    counts = np.cumsum(~alone)
    if not len(counts) or counts[-1] < 2 * LEAST_BOXES:
        return None
    first = np.cumsum(costs, 0)
    last = first[-1] - first
    split = first.min(1) + last.min(1)
    split[(counts < LEAST_BOXES) | (counts[-1] - counts < LEAST_BOXES)] = np.inf
    cut = int(np.argmin(split))
    gain = first[-1].min() - split[cut]
    before, after = grid[int(np.argmin(first[cut]))], grid[int(np.argmin(last[cut]))]
    if gain < WORTH or abs(before - after) < LEAST_JUMP_S or cut + 1 >= len(own.time_s):
        return None
    return Jump(name, float((own.time_s[cut] + own.time_s[cut + 1]) / 2), float(before), float(after))
