"""Procedural pictures for floors, walls, shelves and posters: (S, S, 3) uint8 BGR, tileable where it matters."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

Texture = NDArray[np.uint8]
Floats = NDArray[np.float64]
SIDE = 256
WORDS = ("SALE", "NEW", "-50%", "MODA", "CAFE", "2 FOR 1", "STYLE", "OUTLET", "MENU", "LINHO", "OPEN", "SPORT")


def _finish(image: Floats) -> Texture:
    return np.clip(image, 0, 255).astype(np.uint8)


def speckle(rng: np.random.Generator, colour: Floats, strength: float = 0.04, grain: int = 2) -> Floats:
    """(S, S, 3) a colour (BGR 0..1) with grain of about ``grain`` texels."""
    coarse = rng.normal(0, 1, (SIDE // grain, SIDE // grain))
    noise = cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    return np.asarray(255 * colour[None, None] * (1 + strength * noise[..., None]), np.float64)


def clouds(rng: np.random.Generator) -> Floats:
    """(S, S) smooth tileable noise, about -1..1."""
    out = np.zeros((SIDE, SIDE))
    for octave in (4, 8, 16, 32):
        small = np.pad(rng.normal(0, 1, (octave, octave)), ((0, 1), (0, 1)), mode="wrap")
        x = np.linspace(0, octave, SIDE, endpoint=False).astype(np.float32)
        grid = np.meshgrid(x, x)
        out += cv2.remap(small, grid[0], grid[1], cv2.INTER_LINEAR) / octave * 4
    return out * 0.5


def plain(rng: np.random.Generator, colour: Floats) -> Texture:
    """Painted plaster."""
    return _finish(speckle(rng, colour, 0.015, 4) * (1 + 0.02 * clouds(rng)[..., None]))


def tiles(rng: np.random.Generator, colour: Floats) -> Texture:
    """Four floor tiles with joints, each a little different."""
    image = speckle(rng, colour, 0.03) * (1 + 0.05 * clouds(rng)[..., None])
    half = SIDE // 2
    for i in range(2):
        for j in range(2):
            image[i * half : (i + 1) * half, j * half : (j + 1) * half] *= rng.normal(1, 0.03)
    for at in (0, half):
        image[at : at + 2] *= 0.75
        image[:, at : at + 2] *= 0.75
    return _finish(image)


def chequer(rng: np.random.Generator, colour: Floats) -> Texture:
    """A chequerboard of two shades."""
    image = speckle(rng, colour, 0.03)
    half = SIDE // 2
    dark = rng.uniform(0.45, 0.85)
    image[:half, :half] *= dark
    image[half:, half:] *= dark
    return _finish(image)


def marble(rng: np.random.Generator, colour: Floats) -> Texture:
    """Veined stone in large slabs."""
    veins = np.abs(np.sin(3 * clouds(rng) + 2 * clouds(rng)))
    image = speckle(rng, colour, 0.01) * (0.85 + 0.15 * np.sqrt(veins)[..., None])
    image[:1] *= 0.7
    image[:, :1] *= 0.7
    return _finish(image)


def wood(rng: np.random.Generator, colour: Floats) -> Texture:
    """Planks along u."""
    grain = cv2.resize(rng.normal(0, 1, (SIDE, 8)), (SIDE, SIDE), interpolation=cv2.INTER_LINEAR)
    image = speckle(rng, colour, 0.02) * (1 + 0.07 * grain[..., None])
    plank = SIDE // 8
    for i in range(8):
        image[i * plank : (i + 1) * plank] *= rng.normal(1, 0.06)
        image[i * plank : i * plank + 1] *= 0.6
        end = int(rng.integers(SIDE))
        image[i * plank : (i + 1) * plank, end : end + 2] *= 0.7
    return _finish(image)


def carpet(rng: np.random.Generator, colour: Floats) -> Texture:
    """Short pile."""
    return _finish(speckle(rng, colour, 0.13, 1) * (1 + 0.04 * clouds(rng)[..., None]))


def brick(rng: np.random.Generator, colour: Floats) -> Texture:
    """Bricks in running bond."""
    image = speckle(rng, colour, 0.07)
    row = SIDE // 16
    for i in range(16):
        image[i * row : i * row + 2] = 150
        for j in range(5):
            at = int((j + 0.5 * (i % 2)) * SIDE / 4)
            image[i * row : (i + 1) * row, at : at + 2] = 150
            image[i * row + 2 : (i + 1) * row, at + 2 : at + SIDE // 4] *= rng.normal(1, 0.08)
    return _finish(image)


def shelves(rng: np.random.Generator, colour: Floats) -> Texture:
    """A wall of shelves full of things."""
    image = speckle(rng, colour * 0.6, 0.03)
    rows = int(rng.integers(4, 7))
    height = SIDE // rows
    for i in range(rows):
        x = 0
        while x < SIDE - 6:
            width = int(rng.integers(6, 34))
            tall = int(height * rng.uniform(0.35, 0.85))
            shade = tuple(float(c) for c in rng.uniform(30, 235, 3))
            bottom = (i + 1) * height - 4
            if rng.random() < 0.85:
                cv2.rectangle(image, (x, bottom - tall), (min(x + width, SIDE) - 2, bottom), shade, -1)
                cv2.line(image, (x, bottom - tall // 2), (x + width - 3, bottom - tall // 2), (240, 240, 240), 1)
            x += width
        image[(i + 1) * height - 4 : (i + 1) * height] = 60 + 120 * colour
    return _finish(image)


def clothes_wall(rng: np.random.Generator, colour: Floats) -> Texture:
    """Two rows of hanging clothes seen from the front: sleeves and hems, a trap for detectors."""
    image = speckle(rng, colour, 0.02)
    for row in range(2):
        top = row * SIDE // 2 + 14
        cv2.line(image, (0, top), (SIDE, top), (120, 120, 120), 2)
        x = 4
        while x < SIDE - 12:
            width = int(rng.integers(9, 26))
            shade = tuple(float(c) for c in np.clip(rng.uniform(20, 230) + rng.normal(0, 30, 3), 10, 245))
            hem = top + int(rng.integers(60, 104))
            outline = np.array(
                [[x + width // 2 - 2, top], [x + width, top + 14], [x + width - 2, hem], [x + 2, hem], [x, top + 14]]
            )
            cv2.fillPoly(image, [outline], shade)
            cv2.line(image, (x + width // 2, top + 10), (x + width // 2, hem), tuple(0.8 * c for c in shade), 1)
            x += width + int(rng.integers(0, 3))
    return _finish(image)


def sign(rng: np.random.Generator, colour: Floats, word: str = "") -> Texture:
    """A lit sign with a word."""
    image = _finish(speckle(rng, colour, 0.01))
    word = word or str(rng.choice(WORDS))
    ink = (20.0, 20.0, 20.0) if colour.mean() > 0.5 else (245.0, 245.0, 245.0)
    scale = 8.0 / max(4, len(word))
    cv2.putText(image, word, (14, SIDE // 2 + 25), cv2.FONT_HERSHEY_DUPLEX, scale * 1.6, ink, 5, cv2.LINE_AA)
    return image


def poster(rng: np.random.Generator, colour: Floats) -> Texture:
    """Printed shapes and a word, no people."""
    fade = np.linspace(1.2, 0.7, SIDE)[:, None, None]
    image = _finish(speckle(rng, colour, 0.01) * fade)
    for _ in range(int(rng.integers(2, 6))):
        shade = tuple(float(c) for c in rng.uniform(20, 240, 3))
        centre = (int(rng.integers(SIDE)), int(rng.integers(SIDE)))
        if rng.random() < 0.5:
            cv2.circle(image, centre, int(rng.integers(10, 70)), shade, -1, cv2.LINE_AA)
        else:
            far = (int(rng.integers(SIDE)), int(rng.integers(SIDE)))
            cv2.rectangle(image, centre, far, shade, -1)
    cv2.putText(
        image, str(rng.choice(WORDS)), (15, 225), cv2.FONT_HERSHEY_DUPLEX, 1.7, (250.0, 250.0, 250.0), 4, cv2.LINE_AA
    )
    return image


MAKERS: dict[str, Callable[[np.random.Generator, Floats], Texture]] = {
    "plain": plain,
    "tiles": tiles,
    "chequer": chequer,
    "marble": marble,
    "wood": wood,
    "carpet": carpet,
    "brick": brick,
    "shelves": shelves,
    "clothes": clothes_wall,
    "sign": sign,
    "poster": poster,
}
"""Texture makers by the name that scene files use."""
FLOORS = ("tiles", "chequer", "marble", "wood", "carpet")
WALLS = ("plain", "plain", "plain", "brick", "wood", "shelves", "clothes", "marble")
