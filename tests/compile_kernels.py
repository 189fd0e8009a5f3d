"""Compiles what numba compiles, so that no test with a deadline waits for it: ``python -m tests.compile_kernels``.

The services' own rehearsals do it for box and central; a camera that is found and a picture that is rendered do more.
"""

from __future__ import annotations

import numpy as np

from calibration.site import load_site
from calibration.solve.solver import solve
from central.rehearsal import rehearse as rehearse_central
from edge.app import _rehearse_detection
from edge.detect.detector import Detector
from edge.pipeline import PipelineSettings
from edge.rehearsal import rehearse as rehearse_edge
from models.registry import resolve
from simulator.render import Renderer
from simulator.scene import GALLERIA
from simulator.world import World
from tests.calibration.simulated import KINDS, clicked, floor_points, mall_camera

FLOOR = "g"
PAIRS = 12


def main() -> None:
    site = load_site(GALLERIA)
    floor = site.floor(FLOOR)
    rehearse_edge(floor, PipelineSettings())
    _rehearse_detection([Detector(resolve().path)])
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
