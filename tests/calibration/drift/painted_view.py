"""A far wall full of texture before a camera that can be turned, with people, light and noise; and a watch on it."""

from __future__ import annotations

import functools

import cv2
import numpy as np

from calibration.camera import Camera
from calibration.drift.motion import rotation_of
from calibration.drift.watch import CHECK_S

SIZE = (384, 216)
FOCAL_PX = 250.0
CANVAS = 3


def hung(name="cam", size=SIZE, focal_px=FOCAL_PX, tilt_deg=30.0):
    """A camera 3.5 m up that looks down a hall."""
    sine, cosine = np.sin(np.radians(tilt_deg)), np.cos(np.radians(tilt_deg))
    rotation = np.array([[1.0, 0, 0], [0, -sine, -cosine], [0, cosine, -sine]])
    matrix = np.array([[focal_px, 0, (size[0] - 1) / 2], [0, focal_px, (size[1] - 1) / 2], [0, 0, 1.0]])
    return Camera(name, *size, matrix, np.empty(0), rotation, -rotation @ np.array([10.0, 0.0, 3.5]))


@functools.cache
def painted_wall(seed=0):
    """(H, W) a canvas three times the picture: boxes of many sizes and greys, smoothed a little."""
    rng = np.random.default_rng(seed)
    width, height = SIZE[0] * CANVAS, SIZE[1] * CANVAS
    wall = np.full((height, width), 110.0, np.float32)
    for _ in range(900):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        w, h = rng.uniform(8, 70, 2)
        turned = cv2.boxPoints(((x, y), (w, h), rng.uniform(0, 90))).astype(np.int32)
        cv2.fillPoly(wall, [turned], float(rng.uniform(30, 220)))
    return cv2.GaussianBlur(wall, (0, 0), 1.0)


class PaintedView:
    """What the camera sees; nothing changes but what is asked for."""

    def __init__(self, seed=0, camera=None):
        self.camera = camera or hung()
        self.wall = painted_wall(seed)
        self.seed = seed

    def shot(self, k=0, *, turned_deg=(0, 0, 0), zoom=1.0, noise=3.0, light=1.0, people=()):
        """(H, W) brightness at look ``k``, the camera turned about right, down and ahead, with boxes before it."""
        rotation = rotation_of(-np.radians(np.array(turned_deg, float)))
        camera = self.camera
        middle = np.array([[1, 0, SIZE[0] * (CANVAS - 1) / 2], [0, 1, SIZE[1] * (CANVAS - 1) / 2], [0, 0, 1.0]])
        lens = np.diag([zoom, zoom, 1.0])
        now = camera.matrix @ lens @ rotation @ np.linalg.inv(camera.matrix) @ np.linalg.inv(middle)
        picture = cv2.warpPerspective(self.wall, now, (camera.width, camera.height), flags=cv2.INTER_CUBIC)
        rng = np.random.default_rng([self.seed, k])
        for x0, y0, x1, y1 in people:
            part = picture[y0:y1, x0:x1]
            cells = rng.uniform(20, 230, (max(1, part.shape[0] // 7), max(1, part.shape[1] // 7))).astype(np.float32)
            part[:] = cv2.resize(cells, part.shape[::-1], interpolation=cv2.INTER_CUBIC)
        picture = light * picture + rng.normal(0, noise, picture.shape)
        return np.clip(picture, 0, 255).astype(np.uint8)


def look(watch, view, first, count, **shot):
    """The reports of so many looks, one each check."""
    return [watch.update(k * CHECK_S, view.shot(k, **shot)) for k in range(first, first + count)]


def states(reports):
    return [report.state for report in reports]
