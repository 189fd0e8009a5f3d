"""What the latest answers of a watch come to: still, moved or shaking."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibration.camera import Floats
from calibration.drift.motion import Motion
from calibration.drift.rays import View

MOVED_DEG = 0.4
"""A camera that turned by this, degrees, has moved;"""
MOVED_PX = 3.0
"""or one whose picture moved so far on average, pixels at 640 wide: what counts for narrow lenses, and for a zoom."""
SHIFT_WIDTH_PX = 640.0
BACK_SHARE = 0.6
"""It is back when it is nearer to its calibration than this share of both."""
CONFIRM = 3
"""So many answers in a row must agree,"""
RECENT_S = 60.0
"""none older than this, seconds."""
ALIKE_DEG = 0.2
"""Answers agree that differ by no more than this, degrees,"""
ALIKE_SHARE = 0.1
"""or by no more than this share of the turn."""
SHAKES_DEG = 0.3
"""A camera whose answers differ by this, degrees, shakes:"""
SHAKES = 3
"""if so many of the recent ones differ from the one before."""


class Word(enum.Enum):
    """What answers come to."""

    STILL = "still"
    MOVED = "moved"
    SHAKING = "shaking"
    WAIT = "wait"


@dataclass(frozen=True, slots=True, eq=False)
class Verdict:
    """One picture's answer: when, how the camera turned, and how far the picture moved, pixels at 640 wide."""

    at: float
    motion: Motion
    shift_px: float

    def beyond(self, share: float = 1.0) -> bool:
        """Whether it turned by more than a share of what counts as moved."""
        return self.motion.angle_deg >= share * MOVED_DEG or self.shift_px >= share * MOVED_PX


def judge(answers: Sequence[Verdict], is_moved: bool) -> tuple[Word, str]:
    """What the latest answers come to, and one line for people.

    Args:
        answers: in order of time.
        is_moved: whether the camera is known to have moved: it must come nearer than that to be back.
    """
    if not answers:
        return Word.WAIT, ""
    recent = [each for each in answers if answers[-1].at - each.at <= RECENT_S]
    last = recent[-CONFIRM:]
    settled = len(last) == CONFIRM and agree(last)
    if settled and all(each.beyond() for each in last):
        return Word.MOVED, told(last[-1])
    if settled and not any(each.beyond(BACK_SHARE if is_moved else 1.0) for each in last):
        return Word.STILL, _calm(last[-1])
    jumps = sum(not agree(recent[k - 1 : k + 1]) for k in range(1, len(recent)))
    if not settled and not is_moved and jumps >= SHAKES and _spread_deg(recent) >= SHAKES_DEG:
        return Word.SHAKING, f"shakes by {_spread_deg(recent):.1f} degrees; fasten it"
    return Word.WAIT, ""


def shift_px(view: View, motion: Motion) -> float:
    """How far a motion moves the picture on average, pixels at 640 wide."""
    width, height = view.size
    grid = np.stack(np.meshgrid(np.linspace(0, width - 1, 7), np.linspace(0, height - 1, 5)), -1).reshape(-1, 2)
    moved = view.turned(grid, motion.rotation, motion.zoom) - grid
    length = np.hypot(*moved.T)
    return float(np.nanmean(length) * SHIFT_WIDTH_PX / width) if np.isfinite(length).any() else SHIFT_WIDTH_PX


def told(verdict: Verdict) -> str:
    """How a camera moved, for people; right, up and clockwise as seen from behind it."""
    pan, tilt, roll = parts_deg(verdict.motion)
    zoom = "" if verdict.motion.zoom == 1.0 else f", zoom {verdict.motion.zoom:.2f}"
    turn = f"turned {verdict.motion.angle_deg:.1f} degrees (right {pan:.1f}, up {tilt:.1f}, clockwise {roll:.1f}{zoom})"
    return f"moved: {turn}; put it back, or confirm the new pose"


def parts_deg(motion: Motion) -> tuple[float, float, float]:
    """How far the camera turned to the right, upwards and clockwise as seen from behind it, degrees."""
    tilt, pan, roll = motion.vector_deg.tolist()
    return pan, tilt, roll


def _calm(verdict: Verdict) -> str:
    angle = verdict.motion.angle_deg
    return "hangs as calibrated" if angle < 0.5 * MOVED_DEG else f"hangs {angle:.1f} degrees off, within tolerance"


def agree(answers: Sequence[Verdict]) -> bool:
    """Whether answers say the same, as those of one look do, and of none."""
    if len(answers) < 2:
        return True
    largest = max(each.motion.angle_deg for each in answers)
    zooms = [each.motion.zoom for each in answers]
    return _spread_deg(answers) <= max(ALIKE_DEG, ALIKE_SHARE * largest) and max(zooms) - min(zooms) <= ALIKE_SHARE


def _spread_deg(answers: Sequence[Verdict]) -> float:
    """The largest angle between two answers, degrees."""
    vectors: Floats = np.array([each.motion.vector_deg for each in answers])
    return float(np.linalg.norm(vectors[:, None] - vectors[None], axis=2).max())
