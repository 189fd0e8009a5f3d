"""A hall with cameras of known truth, pairs clicked in their pictures, and what is solved from them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import cv2
import numpy as np

from calibration.camera import Camera
from calibration.certificate.view import View
from calibration.geometry import Wall, Zone
from calibration.site import Floor
from calibration.solve.pairs import Pairs
from calibration.solve.solution import Solution
from calibration.solve.solver import solve

PERSON_PX = 24.0
SIZES = ((640, 360), (1280, 720))

cv2.setNumThreads(1)


def square(name, left, low, right, high):
    ring = np.array([[left, low], [right, low], [right, high], [left, high]], np.float64)
    return Zone(name.lower(), name, "", (ring,))


def hall(*zones, walls=(), size_m=(20.0, 15.0), cameras=()):
    """A floor; without zones given it has two halves."""
    chosen = zones or (square("Near", 2, 5, 18, 9.5), square("Far", 2, 9.5, 18, 14))
    return Floor(
        "g",
        "Hall",
        size_m,
        {zone.id: zone for zone in chosen},
        {},
        [Wall(f"wall{k}", np.array(path, np.float64), 4.0) for k, path in enumerate(walls)],
        {camera.name: camera for camera in cameras},
    )


def hung(at_m, looks_at_m, focal_px, size=(1280, 720), *, distortion=(), lens="brown", name="cam", off=(0.0, 0.0)):
    """A camera at a place, aimed at another; ``off`` is how far its axis is from the picture's middle, pixels."""
    at = np.array(at_m, np.float64)
    ahead = np.array(looks_at_m, np.float64) - at
    ahead /= np.linalg.norm(ahead)
    right = np.cross(ahead, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(ahead, right), ahead])
    middle = ((size[0] - 1) / 2 + off[0], (size[1] - 1) / 2 + off[1])
    matrix = np.array([[focal_px, 0, middle[0]], [0, focal_px, middle[1]], [0, 0, 1.0]])
    return Camera(name, *size, matrix, np.array(distortion, np.float64), rotation, -rotation @ at, lens)


def random_camera(seed):
    """A camera as malls have them, a third of them fisheyes."""
    rng = np.random.default_rng(seed)
    size = SIZES[int(rng.integers(2))]
    at = (rng.uniform(2, 18), rng.uniform(1, 4), rng.uniform(2.6, 5.5))
    to = (rng.uniform(4, 16), rng.uniform(7, 13), 0.0)
    off = tuple(rng.normal(0, 0.01 * size[0], 2))
    if seed % 3 == 2:
        terms = rng.normal(0, [0.02, 0.008, 0.003, 1e-9])
        return hung(at, to, size[0] * rng.uniform(0.28, 0.5), size, distortion=terms, lens="fisheye", off=off)
    terms = (rng.uniform(-0.25, 0.02), rng.uniform(0, 0.05), 0.0, 0.0, 0.0)
    return hung(at, to, size[0] * rng.uniform(0.45, 1.1), size, distortion=terms, off=off)


def useful(camera, floor):
    """(N, 2) where the camera sees people well enough: where an installer clicks and a certificate speaks."""
    view = View(camera, floor, PERSON_PX)
    return view.cells_m[view.is_useful]


def clicked(camera, floor_m, rng, noise_px=1.0):
    """Pairs of a careful installer at (N, 2) places."""
    pixel = camera.pixels_from_floor(floor_m) + rng.normal(0, noise_px, np.shape(floor_m))
    return Pairs(pixel, floor_m + rng.normal(0, 0.02, np.shape(floor_m)))


def some_pairs(camera, floor, count, rng, noise_px=1.0):
    """Pairs at ``count`` random useful places."""
    places = useful(camera, floor)
    return clicked(camera, places[rng.choice(len(places), count, replace=False)], rng, noise_px)


def solved(camera, pairs) -> Solution:
    """What pairs say, the kind of lens known."""
    return solve(pairs, (camera.width, camera.height), camera.name, lens=camera.lens)


def plain():
    """A plain dome over the middle of the hall."""
    return hung((10, 1, 3.4), (10, 8, 0), 800)


@cache
def of_plain(count, seed=0, noise_px=1.0):
    """(Floor, camera, solution) of the plain dome from so many good pairs, spread over what it sees."""
    camera = plain()
    floor = hall(cameras=(camera,))
    rng = np.random.default_rng(seed)
    return floor, camera, solved(camera, spread_pairs(camera, floor, count, rng, noise_px))


def spread_pairs(camera, floor, count, rng, noise_px=1.0):
    """Pairs far from one another, as installers are told to click."""
    places = useful(camera, floor)
    chosen = [int(rng.integers(len(places)))]
    while len(chosen) < count:
        gap = np.linalg.norm(places[:, None] - places[chosen][None], axis=2).min(1)
        chosen.append(int(gap.argmax()))
    return clicked(camera, places[chosen], rng, noise_px)


def with_wrong(pairs, index, by_m):
    """The same with one floor point measured wrongly."""
    floor_m = pairs.floor_m.copy()
    floor_m[index] += by_m
    return replace(pairs, floor_m=floor_m)
