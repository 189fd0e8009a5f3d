"""Random rooms, cameras, light and crowds with true boxes: what a detector is trained on beside photographs."""

from __future__ import annotations

import math
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera
from simulator.body import CARRY, PHONE, POCKETS, PUSH, REACH, SIT, WALK
from simulator.installer import hang_camera
from simulator.looks import LOOK, cloth_colour, random_look
from simulator.portraits import portrait
from simulator.render import Renderer, Sensor, Shot
from simulator.state import PeopleState
from simulator.still import Still, StillBuilder
from simulator.textures import FLOORS, WALLS

Floats = NDArray[np.float64]
POSE_WEIGHTS = {WALK: 0.55, PHONE: 0.1, CARRY: 0.1, REACH: 0.07, POCKETS: 0.08, SIT: 0.1}
PERSONAL_SPACE_M = 0.42
"""Nearest that two people are put to each other."""
DINING_ROOMS = 0.4
"""Usual share of rooms with tables and chairs all over."""


def random_shots(
    seed: int,
    frames: int,
    size: tuple[int, int] = (640, 360),
    oversample: int = 1,
    dining: float = DINING_ROOMS,
    *,
    seen_only: bool = False,
) -> Iterator[Shot]:
    """Pictures of one random room under one random camera, the people new in every one.

    Args:
        seed: decides everything.
        frames: how many pictures; a new room costs about half a second, a picture about a hundredth.
        size: width and height, pixels.
        oversample: rays along each side of a pixel of the still scene.
        dining: probability of tables and chairs all over the room, as food courts have.
        seen_only: boxes are of what is seen of people, not of whole bodies.
    """
    rng = np.random.default_rng(seed)
    room = (rng.uniform(6, 16), rng.uniform(6, 14))
    camera = random_camera(rng, room, size)
    still, outlines, seats = random_room(rng, room, float(camera.centre_m[2]) + rng.uniform(0.2, 2.0), dining)
    renderer = Renderer(still, camera, random_sensor(rng), seed, oversample)
    for index in range(frames):
        yield renderer.shoot(random_people(rng, room, outlines, float(index), seats=seats), seen_only=seen_only)


def random_sensor(rng: np.random.Generator) -> Sensor:
    """A sensor between clean and bad."""
    warm = rng.normal(0, 0.05)
    return Sensor(
        gain=rng.lognormal(0.0, 0.28),
        white=(1.0 - warm, 1.0, 1.0 + warm),
        vignette=rng.uniform(0, 0.45),
        noise=rng.uniform(0.3, 5.0),
        blur_px=rng.uniform(0.3, 1.1),
        jpeg=int(rng.integers(35, 90)) if rng.random() < 0.7 else 0,
    )


def random_camera(rng: np.random.Generator, room: tuple[float, float], size: tuple[int, int]) -> Camera:
    """A camera near a wall or corner, or in mid room, 2.2 to 6 m up, looking across the room or steeply down."""
    height = rng.uniform(2.2, 4.2) if rng.random() < 0.75 else rng.uniform(4.2, 6.0)
    corner = rng.random()
    x = 0.35 if corner < 0.7 else rng.uniform(0.4, room[0] - 0.4)
    y = 0.35 if corner < 0.4 or corner > 0.7 else rng.uniform(0.4, room[1] - 0.4)
    reach = rng.uniform(1.5, 8.0)
    target = np.array([rng.uniform(0.25, 0.75) * room[0], rng.uniform(0.35, 0.85) * room[1]])
    ahead = target - (x, y)
    ahead *= reach / max(0.5, float(np.hypot(*ahead)))
    barrel = rng.uniform(-0.2, 0.02)
    return hang_camera(
        "random",
        (x, y, height),
        (x + float(ahead[0]), y + float(ahead[1]), rng.uniform(0.0, 1.2)),
        rng.uniform(50, 105),
        size,
        (barrel, 0.6 * barrel * barrel, 0.0, 0.0, 0.0),  # more than 0.45 k1^2: the lens never folds
        rng.normal(0, 1.5),
    )


def random_room(
    rng: np.random.Generator, room: tuple[float, float], high: float, dining: float = DINING_ROOMS
) -> tuple[Still, list[Floats], Floats]:
    """A furnished room of (width, depth) metres, ``high`` to its ceiling.

    Returns:
        The room, the footprints (V, 2) of its things, and its chairs (S, 3): x, y in metres and heading.
    """
    build = StillBuilder(rng)
    width, depth = room
    tone = np.clip(rng.uniform(0.25, 0.9) + rng.normal(0, 0.025, 3), 0.1, 0.95)
    floor = build.texture(str(rng.choice(FLOORS)), tone if rng.random() < 0.7 else cloth_colour(rng) * 0.5 + 0.3)
    build.floor((0, 0), room, floor, rng.uniform(0.6, 3.0), float(rng.choice([0.0, 0.1, 0.25])))
    corners = [(0.0, 0.0), (width, 0.0), (width, depth), (0.0, depth)]
    for i in range(4):
        kind, colour = str(rng.choice(WALLS)), np.clip(rng.uniform(0.4, 0.95) + rng.normal(0, 0.03, 3), 0.1, 0.98)
        build.wall(corners[i], corners[(i + 1) % 4], high, build.texture(kind, colour), rng.uniform(1.5, 3.0))
    for _ in range(int(rng.integers(2, 7))):
        build.lamp(
            rng.uniform(0, width),
            rng.uniform(0, depth),
            0.97 * high,
            rng.uniform(0.8, 3.0),
            rng.uniform(0.1, 1.0),
        )
    build.floor((0, 0), room, build.texture("plain", np.full(3, rng.uniform(0.3, 0.95))), 2.0, 0.0, high)
    _hang_pictures(build, rng, corners, high)
    seats = _set_tables(build, rng, room) if rng.random() < dining else []
    for _ in range(int(rng.integers(0, 4) if seats else rng.integers(2, 12))):
        _furnish(build, rng, (rng.uniform(0.8, width - 0.6), rng.uniform(0.8, depth - 0.6)))
    still = build.build(rng.uniform(0.3, 0.75))
    return still, list(still.obstacles_m), np.array(seats, np.float64).reshape(-1, 3)


def _set_tables(
    build: StillBuilder, rng: np.random.Generator, room: tuple[float, float]
) -> list[tuple[float, float, float]]:
    """Tables with chairs about them, as food courts have; says where the chairs are and what they face."""
    pitch, turn = rng.uniform(1.8, 3.0, 2), rng.uniform(0, math.pi)
    colours = [cloth_colour(rng) for _ in range(int(rng.integers(1, 4)))]
    top = build.texture(str(rng.choice(["wood", "plain"])), np.clip(rng.uniform(0.1, 1) + rng.normal(0, 0.1, 3), 0, 1))
    chairs = []
    for x in np.arange(1.2, room[0] - 1.0, pitch[0]):
        for y in np.arange(1.2, room[1] - 1.0, pitch[1]):
            if rng.random() < 0.2:
                continue
            centre = np.array([x, y]) + rng.normal(0, 0.12, 2)
            heading, size = turn + rng.normal(0, 0.15), (rng.uniform(0.6, 1.3), rng.uniform(0.6, 0.9))
            build.table((centre[0], centre[1]), heading, size, rng.uniform(0.68, 0.78), top)
            for side in range(4):
                if rng.random() < (0.15, 0.55)[side % 2]:
                    continue
                angle = heading + side * math.pi / 2 + rng.normal(0, 0.12)
                away = size[side % 2] / 2 + rng.uniform(0.12, 0.45)
                at = centre + away * np.array([math.cos(angle), math.sin(angle)])
                facing = angle + math.pi + rng.normal(0, 0.35)
                build.chair((at[0], at[1]), facing, colours[int(rng.integers(len(colours)))])
                chairs.append((float(at[0]), float(at[1]), float(facing)))
    return chairs


def _hang_pictures(
    build: StillBuilder, rng: np.random.Generator, corners: list[tuple[float, float]], high: float
) -> None:
    for _ in range(int(rng.integers(0, 8))):
        side = int(rng.integers(4))
        start, end = np.array(corners[side]), np.array(corners[(side + 1) % 4])
        along = (end - start) / np.linalg.norm(end - start)
        inward = np.array([-along[1], along[0]])
        wide, tall = rng.uniform(0.5, 1.6), rng.uniform(0.7, 2.0)
        at = start + along * rng.uniform(0.1, 0.75) * np.linalg.norm(end - start) + 0.03 * inward
        top = min(high - 0.1, rng.uniform(1.7, 2.9))
        shown = rng.random()
        if shown < 0.4:
            texture = build.picture(portrait(rng))
        else:
            texture = build.texture("poster" if shown < 0.8 else "sign", cloth_colour(rng))
        at = at + along * wide  # seen from inside, a wall that runs counter-clockwise reads from its end
        build.quad(
            (at[0], at[1], top),
            (-along[0] * wide, -along[1] * wide, 0),
            (0, 0, -tall),
            texture,
            glow=rng.uniform(0, 0.3),
        )


def _furnish(build: StillBuilder, rng: np.random.Generator, at: tuple[float, float]) -> None:
    kind, heading = rng.random(), rng.uniform(0, math.pi)
    if kind < 0.25:
        build.rack(at, heading, rng.uniform(0.8, 2.2))
    elif kind < 0.45:
        build.mannequin(at, rng.uniform(0, 2 * math.pi), plinth=bool(rng.random() < 0.6))
    elif kind < 0.6:
        build.plant(at, rng.uniform(0.8, 1.9))
    elif kind < 0.68:
        build.chair(at, rng.uniform(0, 2 * math.pi), cloth_colour(rng))
    elif kind < 0.77:
        build.table(at, heading, (rng.uniform(0.6, 1.4), rng.uniform(0.6, 0.9)), rng.uniform(0.6, 1.1))
    else:
        texture = build.texture(str(rng.choice(["plain", "shelves", "wood", "clothes"])), cloth_colour(rng) * 0.7 + 0.2)
        build.box(at, (rng.uniform(0.5, 2.5), rng.uniform(0.4, 1.0), rng.uniform(0.5, 2.1)), heading, texture)


def random_people(  # noqa: PLR0917 - what a room is, and when
    rng: np.random.Generator,
    room: tuple[float, float],
    outlines: list[Floats],
    time_s: float,
    most: int = 25,
    seats: Floats | None = None,
) -> PeopleState:
    """Some people (none to ``most``, alone and in groups) where there is room for them, and on some of the seats.

    Seats are (S, 3): x, y in metres and heading.
    """
    wanted = 0 if rng.random() < 0.06 else int(np.clip(rng.gamma(1.6, 0.18 * most), 1, most))
    places: list[Floats] = []
    facing: list[float] = []
    tries = 0
    while len(places) < wanted and tries < 40 * wanted:
        tries += 1
        centre, heading = rng.uniform((0.4, 0.4), (room[0] - 0.3, room[1] - 0.3)), rng.uniform(0, 2 * math.pi)
        members = 1 if rng.random() < 0.6 else int(rng.integers(2, 5))
        for _ in range(members):
            spot = centre + (rng.normal(0, 0.6, 2) if members > 1 else 0.0)
            if _is_free(spot, room, outlines, places):
                places.append(spot)
                facing.append(heading + rng.normal(0, 0.5))
    standing = len(places)
    if seats is not None and len(seats):
        taken = seats[rng.random(len(seats)) < rng.uniform(0, 0.7)]
        places += list(taken[:, :2])
        facing += taken[:, 2].tolist()
    count = len(places)
    looks = np.zeros(count, LOOK)
    pose = np.array(rng.choice(list(POSE_WEIGHTS), count, p=list(POSE_WEIGHTS.values())), np.int64).reshape(count)
    for i in range(count):
        pushes = bool(rng.random() < 0.05)
        looks[i] = random_look(rng, child=bool(rng.random() < 0.1), pushchair=pushes)
        if pushes:
            pose[i] = PUSH
    pose[standing:] = SIT
    speed = np.where(rng.random(count) < 0.35, 0.0, rng.uniform(0.3, 1.7, count))
    return PeopleState(
        time_s, np.arange(count), np.array(places).reshape(-1, 2), np.array(facing), speed,
        rng.uniform(0, 2 * math.pi, count), pose, rng.normal(0, 0.45, count), (pose == SIT).astype(np.float64), looks,
    )  # fmt: skip


def _is_free(spot: Floats, room: tuple[float, float], outlines: list[Floats], places: list[Floats]) -> bool:
    if not (0.25 < spot[0] < room[0] - 0.25 and 0.25 < spot[1] < room[1] - 0.25):
        return False
    if any(float(np.hypot(*(spot - other))) < PERSONAL_SPACE_M for other in places):
        return False
    point = (float(spot[0]), float(spot[1]))
    return all(
        cv2.pointPolygonTest(outline.astype(np.float32), point, measureDist=True) < -0.15 for outline in outlines
    )
