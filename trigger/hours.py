"""When a message may go out: quiet hours of the day, and calls a minute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours in which nobody is sent anything, in the recipients' time; may run over midnight."""

    start: time
    end: time
    timezone: ZoneInfo

    def until(self, now: float) -> float | None:
        """When the quiet hours of this instant end, seconds since 1970; None where it is not in any.

        >>> night = Quiet(time(22), time(8), ZoneInfo("UTC"))
        >>> night.until(23 * 3600.0), night.until(12 * 3600.0)
        (115200.0, None)
        """
        local = datetime.fromtimestamp(now, self.timezone)
        clock = local.time()
        runs_over = self.end <= self.start
        inside = (clock >= self.start or clock < self.end) if runs_over else self.start <= clock < self.end
        if not inside:
            return None
        ends_tomorrow = runs_over and clock >= self.start
        date = local.date() + timedelta(days=1) if ends_tomorrow else local.date()
        return datetime.combine(date, self.end, self.timezone).timestamp()


def free_at(calls: Sequence[float], per_minute: int, now: float) -> float:
    """When the next call may be made, so that no minute holds more than so many; ``now`` for at once.

    Args:
        calls: instants of those of the last minute, oldest first.
        per_minute: most of them.
        now: seconds since 1970.

    >>> free_at([10.0, 20.0], 2, 30.0), free_at([10.0, 20.0], 3, 30.0)
    (70.0, 30.0)
    """
    if len(calls) < per_minute:
        return now
    return max(now, calls[-per_minute] + MINUTE_S)
