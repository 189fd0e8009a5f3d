"""Drawn people: what an embedder can be asked about without a picture of anybody."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from edge.capture.frame import Image
from edge.reid.bodies import HEIGHT, MARGIN, TALL, WIDE, WIDTH, Drawing, Person, cloth, draw_body, draw_person, patches

Floats32 = npt.NDArray[np.float32]

GRAIN_PX = (2, 4, 8, 16, 32)
"""Sizes of the patches of grounds."""
MOTLEY = 0.35
"""How often the ground is coloured patches instead of a wall and a floor: photographs gain by it, twins hardly."""
COVERED = 0.4
"""How often somebody is partly hidden: as often by another as by a thing."""
MOST_TAPER, MOST_TURN_DEG = 0.35, 8.0
"""Seen from above, people are so much narrower at their feet than at their heads at most, and so far off upright."""
MOST_OFF = 0.12
"""A box is off by so much of its height and width at most, at each side."""
SEED = 5


def draw_figures(people: int, pictures: int, seed: int = SEED) -> list[Image]:
    """Simple people before walls and floors, (H, W, 3) uint8 BGR each, all pictures of the first, then of the next.

    Clothes, build and what is carried are drawn by lot for each person; from where they are seen, stance, ground, what
    hides them, the box's error, how sharp it is, light and grain for each picture. Pictures of one must differ in what
    pictures of one real person differ in, so that the directions in which an embedder answers strongly to that are
    known; and the embedder's mean answer must be about what it is for real people (see ``whitening``).
    """
    random = np.random.default_rng(seed)
    crowd = [draw_person(random) for _ in range(people)]
    return [_picture(person, crowd, random) for person in crowd for _ in range(pictures)]


def _picture(person: Person, crowd: list[Person], random: np.random.Generator) -> Image:
    picture = _put(_ground(random), _either_way(draw_body(person, random), random))
    if random.random() < COVERED:
        picture = _cover(picture, crowd, random)
    picture = _frame(picture, random)
    if random.random() < 0.7:
        size = random.uniform(0.25, 0.8)
        picture = np.asarray(cv2.resize(picture, None, fx=size, fy=size, interpolation=cv2.INTER_AREA), np.float32)
    picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), random.uniform(0.3, 1.5)), np.float32)
    picture = 255 * np.asarray(cv2.pow(picture * np.float32(1 / 255), random.uniform(0.7, 1.4)), np.float32)
    light = (random.uniform(0.55, 1.3) * random.uniform(0.9, 1.1, 3)).astype(np.float32)
    grain = np.float32(random.uniform(0, 8)) * random.standard_normal(picture.shape, np.float32)
    return np.asarray(np.clip(picture * light + grain, 0, 255), np.uint8)


def _ground(random: np.random.Generator) -> Floats32:
    """(TALL, WIDE, 3): a wall above, a floor below, things before the wall, joints in the floor; or motley."""
    if random.random() < MOTLEY:
        motley = patches(random, int(random.choice(GRAIN_PX))) * np.float32(random.uniform(25, 100))
        motley += random.uniform(25, 240, 3).astype(np.float32)
        return np.clip(motley, 0, 255, out=motley)
    picture = np.empty((TALL, WIDE, 3), np.float32)
    floor = int(MARGIN + HEIGHT * random.uniform(0.35, 1.0))
    for top, bottom in ((0, floor), (floor, TALL)):
        cv2.rectangle(picture, (0, top), (WIDE, bottom), _wall(random).tolist(), -1)
    for _ in range(random.integers(0, 7)):
        left, top = int(random.uniform(-20, WIDE)), int(random.uniform(-20, floor))
        right, bottom = left + 4 + int(random.exponential(35)), top + 6 + int(random.exponential(70))
        colour = _wall(random) if random.random() < 0.6 else cloth(random, 1.0, 14)
        cv2.rectangle(picture, (left, top), (right, bottom), colour.tolist(), -1)
    if random.random() < 0.5:
        for _ in range(random.integers(1, 6)):
            ends = [(int(random.uniform(0, WIDE)), int(random.uniform(floor, TALL))) for _ in range(2)]
            cv2.line(picture, ends[0], ends[1], _wall(random).tolist(), int(random.integers(1, 4)))
    shade = np.float32(random.uniform(0, 40)) * patches(random, 64, 1)
    shade += np.float32(random.uniform(0, 25)) * patches(random, int(random.choice(GRAIN_PX)), 1)
    picture += cv2.merge([shade] * 3)
    picture += np.float32(random.uniform(0, 15)) * patches(random, 32)
    picture *= 1 + np.float32(random.uniform(-0.25, 0.25)) * np.linspace(-1, 1, TALL, dtype=np.float32)[:, None, None]
    return np.clip(picture, 0, 255, out=picture)


def _wall(random: np.random.Generator) -> npt.NDArray[np.float64]:
    """A colour (3,), nearly grey."""
    return np.clip(255 * random.beta(2.2, 1.8) + random.normal(0, 12, 3), 10, 250)


def _either_way(drawing: Drawing, random: np.random.Generator) -> Drawing:
    """As it is or mirrored."""
    if random.random() < 0.5:
        return drawing
    return Drawing(drawing.picture[:, ::-1], drawing.mask[:, ::-1])


def _put(picture: Floats32, drawing: Drawing) -> Floats32:
    """Somebody before a ground, with soft outlines."""
    there = drawing.reach()
    share = cv2.merge([cv2.GaussianBlur(drawing.mask[there], (0, 0), 1.0)] * 3) / np.float32(255)
    picture[there] += (drawing.picture[there] - picture[there]) * share
    return picture


def _cover(picture: Floats32, crowd: list[Person], random: np.random.Generator) -> Floats32:
    """Partly hidden by somebody nearer, or by a thing before the feet or at a side."""
    if random.random() < 0.5:
        nearer = draw_body(crowd[random.integers(len(crowd))], random)
        aside = random.choice((-1, 1)) * random.uniform(28, 60)
        shift = np.array([[1, 0, aside], [0, 1, random.uniform(-10, 110)]])
        moved = [cv2.warpAffine(part, shift, (WIDE, TALL)) for part in (nearer.picture, nearer.mask)]
        return _put(picture, Drawing(np.asarray(moved[0], np.float32), np.asarray(moved[1], np.uint8)))
    thing, share, where = _ground(random), random.uniform(0.1, 0.38), random.random()
    if where < 0.7:
        low = int(MARGIN + HEIGHT * (1 - share))
        picture[low:] = thing[low:]
    else:
        edge = int(MARGIN + WIDTH * 0.9 * share)
        part = slice(0, edge) if where < 0.85 else slice(WIDE - edge, WIDE)
        picture[:, part] = thing[:, part]
    return picture


def _frame(picture: Floats32, random: np.random.Generator) -> Floats32:
    """What a box of some error holds of what a camera sees that hangs high and to one side."""
    taper = WIDTH / 4 * random.uniform(-MOST_TAPER / 4, MOST_TAPER)
    turn = HEIGHT / 2 * np.tan(np.radians(random.uniform(-MOST_TURN_DEG, MOST_TURN_DEG)))
    level = np.array([[0, 0], [WIDTH, 0], [0, HEIGHT], [WIDTH, HEIGHT]], np.float32)
    moved = np.array([turn - taper, turn + taper, taper - turn, -taper - turn])
    off = (random.uniform(-MOST_OFF, MOST_OFF, 4) * (HEIGHT, HEIGHT, WIDTH, WIDTH)).astype(int)
    seen = level + np.column_stack([moved, np.zeros(4)]) - (off[2], off[0])
    bent = cv2.getPerspectiveTransform(level + np.float32(MARGIN), seen.astype(np.float32))
    size = (WIDTH - int(off[2] + off[3]), HEIGHT - int(off[0] + off[1]))
    return np.asarray(cv2.warpPerspective(picture, bent, size, borderMode=cv2.BORDER_REPLICATE), np.float32)
