"""Occupancy of floors and of the mall: as seen, and by what the doors counted; fit to leave central."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Literal

import numpy as np

from calibration.site import Site
from central.insight.figure import SILENT, Figure, count_figure
from central.insight.suppression import Marks, Suppression, around
from central.journeys.inside import Crowd, Inside, Seen
from central.store import reckoning
from central.store.reckoning import MALL, Night, Quarter
from central.store.store import Store

Alert = Literal["", "near", "over"]
NEAR_SHARE = 0.9
"""From this share of the capacity on a floor is nearly full."""
EASE_SHARE = 0.05
"""An alert ends once occupancy is this share of the capacity below where it began, so that it does not flicker."""
SAME_S = 1.0
"""Occupancy is reckoned this often, however many look."""


@dataclass(frozen=True, slots=True)
class FloorOccupancy:
    """People on a floor now, or in the whole mall.

    Attributes:
        floor: its id; empty for the mall.
        seen: people whom cameras see, those on escalators and in lifts left out, and staff where they are fewer than
            k; silent where a box is.
        by_doors: who was there at night, and since then everybody counted in less everybody counted out; silent where
            no line is known to lead off the floor.
        capacity: people who may be there at once, None where nobody said.
        alert: ``near`` or ``over`` the capacity, by the larger of both figures.
    """

    floor: str
    name: str
    seen: Figure
    by_doors: Figure
    capacity: int | None
    alert: Alert


@dataclass(frozen=True, slots=True)
class SiteOccupancy:
    """Everybody at an instant, seconds since 1970."""

    at: float
    floors: tuple[FloorOccupancy, ...]
    mall: FloorOccupancy


@dataclass(frozen=True, slots=True)
class QuarterOccupancy:
    """People at the beginning of a quarter hour (``start``, seconds since 1970), by doors and as seen."""

    floor: str
    start: float
    people: Figure
    seen: Figure


@dataclass(frozen=True, slots=True)
class Reckoning:
    """A day's count of doors against who was there at night.

    Attributes:
        night: local date of the day's end.
        floor: its id; empty for the mall.
        entered: different people who came,
        left: and who went.
        drift: people whom the doors counted too many, give or take the noise of such figures; None where it is not
            known who was there, or few came.
        door: the line that explains it, as floor/line; None where no single door does.
        door_share: how much of the drift it explains, to a tenth,
        low: with 95 % interval,
        high: likewise.
    """

    night: str
    floor: str
    entered: Figure
    left: Figure
    drift: int | None
    door: str | None
    door_share: float | None
    low: float | None
    high: float | None


class Occupancy:
    """Occupancy of one site.

    Args:
        store: the truth.
        site: its floors and capacities.
        suppression: what every figure about people goes through.
        inside: counts the doors.
    """

    def __init__(self, store: Store, site: Site, suppression: Suppression, inside: Inside) -> None:
        self._store = store
        self._site = site
        self._suppression = suppression
        self._inside = inside
        self._alerts: dict[str, Alert] = {}
        self._latest: SiteOccupancy | None = None
        self._lock = threading.Lock()

    def now(self, now: float) -> SiteOccupancy:
        """Everybody at this instant; the same answer for whoever asks within a second."""
        with self._lock:
            if self._latest is None or not 0 <= now - self._latest.at < SAME_S:
                seen, inside = self._inside.seen(now), self._inside.now(now)
                names = {MALL: self._site.name} | {floor.id: floor.name for floor in self._site.floors.values()}
                capacities = {MALL: self._site.capacity} | {
                    floor.id: floor.capacity for floor in self._site.floors.values()
                }
                told = {
                    floor: self._floor(floor, name, now, (seen.get(floor), inside.get(floor)), capacities[floor])
                    for floor, name in names.items()
                }
                mall = told.pop(MALL)
                self._latest = SiteOccupancy(now, tuple(told.values()), mall)
            return self._latest

    def by_quarter(self, day_start: float, day_end: float) -> list[QuarterOccupancy]:
        """Every kept quarter hour from ``day_start`` until before ``day_end``, by time; the mall first."""
        return [
            QuarterOccupancy(
                one.floor,
                one.at,
                self._figure(f"inside {one.floor}", Crowd(one.inside, one.inside_key), around(one.at)),
                self._seen(one.floor, _seen_at(one), one.at),
            )
            for one in reckoning.quarters(self._store.database, self._store.site, day_start, day_end)
            if one.at < day_end
        ]

    def reckonings(self, limit: int) -> list[Reckoning]:
        """The latest reckonings, newest night first."""
        return [self._reckoning(one) for one in reckoning.nights(self._store.database, self._store.site, limit)]

    def _floor(
        self, floor: str, name: str, now: float, found: tuple[Seen | None, Crowd | None], capacity: int | None
    ) -> FloorOccupancy:
        seen, inside = found
        by_eye = self._seen(floor, seen, now)
        by_doors = SILENT if inside is None else self._figure(f"inside {floor}", inside, around(now))
        people = max(by_eye.value or 0, by_doors.value or 0)
        self._alerts[floor] = alert(people, capacity, self._alerts.get(floor, ""))
        return FloorOccupancy(floor, name, by_eye, by_doors, capacity, self._alerts[floor])

    def _seen(self, floor: str, seen: Seen | None, at: float) -> Figure:
        """Shoppers, and staff where there are enough of them: the two together would tell of few."""
        if seen is None:
            return SILENT
        shoppers = self._told(f"seen shoppers {floor}", seen.everybody.plus(seen.staff, -1), around(at))
        staff = self._told(f"seen staff {floor}", seen.staff, around(at))
        return count_figure(shoppers + staff if shoppers else 0, self._suppression.most_off)

    def _figure(self, figure: str, crowd: Crowd, marks: Marks) -> Figure:
        return count_figure(self._told(figure, crowd, marks), self._suppression.most_off)

    def _told(self, figure: str, crowd: Crowd, marks: Marks) -> int:
        return int(self._suppression.published(crowd.people, np.uint64(crowd.key), figure, marks))

    def _reckoning(self, one: Night) -> Reckoning:
        marks = (one.at, one.at)
        entered = self._figure(f"entered {one.floor}", Crowd(one.entered_people, one.entered_key), marks)
        left = self._figure(f"left {one.floor}", Crowd(one.departed_people, one.departed_key), marks)
        if entered.withheld or left.withheld or one.drift is None:
            return Reckoning(one.night, one.floor, entered, left, None, None, None, None, None)
        key = np.uint64((one.entered_key ^ one.departed_key) % (1 << 64))
        off = int(self._suppression.noise(key, f"drift {one.floor}", marks))
        # a share to more digits is a quotient that tells its numbers
        shares = (None if share is None else round(share, 1) for share in (one.door_share, one.low, one.high))
        return Reckoning(one.night, one.floor, entered, left, one.drift + off, one.door, *shares)


def _seen_at(one: Quarter) -> Seen | None:
    if one.seen is None or one.seen_key is None:
        return None
    return Seen(Crowd(one.seen, one.seen_key), Crowd(one.staff, one.staff_key))


def alert(people: float, capacity: int | None, before: Alert) -> Alert:
    """Whether that many are near or over the capacity, and stay so until it has eased.

    >>> alert(899, 1000, ""), alert(900, 1000, ""), alert(860, 1000, "near"), alert(849, 1000, "near")
    ('', 'near', 'near', '')
    """
    if capacity is None:
        return ""
    share = people / capacity
    for kind, at in (("over", 1.0), ("near", NEAR_SHARE)):
        holds = before == kind or (kind == "near" and before == "over")
        if share >= (at - EASE_SHARE if holds else at):
            return "over" if kind == "over" else "near"
    return ""
