"""The calibration block of a camera that was solved from pairs."""

from __future__ import annotations

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
