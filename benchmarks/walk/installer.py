"""One installer who walks all over a floor of the twin, alone."""

from __future__ import annotations

import math

import numpy as np

from calibration.camera import Floats
from simulator.body import WALK
from simulator.crowd import Agent, walk
from simulator.itinerary import Person
from simulator.looks import random_look
from simulator.navigation import Ways
from simulator.state import PeopleState
from simulator.world import TICK_S

GOAL_SPACING_M = 1.6
ROOM_M = 0.4
"""Goals keep this far from everything, metres."""
SPEED_MPS = 1.2
TALLEST_M = (1.6, 1.9)


class Installer:
    """A walk of one person over a floor; the same arguments give the same walk.

    Args:
        ways: of the floor.
        start_m: (2,) where it begins, metres: a place that leads everywhere.
        size_m: width and height of the floor, metres.
        seconds: how long it lasts.
        seed: decides look and way.
    """

    def __init__(self, ways: Ways, start_m: Floats, size_m: tuple[float, float], seconds: float, seed: int = 0) -> None:
        rng = np.random.default_rng([seed, 5])
        look = random_look(rng)
        look["pushchair"] = 0.0
        look["height"] = rng.uniform(*TALLEST_M)
        self.height_m = float(look["height"])
        agent = Agent(1, 1, Person(look, SPEED_MPS), rng, ways.nearest_free(start_m), 0.0)
        goals = _goals(ways, agent.xy_m, size_m)
        left = list(range(len(goals)))
        rows: list[tuple[float, ...]] = []
        for _ in range(math.ceil(seconds / TICK_S) + 2):
            if not agent.path:
                left = left or list(range(len(goals)))
                # mostly the nearest place not yet walked, sometimes right across the floor
                away = np.hypot(*(goals[left] - agent.xy_m).T) + rng.exponential(2.0, len(left))
                agent.path = ways.path(agent.xy_m, goals[left.pop(int(np.argmin(away)))])
            walk([agent], ways, len(rows) * TICK_S, TICK_S)
            agent.pose = WALK
            rows.append((*agent.xy_m, agent.heading, agent.speed_m_s, agent.phase, agent.gaze))
        self._rows = np.array(rows)
        self._rows[:, 2] = np.unwrap(self._rows[:, 2])
        self._rows[:, 4] = np.unwrap(self._rows[:, 4])
        self._look = np.array([look], look.dtype)

    def at(self, time_s: float) -> PeopleState:
        """The installer at a moment."""
        ticks = np.arange(len(self._rows)) * TICK_S
        x, y, heading, speed, phase, gaze = (np.interp(time_s, ticks, column) for column in self._rows.T)
        one = np.ones(1)
        return PeopleState(
            time_s, np.ones(1, np.int64), np.array([[x, y]]), heading * one, speed * one, phase * one,
            np.full(1, WALK), gaze * one, np.zeros(1), self._look,
        )  # fmt: skip

    def places(self, times_s: Floats) -> Floats:
        """(N, 2) where the installer is, metres."""
        ticks = np.arange(len(self._rows)) * TICK_S
        return np.column_stack([np.interp(times_s, ticks, self._rows[:, k]) for k in (0, 1)])


def _goals(ways: Ways, start_m: Floats, size_m: tuple[float, float]) -> Floats:
    """(G, 2) places all over the floor that can be walked to, metres."""
    x, y = (np.arange(GOAL_SPACING_M / 2, side, GOAL_SPACING_M) for side in size_m)
    grid = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
    grid = grid[ways.clearance_m(grid) > ROOM_M]
    # where there is no way, a path is the goal alone, straight through walls
    reached = [len(ways.path(start_m, goal)) > 1 or ways.sees(start_m, goal) for goal in grid]
    return np.asarray(grid[np.array(reached)], np.float64)
