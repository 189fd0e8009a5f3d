"""A plan that is not to scale becomes metres: pairs clicked on its picture, and distances measured on the floor.

A photographed or stretched plan may have another scale across than down. Two measured distances that run in different
directions tell both; two in the same direction tell one, and a disagreement between them is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibration.camera import Floats
from contract.errors import BadInputError

APART = 0.35
"""Two directions tell both scales where the squared shares of their steps across the plan differ by so much."""
AGREE = 0.03
"""Measured distances that disagree by more than this share are worth a word."""
WRONG = 0.25
"""By more than this, one of them is wrong."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A distance somebody measured.

    Attributes:
        start_px: one end, pixels of the plan's picture.
        end_px: the other.
        length_m: metres between them on the floor.
    """

    start_px: tuple[float, float]
    end_px: tuple[float, float]
    length_m: float


@dataclass(frozen=True, slots=True)
class PlanScale:
    """How the plan's pixels are metres.

    Attributes:
        across_m: metres a pixel, along the plan's rows.
        down_m: the same along its columns.
        height_px: the plan's height, so that y grows upwards from its lower edge.
        remarks: what the installer should know, one sentence each.
    """

    across_m: float
    down_m: float
    height_px: int
    remarks: tuple[str, ...] = ()

    def metres(self, plan_px: Floats) -> Floats:
        """(N, 2) pixels of the plan's picture to (N, 2) floor metres: x right, y up, from its lower left."""
        px = np.asarray(plan_px, np.float64).reshape(-1, 2)
        return np.column_stack([px[:, 0] * self.across_m, (self.height_px - px[:, 1]) * self.down_m])

    def pixels(self, floor_m: Floats) -> Floats:
        """(N, 2) floor metres to (N, 2) pixels of the plan's picture."""
        xy = np.asarray(floor_m, np.float64).reshape(-1, 2)
        return np.column_stack([xy[:, 0] / self.across_m, self.height_px - xy[:, 1] / self.down_m])


def plan_scale(measured: Sequence[Measured], plan_size: tuple[int, int], source: str = "plan") -> PlanScale:
    """The scale that measured distances give a plan.

    Args:
        measured: two or more.
        plan_size: width and height of the plan's picture, pixels.
        source: what to call it in messages.

    Raises:
        BadInputError: where there are fewer than two, one is no distance, or they contradict each other.
    """
    if len(measured) < 2:
        raise BadInputError(
            f"{source}: {len(measured)} measured distance{'s' * (len(measured) != 1)}; two are needed, one along the "
            "plan and one across it"
        )
    steps = np.array([np.subtract(each.end_px, each.start_px) for each in measured], np.float64)
    lengths = np.array([each.length_m for each in measured], np.float64)
    for k, (step, length) in enumerate(zip(steps, lengths, strict=True), 1):
        if not (np.isfinite(length) and length > 0):
            raise BadInputError(f"{source}: distance {k} must be a length in metres above 0")
        if float(np.hypot(*step)) < 0.02 * max(plan_size):
            raise BadInputError(f"{source}: the ends of distance {k} are too close on the plan; measure a longer one")
    remarks = []
    single = float(np.exp(np.mean(np.log(lengths / np.hypot(*steps.T)))))
    shares = steps**2 / (steps**2).sum(1, keepdims=True)
    across = down = single
    if np.ptp(shares[:, 0]) >= APART:
        across, down = _separate(steps, lengths, single)
        if not (across > 0 and down > 0):
            raise BadInputError(f"{source}: no scale fits these distances; {_doubt(steps, lengths, single, single)}")
        if abs(np.log(across / down)) > AGREE:
            remarks.append(
                f"the plan is stretched: {across * 1000:.2f} mm a pixel across and {down * 1000:.2f} mm down; both are "
                "taken into account"
            )
    else:
        remarks.append(
            "both distances run the same way, so one scale is used across and down; measure one at right angles to "
            "them to be sure that the plan is not stretched"
        )
    told = np.hypot(steps[:, 0] * across, steps[:, 1] * down)
    worst = float(np.abs(np.log(told / lengths)).max())
    if worst > WRONG:
        raise BadInputError(f"{source}: the measured distances contradict each other; "
                            f"{_doubt(steps, lengths, across, down)}")  # fmt: skip
    if worst > AGREE:
        remarks.append(
            f"the measured distances disagree by {100 * worst:.0f} %; {_doubt(steps, lengths, across, down)}"
        )
    return PlanScale(across, down, plan_size[1], tuple(remarks))


def _separate(steps: Floats, lengths: Floats, single: float) -> tuple[float, float]:
    """Least squares of the squared lengths, each in proportion to itself: they are linear in the squared scales."""
    rows = steps**2 * single**2 / lengths[:, None] ** 2
    found = np.linalg.lstsq(rows, np.ones(len(lengths)), rcond=None)[0]
    if not (found > 0.05).all():
        return -1.0, -1.0
    across, down = np.sqrt(found) * single
    return float(across), float(down)


def _doubt(steps: Floats, lengths: Floats, across: float, down: float) -> str:
    told = np.hypot(steps[:, 0] * across, steps[:, 1] * down)
    k = int(np.argmax(np.abs(np.log(told / lengths))))
    return f"distance {k + 1}, {lengths[k]:.2f} m, should be {told[k]:.2f} m: measure it again, or click its ends again"
