"""What one camera sees of its floor, and how large people are there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon, Polygon

from calibration.camera import Camera, Floats
from calibration.certificate.records import Cover, Horizon, Point
from calibration.site import Floor
from calibration.zones.sight import places_in, seen_by, shadow_of

BREADTH_M, CHEST_M = 0.45, 1.2
"""How broad people are, and at what height; from above that is what is seen of them."""
MOST_CELLS = 6000
FINEST_M, COARSEST_M = 0.25, 1.0
FAR_END = 0.9
"""The far end of a place is what lies beyond this quantile of its distances."""
MESH = 48
"""So many points across a picture are asked whether they show floor."""
FAR_AWAY_M, RIGHT_BELOW_M = 1e6, 1e-6
BEHIND = 1e-3


@dataclass(frozen=True, eq=False)
class View:
    """One camera on its floor.

    Attributes:
        camera: the camera.
        floor: where it hangs.
        person_limit_px: smaller people count for nothing.
    """

    camera: Camera
    floor: Floor
    person_limit_px: float

    @cached_property
    def step_m(self) -> float:
        """Side of a cell of the floor's grid, metres."""
        width, height = self.floor.size_m
        return float(np.clip(np.sqrt(width * height / MOST_CELLS), FINEST_M, COARSEST_M))

    @cached_property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the floor's grid."""
        width, height = self.floor.size_m
        return max(1, int(np.ceil(height / self.step_m))), max(1, int(np.ceil(width / self.step_m)))

    @cached_property
    def cells_m(self) -> Floats:
        """(rows * columns, 2) middles of the cells, row by row from y = 0."""
        rows, columns = self.shape
        x, y = np.meshgrid((np.arange(columns) + 0.5) * self.step_m, (np.arange(rows) + 0.5) * self.step_m)
        return np.column_stack([x.ravel(), y.ravel()])

    @cached_property
    def is_seen(self) -> NDArray[np.bool_]:
        """Which cells are in the picture, no wall or mask before them."""
        return self.sees(self.cells_m)

    @cached_property
    def is_useful(self) -> NDArray[np.bool_]:
        """Which of them show people large enough."""
        useful = self.is_seen.copy()
        useful[useful] = self.person_px(self.cells_m[useful]) >= self.person_limit_px
        return useful

    @cached_property
    def zone_places_m(self) -> Floats:
        """(N, 2) useful cells inside zones; all useful ones where no zone has any; all seen where none is useful."""
        useful = self.cells_m[self.is_useful]
        if not len(useful):
            return self.cells_m[self.is_seen]
        inside = np.zeros(len(useful), np.bool_)
        for zone in self.floor.zones.values():
            inside |= zone.contains(useful)
        return useful[inside] if inside.any() else useful

    @cached_property
    def _shadow(self) -> shapely.Geometry:
        shadow = shadow_of(self.camera.centre_m, self.floor.walls)
        shapely.prepare(shadow)
        return shadow

    def sees(self, places_m: Floats) -> NDArray[np.bool_]:
        """(N,) whether somebody at each place (N, 2) is in the picture, no wall or privacy mask before them."""
        seen = seen_by(self.camera, places_m, self._shadow, 0.0)
        for ring in self.floor.masks_px.get(self.camera.name, []):
            uv = self.camera.pixels_from_floor(places_m[seen])
            seen[seen] = ~shapely.contains_xy(Polygon(ring), uv[:, 0], uv[:, 1])
        return seen

    def person_px(self, places_m: Floats) -> Floats:
        """(N,) size in pixels of somebody 1.7 m tall: their height, or, from above, their breadth."""
        height = self.camera.person_height_px(places_m)
        away = np.asarray(places_m, np.float64) - self.camera.centre_m[:2]
        away[np.abs(away).max(1) < RIGHT_BELOW_M] = (0.0, 1.0)
        length = np.linalg.norm(away, axis=1)[:, None]
        aside = np.column_stack([-away[:, 1], away[:, 0]]) / length * BREADTH_M / 2
        ends = [self.camera.pixels_from_floor(places_m + side, CHEST_M) for side in (aside, -aside)]
        breadth = np.nan_to_num(np.linalg.norm(ends[0] - ends[1], axis=1))
        return np.asarray(np.fmax(height, breadth), np.float64)

    def distance_m(self, places_m: Floats) -> Floats:
        """(N,) distance over the floor from below the camera."""
        return np.asarray(np.linalg.norm(places_m - self.camera.centre_m[:2], axis=1), np.float64)

    def zone_places(self, area: Polygon) -> tuple[Floats, Floats, Floats]:
        """Places in an area: all (N, 2), those seen, and those of the seen that are useful."""
        places = places_in(area)
        seen = places[self.sees(places)]
        return places, seen, seen[self.person_px(seen) >= self.person_limit_px] if len(seen) else seen

    def far_end(self, seen_m: Floats) -> tuple[float, float]:
        """Size of the smallest person at the far end of what is seen, pixels, and how far that end is, metres."""
        distance = self.distance_m(seen_m)
        far = distance >= np.quantile(distance, FAR_END)
        return float(np.nanmin(self.person_px(seen_m[far]))), float(distance.max())

    def cover(self) -> Cover:
        """What the camera covers."""
        cell = self.step_m**2
        useful = self.cells_m[self.is_useful]
        half = self.step_m / 2
        boxes = shapely.box(*(useful - half).T, *(useful + half).T) if len(useful) else []
        outline = shapely.simplify(shapely.union_all(boxes), self.step_m / 4)
        reach = float(self.distance_m(useful).max()) if len(useful) else 0.0
        return Cover(
            round(float(self.is_seen.sum()) * cell, 1), round(len(useful) * cell, 1), round(reach, 1), _rings(outline)
        )

    def horizon(self) -> Horizon:
        """Where the floor ends in the picture."""
        camera = self.camera
        u, v = np.meshgrid(
            (np.arange(MESH) + 0.5) * camera.width / MESH, (np.arange(MESH) + 0.5) * camera.height / MESH
        )
        floor = camera.floor_from_pixels(np.column_stack([u.ravel(), v.ravel()]))
        way = np.linspace(0, 2 * np.pi, 721)
        ahead = np.column_stack([np.cos(way), np.sin(way), np.zeros_like(way)]) @ camera.rotation.T
        # what is infinitely far has the direction for a place
        line = np.full((len(way), 2), np.nan)
        before = ahead[:, 2] > BEHIND
        place = ahead[before] @ camera.rotation * FAR_AWAY_M + camera.centre_m
        line[before] = camera.pixels_from_world(place)
        with np.errstate(invalid="ignore"):
            inside = (line >= 0).all(1) & (line[:, 0] < camera.width) & (line[:, 1] < camera.height)
        course = line[inside]
        course = course[np.argsort(course[:, 0])]
        return Horizon(
            [(round(float(x), 1), round(float(y), 1)) for x, y in course], round(float(np.isnan(floor[:, 0]).mean()), 3)
        )


def _rings(outline: shapely.Geometry) -> list[list[Point]]:
    areas = outline.geoms if isinstance(outline, MultiPolygon) else [outline]
    rings: list[list[Point]] = []
    for area in areas:
        if area.is_empty:
            continue
        whole = shapely.geometry.polygon.orient(area)
        rings += [
            [(round(float(x), 2), round(float(y), 2)) for x, y in ring.coords[:-1]]
            for ring in (whole.exterior, *whole.interiors)
        ]
    return rings
