"""The calibration block of a camera that was solved from pairs, and the pairs out of it."""

from __future__ import annotations

import numpy as np

from calibration.solve.pairs import Pairs
from calibration.solve.solution import Solution
from calibration.versions.record import CalibrationFile


def calibration_of(solution: Solution, method: str = "pairs") -> CalibrationFile:
    """What is to be kept of a solution beside its camera; when, by whom and the hash come when it is written."""
    pairs = solution.pairs
    rows = zip(pairs.pixel_px.tolist(), pairs.floor_m.tolist(), strict=True)
    return CalibrationFile(
        method=method,
        pairs=[(u, v, x, y) for (u, v), (x, y) in rows],
        terms=list(solution.terms),
        covariance=solution.covariance.tolist(),
        noise=float(solution.noise),
    )


def pairs_of(calibration: CalibrationFile | None) -> Pairs | None:
    """The pairs that a calibration was solved from; None where it keeps none."""
    if calibration is None or not calibration.pairs:
        return None
    table = np.array(calibration.pairs, np.float64)
    return Pairs(table[:, :2].copy(), table[:, 2:].copy())
