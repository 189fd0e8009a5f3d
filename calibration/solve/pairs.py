"""Pairs of a pixel and the floor point it shows, and what is wrong with them before anything is solved."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contract.errors import BadInputError
from contract.files import read_bytes

Floats = NDArray[np.float64]
COLUMNS = ("u", "v", "x", "y")
FEWEST = 4
FLAT = 0.03
"""Points whose spread across is less than this share of their spread along lie on one line."""
LARGEST_FLOOR_M = 1000.0
SLIP_M = 0.5
BESIDE = 0.02
"""A click may miss the picture by this share of its size."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """N pixels and the floor points they show.

    Attributes:
        pixel_px: (N, 2) pixels.
        floor_m: (N, 2) metres on the plan.
    """

    pixel_px: Floats
    floor_m: Floats

    def __len__(self) -> int:
        """Number of pairs."""
        return len(self.pixel_px)

    def only(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Pairs:
        """Some of them."""
        return Pairs(self.pixel_px[which], self.floor_m[which])


def read_pairs(path: Path) -> Pairs:
    """The pairs of a CSV file with columns ``u,v,x,y``: pixels and metres; more columns are passed over.

    Raises:
        BadInputError: naming the file, the line and the mend.
    """
    try:
        rows = list(csv.DictReader(read_bytes(path).decode("utf-8-sig").splitlines(), skipinitialspace=True))
    except (UnicodeDecodeError, csv.Error):
        raise BadInputError(f"{path}: not CSV text; write columns u,v,x,y, one pair a line") from None
    missing = [name for name in COLUMNS if not rows or name not in rows[0]]
    if missing:
        raise BadInputError(f"{path}: no column {missing[0]!r}; the first line must be u,v,x,y, then one pair a line")
    values = []
    for number, row in enumerate(rows, 2):
        try:
            values.append([float(row[name]) for name in COLUMNS])
        except (TypeError, ValueError):
            raise BadInputError(f"{path}: line {number}: needs four numbers u,v,x,y; correct or delete it") from None
    table = np.array(values, np.float64)
    bad = np.flatnonzero(~np.isfinite(table).all(1))
    if len(bad):
        raise BadInputError(f"{path}: line {bad[0] + 2}: numbers must be finite; correct or delete it")
    return Pairs(table[:, :2].copy(), table[:, 2:].copy())


def refuse_bad_pairs(
    pairs: Pairs, size: tuple[int, int], source: str = "pairs", floor_size_m: tuple[float, float] | None = None
) -> None:
    """Refuses pairs from which no camera can be found.

    Args:
        pairs: numbered from 1 in what is said.
        size: width and height of the picture, pixels.
        source: what they came from, for the message.
        floor_size_m: the plan's, where known.

    Raises:
        BadInputError: in words that an installer can act on.
    """
    if not np.isfinite(pairs.pixel_px).all() or not np.isfinite(pairs.floor_m).all():
        raise BadInputError(f"{source}: every number must be finite; correct or delete the pair")
    _refuse_swapped(pairs, size, source)
    _refuse_outside(pairs, size, source, floor_size_m)
    _refuse_doubled(pairs, source)
    if len(pairs) < FEWEST:
        raise BadInputError(
            f"{source}: {len(pairs)} pair{'s' * (len(pairs) != 1)}; at least {FEWEST} are needed, 8 or more show how "
            "good the result is: add points spread over the floor"
        )
    if _spread(pairs.floor_m) < FLAT:
        raise BadInputError(f"{source}: the points lie on one line on the floor; add some well beside it")
    if _spread(pairs.pixel_px) < FLAT:
        raise BadInputError(f"{source}: the points lie on one line in the picture; add some nearer and farther ones")


def _refuse_swapped(pairs: Pairs, size: tuple[int, int], source: str) -> None:
    pixel, floor = pairs.pixel_px, pairs.floor_m
    if not len(pairs) or np.ptp(pixel, axis=0).max() > 0.25 * max(size):
        return
    within = ((floor >= 0) & (floor <= np.array(size))).all()
    if within and np.ptp(floor, axis=0).max() > max(100.0, 3 * np.ptp(pixel, axis=0).max()):
        raise BadInputError(f"{source}: pixels and metres look swapped; columns are u,v in pixels, then x,y in metres")


def _refuse_outside(pairs: Pairs, size: tuple[int, int], source: str, floor_size_m: tuple[float, float] | None) -> None:
    reach = np.array(size) * BESIDE
    off = ~((pairs.pixel_px >= -reach) & (pairs.pixel_px <= np.array(size) + reach)).all(1)
    if off.any():
        k = int(np.flatnonzero(off)[0])
        u, v = pairs.pixel_px[k]
        raise BadInputError(
            f"{source}: pair {k + 1} at pixel ({u:.0f}, {v:.0f}) is outside the {size[0]} x {size[1]} picture; was it "
            "clicked in a picture of another size?"
        )
    if len(pairs) and np.ptp(pairs.floor_m, axis=0).max() > LARGEST_FLOOR_M:
        raise BadInputError(
            f"{source}: the floor points span {np.ptp(pairs.floor_m, axis=0).max():.0f} m; give metres, not millimetres"
        )
    if floor_size_m is not None and len(pairs):
        plan = np.array(floor_size_m)
        far = ~((pairs.floor_m >= -0.05 * plan - 0.5) & (pairs.floor_m <= 1.05 * plan + 0.5)).all(1)
        if far.any():
            k = int(np.flatnonzero(far)[0])
            x, y = pairs.floor_m[k]
            feet = (pairs.floor_m * 0.3048 <= 1.05 * plan).all() and far.mean() > 0.3
            mend = "were they measured in feet? multiply by 0.3048" if feet else "correct the point or the plan's size"
            raise BadInputError(
                f"{source}: pair {k + 1} at ({x:.1f}, {y:.1f}) m is outside the plan of "
                f"{plan[0]:g} x {plan[1]:g} m; {mend}"
            )


def _refuse_doubled(pairs: Pairs, source: str) -> None:
    """The same pixel twice is a slip, unless what was measured for it is the same but for a trifle."""
    order = np.lexsort(pairs.pixel_px.T)
    for a, b in zip(order[:-1].tolist(), order[1:].tolist(), strict=True):
        apart = float(np.hypot(*(pairs.floor_m[a] - pairs.floor_m[b])))
        if (pairs.pixel_px[a] == pairs.pixel_px[b]).all() and (apart == 0 or apart > SLIP_M):
            one, other = sorted((a + 1, b + 1))
            raise BadInputError(f"{source}: pairs {one} and {other} have the same pixel; delete or move one")


def _spread(points: Floats) -> float:
    """Spread across over spread along."""
    values = np.linalg.svd(points - points.mean(0), compute_uv=False)
    return float(values[1] / max(values[0], 1e-12))
