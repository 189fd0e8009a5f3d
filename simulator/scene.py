"""``scene.toml``: what the site files do not say of a twin. Materials, light, goods, and how people use the place."""

from __future__ import annotations

import math
import zlib
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from calibration.site import Floor, Site
from contract.errors import BadInputError
from contract.files import read_toml
from simulator.portraits import portrait
from simulator.still import Still, StillBuilder
from simulator.textures import MAKERS, sign

Floats = NDArray[np.float64]
SCENE_SCHEMA = "atrium.scene.v1"
SCENE_FILE = "scene.toml"
GALLERIA = Path(__file__).with_name("malls") / "galleria" / "site.toml"
"""The twin that comes with Atrium: two floors of five cameras each."""
POSTER_GAP_M = 0.02


class Ground(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A floor covering; ``mirror`` is how polished it is, 0..0.3."""

    texture: str
    colour: str
    tile_m: float = 1.0
    mirror: float = 0.0


class Surface(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A wall's covering."""

    texture: str
    colour: str


class Thing(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Something that stands or hangs on a floor; what its sizes mean depends on its kind."""

    kind: Literal[
        "rack", "mannequin", "plant", "table", "stool", "counter", "terminal", "bench", "poster", "sign", "shelf"
    ]
    at: tuple[float, float]
    heading_deg: float = 0.0
    length_m: float = 1.5
    size_m: list[float] = []
    top_m: float = 2.4
    person: bool = False
    word: str = ""


class Door(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Where people come from and go to, out of every camera's sight; an escalator leads to another floor's door."""

    id: str
    at: tuple[float, float]
    kind: Literal["entrance", "escalator"]
    weight: float = 1.0
    leads_to: str = ""


class Spot(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Where somebody stops, facing ``heading_deg``."""

    zone: str
    kind: Literal["browse", "window", "kiosk", "dine", "seat", "rest", "staff"]
    at: tuple[float, float]
    heading_deg: float = 0.0


class FloorScene(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One floor of the twin."""

    ground: Ground
    wall: Surface
    ceiling_m: float = 4.0
    ambient: float = 0.5
    lamps: list[tuple[float, float, float]] = []
    things: list[Thing] = []
    doors: list[Door] = []
    spots: list[Spot] = []
    grounds: dict[str, Ground] = {}
    walls: dict[str, Surface] = {}


class People(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How people use the mall: shares of 0..1, spans of seconds."""

    per_minute: float = 8.0
    member_share: float = 0.2
    group_share: float = 0.3
    child_share: float = 0.08
    pushchair_share: float = 0.05
    upstairs_share: float = 0.2
    browse_s: tuple[float, float] = (15.0, 60.0)
    window_s: tuple[float, float] = (4.0, 12.0)
    dine_s: tuple[float, float] = (20.0, 60.0)
    kiosk_s: tuple[float, float] = (5.0, 9.0)
    escalator_s: float = 14.0
    staff: int = 3


class Scene(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``scene.toml``."""

    schema: str
    people: People
    floors: dict[str, FloorScene]


def load_scene(site: Site) -> Scene:
    """The scene that lies beside the site's ``site.toml``.

    Raises:
        BadInputError: where it is missing, malformed, or names what the site does not have.
    """
    path = site.source.parent / SCENE_FILE
    if not path.is_file():
        raise BadInputError(f"{path}: no such file; a site can only be simulated with a scene beside its site.toml")
    scene = read_toml(path, Scene)
    if scene.schema != SCENE_SCHEMA:
        raise BadInputError(f"{path}: schema is {scene.schema!r}; this version reads {SCENE_SCHEMA!r}")
    doors = {f"{floor}:{door.id}" for floor, own in scene.floors.items() for door in own.doors}
    for name, own in scene.floors.items():
        _check_floor(f"{path}: floor {name}", site.floor(name), own, doors)
    return scene


def _check_floor(source: str, floor: Floor, own: FloorScene, doors: set[str]) -> None:
    for zone in [spot.zone for spot in own.spots] + list(own.grounds):
        if zone not in floor.zones:
            raise BadInputError(f"{source}: zone {zone!r} is not in its geometry; correct the name")
    surfaces: list[Ground | Surface] = [own.ground, own.wall, *own.grounds.values(), *own.walls.values()]
    for surface in surfaces:
        if surface.texture not in MAKERS:
            raise BadInputError(f"{source}: texture {surface.texture!r}; use one of {', '.join(MAKERS)}")
        colour_bgr(surface.colour, source)
    for door in own.doors:
        if door.leads_to and door.leads_to not in doors:
            raise BadInputError(f"{source}: door {door.id} leads to {door.leads_to!r}, which is nowhere")
    if not any(door.kind == "entrance" for door in own.doors):
        raise BadInputError(f"{source}: has no door of kind entrance; add one")


def colour_bgr(text: str, source: str = "colour") -> Floats:
    """(3,) BGR 0..1 of ``#rrggbb``.

    Raises:
        BadInputError: where it is written otherwise.
    """
    try:
        red, green, blue = bytes.fromhex(text.removeprefix("#"))
    except ValueError:
        raise BadInputError(f"{source}: colour {text!r} must be written #rrggbb") from None
    return np.array([blue, green, red]) / 255.0


def floor_still(floor: Floor, scene: FloorScene, seed: int = 0) -> Still:
    """The floor as it stands without people; the same for every camera and every seed of the people."""
    rng = np.random.default_rng([zlib.crc32(floor.id.encode()), seed])
    build = StillBuilder(rng)
    _lay_floors(build, floor, scene)
    for wall in floor.walls:
        surface = scene.walls.get(wall.id, scene.wall)
        texture = build.texture(surface.texture, colour_bgr(surface.colour))
        skirting = build.texture("plain", np.full(3, 0.25))
        for start, end in zip(wall.path_m[:-1].tolist(), wall.path_m[1:].tolist(), strict=True):
            build.wall(tuple(start), tuple(end), 0.1, skirting)
            build.wall(tuple(start), tuple(end), wall.height_m, texture, 2.0, 0.1)
    for thing in scene.things:
        _place(build, rng, thing)
    for x, y, strength in scene.lamps:
        build.lamp(x, y, scene.ceiling_m - 0.05, strength, 0.5)
    return build.build(scene.ambient)


def _lay_floors(build: StillBuilder, floor: Floor, scene: FloorScene) -> None:
    ground = scene.ground
    build.floor(
        (0, 0), floor.size_m, build.texture(ground.texture, colour_bgr(ground.colour)), ground.tile_m, ground.mirror
    )
    build.floor((0, 0), floor.size_m, build.texture("plain", np.full(3, 0.8)), 2.0, 0.0, scene.ceiling_m)
    for name, own in scene.grounds.items():
        ring = floor.zones[name].rings_m[0]
        low, high = ring.min(0), ring.max(0)
        texture = build.texture(own.texture, colour_bgr(own.colour))
        build.floor((low[0], low[1]), (high[0], high[1]), texture, own.tile_m, own.mirror, 0.002)


def _place(build: StillBuilder, rng: np.random.Generator, thing: Thing) -> None:
    heading = math.radians(thing.heading_deg)
    if thing.kind == "rack":
        build.rack(thing.at, heading, thing.length_m)
    elif thing.kind == "mannequin":
        build.mannequin(thing.at, heading)
    elif thing.kind == "plant":
        build.plant(thing.at)
    elif thing.kind == "table":
        long, deep, high = _sizes(thing, 3)
        build.table(thing.at, heading, (long, deep), high)
        build.block_round(thing.at, 0.25)
    elif thing.kind == "stool":
        build.box(
            thing.at, (0.34, 0.34, 0.43), heading, build.texture("plain", np.array([0.2, 0.25, 0.35])), solid=False
        )
    elif thing.kind in ("counter", "bench", "shelf"):
        long, deep, high = _sizes(thing, 3)
        side = build.texture("shelves" if thing.kind == "shelf" else "wood", np.array([0.35, 0.5, 0.62]))
        build.box(thing.at, (long, deep, high), heading, side, build.texture("plain", np.full(3, 0.75)))
    elif thing.kind == "terminal":
        build.box(thing.at, (0.45, 0.3, 1.15), heading + math.pi / 2, build.texture("plain", np.full(3, 0.2)),
                  build.texture("sign", np.array([0.9, 0.7, 0.3])))  # fmt: skip
    else:
        _hang(build, rng, thing, heading)


def _sizes(thing: Thing, count: int) -> list[float]:
    if len(thing.size_m) != count:
        raise BadInputError(f"{SCENE_FILE}: {thing.kind} at {thing.at}: size_m needs {count} lengths in metres")
    return thing.size_m


def _hang(build: StillBuilder, rng: np.random.Generator, thing: Thing, heading: float) -> None:
    """A poster or sign on the wall, facing ``heading``."""
    wide, tall = _sizes(thing, 2)
    facing = np.array([math.cos(heading), math.sin(heading)])
    along = np.array([-facing[1], facing[0]])  # as somebody who looks at it reads
    corner = np.array(thing.at) - along * wide / 2 + facing * POSTER_GAP_M
    if thing.kind == "sign":
        texture = build.picture(sign(rng, np.array([0.12, 0.1, 0.1]), thing.word))
    elif thing.person:
        texture = build.picture(portrait(rng))
    else:
        texture = build.texture("poster", rng.uniform(0.2, 0.9, 3))
    build.quad(
        (corner[0], corner[1], thing.top_m), (along[0] * wide, along[1] * wide, 0), (0, 0, -tall), texture, glow=0.15
    )
