"""Round cones by the array: what bodies, racks and plants are made of before they are drawn."""

from __future__ import annotations

from dataclasses import dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera

Floats = NDArray[np.float64]
PAINT_COLUMNS = 16
COLOUR, SECOND, PATTERN, SCALE, CUT, BEYOND, PHASE, FOLDS = slice(0, 3), slice(3, 6), 6, 7, 8, slice(9, 12), 12, 13
"""Columns of a paint: colour, second colour (BGR 0..1), pattern and its scale, the share of the length from which the
third colour shows, that colour, the pattern's phase and the depth of folds."""
NEAR_M = 0.25
"""Shapes with an end nearer to the camera's plane than this are left out."""
MARGIN = 1.12
"""Growth of a shape's pixel box, for what the lens does to a circle away from the centre."""


@dataclass(frozen=True, slots=True, eq=False)
class Shapes:
    """M round cones, owners in order.

    Attributes:
        a: (M, 3) one end, metres.
        b: (M, 3) the other.
        radius: (M, 2) metres at a and b; 0 for none.
        axis: (M, 3) unit direction of flattening.
        flat: (M,) how many times flatter along ``axis``, at least 1.
        front: (M, 3) unit direction the shape faces.
        paint: (M, 16) see the column names above.
        owner: (M,) index of the person or thing it belongs to.
        is_body: (M,) whether it counts as the person.
    """

    a: Floats
    b: Floats
    radius: Floats
    axis: Floats
    flat: Floats
    front: Floats
    paint: Floats
    owner: NDArray[np.int64]
    is_body: NDArray[np.bool_]

    def starts(self, owners: int) -> NDArray[np.int64]:
        """(owners + 1,) where each owner's shapes begin."""
        return np.searchsorted(self.owner, np.arange(owners + 1)).astype(np.int64)

    def only(self, wanted: NDArray[np.bool_]) -> Shapes:
        """The shapes of some owners, given (P,) which; the owners are renumbered."""
        rows = wanted[self.owner]
        number = np.cumsum(wanted) - 1
        columns = {name: getattr(self, name)[rows] for name in Shapes.__slots__}
        columns["owner"] = number[columns["owner"]]
        return Shapes(**columns)

    def boxes_px(self, camera: Camera, focal_px: float) -> NDArray[np.int64]:
        """(M, 4) x0, y0, x1, y1 pixels that contain each shape, clipped to the picture; empty where behind it."""
        centres = np.concatenate([self.a, self.b])
        depth = (centres @ camera.rotation.T + camera.translation)[:, 2]
        radius = np.concatenate([self.radius[:, 0], self.radius[:, 1]])
        uv = camera.pixels_from_world(centres)
        spread = MARGIN * focal_px * radius / np.maximum(depth - radius, NEAR_M)
        # away from the axis a sphere's picture is longer than f r / z
        off = (uv - camera.matrix[:2, 2]) / focal_px
        spread *= 1.0 + 0.7 * np.nan_to_num((off**2).sum(1))
        low, high = uv - spread[:, None] - 1.0, uv + spread[:, None] + 2.0
        m = len(self.a)
        low, high = np.fmin(low[:m], low[m:]), np.fmax(high[:m], high[m:])
        size = np.array([camera.width, camera.height])
        boxes = np.concatenate([np.clip(low, 0, size), np.clip(high, 0, size)], 1)
        gone = (depth[:m] < NEAR_M) | (depth[m:] < NEAR_M) | (self.radius[:, 0] <= 0) | np.isnan(boxes).any(1)
        gone |= self._outside(camera)
        boxes[gone] = 0
        return boxes.astype(np.int64)

    def _outside(self, camera: Camera) -> NDArray[np.bool_]:
        """(M,) which shapes lie wholly outside the cone that the picture's corners span."""
        corners = np.array([(0, 0), (camera.width, 0), (0, camera.height), (camera.width, camera.height)], np.float64)
        lens = camera.distortion if len(camera.distortion) else None
        rim = cv2.undistortPoints(corners.reshape(-1, 1, 2), camera.matrix, lens).reshape(-1, 2)
        widest = float(np.arctan(np.linalg.norm(rim, axis=1).max()))
        to = (self.a + self.b) / 2 - camera.centre_m
        far = np.maximum(np.linalg.norm(to, axis=1), 1e-6)
        reach = np.linalg.norm(self.b - self.a, axis=1) / 2 + self.radius.max(1)
        off_axis = np.arccos(np.clip(to @ camera.rotation[2] / far, -1, 1))
        return np.asarray(off_axis - np.arcsin(np.minimum(1.0, reach / far)) > widest, np.bool_)


def joined(parts: list[Shapes]) -> Shapes:
    """All shapes in one, owners renumbered so that each part's follow the ones before."""
    shift = 0
    columns: dict[str, list[NDArray[np.generic]]] = {field.name: [] for field in fields(Shapes)}
    for part in parts:
        for name, column in columns.items():
            value = getattr(part, name)
            column.append(value + shift if name == "owner" else value)
        shift += int(part.owner[-1]) + 1 if len(part.owner) else 0
    return Shapes(**{name: np.concatenate(column) for name, column in columns.items()})


class ShapeBuilder:
    """Collects shapes for P owners at once, in each owner's own frame: x ahead, y to the left, z up."""

    def __init__(self, owners: int) -> None:
        self._owners = owners
        self._rows: list[tuple[Floats, ...]] = []
        self._body: list[bool] = []

    def vector(self, x: Floats | float, y: Floats | float, z: Floats | float) -> Floats:
        """(P, 3) from components that broadcast to (P,)."""
        out = np.empty((self._owners, 3))
        out[:, 0], out[:, 1], out[:, 2] = x, y, z
        return out

    def add(
        self,
        a: Floats,
        b: Floats,
        radius: tuple[Floats | float, Floats | float],
        paint: Floats,
        *,
        axis: Floats | tuple[float, float, float] = (1.0, 0.0, 0.0),
        flat: Floats | float = 1.0,
        front: Floats | tuple[float, float, float] = (1.0, 0.0, 0.0),
        is_body: bool = True,
    ) -> None:
        """One shape for every owner; a radius of 0 leaves it out."""
        p = self._owners
        radii = np.empty((p, 2))
        radii[:, 0], radii[:, 1] = radius
        spread = (
            np.broadcast_to(np.asarray(axis, np.float64), (p, 3)),
            np.broadcast_to(np.asarray(front, float), (p, 3)),
        )
        flats = np.broadcast_to(np.asarray(flat, np.float64), (p,))
        self._rows.append((a, b, radii, spread[0], flats, spread[1], np.broadcast_to(paint, (p, PAINT_COLUMNS))))
        self._body.append(is_body)

    def build(self, xy_m: Floats, heading: Floats) -> Shapes:
        """The shapes with every owner standing at its (P, 2) metres and turned to its (P,) heading, radians."""
        p, k = self._owners, len(self._rows)
        a, b, radius, axis, flat, front, paint = (
            np.stack([row[i] for row in self._rows], 1).reshape(p * k, -1) for i in range(7)
        )
        cos, sin = np.repeat(np.cos(heading), k), np.repeat(np.sin(heading), k)

        def turned(v: Floats) -> Floats:
            return np.stack([cos * v[:, 0] - sin * v[:, 1], sin * v[:, 0] + cos * v[:, 1], v[:, 2]], 1)

        at = np.zeros((p * k, 3))
        at[:, :2] = np.repeat(xy_m, k, 0)
        return Shapes(
            turned(a) + at,
            turned(b) + at,
            radius,
            turned(axis),
            flat[:, 0],
            turned(front),
            paint,
            np.repeat(np.arange(p), k),
            np.tile(np.array(self._body, np.bool_), p),
        )
