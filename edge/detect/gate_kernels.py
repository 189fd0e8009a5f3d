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
    """Fills (r, c) means of blocks of block x block pixels of luma (h, w); hidden blocks (r, c) become 0.

    What is left over at the right and the bottom, less than a block, is not looked at.
    """
    rows, columns = means.shape
    width = columns * block
    sums = np.empty(width, np.uint16)
    totals = np.empty(width, np.uint32)
    share = np.float32(1.0 / (block * block))
    for r in range(rows):
        for x in range(width):
            sums[x] = 0
        for y in range(r * block, (r + 1) * block):
            for x in range(width):
                sums[x] += luma[y, x]
        # a running total, whose differences are the blocks': many short loops would take twice as long
        total = np.uint32(0)
        for x in range(width):
            total += np.uint32(sums[x])
            totals[x] = total
        before = np.uint32(0)
        for c in range(columns):
            total = totals[(c + 1) * block - 1]
            means[r, c] = np.float32(0.0) if hidden[r, c] else np.float32(total - before) * share
            before = total


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
    noise, most = _fit_light(reference, seen, hidden, np.inf, change)
    limit = max(_STAND_OUT * noise, _STAND_OUT_LEAST)
    if most <= limit:  # nothing stood out: the second fit would be the first
        return float(noise)
    return float(_fit_light(reference, seen, hidden, limit, change)[0])


@njit(cache=True, nogil=True)
def _fit_light(
    reference: Floats32, seen: Floats32, hidden: Flags, limit: float, change: Floats32
) -> tuple[float, float]:
    """One fit over the blocks whose change so far is within the limit; fills the change, returns noise and most."""
    count, sum_a, sum_b, square, product = _moments(reference, seen, hidden, np.float32(limit), change)
    if count == 0:
        return 0.0, 0.0
    mean_a, mean_b = sum_a / count, sum_b / count
    power, cross = square - count * mean_a * mean_a, product - count * mean_a * mean_b
    # a picture without contrast has no gain to speak of
    gain = np.float32(min(2.0, max(0.5, cross / power)) if power > count else 1.0)
    offset = np.float32(mean_b - gain * mean_a)
    rows, columns = reference.shape
    bins = np.zeros(_STEPS, np.int64)
    total = 0
    most = np.float32(0.0)
    for r in range(rows):
        for c in range(columns):
            left = abs(seen[r, c] - gain * reference[r, c] - offset)
            change[r, c] = np.float32(0.0) if hidden[r, c] else left
        for c in range(columns):
            if hidden[r, c]:
                continue
            left = change[r, c]
            most = max(most, left)
            bins[min(_STEPS - 1, int(left * np.float32(1.0 / _STEP)))] += 1
            total += 1
    below = 0
    for k in range(_STEPS):
        if 2 * (below + bins[k]) >= total:
            return float(MAD_TO_SIGMA * _STEP * (k + (0.5 * total - below) / bins[k])), float(most)
        below += bins[k]
    return 0.0, float(most)


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def _moments(
    reference: Floats32, seen: Floats32, hidden: Flags, limit: np.float32, change: Floats32
) -> tuple[float, float, float, float, float]:
    """Count, sums of both, of the first's square and of the product, where the change is within the limit."""
    rows, columns = reference.shape
    count = sum_a = sum_b = square = product = 0.0
    for r in range(rows):
        for c in range(columns):
            taken = 0.0 if hidden[r, c] or change[r, c] > limit else 1.0
            a, b = taken * reference[r, c], taken * seen[r, c]
            count += taken
            sum_a += a
            sum_b += b
            square += a * a
            product += a * b
    return count, sum_a, sum_b, square, product
