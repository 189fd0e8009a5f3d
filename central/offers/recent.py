"""Time spent in the last so many minutes: a sum of stretches of time that slides along with the clock.

A stay counts as one stretch of its seconds, up to its end: where some of it was unseen, the beginning.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from central.offers.conditions_places import SLACK_S
from central.offers.situation import Stay

FOREVER = float("inf")


def recent_s(stays: Iterable[Stay], now: float, within_s: float) -> float:
    """Seconds of the stays in the last ``within_s``, as told so far."""
    return _seconds([_stretch(stay, now) for stay in stays], now, within_s)


def recent_turns_at(
    stays: Sequence[Stay], now: float, within_s: float, needed_s: float, *, holds: bool
) -> float | None:
    """When those seconds reach what is needed, or fall below it, if the open stays go on; None for never.

    Between the instants at which a stretch enters or leaves the window the sum is linear.
    """
    stretches = [(_stretch(stay, now)[0], FOREVER if stay.left_at is None else stay.left_at) for stay in stays]
    marks = {edge + shift for stretch in stretches for edge in stretch for shift in (0.0, within_s)}
    times = sorted(mark for mark in marks | {now} if now <= mark < FOREVER)
    before, value = now, _seconds(stretches, now, within_s)
    if not holds and value + SLACK_S >= needed_s:
        return now
    for time in times[1:]:
        then = _seconds(stretches, time, within_s)
        if (then + SLACK_S >= needed_s) != holds:
            return before + (time - before) * (needed_s - value) / (then - value) if then != value else time
        before, value = time, then
    return None


def _stretch(stay: Stay, now: float) -> tuple[float, float]:
    end = (stay.told_at or now) if stay.left_at is None else stay.left_at
    return end - stay.seconds, end


def _seconds(stretches: Iterable[tuple[float, float]], now: float, within_s: float) -> float:
    since = now - within_s
    return sum(max(min(end, now) - max(start, since), 0.0) for start, end in stretches)
