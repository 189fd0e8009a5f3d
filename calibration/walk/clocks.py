"""First guess of the clocks: by which offset do two cameras' walks lie on one another, whatever their poses are off by?

Each pair of cameras gets a curve of gain over offset: the walk of one, moved in time, is laid on that of the other by
an affine map near the identity (which takes up what a pose wrong by some degrees does to the floor), and moments that
then agree count. The offsets of all cameras are those that gain most over all pairs together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera, Floats
from calibration.walk.observations import BOX_ORIGIN_PX, Sightings, is_cut

STEP_S = 0.1
"""Of the curves; the bundle finds the rest."""
NEAR_S = 0.6
"""Between two boxes further apart in time a walk is not interpolated."""
NOISE_SHARE = 0.04
NOISE_PX = 1.0
NOISE_M = 0.12
"""Of a foot point: share of the box's height, pixels, and what gait and body width add on the floor."""
FARTHEST_M = 1.5
"""Foot points less certain than this say nothing."""
SHIFT_M, BEND = 1.5, 0.15
"""How far a wrong pose may move the floor, and stretch, turn or shear it; standard deviations."""
MOST_BEND = 0.7
"""No pose wrong by some degrees stretches or turns the floor so much; a mirrored picture does (2, as a norm)."""
CAP = 9.0
"""What a moment that agrees perfectly counts; nothing beyond three standard deviations."""
FREE = 3 * CAP
"""An affine map agrees with three moments whatever they are."""
ROUNDS = 4


@dataclass(frozen=True, slots=True, eq=False)
class FloorTrack:
    """Where one camera says that the walker was.

    Attributes:
        time_s: (N,) by the camera's clock.
        xy_m: (N, 2) metres.
        sigma_m: (N,) standard deviation.
    """

    time_s: Floats
    xy_m: Floats
    sigma_m: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Gain of one pair over the offset of the second clock against the first.

    Attributes:
        gain: (T,) at each offset of the grid.
        moments: (T,) how many moments both saw.
    """

    gain: Floats
    moments: NDArray[np.int64]


def floor_track(camera: Camera, seen: Sightings, *, mirrored: bool = False) -> FloorTrack:
    """The camera's foot points on the floor, those left out that are cut, near the horizon or too uncertain.

    Args:
        camera: as calibrated until now.
        seen: the walker's boxes.
        mirrored: take the picture as if left and right were swapped.
    """
    _, _, low = is_cut(camera, seen.box_px)
    seen = seen.only(~low)
    box = seen.box_px
    foot = np.column_stack([(box[:, 0] + box[:, 2]) / 2, box[:, 3]]) - BOX_ORIGIN_PX
    if mirrored:
        foot[:, 0] = camera.width - 1 - foot[:, 0]
    noise = NOISE_PX + NOISE_SHARE * (box[:, 3] - box[:, 1])
    xy = camera.floor_from_pixels(foot)
    spread = [
        np.linalg.norm(camera.floor_from_pixels(foot + noise[:, None] * np.array(way)) - xy, axis=1)
        for way in ((0.0, 1.0), (1.0, 0.0))
    ]
    sigma = np.hypot(np.maximum(*spread), NOISE_M)
    with np.errstate(invalid="ignore"):
        kept = np.isfinite(xy).all(1) & (sigma < FARTHEST_M)
    return FloorTrack(seen.time_s[kept], xy[kept], sigma[kept])


def offset_grid(widest_s: float) -> Floats:
    """(T,) offsets between two clocks that are each within ``widest_s`` of the true time, seconds."""
    half = round(2 * widest_s / STEP_S)
    return np.asarray(np.arange(-half, half + 1) * STEP_S, np.float64)


def curve(one: FloorTrack, other: FloorTrack, grid_s: Floats) -> Curve:
    """Gain of laying two walks on one another, for each offset to be added to the second clock over the first."""
    if len(one.time_s) < 2 or len(other.time_s) < 2:
        return Curve(np.zeros(len(grid_s)), np.zeros(len(grid_s), np.int64))
    at = one.time_s[None] - grid_s[:, None]
    right = np.clip(np.searchsorted(other.time_s, at), 1, len(other.time_s) - 1)
    before, after = other.time_s[right - 1], other.time_s[right]
    shared = (at >= before) & (at <= after) & (after - before <= NEAR_S)
    share = np.clip((at - before) / np.maximum(after - before, 1e-9), 0.0, 1.0)[..., None]
    xy = other.xy_m[right - 1] * (1 - share) + other.xy_m[right] * share
    variance = one.sigma_m[None] ** 2 + other.sigma_m[right] ** 2
    away = one.xy_m[None] - xy
    count = np.maximum(shared.sum(1), 1)
    centre = (xy * shared[..., None]).sum(1) / count[:, None]
    design = np.concatenate([np.ones((*at.shape, 1)), xy - centre[:, None]], 2)
    ridge = np.diag([1 / SHIFT_M**2, 1 / BEND**2, 1 / BEND**2])
    weight = shared / variance
    off, bend = np.zeros_like(variance), np.zeros((len(grid_s), 2, 2))
    for turn in range(ROUNDS):
        lhs = np.einsum("tn,tni,tnj->tij", weight, design, design) + ridge
        rhs = np.einsum("tn,tni,tnd->tid", weight, design, away)
        fit = np.linalg.solve(lhs, rhs)
        off, bend = ((away - design @ fit) ** 2).sum(2) / variance, fit[:, 1:]
        # from forgiving to strict (Geman and McClure's weights), so that the first fit is not the outliers'
        soft = CAP * 4.0 ** (ROUNDS - 2 - turn)
        weight = shared / variance / (1 + off / soft) ** 2
    gain = (np.maximum(0.0, CAP - off) * shared).sum(1)
    gain[np.linalg.norm(bend, axis=(1, 2)) > MOST_BEND] = 0.0
    return Curve(np.maximum(0.0, gain - FREE), shared.sum(1))


def all_curves(tracks: Mapping[str, FloorTrack], grid_s: Floats) -> dict[tuple[str, str], Curve]:
    """The curve of every pair of cameras."""
    return {(a, b): curve(tracks[a], tracks[b], grid_s) for a, b in combinations(tracks, 2)}


def best_offsets(
    names: list[str], curves: Mapping[tuple[str, str], Curve], grid_s: Floats
) -> tuple[dict[str, int], float]:
    """Steps of the grid to add to each camera's clock, the first camera's 0, and the gain of all pairs together.

    The gain has many peaks; from every camera in turn the others are set one after another, the surest first, and then
    improved one at a time until nothing gains.
    """
    middle = len(grid_s) // 2
    best: tuple[dict[str, int], float] = (dict.fromkeys(names, 0), -1.0)
    for root in names:
        steps = {root: 0}
        while len(steps) < len(names):
            sums = {name: _profile(name, steps, curves, middle) for name in names if name not in steps}
            name = max(sums, key=lambda each: float(sums[each].max()))
            steps[name] = int(np.argmax(sums[name])) - middle
        for _ in range(len(names)):
            changed = False
            for name in names:
                others = {other: step for other, step in steps.items() if other != name}
                profile = _profile(name, others, curves, middle)
                found = int(np.argmax(profile)) - middle
                if profile[found + middle] > profile[np.clip(steps[name] + middle, 0, 2 * middle)] + 1e-9:
                    steps[name], changed = found, True
            if not changed:
                break
        gain = total_gain(steps, curves, middle)
        if gain > best[1]:
            best = ({name: steps[name] - steps[names[0]] for name in names}, gain)
    return best


def total_gain(steps: Mapping[str, int], curves: Mapping[tuple[str, str], Curve], middle: int) -> float:
    """Gain of all pairs at these offsets."""
    return sum(
        float(each.gain[middle + steps[b] - steps[a]])
        for (a, b), each in curves.items()
        if a in steps and b in steps and abs(steps[b] - steps[a]) <= middle
    )


def _profile(name: str, steps: Mapping[str, int], curves: Mapping[tuple[str, str], Curve], middle: int) -> Floats:
    """(T,) gain over one camera's offset, the others' given."""
    wanted = np.arange(-middle, middle + 1)
    total = np.zeros(len(wanted))
    for other, step in steps.items():
        if (other, name) in curves:
            at, gain = wanted - step, curves[other, name].gain
        else:
            at, gain = step - wanted, curves[name, other].gain
        inside = np.abs(at) <= middle
        total[inside] += gain[at[inside] + middle]
    # of equal offsets the smallest
    return np.asarray(total - 1e-6 * np.abs(wanted), np.float64)
