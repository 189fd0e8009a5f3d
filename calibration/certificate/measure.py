"""What is measured of one camera: its pairs one by one, its zones, its error over the floor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.camera import Camera, Floats
from calibration.certificate.limits import Limits, Verdict
from calibration.certificate.records import Agreement, ErrorGrid, PairCheck, Point, ZoneCheck
from calibration.certificate.view import View
from calibration.geometry import Zone
from calibration.solve.advice import thinned
from calibration.solve.fit import CLICK_PX, PLAN_M, expected_px
from calibration.solve.solution import Solution, median_distance
from calibration.solve.terms import floor_slopes, pixel_slopes

CHECKED_FROM = 5
"""With fewer believed pairs, what the others say of one is no more than a guess."""
MOST_PLACES = 600
FLAT = 1e-9
"""Where a square metre of floor is smaller than this in the picture, square pixels, the camera does not look."""


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What was measured of one camera.

    Attributes:
        view: the camera on its floor.
        solution: what its pairs say; None without pairs.
        pairs: each held against the others.
        zones: what it is worth there.
        agreements: with other cameras.
        in_use_m: see `in_use_off_m`; None where not compared.
    """

    view: View
    solution: Solution | None
    pairs: list[PairCheck]
    zones: list[ZoneCheck]
    agreements: list[Agreement]
    in_use_m: tuple[float, float] | None


def to_cm(metres: float) -> float | None:
    """Centimetres, to a tenth; None for what is no number."""
    return round(100 * float(metres), 1) if np.isfinite(metres) else None


def to_point(place: Floats) -> Point:
    """(2,) as two plain numbers, to a hundredth."""
    return round(float(place[0]), 2), round(float(place[1]), 2)


def in_words(metres: float) -> str:
    """A distance as people say it.

    >>> in_words(0.843), in_words(12.3)
    ('84 cm', '12 m')
    """
    return f"{100 * metres:.0f} cm" if metres < 10 else f"{metres:.0f} m"


def check_pairs(solution: Solution, limits: Limits) -> list[PairCheck]:
    """Each pair, held against all the others."""
    count, is_checked = len(solution.pairs), int(solution.is_used.sum()) >= CHECKED_FROM
    covariance = left_out_covariance_m2(solution)
    expected, widest = median_distance(covariance), _widest_m(covariance)
    found = []
    for k in range(count):
        off, usual, is_used = float(solution.left_out_m[k]), float(expected[k]), bool(solution.is_used[k])
        is_far = np.isfinite(off) and off > limits.suspect * widest[k] and 100 * off > limits.suspect_cm
        is_suspect = bool(not is_used or (is_checked and is_far))
        said = ""
        if is_suspect:
            how = f"is {in_words(off)} off" if np.isfinite(off) else "shows no floor by what the others say"
            said = f"pair {k + 1} {how}: move or delete it"
        found.append(
            PairCheck(
                k + 1,
                to_point(solution.pairs.pixel_px[k]),
                to_point(solution.pairs.floor_m[k]),
                round(float(solution.residual_px[k]), 2),
                to_cm(off) if is_checked else None,
                to_cm(usual) if is_checked else None,
                is_used,
                is_suspect,
                said,
            )
        )
    return found


def left_out_covariance_m2(solution: Solution) -> Floats:
    """(N, 2, 2) how far each right pair may be off from what the others say, square metres; NaN where unknown."""
    camera, floor = solution.camera, solution.pairs.floor_m
    slopes = pixel_slopes(camera, solution.terms, floor)
    own = (solution.noise * expected_px(camera, floor)) ** 2
    steep = floor_slopes(camera, floor)
    found = np.full((len(floor), 2, 2), np.nan)
    for k in range(len(floor)):
        if not np.isfinite(slopes[k]).all() or abs(np.linalg.det(steep[k])) < FLAT:
            continue
        lean, covariance = slopes[k] @ solution.covariance, solution.covariance
        rest = own[k] * np.eye(2) - lean @ slopes[k].T
        if solution.is_used[k] and np.linalg.eigvalsh(rest)[0] > 1e-9:
            covariance = covariance + lean.T @ np.linalg.solve(rest, lean)
        to_floor = np.linalg.inv(steep[k])
        found[k] = to_floor @ (slopes[k] @ covariance @ slopes[k].T + own[k] * np.eye(2)) @ to_floor.T
    return found


def _widest_m(covariance: Floats) -> Floats:
    """(N,) largest standard deviation of (N, 2, 2) covariances; infinite for unknown ones."""
    fine = np.isfinite(covariance).all((1, 2))
    found = np.full(len(covariance), np.inf)
    found[fine] = np.sqrt(np.linalg.eigvalsh(covariance[fine])[:, 1])
    return found


def error_grid(view: View, solution: Solution) -> ErrorGrid:
    """Expected error over the plan."""
    rows, columns = view.shape
    error = np.full(rows * columns, np.nan)
    error[view.is_seen] = solution.expected_error_m(view.cells_m[view.is_seen])
    return ErrorGrid(round(view.step_m, 4), columns, rows, [to_cm(each) for each in error])


def check_zones(view: View, solution: Solution | None, limits: Limits) -> list[ZoneCheck]:
    """The zones of which the camera sees more than a trifle, most of them seen first."""
    found = [_zone(view, solution, limits, zone) for zone in view.floor.zones.values()]
    return sorted((each for each in found if each is not None), key=lambda each: -each.seen_share)


def _zone(view: View, solution: Solution | None, limits: Limits, zone: Zone) -> ZoneCheck | None:
    places, seen, useful = view.zone_places(zone.polygon)
    seen_share, useful_share = len(seen) / len(places), len(useful) / len(places)
    if not len(seen) or seen_share < limits.zone_share:
        return None
    person, far = view.far_end(seen)
    error = worst = np.nan
    worst_at: Point | None = None
    if solution is not None:
        asked = thinned(useful if len(useful) else seen, MOST_PLACES)
        errors = solution.expected_error_m(asked)
        if np.isfinite(errors).any():
            error, worst = float(np.nanmedian(errors)), float(np.nanmax(errors))
            worst_at = to_point(asked[int(np.nanargmax(errors))])
    return ZoneCheck(
        zone.id,
        zone.name,
        round(seen_share, 3),
        round(useful_share, 3),
        to_cm(error),
        to_cm(worst),
        worst_at,
        round(person, 1),
        round(far, 1),
        "fail" if solution is None else _zone_verdict(to_cm(error), seen_share, useful_share, limits),
    )


def _zone_verdict(error_cm: float | None, seen_share: float, useful_share: float, limits: Limits) -> Verdict:
    """A camera that sees but a corner of a zone cannot make it fail."""
    is_own = seen_share >= limits.zone_own_share
    verdict: Verdict = "fail" if error_cm is None or useful_share == 0 else limits.of_error(error_cm)
    return "pass with remarks" if verdict == "fail" and not is_own else verdict


def median_error_m(solution: Solution, places_m: Floats) -> float:
    """Median expected error over places, metres: the figure on top of a certificate, and what advice is ranked by."""
    errors = solution.expected_error_m(thinned(places_m, MOST_PLACES))
    return float(np.nanmedian(errors)) if np.isfinite(errors).any() else float("nan")


def in_use_off_m(solution: Solution, in_use: Camera) -> tuple[float, float]:
    """Median distance by which the calibration in use misses the believed pairs, and the one their noise explains; m.

    Held against the pairs, not against what was solved from them: of few pairs a good calibration may be made that is
    off elsewhere, and one in use that agrees with the pairs may well be the better.
    """
    pairs = solution.pairs.only(solution.is_used)
    camera = in_use.scaled(solution.camera.width, solution.camera.height)
    off = np.linalg.norm(camera.floor_from_pixels(pairs.pixel_px) - pairs.floor_m, axis=1)
    usual = median_distance(own_covariance_m2(solution, pairs.floor_m))
    usual = np.maximum(usual, usual / solution.noise)  # a lucky fit does not make the expected noise smaller
    return float(np.median(np.nan_to_num(off, nan=np.inf))), float(np.nanmedian(usual))


def own_covariance_m2(solution: Solution, places_m: Floats, zoom: float = 1.0) -> Floats:
    """(K, 2, 2) square metres of one more click and measure alone, in a picture so many times larger; NaN if unseen."""
    slopes = floor_slopes(solution.camera, places_m) * zoom
    fine = np.isfinite(slopes).all((1, 2)) & (np.abs(np.linalg.det(np.nan_to_num(slopes))) > FLAT)
    inverse = np.full_like(slopes, np.nan)
    inverse[fine] = np.linalg.inv(slopes[fine])
    spread_px = CLICK_PX**2 + PLAN_M**2 * (np.nan_to_num(slopes) ** 2).sum((1, 2)) / 2
    own = solution.noise**2 * spread_px[:, None, None]
    return np.asarray(own * inverse @ np.swapaxes(inverse, 1, 2), np.float64)
