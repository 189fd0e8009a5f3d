"""A floor as it is now: figures, squares and dots, made once a second for everybody who watches.

Nobody is drawn where they are. Present people are gathered into squares of 1 to 8 m by the same rules as heat; in each
square as many dots are drawn as people are published, at places that have nothing to do with theirs: drawn by lot for
the square and the minute, so that dots rest where they are while nothing changes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from threading import Lock
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from calibration.site import Floor, Site
from central.insight import kernels
from central.insight.figure import SILENT, Figure, count_figure
from central.insight.heatmap import HeatMap, Who, published
from central.insight.suppression import Keys, Marks, Suppression, around
from central.store import boxes, positions
from central.store.heat import reading
from central.store.heat.chunk import Pairs, packed
from central.store.heat.grid import TILE_BITS, cells_of, codes_of
from central.store.heat.reading import Footfall
from central.store.positions import Present
from central.store.store import Store

PRESENT_S = 2.5
"""Somebody seen this lately is present: bridges a missed second without counting ghosts."""
SILENT_AFTER_S = 10.0
"""A box that has not told positions for this long leaves its floor's present unknown."""
CELL_M = 1.0
"""Side of the smallest square of the present: k people never share half a metre."""


@dataclass(frozen=True, slots=True, eq=False)
class LiveSnapshot:
    """A floor at one second.

    Attributes:
        at: whole seconds since 1970.
        heard_s_ago: seconds since positions last came, None where they never did.
        people: on the floor; withheld where the floor is silent.
        zones: people by zone.
        dots: (x, y) metres, as many as people are told in squares.
        blocks: (x, y, side, people per square metre), metres, largest first.
        json: all of it, and k, as JSON.
    """

    at: int
    heard_s_ago: float | None
    people: Figure
    zones: dict[str, Figure]
    dots: list[tuple[float, float]]
    blocks: list[tuple[float, float, float, float]]
    json: bytes


@dataclass(frozen=True, slots=True)
class _Teller:
    """Tells how many are in places now.

    Attributes:
        suppression: the method.
        marks: of the instant.
        who: about whom.
    """

    suppression: Suppression
    marks: Marks
    who: Who

    def figure(self, place: str, inside: npt.NDArray[np.bool_], works: npt.NDArray[np.bool_], keys: Keys) -> Figure:
        """People among those inside, staff counted on their own."""
        told = self._told(f"shoppers now {place}", keys[inside & ~works])
        if told and self.who == "everybody":
            told += self._told(f"staff now {place}", keys[inside & works])
        return count_figure(told, self.suppression.most_off)

    def _told(self, figure: str, keys: Keys) -> int:
        return int(self.suppression.published(len(keys), keys.sum(dtype=np.uint64), figure, self.marks))


class LiveFloor:
    """Makes snapshots, at most one a second of a floor; safe to ask from any thread.

    Args:
        store: the truth.
        site: floors and zones.
        suppression: what may be told.
    """

    def __init__(self, store: Store, site: Site, suppression: Suppression) -> None:
        self._store = store
        self._site = site
        self._suppression = suppression
        self._lock = Lock()
        self._made: dict[tuple[str, Who], LiveSnapshot] = {}
        self._keys: dict[str, dict[int, int]] = {}

    def snapshot(self, floor_id: str, now: float, who: Who = "shoppers") -> LiveSnapshot:
        """The floor at this second, the same for everybody.

        Raises:
            BadInputError: where there is no such floor.
        """
        floor, second = self._site.floor(floor_id), math.floor(now)
        with self._lock:
            made = self._made.get((floor_id, who))
            if made is None or made.at != second:
                made = self._made[floor_id, who] = self._snapshot(floor, second, now, who)
        return made

    def _snapshot(self, floor: Floor, second: int, now: float, who: Who) -> LiveSnapshot:
        database, site = self._store.database, self._site.id
        told = [box.positions_at for box in boxes.boxes(database, site) if box.floor == floor.id and box.positions_at]
        heard_s_ago = round(max(0.0, now - max(told)), 1) if told else None
        if heard_s_ago is None or heard_s_ago > SILENT_AFTER_S:
            return self._encoded(second, heard_s_ago, SILENT, dict.fromkeys(floor.zones, SILENT), [], [])
        newest = max(told)
        here = positions.present(database, site, floor.id, newest - PRESENT_S, newest + PRESENT_S)
        keys, staff = self._record_keys(floor.id, here), reading.staff(database, site)
        works = np.isin(here.numbers, staff)
        xy_m = np.stack([here.x_m, here.y_m], axis=1)
        teller = _Teller(self._suppression, around(second), who)
        zones = {
            zone.id: teller.figure(f"{floor.id}/{zone.id}", zone.contains(xy_m), works, keys)
            for zone in floor.zones.values()
        }
        heat = self._squares(floor.id, here, keys, staff, around(second))
        people = heat.people(who)[0]
        x, y, side, _ = heat.squares(who)
        density = np.round(people / (heat.own * CELL_M**2), 3)
        columns = (column.tolist() for column in (x, y, side, density))
        return self._encoded(
            second,
            heard_s_ago,
            teller.figure(floor.id, np.ones(len(works), np.bool_), works, keys),
            zones,
            _dots(heat, people, floor.size_m, second // 60),
            list(zip(*columns, strict=True)),
        )

    def _encoded(self, at: int, heard_s_ago: float | None, *rest: Any) -> LiveSnapshot:
        """The snapshot with its JSON."""
        people, zones, dots, blocks = rest
        content = {
            "at": at,
            "heard_s_ago": heard_s_ago,
            "k": self._suppression.k,
            "people": people,
            "zones": zones,
            "dots": dots,
            "blocks": blocks,
        }
        return LiveSnapshot(at, heard_s_ago, people, zones, dots, blocks, msgspec.json.encode(content))

    def _record_keys(self, floor_id: str, here: Present) -> Keys:
        """(N,) record keys of those present; those of who was here a second ago are at hand."""
        known, numbers = self._keys.get(floor_id, {}), here.numbers.tolist()
        fresh = [number for number in numbers if number not in known]
        names = positions.names_of(self._store.database, fresh) if fresh else {}
        found = {number: known.get(number, 0) for number in numbers}
        found |= {number: self._suppression.record_key(name) for number, name in names.items()}
        self._keys[floor_id] = found
        return np.array([found[number] for number in numbers], np.uint64)

    def _squares(
        self, floor_id: str, here: Present, keys: Keys, staff: npt.NDArray[np.uint32], marks: Marks
    ) -> HeatMap:
        codes = codes_of(np.floor(np.stack([here.x_m, here.y_m], axis=1) / CELL_M))
        order = np.lexsort((here.numbers, codes))
        pairs = Pairs(codes[order], here.numbers[order], np.ones(len(codes), np.int64))
        chunk = packed(pairs, dict(zip(here.numbers.tolist(), keys.tolist(), strict=True)))
        return published(Footfall([chunk]), staff, self._suppression, f"now {floor_id}", marks, cell_m=CELL_M)


def _dots(
    heat: HeatMap, people: npt.NDArray[np.int64], size_m: tuple[float, float], minute: int
) -> list[tuple[float, float]]:
    """As many places as people, by lot among each square's own cells as far as they lie on the floor."""
    tiles = np.unique(heat.codes >> TILE_BITS).astype(np.int64)
    squares = np.empty((len(tiles), 1 << TILE_BITS), np.int32)
    kernels.painted(heat.codes, heat.levels, tiles, squares)
    tile, cell = np.nonzero(squares >= 0)
    corner_m = cells_of((tiles[tile] << TILE_BITS | cell).astype(np.uint32)) * CELL_M
    on_floor = ((corner_m > -CELL_M) & (corner_m < size_m)).all(axis=1)
    owner = squares[tile, cell]
    dots: list[tuple[float, float]] = []
    for index, (code, level, many) in enumerate(
        zip(heat.codes.tolist(), heat.levels.tolist(), people.tolist(), strict=True)
    ):
        mine = corner_m[(owner == index) & on_floor]
        if len(mine):
            chance = np.random.default_rng((minute, code, level))
            places = mine[(chance.random(many) * len(mine)).astype(np.intp)] + chance.random((many, 2)) * CELL_M
            dots += [(x, y) for x, y in np.round(np.clip(places, 0, size_m), 2).tolist()]
    return dots
