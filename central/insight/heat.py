"""Heat of any window of a floor: a sum of stretches that were published once each.

Every quarter of an hour is published on its own, once, with the staff who are known by then, and kept as it was told;
hours, days and every other window are sums of quarters. Where a window of the last hour begins or ends within a
quarter, minutes stand in, published on their own in squares of 2 m and more. So two windows differ by nothing but
what was told of the stretches between them: the trace of one person through a hundred squares, which noise in each
of them could not hide, is in no difference.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby, pairwise
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
from central.store.heat.past import DAY, HOUR, QUARTER, SQUARE, Past
from central.store.heat.purging import CHUNKS_KEPT_S, MINUTES_KEPT_S
from central.store.store import Store

SETTLED_S = 45.0
"""A minute or a quarter is published this long after its end: late batches have come by then."""
MARGIN_S = 900.0
"""Quarters are read only where they are so much younger than when they go."""
FINEST_OF_MINUTES = 2
"""Minutes are told in squares of 2 m at the least. A quarter less its other fourteen minutes is off by the noise of all
fifteen in every square, and a path has too few such squares to average that."""
MINUTE = 1
MINUTES_TOLD_S = 2 * HOUR_S
"""So long ago a window of minutes may begin: it is an hour long at most and ends within the last hour."""
MOST_QUARTERS = 100
"""Published at once at most."""
MOST_SQUARES = 1_000_000
"""Heatmaps of so many squares are kept at hand (34 bytes each): who watches a floor asks for what others asked for."""

Counted = Literal["once", "once a quarter", "once a minute"]


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """A heatmap with the window that it is about, which may be wider than the one asked for.

    Attributes:
        start: seconds since 1970.
        end: the same.
        counted: how often the same person is counted at most.
        heat: the squares.
    """

    start: float
    end: float
    counted: Counted
    heat: HeatMap


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch that was published, or will now be: a minute (grain 1) or one of ``past``'s grains."""

    grain: int
    start: float
    end: float


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
        self._minutes: dict[tuple[str, float], HeatMap] = {}

    def fold(self, now: float) -> None:
        """Fold the minutes that are over, publish quarters and close a day of a floor; to be called every second or so.

        Raises:
            StoreUnavailableError: where nothing can be written now; the next call goes on.
        """
        folding.fold(self._store.database, self._site.id, now, self._suppression.record_keys)
        for floor in self._site.floors:
            self._publish(floor, now)
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
        end = max(start, min(end, self._settled(now) // step_s * step_s))
        pieces = self._pieces(floor_id, start, end, now)
        key = (floor_id, start, end, tuple(pieces))
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = self._made(floor_id, (start, end), pieces)
        with self._lock:
            if key in self._kept:
                return made
            self._kept[key] = made
            self._squares += len(made.heat.codes)
            while self._squares > MOST_SQUARES:
                _, oldest = self._kept.popitem(last=False)
                self._squares -= len(oldest.heat.codes)
        return made

    def _settled(self, now: float) -> float:
        """Up to when nothing comes any more."""
        return min(now - SETTLED_S, folding.folded_until(self._store.database, self._site.id))

    def _made(self, floor_id: str, window: tuple[float, float], pieces: list[_Piece]) -> Told:
        database, site = self._store.database, self._site.id
        maps = []
        for grain, group in groupby(pieces, lambda one: one.grain):
            some = list(group)
            if grain == MINUTE:
                maps += [self._minute(floor_id, one.start) for one in some]
            else:
                kept = past.kept(database, site, floor_id, grain, (some[0].start, some[-1].end))
                wanted = {one.start for one in some}
                maps += [_map_of(one) for one in kept if one.start in wanted]
        start, end = min([window[0], *(one.start for one in pieces)]), max([window[1], *(one.end for one in pieces)])
        grains = {one.grain for one in pieces}
        counted: Counted = "once a minute" if MINUTE in grains else "once a quarter"
        if len(pieces) <= 1 and not grains & {HOUR, DAY}:
            counted = "once"
        return Told(start, end, counted, summed(maps) if maps else _map_of(Past(start, end, np.empty(0, SQUARE))))

    def _minute(self, floor_id: str, start: float) -> HeatMap:
        """A minute as it was first told: who is found to work here later was a shopper in it."""
        with self._lock:
            kept = self._minutes.get((floor_id, start))
        if kept is None:
            made = self._published(floor_id, start, start + MINUTE_S, f"minute {floor_id}", FINEST_OF_MINUTES)
            with self._lock:
                kept = self._minutes.setdefault((floor_id, start), made)
        return kept

    def _published(self, floor_id: str, start: float, end: float, figure: str, finest: int = 0) -> HeatMap:
        database, site = self._store.database, self._site.id
        found = reading.footfall(database, site, floor_id, start, end)
        return published(found, reading.staff(database, site), self._suppression, figure, (start, end), finest=finest)

    def _pieces(self, floor_id: str, start: float, end: float, now: float) -> list[_Piece]:
        """By time, and by grain within a day."""
        closed = past.closed_until(self._store.database, self._site.id, floor_id) or 0.0
        pieces: list[_Piece] = []
        for day_start, day_end in self._days(start, end):
            first, last = max(start, day_start), min(end, day_end)
            if day_end <= closed and (first, last) == (day_start, day_end):
                pieces.append(_Piece(DAY, first, last))
            elif day_end > closed or first >= now - CHUNKS_KEPT_S + MARGIN_S:
                pieces += self._quarters(floor_id, first, last, now)
            else:
                first = day_start + (first - day_start) // HOUR_S * HOUR_S
                last = min(day_start - (day_start - last) // HOUR_S * HOUR_S, day_end)
                hours = np.append(np.arange(first, last, HOUR_S), last).tolist()
                pieces += [_Piece(HOUR, *ends) for ends in pairwise(hours)]
        return pieces

    def _quarters(self, floor_id: str, start: float, end: float, now: float) -> list[_Piece]:
        """Published quarters, and minutes where the window begins or ends within one or it is not published yet."""
        database, site = self._store.database, self._site.id
        span = (-(-start // QUARTER_S) * QUARTER_S, end - QUARTER_S + 1)
        kept = past.starts(database, site, floor_id, QUARTER, span)
        quarters = [_Piece(QUARTER, one, one + QUARTER_S) for one in kept]
        least = max(start, (now - MINUTES_TOLD_S) // QUARTER_S * QUARTER_S)
        covered = {one.start // MINUTE_S + n for one in quarters for n in range(QUARTER)}
        told = reading.minutes(database, site, floor_id, int(least // MINUTE_S), int(end // MINUTE_S))
        minutes = [_Piece(MINUTE, one * MINUTE_S, (one + 1) * MINUTE_S) for one in told if one not in covered]
        return [*quarters, *minutes]

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
        if day_end > self._settled(now) or past.unpublished(database, site, floor_id, day_end, 1):
            return False
        hours = np.append(np.arange(day_start, day_end, HOUR_S), day_end).tolist()
        stretches = [(HOUR, *ends) for ends in pairwise(hours)]
        stretches.append((DAY, day_start, day_end))
        quarters = past.kept(database, site, floor_id, QUARTER, (day_start, day_end))
        maps = {one.start: _map_of(one) for one in quarters}
        empty = _map_of(Past(day_start, day_end, np.empty(0, SQUARE)))
        parts = [
            (grain, Past(start, end, _squares_of(summed([maps[at] for at in maps if start <= at < end] or [empty]))))
            for grain, start, end in stretches
        ]
        past.keep(database, site, floor_id, parts)
        return True

    def _publish(self, floor_id: str, now: float) -> None:
        """Publish the quarters that are over, for good, and the latest minute; forget minutes that none may ask for."""
        database, site = self._store.database, self._site.id
        latest = int(self._settled(now) // MINUTE_S) - 1
        for minute in reading.minutes(database, site, floor_id, latest, latest + 1):
            self._minute(floor_id, minute * MINUTE_S)
        for start in past.unpublished(database, site, floor_id, self._settled(now), MOST_QUARTERS):
            end = start + QUARTER_S
            squares = _squares_of(self._published(floor_id, start, end, f"heat {floor_id}"))
            past.keep(database, site, floor_id, [(QUARTER, Past(start, end, squares))])
        with self._lock:
            for key in [key for key in self._minutes if key[1] < now - MINUTES_KEPT_S]:
                del self._minutes[key]


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
