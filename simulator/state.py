"""People at one moment: what the renderer draws and the truth records."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from simulator.body import body_shapes
from simulator.looks import Looks
from simulator.shapes import Shapes

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PeopleState:
    """P people on one floor at one moment.

    Attributes:
        time_s: seconds since the simulation's start.
        ids: (P,) person ids, the same on every floor.
        xy_m: (P, 2) where each stands.
        heading: (P,) radians, 0 along x.
        speed_m_s: (P,).
        phase: (P,) gait phase, radians.
        pose: (P,) of ``simulator.body``.
        gaze: (P,) turn of the head relative to the body, radians.
        sitting: (P,) from 0, standing, to 1, seated.
        looks: (P,) records of LOOK.
    """

    time_s: float
    ids: NDArray[np.int64]
    xy_m: Floats
    heading: Floats
    speed_m_s: Floats
    phase: Floats
    pose: NDArray[np.int64]
    gaze: Floats
    sitting: Floats
    looks: Looks

    def only(self, wanted: NDArray[np.bool_]) -> PeopleState:
        """Some of the people, given (P,) which."""
        some = PeopleState(
            self.time_s, self.ids[wanted], self.xy_m[wanted], self.heading[wanted], self.speed_m_s[wanted],
            self.phase[wanted], self.pose[wanted], self.gaze[wanted], self.sitting[wanted], self.looks[wanted],
        )  # fmt: skip
        some.__dict__["shapes"] = self.shapes.only(wanted)
        return some

    @cached_property
    def shapes(self) -> Shapes:
        """Their bodies; made once however many cameras look."""
        return body_shapes(
            self.looks, self.xy_m, self.heading, self.speed_m_s, self.phase, self.pose, self.gaze, self.sitting
        )
