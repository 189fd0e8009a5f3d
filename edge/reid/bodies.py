"""Bodies of drawn people: what they wear, and how that looks from in front, behind or the side."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

HEIGHT, WIDTH = 256, 128
MARGIN = 40
"""Pixels around a picture into which a badly framed one reaches."""
TALL, WIDE = HEIGHT + 2 * MARGIN, WIDTH + 2 * MARGIN
SOFT_PX = 5
"""Outlines are no softer."""
SKIN_BGR, HAIR_BGR = (95.0, 125.0, 180.0), (1.0, 1.15, 1.35)
VIEWS: tuple[View, ...] = ("front", "back", "side")
SHARES = (0.4, 0.35, 0.25)
"""How often somebody is seen so."""

View = Literal["front", "back", "side"]
Colour = npt.NDArray[np.float64]
Floats32 = npt.NDArray[np.float32]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """What stays from picture to picture, of which not everything is seen in each.

    Attributes:
        upper: colour (3,) BGR of what is worn above,
        lower: below,
        under: under an open jacket,
        shoes: on the feet.
        bag: colour (3,) of what is carried.
        skin: colour (3,),
        hair: likewise.
        half_px: half of the shoulders' width.
        wears: of ``WORN``.
        pattern: (TALL, WIDE, 3) of the clothes, added.
    """

    upper: Colour
    lower: Colour
    under: Colour
    shoes: Colour
    bag: Colour
    skin: Colour
    hair: Colour
    half_px: float
    wears: frozenset[str]
    pattern: Floats32


WORN = {
    "open jacket": 0.5,
    "backpack": 0.3,
    "handbag": 0.3,
    "skirt": 0.15,
    "short sleeves": 0.35,
    "shorts": 0.2,
    "long hair": 0.35,
    "coat": 0.2,
}
"""And by what share of people."""


def draw_person(random: np.random.Generator) -> Person:
    """Somebody by lot, rather in dark clothes than in light ones, and rather grey than not."""
    pattern = np.zeros((TALL, WIDE, 3), np.float32)
    kind = random.random()
    if kind < 0.6:
        pattern = patches(random, int(random.choice((4, 8, 16)))) * np.float32(random.uniform(0, 35))
    elif kind > 0.85:
        every = random.uniform(6, 16)
        pattern += np.float32(random.uniform(-70, 70)) * (np.arange(TALL) % every < every / 2)[:, None, None]
    return Person(
        upper=cloth(random, 0.6, 32),
        lower=cloth(random, 1.6, 18),
        under=cloth(random, 0.0, 32),
        shoes=cloth(random, 2.0, 8),
        bag=cloth(random, 1.5, 24),
        skin=np.array(SKIN_BGR) * random.uniform(0.45, 1.3),
        hair=np.array(HAIR_BGR) * random.uniform(12, 110),
        half_px=random.uniform(24, 34),
        wears=frozenset(what for what, share in WORN.items() if random.random() < share),
        pattern=pattern,
    )


def cloth(random: np.random.Generator, dark: float, spread: float) -> Colour:
    """A colour (3,) BGR, 5 to 250.

    Args:
        random: draws it.
        dark: 0: as often light as dark; more: rather dark.
        spread: standard deviation of its parts about their grey.
    """
    return np.clip(255 * random.beta(1.1, 1.1 + dark) + random.normal(0, spread, 3), 5, 250)


def patches(random: np.random.Generator, size_px: int, colours: int = 3) -> Floats32:
    """(TALL, WIDE, colours) of soft patches of so many pixels, -1 to 1."""
    coarse = random.uniform(-1, 1, (TALL // size_px + 1, WIDE // size_px + 1, colours)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (WIDE, TALL)), np.float32).reshape(TALL, WIDE, colours)


@dataclass(slots=True, eq=False)
class Drawing:
    """Somebody on nothing.

    Attributes:
        picture: (TALL, WIDE, 3) BGR,
        mask: and where in it they are, (TALL, WIDE), 0 or 255.
    """

    picture: Floats32 = field(default_factory=lambda: np.zeros((TALL, WIDE, 3), np.float32))
    mask: npt.NDArray[np.uint8] = field(default_factory=lambda: np.zeros((TALL, WIDE), np.uint8))

    def stroke(self, start: Point, end: Point, colour: Colour, thick: float) -> None:
        """A limb."""
        ends = (int(start[0]), int(start[1])), (int(end[0]), int(end[1]))
        cv2.line(self.picture, *ends, colour.tolist(), max(2, int(thick)))
        cv2.line(self.mask, *ends, (255,), max(2, int(thick)))

    def area(self, corners: list[Point], colour: Colour) -> None:
        """A piece of cloth."""
        polygon = [np.array(corners, np.int32)]
        cv2.fillPoly(self.picture, polygon, colour.tolist())
        cv2.fillPoly(self.mask, polygon, (255,))

    def oval(self, middle: Point, axes: Point, colour: Colour) -> None:
        """A head or a hand."""
        where = (int(middle[0]), int(middle[1])), (int(axes[0]), int(axes[1])), 0, 0, 360
        cv2.ellipse(self.picture, *where, colour.tolist(), -1)
        cv2.ellipse(self.mask, *where, (255,), -1)

    def reach(self) -> tuple[slice, slice]:
        """Rows and columns that hold all of them, and their outlines however soft."""
        left, top, wide, tall = cv2.boundingRect(self.mask)
        return slice(max(0, top - SOFT_PX), top + tall + SOFT_PX), slice(max(0, left - SOFT_PX), left + wide + SOFT_PX)


@dataclass(frozen=True, slots=True)
class Stance:
    """How somebody stands in one picture; pixels.

    Attributes:
        view: from where they are seen.
        middle: across,
        half: half of the shoulders' width as it is seen,
        lean: how far the shoulders are to the side of the hips.
        shoulder: down,
        hip: likewise.
    """

    view: View
    middle: float
    half: float
    lean: float
    shoulder: float
    hip: float

    @classmethod
    def draw(cls, person: Person, random: np.random.Generator) -> Stance:
        """By lot."""
        view = VIEWS[int(random.choice(3, p=SHARES))]
        seen = random.uniform(0.55, 0.75) if view == "side" else random.uniform(0.9, 1.1)
        middle, lean = WIDE / 2 + random.uniform(-4, 4), random.uniform(-4, 4)
        shoulder, hip = MARGIN + random.uniform(48, 54), MARGIN + random.uniform(122, 136)
        return cls(view, middle, person.half_px * seen, lean, shoulder, hip)


def draw_body(person: Person, random: np.random.Generator) -> Drawing:
    """Somebody in a stance of this picture, in light from one side or the other."""
    drawing, stance = Drawing(), Stance.draw(person, random)
    _legs(drawing, person, stance, random)
    _torso(drawing, person, stance)
    _arms(drawing, person, stance, random)
    _carried(drawing, person, stance, random)
    there = drawing.reach()
    drawing.picture[there] += person.pattern[there] * np.float32(random.uniform(0.6, 1.1))
    _head(drawing, person, stance, random)
    across = np.clip((np.arange(WIDE, dtype=np.float32)[None, :, None] - stance.middle) / stance.half, -1.3, 1.3)
    light = 1 + np.float32(random.uniform(-0.35, 0.35)) * across
    folds = 1 + np.float32(random.uniform(0.05, 0.25)) * patches(random, int(random.choice((8, 16))), 1)
    there = drawing.reach()
    drawing.picture[there] = np.clip(drawing.picture[there] * cv2.merge([(light * folds)[there]] * 3), 0, 255)
    return drawing


def _legs(drawing: Drawing, person: Person, stance: Stance, random: np.random.Generator) -> None:
    stride = random.uniform(0, 22 if stance.view == "side" else 10)
    bare = not {"skirt", "shorts"}.isdisjoint(person.wears)
    for side in (-1, 1):
        hip = (stance.middle + side * stance.half * 0.35, stance.hip)
        foot = (
            stance.middle + side * (stance.half * 0.3 + stride) * random.uniform(0.7, 1.2),
            MARGIN + 242 - random.uniform(0, 8),
        )
        knee = ((hip[0] + foot[0]) / 2 + random.uniform(-4, 4), (hip[1] + foot[1]) / 2)
        thick = random.uniform(15, 19) * person.half_px / 29
        drawing.stroke(hip, knee, person.lower, thick + 2)
        drawing.stroke(knee, foot, person.skin if bare else person.lower, thick - (4 if bare else 2))
        drawing.stroke(foot, (foot[0] + random.uniform(-5, 5), foot[1] + 4), person.shoes, thick - 4)
    if "skirt" in person.wears:
        drawing.area(_trapezium(stance, (0.7, -6), (0.95, 50)), person.lower)


def _torso(drawing: Drawing, person: Person, stance: Stance) -> None:
    middle, half, top = stance.middle, stance.half, stance.middle + stance.lean
    low = stance.hip + (45 if "coat" in person.wears else 4)
    outline = ((0.35, -4), (0.8, 2), (0.95, 14))
    shoulders = [(top + half * out, stance.shoulder + down) for out, down in outline]
    others = [(top - half * out, stance.shoulder + down) for out, down in reversed(outline)]
    sides = [(middle + half * 0.75, stance.hip - 20), (middle + half * 0.8, low)]
    across = [(middle - half * 0.8, low), (middle - half * 0.75, stance.hip - 20)]
    drawing.area([*shoulders, *sides, *across, *others], person.upper)
    if stance.view == "front" and "open jacket" in person.wears:
        neck = [(top + half * out, stance.shoulder - 3) for out in (-0.25, 0.25)]
        drawing.area([*neck, (middle + half * 0.3, low), (middle - half * 0.3, low)], person.under)


def _arms(drawing: Drawing, person: Person, stance: Stance, random: np.random.Generator) -> None:
    for side in (-1, 1):
        shoulder = (stance.middle + side * stance.half * 0.85 + stance.lean, stance.shoulder + 10)
        elbow = (shoulder[0] + side * random.uniform(0, 14), MARGIN + random.uniform(88, 100))
        swing = random.uniform(-14, 14) if stance.view == "side" else 0.0
        wrist = (elbow[0] + side * random.uniform(-16, 8) + swing, MARGIN + random.uniform(112, 134))
        thick, sleeve = random.uniform(10, 14) * person.half_px / 29, person.upper * random.uniform(0.8, 1.0)
        drawing.stroke(shoulder, elbow, sleeve, thick)
        drawing.stroke(elbow, wrist, person.skin if "short sleeves" in person.wears else sleeve, thick - 2)
        drawing.oval((wrist[0], wrist[1] + 3), (thick * 0.4, thick * 0.5), person.skin)


def _carried(drawing: Drawing, person: Person, stance: Stance, random: np.random.Generator) -> None:
    side = float(random.choice((-1, 1)))
    if "handbag" in person.wears:
        hand = stance.middle + side * stance.half * 1.1
        corners: list[Point] = [(-10, 120), (10, 120), (11, 150), (-11, 150)]
        drawing.area([(hand + across, MARGIN + down) for across, down in corners], person.bag)
    if "backpack" not in person.wears:
        return
    if stance.view == "back":
        high = stance.shoulder + 4 - stance.hip
        drawing.area(_trapezium(stance, (0.65, high), (0.7, -22)), person.bag)
    elif stance.view == "side":
        drawing.oval((stance.middle + side * stance.half, stance.shoulder + 35), (14, 32), person.bag)
    else:
        for strap in (-1, 1):
            start = (stance.middle + strap * stance.half * 0.5 + stance.lean, stance.shoulder)
            drawing.stroke(start, (stance.middle + strap * stance.half * 0.6, stance.hip - 30), person.bag, 5)


def _head(drawing: Drawing, person: Person, stance: Stance, random: np.random.Generator) -> None:
    across = stance.middle + stance.lean * 1.3 + random.uniform(-2, 2)
    down = MARGIN + random.uniform(26, 32)
    drawing.stroke((across, down + 8), (across, stance.shoulder), person.skin, 10)
    drawing.oval((across, down), (12.5, 17), person.hair if stance.view == "back" else person.skin)
    if stance.view == "front":
        drawing.oval((across, down - 1), (14, 17), person.hair)
        drawing.oval((across, down + 4), (10, 13), person.skin)
    else:
        turned = float(random.choice((-5, 5))) if stance.view == "side" else 0.0
        drawing.oval((across + turned, down - 4), (12, 14), person.hair)
    if "long hair" not in person.wears:
        return
    if stance.view == "back":
        falling: list[Point] = [(-12, 0), (12, 0), (13, 32), (-13, 32)]
        drawing.area([(across + x, down + y) for x, y in falling], person.hair)
    else:
        for side in (-12, 12):
            drawing.stroke((across + side, down), (across + side, down + 26), person.hair, 6)


def _trapezium(stance: Stance, above: Point, below: Point) -> list[Point]:
    """Corners by shares of half the width, and pixels below the hip."""
    corners = [(-above[0], above[1]), above, below, (-below[0], below[1])]
    return [(stance.middle + stance.half * out, stance.hip + down) for out, down in corners]
