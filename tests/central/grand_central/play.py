"""The hall's file told as a box would: positions, crossings of gates, visits to zones, journeys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely

from calibration.site import Floor
from contract.events import Body, Crossing, Journey, Positions, Visit
from contract.times import to_rfc3339
from tests.central.grand_central.truth import Tracks

STEP_S = 0.8
"""The file has one position of everybody in this time."""


@dataclass(frozen=True, slots=True)
class Telling:
    """Something a box says at a moment of the file, seconds."""

    at: float
    body: Body


def tellings(tracks: Tracks, floor: Floor, start: float) -> list[Telling]:
    """Everything the box says, by time; ``start`` is the file's beginning, seconds since 1970."""
    told = [*_positions(tracks, start)]
    edges = np.flatnonzero(np.diff(tracks.person)) + 1
    for first, last in zip([0, *edges.tolist()], [*edges.tolist(), len(tracks.person)], strict=True):
        name = tracks.names[int(tracks.person[first])]
        told += _one(name, tracks.at[first:last], tracks.xy[first:last], floor, start)
    return sorted(told, key=lambda one: one.at)


def _positions(tracks: Tracks, start: float) -> Iterator[Telling]:
    for at in np.unique(tracks.at).tolist():
        here = tracks.at == at
        visitors = [
            (tracks.names[person], round(x, 2), round(y, 2))
            for person, (x, y) in zip(tracks.person[here].tolist(), tracks.xy[here].tolist(), strict=True)
        ]
        yield Telling(at, Positions(to_rfc3339(start + at), visitors))


def _one(name: str, at: np.ndarray, xy: np.ndarray, floor: Floor, start: float) -> Iterator[Telling]:
    """One person's crossings, visits and journey."""
    for line in floor.lines.values():
        along = line.ends_m[1] - line.ends_m[0]
        depth = (xy - line.ends_m[0]) @ line.in_normal
        for k in np.flatnonzero(np.diff(depth > 0)).tolist():
            share = depth[k] / (depth[k] - depth[k + 1])
            place = (xy[k] + share * (xy[k + 1] - xy[k]) - line.ends_m[0]) @ along / (along @ along)
            if not 0 <= place < 1:
                continue
            moment = float(at[k] + share * (at[k + 1] - at[k]))
            crossing = Crossing(line.id, "in" if depth[k + 1] > 0 else "out", name, to_rfc3339(start + moment))
            yield Telling(float(at[k + 1]), crossing)
    for zone in floor.zones.values():
        inside = shapely.contains_xy(zone.polygon, xy[:, 0], xy[:, 1]).astype(np.int8)
        turns = np.flatnonzero(np.diff(np.concatenate([[0], inside, [0]])))
        for number, (first, end) in enumerate(zip(turns[::2].tolist(), turns[1::2].tolist(), strict=True)):
            entered, left = float(at[first]), float(at[end - 1])
            if left > entered:
                yield Telling(
                    left, _visit(f"{name}{zone.id[:3]}{number}", name, zone.id, start + entered, start + left)
                )
    if len(at) > 1:
        path = [
            (round(float(t - at[0]), 2), round(float(x), 2), round(float(y), 2))
            for t, (x, y) in zip(at, xy, strict=True)
        ]
        seen_s = round(float(at[-1] - at[0]), 3)
        length = float(np.hypot(*np.diff(xy, axis=0).T).sum())
        entered, left = to_rfc3339(start + float(at[0])), to_rfc3339(start + float(at[-1]))
        yield Telling(float(at[-1]), Journey(name, entered, left, path, [], seen_s, 0.0, 0.0, round(length, 2)))


def _visit(visit: str, name: str, zone: str, entered: float, left: float) -> Visit:
    seen_s = round(left - entered, 3)
    return Visit(visit, name, zone, "closed", to_rfc3339(entered), seen_s, 0.0, 0.0, 1.0, to_rfc3339(left))
