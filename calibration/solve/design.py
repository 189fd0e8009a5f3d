"""Which further points would tell most: I-optimal design (Atkinson, Donev and Tobias 2007, section 10.6)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Floats
from calibration.solve.fit import expected_px
from calibration.solve.solution import Solution, to_floor
from calibration.solve.terms import pixel_slopes


def most_telling(solution: Solution, candidates_m: Floats, places_m: Floats, count: int = 1) -> NDArray[np.int64]:
    """Rows of the ``count`` candidates that would lower the map's mean squared error at the places most, best first.

    Args:
        solution: what is known so far.
        candidates_m: (N, 2) floor points that could be clicked as well as the pairs were; no row is chosen twice.
        places_m: (K, 2) where the map shall be good.
        count: how many.
    """
    slopes = _map_slopes(solution, places_m)
    wanted = np.einsum("kit,kiu->tu", slopes, slopes) / max(1, len(slopes))
    lean = pixel_slopes(solution.camera, solution.terms, candidates_m)
    able = np.isfinite(lean).all((1, 2))
    lean = np.nan_to_num(lean)
    own = (solution.noise * expected_px(solution.camera, candidates_m)) ** 2
    covariance = solution.covariance
    chosen: list[int] = []
    for _ in range(min(count, int(able.sum()))):
        across = np.einsum("tu,niu->nti", covariance, lean)
        total = lean @ across + own[:, None, None] * np.eye(2)
        gain = np.einsum("nii->n", np.linalg.solve(total, np.einsum("nti,tu,nuj->nij", across, wanted, across)))
        gain[~able] = -np.inf
        gain[chosen] = -np.inf
        best = int(np.argmax(gain))
        chosen.append(best)
        covariance = covariance - across[best] @ np.linalg.solve(total[best], across[best].T)
    return np.array(chosen, np.int64)


def _map_slopes(solution: Solution, places_m: Floats) -> Floats:
    """(K', 2, T) how the map moves at the places that are seen, metres for each term."""
    slopes = to_floor(solution.camera, places_m) @ pixel_slopes(solution.camera, solution.terms, places_m)
    return np.asarray(slopes[np.isfinite(slopes).all((1, 2))], np.float64)
