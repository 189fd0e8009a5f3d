"""One camera watched: an undisturbed run with its false alarms, and knocks that branch off from it."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera, Floats
from calibration.drift.motion import rotation_of
from calibration.drift.repair import propose
from calibration.drift.watch import CHECK_S, DriftWatch

Picture = NDArray[np.uint8]
AXES = {"tilt": (1.0, 0.0, 0.0), "pan": (0.0, 1.0, 0.0), "roll": (0.0, 0.0, 1.0)}
GIVE_UP_S = 180.0
"""A knock not reported by then is missed."""
LEARNT_S = 90.0
"""Nobody knocks before the view is learnt."""
FAR_M = 25.0


@dataclass(frozen=True, slots=True)
class Knock:
    """A turn about one of a camera's own axes, at a time.

    Attributes:
        axis: ``tilt``, ``pan`` or ``roll``.
        degrees: with its sign.
        at: seconds into the run.
    """

    axis: str
    degrees: float
    at: float

    @property
    def rotation(self) -> Floats:
        """(3, 3) world directions before the lens, after over before: the camera turns the other way."""
        return rotation_of(-np.radians(self.degrees) * np.array(AXES[self.axis]))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a knock.

    Attributes:
        camera: its name.
        knock: what was done.
        after_s: seconds until it was reported; None where it was missed.
        error_deg: how far the proposed pose is from the true one.
        error_cm: the same on the floor, the median; None where there is no floor.
        back_s: seconds until it was believed again after it was put back; None where it was not.
    """

    camera: str
    knock: Knock
    after_s: float | None
    error_deg: float = 0.0
    error_cm: float | None = None
    back_s: float | None = None


@dataclass(slots=True)
class Quiet:
    """An undisturbed run.

    Attributes:
        camera: its name.
        minutes: how long.
        looks: pictures looked at,
        answered: and of them those that could tell.
        alarms: what was wrongly said, a line each.
        worst_deg: largest turn that any picture claimed.
        cpu_s: processor seconds spent.
        patches: of the reference.
        branches: the watch as it was, by seconds.
    """

    camera: str
    minutes: float = 0.0
    looks: int = 0
    answered: int = 0
    alarms: list[str] = field(default_factory=list)
    worst_deg: float = 0.0
    cpu_s: float = 0.0
    patches: int = 0
    branches: dict[float, bytes] = field(default_factory=dict)


def run_quiet(camera: Camera, pictures: Iterable[tuple[float, Picture]], branch_at: Sequence[float]) -> Quiet:
    """Watches a camera that nobody touches.

    Args:
        camera: as calibrated.
        pictures: seconds and (H, W, 3) BGR.
        branch_at: when knocks will branch off, seconds.
    """
    watch, quiet, state = DriftWatch(camera), Quiet(camera.name), "learning"
    for at, bgr in pictures:
        for moment in branch_at:
            if at >= moment and moment not in quiet.branches:
                quiet.branches[moment] = pickle.dumps(watch)
        luma = grey(bgr)
        began = time.process_time()
        report = watch.update(at, luma)
        quiet.cpu_s += time.process_time() - began
        if report is None:
            continue
        quiet.looks += report.state != "learning"
        quiet.answered += report.answered
        quiet.minutes = at / 60
        if report.answered and report.motion is not None:
            quiet.worst_deg = max(quiet.worst_deg, report.motion.angle_deg)
        if report.state in {"moved", "lost", "shaking"} and report.state != state:
            quiet.alarms.append(f"{at:.0f} s: {report.state}: {report.reason}")
        state = report.state
    quiet.patches = 0 if watch.reference is None else len(watch.reference.middles_px)
    return quiet


def run_knock(
    camera: Camera,
    branch: bytes,
    knock: Knock,
    turned: Callable[[float], Picture],
    straight: Callable[[float], Picture],
) -> Outcome:
    """Goes on from a branch with a knocked camera, and puts it back once that is reported.

    Args:
        camera: as calibrated.
        branch: the watch as it was.
        knock: what happens.
        turned: (H, W, 3) BGR at a time, of the knocked camera.
        straight: the same of the camera as calibrated.
    """
    watch: DriftWatch = pickle.loads(branch)  # noqa: S301 - our own
    at, reported = knock.at, None
    while at < knock.at + GIVE_UP_S and reported is None:
        report = watch.update(at, grey(turned(at)))
        if report is not None and report.state == "moved":
            reported = at
        at += CHECK_S
    if reported is None:
        return Outcome(camera.name, knock, None)
    found = propose(camera, watch.agreeing).camera
    truth = replace(camera, rotation=knock.rotation @ camera.rotation, translation=knock.rotation @ camera.translation)
    put_back, back_s = at, None
    while at < put_back + GIVE_UP_S and back_s is None:
        report = watch.update(at, grey(straight(at)))
        back_s = at - put_back if report is not None and report.state == "still" else None
        at += CHECK_S
    off = np.degrees(np.linalg.norm(cv2.Rodrigues(found.rotation @ truth.rotation.T)[0]))
    return Outcome(camera.name, knock, reported - knock.at, float(off), floor_error_cm(found, truth), back_s)


def floor_error_cm(found: Camera, truth: Camera) -> float | None:
    """How far apart two poses put what the camera sees of the floor within 25 m, the median."""
    grid = np.stack(np.meshgrid(np.linspace(0, truth.width - 1, 24), np.linspace(0, truth.height - 1, 18)), -1).reshape(
        -1, 2
    )
    real = truth.floor_from_pixels(grid)
    with np.errstate(invalid="ignore"):
        near = np.hypot(*(real - truth.centre_m[:2]).T) <= FAR_M
    off = np.hypot(*(found.floor_from_pixels(grid) - real).T)[near]
    off = off[np.isfinite(off)]
    return float(100 * np.median(off)) if len(off) else None


def grey(bgr: Picture) -> Picture:
    """(H, W) brightness."""
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), np.uint8)
