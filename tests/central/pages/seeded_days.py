"""Days of a lively mall in the store: shoppers who go from shop to shop that suit them, parties, and staff."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np

from central.store.batch import commit
from central.store.rows import Durable, durable_row
from central.store.store import Store
from contract.events import Visit
from contract.times import to_rfc3339
from contract.topics import Topic
from tests.central.mall import Sender
from tests.central.pages.lively_mall import FLOORS, Room, rooms

MEDIAN_S = {"dining": 1500.0, "food": 420.0, "entertainment": 4200.0, "sports": 540.0, "grocery": 780.0}
USUAL_MEDIAN_S = 360.0
PASSED_BY = 0.55
"""So many who walk a hall's stretch go into no shop of it."""
LIKES = {
    "fashion": {"fashion": 3.0, "dining": 1.6, "food": 1.4, "beauty": 1.3},
    "dining": {"entertainment": 2.5, "food": 1.2, "dining": 0.1},
    "entertainment": {"dining": 2.5, "food": 1.5},
}
"""After a shop of the first category people like shops of the others so much more than by chance."""
HOURS = np.array([0.4, 0.6, 1.0, 1.4, 1.1, 0.9, 1.0, 1.2, 1.5, 1.4, 0.9, 0.5])
"""How busy it is from ten to ten."""


class Days:
    """Writes days into a store.

    Args:
        store: where to.
        seed: the same seed, the same days.
    """

    def __init__(self, store: Store, seed: int = 6) -> None:
        self._store = store
        self._random = np.random.default_rng(seed)
        self._rooms: list[tuple[str, Room]] = [(floor, room) for floor in FLOORS for room in rooms(floor)]
        self._draw = np.array([room.draw for _, room in self._rooms])
        self._senders = {floor: Sender(f"box-{floor}", floor, session=f"seeded0{floor}0000") for floor in FLOORS}
        self._born = 0
        self._rows: list[Durable] = []
        self._parties: list[tuple[str, str, float]] = []
        self._staff: list[tuple[str, float]] = []

    def add(self, first: date, last: date, timezone: object, until: float, *, people: int = 600) -> None:
        """Days from ``first`` to ``last``, nothing of it after ``until``."""
        day = first
        while day <= last:
            busy = 1.35 if day.weekday() >= 5 else 1.0
            opening = datetime(day.year, day.month, day.day, 10, tzinfo=timezone).timestamp()  # type: ignore[arg-type]
            self._shoppers(opening, until, self._random.poisson(people * busy))
            self._workers(opening, until)
            day += timedelta(days=1)
        for start in range(0, len(self._rows), 5000):
            commit(self._store.database, self._rows[start : start + 5000])
        with self._store.database.writing() as connection:
            connection.executemany(
                "INSERT INTO parties (site, visitor, party, confidence, at) VALUES ('mall', ?, ?, 0.9, ?)",
                self._parties,
            )
            connection.executemany(
                "INSERT INTO staff (site, person, reason, at) VALUES ('mall', ?, 'all day', ?)", self._staff
            )

    def _shoppers(self, opening: float, until: float, number: int) -> None:
        hours = self._random.choice(len(HOURS), number, p=HOURS / HOURS.sum())
        begins = np.sort(opening + 3600 * (hours + self._random.random(number)))
        for party, begin in enumerate(begins.tolist()):
            size = int(self._random.choice([1, 2, 3, 4], p=[0.62, 0.27, 0.08, 0.03]))
            way = self._way()
            for _ in range(size):
                name = self._name()
                self._walk(name, begin + float(self._random.uniform(0, 4)), way, until)
                if size > 1:
                    self._parties.append((name, f"party{party:04d}{int(opening)}", begin))

    def _way(self) -> list[tuple[str, Room, float]]:
        way: list[tuple[str, Room, float]] = []
        liking = self._draw.copy()
        for _ in range(1 + self._random.geometric(0.45)):
            floor, room = self._rooms[self._random.choice(len(self._rooms), p=liking / liking.sum())]
            median = MEDIAN_S.get(room.category, USUAL_MEDIAN_S)
            way.append((floor, room, float(median * np.exp(self._random.normal(0, 0.8)))))
            liked = LIKES.get(room.category, {})
            liking = self._draw * [
                liked.get(one.category, 1.0) * (1.5 if other == floor else 0.6) * (one is not room)
                for other, one in self._rooms
            ]
            if len(way) > 6:
                break
        return way

    def _walk(self, name: str, begin: float, way: list[tuple[str, Room, float]], until: float) -> None:
        at = begin
        for floor, room, stay_s in way:
            hall_s = float(40 + self._random.exponential(70))
            at = self._visit(name, (floor, f"hall-{floor}"), at, hall_s, until)
            if self._random.random() < PASSED_BY * 0.3:
                continue
            at = self._visit(name, (floor, room.id), at + 1, stay_s * float(self._random.uniform(0.9, 1.1)), until)

    def _visit(self, name: str, where: tuple[str, str], at: float, stay_s: float, until: float) -> float:
        floor, zone = where
        left = at + stay_s
        if left < until:
            bridged, unseen = stay_s * float(self._random.beta(1, 9)), float(self._random.random() < 0.2) * 20.0
            visit = Visit(
                visit=f"v{len(self._rows):011d}",
                visitor=name,
                zone=zone,
                phase="closed",
                entered_at=to_rfc3339(at),
                observed_s=round(stay_s - bridged, 1),
                bridged_s=round(bridged, 1),
                unseen_s=unseen,
                confidence=0.9,
                left_at=to_rfc3339(left),
            )
            sender = self._senders[floor]
            self._rows.append(
                durable_row(Topic("mall", floor, sender.box, "visits"), sender.message(visit, left), left)
            )
        return left

    def _workers(self, opening: float, until: float) -> None:
        for floor, room in self._rooms:
            for _ in range(2 if room.draw < 1.5 else 5):
                name = self._name()
                self._staff.append((name, opening))
                at = opening - 900 + float(self._random.uniform(0, 900))
                for _ in range(6):
                    at = self._visit(name, (floor, room.id), at, float(self._random.uniform(4500, 6500)), until)
                    at = self._visit(name, (floor, f"hall-{floor}"), at + 1, 240.0, until)

    def _name(self) -> str:
        self._born += 1
        return f"p{self._born:011d}"
