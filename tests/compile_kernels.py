"""Compiles what numba compiles, so that no test with a deadline waits for it: ``python -m tests.compile_kernels``.

The services' own rehearsals do it for box and central; people in a room, a camera that is found and a picture that is
rendered do it for the rest.
"""

from __future__ import annotations

import numpy as np

from calibration.site import load_site
from calibration.solve.solver import solve
from central.rehearsal import rehearse as rehearse_central
from edge.app import _rehearse_detection
from edge.detect.detector import Detector
from edge.floor.joint.tracker import JointTracker
from edge.pipeline import PipelineSettings
from edge.rehearsal import rehearse as rehearse_edge
from models.registry import resolve
from simulator.render import Renderer
from simulator.scene import GALLERIA
from simulator.world import World
from tests.calibration.simulated import KINDS, clicked, floor_points, mall_camera
from tests.edge.floor.joint.joint_scene import Room, follow
from tests.edge.floor_scene import along

FLOOR = "g"
PAIRS = 12
ROOM_S = 8.0


def main() -> None:
    site = load_site(GALLERIA)
    floor = site.floor(FLOOR)
    room = Room([along([(2.0, 4.3), (8.0, 4.3)], 0.0), along([(8.0, 3.7), (2.0, 3.7)], 0.0)])
    room.walkers[0].hidden.append((2.0, 4.0))
    rehearse_edge(floor, PipelineSettings())
    _rehearse_detection([Detector(resolve().path)])
    follow(JointTracker(room.cameras), room.pictures(ROOM_S))
    rehearse_central(site, 5)
    world = World(site, 1, floors=[FLOOR])
    for camera in floor.cameras.values():
        Renderer(world.stills[FLOOR], camera.scaled(160, 90), seed=1, oversample=1).render(world.at(60.0)[FLOOR])
    for kind in KINDS:
        rng = np.random.default_rng(1)
        camera = mall_camera(rng, kind)
        solve(clicked(camera, floor_points(camera, rng, PAIRS), rng), (camera.width, camera.height))


if __name__ == "__main__":
    main()
