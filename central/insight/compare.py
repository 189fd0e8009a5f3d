"""Day against day: the same weekday a week before, with the interval of the difference."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, timedelta

from central.insight.crowds import Who
from central.insight.figure import FEW, Z_95, Figure
from central.insight.flows import Sources
from central.insight.shops import Shops
from central.insight.window import Window

WEEK_DAYS = 7
YOUNG = Figure(None, None, None, None, "young")


@dataclass(frozen=True, slots=True)
class DayFigure:
    """A shop on a day of the mall's own time.

    Attributes:
        day: the day.
        tenant: who had the zone then; empty where nobody in particular.
        visitors: see ``ShopReport``.
        before: visitors a week before, withheld where the zone was another tenant's.
        change: by how much there were more, as a share of ``before``: 0.1 is 10 % more. ``n`` is both together.
    """

    day: date
    tenant: str
    visitors: Figure
    dwell_median: Figure
    capture: Figure
    before: Figure
    change: Figure


class Weeks:
    """Shops of one site, day by day.

    Args:
        services: see ``Sources``.
    """

    def __init__(self, services: Sources) -> None:
        self._shops = Shops(services)
        self._site = services.insight.site
        self._clock = services.clock
        self._noise = services.insight.suppression.deviation

    def week_on_week(self, zone: str, day: date, who: Who = "shoppers", weeks: int = 1) -> list[DayFigure]:
        """The seven days up to and with ``day``, or so many weeks of them, oldest first.

        Raises:
            BadInputError: where the site has no such zone.
        """
        days = [day - timedelta(days=back) for back in range(WEEK_DAYS * weeks)]
        return [self._day(zone, one, who) for one in reversed(days)]

    def _day(self, zone: str, day: date, who: Who) -> DayFigure:
        window = Window.of_day(day, self._site.timezone)
        if window.end > self._clock():
            return DayFigure(day, "", YOUNG, YOUNG, YOUNG, FEW, YOUNG)
        found = self._shops.summary(zone, window, who)
        earlier = self._shops.summary(zone, Window.of_day(day - timedelta(days=WEEK_DAYS), self._site.timezone), who)
        if found is None:
            return DayFigure(day, "", FEW, FEW, FEW, FEW, FEW)
        same = earlier is not None and earlier.tenant == found.tenant
        before = earlier.visitors if earlier is not None and same else FEW
        return DayFigure(
            day,
            found.tenant,
            found.visitors,
            found.dwell_median,
            found.capture,
            before,
            change(found.visitors, before, self._noise),
        )


def change(after: Figure, before: Figure, noise: float) -> Figure:
    """How much more there were, as a share of before, with its 95 % interval.

    Counts of people who come independently vary by their root (Poisson); the method's noise comes on top.

    Args:
        after: a published count.
        before: another.
        noise: standard deviation of the noise of each.
    """
    if after.value is None or before.value is None or after.n is None or before.n is None:
        return YOUNG if after.withheld == "young" else FEW
    ratio = after.value / before.value
    spread = math.hypot(
        math.sqrt(after.value + noise**2) / before.value, ratio * math.sqrt(before.value + noise**2) / before.value
    )
    middle, half = ratio - 1, Z_95 * spread
    return Figure(round(middle, 3), after.n + before.n, round(max(middle - half, -1.0), 3), round(middle + half, 3))
