"""Cameras as malls have them, floor points that they see, clicks with their errors, and grossly wrong ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from calibration.camera import Camera
from calibration.solve.pairs import Pairs

KINDS = ("ordinary", "wide", "fisheye")
FAR_M = 25.0


def mall_camera(rng: np.random.Generator, kind: str) -> Camera:
    """A camera 2.6 to 5 m up, tilted, rolled a little, its axis somewhat beside the middle of the picture."""
    width, height = [(1280, 720), (1920, 1080)][int(rng.integers(2))]
    lens: Any = "fisheye" if kind == "fisheye" else "brown"
    if kind == "ordinary":
        focal, terms = rng.uniform(0.6, 1.2), [rng.uniform(-0.25, 0.05), rng.uniform(-0.02, 0.08), 0, 0, 0]
    elif kind == "wide":
        focal, terms = rng.uniform(0.42, 0.55), [rng.uniform(-0.3, -0.1), rng.uniform(0.02, 0.09), 0, 0, 0]
    else:
        focal, terms = rng.uniform(0.25, 0.42), [0.03 * rng.normal(), 0.01 * rng.normal(), 0, 0]
    middle = np.array([width, height]) / 2 + 0.015 * width * rng.normal(size=2)
    matrix = np.array([[focal * width, 0, middle[0]], [0, focal * width, middle[1]], [0, 0, 1.0]])
    tilt = np.radians(rng.uniform(25, 70) if kind == "fisheye" else rng.uniform(18, 45))
    heading, roll = rng.uniform(-np.pi, np.pi), np.radians(2 * rng.normal())
    ahead = np.array([np.cos(heading) * np.cos(tilt), np.sin(heading) * np.cos(tilt), -np.sin(tilt)])
    right = np.array([np.sin(heading), -np.cos(heading), 0.0])
    level = np.stack([right, np.cross(ahead, right), ahead])
    turn = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1.0]])
    rotation = turn @ level
    centre = np.array([*rng.uniform(5, 25, 2), rng.uniform(2.6, 5)])
    return Camera("c", width, height, matrix, np.array(terms, float), rotation, -rotation @ centre, lens)


def seen_floor(camera: Camera, pixel_px: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Those pixels that show floor within reach, and the floor."""
    floor = camera.floor_from_pixels(pixel_px)
    near = np.hypot(*(np.nan_to_num(floor, nan=1e9) - camera.centre_m[:2]).T) < FAR_M
    return pixel_px[near], floor[near]


def floor_points(camera: Camera, rng: np.random.Generator, count: int) -> np.ndarray:
    """Points of the floor that an installer would choose: spread over the picture, some of them just anywhere."""
    size = np.array([camera.width, camera.height])
    pixel, floor = seen_floor(camera, rng.uniform(0.04 * size, 0.96 * size, (600, 2)))
    chosen = [0]
    apart = np.full(len(pixel), np.inf)
    while len(chosen) < count:
        apart = np.minimum(apart, np.hypot(*(pixel - pixel[chosen[-1]]).T))
        best = int(np.argmax(apart)) if rng.random() < 0.5 else int(rng.integers(len(pixel)))
        if apart[best] >= 20:
            chosen.append(best)
    return floor[chosen]


def clicked(
    camera: Camera, floor: np.ndarray, rng: np.random.Generator, click_px: float = 1.0, plan_m: float = 0.02
) -> Pairs:
    """Pairs with normal errors of click and plan."""
    pixel = camera.pixels_from_floor(floor) + click_px * rng.normal(size=floor.shape)
    return Pairs(pixel, floor + plan_m * rng.normal(size=floor.shape))


def spoilt(pairs: Pairs, camera: Camera, rng: np.random.Generator, share: float = 0.25) -> tuple[Pairs, np.ndarray]:
    """A share of the pairs grossly wrong, by 0.5 to 3 m on the floor or 20 to 150 px in the picture; and which."""
    pixel, floor = pairs.pixel_px.copy(), pairs.floor_m.copy()
    wrong = np.zeros(len(pairs), bool)
    wrong[rng.choice(len(pairs), round(share * len(pairs)), replace=False)] = True
    for k in np.flatnonzero(wrong):
        while True:
            angle = rng.uniform(0, 2 * np.pi)
            way = np.array([np.cos(angle), np.sin(angle)])
            if rng.random() < 0.5:
                floor[k] += rng.uniform(0.5, 3) * way
                break
            there = pairs.pixel_px[k] + rng.uniform(20, 150) * way
            if (there >= 0).all() and (there < [camera.width, camera.height]).all():
                pixel[k] = there
                break
    return Pairs(pixel, floor), wrong


def floor_error_m(solved: Camera, truth: Camera) -> float:
    """Median error over the floor that the picture shows."""
    across, down = np.meshgrid(np.linspace(0.03, 0.97, 30) * truth.width, np.linspace(0.03, 0.97, 20) * truth.height)
    pixel, floor = seen_floor(truth, np.column_stack([across.ravel(), down.ravel()]))
    off = np.hypot(*(solved.floor_from_pixels(pixel) - floor).T)
    return float(np.median(np.where(np.isfinite(off), off, 99.0)))
