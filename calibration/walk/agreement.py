"""Where do two cameras say that the walker is, at the same moment? Disagreement in metres, pair by pair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from calibration.camera import Camera, Floats
from calibration.walk.observations import BOX_ORIGIN_PX, Sightings, is_cut
from calibration.walk.stick import Body, ends_m

NEAR_S = 0.6
"""Between two boxes further apart in time a place is not interpolated."""
STRETCH_S = 2.0
"""Moments of one stretch are averaged: a gait of two steps and a detector's jitter average out, a wrong pose stays."""
LEAST_MOMENTS = 3
"""In a stretch that counts."""
FARTHEST_M = 20.0
ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Agreement:
    """One pair of cameras.

    Attributes:
        pair: their names.
        moments: at how many both saw the walker's feet.
        median_m: median distance between the two places, moment by moment; detector and gait included. NaN where they
            share no moment.
        worst_tenth_m: 90 % of moments are better than this.
        steady_m: median over stretches of two seconds, moments averaged: what the calibrations disagree by.
        steady_tenth_m: 90 % of stretches are better than this.
    """

    pair: tuple[str, str]
    moments: int
    median_m: float
    worst_tenth_m: float
    steady_m: float
    steady_tenth_m: float


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """(N,) seconds of the common clock and (N, 2) metres where one camera says that the walker's middle was."""

    time_s: Floats
    xy_m: Floats


def places(camera: Camera, seen: Sightings, time_s: Floats, body: Body) -> Places:
    """Where the camera alone says the walker was: from its boxes' lower edges, with the body that they are edges of.

    Args:
        camera: with its pose.
        seen: the walker's boxes.
        time_s: (N,) common time of each.
        body: the walker's.
    """
    side, _, low = is_cut(camera, seen.box_px)
    kept = np.flatnonzero(~(side | low))
    kept = kept[np.argsort(time_s[kept], kind="stable")]
    box = seen.box_px[kept] - BOX_ORIGIN_PX
    tall = (box[:, 3] - box[:, 1]) / (1 + body.low_share)
    pixels = np.column_stack([(box[:, 0] + box[:, 2]) / 2, box[:, 3] - body.low_share * tall])
    xy = camera.floor_from_pixels(pixels)
    velocity = np.zeros_like(xy)
    for _ in range(ROUNDS):
        # the box's middle lies halfway between foot and head, and the foot before the body's middle
        foot, head = ends_m(camera, xy, velocity, body)
        leans = camera.pixels_from_world(foot)[:, 0] - camera.pixels_from_world(head)[:, 0]
        at = camera.floor_from_pixels(pixels + np.column_stack([leans / 2, np.zeros(len(leans))]))
        xy = at - (foot[:, :2] - xy)
        velocity = _velocity(time_s[kept], xy)
    with np.errstate(invalid="ignore"):
        sound = np.isfinite(xy).all(1) & (np.linalg.norm(xy - camera.centre_m[:2], axis=1) < FARTHEST_M)
    return Places(time_s[kept][sound], xy[sound])


def _velocity(time_s: Floats, xy_m: Floats) -> Floats:
    """(N, 2) metres a second over about a second; 0 where nothing is near."""
    if len(time_s) < 3:
        return np.zeros_like(xy_m)
    before = np.searchsorted(time_s, time_s - 0.5)
    after = np.searchsorted(time_s, time_s + 0.5, side="right") - 1
    span = time_s[after] - time_s[before]
    velocity = (xy_m[after] - xy_m[before]) / np.maximum(span, 1e-6)[:, None]
    with np.errstate(invalid="ignore"):
        sound = (span > 0.2) & (np.linalg.norm(velocity, axis=1) < 3.0)
    velocity[~sound] = 0.0
    return np.asarray(velocity, np.float64)


def disagreement(one: Places, other: Places) -> tuple[Floats, Floats]:
    """(K,) seconds at which both cameras place the walker, and (K, 2) metres from the first place to the second."""
    if not len(one.time_s) or len(other.time_s) < 2:
        return np.empty(0), np.empty((0, 2))
    right = np.clip(np.searchsorted(other.time_s, one.time_s), 1, len(other.time_s) - 1)
    before, after = other.time_s[right - 1], other.time_s[right]
    shared = (one.time_s >= before) & (one.time_s <= after) & (after - before <= NEAR_S)
    share = np.clip((one.time_s - before) / np.maximum(after - before, 1e-9), 0.0, 1.0)[:, None]
    xy = other.xy_m[right - 1] * (1 - share) + other.xy_m[right] * share
    return one.time_s[shared], (xy - one.xy_m)[shared]


def agreements(told: Mapping[str, Places]) -> list[Agreement]:
    """How far every pair of cameras is apart, over the moments that both saw."""
    found = []
    for a, b in combinations(told, 2):
        time, apart = disagreement(told[a], told[b])
        if not len(time):
            found.append(Agreement((a, b), 0, np.nan, np.nan, np.nan, np.nan))
            continue
        distance = np.linalg.norm(apart, axis=1)
        stretch = np.floor(time / STRETCH_S)
        steady = np.array(
            [
                np.linalg.norm(np.median(apart[stretch == each], axis=0))
                for each in np.unique(stretch)
                if (stretch == each).sum() >= LEAST_MOMENTS
            ]
        )
        found.append(
            Agreement(
                (a, b),
                len(time),
                _quantile(distance, 0.5),
                _quantile(distance, 0.9),
                _quantile(steady, 0.5),
                _quantile(steady, 0.9),
            )
        )
    return found


def _quantile(values: Floats, share: float) -> float:
    return float(np.quantile(values, share)) if len(values) else float("nan")
