"""Gives what is seen of a day to whoever takes it, second by second, as a box sends it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from contract.events import Positions
from contract.times import to_rfc3339
from simulator.shoppers.arcade import FLOORS
from simulator.shoppers.sight import Seen


def visitor_id(track: int) -> str:
    """What a track is called."""
    return f"visitor{track:06d}"


def batches(seen: Seen, start: float) -> Iterator[tuple[int, str, Positions]]:
    """(second of the day, floor, its positions) in order; ``start`` is when the day begins, seconds since 1970."""
    keep = seen.is_seen
    at, floor, track, xy = seen.truth.at[keep], seen.truth.floor[keep], seen.track[keep], np.round(seen.xy[keep], 2)
    frame = at * len(FLOORS) + floor
    cuts = np.flatnonzero(np.r_[True, np.diff(frame) != 0, True])
    names = np.array([visitor_id(number) for number in range(int(track.max()) + 1)], dtype=object)
    for first, last in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
        piece = slice(first, last)
        people = list(zip(names[track[piece]].tolist(), xy[piece, 0].tolist(), xy[piece, 1].tolist(), strict=True))
        second = int(at[first])
        yield second, FLOORS[int(floor[first])], Positions(to_rfc3339(start + second), people)
