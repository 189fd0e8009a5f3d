"""Exact truth: who crossed which line when, who was in which zone from when to when, and who checked in."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from calibration.site import Floor

Floats = NDArray[np.float64]
TRUTH_SCHEMA = "atrium.truth.v1"
BISECTIONS = 12
"""Halvings of a tick that pin down when a zone's border was crossed: 50 ms / 4096."""


class PersonTruth(msgspec.Struct, frozen=True):
    """Somebody; ``member`` is the member id of who checks in at a kiosk, empty for everybody else."""

    id: int
    party: int
    kind: str
    member: str
    height_m: float


class Crossing(msgspec.Struct, frozen=True):
    """A floor position's path cut a line; ``direction`` as seen from the line's zone."""

    floor: str
    line: str
    zone: str
    direction: str
    person: int
    at_s: float


class Visit(msgspec.Struct):
    """A floor position was inside a zone; ``left_s`` is None while it is."""

    floor: str
    zone: str
    person: int
    entered_s: float
    left_s: float | None = None
    dwell_s: float | None = None


class Checkin(msgspec.Struct, frozen=True):
    """A member checked in at a kiosk; ``place_m`` is where one stands before it, as its installer knows."""

    member: str
    person: int
    floor: str
    zone: str
    place_m: tuple[float, float]
    at_s: float


class Sale(msgspec.Struct, frozen=True):
    """A member paid at the table; ``place_m`` is where they sit or stand, as the waiter's till would not know."""

    member: str
    person: int
    floor: str
    zone: str
    place_m: tuple[float, float]
    at_s: float


class Transfer(msgspec.Struct, frozen=True):
    """Somebody changed floors."""

    person: int
    from_floor: str
    to_floor: str
    left_s: float
    arrived_s: float


class Truth(msgspec.Struct, frozen=True):
    """``truth.json``: seconds since ``start`` (RFC 3339)."""

    schema: str
    site: str
    start: str
    seed: int
    seconds: float
    fps: float
    floors: list[str]
    cameras: list[str]
    persons: list[PersonTruth]
    crossings: list[Crossing]
    visits: list[Visit]
    checkins: list[Checkin]
    transfers: list[Transfer]
    occupancy: dict[str, dict[str, list[list[float]]]]
    sales: list[Sale] = []


class Recorder:
    """Watches positions tick by tick; a straight walk within a tick is assumed, as the renderer draws it."""

    def __init__(self, floors: list[Floor]) -> None:
        self._floors = {floor.id: floor for floor in floors}
        self._inside: dict[tuple[str, str, int], Visit] = {}
        self._last: dict[str, dict[int, Floats]] = defaultdict(dict)
        self.persons: list[PersonTruth] = []
        self.crossings: list[Crossing] = []
        self.visits: list[Visit] = []
        self.checkins: list[Checkin] = []
        self.sales: list[Sale] = []
        self.transfers: list[Transfer] = []
        self.occupancy: dict[str, dict[str, list[list[float]]]] = {
            floor.id: {zone: [[0.0, 0]] for zone in floor.zones} for floor in floors
        }

    def tick(self, floor_id: str, before_s: float, now_s: float, ids: list[int], xy_m: Floats) -> None:
        """Everybody on a floor at the end of a tick; who was there before and is no longer has left it."""
        last = self._last[floor_id]
        for gone in [person for person in last if person not in set(ids)]:
            del last[gone]
            for zone in self._floors[floor_id].zones:
                self._leave(floor_id, zone, gone, now_s)
        if not ids:
            return
        old = np.array([last.get(person, xy) for person, xy in zip(ids, xy_m, strict=True)])
        self._cross(floor_id, before_s, now_s, ids, old, xy_m)
        self._enter_and_leave(floor_id, before_s, now_s, ids, old, xy_m)
        for person, xy in zip(ids, xy_m, strict=True):
            last[person] = xy

    def inside(self, floor_id: str, zone: str) -> list[int]:
        """Ids of who is in a zone now."""
        return [person for floor, own, person in self._inside if (floor, own) == (floor_id, zone)]

    def _cross(self, floor_id: str, before_s: float, now_s: float, ids: list[int], old: Floats, new: Floats) -> None:  # noqa: PLR0917 - one argument a quantity
        for line in self._floors[floor_id].lines.values():
            a, b = line.ends_m
            side_old, side_new = (old - a) @ line.in_normal, (new - a) @ line.in_normal
            changed = np.flatnonzero((side_old >= 0) != (side_new >= 0))
            for i in changed:
                share = side_old[i] / (side_old[i] - side_new[i])
                at = old[i] + share * (new[i] - old[i])
                along = (at - a) @ (b - a) / ((b - a) @ (b - a))
                if 0 <= along <= 1:
                    direction = "in" if side_new[i] >= 0 else "out"
                    when = round(before_s + share * (now_s - before_s), 4)
                    self.crossings.append(Crossing(floor_id, line.id, line.zone, direction, ids[i], float(when)))

    def _enter_and_leave(  # noqa: PLR0917 - one argument a quantity
        self, floor_id: str, before_s: float, now_s: float, ids: list[int], old: Floats, new: Floats
    ) -> None:
        for zone in self._floors[floor_id].zones.values():
            is_in = zone.contains(new)
            was_in = np.array([(floor_id, zone.id, person) in self._inside for person in ids])
            for i in np.flatnonzero(is_in != was_in):
                low, high = 0.0, 1.0
                for _ in range(BISECTIONS):
                    middle = (low + high) / 2
                    there = bool(zone.contains((old[i] + middle * (new[i] - old[i]))[None])[0])
                    low, high = (low, middle) if there == bool(is_in[i]) else (middle, high)
                when = round(before_s + high * (now_s - before_s), 4)
                if is_in[i]:
                    visit = Visit(floor_id, zone.id, ids[i], when)
                    self.visits.append(visit)
                    self._inside[floor_id, zone.id, ids[i]] = visit
                    self._count(floor_id, zone.id, when, 1)
                else:
                    self._leave(floor_id, zone.id, ids[i], when)

    def _leave(self, floor_id: str, zone: str, person: int, when_s: float) -> None:
        visit = self._inside.pop((floor_id, zone, person), None)
        if visit is not None:
            visit.left_s = round(when_s, 4)
            visit.dwell_s = round(when_s - visit.entered_s, 4)
            self._count(floor_id, zone, when_s, -1)

    def _count(self, floor_id: str, zone: str, when_s: float, change: int) -> None:
        steps = self.occupancy[floor_id][zone]
        steps.append([round(when_s, 4), steps[-1][1] + change])


def write_truth(path: Path, truth: Truth) -> None:
    """Writes ``truth.json`` whole or not at all."""
    part = path.with_suffix(".part")
    part.write_bytes(msgspec.json.format(msgspec.json.encode(truth), indent=1))
    part.replace(path)


def write_positions(path: Path, rows: list[tuple[float, int, float, float, str]]) -> None:
    """Writes ``positions.csv``: t (seconds), id, x, y (metres), floor."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["t", "id", "x", "y", "floor"])
        writer.writerows((f"{t:.3f}", person, f"{x:.3f}", f"{y:.3f}", floor) for t, person, x, y, floor in rows)
