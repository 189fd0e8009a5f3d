"""The simulator's cameras: half an hour of traffic, and knocked cameras that are truly rendered, not warped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.drift.light import Light
from benchmarks.drift.watched import LEARNT_S, Knock, Outcome, Picture, Quiet, run_knock, run_quiet
from calibration.camera import Camera
from calibration.drift.watch import CHECK_S
from calibration.site import load_site
from simulator.render import Renderer, Sensor
from simulator.scene import GALLERIA
from simulator.state import PeopleState
from simulator.world import World


@dataclass(slots=True)
class Twin:
    """A floor's people over time, and its cameras."""

    world: World
    floor: str
    states: list[PeopleState]

    @property
    def cameras(self) -> dict[str, Camera]:
        """By name."""
        return self.world.floors[self.floor].cameras

    def renderer(self, camera: Camera, seed: int) -> Renderer:
        """What such a camera sees."""
        return Renderer(self.world.stills[self.floor], camera, Sensor(), seed=seed)

    def at(self, at: float) -> PeopleState:
        """Everybody at a time; beyond the end, from the beginning."""
        return self.states[round(at / CHECK_S) % len(self.states)]


def peopled(floor: str, seed: int, seconds: float, per_minute: float) -> Twin:
    """A floor with people on it, a state every few seconds."""
    world = World(load_site(GALLERIA), seed, floors=[floor], people_per_minute=per_minute)
    world.advance(60.0)  # they have come in
    states = [world.at(60.0 + k * CHECK_S)[floor] for k in range(round(seconds / CHECK_S))]
    return Twin(world, floor, states)


def knocks_of(rng: np.random.Generator, seconds: float, sizes: Sequence[float]) -> list[Knock]:
    """A knock of every size about every axis, both ways, at random times."""
    return [
        Knock(axis, sign * size, float(CHECK_S * round(rng.uniform(LEARNT_S, seconds - 2 * CHECK_S) / CHECK_S)))
        for size in sizes
        for axis in ("pan", "tilt", "roll")
        for sign in (1, -1)
    ]


def watch_twin(twin: Twin, name: str, seed: int, seconds: float, sizes: Sequence[float]) -> tuple[Quiet, list[Outcome]]:
    """One camera's undisturbed run and what came of its knocks."""
    camera, light = twin.cameras[name], Light(seed)
    plain = twin.renderer(camera, seed)
    knocks = knocks_of(np.random.default_rng([seed, 7]), seconds, sizes)

    def straight(at: float) -> Picture:
        return light.on(plain.render(twin.at(at)), at)

    def run() -> Iterator[tuple[float, Picture]]:
        for k in range(round(seconds / CHECK_S)):
            yield k * CHECK_S, straight(k * CHECK_S)

    quiet = run_quiet(camera, run(), [knock.at for knock in knocks])

    def turned(knock: Knock) -> Callable[[float], Picture]:
        rotation = knock.rotation
        hung = replace(camera, rotation=rotation @ camera.rotation, translation=rotation @ camera.translation)
        renderer = twin.renderer(hung, seed)
        return lambda at: light.on(renderer.render(twin.at(at)), at)

    outcomes = [run_knock(camera, quiet.branches[knock.at], knock, turned(knock), straight) for knock in knocks]
    return quiet, outcomes
