"""Pictures a second that one core renders of the Galleria twin, and what a picture costs by stage.

    python -m benchmarks.render [--quick] [--json]

CPU time of this process, so that neighbours on the machine do not count; 640x360, all five cameras of the ground floor.
"""

from __future__ import annotations

import argparse
import json
import time

import cv2
import numpy as np

from calibration.site import load_site
from simulator.clips import choose_cameras, make_renderers
from simulator.encode import Encoder
from simulator.scene import GALLERIA
from simulator.world import World

WARM_UP_S = 60.0
"""Walked before anything is timed: by then the floor is as busy as it gets."""
FPS = 5.0


def measure(moments: int) -> dict[str, float]:
    """Milliseconds of CPU a picture by stage, people on the floor, and pictures a second and core."""
    cv2.setNumThreads(1)
    world = World(load_site(GALLERIA), 3, floors=["g"])
    cameras = choose_cameras(world, None)
    renderers = make_renderers(world, cameras)  # compiles
    began = time.process_time()
    make_renderers(world, cameras)
    making_s = (time.process_time() - began) / len(cameras)
    encoders = {name: Encoder(camera.width, camera.height, FPS) for name, (_, camera) in cameras.items()}
    world.advance(WARM_UP_S)
    spent = {"walk": 0.0, "render": 0.0, "encode": 0.0}
    people, in_view = [], []
    for moment in range(moments):
        began = time.process_time()
        state = world.at(WARM_UP_S + moment / FPS)["g"]
        spent["walk"] += time.process_time() - began
        people.append(len(state.ids))
        for name in cameras:
            began = time.process_time()
            shot = renderers[name].shoot(state)
            spent["render"] += time.process_time() - began
            in_view.append(len(shot.boxes.ids))
            began = time.process_time()
            encoders[name].encode(shot.image)
            spent["encode"] += time.process_time() - began
    pictures = moments * len(cameras)
    figures = {f"{stage}_ms": 1e3 * seconds / pictures for stage, seconds in spent.items()}
    return figures | {
        "people": float(np.mean(people)),
        "people_in_view": float(np.mean(in_view)),
        "pictures_per_core_s": pictures / sum(spent.values()),
        "renders_per_core_s": pictures / spent["render"],
        "new_camera_s": making_s,
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="speed of the simulator's renderer")
    parser.add_argument("--quick", action="store_true", help="20 moments instead of 100")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    wanted = parser.parse_args()
    figures = measure(20 if wanted.quick else 100)
    for name, value in figures.items():
        print(f"{name:22s}{value:10.2f}")
    if wanted.json:
        print(json.dumps({name: round(value, 3) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
