"""A made crowd: people who walk about a square hall, and their boxes in cameras around it."""

from __future__ import annotations

from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera
from edge.floor.joint.body.kernels import FOOT, INSIDE, MIDDLE, TALL, TOP, outline
from edge.floor.joint.boxes import camera_record
from edge.floor.joint.settings import JointSettings
from edge.track.seen import Boxes

WIDTH, HEIGHT, FOCAL = 1280, 720, 900.0
MOUNTED_M = 4.0
AREA_EACH_M2 = 6.0
"""Floor for every person: a mall's crowd."""
WALK_MPS = 1.2
TURN_S = 4.0
MISSED = 0.12
TREMBLE = 0.04
RADIUS_M = 0.22

Floats = NDArray[np.float64]


def cameras_around(count: int, side_m: float) -> dict[str, Camera]:
    """Cameras on a circle about a square hall, each looking at a place a little beyond its middle."""
    found = {}
    matrix = np.array([[FOCAL, 0, WIDTH / 2], [0, FOCAL, HEIGHT / 2], [0, 0, 1]])
    middle = np.full(2, side_m / 2)
    for k in range(count):
        angle = 2 * pi * k / count
        centre = np.array([*(middle + side_m / sqrt(2) * np.array([np.cos(angle), np.sin(angle)])), MOUNTED_M])
        ahead = np.array([*middle, 0.0]) - centre
        ahead /= np.linalg.norm(ahead)
        right = np.cross(ahead, [0.0, 0.0, 1.0])
        right /= np.linalg.norm(right)
        rotation = np.stack([right, np.cross(ahead, right), ahead])
        found[f"c{k}"] = Camera(f"c{k}", WIDTH, HEIGHT, matrix, np.empty(0), rotation, -rotation @ centre)
    return found


def walk(people: int, fps: float, frames: int, side_m: float, rng: np.random.Generator) -> Floats:
    """(frames, people, 2) metres: everybody turns now and then, and at the walls."""
    place = rng.uniform(1, side_m - 1, (people, 2))
    heading = rng.uniform(0, 2 * pi, people)
    path = np.empty((frames, people, 2))
    for index in range(frames):
        path[index] = place
        heading += rng.normal(0, sqrt(1 / (TURN_S * fps)), people)
        place = place + WALK_MPS / fps * np.column_stack([np.cos(heading), np.sin(heading)])
        is_out = (place < 0.5) | (place > side_m - 0.5)
        place = np.clip(place, 0.5, side_m - 0.5)
        heading = np.where(is_out.any(1), heading + pi / 2, heading)
    return path


def boxes_of(
    cameras: dict[str, Camera], place_m: Floats, height_m: Floats, rng: np.random.Generator
) -> dict[str, Boxes]:
    """What a detector would say: trembling boxes, some missing, of everybody at least half inside the picture."""
    seen = {}
    out = np.empty(5)
    for name, camera in cameras.items():
        record = camera_record(camera, JointSettings())[0]
        rows = []
        for (x, y), tall in zip(place_m, height_m, strict=True):
            if rng.random() < MISSED or not outline(record, x, y, tall, RADIUS_M, out) or out[INSIDE] < 0.5:
                continue
            half = RADIUS_M / tall * out[TALL]
            box = np.array([out[MIDDLE] - half, out[TOP], out[MIDDLE] + half, out[FOOT]])
            rows.append(box + TREMBLE * out[TALL] * rng.normal(size=4))
        scores = np.clip(rng.beta(5, 2, len(rows)), 0.05, 0.99).astype(np.float32)
        seen[name] = Boxes(np.array(rows, np.float32).reshape(-1, 4), scores)
    return seen
