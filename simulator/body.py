"""People as round cones: a walking, standing, sitting or pushing body, feet on the floor.

Segment lengths are shares of body height after Drillis and Contini (1966), as Winter gives them in "Biomechanics and
Motor Control of Human Movement", figure 4.1; the gait's angles are sines fitted by eye to Winter's curves
of hip and knee.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from simulator.looks import Looks, paint
from simulator.shapes import ShapeBuilder, Shapes

Floats = NDArray[np.float64]

Trunk = Callable[[Floats | float, Floats | float, Floats | float], Floats]
"""A point of the upper body, leaned, from metres of the reference body ahead, left and above the hip."""
WALK, PHONE, CARRY, REACH, POCKETS, PUSH, SIT = range(7)
"""Poses; legs walk in all of them but SIT as far as the speed says."""
ARMS = np.array(
    [  # left and right: shoulder forward, away from the body, elbow, forearm inward (radians); NaN swings with the gait
        [[np.nan, 0.10, 0.25, 0.0], [np.nan, 0.10, 0.25, 0.0]],
        [[np.nan, 0.10, 0.25, 0.0], [0.35, 0.12, 2.0, 0.35]],
        [[np.nan, 0.10, 0.25, 0.0], [0.05, 0.14, 0.12, 0.0]],
        [[np.nan, 0.10, 0.25, 0.0], [1.05, 0.15, 0.45, 0.1]],
        [[-0.15, 0.28, 0.75, 0.25], [-0.15, 0.28, 0.75, 0.25]],
        [[0.55, 0.10, 0.70, 0.0], [0.55, 0.10, 0.70, 0.0]],
        [[0.45, 0.15, 1.05, 0.25], [0.45, 0.15, 1.05, 0.25]],
    ]
)
LEAN = np.array([0.04, 0.06, 0.04, 0.14, 0.02, 0.12, 0.08])
"""Forward lean of the trunk by pose, radians."""
STEP_PER_HEIGHT = 0.43
"""Step length at a comfortable 1.3 m/s as a share of body height."""
COMFORTABLE_M_S = 1.3
REFERENCE_M = 1.7
"""Height of the body that the plain lengths below describe."""
RUBBER = paint(np.array([0.07, 0.07, 0.07]))
STEEL = paint(np.array([0.5, 0.5, 0.5]))


def step_length_m(height_m: Floats | float, speed_m_s: Floats | float) -> Floats:
    """(P,) step length; short at low speed, growing with its square root."""
    relative = np.maximum(speed_m_s, 0.15) / COMFORTABLE_M_S
    return np.asarray(STEP_PER_HEIGHT * height_m * np.sqrt(np.minimum(relative, 1.6)), np.float64)


def body_shapes(  # noqa: PLR0917 - one argument a quantity
    looks: Looks,
    xy_m: Floats,
    heading: Floats,
    speed_m_s: Floats,
    phase: Floats,
    pose: NDArray[np.int64],
    gaze: Floats,
    sitting: Floats,
) -> Shapes:
    """Round cones of P people.

    Args:
        looks: (P,) records of LOOK.
        xy_m: (P, 2) metres.
        heading: (P,) radians, 0 along x.
        speed_m_s: (P,).
        phase: (P,) gait phase, radians: the left heel strikes at 0, the right one at pi.
        pose: (P,) WALK and so on.
        gaze: (P,) turn of the head relative to the body, radians.
        sitting: (P,) from 0, standing, to 1, seated.
    """
    build = ShapeBuilder(len(looks))
    size = looks["height"] / REFERENCE_M
    girth = size * looks["girth"]
    step = step_length_m(looks["height"], speed_m_s)
    effort = np.clip(speed_m_s / 0.6, 0.0, 1.0)
    swing = np.arcsin(np.clip(0.42 * step / (0.53 * looks["height"]), 0, 0.6)) * effort
    sits = sitting
    legs = [
        _leg(build, looks, size, swing, effort, phase + turn, sits, side) for side, turn in ((1.0, 0.0), (-1.0, np.pi))
    ]
    lowest = np.minimum(legs[0]["low"], legs[1]["low"])
    hip = build.vector(0.0, 0.0, -lowest)
    for leg in legs:
        _add_leg(build, looks, size, girth, hip, leg)
    lean = LEAN[pose]
    tilt = (np.sin(lean), np.cos(lean))

    def trunk(x: Floats | float, y: Floats | float, z: Floats | float) -> Floats:
        """A point of the upper body, leaned; metres of the reference body above the hip."""
        ahead, up = size * x, size * z
        return hip + build.vector(ahead * tilt[1] + up * tilt[0], size * y, up * tilt[1] - ahead * tilt[0])

    _add_trunk(build, looks, size, girth, trunk)
    _add_head(build, looks, size, trunk, gaze)
    hands = [
        _add_arm(build, looks, size, trunk, ARMS[pose, i], swing, phase + i * np.pi, side)
        for i, side in enumerate((1.0, -1.0))
    ]
    _add_things(build, looks, trunk, hands[1])
    return build.build(xy_m, heading)


def _leg(  # noqa: PLR0917 - one argument a quantity
    build: ShapeBuilder, looks: Looks, size: Floats, swing: Floats, effort: Floats, phase: Floats,
    sits: Floats, side: float,
) -> dict[str, Floats]:  # fmt: skip
    """Joints of one leg below a hip at height 0, and the height of its lowest point."""
    hip_angle = sits * 1.45 + (1 - sits) * (swing * np.cos(phase) + 0.02)
    knee = 0.06 + effort * (0.78 * np.maximum(0.0, -np.sin(phase + 0.5)) ** 1.3 + 0.16 * np.maximum(0.0, np.sin(phase)))
    knee = sits * 1.42 + (1 - sits) * knee
    shank_angle = hip_angle - knee
    top = build.vector(0.0, side * 0.075 * size * looks["hips"], 0.0)
    splay = side * 0.12 * sits
    thigh = build.vector(np.sin(hip_angle), splay, -np.cos(hip_angle)) * (0.245 * looks["height"])[:, None]
    shank = build.vector(np.sin(shank_angle), 0.0, -np.cos(shank_angle)) * (0.246 * looks["height"])[:, None]
    knee_at, ankle = top + thigh, top + thigh + shank
    pitch = np.clip(0.75 * shank_angle, -0.95, 0.25) * (1.0 - sits)
    heel = ankle + build.vector(-0.035 * np.cos(pitch), 0.0, -0.035) * size[:, None]
    toe = heel + build.vector(np.cos(pitch), side * 0.15, np.sin(pitch)) * (0.185 * size)[:, None]
    low = np.minimum(heel[:, 2] - 0.042 * size, toe[:, 2] - 0.033 * size)
    return {"top": top, "knee": knee_at, "ankle": ankle, "heel": heel, "toe": toe, "low": low}


def _add_leg(  # noqa: PLR0917 - one argument a quantity
    build: ShapeBuilder, looks: Looks, size: Floats, girth: Floats, hip: Floats, leg: dict[str, Floats]
) -> None:
    loose = looks["loose_legs"]
    wide = 0.5 * (girth + size)
    build.add(
        leg["top"] + hip,
        leg["knee"] + hip,
        (0.092 * wide * np.minimum(loose, 1.1), 0.063 * wide * loose),
        looks["thigh"],
    )
    build.add(leg["knee"] + hip, leg["ankle"] + hip, (0.06 * wide * loose, 0.045 * size * loose), looks["shin"])
    build.add(
        leg["heel"] + hip,
        leg["toe"] + hip,
        (0.042 * size, 0.033 * size),
        looks["shoe"],
        axis=(0.0, 1.0, 0.0),
        flat=0.95,
    )


def _add_trunk(build: ShapeBuilder, looks: Looks, size: Floats, girth: Floats, trunk: Trunk) -> None:
    at = trunk
    loose, hips, shoulders = looks["loose_top"], looks["hips"], looks["shoulders"]
    build.add(
        at(0.0, -0.055 * hips, 0.03),
        at(0.0, 0.055 * hips, 0.03),
        (0.112 * girth, 0.112 * girth),
        looks["thigh"],
        flat=1.15,
    )
    build.add(
        at(0.012, 0.0, 0.06),
        at(0.0, 0.0, 0.24),
        (0.148 * girth * hips * loose, 0.135 * girth * loose),
        looks["top"],
        flat=1.35,
    )
    build.add(
        at(0.0, 0.0, 0.20),
        at(-0.005, 0.0, 0.40),
        (0.138 * girth * loose, 0.155 * shoulders * loose * size),
        looks["top"],
        flat=1.42,
    )
    reach = 0.125 * shoulders
    build.add(
        at(-0.01, -reach, 0.455),
        at(-0.01, reach, 0.455),
        (0.066 * size * loose, 0.066 * size * loose),
        looks["top"],
        flat=1.1,
    )
    # the slope from neck to shoulder
    build.add(
        at(-0.015, 0.0, 0.44), at(-0.01, 0.0, 0.53), (0.115 * size * shoulders, 0.055 * size), looks["top"], flat=1.3
    )
    length, width = looks["skirt_length"], looks["skirt_width"]
    worn = length > 0
    build.add(
        at(0.0, 0.0, 0.10), at(0.01, 0.0, 0.08 - length),
        (np.where(worn, 0.14 * girth, 0.0), np.where(worn, width * (0.7 * size + 0.3 * girth), 0.0)),
        looks["skirt"], flat=1.2,
    )  # fmt: skip


def _add_head(build: ShapeBuilder, looks: Looks, size: Floats, trunk: Trunk, gaze: Floats) -> None:
    at = trunk
    big = size * looks["head"]
    build.add(at(-0.01, 0.0, 0.47), at(0.01, 0.0, 0.60), (0.056 * size, 0.05 * size), looks["skin"])
    look_at = build.vector(np.cos(gaze), np.sin(gaze), 0.0)
    aside = build.vector(-np.sin(gaze), np.cos(gaze), 0.0)
    centre = at(0.02, 0.0, 0.685) + build.vector(0.0, 0.0, 0.09 * (big - size))
    up = build.vector(0.0, 0.0, 1.0)
    chin, crown = centre + (0.016 * look_at - 0.055 * up) * big[:, None], centre + 0.03 * up * big[:, None]
    build.add(chin, crown, (0.066 * big, 0.094 * big), looks["face"], axis=aside, flat=1.2, front=look_at)
    volume = looks["hair_volume"]
    back = centre + (0.045 * up - 0.022 * look_at) * big[:, None]
    low = centre + (-0.02 * up - 0.034 * look_at) * big[:, None]
    build.add(
        low, back, (0.082 * big * volume, 0.094 * big * volume), looks["hair"], axis=aside, flat=1.14, front=look_at
    )
    length = looks["hair_length"]
    long = length > 0
    tip = centre - (0.06 * look_at + up * (0.05 + length)[:, None]) * big[:, None]
    build.add(
        back - 0.02 * look_at * big[:, None], tip,
        (np.where(long, 0.088 * big, 0.0), np.where(long, 0.07 * big, 0.0)), looks["hair"],
        axis=look_at, flat=1.25, front=look_at,
    )  # fmt: skip
    capped = looks["cap"] > 0
    peak = centre + (0.06 * up + 0.10 * look_at) * big[:, None]
    build.add(
        centre + 0.055 * up * big[:, None], peak,
        (np.where(capped, 0.1 * big, 0.0), np.where(capped, 0.05 * big, 0.0)), looks["hair"],
        axis=(0.0, 0.0, 1.0), flat=1.35,
    )  # fmt: skip
    hood = looks["hood"] > 0
    build.add(at(-0.075, -0.06, 0.5), at(-0.075, 0.06, 0.5), (np.where(hood, 0.06 * size, 0.0),) * 2, looks["sleeve"])


def _add_arm(  # noqa: PLR0917 - one argument a quantity
    build: ShapeBuilder,
    looks: Looks,
    size: Floats,
    trunk: Trunk,
    held: Floats,
    swing: Floats,
    phase: Floats,
    side: float,
) -> Floats:
    at = trunk
    swings = np.isnan(held[:, 0])
    shoulder = np.where(swings, -0.75 * swing * np.cos(phase) - 0.02, held[:, 0])
    bend = np.where(swings, 0.22 + 0.5 * swing * (1 - np.cos(phase)), held[:, 2])
    out, inward = held[:, 1], held[:, 3]
    joint = at(-0.01, side * (0.155 * looks["shoulders"] + 0.02 * (looks["girth"] - 1)), 0.445)
    upper = build.vector(np.sin(shoulder) * np.cos(out), side * np.sin(out), -np.cos(shoulder) * np.cos(out))
    elbow = joint + upper * (0.172 * looks["height"])[:, None]
    angle = shoulder + bend
    lower = build.vector(np.sin(angle), side * (0.25 * np.sin(out) - inward), -np.cos(angle))
    lower /= np.linalg.norm(lower, axis=1)[:, None]
    wrist = elbow + lower * (0.145 * looks["height"])[:, None]
    hand = wrist + lower * (0.075 * size)[:, None]
    loose, wide = looks["loose_top"], 0.5 * (looks["girth"] * size + size)
    build.add(joint, elbow, (0.056 * wide * loose, 0.045 * wide * loose), looks["sleeve"])
    build.add(elbow, wrist, (0.043 * wide * loose, 0.032 * size * loose), looks["forearm"])
    build.add(wrist, hand, (0.03 * size, 0.034 * size), looks["skin"], axis=(0.0, 1.0, 0.0), flat=1.5)
    return hand


def _add_things(build: ShapeBuilder, looks: Looks, trunk: Trunk, hand: Floats) -> None:
    at = trunk
    aside = (0.0, 1.0, 0.0)

    def thing(a: Floats, b: Floats, radius: tuple[float, float], has: Floats, paints: Floats, flat: float = 1.0,  # noqa: PLR0917 - one argument a quantity
              axis: tuple[float, float, float] = aside) -> None:  # fmt: skip
        build.add(a, b, (radius[0] * has, radius[1] * has), paints, axis=axis, flat=flat, is_body=False)

    bag, shop = looks["handbag"], looks["shopping_bag"]
    thing(at(-0.05, 0.24, -0.02), at(0.07, 0.24, -0.02), (0.11, 0.11), bag, looks["bag"], 2.4)
    thing(at(0.02, 0.2, 0.08), at(0.0, 0.14, 0.46), (0.012, 0.012), bag, looks["bag"])
    drop = build.vector(0.0, 0.0, 1.0)
    thing(hand - 0.16 * drop, hand - 0.32 * drop, (0.13, 0.16), shop, looks["bag"], 2.6)
    thing(hand, hand - 0.12 * drop, (0.012, 0.02), shop, looks["bag"])
    pack = looks["backpack"]
    thing(at(-0.19, 0.0, 0.16), at(-0.18, 0.0, 0.40), (0.15, 0.13), pack, looks["bag"], 1.5, (1.0, 0.0, 0.0))
    chair = looks["pushchair"]
    zero = build.vector(0.0, 0.0, 0.0)

    def spot(x: float, y: float, z: float) -> Floats:
        return np.asarray(zero + np.array([x, y, z]), np.float64)

    thing(spot(0.62, 0, 0.42), spot(0.98, 0, 0.36), (0.19, 0.13), chair, looks["bag"])
    thing(spot(0.60, 0, 0.50), spot(0.55, 0, 0.82), (0.17, 0.16), chair, looks["bag"], 1.1)
    thing(spot(0.66, 0, 0.80), spot(0.70, 0, 0.88), (0.19, 0.15), chair, looks["bag"], 0.95)
    thing(spot(0.40, -0.22, 1.0), spot(0.40, 0.22, 1.0), (0.018, 0.018), chair, RUBBER)
    for side in (-0.24, 0.24):
        thing(spot(0.40, side, 1.0), spot(1.0, side, 0.22), (0.016, 0.016), chair, STEEL)
        thing(spot(0.95, side, 0.55), spot(0.48, side, 0.18), (0.014, 0.014), chair, STEEL)
        thing(spot(1.02, side, 0.10), spot(1.02, side, 0.10), (0.10, 0.10), chair, RUBBER, 4.0)
        thing(spot(0.46, side, 0.13), spot(0.46, side, 0.13), (0.13, 0.13), chair, RUBBER, 4.0)
