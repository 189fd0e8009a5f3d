"""What an installer should know of a solved camera: one sentence each, with what to do about it."""

from __future__ import annotations

import cv2
import numpy as np

from calibration.solve.pairs import FEWEST
from calibration.solve.solution import Solution

FOOT_M = 0.3048
CEILING_M = (2.2, 7.0)
"""Cameras of malls hang so high."""
LOWEST_M = 1.2
SURE_FROM = 8
"""So many pairs show how good the result is."""
NOISY = 4.0
COVERED = 0.12
"""Pairs that span less of the picture's floor say little of the rest."""


def remarks(solution: Solution, size: tuple[int, int]) -> list[str]:
    """What is wrong or doubtful, most important first; empty where nothing is.

    Args:
        solution: of `solver.solve`.
        size: width and height of the picture, pixels.
    """
    return [*wrong_pairs(solution), *_height(solution), *_number(solution), *_spread(solution, size), *_noise(solution)]


def wrong_pairs(solution: Solution) -> list[str]:
    """One sentence for each pair that the others contradict."""
    found = []
    for k in np.flatnonzero(~solution.is_used).tolist():
        off = float(solution.left_out_m[k])
        if np.isfinite(off):
            found.append(f"pair {k + 1} is {off * 100:.0f} cm off: move or delete it")
        else:
            found.append(f"pair {k + 1} lies above the horizon, where no floor is: click it again or delete it")
    near = np.flatnonzero(solution.is_used & ~np.isfinite(solution.left_out_m)).tolist()
    beyond = "lies so near the horizon that the others put it beyond: choose another"
    return found + [f"pair {k + 1} {beyond}" for k in near]


def _height(solution: Solution) -> list[str]:
    high = float(solution.camera.centre_m[2])
    low, top = CEILING_M
    check = "check that floor points are in metres and the plan's scale"
    if high > top and low <= high * FOOT_M <= top:
        feet = f"multiply them by {FOOT_M} and it hangs at {high * FOOT_M:.1f} m"
        return [f"the camera would hang {high:.1f} m high; were the floor points measured in feet? then {feet}"]
    if high > 3 * top:
        return [f"the camera would hang {high:.0f} m high: {check}"]
    if high < LOWEST_M:
        return [f"the camera would hang only {high:.2f} m above the floor: {check}"]
    return []


def _number(solution: Solution) -> list[str]:
    used = int(solution.is_used.sum())
    if used == FEWEST:
        return [
            f"{FEWEST} pairs fit some camera whatever they are: add {SURE_FROM - FEWEST} to learn how good this one is"
        ]
    if used < SURE_FROM:
        return [f"{used} pairs hardly show a wrong one: add {SURE_FROM - used}, spread over the floor"]
    return []


def _spread(solution: Solution, size: tuple[int, int]) -> list[str]:
    camera = solution.camera
    across, down = np.meshgrid(np.linspace(0, size[0] - 1, 24), np.linspace(0, size[1] - 1, 24))
    shown = np.isfinite(camera.floor_from_pixels(np.column_stack([across.ravel(), down.ravel()]))).all(1).mean()
    hull = cv2.convexHull(solution.pairs.pixel_px[solution.is_used].astype(np.float32))
    share = float(cv2.contourArea(hull)) / (size[0] * size[1] * max(float(shown), 1e-3))
    if share >= COVERED:
        return []
    return [f"the pairs span {100 * share:.0f} % of the floor in the picture: add some near its edges, near and far"]


def _noise(solution: Solution) -> list[str]:
    if solution.noise <= NOISY:
        return []
    mend = "click on corners of tiles, and measure the floor points again"
    return [f"the pairs agree {solution.noise:.0f} times less well than careful clicks and a plan good to 2 cm: {mend}"]
