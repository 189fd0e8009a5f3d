"""A walk over the twin's ground floor as the renderer's true boxes, with a detector's and recorders' faults put in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace

import numpy as np

from benchmarks.walk.film import FLOOR, START_M
from benchmarks.walk.installer import Installer
from calibration.site import load_site
from calibration.walk.observations import sightings
from calibration.walk.stick import Body
from simulator.navigation import Ways
from simulator.render import Renderer
from simulator.scene import GALLERIA, floor_still, load_scene
from simulator.still import hidden_behind

JITTER = 0.04
BODY = Body(foot_m=0.23, stride_s=0.075, low_share=-0.026)
"""What the renderer's own boxes are of, as fitted to another walk (seed 5) with the true cameras: they hold the whole
foot, of which a detector finds less."""


@dataclass(frozen=True)
class Walk:
    """True boxes (N, 5) of second, x1, y1, x2, y2 by camera, true cameras and who walked."""

    cameras: dict
    boxes: dict
    installer: Installer

    def places(self, times):
        return self.installer.places(times)


@cache
def floor_and_still():
    site = load_site(GALLERIA)
    floor = site.floor(FLOOR)
    return floor, floor_still(floor, load_scene(site).floors[FLOOR])


@cache
def walk_of(seconds=90.0, fps=5.0, seed=4, names=()):
    """A walk; the bodies' boxes as the renderer has them, cut at the picture, walls and racks hide nothing but all."""
    floor, still = floor_and_still()
    cameras = {name: floor.cameras[name] for name in names or floor.cameras}
    installer = Installer(Ways(floor, still.obstacles_m), START_M, floor.size_m, seconds, seed)
    rng = np.random.default_rng(seed)
    boxes = {}
    for name, camera in cameras.items():
        rows = []
        for time in (np.arange(round(seconds * fps)) + rng.uniform()) / fps:
            state = installer.at(time)
            if hidden_behind(still.screens_m, camera.centre_m, state.xy_m)[0]:
                continue
            full = Renderer._full_boxes(SimpleNamespace(camera=camera), state.shapes, 1)[0]
            box = np.clip(full, 0, [camera.width, camera.height] * 2)
            if np.isfinite(full).all() and min(box[2] - box[0], box[3] - box[1]) > 8:
                rows.append((time, *(box + 0.5)))
        boxes[name] = np.array(rows).reshape(-1, 5)
    return Walk(cameras, boxes, installer)


def detected(walk, rng, *, offsets=None, missed=0.1, lost=0.05, false=0.05):
    """What a detector makes of it: jitter, misses, false boxes; recorders lose pictures, and their clocks differ."""
    seen = {}
    for name, rows in walk.boxes.items():
        camera = walk.cameras[name]
        table = rows[rng.random(len(rows)) > missed + lost]
        tall = (table[:, 4] - table[:, 2])[:, None]
        box = table[:, 1:] + rng.normal(0, JITTER / 2**0.5, (len(table), 4)) * tall
        # a gait and a doubt last longer than a picture
        slow = rng.normal(0, JITTER / 2**0.5, (len(table) // 3 + 1, 4)).repeat(3, 0)[: len(table)]
        box += slow * tall
        box = np.clip(box, 0, [camera.width, camera.height] * 2)
        stray = table[rng.random(len(table)) < false, 0]
        spots = rng.uniform([0, 60], [camera.width - 40, camera.height - 90], (len(stray), 2))
        time = np.concatenate([table[:, 0], stray]) - (offsets or {}).get(name, 0.0)
        both = np.concatenate([box, np.column_stack([spots, spots + np.array([30, 80])])])
        score = np.concatenate([rng.uniform(0.6, 0.95, len(table)), rng.uniform(0.3, 0.6, len(stray))])
        order = rng.permutation(len(time))
        seen[name] = sightings(time[order], both[order], score[order])
    return seen
