"""Numba kernels of the motion gate, each with a numpy twin in the tests."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

Floats32 = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

# Residuals are counted in steps of this many grey levels to find their median without sorting.
_STEP = 0.125
_STEPS = 1024
# What stands out so many times the noise, and so many grey levels, is not light.
_STAND_OUT = 3.0
_STAND_OUT_LEAST = 4.0
# Residual noise is scaled from the median to a standard deviation (normal distribution).
MAD_TO_SIGMA = 1.4826


@njit(cache=True, nogil=True)
def block_means(luma: Bytes, block: int, hidden: Flags, means: Floats32) -> None:
    """Fills (r, c) means of blocks of block x block pixels of luma (h, w); hidden blocks (r, c) become 0, unread.

    What is left over at the right and the bottom, less than a block, is not looked at.
    """
    rows, columns = means.shape
    width = columns * block
    sums = np.empty(width, np.uint16)
    share = np.float32(1.0 / (block * block))
    for r in range(rows):
        for x in range(width):
            sums[x] = 0
        for y in range(r * block, (r + 1) * block):
            for x in range(width):
                sums[x] += luma[y, x]
        for c in range(columns):
            if hidden[r, c]:
                means[r, c] = 0.0
                continue
            total = np.uint32(0)
            for x in range(c * block, (c + 1) * block):
                total += sums[x]
            means[r, c] = total * share


@njit(cache=True, nogil=True)
def light_free_change(reference: Floats32, seen: Floats32, hidden: Flags, change: Floats32) -> float:
    """Fills what gain and offset leave over between two pictures, and returns the noise it stands out from.

    Gain and offset are fitted twice, the second time without what stood out: or somebody who walks in would pass for
    a change of light, and the light's correction for motion elsewhere.

    Args:
        reference: (r, c) grey.
        seen: (r, c) grey.
        hidden: (r, c) blocks left out; their change is 0.
        change: (r, c), filled with absolute residuals, grey levels.

    Returns:
        The standard deviation of residuals in the quiet half of the picture, grey levels.
    """
    change[:] = 0.0
    noise = _fit_light(reference, seen, hidden, np.inf, change)
    limit = max(_STAND_OUT * noise, _STAND_OUT_LEAST)
    if change.max() <= limit:  # nothing stood out: the second fit would be the first
        return float(noise)
    return float(_fit_light(reference, seen, hidden, limit, change))


@njit(cache=True, nogil=True)
def _fit_light(  # noqa: C901 - one pass after the other over one array
    reference: Floats32, seen: Floats32, hidden: Flags, limit: float, change: Floats32
) -> float:
    """One fit over the blocks whose change so far is within the limit; fills the change, returns the noise."""
    rows, columns = reference.shape
    count = 0
    sum_a = sum_b = 0.0
    for r in range(rows):
        for c in range(columns):
            if not hidden[r, c] and change[r, c] <= limit:
                count += 1
                sum_a += reference[r, c]
                sum_b += seen[r, c]
    if count == 0:
        return 0.0
    mean_a, mean_b = sum_a / count, sum_b / count
    power = cross = 0.0
    for r in range(rows):
        for c in range(columns):
            if not hidden[r, c] and change[r, c] <= limit:
                a = reference[r, c] - mean_a
                power += a * a
                cross += a * (seen[r, c] - mean_b)
    # a picture without contrast has no gain to speak of
    gain = min(2.0, max(0.5, cross / power)) if power > count else 1.0
    bins = np.zeros(_STEPS, np.int64)
    total = 0
    for r in range(rows):
        for c in range(columns):
            if hidden[r, c]:
                continue
            left = abs((seen[r, c] - mean_b) - gain * (reference[r, c] - mean_a))
            change[r, c] = left
            bins[min(_STEPS - 1, int(left / _STEP))] += 1
            total += 1
    below = 0
    for k in range(_STEPS):
        if 2 * (below + bins[k]) >= total:
            return float(MAD_TO_SIGMA * _STEP * (k + (0.5 * total - below) / bins[k]))
        below += bins[k]
    return 0.0
