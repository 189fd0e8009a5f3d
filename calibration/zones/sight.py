"""How much of each zone the cameras of a floor see: picture and lens, size of people, walls between.

Somebody counts as seen where what is above `SEEN_FROM_M` of them is in sight, so that counters hide nobody and a camera
looks over walls lower than it hangs as far as geometry lets it. Each wall throws a shadow on the plane at that height:
the quadrangle between the wall and its image from the camera, without end where the wall is as high as the camera.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, Polygon

from calibration.camera import Camera, Floats
from calibration.geometry import Wall

SEEN_FROM_M = 1.2
"""Head and shoulders of somebody are above this."""
AT_WALL_M = 0.08
"""A place on the floor so near to a wall is on it, not behind it."""
FAR_M = 1e5
"""A shadow without end reaches so far."""
MOUNT_M = 0.15
"""A camera this close to a wall hangs on it; that wall hides nothing from it."""
STEEP = 0.1
"""A camera whose view leans less from straight down (sine) looks nowhere in particular."""
PLACES = 2500
"""About so many places in a zone are looked at: shares to within 1 %."""


@dataclass(frozen=True, slots=True)
class ZoneSight:
    """How much of a zone is seen; shares are of its area, 0 to 1.

    Attributes:
        area_m2: the zone's area.
        by_camera: share that each camera sees, those that see none of it left out.
        seen: share that at least one camera sees.
        shared: share that both cameras of a pair see; it stays one zone, and whoever stands there is one visitor.
        unseen_m: (x, y) a place none sees, in the middle of the largest such part; None where all is seen.
    """

    area_m2: float
    by_camera: dict[str, float]
    seen: float
    shared: dict[tuple[str, str], float]
    unseen_m: tuple[float, float] | None


def places_in(area: Polygon) -> Floats:
    """(N, 2) a regular grid of places within an area; at least one."""
    step = float(np.sqrt(area.area / PLACES))
    left, low, right, high = area.bounds
    columns, rows = (np.arange(begin + step / 2, end, step) for begin, end in ((left, right), (low, high)))
    grid = np.stack(np.meshgrid(columns, rows), -1).reshape(-1, 2)
    inside = grid[shapely.contains_xy(area, grid[:, 0], grid[:, 1])]
    if len(inside):
        return np.asarray(inside, np.float64)
    point = area.representative_point()
    return np.array([[point.x, point.y]])


def shadow_of(centre_m: Floats, walls: Iterable[Wall], from_m: float = SEEN_FROM_M) -> shapely.Geometry:
    """What walls hide from a place (3,) metres, as an area of the floor; the walls it hangs on hide nothing.

    Args:
        centre_m: whence somebody looks.
        walls: of the floor.
        from_m: how high above the floor that lies which is to be seen; 0 is the floor itself.
    """
    eye, height = np.asarray(centre_m[:2], np.float64), float(centre_m[2])
    quads: list[Floats] = []
    for wall in walls:
        if wall.height_m <= from_m:
            continue
        begin, end = wall.path_m[:-1], wall.path_m[1:]
        spans = shapely.linestrings(np.stack([begin, end], 1))
        free = np.asarray(shapely.distance(spans, shapely.Point(eye))) > MOUNT_M
        reach = (height - from_m) / (height - wall.height_m) if wall.height_m < height else FAR_M
        for one, other in zip(begin[free], end[free], strict=True):
            quads.append(np.stack([one, other, *_tips(eye, one, other, reach)]))
    if not quads:
        return Polygon()
    areas = shapely.polygons(np.stack(quads))
    return shapely.union_all(areas[shapely.is_valid(areas) & (shapely.area(areas) > 0)])


def _tips(eye: Floats, one: Floats, other: Floats, reach: float) -> tuple[Floats, Floats]:
    """Images of a wall's ends, the far one first; shadows without end all end at the same distance."""
    if reach < FAR_M:
        return eye + (other - eye) * reach, eye + (one - eye) * reach
    ways = [(point - eye) / np.hypot(*(point - eye)) for point in (other, one)]
    return eye + ways[0] * FAR_M, eye + ways[1] * FAR_M


def seen_by(camera: Camera, xy_m: Floats, shadow: shapely.Geometry, person_px: float) -> NDArray[np.bool_]:
    """(N,) whether a camera sees somebody at each place (N, 2): in the picture, large enough, in no wall's shadow."""
    xy = np.asarray(xy_m, np.float64).reshape(-1, 2)
    seen = ~np.asarray(shapely.contains_xy(shadow, xy[:, 0], xy[:, 1]), np.bool_)
    seen[seen] = camera.sees(xy[seen])
    if seen.any():
        with np.errstate(invalid="ignore"):
            seen[seen] = camera.person_height_px(xy[seen]) >= person_px
    return seen


def behind_walls(camera: Camera, xy_m: Floats, walls: Iterable[Wall]) -> NDArray[np.bool_]:
    """(N,) whether a wall hides the floor itself at each place (N, 2); what stands there may well be seen over it."""
    xy, eye = np.asarray(xy_m, np.float64).reshape(-1, 2), camera.centre_m
    shadow = shadow_of(eye, walls, 0.0)
    shapely.prepare(shadow)
    way = eye[:2] - xy
    length = np.maximum(np.hypot(*way.T), AT_WALL_M)[:, None]
    before = xy + way / length * AT_WALL_M
    return np.asarray(shapely.contains_xy(shadow, before[:, 0], before[:, 1]), np.bool_)


def shows_floor(camera: Camera, xy_m: Floats, walls: Iterable[Wall]) -> NDArray[np.bool_]:
    """(N,) whether the floor itself at each place (N, 2) is in the picture, no wall before it."""
    return np.asarray(camera.sees(xy_m) & ~behind_walls(camera, xy_m, walls), np.bool_)


def sight_of_zones(
    zones: Mapping[str, Polygon], walls: Sequence[Wall], cameras: Mapping[str, Camera], person_px: float
) -> dict[str, ZoneSight]:
    """For each zone, how much of it is seen, and by whom."""
    shadows = {name: shadow_of(camera.centre_m, walls) for name, camera in cameras.items()}
    for shadow in shadows.values():
        shapely.prepare(shadow)
    found = {}
    for zone, area in zones.items():
        places = places_in(area)
        seen = {name: seen_by(camera, places, shadows[name], person_px) for name, camera in cameras.items()}
        by_camera = {name: float(rows.mean()) for name, rows in seen.items() if rows.any()}
        pairs = {(one, other): float((seen[one] & seen[other]).mean()) for one, other in combinations(by_camera, 2)}
        any_seen = np.any(list(seen.values()), axis=0) if seen else np.zeros(len(places), np.bool_)
        found[zone] = ZoneSight(
            area.area,
            by_camera,
            float(any_seen.mean()),
            {pair: share for pair, share in pairs.items() if share > 0},
            _middle_of(places[~any_seen]),
        )
    return found


def _middle_of(places: Floats) -> tuple[float, float] | None:
    """Of some places, the one nearest to their middle, so that it is one of them."""
    if not len(places):
        return None
    middle = places[np.hypot(*(places - np.median(places, axis=0)).T).argmin()]
    return float(middle[0]), float(middle[1])


def walls_before(camera: Camera, walls: Iterable[Wall]) -> list[tuple[str, float]]:
    """Walls that a camera hangs on and yet looks through, with its distance in metres: its plan place is wrong."""
    ahead = camera.rotation[2, :2]
    if np.hypot(*ahead) < STEEP:
        return []
    eye = camera.centre_m[:2]
    look = LineString([eye, eye + ahead / np.hypot(*ahead)])
    high = [(wall.id, LineString(wall.path_m)) for wall in walls if wall.height_m > SEEN_FROM_M]
    away = [(name, float(path.distance(shapely.Point(eye)))) for name, path in high if path.intersects(look)]
    return [(name, distance) for name, distance in away if distance <= MOUNT_M]
