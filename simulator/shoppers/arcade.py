"""The arcade: two floors of 60 x 40 m, on each a street twelve metres wide between twice six shops; its site file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SIZE_M = (60.0, 40.0)
STREET_M = (14.0, 26.0)
SHOP_WIDTH_M = 10.0
FLOORS = ("g", "u")
CATEGORIES = {
    "g": (
        "fashion",
        "fashion",
        "dining",
        "beauty",
        "sports",
        "dining",
        "fashion",
        "books",
        "fashion",
        "gifts",
        "dining",
        "home",
    ),
    "u": (
        "dining",
        "fashion",
        "dining",
        "toys",
        "fashion",
        "dining",
        "electronics",
        "fashion",
        "shoes",
        "sports",
        "dining",
        "home",
    ),
}
TILL_FROM_FRONT_M = 8.0
QUEUE_STEP_M = 0.85
"""From one to the next in a queue."""
STAFF_BEHIND_M = 1.2
"""From a payer to who serves them: the counter and half a step on either side."""


@dataclass(frozen=True, slots=True)
class Shop:
    """A shop: its box, door, till and queue, metres.

    Attributes:
        low: lower left corner; ``high`` the upper right.
        door: the middle of its front.
        inwards: 1 or -1, up or down from the street.
        till: where a payer stands.
        queue: unit vector from the till along the queue.
        staff: where who serves stands.
    """

    id: str
    floor: str
    category: str
    low: tuple[float, float]
    high: tuple[float, float]
    door: tuple[float, float]
    inwards: int
    till: tuple[float, float]
    queue: tuple[float, float]
    staff: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Post:
    """A code, kiosk or pay machine in the street; its user stands at ``xy``."""

    id: str
    kind: str
    floor: str
    xy: tuple[float, float]


def shops() -> list[Shop]:
    """All shops."""
    found = []
    for floor in FLOORS:
        for number, category in enumerate(CATEGORIES[floor]):
            column, north = number % 6, number >= 6
            left = column * SHOP_WIDTH_M
            front, back = (STREET_M[1], SIZE_M[1]) if north else (STREET_M[0], 0.0)
            inwards = 1 if north else -1
            till = (left + 2.0, front + inwards * TILL_FROM_FRONT_M)
            found.append(
                Shop(
                    f"{floor}{number:02d}",
                    floor,
                    category,
                    (left, min(front, back)),
                    (left + SHOP_WIDTH_M, max(front, back)),
                    (left + 5.0, front),
                    inwards,
                    till,
                    (1.0, 0.0),
                    (till[0], till[1] + inwards * STAFF_BEHIND_M),
                )
            )
    return found


ENTRANCES = ((0.5, 20.0), (59.5, 20.0))
"""Of the ground floor."""
ESCALATOR = (30.0, 20.0)
POSTS = (
    Post("g-code-west", "code", "g", (3.0, 23.5)),
    Post("g-code-east", "code", "g", (57.0, 16.5)),
    Post("g-code-stairs", "code", "g", (27.0, 24.0)),
    Post("g-kiosk", "kiosk", "g", (20.0, 20.0)),
    Post("g-parking", "parking", "g", (56.0, 24.5)),
    Post("u-code-stairs", "code", "u", (33.0, 16.0)),
    Post("u-code-court", "code", "u", (14.0, 24.0)),
    Post("u-kiosk", "kiosk", "u", (42.0, 20.0)),
)


def write_site(folder: Path, timezone: str = "UTC") -> Path:
    """The arcade's site file, and what it names."""
    for floor in FLOORS:
        features = [_zone(f"{floor}-street", "circulation", (0.0, STREET_M[0]), (SIZE_M[0], STREET_M[1]))]
        features += [_zone(shop.id, shop.category, shop.low, shop.high) for shop in shops() if shop.floor == floor]
        content = {"type": "FeatureCollection", "features": features}
        (folder / f"{floor}.geojson").write_text(json.dumps(content), encoding="utf-8")
    (folder / "cameras.json").write_text("{}", encoding="utf-8")
    lines = ['schema = "atrium.site.v1"', 'id = "arcade"', 'name = "Arcade"', f'timezone = "{timezone}"']
    for floor in FLOORS:
        lines += ["[[floors]]", f'id = "{floor}"', f"size_m = [{SIZE_M[0]}, {SIZE_M[1]}]"]
        lines += [f'geometry = "{floor}.geojson"', 'cameras = "cameras.json"']
    for shop in shops():
        lines += _place(f"{shop.id}-till", "till", shop.floor, shop.till)
    for post in POSTS:
        lines += _place(post.id, post.kind, post.floor, post.xy)
    (folder / "site.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder / "site.toml"


def _place(ident: str, kind: str, floor: str, xy: tuple[float, float]) -> list[str]:
    return ["[[places]]", f'id = "{ident}"', f'kind = "{kind}"', f'floor = "{floor}"', f"x = {xy[0]}", f"y = {xy[1]}"]


def _zone(ident: str, category: str, low: tuple[float, float], high: tuple[float, float]) -> dict[str, Any]:
    ring = [[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]], [low[0], low[1]]]
    properties = {"id": ident, "kind": "zone", "name": ident, "category": category}
    return {"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}}
