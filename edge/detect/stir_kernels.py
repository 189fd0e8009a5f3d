"""Numba kernels of who stirs: the brightness of places in cells, and what of it changed; twins are in the tests."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from edge.detect.gate_kernels import MAD_TO_SIGMA

Floats32 = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Counts = npt.NDArray[np.int64]
Record = Any
"""One record of `PLACE` or `RULES`; numpy's stubs know no fields."""

COLUMNS, ROWS = 8, 16
"""Cells across a box and down it."""
RING = 2
"""And so many around it on all sides."""
GRID = (ROWS + 2 * RING, COLUMNS + 2 * RING)
"""Rows and columns of a place, its ring included."""
HIDDEN = np.float32(-1.0)
"""Brightness of a cell that nobody may look at, that somebody passes, or that lies outside the picture."""
STEP = 0.125
STEPS = 512
"""Residuals are counted in steps of so many grey levels to find their median without sorting."""
KEPT = 6
"""Pictures kept of a place."""
FLEETING_S = 0.5
"""A place that no box was at again is forgotten after this time, and later by as long as boxes were there before."""

PLACE = np.dtype(
    [
        ("box", np.float32, (4,)),
        ("born_at", np.float64),
        ("seen_at", np.float64),
        ("kept", np.int64),  # pictures so far; the latest is number kept - 1, modulo KEPT
        ("stir", np.float32),  # as told of the latest picture
        ("at", np.float64, (KEPT,)),
        ("cells", np.float32, (KEPT, *GRID)),
    ]
)


@njit(cache=True, nogil=True)
def sample(luma: Bytes, covered: Bytes, box: Floats32, cells: Floats32) -> None:
    """Fills GRID cells with the mean brightness of a place: of a box, and of the ring around it.

    Args:
        luma: (h, w) brightness.
        covered: (h, w), not 0 where nobody may look; (0, 0) where everybody may.
        box: (4,) left, top, right, bottom in luma's pixels.
        cells: filled; HIDDEN where a cell leaves the picture or touches what is covered.
    """
    height, width = luma.shape
    masked = covered.shape[0] > 0
    rows, columns = cells.shape
    across, down = (box[2] - box[0]) / COLUMNS, (box[3] - box[1]) / ROWS
    for r in range(rows):
        top = int(np.floor(box[1] + (r - RING) * down))
        bottom = max(top + 1, int(np.floor(box[1] + (r - RING + 1) * down)))
        for c in range(columns):
            left = int(np.floor(box[0] + (c - RING) * across))
            right = max(left + 1, int(np.floor(box[0] + (c - RING + 1) * across)))
            if top < 0 or left < 0 or bottom > height or right > width:
                cells[r, c] = HIDDEN
                continue
            total = 0
            veiled = 0
            for y in range(top, bottom):
                for x in range(left, right):
                    total += luma[y, x]
                    if masked:
                        veiled += covered[y, x]
            cells[r, c] = HIDDEN if veiled > 0 else np.float32(total / ((bottom - top) * (right - left)))


@njit(cache=True, nogil=True)
def hide(cells: Floats32, box: Floats32, passer: Floats32, margin: float) -> None:
    """Makes HIDDEN what a passer's box (4,), grown by a share of its size on all sides, touches of a box's cells."""
    rows, columns = cells.shape
    across, down = (box[2] - box[0]) / COLUMNS, (box[3] - box[1]) / ROWS
    more_x, more_y = margin * (passer[2] - passer[0]), margin * (passer[3] - passer[1])
    for r in range(rows):
        top = box[1] + (r - RING) * down
        if top >= passer[3] + more_y or top + down <= passer[1] - more_y:
            continue
        for c in range(columns):
            left = box[0] + (c - RING) * across
            if left < passer[2] + more_x and left + across > passer[0] - more_x:
                cells[r, c] = HIDDEN


@njit(cache=True, nogil=True)
def fit_light(before: Floats32, now: Floats32, limit: float, change: Floats32, bins: Counts) -> float:
    """Fits gain and offset of the light over the cells whose change so far is within a limit, and fills the change.

    Args:
        before: GRID cells,
        now: and later; what is HIDDEN in either is left out.
        limit: grey levels.
        change: GRID, absolute residuals, grey levels: those so far, then the new ones; not a number where left out.
        bins: (STEPS,) to count in.

    Returns:
        The standard deviation of the residuals in the quieter half of the place, grey levels.
    """
    count = sum_a = sum_b = square = product = 0.0
    rows, columns = before.shape
    for r in range(rows):
        for c in range(columns):
            a, b = before[r, c], now[r, c]
            if a >= 0.0 and b >= 0.0 and not change[r, c] > limit:
                count += 1.0
                sum_a += a
                sum_b += b
                square += a * a
                product += a * b
    gain, offset = 1.0, 0.0
    if count > 0.0:
        power = square - sum_a * sum_a / count
        # a place without contrast has no gain to speak of
        if power > 16.0 * count:
            gain = min(1.5, max(0.67, (product - sum_a * sum_b / count) / power))
        offset = (sum_b - gain * sum_a) / count
    for r in range(rows):
        for c in range(columns):
            a, b = before[r, c], now[r, c]
            change[r, c] = abs(b - gain * a - offset) if a >= 0.0 and b >= 0.0 else np.nan
    return find_noise(change, bins)


@njit(cache=True, nogil=True)
def find_noise(change: Floats32, bins: Counts) -> float:
    """The standard deviation of the quieter half of residuals, grey levels; what is not a number is left out."""
    bins[:] = 0
    total = 0
    rows, columns = change.shape
    for r in range(rows):
        for c in range(columns):
            if not np.isnan(change[r, c]):
                bins[min(STEPS - 1, int(change[r, c] / STEP))] += 1
                total += 1
    below = 0
    for k in range(STEPS):
        if bins[k] > 0 and 2 * (below + bins[k]) >= total:
            return float(MAD_TO_SIGMA * STEP * (k + (0.5 * total - below) / bins[k]))
        below += bins[k]
    return 0.0


@njit(cache=True, nogil=True)
def stirred(before: Floats32, now: Floats32, change: Floats32, bins: Counts, p: Record) -> float:
    """Share of a box's cells that changed between two pictures of it, light and noise apart.

    Not a number where that says nothing of who is there: where the ring around the box changed as well, as it does when
    somebody passes, something casts a shadow or the camera trembles; where all of the box did, as on a screen; or where
    too little can be compared.

    Args:
        before: GRID cells,
        now: and later.
        change: GRID, to reckon in.
        bins: (STEPS,) to count in.
        p: record of `RULES`.
    """
    rows, columns = before.shape
    change[:] = 0.0
    noise = fit_light(before, now, np.inf, change, bins)
    noise = fit_light(before, now, max(p.change_min, p.noise_factor * noise), change, bins)
    limit = max(p.change_min, p.noise_factor * noise)
    inside = around = inside_changed = around_changed = 0
    for r in range(rows):
        for c in range(columns):
            if np.isnan(change[r, c]):
                continue
            stands_out = 1 if change[r, c] > limit else 0
            if RING <= r < rows - RING and RING <= c < columns - RING:
                inside += 1
                inside_changed += stands_out
            else:
                around += 1
                around_changed += stands_out
    if inside < p.known * ROWS * COLUMNS or around < p.known * (rows * columns - ROWS * COLUMNS):
        return np.nan
    if around_changed > p.around_most * around or inside_changed > p.inside_most * inside:
        return np.nan
    return float(inside_changed / inside)


@njit(cache=True, nogil=True)
def overlap(one: Floats32, other: Floats32) -> float:
    """Intersection over union of two boxes (4,); what follows in longer rows is left alone."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    if across <= 0.0 or down <= 0.0:
        return 0.0
    own = (one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1])
    return float(across * down / (own - across * down))


@njit(cache=True, nogil=True)
def find_places(  # noqa: PLR0917 - compiled, takes no keywords
    places: npt.NDArray[Any], n: int, before: float, now: float, boxes: Floats32, found: Counts, p: Record
) -> int:
    """Forgets places that no box was at for long, and gives every box its place: an old one, or a new one.

    Args:
        places: (capacity,) records of `PLACE`, the first `n` in use.
        n: places in use.
        before: seconds, when the picture before was taken,
        now: and this one.
        boxes: (M, 4).
        found: (M,), filled with the rows of their places.
        p: record of `RULES`.

    Returns:
        Places in use afterwards. Negative where there is no room for a new one, and nothing but forgetting was done:
        -1 - the places in use now; to be called again with these and with more room.
    """
    alive = 0
    for i in range(n):
        unseen, age = before - places[i].seen_at, places[i].seen_at - places[i].born_at
        if unseen <= min(p.keep_s, FLEETING_S + age):
            if alive != i:
                places[alive] = places[i]
            alive += 1
    n = alive
    for j in range(len(boxes)):
        best, found[j] = p.same, -1
        for i in range(n):
            iou = overlap(boxes[j], places[i].box)
            if iou >= best:
                best, found[j] = iou, i
        if found[j] < 0:
            if n == len(places):
                return -1 - alive
            found[j] = n
            places[n].box[:] = boxes[j]
            places[n].born_at = now
            places[n].seen_at = -np.inf
            places[n].kept = 0
            n += 1
    return n


@njit(cache=True, nogil=True)
def compare(  # noqa: PLR0917 - compiled, takes no keywords
    place: Record, now: float, cells: Floats32, change: Floats32, bins: Counts, p: Record
) -> None:
    """Compares a place's new picture with an older one, as near to `since_s` ago as there is, and keeps it."""
    place.stir = np.nan
    pick, off = -1, np.inf
    for k in range(max(0, place.kept - KEPT), place.kept):
        age = now - place.at[k % KEPT]
        if 0.5 * p.since_s <= age <= p.since_most_s and abs(age - p.since_s) < off:
            pick, off = k % KEPT, abs(age - p.since_s)
    if pick >= 0:
        place.stir = stirred(place.cells[pick], cells, change, bins, p)
    if place.kept == 0 or now - place.at[(place.kept - 1) % KEPT] >= p.since_s / KEPT:
        place.cells[place.kept % KEPT] = cells
        place.at[place.kept % KEPT] = now
        place.kept += 1


@njit(cache=True, nogil=True)
def watch(  # noqa: PLR0917 - compiled, takes no keywords
    places: npt.NDArray[Any],
    n: int,
    before: float,
    now: float,
    luma: Bytes,
    covered: Bytes,
    boxes: Floats32,
    scores: Floats32,
    found: Counts,
    cells: Floats32,
    change: Floats32,
    bins: Counts,
    stirs: Floats32,
    rules: npt.NDArray[Any],
) -> int:
    """Looks at all boxes of a picture: who stirs?

    Args:
        places: (capacity,) records of `PLACE`, the first `n` in use.
        n: places in use.
        before: seconds, when the picture before was taken,
        now: and this one.
        luma: (h, w) brightness.
        covered: (h, w), not 0 where nobody may look; (0, 0) where everybody may.
        boxes: (M, 4) in luma's pixels.
        scores: (M,) 0 to 1.
        found: (M,), filled with the rows of their places.
        cells: GRID, and
        change: GRID, and
        bins: (STEPS,) to reckon in.
        stirs: (M,), filled as `stirred` tells; not a number for boxes that are new, small or on the move.
        rules: (1,) record of `RULES`.

    Returns:
        Places in use afterwards; negative for want of room, as `find_places` has it.
    """
    p = rules[0]
    n = find_places(places, n, before, now, boxes, found, p)
    if n < 0:
        return n
    for j in range(len(boxes)):
        place = places[found[j]]
        if place.seen_at != now:
            place.seen_at = now
            sample(luma, covered, place.box, cells)
            for k in range(len(boxes)):
                if found[k] == found[j]:
                    continue
                if scores[k] >= p.sure and now - places[found[k]].born_at < p.settled_s:
                    hide(cells, place.box, boxes[k], p.margin)
                elif scores[k] > scores[j]:  # what a surer box covers is that one's
                    hide(cells, place.box, boxes[k], 0.0)
            compare(place, now, cells, change, bins, p)
            if place.box[3] - place.box[1] < p.least_px:
                place.stir = np.nan
        stirs[j] = place.stir
    return n
