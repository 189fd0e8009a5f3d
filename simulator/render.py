"""What a camera sees: the still scene cast once, people cast into it picture by picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera
from simulator.kernels import FAR, draw, light_up, shade, shadow, trace
from simulator.shapes import Shapes
from simulator.state import PeopleState
from simulator.still import Still, hidden_behind, key_light

Floats = NDArray[np.float64]
Picture = NDArray[np.uint8]
SUPERSAMPLING = 2
"""Rays along each side of a pixel of the still scene."""
NOISE_BANK = 6
NOISE_PAD = 48
NO_FLOOR = 1e6
"""Metres of a pixel that shows no floor: further than any shadow."""
EXPOSURE = 118.0
"""Mean level, of 255, that a sensor with gain 1 exposes the still scene to."""


@dataclass(frozen=True, slots=True)
class Sensor:
    """What lens and sensor do to the light.

    Attributes:
        gain: exposure relative to what the camera's automatic would choose.
        white: (b, g, r) white balance.
        vignette: loss of light in the far corners, 0..0.6.
        noise: standard deviation of noise in a mid grey, of 255 levels.
        blur_px: standard deviation of the lens' blur.
        jpeg: JPEG quality that the picture is squeezed through, 0 for none.
    """

    gain: float = 1.0
    white: tuple[float, float, float] = (1.0, 1.0, 1.0)
    vignette: float = 0.2
    noise: float = 2.0
    blur_px: float = 0.6
    jpeg: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Boxes:
    """True boxes of the people in one picture, in the state's order.

    Attributes:
        ids: (N,) person ids.
        xyxy_px: (N, 4) box of the whole body, hidden parts included, clipped to the picture; or, where asked for, of
            what is seen of it.
        full_px: (N, 4) the same unclipped.
        visible: (N,) share of the body that is seen, 0..1.
        floor_m: (N, 2) where the person stands.

    Whoever stands wholly behind a wall is left out; who is hidden by something else has ``visible`` 0.
    """

    ids: NDArray[np.int64]
    xyxy_px: Floats
    full_px: Floats
    visible: Floats
    floor_m: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Shot:
    """A (H, W, 3) uint8 BGR picture and the truth about it."""

    image: Picture
    boxes: Boxes


def _boxes_of(winner: NDArray[np.int32], shapes: Shapes, people: int) -> Floats:
    """(P, 4) boxes around each body's pixels, from the shape that is seen at each (H, W), -1 for none; NaN for none."""
    rows, columns = np.nonzero(winner >= 0)
    shape = winner[rows, columns]
    body = shapes.is_body[shape]
    owner, rows, columns = shapes.owner[shape[body]], rows[body], columns[body]
    boxes = np.full((people, 4), np.nan)
    for k, (at, edge) in enumerate(((columns, 0), (rows, 0), (columns, 1), (rows, 1))):
        (np.fmin if edge == 0 else np.fmax).at(boxes[:, k], owner, at + float(edge))
    return boxes


def camera_rays(camera: Camera, oversample: int = 1) -> Floats:
    """(H, W, 3) unit viewing direction of every pixel in the world, through the lens."""
    n = oversample
    x = (np.arange(camera.width * n) + 0.5) / n - 0.5
    y = (np.arange(camera.height * n) + 0.5) / n - 0.5
    flat = camera.plane_from_pixels(np.stack(np.meshgrid(x, y), -1).reshape(-1, 2))
    rays = np.column_stack([flat, np.ones(len(flat))])
    rays = rays / np.linalg.norm(rays, axis=1)[:, None] @ camera.rotation
    return np.ascontiguousarray(rays.reshape(camera.height * n, camera.width * n, 3))


class Renderer:
    """One camera in one still scene.

    Args:
        still: what stands still.
        camera: lens and pose; its size is the picture's.
        sensor: what the sensor does.
        seed: of the noise; the same seed, state and scene give the same bytes.
        oversample: rays along each side of a pixel of the still scene, 1 for quick work.
    """

    def __init__(
        self, still: Still, camera: Camera, sensor: Sensor | None = None, seed: int = 0, oversample: int = SUPERSAMPLING
    ) -> None:
        self.camera = camera
        self._still = still
        self._sensor = sensor or Sensor()
        self._seed = seed
        self._focal_px = float(max(camera.matrix[0, 0], camera.matrix[1, 1]))
        height, width = camera.height, camera.width
        self._rays = camera_rays(camera)
        self._own_t = np.full((height, width), FAR)
        self._own_i = np.zeros((height, width), np.int32)
        self._winner = np.full((height, width), -1, np.int32)
        self._tint = self._lens_tint(width, height)
        self._ground, self._depth = self._cast_still(np.random.default_rng([seed, 1]), oversample)
        self._floor = self._floor_seen()
        self._noise = self._noise_bank(np.random.default_rng([seed, 2]))

    def render(self, state: PeopleState) -> Picture:
        """The (H, W, 3) BGR picture of that moment."""
        return self.shoot(state).image

    def shoot(self, state: PeopleState, *, seen_only: bool = False) -> Shot:
        """The picture of that moment and the true boxes in it, of whole bodies or of what is seen of them."""
        image = self._ground.copy()
        if len(state.ids):
            state = state.only(~hidden_behind(self._still.screens_m, self.camera.centre_m, state.xy_m))
        people = len(state.ids)
        counts = np.zeros((people, 2), np.int64)
        full, seen = np.empty((people, 4)), None
        if people:
            seen = self._draw_people(image, state, counts, seen_only=seen_only)
            full = self._full_boxes(state.shapes, people)
        return Shot(self._through_sensor(image, state.time_s), self._boxes(state, full, counts, seen))

    def _draw_people(
        self, image: Picture, state: PeopleState, counts: NDArray[np.int64], *, seen_only: bool
    ) -> Floats | None:
        """Draws them and counts their pixels; where asked, (P, 4) boxes of those that are seen, NaN for none."""
        people, shapes = len(state.ids), state.shapes
        boxes = shapes.boxes_px(self.camera, self._focal_px)
        near = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
        if not near.any():
            return np.full((people, 4), np.nan) if seen_only else None
        self._cast_shadows(image, state)
        depth = self._depth.copy()
        centre = self.camera.centre_m
        draw(
            self._rays, centre, shapes.a, shapes.b, shapes.radius, shapes.axis, shapes.flat, shapes.is_body, boxes,
            shapes.starts(people), depth, self._winner, self._own_t, self._own_i, counts,
        )  # fmt: skip
        x0, y0 = (int(v) for v in boxes[near, :2].min(0))
        x1, y1 = (int(v) for v in boxes[near, 2:].max(0))
        light = key_light(self._still.lamps, self._still.ambient, state.xy_m)
        shade(
            image, self._rays, centre, shapes.a, shapes.b, shapes.radius, shapes.axis, shapes.flat, shapes.front,
            shapes.paint, light, shapes.owner, depth, self._winner, self._tint, counts, shapes.is_body, x0, y0, x1, y1,
        )  # fmt: skip
        won = self._winner[y0:y1, x0:x1]
        seen = _boxes_of(won, shapes, people) + np.array((x0, y0, x0, y0)) if seen_only else None
        won[:] = -1
        return seen

    def _cast_shadows(self, image: Picture, state: PeopleState) -> None:
        people = len(state.ids)
        light = key_light(self._still.lamps, self._still.ambient, state.xy_m)
        away = -light[:, :2]
        length = np.linalg.norm(away, axis=1)
        unit = np.where(length[:, None] > 1e-6, away / np.maximum(length, 1e-6)[:, None], [1.0, 0.0])
        spots = np.zeros((2 * people, 7))
        spots[:people] = np.column_stack(
            [
                state.xy_m,
                np.cos(state.heading),
                np.sin(state.heading),
                np.full(people, 0.46),
                np.full(people, 0.34),
                np.full(people, 0.5),
            ]
        )
        reach = 0.5 + 0.6 * length
        spots[people:] = np.column_stack(
            [state.xy_m + unit * (0.6 * reach)[:, None], unit, reach, np.full(people, 0.32), 0.15 + 0.25 * length]
        )
        spread = np.maximum(spots[:, 4], spots[:, 5])
        ring = np.array([(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)])
        around = spots[:, None, :2] + ring * spread[:, None, None]
        uv = self.camera.pixels_from_floor(around.reshape(-1, 2)).reshape(2 * people, 8, 2)
        gone = np.isnan(uv).any((1, 2))
        uv[gone] = 0
        size = [self.camera.width, self.camera.height]
        boxes = np.concatenate([np.clip(uv.min(1) - 1, 0, size), np.clip(uv.max(1) + 2, 0, size)], 1).astype(np.int64)
        boxes[gone] = 0
        shadow(image, self._floor[0], self._floor[1], spots, boxes)

    def _boxes(self, state: PeopleState, full: Floats, counts: NDArray[np.int64], parts: Floats | None) -> Boxes:
        size = np.array([self.camera.width, self.camera.height] * 2, np.float64)
        clipped = np.clip(full, 0, size)
        with np.errstate(invalid="ignore", divide="ignore"):
            area = (full[:, 2] - full[:, 0]) * (full[:, 3] - full[:, 1])
            inside = (clipped[:, 2] - clipped[:, 0]) * (clipped[:, 3] - clipped[:, 1])
            visible = counts[:, 1] / np.maximum(counts[:, 0], 1) * inside / area
            seen = (inside > 0) & (counts[:, 0] > 0)
        if parts is not None:
            clipped = np.where(np.isnan(parts), clipped, parts)
        return Boxes(state.ids[seen], clipped[seen], full[seen], np.clip(visible[seen], 0, 1), state.xy_m[seen])

    def _full_boxes(self, shapes: Shapes, people: int) -> Floats:
        """(P, 4) unclipped boxes around each body; NaN where part of it lies behind the camera."""
        body = shapes.is_body & (shapes.radius[:, 0] > 0)
        ends = np.stack([shapes.a[body], shapes.b[body]], 1)
        axis, squeeze = shapes.axis[body], 1.0 / shapes.flat[body] - 1.0
        points = []
        for direction in self.camera.rotation[:2]:
            along = axis @ direction
            spread = np.linalg.norm(direction + (squeeze * along)[:, None] * axis, axis=1)
            offset = (shapes.radius[body] * spread[:, None])[..., None] * direction
            points += [ends - offset, ends + offset]
        uv = self.camera.pixels_from_world(np.stack(points, 1).reshape(-1, 3)).reshape(len(axis), -1, 2)
        first = np.searchsorted(shapes.owner[body], np.arange(people))
        low, high = uv.min(1), uv.max(1)
        return np.concatenate([np.minimum.reduceat(low, first), np.maximum.reduceat(high, first)], 1)

    def _lens_tint(self, width: int, height: int) -> NDArray[np.float32]:
        x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
        loss = 1.0 - self._sensor.vignette * ((x**2 + y**2) / 2) ** 1.5
        return np.asarray(loss[..., None] * np.array(self._sensor.white) * self._sensor.gain, np.float32)

    def _cast_still(self, rng: np.random.Generator, oversample: int) -> tuple[Picture, Floats]:
        camera, still, n = self.camera, self._still, oversample
        height, width = camera.height * n, camera.width * n
        rays = camera_rays(camera, n) if n > 1 else self._rays
        image = np.zeros((height, width, 3), np.float32)
        depth = np.full((height, width), FAR)
        quads, centre = still.quads, camera.centre_m
        strength = np.zeros((camera.height, camera.width), np.float32)
        jitter = rng.uniform(-1, 1, (camera.height, camera.width, 2))
        light_up(strength, self._rays, centre, quads, still.look, still.lamps, still.ambient, jitter)
        trace(image, depth, rays, centre, quads, still.look, still.textures, strength, still.ambient)
        self._tint *= EXPOSURE / max(float(image.mean()), 1.0)
        tint = cv2.resize(self._tint, (width, height), interpolation=cv2.INTER_LINEAR)
        image *= tint
        if still.shapes is not None:
            shapes, things = still.shapes, len(still.places_m)
            fine = replace(camera.scaled(width, height))
            fine.matrix[:2, 2] += (n - 1) / 2
            boxes = shapes.boxes_px(fine, self._focal_px * n)
            winner = np.full((height, width), -1, np.int32)
            counts = np.zeros((things, 2), np.int64)
            draw(
                rays, camera.centre_m, shapes.a, shapes.b, shapes.radius, shapes.axis, shapes.flat, shapes.is_body,
                boxes, shapes.starts(things), depth, winner, np.full((height, width), FAR),
                np.zeros((height, width), np.int32), counts,
            )  # fmt: skip
            shade(
                image, rays, camera.centre_m, shapes.a, shapes.b, shapes.radius, shapes.axis, shapes.flat, shapes.front,
                shapes.paint, key_light(still.lamps, still.ambient, still.places_m), shapes.owner, depth, winner, tint,
                counts, shapes.is_body, 0, 0, width, height,
            )  # fmt: skip
        small = cv2.resize(image, (camera.width, camera.height), interpolation=cv2.INTER_AREA) if n > 1 else image
        return np.clip(small, 0, 255).astype(np.uint8), np.ascontiguousarray(depth[n // 2 :: n, n // 2 :: n])

    def _floor_seen(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        centre = self.camera.centre_m
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = -centre[2] / self._rays[..., 2]
        on_floor = (reach > 0) & (np.abs(reach - self._depth) < 0.03 * np.maximum(reach, 1.0))
        xy = centre[:2] + self._rays[..., :2] * reach[..., None]
        xy[~on_floor] = NO_FLOOR  # not NaN: the kernels compare with fast mathematics
        return np.asarray(xy[..., 0], np.float32), np.asarray(xy[..., 1], np.float32)

    def _noise_bank(self, rng: np.random.Generator) -> list[NDArray[np.int16]]:
        size = (self.camera.height + NOISE_PAD, self.camera.width + NOISE_PAD)
        bank = []
        for _ in range(NOISE_BANK if self._sensor.noise > 0 else 0):
            grey = cv2.GaussianBlur(rng.normal(0, 1.5, size), (0, 0), 0.6)
            colour = cv2.GaussianBlur(rng.normal(0, 0.8, (*size, 3)), (0, 0), 0.8)
            bank.append(np.round(self._sensor.noise * (grey[..., None] + colour)).astype(np.int16))
        return bank

    def _through_sensor(self, picture: Picture, time_s: float) -> Picture:
        image: Any = picture
        if self._sensor.blur_px > 0:
            image = cv2.GaussianBlur(image, (3, 3) if self._sensor.blur_px < 1 else (5, 5), self._sensor.blur_px)
        if self._noise:
            rng = np.random.default_rng([self._seed, 3, round(time_s * 1000)])
            pick, x, y = (int(rng.integers(n)) for n in (NOISE_BANK, NOISE_PAD, NOISE_PAD))
            noise = self._noise[pick][y : y + self.camera.height, x : x + self.camera.width]
            image = cv2.add(image, noise, dtype=cv2.CV_8U)
        if self._sensor.jpeg:
            coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, self._sensor.jpeg])[1]
            image = cv2.imdecode(coded, cv2.IMREAD_COLOR)
        return np.asarray(image, np.uint8)
