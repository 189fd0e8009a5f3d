"""A floor of one hall on the disk, its camera not calibrated yet, and where the true camera puts things."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np

from calibration.camera import Camera
from calibration.certificate.limits import Limits
from calibration.page.kept_floor import KeptFloor
from calibration.solve.pairs import Pairs
from calibration.solve.solution import Solution
from calibration.solve.solver import solve

NOW = 1_780_000_000.0
SIZE_PX = (640, 360)
SIZE_M = (12.0, 9.0)
PLACES = np.array([(3, 3), (9, 3), (4, 6), (8, 6), (6, 4), (6, 8), (2, 7), (10, 7)], np.float64)
SITE = """schema = "atrium.site.v1"
id = "mall"

[[floors]]
id = "g"
size_m = [12.0, 9.0]
geometry = "g.geojson"
cameras = "g.cameras.json"
"""
SHOP = [[4.0, 3.0], [8.0, 3.0], [8.0, 6.0], [4.0, 6.0]]
TENANTS = [{"id": "nova", "name": "Nova", "from": "2026-01-01"}]


def true_camera() -> Camera:
    """At (6, 0.5), 3.4 m high, looking north."""
    tilt = np.radians(38)
    ahead, right = np.array([0.0, np.cos(tilt), -np.sin(tilt)]), np.array([1.0, 0.0, 0.0])
    rotation = np.stack([right, np.cross(ahead, right), ahead])
    matrix = np.array([[420.0, 0, 319.5], [0, 420.0, 179.5], [0, 0, 1]])
    return Camera("hall", *SIZE_PX, matrix, np.empty(0), rotation, -rotation @ np.array([6.0, 0.5, 3.4]))


def clicked(count: int = len(PLACES)) -> Pairs:
    """Pairs to the pixel."""
    return Pairs(true_camera().pixels_from_floor(PLACES[:count]).round(), PLACES[:count])


@cache
def solved() -> Solution:
    """What they come to."""
    return solve(clicked(), SIZE_PX, "hall")


def feature(name: str, /, kind: str, points: list[list[float]], **own: object) -> dict[str, object]:
    """A GeoJSON feature."""
    shape = {"type": "LineString", "coordinates": points}
    if kind == "zone":
        shape = {"type": "Polygon", "coordinates": [[*points, points[0]]]}
    return {"type": "Feature", "properties": {"id": name, "kind": kind, **own}, "geometry": shape}


def new_floor(folder: Path, more: str = "") -> Path:
    """``site.toml`` of a floor without a ``cameras.json``; ``more`` is added to the floor."""
    features = [
        feature("shop", "zone", SHOP, name="Shop", category="fashion", tenants=TENANTS),
        feature("door", "line", [[5.0, 3.0], [7.0, 3.0]], zone="shop"),
        feature("north", "wall", [[0.0, 8.9], [12.0, 8.9]], name="North wall", height_m=2.5),
    ]
    (folder / "g.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    path = folder / "site.toml"
    path.write_text(SITE + more)
    return path


def kept_floor(site: Path) -> KeptFloor:
    """The floor as the page has it."""
    return KeptFloor(site, "g", Limits(), lambda: NOW)
