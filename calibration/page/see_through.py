"""The plan laid into the picture and the picture laid onto the plan, as a see-through check of a calibration."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from calibration.camera import Camera, Floats
from calibration.geometry import Wall
from calibration.page.ports import Geometry, Image
from calibration.zones.sight import behind_walls

WIDEST_PX = 1280
MAP_STEP_PX = 4
"""The lens is followed at every so many pixels, and straight in between: off by less than 0.1 px for mall lenses."""
PLAN_PX_PER_M = 40.0
MOST_PLAN_PX = 1600
COARSEST_M_PER_PX = 0.25
"""Where a pixel of the picture covers more floor than this, there is nothing to see on the plan."""
SHOP, PASSAGE, EDGE, WALL, DOOR = (214, 235, 201), (246, 246, 246), (150, 90, 0), (35, 30, 25), (140, 60, 190)
"""BGR."""
PASSAGES = frozenset({"", "circulation", "corridor", "entrance", "service", "transit"})


def plan_scale(size_m: tuple[float, float]) -> float:
    """Pixels a metre that plans are drawn at."""
    return min(PLAN_PX_PER_M, MOST_PLAN_PX / max(size_m))


def drawn_plan(geometry: Geometry, size_m: tuple[float, float]) -> Image:
    """(H, W, 4) uint8 BGRA plan covering the floor, drawn from its geometry."""
    scale = plan_scale(size_m)
    height = max(1, round(size_m[1] * scale))
    image = np.zeros((height, max(1, round(size_m[0] * scale)), 4), np.uint8)

    def pixels(path_m: Floats) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
        path = np.column_stack([path_m[:, 0], size_m[1] - path_m[:, 1]]) * scale * 16
        return np.round(path).astype(np.int32)

    for zone in sorted(geometry.zones.values(), key=lambda zone: -zone.polygon.area):
        colour = PASSAGE if zone.category in PASSAGES else SHOP
        cv2.fillPoly(image, [pixels(ring) for ring in zone.rings_m], (*colour, 255), cv2.LINE_AA, 4)
    for zone in geometry.zones.values():
        cv2.polylines(image, [pixels(ring) for ring in zone.rings_m], True, (*EDGE, 255), 2, cv2.LINE_AA, 4)  # noqa: FBT003
    for wall in geometry.walls:
        cv2.polylines(image, [pixels(wall.path_m)], False, (*WALL, 255), 4, cv2.LINE_AA, 4)  # noqa: FBT003
    for line in geometry.lines.values():
        cv2.polylines(image, [pixels(line.ends_m)], False, (*DOOR, 255), 4, cv2.LINE_AA, 4)  # noqa: FBT003
    return image


def plan_in_picture(camera: Camera, plan: Image, size_m: tuple[float, float], walls: Sequence[Wall] = ()) -> Image:
    """(H, W, 4) uint8 BGRA: the plan as the camera would see it painted on the floor; clear where there is none.

    What is behind a wall is left out.

    Args:
        camera: whose picture; wider ones than ``WIDEST_PX`` are made smaller.
        plan: (h, w, 3 or 4) covering the floor, y upwards in metres.
        size_m: the floor's width and height.
        walls: of the floor.
    """
    if camera.width > WIDEST_PX:
        camera = camera.scaled(WIDEST_PX, max(1, round(camera.height * WIDEST_PX / camera.width)))
    at = _knots(camera.width, camera.height)
    places = camera.floor_from_pixels(at.reshape(-1, 2))
    places[behind_walls(camera, places, walls)] = np.nan
    floor = places.reshape(*at.shape[:2], 2)
    span = np.array([plan.shape[1] / size_m[0], plan.shape[0] / size_m[1]])
    where = np.stack([floor[..., 0], size_m[1] - floor[..., 1]], -1) * span - 0.5
    return _warped(_with_alpha(plan), where, (camera.width, camera.height))


def picture_in_plan(camera: Camera, picture: Image, size_m: tuple[float, float], walls: Sequence[Wall] = ()) -> Image:
    """(H, W, 4) uint8 BGRA covering the floor: the picture as seen from above; clear where it shows too little.

    What is behind a wall is left out.
    """
    scale = plan_scale(size_m)
    width, height = max(1, round(size_m[0] * scale)), max(1, round(size_m[1] * scale))
    at = (_knots(width, height) + 0.5) / scale
    xy = np.stack([at[..., 0], size_m[1] - at[..., 1]], -1).reshape(-1, 2)
    uv = camera.pixels_from_floor(xy)
    aside = [camera.pixels_from_floor(xy + step) - uv for step in (np.array([0.1, 0.0]), np.array([0.0, 0.1]))]
    with np.errstate(invalid="ignore"):
        fine = np.abs(aside[0][:, 0] * aside[1][:, 1] - aside[0][:, 1] * aside[1][:, 0]) / 0.01
        uv[~(fine > 1 / COARSEST_M_PER_PX**2)] = np.nan
    uv[behind_walls(camera, xy, walls)] = np.nan
    shrunk = np.array([picture.shape[1] / camera.width, picture.shape[0] / camera.height])
    where = ((uv + 0.5) * shrunk - 0.5).reshape(*at.shape[:2], 2)
    return _warped(_with_alpha(picture), where, (width, height))


def as_webp(image: Image, quality: int = 80) -> bytes:
    """A (H, W, 4) BGRA picture as WebP."""
    return bytes(cv2.imencode(".webp", image, [cv2.IMWRITE_WEBP_QUALITY, quality])[1])


def _knots(width: int, height: int) -> Floats:
    """(h, w, 2) pixel places, every few pixels and on the last ones."""
    x = np.linspace(0, width - 1, -(-width // MAP_STEP_PX) + 1)
    y = np.linspace(0, height - 1, -(-height // MAP_STEP_PX) + 1)
    return np.stack(np.meshgrid(x, y), -1)


def _warped(source: Image, where: Floats, size: tuple[int, int]) -> Image:
    """(H, W, 4): the source looked up at (h, w, 2) knots, NaN for nowhere."""
    nowhere = np.asarray(np.isnan(where).any(axis=2), np.float32)
    coarse = np.where(np.isnan(where), -1e4, where).astype(np.float32)
    x = np.linspace(0, coarse.shape[1] - 1, size[0], dtype=np.float32)
    y = np.linspace(0, coarse.shape[0] - 1, size[1], dtype=np.float32)
    fine_x = np.repeat(x[None], size[1], axis=0)
    fine_y = np.repeat(y[:, None], size[0], axis=1)
    fine = np.asarray(cv2.remap(coarse, fine_x, fine_y, cv2.INTER_LINEAR), np.float32)
    gone = np.asarray(cv2.remap(nowhere, fine_x, fine_y, cv2.INTER_LINEAR)) > 0
    fine[gone] = -1e4
    at_x, at_y = (np.ascontiguousarray(fine[..., k]) for k in range(2))
    out = cv2.remap(source, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(0, 0, 0, 0))
    return np.asarray(out, np.uint8)


def _with_alpha(image: Image) -> Image:
    if image.shape[2] == 4:
        return image
    return np.dstack([image, np.full(image.shape[:2], 255, np.uint8)])
