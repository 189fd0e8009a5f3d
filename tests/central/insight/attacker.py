"""What an attacker has: everything that can be asked of a mall in one table, and who really is in every figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from calibration.site import Site
from central.insight.crowds import Who
from central.insight.doors import Doors
from central.insight.figure import Figure
from central.insight.flows import Flows
from central.insight.shops import Shops
from central.insight.suppression import Marks, Suppression
from central.insight.window import Window
from central.store.store import Store
from tests.central.mall import NOON
from tests.central.population import Figures, Pass, Person, Stay, figures_of, fill

K = 5
QUARTERS = 2
NOW = NOON + 900 * QUARTERS + 5
WHOS: tuple[Who, ...] = ("shoppers", "everybody")
Answers = dict[tuple[Any, ...], Figure]
Asked = tuple[str, float, float]
"""A figure's name and the ends of its window."""


def crowded() -> list[Person]:
    """A mall in which much is told: everybody's way in common, and a few single ones."""
    ways = [
        ("concourse nordic concourse cafe gallery shoes", 9),
        ("concourse cafe nordic", 8),
        ("nordic cafe", 7),
        ("concourse nordic cafe concourse nordic", 1),
        ("kitchen shoes", 2),
    ]
    people = []
    for group, (way, size) in enumerate(ways):
        for one in range(size):
            stays = [Stay(zone, NOON + 50 + 290 * n + 9 * one, 80.0 + one) for n, zone in enumerate(way.split())]
            doors = [Pass(f"{s.zone}-door", "in", s.left_at - 20) for s in stays if s.zone in {"nordic", "cafe"}]
            party = f"party{group}x{one // 2}"
            people.append(Person(f"visitor{group}x{one:04d}", tuple(stays), tuple(doors), party=party))
    return people


def windows() -> list[Window]:
    """Every window of whole quarter-hours, and some of whole minutes."""
    ends = [NOON + 900 * quarter for quarter in range(QUARTERS + 1)]
    found = [Window(start, end) for start, end in combinations(ends, 2)]
    return [*found, Window.snapped(NOW, NOW - 600, NOW), Window(NOON + 60, NOON + 960)]


def answers(figures: Figures) -> Answers:
    """Everything that can be asked, in one table."""
    shops, flows, doors = Shops(figures), Flows(figures), Doors(figures)
    found: Answers = {}
    for window in windows():
        for who in WHOS:
            asked = (*window.marks, who)
            found |= told((*asked, "zones"), shops.all(window, who))
            found |= told((*asked, "dwell"), shops.dwell(window, who))
            for zone in ("nordic", "concourse", "shoes"):
                found |= told((*asked, "zone"), [shops.zone(zone, window, who)])
            for through in (False, True):
                found |= told((*asked, "flows", through), [flows.zones(window, "zone", who, through=through)])
                for length in (2, 3):
                    sequences = flows.sequences(window, length, who, through=through)
                    found |= told((*asked, "sequences", length, through), sequences)
            found |= told((*asked, "categories"), [flows.zones(window, "category", who)])
            found |= told((*asked, "crossings"), doors.crossings(window, who))
        found |= told((*window.marks, "steps"), doors.crossings(window, by_step=True))
    return found


def told(asked: tuple[Any, ...], entries: Sequence[Any]) -> Answers:
    """Figures of dataclasses by what names them, in the order they came in."""
    found: Answers = {}
    for entry in entries:
        values = {field.name: getattr(entry, field.name) for field in fields(entry)}
        names = tuple(
            value for value in values.values() if not isinstance(value, Figure | list) and not is_dataclass(value)
        )
        for field, value in values.items():
            if isinstance(value, Figure):
                found[*asked, *names, field] = value
            elif isinstance(value, list):
                found |= told((*asked, *names, field), value)
    return found


class Watched(Suppression):
    """The method; people's numbers are bits, so that a cell key says who is in a figure, and all figures are noted."""

    def __init__(self, people: Sequence[Person]) -> None:
        super().__init__(K, b"watched")
        self._bit = {person.name: 1 << number for number, person in enumerate(people)}
        self.noted: dict[Asked, tuple[int, int]] = {}
        """Who is in a figure and what is told of it, by name and ends of window."""

    def record_key(self, visitor: str) -> int:
        return self._bit.get(visitor) or super().record_key(visitor)

    def published(
        self, counts: npt.ArrayLike, cell_keys: npt.ArrayLike, figures: str | Sequence[str] = "", marks: Marks = ()
    ) -> npt.NDArray[np.int64]:
        shown = super().published(counts, cell_keys, figures, marks)
        people, keys, values = np.atleast_1d(np.asarray(counts), np.asarray(cell_keys, np.uint64), shown)
        names = [figures] * len(people) if isinstance(figures, str) else figures
        starts, ends = (np.broadcast_to(np.asarray(mark), people.shape) for mark in marks)
        for name, start, end, count, key, value in zip(names, starts, ends, people, keys, values, strict=True):
            if not name.startswith("parties"):
                assert int(key).bit_count() == count, f"{name}: its cell key is not that of its people"
            assert value == 0 or (count >= K and value >= K), name
            self.noted[name, float(start), float(end)] = int(key), int(value)
        return shown

    def bit(self, person: Person) -> int:
        return self._bit[person.name]


def watched(store: Store, site: Site, people: Sequence[Person], everyone: Sequence[Person]) -> tuple[Watched, Answers]:
    """Everything asked of a mall of these people."""
    fill(store, people)
    figures = figures_of(store, site, NOW)
    method = Watched(everyone)
    figures.insight.suppression = method
    figures.insight.reader._suppression = method
    return method, answers(figures)
