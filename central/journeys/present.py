"""Who is seen on a floor at this moment."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from calibration.boundaries import Boundary, outside
from calibration.site import Floor
from central.store import boxes, positions
from central.store.store import Store

PRESENT_S = 2.5
"""Somebody seen this lately is present: bridges a missed second without counting ghosts."""
SILENT_AFTER_S = 10.0
"""A box that has not told positions for this long leaves its floor's present unknown."""


def present(store: Store, one: Floor, found: Sequence[Boundary], now: float) -> set[str] | None:
    """Visitors on the floor now, those on an escalator or in a lift left out; None where its boxes are silent.

    Args:
        store: the truth.
        one: the floor.
        found: the site's boundary lines.
        now: seconds since 1970.
    """
    told = [
        box.positions_at
        for box in boxes.boxes(store.database, store.site)
        if box.floor == one.id and box.positions_at is not None and box.positions_heard is not None
        and now - box.positions_heard <= SILENT_AFTER_S
    ]  # fmt: skip
    if not told:
        return None
    newest = max(told)
    here = positions.latest_positions(store.database, store.site, one.id, newest - PRESENT_S, newest + PRESENT_S)
    beyond = outside(one, found, np.array(list(here.values()), np.float64).reshape(-1, 2))
    return {visitor for visitor, away in zip(here, beyond.tolist(), strict=True) if not away}
