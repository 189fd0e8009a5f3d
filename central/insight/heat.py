"""Heat of any window of a floor: from visitors' own pairs for a day, from what was published of hours and days after.

A window is cut at the mall's midnights. Within each part everybody is counted once; of parts that are over for more
than a day once in every hour. Visitors' ids mean nothing the next day, so that days add up by their nature.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from threading import Lock
from typing import Literal

import numpy as np
import numpy.typing as npt

from calibration.site import Site
from central.insight.heat_sum import summed
from central.insight.heatmap import HeatMap, published
from central.insight.suppression import Suppression
from central.insight.window import HOUR_S, MINUTE_S, QUARTER_S
from central.store.heat import folding, past, reading
from central.store.heat.past import DAY, HOUR, SQUARE, Past
from central.store.heat.purging import CHUNKS_KEPT_S
from central.store.store import Store

SETTLED_S = 90.0
"""A day is closed this long after its end: late batches have come by then."""
MARGIN_S = 900.0
"""Chunks are read only where they are so much younger than when they go."""
MOST_SQUARES = 1_000_000
"""Heatmaps of so many squares are kept at hand (34 bytes each): who watches a floor asks for what others asked for."""

Counted = Literal["once", "once a day", "once an hour"]


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """A heatmap with the window that it is about, which may be wider than the one asked for.

    Attributes:
        start: seconds since 1970.
        end: the same.
        counted: how often the same person may be among the visitors.
        heat: the squares.
    """

    start: float
    end: float
    counted: Counted
    heat: HeatMap


@dataclass(frozen=True, slots=True)
class _Part:
    """Some of a window, within one day, and where its heat is."""

    start: float
    end: float
    grain: Literal["chunks", "hours", "day"]


class Heat:
    """Heatmaps of one site.

    Args:
        store: the truth.
        site: its floors and time zone.
        suppression: what may be told.
    """

    def __init__(self, store: Store, site: Site, suppression: Suppression) -> None:
        self._store = store
        self._site = site
        self._suppression = suppression
        self._lock = Lock()
        self._kept: OrderedDict[tuple[object, ...], Told] = OrderedDict()
        self._squares = 0

    def fold(self, now: float) -> None:
        """Fold the minutes that are over, and close a day of a floor; to be called every second or so.

        Raises:
            StoreUnavailableError: where nothing can be written now; the next call goes on.
        """
        folding.fold(self._store.database, self._site.id, now, self._suppression.record_keys)
        for floor in self._site.floors:
            if self._close_day(floor, now):
                return  # half a second's work: the next floor has the next call

    def told(self, floor_id: str, start: float, end: float, now: float) -> Told:
        """Heat of a floor from ``start`` until before ``end``, both on the grid of ``Window``.

        Args:
            floor_id: the floor.
            start: seconds since 1970.
            end: the same.
            now: decides what is still known by visitor.

        Raises:
            BadInputError: where there is no such floor.
        """
        self._site.floor(floor_id)
        step_s = MINUTE_S if end - start <= HOUR_S else QUARTER_S
        end = max(start, min(end, folding.folded_until(self._store.database, self._site.id) // step_s * step_s))
        parts = self._parts(floor_id, start, end, now)
        staff = reading.staff(self._store.database, self._site.id)
        key = (floor_id, start, end, tuple(parts), self._folds(floor_id), staff.tobytes())
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = self._made(floor_id, (start, end), parts, staff)
        with self._lock:
            if key in self._kept:
                return made
            self._kept[key] = made
            self._squares += len(made.heat.codes)
            while self._squares > MOST_SQUARES:
                _, oldest = self._kept.popitem(last=False)
                self._squares -= len(oldest.heat.codes)
        return made

    def _folds(self, floor_id: str) -> int:
        return folding.folds_of(self._store.database, self._site.id, floor_id)

    def _made(
        self, floor_id: str, window: tuple[float, float], parts: list[_Part], staff: npt.NDArray[np.uint32]
    ) -> Told:
        maps, start, end = [], *window
        database, site = self._store.database, self._site.id
        for part in parts:
            if part.grain == "chunks":
                maps.append(self._published(floor_id, part.start, part.end, staff))
                continue
            grain = DAY if part.grain == "day" else HOUR
            maps += [_map_of(one) for one in past.kept(database, site, floor_id, grain, (part.start, part.end))]
            start, end = min(start, part.start), max(end, part.end)
        grains = {part.grain for part in parts}
        counted: Counted = "once an hour" if "hours" in grains else "once" if len(parts) == 1 else "once a day"
        return Told(start, end, counted, summed(maps) if maps else _map_of(Past(start, end, np.empty(0, SQUARE))))

    def _published(self, floor_id: str, start: float, end: float, staff: npt.NDArray[np.uint32]) -> HeatMap:
        found = reading.footfall(self._store.database, self._site.id, floor_id, start, end)
        figure = f"heat {floor_id}"
        return published(found, staff, self._suppression, figure, (start, end))

    def _parts(self, floor_id: str, start: float, end: float, now: float) -> list[_Part]:
        closed = past.closed_until(self._store.database, self._site.id, floor_id) or 0.0
        parts = []
        for day_start, day_end in self._days(start, end):
            first, last = max(start, day_start), min(end, day_end)
            if day_end > closed or (first >= now - CHUNKS_KEPT_S + MARGIN_S and (first, last) != (day_start, day_end)):
                parts.append(_Part(first, last, "chunks"))
            elif (first, last) == (day_start, day_end):
                parts.append(_Part(first, last, "day"))
            else:
                first = day_start + (first - day_start) // HOUR_S * HOUR_S
                last = min(day_start - (day_start - last) // HOUR_S * HOUR_S, day_end)
                parts.append(_Part(first, last, "hours"))
        return parts

    def _days(self, start: float, end: float) -> Iterator[tuple[float, float]]:
        """Midnight to midnight of the mall's own time, of every day that the window touches."""
        day = datetime.fromtimestamp(start, self._site.timezone).date()
        while (begins := self._midnight(day)) < end:
            day += timedelta(days=1)
            yield begins, self._midnight(day)

    def _midnight(self, day: date) -> float:
        return datetime.combine(day, time(), self._site.timezone).timestamp()

    def _close_day(self, floor_id: str, now: float) -> bool:
        """Whether there was a day that is over, and was published for good with each of its hours."""
        database, site = self._store.database, self._site.id
        first = past.first_at(database, site, floor_id)
        if first is None:
            return False
        since = max(first, past.closed_until(database, site, floor_id) or 0.0)
        day_start, day_end = next(self._days(since, since + 1))
        if day_end > min(now - SETTLED_S, folding.folded_until(database, site)):
            return False
        staff = reading.staff(database, site)
        hours = np.append(np.arange(day_start, day_end, HOUR_S), day_end).tolist()
        stretches = [(HOUR, *ends) for ends in pairwise(hours)]
        stretches.append((DAY, day_start, day_end))
        parts = [
            (grain, Past(start, end, _squares_of(self._published(floor_id, start, end, staff))))
            for grain, start, end in stretches
        ]
        past.keep(database, site, floor_id, parts)
        return True


def _squares_of(heat: HeatMap) -> npt.NDArray[np.void]:
    squares = np.empty(len(heat.codes), SQUARE)
    columns = (heat.codes, heat.levels, heat.own, heat.visitors, heat.person_s, heat.staff, heat.staff_s)
    for name, column in zip(SQUARE.names or (), columns, strict=True):
        squares[name] = column
    return squares


def _map_of(one: Past) -> HeatMap:
    squares = one.squares
    return HeatMap(
        squares["code"],
        squares["level"],
        squares["own"],
        squares["visitors"].astype(np.int64),
        squares["person_s"].astype(np.float64).round(6),
        squares["staff"].astype(np.int64),
        squares["staff_s"].astype(np.float64).round(6),
    )
