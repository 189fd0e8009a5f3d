"""How heat moved: heatmaps of one floor, step by step through a window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import pairwise

from calibration.site import Site
from central.insight.heat import Heat
from central.insight.heat_sum import summed
from central.insight.heatmap import HeatMap
from central.insight.window import HOUR_S, MINUTE_S, QUARTER_S, Window
from central.store.heat.purging import CHUNKS_KEPT_S

MOST_FRAMES = 200
STEPS_S = (MINUTE_S, 5 * MINUTE_S, QUARTER_S, 2 * QUARTER_S, HOUR_S, 2 * HOUR_S, 3 * HOUR_S, 6 * HOUR_S, 12 * HOUR_S)
"""Lengths of a frame below a day; from there on, whole days of the mall's own time."""
FEW_FRAMES = 50
"""So many frames are told in squares of 1 m at the least, more in squares of 2 m: a film must load."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A heatmap of a film.

    Attributes:
        start: seconds since 1970.
        end: the same.
        heat: its squares.
    """

    start: float
    end: float
    heat: HeatMap


def frames(heat: Heat, site: Site, floor_id: str, window: Window, *, most: int, now: float) -> list[Frame]:
    """At most ``most`` heatmaps, one after the other, each suppressed on its own, on the grid of ``Window``.

    Raises:
        BadInputError: where there is no such floor.
    """
    site.floor(floor_id)
    steps = _steps(site, window, most, now)
    finest = 1 if len(steps) <= FEW_FRAMES else 2
    found = []
    for start, end in steps:
        told = heat.told(floor_id, start, end, now)
        found.append(Frame(told.start, told.end, summed([told.heat], finest)))
    return found


def _steps(site: Site, window: Window, most: int, now: float) -> list[tuple[float, float]]:
    """Ends of the frames: the finest that are few enough and may be asked for."""
    is_live = window.start + MINUTE_S > now - HOUR_S  # even the first minute ended within the last hour
    least_s = HOUR_S if window.start < now - CHUNKS_KEPT_S else window.step_s(now) if is_live else QUARTER_S
    for step_s in STEPS_S:
        if step_s >= least_s and (window.end - window.start) / step_s <= most - (step_s > QUARTER_S):
            start = window.start if step_s <= QUARTER_S else _aligned(site, window.start, step_s)
            ends = [min(start + n * step_s, window.end) for n in range(most + 1)]
            return [pair for pair in pairwise(ends) if pair[0] < pair[1]]
    days = list(_midnights(site, window))
    stride = -(-(len(days) - 1) // most)
    ends = [*days[:-1:stride], days[-1]]
    return list(pairwise(ends))


def _aligned(site: Site, start: float, step_s: float) -> float:
    """The last whole step of its day before the instant, so that frames are hours by the clock."""
    day = datetime.fromtimestamp(start, site.timezone).date()
    midnight = datetime.combine(day, time(), site.timezone).timestamp()
    return midnight + (start - midnight) // step_s * step_s


def _midnights(site: Site, window: Window) -> Iterator[float]:
    """From the midnight before the window to its end."""
    day = datetime.fromtimestamp(window.start, site.timezone).date()
    while (midnight := datetime.combine(day, time(), site.timezone).timestamp()) < window.end:
        yield midnight
        day += timedelta(days=1)
    yield window.end
