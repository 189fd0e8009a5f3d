"""The stretch of time that a figure is about, on a fixed grid, over before it is told."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from contract.errors import BadInputError
from contract.times import from_rfc3339, to_rfc3339

MINUTE_S = 60.0
QUARTER_S = 900.0
HOUR_S = 3600.0
DAY_S = 86_400.0
MOST_DAYS = 400
SERIES_DAYS = 31


@dataclass(frozen=True, slots=True)
class Window:
    """From ``start`` until before ``end``, seconds since 1970, both on the grid.

    The grid is part of the privacy method: whole minutes for windows that end within the last hour and are at most an
    hour long, whole quarter-hours for all others. A window ends at the latest with the last minute or quarter that is
    over, so that asking every second does not tell the second in which somebody came.
    """

    start: float
    end: float

    @classmethod
    def of(cls, now: float, start: str | None, end: str | None) -> Window:
        """The window asked for, widened to the grid, and cut where it is not over yet.

        Args:
            now: seconds since 1970.
            start: RFC 3339; an hour before the end where None.
            end: RFC 3339; now where None.

        Raises:
            BadInputError: where it is no stretch of time, too long, or nothing of it is over.
        """
        until = now if end is None else _instant(end, "to")
        since = until - HOUR_S if start is None else _instant(start, "from")
        if not since < until:
            raise BadInputError("from: must lie before to")
        return cls.snapped(now, since, until)

    @classmethod
    def snapped(cls, now: float, since: float, until: float) -> Window:
        """The same from seconds since 1970.

        Raises:
            BadInputError: where it is too long, or nothing of it is over.
        """
        if until - since > MOST_DAYS * DAY_S:
            raise BadInputError(f"from: at most {MOST_DAYS} days before to")
        until = min(until, now)
        if until - since <= HOUR_S and until > now - HOUR_S:
            start, end = _widened(since, until, now, MINUTE_S)
            start = max(start, end - HOUR_S)
        else:
            start, end = _widened(since, until, now, QUARTER_S)
        if not start < end:
            raise BadInputError(f"to: nothing of this is over yet; figures reach until {to_rfc3339(end)}")
        return cls(start, end)

    @classmethod
    def of_day(cls, day: date, timezone: ZoneInfo) -> Window:
        """A day of the mall's own time: 23, 24 or 25 hours."""
        start, end = (datetime.combine(one, time(), timezone).timestamp() for one in (day, day + timedelta(days=1)))
        return cls(start, end)

    @property
    def marks(self) -> tuple[float, float]:
        """Both ends, as ``Suppression`` wants them."""
        return self.start, self.end

    def step_s(self, now: float) -> float:
        """The grid's: a minute where minutes may still be asked for, else a quarter-hour."""
        return MINUTE_S if self.end - self.start <= HOUR_S and self.end > now - HOUR_S else QUARTER_S

    def steps(self, step_s: float) -> list[Window]:
        """Its parts, ``step_s`` long, the last perhaps shorter."""
        number = math.ceil((self.end - self.start) / step_s)
        starts = [self.start + n * step_s for n in range(number)]
        return [Window(start, min(start + step_s, self.end)) for start in starts]

    def check_series(self) -> None:
        """Refuse a series step by step that is too long to be looked at.

        Raises:
            BadInputError: where it is.
        """
        if self.end - self.start > SERIES_DAYS * DAY_S:
            raise BadInputError(f"from: at most {SERIES_DAYS} days before to where figures are told step by step")

    def told(self) -> dict[str, str]:
        """The same for an answer."""
        return {"from": to_rfc3339(self.start), "to": to_rfc3339(self.end)}


def _widened(since: float, until: float, now: float, step_s: float) -> tuple[float, float]:
    over = math.floor(now / step_s) * step_s
    return math.floor(since / step_s) * step_s, min(math.ceil(until / step_s) * step_s, over)


def _instant(text: str, field: str) -> float:
    try:
        return from_rfc3339(text)
    except BadInputError as error:
        raise BadInputError(f"{field}: {error}") from None
