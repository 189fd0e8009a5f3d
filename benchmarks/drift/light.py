"""What half an hour does to a picture while nobody moves the camera: light, sensor, codec, decorators."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
FULL_S = 1800.0
"""The course of events is laid out over half an hour."""


@dataclass(frozen=True, slots=True, eq=False)
class Light:
    """One camera's half hour: a function of time alone, drawn from a seed."""

    seed: int
    decorates: bool = True

    def on(self, bgr: Picture, at: float) -> Picture:
        """The (H, W, 3) picture as the camera delivers it ``at`` seconds into the half hour."""
        rng = np.random.default_rng([self.seed, 1])
        moment = np.random.default_rng([self.seed, 2, round(1000 * at)])
        image = bgr.astype(np.float32)
        if self.decorates and at >= rng.uniform(0.3, 0.6) * FULL_S:
            image = self._decorated(image)
        image *= self._lamps(image.shape[:2], at, np.random.default_rng([self.seed, 3]))
        image += self._sun(image.shape[:2], at, np.random.default_rng([self.seed, 4]))
        image *= self._gains(at, np.random.default_rng([self.seed, 5]), moment)
        gamma = np.exp(0.4 * np.sin(2 * np.pi * (at / FULL_S * rng.uniform(0.5, 2) + rng.uniform())))
        image = 255 * np.clip(image / 255, 0, 1) ** gamma
        image += moment.normal(0, rng.uniform(2, 7), image.shape).astype(np.float32)
        picture = np.clip(image, 0, 255).astype(np.uint8)
        self._clock(picture, at)
        coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 90))])[1]
        return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)

    def _gains(self, at: float, rng: np.random.Generator, moment: np.random.Generator) -> NDArray[np.float32]:
        """(3,) exposure and white balance: they wander, jump when the automatic is surprised, and flicker."""
        phase = rng.uniform(0, 1, 4)
        wander = 0.35 * np.sin(2 * np.pi * (at / FULL_S * np.array([1.0, 1.7, 2.3]) + phase[:3]))
        colour = 0.15 * np.sin(2 * np.pi * (at / FULL_S * np.array([1.3, 0.6, 0.9]) + phase[3]))
        jumps = rng.uniform(0, FULL_S, 6)
        jump = float(rng.normal(0, 0.3, 6)[jumps <= at].sum()) / 2
        return np.asarray(np.exp(wander[0] + jump + colour + moment.normal(0, 0.03)), np.float32)

    def _lamps(self, shape: tuple[int, int], at: float, rng: np.random.Generator) -> NDArray[np.float32]:
        """(H, W, 1) rows of lamps that are switched off and on, and one spell of near darkness."""
        height, width = shape
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        light = np.ones((height, width), np.float32)
        for _ in range(4):
            middle, spread = rng.uniform(0, 1, 2) * (width, height), rng.uniform(0.15, 0.5) * width
            off, on = np.sort(rng.uniform(0, FULL_S, 2))
            loss = rng.uniform(0.3, 0.7)
            if off <= at < on:
                light *= 1 - loss * np.exp(-((x - middle[0]) ** 2 + (y - middle[1]) ** 2) / (2 * spread**2))
        dark = rng.uniform(0.6, 0.9) * FULL_S
        if dark <= at < dark + 90:
            light *= 0.06
        return light[..., None]

    def _sun(self, shape: tuple[int, int], at: float, rng: np.random.Generator) -> NDArray[np.float32]:
        """(H, W, 1) a patch of sun with hard edges that creeps over the floor."""
        height, width = shape
        begin, end = np.sort(rng.uniform(0, FULL_S, 2))
        plane = np.zeros((height, width), np.float32)
        if begin <= at < end:
            x = width * (0.1 + 0.5 * (at - begin) / FULL_S)
            corners = np.array([[0, 0.5], [0.3, 0.45], [0.4, 0.8], [0.08, 0.9]]) * (width, height) + (x, 0)
            cv2.fillPoly(plane, [corners.astype(np.int32)], 60.0)
        return plane[..., None]

    def _decorated(self, image: NDArray[np.float32]) -> NDArray[np.float32]:
        """Garlands and banners over a tenth of the view, for good."""
        rng = np.random.default_rng([self.seed, 6])
        height, width = image.shape[:2]
        image = image.copy()
        for _ in range(7):
            x, y = int(rng.uniform(0, 0.85) * width), int(rng.uniform(0, 0.85) * height)
            w, h = int(rng.uniform(0.06, 0.16) * width), int(rng.uniform(0.06, 0.2) * height)
            cells = rng.uniform(0, 255, (h // 6 + 1, w // 6 + 1, 3)).astype(np.float32)
            part = image[y : y + h, x : x + w]
            part[:] = cv2.resize(cells, (w, h), interpolation=cv2.INTER_NEAREST)[: part.shape[0], : part.shape[1]]
        return image

    def _clock(self, picture: Picture, at: float) -> None:
        """The camera's name and the time, burnt in."""
        told = datetime.fromtimestamp(1_780_000_000 + at, UTC).strftime("%Y-%m-%d %H:%M:%S")
        scale = picture.shape[1] / 900
        for text, y in ((told, 0.07), (f"CAMERA {self.seed:02d} LEVEL 1", 0.97)):
            place = (int(0.03 * picture.shape[1]), int(y * picture.shape[0]))
            cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, scale, (255, 255, 255), 2)
