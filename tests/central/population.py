"""People of a small mall as the store holds them, and the figures' sources over it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from calibration.site import Site
from central.insight.insight import Insight
from central.insight.suppression import Suppression
from central.store.store import Store

FLOOR_OF = {"concourse": "g", "nordic": "g", "atelier": "g", "cafe": "g", "gallery": "u", "kitchen": "u", "shoes": "u"}


@dataclass(frozen=True)
class Stay:
    """A closed visit: when it ended and how long it was, seconds."""

    zone: str
    left_at: float
    dwell_s: float = 60.0
    bridged_s: float = 0.0
    unseen_s: float = 0.0


@dataclass(frozen=True)
class Pass:
    """A crossing."""

    line: str
    direction: str
    at: float


@dataclass(frozen=True)
class Person:
    """Somebody's day."""

    name: str
    stays: tuple[Stay, ...] = ()
    passes: tuple[Pass, ...] = ()
    works: bool = False
    party: str = ""


def fill(store: Store, people: Iterable[Person]) -> None:
    """Make the store hold these people and nobody else."""
    visits, crossings, parties, staff = [], [], [], []
    for person in people:
        for stay in person.stays:
            seen = stay.dwell_s - stay.bridged_s
            entered, floor = stay.left_at - stay.dwell_s - stay.unseen_s, FLOOR_OF[stay.zone]
            told = (stay.left_at, person.name, stay.zone, "closed", entered, stay.left_at, seen)
            number = len(visits)
            first = ("mall", entered, f"box-{floor}", f"v{number}", floor, "s", number)
            visits.append((*first, *told, stay.bridged_s, stay.unseen_s, 0.9))
        crossings += [
            ("mall", "box-g", "s", len(crossings) + n, "g", one.line, one.direction, person.name, one.at)
            for n, one in enumerate(person.passes)
        ]
        known_at = max((stay.left_at for stay in person.stays), default=0.0)  # retention forgets what is older
        if person.works:
            staff.append(("mall", person.name, "till", known_at))
        if person.party:
            parties.append(("mall", person.name, person.party, 0.9, known_at))
    with store.database.writing() as connection:
        for table, rows, width in (
            ("visits", visits, 17),
            ("crossings", crossings, 9),
            ("parties", parties, 5),
            ("staff", staff, 4),
        ):
            connection.execute(f"DELETE FROM {table}")  # noqa: S608
            connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * width)})", rows)  # noqa: S608


class Plain(Suppression):
    """The method without its noise, to compare figures with a known truth."""

    def noise(self, cell_keys: npt.ArrayLike, figures: object = "", marks: object = ()) -> npt.NDArray[np.int64]:
        """None."""
        return np.zeros(np.shape(cell_keys), np.int64)


@dataclass(frozen=True)
class Figures:
    """What services give to figures: insight and clock."""

    insight: Insight
    clock: Callable[[], float]


def figures_of(
    store: Store, site: Site, now: float, key: bytes = b"key", *, plain: bool = False, k: int = 5
) -> Figures:
    """Sources of figures over the store, at an instant."""
    insight = Insight(store, site, k, key)
    if plain:
        insight.suppression = Plain(k, key)
    return Figures(insight, lambda: now)
