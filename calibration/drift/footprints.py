"""Foot points where nobody can stand, a second and weak witness that a camera moved where its background cannot tell.

People walk through no wall. Some foot points land behind one all the same, by mirrors, hidden feet and the error of the
calibration; that share is counted while the calibration is fresh, and compared with the share of late.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, lgamma
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
import shapely
from msgspec import Meta
from numpy.typing import NDArray
from shapely.geometry import MultiLineString

from calibration.camera import Floats
from calibration.geometry import Wall
from contract.errors import BadInputError
from contract.files import read_json

FOOTPRINTS_SCHEMA = "atrium.footprints.v1"
HIGH_M = 1.2
"""Lower walls are looked over."""
SLACK_M = 0.3
"""Nearer than this to where they belong, feet are where they belong, metres."""
FRESH, LATE = 400, 200
"""So many foot points are counted when the calibration is fresh, and of late."""
CHANCE = 1e-4
"""A share so unlikely to have grown by chance is suspicious,"""
GROWN = 0.1
"""if it has grown by so much."""


def astray(floor_m: Floats, camera_m: Floats, walls: Sequence[Wall], size_m: tuple[float, float]) -> NDArray[np.bool_]:
    """(N,) whether each foot point (N, 2) lies off the plan, or a wall stands between it and the camera at (2,).

    Args:
        floor_m: where people seem to stand, metres; NaN, above the horizon, is astray.
        camera_m: where the camera hangs, metres; its height is not needed.
        walls: of the floor.
        size_m: width and height of the plan.
    """
    with np.errstate(invalid="ignore"):
        inside = ((floor_m >= -SLACK_M) & (floor_m <= np.array(size_m) + SLACK_M)).all(1)
    found = ~np.asarray(inside, np.bool_)
    screens = MultiLineString([wall.path_m for wall in walls if wall.height_m >= HIGH_M])
    rows = np.flatnonzero(inside)
    if len(rows) and not screens.is_empty:
        away = floor_m[rows] - camera_m[:2]
        length = np.maximum(np.hypot(*away.T), 1e-9)
        ends = camera_m[:2] + away * (np.maximum(length - SLACK_M, 0.0) / length)[:, None]
        sights = shapely.linestrings(np.stack([np.broadcast_to(camera_m[:2], ends.shape), ends], 1))
        found[rows] = shapely.intersects(screens, sights)
    return found


def chance_of_as_many(bad: int, counted: int, bad_before: int, counted_before: int) -> float:
    """How likely so many bad ones, or more, were among those counted if nothing had changed since those before, 0..1.

    Fisher's exact test, one-sided: the upper tail of a hypergeometric distribution. `scipy.stats` would do the same;
    importing it takes a box a sixth of its start.
    """
    every, all_bad = counted + counted_before, bad + bad_before
    whole = log_choices(every, counted)
    return sum(
        exp(log_choices(all_bad, k) + log_choices(every - all_bad, counted - k) - whole)
        for k in range(bad, min(counted, all_bad) + 1)
    )


def log_choices(many: int, some: int) -> float:
    """Logarithm of in how many ways some are chosen out of many."""
    return lgamma(many + 1) - lgamma(some + 1) - lgamma(many - some + 1)


class FootprintsFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``<camera>.feet.json``: what was counted when a calibration was fresh."""

    schema: str
    calibration: str
    counted: Annotated[int, Meta(ge=0)]
    astray: Annotated[int, Meta(ge=0)]


@dataclass(slots=True)
class Footprints:
    """One camera's count of foot points; plain state. They should be some seconds apart, to be worth a test.

    Attributes:
        fresh: points counted when the calibration was fresh, and of them those astray.
        late: (0 or 1) of the latest points.
    """

    fresh: tuple[int, int] = (0, 0)
    late: tuple[bool, ...] = ()

    def add(self, is_astray: NDArray[np.bool_]) -> bool:
        """Counts foot points; gives whether those of the fresh calibration have just become enough."""
        is_enough = False
        for each in is_astray.tolist():
            if self.fresh[0] < FRESH:
                self.fresh = (self.fresh[0] + 1, self.fresh[1] + each)
                is_enough |= self.fresh[0] == FRESH
            else:
                self.late = (*self.late[-(LATE - 1) :], each)
        return is_enough

    @property
    def share_fresh(self) -> float:
        """Share astray when the calibration was fresh, 0..1."""
        return self.fresh[1] / max(1, self.fresh[0])

    @property
    def share_late(self) -> float:
        """Share astray of late, 0..1."""
        return sum(self.late) / max(1, len(self.late))

    @property
    def suspicious(self) -> bool:
        """Whether more feet stand where nobody can than chance explains (Fisher's exact test, one-sided)."""
        if len(self.late) < LATE or self.share_late < self.share_fresh + GROWN:
            return False
        return chance_of_as_many(sum(self.late), len(self.late), self.fresh[1], self.fresh[0]) < CHANCE

    def reason(self) -> str:
        """One line for people."""
        return (
            f"{self.share_late:.0%} of people's feet seem to be behind walls or off the plan, {self.share_fresh:.0%} "
            "at calibration: look whether the camera was moved"
        )


def save_footprints(found: Footprints, calibration: str, path: Path) -> None:
    """Writes what was counted when a calibration was fresh, at once or not at all."""
    content = msgspec.json.encode(FootprintsFile(FOOTPRINTS_SCHEMA, calibration, *found.fresh))
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    part.replace(path)


def load_footprints(path: Path, calibration: str) -> Footprints:
    """What was counted when that calibration was fresh; nothing where that is not known."""
    try:
        found = read_json(path, FootprintsFile)
    except BadInputError:
        return Footprints()
    if found.schema != FOOTPRINTS_SCHEMA or found.calibration != calibration or found.astray > found.counted:
        return Footprints()
    return Footprints((found.counted, found.astray))
