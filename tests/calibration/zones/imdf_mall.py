"""A mall of two levels as an IMDF archive, written by hand after OGC 20-094: its feature structures and its words."""

from __future__ import annotations

import json
import uuid
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from calibration.zones.imdf.frame import Frame, frame_about

MIDDLE = (-9.1683, 38.7535)
TURN_DEG = 23.0
SIZE_M = (80.0, 48.0)
FRAME: Frame = frame_about(*MIDDLE, TURN_DEG, SIZE_M)

Feature = dict[str, Any]


def uid(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, name))


def degrees(points: Any) -> list[list[float]]:
    return np.round(FRAME.to_degrees(np.array(points, np.float64)), 10).tolist()


def ring(left: float, low: float, right: float, high: float, *, hole: bool = False) -> list[list[float]]:
    corners = [[left, low], [right, low], [right, high], [left, high], [left, low]]
    return degrees(corners[::-1] if hole else corners)


def point(x: float, y: float) -> Feature:
    return {"type": "Point", "coordinates": degrees([[x, y]])[0]}


def feature(kind: str, key: str, geometry: Feature | None, **properties: Any) -> Feature:
    return {
        "id": uid(f"{kind}/{key}"),
        "type": "Feature",
        "feature_type": kind,
        "geometry": geometry,
        "properties": properties,
    }


def level(name: str, ordinal: int, short: str, title: dict[str, str]) -> Feature:
    return feature(
        "level",
        name,
        {"type": "Polygon", "coordinates": [ring(0, 0, *SIZE_M)]},
        category="unspecified",
        restriction=None,
        outdoor=False,
        ordinal=ordinal,
        name=title,
        short_name={"en": short},
        display_point=point(40, 24),
        address_id=uid("address/mall"),
        building_ids=[uid("building/mall")],
    )


def unit(name: str, on: str, category: str, rings: list[Any], title: dict[str, str] | None, **more: Any) -> Feature:
    many = isinstance(rings[0][0][0], list)
    geometry = {"type": "MultiPolygon" if many else "Polygon", "coordinates": rings}
    own = {"restriction": None, "accessibility": None, "alt_name": None, "display_point": None} | more
    return feature("unit", name, geometry, category=category, name=title, level_id=uid(f"level/{on}"), **own)


def opening(
    name: str, on: str, ends: Any, category: str = "pedestrian", title: dict[str, str] | None = None
) -> Feature:
    return feature(
        "opening",
        name,
        {"type": "LineString", "coordinates": degrees(ends)},
        category=category,
        accessibility=None,
        access_control=None,
        door={"type": "open", "automatic": False, "material": None},
        name=title,
        alt_name=None,
        display_point=None,
        level_id=uid(f"level/{on}"),
    )


def anchor(name: str, at: tuple[float, float]) -> Feature:
    return feature("anchor", name, point(*at), address_id=uid("address/mall"), unit_id=uid(f"unit/{name}"))


def occupant(name: str, at: str, category: str, title: dict[str, str], **more: Any) -> Feature:
    own = {"hours": "Mo-Sa 10:00-22:00", "phone": None, "website": None, "validity": None, "correlation_id": None}
    return feature("occupant", name, None, name=title, category=category, anchor_id=uid(f"anchor/{at}"), **(own | more))


def ground() -> dict[str, list[Feature]]:
    """Six shops about a T of walkways, a column, a void, a store room, glass, toilets."""
    hall = [
        ring(0, 18, 80, 30),
        ring(38, 22, 42, 26, hole=True),
        ring(10, 23.5, 11, 24.5, hole=True),
    ]
    return {
        "unit": [
            unit("hall", "g", "walkway", hall, {"en": "Main hall", "pt": "Átrio"}),
            unit("void", "g", "opentobelow", [ring(38, 22, 42, 26)], None),
            unit("column", "g", "column", [ring(10, 23.5, 11, 24.5)], None),
            unit("linho", "g", "room", [ring(0, 30, 25, 48)], {"en": "Unit 1"}),
            unit("mistral", "g", "room", [ring(25, 30, 50, 48)], {"en": "Unit 2"}),
            unit("tasca", "g", "foodservice", [ring(50, 30, 80, 48)], None),
            unit("vago", "g", "room", [ring(0, 0, 30, 18)], {"en": "Unit 4"}),
            unit("stock", "g", "storage", [ring(30, 0, 44, 18)], None),
            unit("office", "g", "office", [ring(44, 0, 56, 18)], {"en": "Office"}, restriction="employeesonly"),
            unit("wc", "g", "restroom.unisex.wheelchair", [ring(56, 0, 66, 18)], {"en": "Toilets"}),
            unit("stairs", "g", "stairs", [ring(66, 0, 80, 18)], {"en": "Stairs"}),
        ],
        "opening": [
            opening("linho", "g", [[8, 30], [16, 30]]),
            opening("mistral", "g", [[34, 30], [41, 30]], "pedestrian.principal", {"en": "Mistral front"}),
            opening("tasca", "g", [[60, 30], [70, 30]]),
            opening("vago", "g", [[12, 18], [18, 18]]),
            opening("stock", "g", [[36, 18], [38, 18]], "service"),
            opening("wc", "g", [[60, 18], [61.2, 18]]),
            opening("stairs", "g", [[72, 18], [75, 18]]),
            opening("west", "g", [[0, 21], [0, 27]], "pedestrian.principal", {"en": "West entrance"}),
            opening("ramp", "g", [[80, 21], [80, 26]], "automobile"),
            opening("lost", "g", [[20, 24], [22, 24]]),
        ],
        "kiosk": [
            feature(
                "kiosk",
                "juice",
                {"type": "Polygon", "coordinates": [ring(60, 22, 63, 25)]},
                name={"en": "Juice kiosk"},
                alt_name=None,
                anchor_id=uid("anchor/juice"),
                level_id=uid("level/g"),
                display_point=None,
            )
        ],
        "anchor": [
            anchor("linho", (12, 40)),
            anchor("mistral", (37, 40)),
            anchor("tasca", (65, 40)),
            feature("anchor", "juice", point(61, 23), address_id=None, unit_id=uid("unit/hall")),
        ],
        "occupant": [
            occupant(
                "linho-old",
                "linho",
                "shoes",
                {"en": "Sola"},
                validity={"start": "2019-03-01T00:00:00+00:00", "end": "2024-12-31T23:59:59+00:00", "modified": None},
            ),
            occupant(
                "linho",
                "linho",
                "clothing",
                {"en": "Linho", "pt": "Linho"},
                validity={"start": "2025-01-01T00:00:00+00:00", "end": None, "modified": None},
                correlation_id=uid("brand/linho"),
            ),
            occupant("mistral", "mistral", "fashion", {"en": "Mistral"}),
            occupant("tasca", "tasca", "restaurant", {"en": "The Tavern", "pt": "Tasca"}),
            occupant("juice", "juice", "juicebar", {"en": "Sumo"}),
            occupant("ghost", "nowhere", "atm", {"en": "Ghost"}),
        ],
    }


def first() -> dict[str, list[Feature]]:
    """A gallery, and a shop in two rooms on both sides of it."""
    return {
        "unit": [
            unit("gallery", "f1", "walkway", [ring(0, 18, 80, 30)], {"en": "Gallery"}),
            unit("vela", "f1", "room", [[ring(0, 30, 40, 48)], [ring(0, 0, 30, 18)]], {"en": "Vela"}),
        ],
        "opening": [opening("vela-n", "f1", [[10, 30], [14, 30]]), opening("vela-s", "f1", [[10, 18], [14, 18]])],
        "kiosk": [],
        "anchor": [anchor("vela", (10, 40))],
        "occupant": [occupant("vela", "vela", "clothing", {"en": "Vela"}, correlation_id=uid("brand/vela"))],
    }


def archive() -> dict[str, Any]:
    """File names and contents."""
    floors = [ground(), first()]
    features = {kind: [one for floor in floors for one in floor[kind]] for kind in floors[0]}
    features["level"] = [
        level("g", 0, "G", {"en": "Ground floor", "pt": "Piso térreo"}),
        level("f1", 1, "1", {"en": "First floor", "pt": "Primeiro piso"}),
    ]
    address = {
        "address": "Avenida da Liberdade 1",
        "unit": None,
        "locality": "Lisboa",
        "province": "PT-11",
        "country": "PT",
        "postal_code": None,
        "postal_code_ext": None,
        "postal_code_vanity": None,
    }
    features["address"] = [feature("address", "mall", None, **address)]
    files: dict[str, Any] = {
        f"{kind}.geojson": {"type": "FeatureCollection", "name": kind, "features": found}
        for kind, found in features.items()
    }
    files["manifest.json"] = {
        "version": "1.0.0",
        "created": "2026-01-01T00:00:00Z",
        "generated_by": "a surveyor",
        "language": "en",
        "extensions": None,
    }
    return files


def write_folder(folder: Path, files: dict[str, Any] | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (files or archive()).items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    return folder


def write_zip(path: Path, files: dict[str, Any] | None = None, within: str = "venue/") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in (files or archive()).items():
            packed.writestr(within + name, json.dumps(content))
    return path
