"""How far cameras that share floor agree about it: what their errors lead to expect, and what shared points show."""

from __future__ import annotations

import numpy as np

from calibration.camera import Floats
from calibration.certificate.limits import Limits
from calibration.certificate.measure import in_words, to_cm
from calibration.certificate.records import Agreement
from calibration.certificate.view import View
from calibration.solve.advice import thinned
from calibration.solve.solution import Solution, median_distance

SAME_MARK_M = 0.05
"""Floor points closer than this are one mark, clicked in both pictures."""
LEAST_OVERLAP_M2 = 1.0
MOST_PLACES = 400


def agreements(name: str, views: dict[str, View], solutions: dict[str, Solution], limits: Limits) -> list[Agreement]:
    """How a camera agrees with each other solved one that shares floor with it, most shared floor first."""
    if name not in solutions:
        return []
    found = [_agreement(name, other, views, solutions, limits) for other in solutions if other != name]
    return sorted((each for each in found if each is not None), key=lambda each: -each.overlap_m2)


def _agreement(
    name: str, other: str, views: dict[str, View], solutions: dict[str, Solution], limits: Limits
) -> Agreement | None:
    one, two = solutions[name], solutions[other]
    both = views[name].is_useful & views[other].is_useful
    overlap = float(both.sum()) * views[name].step_m ** 2
    marks, distances = _shared(one, two)
    if overlap < LEAST_OVERLAP_M2 and not len(marks):
        return None
    places = thinned(views[name].cells_m[both], MOST_PLACES) if both.any() else marks
    expected = float(np.nanmedian(_expected(one, two, places)))
    if not np.isfinite(expected):
        return None
    measured = float(np.median(distances)) if len(marks) else float("nan")
    usual = float(np.nanmedian(_expected(one, two, marks))) if len(marks) else float("nan")
    said = ""
    if 100 * measured > limits.agree_cm and measured > limits.agree_factor * usual:
        said = (
            f"{name} and {other} put the {len(marks)} floor point{'s' * (len(marks) != 1)} clicked in both "
            f"{in_words(measured)} apart: measure them again, one of the two cameras was given wrong metres"
        )
    return Agreement(other, round(overlap, 1), to_cm(expected) or 0.0, len(marks), to_cm(measured), said)


def _shared(one: Solution, two: Solution) -> tuple[Floats, Floats]:
    """(S, 2) floor points clicked in both pictures, and (S,) metres between what both cameras say of the clicks."""
    gap = np.linalg.norm(one.pairs.floor_m[:, None] - two.pairs.floor_m[None], axis=2)
    rows = np.flatnonzero(gap.min(1) < SAME_MARK_M)
    columns = gap[rows].argmin(1)
    told = one.camera.floor_from_pixels(one.pairs.pixel_px[rows])
    also = two.camera.floor_from_pixels(two.pairs.pixel_px[columns])
    apart = np.linalg.norm(told - also, axis=1).reshape(-1)
    fine = np.isfinite(apart)
    return one.pairs.floor_m[rows][fine], np.asarray(apart[fine], np.float64)


def _expected(one: Solution, two: Solution, places_m: Floats) -> Floats:
    """(K,) median distance between what two cameras will say of one foot point."""
    return median_distance(one.point_covariance_m2(places_m) + two.point_covariance_m2(places_m))
