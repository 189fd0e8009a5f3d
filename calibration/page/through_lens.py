"""Lines of the floor as the camera's picture shows them: bent by the lens, ended where it sees no more."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera, Floats
from calibration.geometry import Wall
from calibration.zones.sight import behind_walls

STEP_M = 0.1
"""Straight lines on the floor are followed in such steps, so that they bend as the lens bends them."""
MOST_STEPS = 400
BESIDE = 0.15
"""Lines are followed beyond the picture by this share of its size."""
FAR_M = 1e5
GRID_M = 1.0
MOST_GRID_LINES = 200


def densified(path_m: Floats, step_m: float = STEP_M, *, closed: bool = False) -> Floats:
    """(M, 2) metres: the (N, 2) path with points at most ``step_m`` apart."""
    path = np.vstack([path_m, path_m[:1]]) if closed else np.asarray(path_m, np.float64)
    if len(path) < 2:
        return path
    parts = []
    for start, end in pairwise(path):
        count = int(min(MOST_STEPS, max(1, np.ceil(np.hypot(*(end - start)) / step_m))))
        parts.append(start + (end - start) * (np.arange(count) / count)[:, None])
    return np.vstack([*parts, path[-1:]])


def runs_of(uv_px: Floats, keep: NDArray[np.bool_]) -> list[Floats]:
    """The stretches of a (N, 2) line whose points are kept, each of two points or more."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], keep, [False]]).astype(np.int8)))
    return [uv_px[a:b] for a, b in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True) if b - a > 1]


def near_picture(uv_px: Floats, size: tuple[int, int]) -> NDArray[np.bool_]:
    """(N,) whether pixels lie in the picture or close beside it; not where they are NaN."""
    beside = BESIDE * np.array(size)
    with np.errstate(invalid="ignore"):
        return np.asarray(((uv_px >= -beside) & (uv_px <= np.array(size) + beside)).all(1), np.bool_)


def floor_line_px(camera: Camera, path_m: Floats, *, closed: bool = False) -> list[Floats]:
    """The stretches of a floor line in the picture, (M, 2) pixels each, walls or not."""
    uv = camera.pixels_from_floor(densified(path_m, closed=closed))
    return runs_of(uv, near_picture(uv, (camera.width, camera.height)))


def seen_and_hidden_px(
    camera: Camera, path_m: Floats, walls: Sequence[Wall], *, closed: bool = False
) -> tuple[list[Floats], list[Floats]]:
    """The stretches of a floor line that are seen, and those behind a wall, (M, 2) pixels each."""
    floor = densified(path_m, closed=closed)
    uv = camera.pixels_from_floor(floor)
    near, hidden = near_picture(uv, (camera.width, camera.height)), behind_walls(camera, floor, walls)
    return runs_of(uv, near & ~hidden), runs_of(uv, near & hidden)


def horizon_px(camera: Camera) -> list[Floats]:
    """The horizon's stretches in the picture, (M, 2) pixels each; none where it is above or below the picture."""
    ahead = np.arctan2(camera.rotation[2, 1], camera.rotation[2, 0])
    turn = ahead + np.radians(np.arange(-85.0, 85.5, 0.5))
    far = np.column_stack([np.cos(turn), np.sin(turn), np.zeros(len(turn))]) * FAR_M
    uv = camera.pixels_from_world(camera.centre_m + far)
    runs = runs_of(uv, near_picture(uv, (camera.width, camera.height)))
    return [run for run in runs if ((run[:, 1] >= 0) & (run[:, 1] < camera.height)).any()]


def grid_m(size_m: tuple[float, float], step_m: float = GRID_M) -> list[Floats]:
    """The lines of a square grid over the floor, (2, 2) metres each; wider than asked for on a very large floor."""
    step = max(step_m, max(size_m) / MOST_GRID_LINES)
    width, height = size_m
    upright = [np.array([[x, 0.0], [x, height]]) for x in np.arange(step, width, step)]
    return upright + [np.array([[0.0, y], [width, y]]) for y in np.arange(step, height, step)]


def footprint_m(camera: Camera, size_m: tuple[float, float]) -> Floats:
    """(M, 2) metres: the outline of what the picture's edge shows of the plan, cut at the plan's edge."""
    width, height = camera.width - 1.0, camera.height - 1.0
    corners = np.array([[0.0, height], [0.0, 0.0], [width, 0.0], [width, height]])
    edge = densified(corners, max(camera.width, camera.height) / 60, closed=True)
    floor = camera.floor_from_pixels(edge)
    away = _far_along(camera, edge, max(size_m) * 2)
    floor = np.where(np.isnan(floor), away, floor)
    return floor[~np.isnan(floor).any(axis=1)]


def _far_along(camera: Camera, uv_px: Floats, reach_m: float) -> Floats:
    """(N, 2) metres, far away in the direction of pixels at or above the horizon."""
    flat = camera.plane_from_pixels(uv_px)
    rays = np.column_stack([flat, np.ones(len(flat))]) @ camera.rotation
    flat_length = np.linalg.norm(rays[:, :2], axis=1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(camera.centre_m[:2] + rays[:, :2] / flat_length * reach_m, np.float64)
