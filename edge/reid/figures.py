"""Drawn people: what an embedder can be asked about without a picture of anybody."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from edge.capture.frame import Image

HEIGHT, WIDTH = 256, 128
GRAIN_PX = (2, 4, 8, 16, 32)
"""Sizes of the patches of backgrounds."""
SKIN_BGR = (80.0, 110.0, 170.0)
SEED = 5


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """What stays from picture to picture.

    Attributes:
        upper: colour (3,) BGR,
        lower: likewise,
        skin: likewise,
        hair: likewise.
        half_px: half of the shoulders' width.
        pattern: (H, W, 3) of the clothes, added.
    """

    upper: npt.NDArray[np.float64]
    lower: npt.NDArray[np.float64]
    skin: npt.NDArray[np.float64]
    hair: npt.NDArray[np.float64]
    half_px: float
    pattern: npt.NDArray[np.float32]


def draw_figures(people: int, pictures: int, seed: int = SEED) -> list[Image]:
    """Crude people on noise, (256, 128, 3) uint8 BGR each, all pictures of the first, then of the next.

    Clothes and build are drawn by lot for each; stance, turn, ground, light, blur and grain for each picture. They need
    not look real. They need to differ in what pictures of one person differ in, so that the directions in which an
    embedder answers strongly to light or grain are known (see ``whitening``).
    """
    random = np.random.default_rng(seed)
    found = []
    for _ in range(people):
        person = _person(random)
        found += [_picture(person, random) for _ in range(pictures)]
    return found


def _person(random: np.random.Generator) -> Person:
    pattern = _patches(random.normal(0, 1, (HEIGHT // 8, WIDTH // 8, 3))) * np.float32(random.uniform(0, 30))
    skin, hair = np.array(SKIN_BGR) * random.uniform(0.5, 1.4), np.full(3, random.uniform(10, 120))
    return Person(_cloth(random), _cloth(random), skin, hair, random.uniform(24, 36), pattern)


def _picture(person: Person, random: np.random.Generator) -> Image:
    picture = _background(random)
    middle, half, hip = (
        random.uniform(54, 74),
        person.half_px * random.uniform(0.75, 1.15),
        int(random.uniform(120, 145)),
    )
    cv2.ellipse(picture, (int(middle), 35), (14, 20), 0, 0, 360, person.skin.tolist(), -1)
    cv2.ellipse(picture, (int(middle), 27), (15, 14), 0, 0, 360, person.hair.tolist(), -1)
    for side in (-1, 1):
        foot, hand = middle + side * random.uniform(2, 24), middle + side * random.uniform(24, 44)
        leg, arm = int(random.uniform(16, 24)), int(random.uniform(10, 16))
        cv2.line(picture, (int(middle + side * 10), hip), (int(foot), 240), person.lower.tolist(), leg)
        sleeve = (person.upper * random.uniform(0.8, 1.0)).tolist()
        wrist = (int(hand), int(random.uniform(120, 150)))
        cv2.line(picture, (int(middle + side * 0.8 * half), 62), wrist, sleeve, arm)
    cv2.rectangle(picture, (int(middle - half), 52), (int(middle + half), hip), person.upper.tolist(), -1)
    picture += person.pattern * np.float32(random.uniform(0.5, 1.2))
    picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), random.uniform(0.6, 4.0)), np.float32)
    light = random.uniform(0.6, 1.3) * random.uniform(0.9, 1.1, 3)
    grain = random.normal(0, random.uniform(0, 8), picture.shape)
    return np.clip(picture * light + grain, 0, 255).astype(np.uint8)


def _background(random: np.random.Generator) -> npt.NDArray[np.float32]:
    grain = int(random.choice(GRAIN_PX))
    patches = _patches(random.uniform(0, 255, (HEIGHT // grain, WIDTH // grain, 3)))
    return (patches * random.uniform(0.2, 0.8) + random.uniform(0, 150, 3)).astype(np.float32)


def _patches(coarse: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    return np.asarray(cv2.resize(coarse.astype(np.float32), (WIDTH, HEIGHT)), np.float32)


def _cloth(random: np.random.Generator) -> npt.NDArray[np.float64]:
    """A colour (3,), rather grey than not."""
    return 0.6 * random.uniform(0, 255) + 0.4 * random.uniform(0, 255, 3)
