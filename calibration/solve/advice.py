"""Where one more click helps most: the place whose pair lowers the mean expected error over given places the most.

Designs that lower the mean variance of what is predicted are called I-optimal (Atkinson, Donev and Tobias 2007, section
10.6). One pair brings two coordinates, so that each candidate is one update of rank two (Woodbury) of the covariance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from calibration.camera import Camera, Floats
from calibration.solve.fit import TRUST, expected_px, misfits
from calibration.solve.solution import Solution, median_distance
from calibration.solve.terms import LENS, POSE, floor_slopes, pixel_slopes

MARGIN = 0.03
"""Nobody clicks well closer to the picture's edge than this share of its width."""
APART_M = 0.5
"""A mark closer than this to one that was clicked is the same mark: its place on the plan is wrong by as much."""
MOST_CANDIDATES = 240
MOST_PLACES = 240


@dataclass(frozen=True, slots=True, eq=False)
class NextClick:
    """One more pair worth having.

    Attributes:
        place_m: (2,) where on the floor.
        pixel_px: (2,) where in the picture that is expected to be.
        before_m: mean expected error over the places asked about, metres, without it.
        after_m: the same with it, clicked and measured as well as the pairs were.
    """

    place_m: Floats
    pixel_px: Floats
    before_m: float
    after_m: float

    @property
    def gain_m(self) -> float:
        """Metres by which the mean expected error falls."""
        return self.before_m - self.after_m


def next_click(solution: Solution, places_m: Floats, candidates_m: Floats | None = None) -> NextClick | None:
    """The click that lowers the mean expected error over places most; None where there is nowhere to click.

    Args:
        solution: what the pairs say so far.
        places_m: (K, 2) where the floor must be right: the zones.
        candidates_m: (M, 2) where one may click; else the same places.
    """
    clicks = next_clicks(solution, places_m, 1, candidates_m)
    return clicks[0] if clicks else None


def next_clicks(
    solution: Solution, places_m: Floats, count: int, candidates_m: Floats | None = None
) -> list[NextClick]:
    """Up to ``count`` clicks, each the best after those before it; see `next_click`."""
    places = thinned(_seen(solution.camera, places_m), MOST_PLACES)
    candidates = clickable(solution.camera, places_m if candidates_m is None else candidates_m)
    candidates = thinned(_apart(candidates, solution.pairs.floor_m), MOST_CANDIDATES)
    found: list[NextClick] = []
    while len(found) < count and len(candidates) and len(places):
        before = float(np.nanmean(solution.expected_error_m(places)))
        after = _after(solution, places, candidates)
        if not np.isfinite(before) or not np.isfinite(after).any():
            break
        best = int(np.nanargmin(after))
        place = candidates[best]
        pixel = solution.camera.pixels_from_floor(place[None])[0]
        found.append(NextClick(place, pixel, before, float(after[best])))
        solution = with_clicks(solution, place[None])
        candidates = _apart(candidates, place[None])
    return found


def with_clicks(solution: Solution, floor_m: Floats) -> Solution:
    """The solution as sure as it will be with good pairs at (M, 2) more places; its camera stays the same."""
    covariance = solution.covariance
    for place in np.asarray(floor_m, np.float64).reshape(-1, 2):
        slopes = np.nan_to_num(pixel_slopes(solution.camera, solution.terms, place[None]))[0]
        lean = slopes @ covariance
        own = (solution.noise * expected_px(solution.camera, place[None])[0]) ** 2
        covariance = covariance - lean.T @ np.linalg.solve(lean @ slopes.T + own * np.eye(2), lean)
    return replace(solution, covariance=(covariance + covariance.T) / 2)


def without_pair(solution: Solution, index: int) -> Solution:
    """The solution as sure as it will be when one pair is deleted, to first order; its camera stays the same.

    What a pair adds to the sum of squares is its residual against what the others say (Cook 1977): without a wrong pair
    the noise is smaller, and all the rest counts for more.
    """
    camera, terms, noise = solution.camera, solution.terms, solution.noise
    used = np.flatnonzero(solution.is_used)
    pairs = solution.pairs.only(used)
    slopes = np.nan_to_num(pixel_slopes(camera, terms, pairs.floor_m))
    scale = expected_px(camera, pairs.floor_m)
    each = np.einsum("nit,niu->ntu", slopes, slopes) / (scale**2)[:, None, None]  # information of a pair, noise 1
    off = misfits(camera, pairs) / scale[:, None]
    is_own = used == index
    rest = np.linalg.inv(solution.covariance) - each.sum(0) / noise**2
    squares = float((off[~is_own] ** 2).sum())
    if is_own.any():
        lean = slopes[is_own][0] / scale[is_own][0]
        leverage = lean @ solution.covariance @ lean.T / noise**2
        own = off[is_own][0]
        squares = float((off**2).sum() - own @ np.linalg.pinv(np.eye(2) - leverage) @ own)
    free = len(POSE) + len([term for term in solution.model.split() if term in LENS])
    freedom = max(1.0, 2 * int((~is_own).sum()) - free)
    noise = float(np.sqrt((max(0.0, squares) + TRUST) / (freedom + TRUST)))
    covariance = np.linalg.inv(rest + each[~is_own].sum(0) / noise**2)
    is_used = solution.is_used.copy()
    is_used[index] = False
    return replace(solution, is_used=is_used, noise=noise, covariance=(covariance + covariance.T) / 2)


def clickable(camera: Camera, floor_m: Floats) -> Floats:
    """Those of (N, 2) places that are well inside the picture."""
    places = np.asarray(floor_m, np.float64).reshape(-1, 2)
    pixel, edge = camera.pixels_from_floor(places), MARGIN * camera.width
    with np.errstate(invalid="ignore"):
        inside = (pixel >= edge).all(1) & (pixel <= np.array([camera.width, camera.height]) - edge).all(1)
    return places[inside]


def thinned(places_m: Floats, most: int) -> Floats:
    """At most so many of (N, 2) places, evenly taken from their order."""
    if len(places_m) <= most:
        return places_m
    return places_m[np.linspace(0, len(places_m) - 1, most).round().astype(np.int64)]


def _after(solution: Solution, places: Floats, candidates: Floats) -> Floats:
    """(M,) mean expected error over places with each candidate clicked."""
    camera, terms, covariance = solution.camera, solution.terms, solution.covariance
    to_floor = np.linalg.inv(floor_slopes(camera, places))
    wanted = to_floor @ pixel_slopes(camera, terms, places)  # (K, 2, T)
    brought = pixel_slopes(camera, terms, candidates)  # (M, 2, T)
    own = (solution.noise * expected_px(camera, candidates)) ** 2
    inner = brought @ covariance @ np.swapaxes(brought, 1, 2) + own[:, None, None] * np.eye(2)
    cross = np.einsum("kit,mjt->mkij", wanted @ covariance, brought)
    bad = ~np.isfinite(inner).all((1, 2))
    inner[bad] = np.eye(2)
    half = cross @ np.linalg.cholesky(np.linalg.inv(inner))[:, None]
    falls = half @ np.swapaxes(half, 2, 3)
    left = solution.point_covariance_m2(places)[None] - falls
    error = median_distance(left.reshape(-1, 2, 2)).reshape(len(candidates), len(places))
    return np.asarray(np.where(bad, np.nan, error.mean(1)), np.float64)


def _seen(camera: Camera, places_m: Floats) -> Floats:
    places = np.asarray(places_m, np.float64).reshape(-1, 2)
    return places[camera.sees(places)]


def _apart(candidates: Floats, taken_m: Floats | Sequence[Floats]) -> Floats:
    """Those candidates that are no mark clicked before."""
    taken = np.asarray(taken_m, np.float64).reshape(-1, 2)
    gap = np.linalg.norm(candidates[:, None] - taken[None], axis=2).min(1, initial=np.inf)
    return np.asarray(candidates[gap >= APART_M], np.float64)
