"""What people look like: build, skin, hair, clothes and what they carry, drawn at random."""

from __future__ import annotations

import colorsys

import numpy as np
from numpy.typing import NDArray

from simulator.kernels import DOTS, FRONT_OPEN, HEAD, HEATHER, HOOPS, LOGO, PINSTRIPES, PLAID, PLAIN
from simulator.shapes import BEYOND, COLOUR, CUT, FOLDS, PAINT_COLUMNS, PATTERN, PHASE, SCALE, SECOND

Floats = NDArray[np.float64]
Looks = NDArray[np.void]

LOOK = np.dtype(
    [
        ("height", "f8"),
        ("girth", "f8"),
        ("shoulders", "f8"),
        ("hips", "f8"),
        ("head", "f8"),
        ("face", "f8", PAINT_COLUMNS),
        ("skin", "f8", PAINT_COLUMNS),
        ("hair", "f8", PAINT_COLUMNS),
        ("top", "f8", PAINT_COLUMNS),
        ("sleeve", "f8", PAINT_COLUMNS),
        ("forearm", "f8", PAINT_COLUMNS),
        ("thigh", "f8", PAINT_COLUMNS),
        ("shin", "f8", PAINT_COLUMNS),
        ("shoe", "f8", PAINT_COLUMNS),
        ("skirt", "f8", PAINT_COLUMNS),
        ("bag", "f8", PAINT_COLUMNS),
        ("hair_volume", "f8"),
        ("hair_length", "f8"),
        ("skirt_length", "f8"),
        ("skirt_width", "f8"),
        ("loose_top", "f8"),
        ("loose_legs", "f8"),
        ("handbag", "f8"),
        ("shopping_bag", "f8"),
        ("backpack", "f8"),
        ("cap", "f8"),
        ("hood", "f8"),
        ("pushchair", "f8"),
        ("stride", "f8"),
    ]
)
"""One person's looks; lengths in metres, girths relative to an average adult's, things carried by size (0 for none)."""

SKINS_RGB = (
    (244, 206, 178),
    (231, 184, 149),
    (214, 162, 122),
    (186, 132, 92),
    (150, 98, 66),
    (110, 70, 48),
    (78, 50, 36),
)
HAIRS_RGB = (
    (28, 22, 20),
    (44, 32, 26),
    (72, 48, 32),
    (112, 76, 46),
    (168, 126, 76),
    (205, 170, 112),
    (150, 150, 150),
    (214, 212, 208),
)
HAIR_WEIGHTS = (0.28, 0.22, 0.17, 0.11, 0.07, 0.06, 0.06, 0.03)
CHILD_HEIGHT_M = 1.35
"""Below this the head is a child's share of the body."""


def _bgr(rgb: tuple[float, float, float]) -> Floats:
    return np.array(rgb[::-1], np.float64) / 255.0


def cloth_colour(rng: np.random.Generator) -> Floats:
    """(3,) BGR 0..1 as clothes are worn: mostly dark, grey, blue, beige or white, sometimes loud."""
    pick = rng.random()
    if pick < 0.30:
        level = rng.uniform(0.05, 0.22)
        return np.clip(level + rng.normal(0, 0.012, 3), 0.02, 1)
    if pick < 0.45:
        level = rng.uniform(0.3, 0.6)
        return np.clip(level + rng.normal(0, 0.015, 3), 0, 1)
    if pick < 0.58:
        return np.clip(rng.uniform(0.78, 0.95) + rng.normal(0, 0.02, 3), 0, 1)
    if pick < 0.75:
        r, g, b = colorsys.hsv_to_rgb(rng.normal(0.61, 0.03) % 1, rng.uniform(0.3, 0.75), rng.uniform(0.15, 0.6))
    elif pick < 0.85:
        r, g, b = colorsys.hsv_to_rgb(rng.normal(0.09, 0.02) % 1, rng.uniform(0.2, 0.5), rng.uniform(0.35, 0.85))
    else:
        r, g, b = colorsys.hsv_to_rgb(rng.random(), rng.uniform(0.45, 0.95), rng.uniform(0.35, 0.9))
    return np.array([b, g, r])


def paint(  # noqa: D417
    colour: Floats,
    *,
    second: Floats | None = None,
    pattern: int = PLAIN,
    scale: float = 1.0,
    cut: float = 2.0,
    beyond: Floats | None = None,
    phase: float = 0.0,
    folds: float = 0.0,
) -> Floats:
    """(16,) a paint.

    Args:
        cut: share of the length beyond which the colour is ``beyond``; more than 1 for never.
        folds: depth of the cloth's folds, 0.1 for thin, 0.3 for heavy.
    """
    out = np.zeros(PAINT_COLUMNS)
    out[COLOUR] = colour
    out[SECOND] = colour if second is None else second
    out[PATTERN], out[SCALE], out[CUT], out[PHASE], out[FOLDS] = pattern, scale, cut, phase, folds
    out[BEYOND] = colour if beyond is None else beyond
    return out


def _pattern(rng: np.random.Generator, colour: Floats) -> Floats:
    kind = int(
        rng.choice([PLAIN, HOOPS, PINSTRIPES, PLAID, DOTS, LOGO, HEATHER], p=[0.5, 0.09, 0.06, 0.09, 0.07, 0.11, 0.08])
    )
    scale = {HOOPS: rng.uniform(50, 160), PINSTRIPES: rng.uniform(120, 260), PLAID: rng.uniform(50, 110)}.get(
        kind, rng.uniform(35, 90)
    )
    second = np.clip(colour * rng.uniform(0.6, 0.8), 0, 1) if kind == HEATHER else cloth_colour(rng)
    return paint(
        colour, second=second, pattern=kind, scale=scale, phase=rng.uniform(0, 6.3), folds=rng.uniform(0.12, 0.3)
    )


def random_look(
    rng: np.random.Generator, *, child: bool = False, pushchair: bool = False, uniform: Floats | None = None
) -> Looks:
    """A () record of LOOK.

    Args:
        rng: where chance comes from.
        child: a child of four to ten years.
        pushchair: pushes one.
        uniform: (3,) BGR colour of a shop's staff shirt, or None for own clothes.
    """
    look = np.zeros((), LOOK)
    feminine = bool(rng.random() < 0.5)
    height = rng.uniform(1.02, 1.4) if child else rng.normal(1.65 if feminine else 1.77, 0.065)
    look["height"] = float(np.clip(height, 1.0, 1.98))
    look["girth"] = float(np.clip(rng.lognormal(0.0, 0.13), 0.82, 1.5))
    look["shoulders"] = rng.normal(0.95 if feminine else 1.06, 0.04)
    look["hips"] = rng.normal(1.06 if feminine else 0.97, 0.04)
    look["head"] = 1.0 if not child else 1.32 - 0.25 * (float(look["height"]) - 1.0)
    look["stride"] = rng.normal(1.0, 0.06)
    _head(rng, look, feminine=feminine)
    _clothes(rng, look, feminine=feminine, uniform=uniform)
    look["bag"] = paint(cloth_colour(rng), folds=0.1, phase=rng.uniform(0, 6))
    if not child and uniform is None:
        carries = rng.random()
        if carries < (0.4 if feminine else 0.08):
            look["handbag"] = rng.uniform(0.8, 1.2)
        elif carries < 0.55:
            look["backpack"] = rng.uniform(0.8, 1.15) * (rng.random() < 0.6)
        if rng.random() < 0.3:
            look["shopping_bag"] = rng.uniform(0.7, 1.2)
    look["pushchair"] = float(pushchair)
    return look


def _head(rng: np.random.Generator, look: Looks, *, feminine: bool) -> None:
    skin = _bgr(SKINS_RGB[int(rng.integers(len(SKINS_RGB)))]) * rng.uniform(0.92, 1.05)
    hair = _bgr(HAIRS_RGB[int(rng.choice(len(HAIRS_RGB), p=HAIR_WEIGHTS))]) * rng.uniform(0.85, 1.15)
    bald = not feminine and rng.random() < 0.12
    hairline = 0.95 if bald else rng.uniform(0.42, 0.62)
    face = paint(skin, second=skin * 0.95 if bald else hair, pattern=HEAD, scale=hairline)
    face[CUT] = 0.0 if feminine or rng.random() < 0.6 else rng.uniform(0.3, 0.8)
    face[PHASE] = float(rng.random() < 0.2)
    look["face"] = face
    look["skin"] = paint(skin)
    look["hair"] = paint(hair, folds=0.25, phase=rng.uniform(0, 6))
    if not bald:
        look["hair_volume"] = rng.uniform(0.98, 1.12)
        if feminine:
            look["hair_length"] = float(rng.choice([0.0, 0.12, 0.22, 0.32], p=[0.2, 0.25, 0.35, 0.2]))
    look["cap"] = float(rng.random() < 0.06)
    if look["cap"] > 0:
        look["hair"] = look["hair"] if rng.random() < 0.3 else paint(cloth_colour(rng))


def _clothes(rng: np.random.Generator, look: Looks, *, feminine: bool, uniform: Floats | None) -> None:
    skin = look["skin"][COLOUR]
    colour = cloth_colour(rng) if uniform is None else uniform
    top = _pattern(rng, colour) if uniform is None else paint(colour, folds=0.15)
    kind = (
        "shirt"
        if uniform is not None
        else str(rng.choice(["shirt", "jacket", "coat", "hoodie"], p=[0.5, 0.22, 0.13, 0.15]))
    )
    short = kind == "shirt" and rng.random() < 0.55
    if kind in ("jacket", "coat"):
        top = paint(
            colour, second=cloth_colour(rng), pattern=FRONT_OPEN if rng.random() < 0.6 else PLAIN,
            scale=rng.uniform(0.6, 1.3), folds=0.25, phase=rng.uniform(0, 6),
        )  # fmt: skip
    look["loose_top"] = {"shirt": 1.0, "jacket": 1.08, "coat": 1.1, "hoodie": 1.12}[kind] * rng.uniform(0.97, 1.05)
    look["hood"] = float(kind == "hoodie")
    look["top"] = top
    sleeve, forearm = top.copy(), top.copy()
    if top[PATTERN] in (LOGO, FRONT_OPEN):
        sleeve[PATTERN] = forearm[PATTERN] = PLAIN
    if short:
        sleeve[CUT], sleeve[BEYOND] = rng.uniform(0.4, 0.95), skin
        forearm = paint(skin)
    elif rng.random() < 0.2:
        forearm[CUT], forearm[BEYOND] = rng.uniform(0.2, 0.7), skin
    look["sleeve"], look["forearm"] = sleeve, forearm
    legs = rng.random()
    denim = np.array([rng.uniform(0.25, 0.55), rng.uniform(0.16, 0.36), rng.uniform(0.1, 0.26)])
    cloth = denim if legs < 0.4 else cloth_colour(rng) * rng.uniform(0.5, 1.0)
    thigh = paint(
        cloth, second=cloth * 1.25, pattern=HEATHER if legs < 0.4 else PLAIN, folds=0.22, phase=rng.uniform(0, 6)
    )
    shin = thigh.copy()
    look["loose_legs"] = rng.uniform(0.95, 1.3)
    look["skirt"] = top if rng.random() < 0.5 else paint(cloth, folds=0.25, phase=rng.uniform(0, 6))
    if feminine and rng.random() < 0.25 and uniform is None:
        look["skirt_length"] = rng.uniform(0.35, 0.8)
        look["skirt_width"] = rng.uniform(0.16, 0.24)
        look["loose_legs"] = 0.92
        if rng.random() < 0.6:
            thigh = shin = paint(skin * (1.0 if rng.random() < 0.6 else 0.2))
    elif kind == "coat":
        look["skirt_length"] = rng.uniform(0.25, 0.6)
        look["skirt_width"] = rng.uniform(0.15, 0.19)
        look["skirt"] = top
    elif short and rng.random() < 0.2:
        thigh[CUT], thigh[BEYOND] = rng.uniform(0.5, 1.0), skin
        shin = paint(skin)
        look["loose_legs"] = 1.05
    look["thigh"], look["shin"] = thigh, shin
    look["shoe"] = paint(cloth_colour(rng) if rng.random() < 0.5 else np.full(3, rng.uniform(0.04, 0.2)))
