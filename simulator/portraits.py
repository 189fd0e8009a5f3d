"""Posters with people on them: printed, flat, and never in the truth."""

from __future__ import annotations

import cv2
import numpy as np

from simulator.body import CARRY, PHONE, POCKETS, REACH, WALK
from simulator.installer import hang_camera
from simulator.looks import cloth_colour, random_look
from simulator.render import Renderer, Sensor
from simulator.state import PeopleState
from simulator.still import StillBuilder
from simulator.textures import SIDE, Texture


def portrait(rng: np.random.Generator) -> Texture:
    """A (S, S, 3) picture of somebody before a plain ground, for a poster twice as high as wide."""
    build = StillBuilder(rng)
    paper = build.texture("poster" if rng.random() < 0.3 else "plain", cloth_colour(rng) * 0.6 + 0.35)
    build.quad((-3.0, 2.0, 4.0), (6.0, 0, 0), (0, 0, -5.0), paper)
    build.lamp(0.8, -2.5, 2.5, 3.0)
    still = build.build(0.6)
    close = rng.random() < 0.4
    camera = hang_camera(
        "poster", (0.0, -3.2, 1.3), (0.0, 0.0, 1.35 if close else 0.9), 18 if close else 33, (SIDE // 2, SIDE), ()
    )
    state = PeopleState(
        0.0, np.zeros(1, np.int64), np.zeros((1, 2)), np.array([-np.pi / 2 + rng.normal(0, 0.4)]),
        np.array([rng.choice([0.0, 0.0, 1.2])]), np.array([rng.uniform(0, 6.3)]),
        np.array([rng.choice([WALK, PHONE, CARRY, REACH, POCKETS])]), np.array([rng.normal(0, 0.3)]),
        np.zeros(1), np.array([random_look(rng)]),
    )  # fmt: skip
    image = Renderer(still, camera, Sensor(noise=0.0, vignette=0.0), oversample=1).render(state)
    return np.asarray(cv2.resize(image, (SIDE, SIDE)), np.uint8)
