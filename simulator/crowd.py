"""How people move on one floor: towards where they want to be, out of each other's way, off the walls.

A social force model after Helbing and Molnar (1995) with a field of view, walked on shortest paths pulled
straight.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simulator.body import CARRY, PHONE, POCKETS, PUSH, REACH, SIT, WALK, step_length_m
from simulator.itinerary import Person, Stop
from simulator.navigation import BODY_RADIUS_M, Ways

Floats = NDArray[np.float64]
REACTION_S = 0.45
"""Time in which somebody takes up a new velocity."""
REPULSION_M_S2 = 3.0
REACH_M = 0.28
"""Distance over which the push between two people falls to a third."""
TOUCH_M = 0.5
COMPANION_SHARE = 0.35
"""How much less companions push each other."""
WALL_M = 0.32
"""Walls push from here on, by so much a metre nearer:"""
WALL_PUSH_PER_S2 = 8.0
ARRIVED_M = 0.15
WAYPOINT_M = 0.35
TURN_RAD_S = 3.0
STUCK_S = 3.0
PROGRESS_M = 0.2
GHOST_S = 2.5
"""Somebody who got no nearer to the next turn for so long, by so much, looks for another way and squeezes past the
others for so long."""


@dataclass(slots=True, eq=False)
class Agent:
    """Somebody on a floor."""

    id: int
    party: int
    person: Person
    rng: np.random.Generator
    xy_m: Floats
    heading: float
    v_m_s: Floats = field(default_factory=lambda: np.zeros(2))
    path: list[Floats] = field(default_factory=list)
    stop: Stop | None = None
    spot: int | None = None
    face: float | None = None
    until_s: float = 0.0
    phase: float = 0.0
    speed_m_s: float = 0.0
    pose: int = WALK
    gaze: float = 0.0
    sitting: float = 0.0
    nearest_m: float = math.inf
    stuck_s: float = 0.0
    ghost_s: float = 0.0
    change_s: float = 0.0
    gone: bool = False

    @property
    def walks(self) -> bool:
        """Whether there is somewhere to go."""
        return bool(self.path)


def walk(agents: list[Agent], ways: Ways, now_s: float, dt_s: float) -> None:
    """Moves everybody on one floor by ``dt_s``; who arrives has an empty path."""
    if not agents:
        return
    xy = np.array([agent.xy_m for agent in agents])
    v = np.array([agent.v_m_s for agent in agents])
    wanted = np.array([_wanted(agent, ways, dt_s) for agent in agents])
    walks = np.array([agent.walks and agent.sitting < 0.05 for agent in agents])
    push = _pushes(agents, xy, v, wanted)
    near = np.maximum(0.0, WALL_M - ways.clearance_m(xy))
    push += WALL_PUSH_PER_S2 * near[:, None] * ways.away(xy)
    v = np.where(walks[:, None], v + ((wanted - v) / REACTION_S + push) * dt_s, 0.0)
    speed = np.linalg.norm(v, axis=1)
    most = np.array([1.25 * agent.person.speed_m_s for agent in agents])
    v *= np.minimum(1.0, most / np.maximum(speed, 1e-6))[:, None]
    moved = xy + v * dt_s
    for _ in range(3):
        short = BODY_RADIUS_M - 0.03 - ways.clearance_m(moved)
        if (short <= 0).all():
            break
        moved += np.maximum(0.0, short)[:, None] * ways.away(moved) * walks[:, None]
    for i, agent in enumerate(agents):
        _settle(agent, moved[i], dt_s)
        _gesture(agent, now_s, dt_s)


def _wanted(agent: Agent, ways: Ways, dt_s: float) -> Floats:
    _get_unstuck(agent, ways, dt_s)
    while len(agent.path) > 1 and math.dist(agent.xy_m, agent.path[0]) < WAYPOINT_M:
        agent.path.pop(0)
        agent.nearest_m = math.inf
    if not agent.path:
        return np.zeros(2)
    to = agent.path[0] - agent.xy_m
    far = float(np.hypot(*to))
    if len(agent.path) == 1 and far < ARRIVED_M:
        agent.path.pop()
        agent.nearest_m = math.inf
        return np.zeros(2)
    speed = agent.person.speed_m_s
    if len(agent.path) == 1:
        speed = min(speed, 0.25 + 1.3 * far)
    return np.asarray(to / max(far, 1e-6) * speed, np.float64)


def _get_unstuck(agent: Agent, ways: Ways, dt_s: float) -> None:
    """Notes progress towards the next turn, and finds a way anew for who was pushed round a corner or is hemmed in."""
    agent.ghost_s = max(0.0, agent.ghost_s - dt_s)
    if not agent.path:
        agent.stuck_s = 0.0
        return
    left = math.dist(agent.xy_m, agent.path[0])
    if left < agent.nearest_m - PROGRESS_M:
        agent.nearest_m, agent.stuck_s = left, 0.0
        return
    agent.stuck_s += dt_s
    if agent.stuck_s > STUCK_S:
        agent.path = ways.path(agent.xy_m, agent.path[-1])
        agent.nearest_m, agent.stuck_s, agent.ghost_s = math.inf, 0.0, GHOST_S


def _pushes(agents: list[Agent], xy: Floats, v: Floats, wanted: Floats) -> Floats:
    away = xy[:, None] - xy[None]
    distance = np.linalg.norm(away, axis=2)
    np.fill_diagonal(distance, np.inf)
    unit = away / np.where(np.isfinite(distance), np.maximum(distance, 1e-6), 1.0)[..., None]
    strength = REPULSION_M_S2 * np.exp((TOUCH_M - distance) / REACH_M)
    ahead = wanted / np.maximum(np.linalg.norm(wanted, axis=1), 1e-6)[:, None]
    facing = -(unit * ahead[:, None]).sum(2)
    strength *= 0.25 + 0.75 * (1 + facing) / 2
    party = np.array([agent.party for agent in agents])
    strength = np.where(party[:, None] == party[None], COMPANION_SHARE * strength, strength)
    strength *= np.array([agent.ghost_s <= 0 for agent in agents])[:, None]
    # people who meet head-on both give way to their right
    closing = np.maximum(0.0, facing - 0.5) * 2.0 * (distance < 2.0)
    right = np.stack([ahead[:, 1], -ahead[:, 0]], 1)
    aside = (closing * np.minimum(strength + 0.8, 2.5)).sum(1)[:, None] * right * 0.6
    aside *= np.array([agent.ghost_s <= 0 for agent in agents])[:, None]
    _ = v
    return np.asarray((strength[..., None] * unit).sum(1) + np.clip(aside, -2.0, 2.0), np.float64)


def _settle(agent: Agent, moved: Floats, dt_s: float) -> None:
    step = moved - agent.xy_m
    length = float(np.hypot(*step))
    agent.v_m_s = step / dt_s
    agent.xy_m = moved
    agent.speed_m_s += (length / dt_s - agent.speed_m_s) * min(1.0, dt_s / 0.15)
    stride = float(step_length_m(float(agent.person.look["height"]), max(agent.speed_m_s, 0.3))) * 2
    agent.phase = (agent.phase + 2 * math.pi * length / stride) % (2 * math.pi)
    target = math.atan2(step[1], step[0]) if length / dt_s > 0.15 else agent.face if not agent.path else None
    if target is not None:
        turn = (target - agent.heading + math.pi) % (2 * math.pi) - math.pi
        agent.heading += max(-TURN_RAD_S * dt_s, min(TURN_RAD_S * dt_s, turn))


def _gesture(agent: Agent, now_s: float, dt_s: float) -> None:
    seated = agent.stop is not None and not agent.path and agent.spot is not None and "seat" in agent.stop.kinds
    seated = seated and agent.pose == SIT
    agent.sitting += max(-dt_s / 0.8, min(dt_s / 0.8, float(seated) - agent.sitting))
    if now_s < agent.change_s:
        return
    agent.change_s = now_s + agent.rng.uniform(1.5, 5.0)
    agent.gaze = float(np.clip(agent.rng.normal(0, 0.35), -1.0, 1.0))
    if agent.pose == SIT and not agent.path:
        return
    if agent.person.look["pushchair"] > 0:
        agent.pose = PUSH
    elif agent.path:
        if agent.pose in (REACH, SIT):
            agent.pose = CARRY if agent.person.look["shopping_bag"] > 0 else WALK
        elif agent.rng.random() < 0.1:
            agent.pose = int(agent.rng.choice([WALK, PHONE, POCKETS]))
    elif agent.stop is not None and set(agent.stop.kinds) & {"browse", "kiosk", "dine"}:
        agent.pose = int(agent.rng.choice([REACH, WALK, CARRY, POCKETS], p=[0.45, 0.3, 0.1, 0.15]))
    else:
        agent.pose = int(agent.rng.choice([WALK, PHONE, POCKETS]))
