"""The nightly reckoning: what the day's doors counted, against who is there when hardly anybody is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from calibration.boundaries import Boundary, Way
from calibration.camera import Floats
from calibration.passages import Exit
from calibration.site import Site
from central.journeys.drift import explain
from central.journeys.inside import Inside
from central.journeys.nights import latest_night, night_before
from central.store import reckoning
from central.store.reckoning import MALL, Night, Passed, Quarter
from central.store.store import Store

AFTER_S = 120.0
"""The day is reckoned up so long after its end, when who was seen then is stored,"""
AGAIN_S = 3600.0
"""and again this often until the next one ends, for events that came late."""

Counts = Mapping[tuple[Exit, Way], Sequence[Passed]]


class Reckoner:
    """Reckons up every day once it is over.

    Args:
        store: the truth.
        site: its time zone.
        found: its boundary lines.
        inside: counts their crossings.
        hour: of the local night.
    """

    def __init__(self, store: Store, site: Site, found: Sequence[Boundary], inside: Inside, hour: int) -> None:
        self._store = store
        self._site = site
        self._found = found
        self._inside = inside
        self._hour = hour
        self._done_at = float("-inf")

    def update(self, now: float) -> list[Night]:
        """The reckonings of the latest night, where it was time to make or renew them."""
        day, end = latest_night(now, self._site.timezone, self._hour)
        if now < end + AFTER_S or (self._done_at >= end and 0 <= now - self._done_at < AGAIN_S):
            return []
        nights = self.reckon(day, night_before(day, self._site.timezone, self._hour), end)
        reckoning.keep_nights(self._store.database, self._store.site, nights)
        self._done_at = now
        return nights

    def reckon(self, day: date, start: float, end: float) -> list[Night]:
        """Every floor's day from ``start`` to ``end`` (seconds since 1970), and the mall's."""
        counts = self._inside.counts(start, end)
        if not counts:
            return []
        kept = reckoning.quarters(self._store.database, self._store.site, start, end)
        return [self._night(floor, day, (start, end), counts, kept) for floor in self._inside.floors]

    def _night(
        self, floor: str, day: date, span: tuple[float, float], counts: Counts, kept: Sequence[Quarter]
    ) -> Night:
        doors = {one.line for one in self._found if (one.leads_out if floor == MALL else one.line.floor == floor)}
        ways = {way: [one for (line, to), passed in counts.items() if line in doors and to == way for one in passed]
                for way in ("in", "out")}  # fmt: skip
        people = {way: {one.visitor for one in passed} for way, passed in ways.items()}
        seen = {one.at: one.seen for one in kept if one.floor == floor and one.seen is not None}
        before, after = seen.get(span[0]), seen.get(span[1])
        drift, found = None, None
        if before is not None and after is not None:
            drift = len(ways["in"]) - len(ways["out"]) - (after - before)
            found = explain(*_series(seen, doors, counts))
        return Night(
            span[1],
            floor,
            day.isoformat(),
            len(ways["in"]),
            len(people["in"]),
            self._inside.crowd(people["in"]).key,
            len(ways["out"]),
            len(people["out"]),
            self._inside.crowd(people["out"]).key,
            before,
            after,
            drift,
            *((None,) * 4 if found is None else (found.door, found.share, found.low, found.high)),
        )


def _series(
    seen: Mapping[float, int], doors: set[Exit], counts: Counts
) -> tuple[Floats, dict[str, Floats], dict[str, Floats]]:
    """Drift, entered and departed by door, of every stretch between two moments of which it is known who was there."""
    moments = np.array(sorted(seen))
    change = np.diff([seen[at] for at in moments.tolist()]).astype(np.float64)
    drift = -change
    entered, departed = {}, {}
    for door in sorted(doors, key=str):
        into, out = (
            np.histogram([one.at for one in counts.get((door, way), [])], moments)[0].astype(np.float64)
            for way in ("in", "out")
        )
        drift += into - out
        entered[str(door)], departed[str(door)] = into, out
    return drift, entered, departed
