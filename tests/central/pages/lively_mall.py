"""A mall of three floors with a few hundred people in it, for pages to be looked at: a site, and walkers with a seed.

People come through the doors, walk the hall, stand about in a few shops that suit them, and go. They are no model of
shoppers; they are only many, in plausible places, and never the same picture twice.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

WIDTH_M, DEPTH_M, HALL_M = 72.0, 40.0, (16.0, 24.0)
WALK_M_S = 1.2
FLOORS = {"g": "Ground floor", "f1": "First floor", "f2": "Second floor"}
CAPACITY = {"g": 260, "f1": 220, "f2": 90}
DRAWN = frozenset({"f2"})
"""Floors of which the site has a picture of the plan."""
ARRIVE_PER_S = {"g": 0.75, "f1": 0.45, "f2": 0.3}
SHOPS: dict[str, list[tuple[str, str, str, float, float]]] = {
    "g": [
        ("linho", "Linho", "fashion", 14, 1.0),
        ("mistral", "Mistral", "fashion", 12, 2.0),
        ("sapataria", "Sapataria Real", "fashion", 10, 0.6),
        ("flora", "Flora", "beauty", 9, 0.9),
        ("livraria", "Livraria Bertim", "home", 13, 0.8),
        ("pingo", "Pingo", "grocery", 14, 3.0),
        ("tasca", "Tasca", "dining", 16, 2.6),
        ("gelato", "Gelato", "food", 8, 1.4),
        ("optica", "Óptica", "services", 9, 0.4),
        ("volt", "Volt", "electronics", 15, 1.5),
        ("corrida", "Corrida", "sports", 12, 1.0),
        ("banco", "Banco", "services", 12, 0.25),
    ],
    "f1": [
        ("norte", "Norte", "fashion", 18, 1.2),
        ("casa", "Casa & Luz", "home", 16, 0.8),
        ("brinca", "Brinca", "kids", 14, 1.6),
        ("joia", "Jóia", "fashion", 8, 0.2),
        ("atleta", "Atleta", "sports", 16, 1.1),
        ("sushi", "Sushi Ya", "dining", 14, 1.5),
        ("burger", "Burger Lab", "dining", 14, 2.0),
        ("cha", "Chá Verde", "food", 10, 1.0),
        ("pele", "Pele", "beauty", 14, 0.5),
        ("som", "Som", "electronics", 20, 0.6),
    ],
    "f2": [
        ("cinema", "Cinema", "entertainment", 40, 3.0),
        ("bowling", "Bowling", "entertainment", 32, 1.5),
        ("ginasio", "Ginásio", "sports", 36, 1.0),
        ("terraco", "Terraço", "dining", 36, 1.8),
    ],
}
"""Id, name, category, front in metres, and how much people are drawn to it; half of them north of the hall."""


@dataclass(frozen=True)
class Room:
    """A shop: its box (left, low, right, high) in metres, its door's middle, its draw."""

    id: str
    name: str
    category: str
    box: tuple[float, float, float, float]
    door: tuple[float, float]
    draw: float


def rooms(floor: str) -> list[Room]:
    shops = SHOPS[floor]
    half = (len(shops) + 1) // 2
    found = []
    for row, is_north in ((shops[:half], True), (shops[half:], False)):
        stretch = WIDTH_M / sum(front for *_, front, _ in row)
        left = 0.0
        for name, title, category, front, draw in row:
            right = round(left + front * stretch, 2)
            low, high = (HALL_M[1], DEPTH_M) if is_north else (0.0, HALL_M[0])
            door = ((left + right) / 2, low if is_north else high)
            found.append(Room(name, title, category, (round(left, 2), low, right, high), door, draw))
            left = right
    return found


def write_site(folder: Path, timezone: str = "UTC") -> Path:
    """The site's files; the path of ``site.toml``."""
    lines = [f'schema = "atrium.site.v1"\nid = "mall"\nname = "Galeria Central"\ntimezone = "{timezone}"\n']
    (folder / "cameras.json").write_text("{}", encoding="utf-8")
    for floor, name in FLOORS.items():
        content = {"type": "FeatureCollection", "features": _features(floor)}
        (folder / f"{floor}.geojson").write_text(json.dumps(content), encoding="utf-8")
        if floor in DRAWN:
            cv2.imwrite(str(folder / f"{floor}.png"), _drawn(floor))
        plan = f'plan = "{floor}.png"\n' if floor in DRAWN else ""
        lines.append(
            f'[[floors]]\nid = "{floor}"\nname = "{name}"\nsize_m = [{WIDTH_M}, {DEPTH_M}]\n'
            f'geometry = "{floor}.geojson"\ncameras = "cameras.json"\ncapacity = {CAPACITY[floor]}\n{plan}'
        )
    (folder / "site.toml").write_text("".join(lines), encoding="utf-8")
    return folder / "site.toml"


def _drawn(floor: str) -> npt.NDArray[np.uint8]:
    """An architect's drawing of the floor, 10 pixels a metre: outlines and a raster."""
    drawing = np.full((int(DEPTH_M * 10), int(WIDTH_M * 10), 3), 255, np.uint8)
    drawing[::40] = drawing[:, ::40] = 235
    for room in rooms(floor):
        left, low, right, high = (round(10 * edge) for edge in room.box)
        cv2.rectangle(drawing, (left, int(DEPTH_M * 10) - high), (right, int(DEPTH_M * 10) - low), (120, 120, 120), 2)
    return drawing


def _features(floor: str) -> list[dict[str, Any]]:
    features = [_feature("zone", f"hall-{floor}", "Hall", (0, HALL_M[0], WIDTH_M, HALL_M[1]), category="circulation")]
    for room in rooms(floor):
        left, low, right, high = room.box
        features.append(_feature("zone", room.id, room.name, room.box, category=room.category))
        x, y = room.door
        ends = [[x - 1.6, y], [x + 1.6, y]]
        features.append(_line("line", f"{room.id}-door", ends, name=f"{room.name}: door", zone=room.id))
        features.append(_line("wall", f"{room.id}-w1", [[left, y], ends[0]]))
        features.append(_line("wall", f"{room.id}-w2", [ends[1], [right, y]]))
        features.append(_line("wall", f"{room.id}-side", [[right, low], [right, high]]))
    outer = [[0, 0], [WIDTH_M, 0], [WIDTH_M, DEPTH_M], [0, DEPTH_M], [0, 0]]
    features.append(_line("wall", f"outer-{floor}", outer))
    for side, x in (("west", 0.3), ("east", WIDTH_M - 0.3)):
        ends = [[x, 18.0], [x, 22.0]]
        line = _line("line", f"{side}-{floor}", ends, name=f"{side.title()} entrance", zone=f"hall-{floor}")
        features.append(line)
    return features


def _feature(kind: str, ident: str, name: str, box: tuple[float, ...], *, category: str) -> dict[str, Any]:
    left, low, right, high = box
    ring = [[left, low], [right, low], [right, high], [left, high], [left, low]]
    return {
        "type": "Feature",
        "properties": {"id": ident, "kind": kind, "name": name, "category": category},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def _line(kind: str, ident: str, points: list[list[float]], **more: str) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"id": ident, "kind": kind, **more},
        "geometry": {"type": "LineString", "coordinates": points},
    }


@dataclass
class Walker:
    """Somebody with a way still to go: points, and how long to stay at each."""

    token: str
    at: npt.NDArray[np.float64]
    way: list[tuple[float, float, float]]
    speed_m_s: float = WALK_M_S
    stay_s: float = 0.0


@dataclass
class Crowd:
    """The walkers of one floor; ``step`` moves them by a second."""

    floor: str
    seed: int = 1
    prefix: str = "walker"
    walkers: list[Walker] = field(default_factory=list)
    born: int = 0

    def __post_init__(self) -> None:
        self._random = np.random.default_rng([self.seed, len(self.floor), ord(self.floor[-1])])
        self._rooms = rooms(self.floor)
        draw = np.array([room.draw for room in self._rooms])
        self._draw = draw / draw.sum()

    def step(self, rate: float = 1.0) -> dict[str, tuple[float, float]]:
        """One second later: metres by visitor."""
        for _ in range(self._random.poisson(ARRIVE_PER_S[self.floor] * rate)):
            self.walkers.append(self._newcomer())
        for walker in self.walkers:
            self._move(walker)
        self.walkers = [walker for walker in self.walkers if walker.way]
        return {walker.token: (round(float(walker.at[0]), 2), round(float(walker.at[1]), 2)) for walker in self.walkers}

    def _newcomer(self) -> Walker:
        self.born += 1
        entrance = (0.5 if self._random.random() < 0.6 else WIDTH_M - 0.5, float(self._random.uniform(18.2, 21.8)))
        way: list[tuple[float, float, float]] = []
        for pick in self._random.choice(len(self._rooms), self._random.integers(1, 4), p=self._draw):
            room = self._rooms[pick]
            (left, low, right, high), (door_x, door_y) = room.box, room.door
            lane = float(self._random.uniform(HALL_M[0] + 1.2, HALL_M[1] - 1.2))
            way += [(door_x, lane, 0.0), (door_x + float(self._random.uniform(-1, 1)), door_y, 0.0)]
            deep = 5 * (1 if door_y == high else -1)
            middle = np.array([(left + right) / 2, door_y - deep])
            for _ in range(self._random.integers(1, 4)):
                spot = self._random.normal(middle, [(right - left) / 5, 2.6])
                x, y = np.clip(spot, [left + 0.6, low + 0.6], [right - 0.6, high - 0.6])
                way.append((float(x), float(y), float(self._random.gamma(2, 45 if room.category == "dining" else 18))))
            way.append((door_x, door_y, 0.0))
        exit_x = 0.2 if self._random.random() < 0.5 else WIDTH_M - 0.2
        lane = float(self._random.uniform(18.2, 21.8))
        way += [(way[-1][0], lane, 0.0), (exit_x, lane, 0.0)]
        speed_m_s = float(np.clip(self._random.normal(WALK_M_S, 0.25), 0.5, 2.0))
        return Walker(f"{self.prefix}{self.floor}{self.born:06d}", np.array(entrance), way, speed_m_s)

    def _move(self, walker: Walker) -> None:
        if walker.stay_s > 0:
            walker.stay_s -= 1
            walker.at = walker.at + self._random.normal(0, 0.08, 2)
            return
        left_m = walker.speed_m_s
        while walker.way and left_m > 0:
            x, y, stay_s = walker.way[0]
            gap = np.array([x, y]) - walker.at
            distance = float(np.hypot(*gap))
            if distance > left_m:
                walker.at = walker.at + gap / distance * left_m
                return
            walker.at, left_m = np.array([x, y]), left_m - distance
            walker.way.pop(0)
            if stay_s:
                walker.stay_s = stay_s
                return
