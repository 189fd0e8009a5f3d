"""Between WGS 84 and a floor's metres.

The floor is the plane that touches the ellipsoid at the plan's middle (east, north, up: Hofmann-Wellenhof, GNSS, 2008,
section 8.2.2), turned, and with its origin at the plan's lower left. A length on the ellipsoid and on that plane differ
by d^3 / 6 R^2: 0.0005 mm at 500 m from the middle, 4 mm at 10 km. Heights above the ellipsoid are left out: a mall at
1000 m is 0.016 % larger than its map says, 8 cm in 500 m, and IMDF tells no height.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.camera import Floats

AXIS_M = 6_378_137.0
"""Semi-major axis of WGS 84."""
FLATTENING = 1 / 298.257223563
ECCENTRICITY2 = FLATTENING * (2 - FLATTENING)
ROUNDS = 5
"""Each round of the inverse leaves less than a thousandth of the error within 10 km."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a floor lies on the earth.

    Attributes:
        longitude: of the middle, degrees east.
        latitude: of the middle, degrees north.
        turn_deg: the floor's x runs this much counter-clockwise of east, degrees.
        corner_m: the floor's origin from the middle, in turned metres.
    """

    longitude: float
    latitude: float
    turn_deg: float = 0.0
    corner_m: tuple[float, float] = (0.0, 0.0)

    def to_floor(self, lonlat_deg: Floats) -> Floats:
        """(N, 2) degrees of longitude and latitude to (N, 2) metres on the floor."""
        return self._east_north(np.asarray(lonlat_deg, np.float64).reshape(-1, 2)) @ self._turn() - self.corner_m

    def to_degrees(self, xy_m: Floats) -> Floats:
        """(N, 2) metres on the floor to (N, 2) degrees of longitude and latitude."""
        goal = (np.asarray(xy_m, np.float64).reshape(-1, 2) + self.corner_m) @ self._turn().T
        meridian, normal = _radii(self.latitude)
        per_radian = np.array([normal * np.cos(np.radians(self.latitude)), meridian])
        found = np.tile([self.longitude, self.latitude], (len(goal), 1))
        for _ in range(ROUNDS):
            found = found + np.degrees((goal - self._east_north(found)) / per_radian)
        return found

    def _turn(self) -> Floats:
        angle = np.radians(self.turn_deg)
        return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])

    def _east_north(self, lonlat_deg: Floats) -> Floats:
        middle = _geocentric(np.array([[self.longitude, self.latitude]]))
        away = _geocentric(lonlat_deg) - middle
        longitude, latitude = np.radians(self.longitude), np.radians(self.latitude)
        east = np.array([-np.sin(longitude), np.cos(longitude), 0.0])
        north = np.array(
            [-np.sin(latitude) * np.cos(longitude), -np.sin(latitude) * np.sin(longitude), np.cos(latitude)]
        )
        return np.asarray(away @ np.stack([east, north], 1), np.float64)


def _radii(latitude_deg: float) -> tuple[float, float]:
    root = 1 - ECCENTRICITY2 * np.sin(np.radians(latitude_deg)) ** 2
    return float(AXIS_M * (1 - ECCENTRICITY2) / root**1.5), float(AXIS_M / root**0.5)


def _geocentric(lonlat_deg: Floats) -> Floats:
    longitude, latitude = np.radians(lonlat_deg).T
    normal = AXIS_M / np.sqrt(1 - ECCENTRICITY2 * np.sin(latitude) ** 2)
    across = normal * np.cos(latitude)
    return np.stack(
        [across * np.cos(longitude), across * np.sin(longitude), normal * (1 - ECCENTRICITY2) * np.sin(latitude)], 1
    )


def frame_about(longitude: float, latitude: float, turn_deg: float, size_m: tuple[float, float]) -> Frame:
    """The frame of a plan of that size whose middle lies there."""
    return Frame(longitude, latitude, turn_deg, (-size_m[0] / 2, -size_m[1] / 2))


def frame_of(rings_deg: list[Floats], turn_deg: float) -> tuple[Frame, tuple[float, float]]:
    """The frame that just holds some outlines, lower left at (0, 0), and their width and height in metres."""
    points = np.concatenate(rings_deg)
    middle = (points.min(0) + points.max(0)) / 2
    for _ in range(ROUNDS):
        flat = Frame(float(middle[0]), float(middle[1]), turn_deg)
        placed = flat.to_floor(points)
        middle = flat.to_degrees((placed.min(0) + placed.max(0)) / 2)[0]
    size = np.round(placed.max(0) - placed.min(0), 3)
    size_m = (float(size[0]), float(size[1]))
    return frame_about(float(middle[0]), float(middle[1]), turn_deg, size_m), size_m


def turn_of(rings_deg: list[Floats]) -> float:
    """The turn that lays most walls along x and y, -45 to 45 degrees: the mean of four-fold edge angles, by length."""
    points = np.concatenate(rings_deg)
    longitude, latitude = points.mean(0)
    flat = Frame(float(longitude), float(latitude))
    total = 0j
    for ring in rings_deg:
        placed = flat.to_floor(ring)
        spans = np.roll(placed, -1, axis=0) - placed
        edges = spans[:, 0] + 1j * spans[:, 1]
        long = np.abs(edges) > 0
        total += complex((edges[long] ** 4 / np.abs(edges[long]) ** 3).sum())
    return float(np.degrees(np.angle(total)) / 4) if total else 0.0
