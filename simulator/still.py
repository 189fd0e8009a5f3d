"""What stands still: floor, walls, furniture, goods, mannequins and posters, ready for the ray caster."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.body import WALK, body_shapes
from simulator.looks import Looks, cloth_colour, paint, random_look
from simulator.shapes import ShapeBuilder, Shapes, joined
from simulator.textures import MAKERS, Texture

Floats = NDArray[np.float64]
Point = tuple[float, float]
SKIRTING_M = 0.1
PLAIN_CHAIRS, BACKED_CHAIRS = 0.45, 0.88
"""Chairs drawn below the first are plain, between them upholstered with arms, above the second stools."""
BODY_REACH_M = 1.35
"""No part of a person, pushchair included, is further from where the person stands."""


@dataclass(frozen=True, slots=True, eq=False)
class Still:
    """A still scene.

    Attributes:
        quads: (Q, 12) textured rectangles: a corner in metres, the unit normal, and the edges along the texture's rows
            and columns, each divided by its squared length.
        look: (Q, 5) texture, tiles along u and v, mirror share, own light.
        textures: (T, S, S, 3) uint8 BGR.
        lamps: (L, 5) x, y, z, strength, half size, metres.
        ambient: light from everywhere.
        shapes: rounded things, or None.
        places_m: (S, 2) where each owner in ``shapes`` stands.
        obstacles_m: footprints (V, 2) that nobody walks through.
        screens_m: (W, 5) straight walls from floor up: x, y of both ends, and height.
    """

    quads: Floats
    look: Floats
    textures: Texture
    lamps: Floats
    ambient: float
    shapes: Shapes | None
    places_m: Floats
    obstacles_m: tuple[Floats, ...]
    screens_m: Floats


def key_light(lamps: Floats, ambient: float, at_m: Floats) -> Floats:
    """(P, 5) direction, strength and ambient strength of the light on somebody at (P, 2) metres."""
    if not len(lamps):
        return np.tile([0.0, 0.0, 1.0, 0.3, ambient], (len(at_m), 1))
    to_lamp = np.concatenate(
        [lamps[None, :, :2] - at_m[:, None], np.tile(lamps[None, :, 2:3] - 1.2, (len(at_m), 1, 1))], 2
    )
    square = (to_lamp**2).sum(2)
    gain = lamps[None, :, 3] / (square + 1.0)
    pull = (to_lamp / np.sqrt(square)[..., None] * gain[..., None]).sum(1)
    strength = np.linalg.norm(pull, axis=1)
    return np.column_stack([pull / strength[:, None], strength * 1.15, np.full(len(at_m), ambient * 1.05)])


def hidden_behind(screens_m: Floats, eye_m: Floats, at_m: Floats) -> NDArray[np.bool_]:
    """(P,) who at (P, 2) metres stands wholly behind a single wall, for an eye at (3,) metres that the wall overtops.

    Whoever fits into a disc is hidden by a wall that cuts both lines of sight past its edges: it cuts all between.
    """
    tall = screens_m[screens_m[:, 4] >= eye_m[2]]
    to = at_m - eye_m[:2]
    far = np.linalg.norm(to, axis=1)
    aside = np.stack([-to[:, 1], to[:, 0]], 1) / np.maximum(far, 1e-9)[:, None] * BODY_REACH_M
    # the near side of the disc: the wall must stand before all of it
    near = to * np.maximum(0.0, 1.0 - BODY_REACH_M / np.maximum(far, 1e-9))[:, None]
    cut = np.ones((len(at_m), len(tall)), np.bool_)
    a, b = tall[:, :2] - eye_m[:2], tall[:, 2:4] - eye_m[:2]
    for end in (near + aside, near - aside):
        side_a = end[:, None, 0] * a[None, :, 1] - end[:, None, 1] * a[None, :, 0]
        side_b = end[:, None, 0] * b[None, :, 1] - end[:, None, 1] * b[None, :, 0]
        edge = b - a
        eye_side = edge[None, :, 0] * -a[None, :, 1] - edge[None, :, 1] * -a[None, :, 0]
        end_side = edge[None, :, 0] * (end[:, None, 1] - a[None, :, 1]) - edge[None, :, 1] * (
            end[:, None, 0] - a[None, :, 0]
        )
        cut &= (side_a * side_b < 0) & (eye_side * end_side < 0)
    return np.asarray(cut.any(1) & (far > BODY_REACH_M), np.bool_)


class StillBuilder:
    """Collects what stands still; ``build`` gives the scene."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._quads: list[tuple[Floats, Floats, Floats, Floats]] = []
        self._textures: list[Texture] = []
        self._known: dict[tuple[str, tuple[float, ...]], int] = {}
        self._shapes: list[Shapes] = []
        self._places: list[Point] = []
        self._obstacles: list[Floats] = []
        self._screens: list[tuple[float, float, float, float, float]] = []
        self._lamps: list[tuple[float, float, float, float, float]] = []

    def texture(self, kind: str, colour: Floats) -> int:
        """The number of a texture made by its name; made once for the same colour."""
        key = (kind, tuple(np.round(colour, 3)))
        if key not in self._known:
            self._known[key] = self.picture(MAKERS[kind](self._rng, colour))
        return self._known[key]

    def picture(self, image: Texture) -> int:
        """The number of a texture that is given as a picture."""
        self._textures.append(image)
        return len(self._textures) - 1

    def lamp(self, x: float, y: float, z: float, strength: float, half_size: float = 0.3) -> None:
        """A ceiling lamp."""
        self._lamps.append((x, y, z, strength, half_size))

    def quad(
        self, corner: tuple[float, float, float], u: tuple[float, float, float], v: tuple[float, float, float],
        texture: int, *, tile: Point = (1.0, 1.0), mirror: float = 0.0, glow: float = 0.0,
    ) -> None:  # fmt: skip
        """A textured rectangle; ``u`` and ``v`` are its edges, along the texture's rows and columns."""
        self._quads.append(
            (np.array(corner), np.array(u), np.array(v), np.array([texture, tile[0], tile[1], mirror, glow]))
        )

    def floor(self, low: Point, high: Point, texture: int, tile_m: float, mirror: float, z: float = 0.0) -> None:  # noqa: PLR0917 - one argument a quantity
        """A piece of floor."""
        across, along = high[0] - low[0], high[1] - low[1]
        self.quad(
            (low[0], low[1], z),
            (across, 0, 0),
            (0, along, 0),
            texture,
            tile=(across / tile_m, along / tile_m),
            mirror=mirror,
        )

    def wall(  # noqa: PLR0917 - one argument a quantity
        self, start: Point, end: Point, height: float, texture: int, tile_m: float = 2.0, base: float = 0.0
    ) -> None:
        """A wall from ``start`` to ``end``, with a dark skirting where it stands on the floor."""
        length = math.hypot(end[0] - start[0], end[1] - start[1])
        if length < 1e-6 or height <= base:
            return
        if base <= SKIRTING_M:
            self._screens.append((*start, *end, height))
        across = (end[0] - start[0], end[1] - start[1], 0.0)
        self.quad(
            (start[0], start[1], height),
            across,
            (0, 0, base - height),
            texture,
            tile=(length / tile_m, (height - base) / tile_m),
        )

    def box(self, centre: Point, size: tuple[float, float, float], heading: float, texture: int, top: int | None = None,  # noqa: PLR0917 - one argument a quantity
            base: float = 0.0, *, solid: bool = True) -> None:  # fmt: skip
        """A box (length, depth, height) standing at ``centre``; nobody walks through it where ``solid``."""
        cos, sin = math.cos(heading), math.sin(heading)
        half_l, half_d = size[0] / 2, size[1] / 2
        corners = [
            (centre[0] + cos * x - sin * y, centre[1] + sin * x + cos * y)
            for x, y in ((-half_l, -half_d), (half_l, -half_d), (half_l, half_d), (-half_l, half_d))
        ]
        for i in range(4):
            self.wall(corners[i], corners[(i + 1) % 4], base + size[2], texture, 1.0, base)
        across = (corners[1][0] - corners[0][0], corners[1][1] - corners[0][1], 0.0)
        along = (corners[3][0] - corners[0][0], corners[3][1] - corners[0][1], 0.0)
        self.quad((corners[0][0], corners[0][1], base + size[2]), across, along, texture if top is None else top)
        if solid:
            self.block(np.array(corners))

    def block(self, outline_m: Floats) -> None:
        """An area (V, 2) where nobody walks."""
        self._obstacles.append(outline_m)

    def block_round(self, centre: Point, radius: float) -> None:
        """A disc where nobody walks."""
        turn = np.linspace(0, 2 * np.pi, 9)[:-1]
        self.block(np.column_stack([centre[0] + radius * np.cos(turn), centre[1] + radius * np.sin(turn)]))

    def shape(self, shapes: Shapes, at: Point) -> None:
        """Rounded things that stand about ``at``; their owners become one."""
        self._shapes.append(
            Shapes(
                **{name: getattr(shapes, name) for name in Shapes.__slots__ if name != "owner"},
                owner=np.zeros_like(shapes.owner),
            )
        )
        self._places.append(at)

    def mannequin(self, at: Point, heading: float, *, plinth: bool = True) -> None:
        """A dressed dummy of one colour of skin, without a face."""
        rng = self._rng
        look = random_look(rng)
        shell = paint(np.full(3, rng.choice([0.88, 0.75, 0.1])))
        for part in ("face", "skin", "shoe"):
            look[part] = shell
        for thing in ("hair_volume", "hair_length", "cap", "handbag", "shopping_bag", "backpack"):
            look[thing] = 0.0
        shapes = body_shapes(
            np.array([look]), np.zeros((1, 2)), np.array([heading]), np.array([0.25]),
            np.array([rng.uniform(0, 6.3)]), np.array([WALK]), np.array([rng.uniform(-0.4, 0.4)]), np.zeros(1),
        )  # fmt: skip
        lift = np.array([at[0], at[1], 0.18 if plinth else 0.0])
        moved = {"a": shapes.a + lift, "b": shapes.b + lift}
        self.shape(Shapes(**{name: moved.get(name, getattr(shapes, name)) for name in Shapes.__slots__}), at)
        if plinth:
            self.box(at, (0.6, 0.6, 0.18), heading, self.texture("plain", np.full(3, 0.8)))
        else:
            self.block_round(at, 0.3)

    def rack(self, at: Point, heading: float, length: float, hem: float = 0.55) -> None:
        """A rail full of hanging clothes, about 1.5 m high."""
        rng = self._rng
        build = ShapeBuilder(1)
        steel = paint(np.full(3, 0.35))
        for x in (-length / 2, length / 2):
            build.add(build.vector(x, 0, 0.02), build.vector(x, 0, 1.52), (0.02, 0.02), steel)
            build.add(build.vector(x, -0.25, 0.03), build.vector(x, 0.25, 0.03), (0.02, 0.02), steel)
        build.add(build.vector(-length / 2, 0, 1.52), build.vector(length / 2, 0, 1.52), (0.018, 0.018), steel)
        x = -length / 2 + 0.07
        group = cloth_colour(rng)
        while x < length / 2 - 0.05:
            if rng.random() < 0.25:
                group = cloth_colour(rng)
            cloth = paint(np.clip(group * rng.uniform(0.85, 1.15), 0, 1), folds=0.3, phase=rng.uniform(0, 6))
            low = hem + rng.uniform(-0.12, 0.15)
            build.add(
                build.vector(x, 0, 1.37), build.vector(x, 0, low + 0.2),
                (rng.uniform(0.12, 0.17), rng.uniform(0.19, 0.25)), cloth,
                axis=(1.0, 0.0, 0.0), flat=rng.uniform(4.5, 7.0), front=(0.0, 1.0, 0.0),
            )  # fmt: skip
            x += rng.uniform(0.06, 0.1)
        self.shape(build.build(np.array([at]), np.array([heading])), at)
        cos, sin = math.cos(heading), math.sin(heading)
        half, deep = length / 2 + 0.05, 0.3
        self.block(np.array([(at[0] + cos * u - sin * v, at[1] + sin * u + cos * v)
                             for u, v in ((-half, -deep), (half, -deep), (half, deep), (-half, deep))]))  # fmt: skip

    def plant(self, at: Point, height: float = 1.3) -> None:
        """A potted plant."""
        rng = self._rng
        build = ShapeBuilder(1)
        build.add(build.vector(0, 0, 0.12), build.vector(0, 0, 0.35), (0.17, 0.22), paint(cloth_colour(rng)))
        for _ in range(26):
            green = np.array([rng.uniform(0.05, 0.2), rng.uniform(0.25, 0.5), rng.uniform(0.08, 0.25)])
            turn, out = rng.uniform(0, 6.3), rng.uniform(0.05, 0.38)
            z = rng.uniform(0.45, height)
            tip = build.vector(out * np.cos(turn), out * np.sin(turn), z)
            build.add(build.vector(0.3 * out * np.cos(turn), 0.3 * out * np.sin(turn), 0.8 * z), tip,
                      (0.03, rng.uniform(0.05, 0.12)), paint(green, folds=0.3),
                      axis=(0.0, 0.0, 1.0), flat=2.2)  # fmt: skip
        self.shape(build.build(np.array([at]), np.zeros(1)), at)
        self.block_round(at, 0.3)

    def table(self, at: Point, heading: float, size: Point = (0.7, 0.7), height: float = 0.74,
              top: int | None = None) -> None:  # fmt: skip
        """A table on one leg, wooden unless its top has another texture."""
        top = self.texture("wood", np.array([0.25, 0.42, 0.6])) if top is None else top
        self.box(at, (size[0], size[1], 0.04), heading, top, base=height - 0.04)
        self.box(at, (0.08, 0.08, height - 0.04), heading, self.texture("plain", np.full(3, 0.2)), solid=False)

    def chair(self, at: Point, heading: float, colour: Floats) -> None:
        """A chair that faces its heading: a plain one, an upholstered one with arms, or a stool."""
        rng = self._rng
        build = ShapeBuilder(1)
        cloth, leg = paint(colour), paint(np.full(3, rng.uniform(0.05, 0.6)))
        seat, half, kind = rng.uniform(0.42, 0.48), rng.uniform(0.2, 0.26), rng.random()
        thick = 0.05 if kind < PLAIN_CHAIRS else 0.1
        build.add(
            build.vector(-0.4 * half, 0, seat), build.vector(0.4 * half, 0, seat), (half, half), cloth,
            axis=(0.0, 0.0, 1.0), flat=half / thick,
        )  # fmt: skip
        for x in (-0.75 * half, 0.75 * half):
            for y in (-0.75 * half, 0.75 * half):
                foot = build.vector(1.15 * x, 1.15 * y, 0.01)
                build.add(build.vector(x, y, seat - 0.03), foot, (0.017, 0.013), leg)
        if kind < BACKED_CHAIRS:
            top, lean = seat + rng.uniform(0.32, 0.45), rng.uniform(0.0, 0.08)
            build.add(
                build.vector(-half, 0, seat + 0.12), build.vector(-half - lean, 0, top - 0.12), (half, 0.85 * half),
                cloth, axis=(1.0, 0.0, 0.0), flat=half / (0.6 * thick),
            )  # fmt: skip
        if PLAIN_CHAIRS <= kind < BACKED_CHAIRS:
            for y in (-half, half):
                build.add(
                    build.vector(-half, y, seat + 0.18), build.vector(0.7 * half, y, seat + 0.08), (0.13, 0.09), cloth,
                    axis=(0.0, 1.0, 0.0), flat=2.0,
                )  # fmt: skip
        self.shape(build.build(np.array([at]), np.array([heading])), at)
        self.block_round(at, half + 0.05)

    def build(self, ambient: float) -> Still:
        """The scene, as lit as ``ambient`` (0.3 dim to 0.7 bright) and its lamps make it."""
        corner, u, v, look = (np.array([quad[i] for quad in self._quads], np.float64) for i in range(4))
        normal = np.cross(u, v)
        normal /= np.linalg.norm(normal, axis=1)[:, None]
        quads = np.hstack([corner, normal, u / (u**2).sum(1)[:, None], v / (v**2).sum(1)[:, None]])
        return Still(
            quads, look, np.stack(self._textures), np.array(self._lamps, np.float64).reshape(-1, 5), ambient,
            joined(self._shapes) if self._shapes else None, np.array(self._places, np.float64).reshape(-1, 2),
            tuple(self._obstacles), np.array(self._screens, np.float64).reshape(-1, 5),
        )  # fmt: skip


def looks_of(rng: np.random.Generator, count: int) -> Looks:
    """(count,) random looks, a few of them children."""
    return np.array(
        [random_look(rng, child=bool(rng.random() < 0.1)) for _ in range(count)], dtype=random_look(rng).dtype
    )
