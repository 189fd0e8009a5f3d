"""Training samples from pictures: people at the sizes that mall cameras show, light, blur, noise and compression.

Everything is drawn from the generator handed in, so that a seed gives the same samples again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.train.paste import paste_people
from models.train.pictures import Picture

PAD = 114
LEAST_PERSON_PX, MOST_PERSON = 15.0, 1.1
"""People's heights in the input: pixels at a concourse's far end, share of the input's height below the camera."""
LARGE = 0.4
"""Share of samples whose people are as often large as small; in the others each doubling of height is as frequent."""
SCALE_LIMITS = (0.6, 2.5)
"""How far a picture may be shrunk or blown up against fitting its tile; blown-up pictures teach blur, not people."""
STRETCH = 0.28
"""Pictures are made wider or narrower by up to this, in logarithms, as wide lenses and square recordings do."""
GRIDS = ((2, 1), (2, 2), (3, 2), (4, 3))
"""Tiles across and down of a mosaic: the more tiles, the smaller the people."""
GRID_ODDS = (0.25, 0.4, 0.2, 0.15)
LEAST_VISIBLE = 0.4
"""People cut by the tile's edge to less than this share become regions to ignore."""
RENDERED = frozenset({"rooms", "rebuilt", "as-is"})
"""Sources of the simulator: their truth is exact."""
UNTOUCHED = 0.4
"""Share of samples that keep their light and grain: rendered ones bring their own."""
LEAST_PX = (3.0, 9.0)
"""Narrower or lower people are ignored."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Pixels (H, W, 3) BGR, people (n, 4), regions to ignore (m, 4), tiles of exact truth (k, 4): x1, y1, x2, y2."""

    pixels: NDArray[np.uint8]
    people: NDArray[np.float32]
    ignored: NDArray[np.float32]
    exact: NDArray[np.float32]


def draw_sample(  # noqa: PLR0917  # what to draw from, how large, from which dice
    pictures: Sequence[Picture],
    weights: NDArray[np.float64],
    height: int,
    width: int,
    mosaic: float,
    rng: np.random.Generator,
    paste: float = 0.0,
) -> Sample:
    """One sample: a single picture, or with probability mosaic a mosaic of some, drawn by their weights (sum 1).

    With probability paste, people from other pictures are set into it.
    """
    canvas = np.full((height, width, 3), PAD, np.uint8)
    across, down = GRIDS[rng.choice(len(GRIDS), p=GRID_ODDS)] if rng.random() < mosaic else (1, 1)
    xs, ys = _cuts(width, across, rng), _cuts(height, down, rng)
    tiles = [(xs[i], ys[j], xs[i + 1], ys[j + 1]) for j in range(down) for i in range(across)]
    people, ignored, exact = [], [], []
    for tile, index in zip(tiles, rng.choice(len(pictures), len(tiles), p=weights), strict=True):
        mine, skipped = _fill_tile(canvas, tile, pictures[index], rng)
        people.append(mine)
        ignored.append(skipped)
        if pictures[index].source in RENDERED:
            exact.append(tile)
    here, skipped = np.concatenate(people), np.concatenate(ignored)
    if rng.random() < paste:
        here, skipped = paste_people(canvas, here, skipped, pictures, weights, rng)
    pixels = _weather(canvas, rng)
    return Sample(pixels, here, skipped, np.array(exact, np.float32).reshape(-1, 4))


def _cuts(length: int, parts: int, rng: np.random.Generator) -> list[int]:
    """Borders that cut a length into uneven parts, none under half of an even one."""
    even = np.arange(parts + 1) / parts
    even[1:-1] += rng.uniform(-0.25, 0.25, parts - 1) / parts
    return [int(v) for v in np.round(even * length)]


def _fill_tile(
    canvas: NDArray[np.uint8], tile: tuple[int, int, int, int], picture: Picture, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Paints a crop of the picture into the tile; its people and ignored regions in canvas pixels."""
    left, top, right, bottom = tile
    across, down = right - left, bottom - top
    rows, columns = picture.pixels.shape[:2]
    fit = min(across / columns, down / rows)
    anchor = _anchor(picture, rng)
    if anchor is None:
        scale = fit * rng.uniform(0.8, 1.8)
    else:
        tallest = MOST_PERSON * canvas.shape[0]
        if rng.random() < LARGE:
            wanted = float(rng.uniform(LEAST_PERSON_PX, tallest))
        else:
            wanted = float(np.exp(rng.uniform(np.log(LEAST_PERSON_PX), np.log(tallest))))
        scale = float(np.clip(wanted / (anchor[3] - anchor[1]), SCALE_LIMITS[0] * fit, SCALE_LIMITS[1] * fit))
    scale_x = scale * float(np.exp(rng.uniform(-STRETCH, STRETCH)))
    shift = np.array([_place(across, columns * scale_x, rng), _place(down, rows * scale, rng)])
    if anchor is not None:  # keep the anchor person in sight
        centre = np.array([(anchor[0] + anchor[2]) / 2 * scale_x, (anchor[1] + anchor[3]) / 2 * scale])
        aim = rng.uniform(0.15, 0.85, 2) * (across, down)
        seen = centre + shift
        shift = np.where((seen < 0) | (seen > (across, down)), aim - centre, shift)
    mirrored = rng.random() < 0.5
    _paint(canvas[top:bottom, left:right], picture.pixels, (scale_x, scale), shift, mirrored, rng)
    boxes = picture.boxes * np.array([scale_x, scale, scale_x, scale], np.float32) + np.tile(shift, 2).astype(
        np.float32
    )
    area = np.maximum((boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]), 1e-6)
    boxes = np.clip(boxes, 0, np.array([across, down, across, down], np.float32))
    size = boxes[:, 2:] - boxes[:, :2]
    seen_share = size.prod(1) / area
    if mirrored:
        boxes[:, [0, 2]] = across - boxes[:, [2, 0]]
    boxes += np.array([left, top, left, top], np.float32)
    poor = (seen_share < LEAST_VISIBLE) | (size < LEAST_PX).any(1)
    present = size.min(1, initial=np.inf) > 0
    good = present & ~picture.ignored & ~poor
    return boxes[good], boxes[present & ~good]


def _anchor(picture: Picture, rng: np.random.Generator) -> NDArray[np.float32] | None:
    own = np.flatnonzero(~picture.ignored)
    return picture.boxes[rng.choice(own)] if len(own) else None


def _place(room: float, length: float, rng: np.random.Generator) -> float:
    """Offset of something as long as length in the room: anywhere inside, or where a piece of it fills the room."""
    low, high = sorted((0.0, room - length))
    return float(rng.uniform(low, high))


def _paint(  # noqa: PLR0917  # an affine map spelled out
    target: NDArray[np.uint8],
    source: NDArray[np.uint8],
    scale: tuple[float, float],
    shift: NDArray[np.float64],
    mirrored: bool,
    rng: np.random.Generator,
) -> None:
    """Draws the source, scaled by x and y, shifted by pixels, into the target; the rest of it becomes grey."""
    rows, columns = source.shape[:2]
    down, across = target.shape[:2]
    low = np.maximum(0, np.floor(-shift / scale)).astype(int)
    high = np.minimum((columns, rows), np.ceil((np.array([across, down]) - shift) / scale)).astype(int)
    if (high <= low).any():
        return
    piece = source[low[1] : high[1], low[0] : high[0]]
    if max(scale) < 0.7 and rng.random() < 0.7:
        small = cv2.resize(piece, None, fx=scale[0], fy=scale[1], interpolation=cv2.INTER_AREA)
        step_x, step_y = small.shape[1] / piece.shape[1], small.shape[0] / piece.shape[0]
    else:
        small, step_x, step_y = piece, 1.0, 1.0
    matrix = np.array(
        [[scale[0] / step_x, 0, low[0] * scale[0] + shift[0]], [0, scale[1] / step_y, low[1] * scale[1] + shift[1]]]
    )
    drawn = cv2.warpAffine(
        small,
        matrix,
        (across, down),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(PAD, PAD, PAD),
    )
    target[:] = drawn[:, ::-1] if mirrored else drawn


def _weather(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Light, colour, blur, sensor noise and compression of cheap cameras."""
    if rng.random() < UNTOUCHED:
        return pixels
    gain, gamma = rng.uniform(0.5, 1.3), rng.uniform(0.7, 1.4)
    tint = rng.uniform(0.88, 1.12, 3) if rng.random() < 0.6 else np.ones(3)
    offset = rng.uniform(-20, 20) + 64 * max(0.0, 0.9 - gain)  # flat pictures are grey, not black
    ramp = np.arange(256) / 255.0
    curves = [np.clip(ramp**gamma * gain * t * 255 + offset, 0, 255).astype(np.uint8) for t in tint]
    out = np.asarray(cv2.LUT(pixels, np.stack(curves, 1)[:, None]))
    if rng.random() < 0.45:
        grey = cv2.cvtColor(cv2.cvtColor(out, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
        keep = 0.0 if rng.random() < 0.3 else float(rng.uniform(0.3, 1.5))
        out = np.asarray(cv2.addWeighted(out, keep, grey, 1 - keep, 0))
    if rng.random() < 0.3:
        out = _blur(out.astype(np.uint8, copy=False), rng)
    if rng.random() < 0.2:
        noise = np.empty(out.shape, np.int16)
        cv2.setRNGSeed(int(rng.integers(2**31)))
        cv2.randn(noise, np.zeros(3), np.full(3, float(rng.uniform(2, 14))))
        out = np.asarray(cv2.add(out, noise, dtype=cv2.CV_8U))
    if rng.random() < 0.25:
        _, code = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(18, 60))])
        out = np.asarray(cv2.imdecode(code, cv2.IMREAD_COLOR))
    return out.astype(np.uint8, copy=False)


def _blur(pixels: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Out of focus, moved, or scaled up from fewer pixels."""
    height, width = pixels.shape[:2]
    kind = rng.integers(3)
    if kind == 0:
        return np.asarray(cv2.GaussianBlur(pixels, (0, 0), float(rng.uniform(0.5, 1.3))), np.uint8)
    if kind == 1:
        return np.asarray(cv2.blur(pixels, (int(rng.integers(2, 5)), 1)), np.uint8)
    share = float(rng.uniform(0.45, 0.8))
    small = cv2.resize(pixels, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
