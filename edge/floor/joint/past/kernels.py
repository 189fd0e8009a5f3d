"""Looking back along the best hypothesis."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from edge.floor.joint.motion.kernels import smooth

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Records = NDArray[np.void]


@njit(cache=True)
def tell(  # noqa: PLR0917 - compiled, takes no keywords
    past_people: Records,
    past_rows: Integers,
    past_counts: Integers,
    past_roots: Integers,
    past_at: Floats,
    newest: int,
    back: int,
    params: Records,
) -> tuple[Integers, Floats, Integers]:
    """What the best hypothesis of the newest step says of who was where some steps back.

    Args:
        past_people: (L, capacity) records after each of the latest steps, in a ring,
        past_rows: (L, B, N) with each hypothesis's people,
        past_counts: (L, B),
        past_roots: (L, B) and hypothesis of the step before,
        past_at: (L,) seconds.
        newest: place of the newest step in the ring.
        back: steps back.
        params: (1,) record of `RULES`.

    Returns:
        (K,) ids; (K, 7) x, y, speeds, and the covariance xx, xy, yy as filtered; (K,) cameras that saw them then.
    """
    rules = params[0]
    ring = len(past_at)
    way = np.empty(back + 1, np.int64)  # the hypothesis at each step, from the oldest
    k = 0
    for d in range(back + 1):
        at = (newest - d) % ring
        way[back - d] = k
        k = past_roots[at, k]
    oldest = (newest - back) % ring
    row = past_rows[oldest, way[0], : past_counts[oldest, way[0]]]
    ids, values, views = np.empty(len(row), np.int64), np.empty((len(row), 7)), np.empty(len(row), np.int64)
    means, covs, dts = np.empty((back + 1, 5)), np.empty((back + 1, 5, 5)), np.empty(back + 1)
    told = 0
    for a in range(len(row)):
        t = past_people[oldest, row[a]]
        if not np.isnan(t.lost_at):
            continue
        is_sure, views_in_all, due, is_followed, length = t.sure == 1, t.views, t.due, True, 1
        means[0], covs[0] = t.mean, t.cov
        for d in range(1, back + 1):
            at = (oldest + d) % ring
            later = past_rows[at, way[d], : past_counts[at, way[d]]]
            for b in range(len(later)):
                s = past_people[at, later[b]]
                if s.id != t.id:
                    continue
                if not np.isnan(s.lost_at) or s.found == 1:
                    is_followed = False
                if is_followed:
                    is_sure |= s.sure == 1
                    views_in_all += s.views
                    due += s.due
                    dts[length - 1] = past_at[at] - past_at[(at - 1) % ring]
                    means[length], covs[length] = s.mean, s.cov
                    length += 1
                break
        if not is_sure or views_in_all == 0 or views_in_all < rules.vouched * due:
            continue
        best = smooth(means[:length], covs[:length], dts[:length], rules.acceleration, rules.height_walk)
        ids[told], views[told] = t.id, t.views
        values[told, 0], values[told, 1], values[told, 2], values[told, 3] = best[0], best[1], best[2], best[3]
        values[told, 4], values[told, 5], values[told, 6] = t.cov[0, 0], t.cov[0, 1], t.cov[1, 1]
        told += 1
    return ids[:told], values[:told], views[:told]
