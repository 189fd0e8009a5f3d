"""Whether an offer that is due may be made now: once an occasion, caps, cool-down, group, quiet hours; pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from central.offers.campaigns import Campaign, Quiet, minor
from central.offers.facts import PRIORITY_S, Settled, next_midnight

HOUR_S = 3600.0
STOCK_AGAIN_S = 30.0
"""A pool that is empty is asked again so much later: coupons that expire unused come back to it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What has been given already.

    Attributes:
        of_member: offers and holdouts of the campaign to the member, in all;
        of_member_today: of today.
        last_at: the latest of them, None for none.
        any_at: the latest offer or holdout of whatever campaign to the member.
        group_today: the campaign of the same group that the member had today, empty for none.
        today: offers of the campaign today, to whomever,
        total: and in all; holdouts do not count.
        cost: of these, minor units.
        apart_s: so many seconds the member's offers lie apart at least.
    """

    of_member: int = 0
    of_member_today: int = 0
    last_at: float | None = None
    any_at: float | None = None
    group_today: str = ""
    today: int = 0
    total: int = 0
    cost: int = 0
    apart_s: float = PRIORITY_S


def occasion(campaign: Campaign, local: datetime, of_member_today: int) -> str:
    """What there is one offer of at most, for one member: a day, a week, ... of the site.

    A visit's is the day and how many of the campaign's offers the member has had on it: the visit's beginning may turn
    out earlier as more is learnt of it, so that it is no name.
    """
    match campaign.once:
        case "day":
            return f"{local:%Y-%m-%d}"
        case "visit":
            return f"{local:%Y-%m-%d}/{of_member_today + 1}"
        case "week":
            return f"{local:%G-W%V}"
        case "month":
            return f"{local:%Y-%m}"
        case "campaign":
            return "once"


def occasion_end(campaign: Campaign, at: float, timezone: tzinfo) -> float:
    """When the next occasion begins at the earliest, seconds since 1970."""
    day = datetime.fromtimestamp(at, timezone).date()
    match campaign.once:
        case "day":
            return next_midnight(at, timezone)
        case "visit":  # whoever keeps stays knows when another begins
            return math.inf
        case "week":
            return _begins(day + timedelta(days=7 - day.weekday()), timezone)
        case "month":
            return _begins((day.replace(day=1) + timedelta(days=32)).replace(day=1), timezone)
        case "campaign":
            return math.inf


def is_had(campaign: Campaign, standing: Standing, at: float, visit_start: float, timezone: tzinfo) -> bool:
    """Whether the member has had the campaign on this occasion."""
    if standing.last_at is None:
        return False
    if campaign.once == "visit":
        return standing.last_at >= visit_start
    last, now = (datetime.fromtimestamp(one, timezone) for one in (standing.last_at, at))
    return occasion(campaign, last, 0) == occasion(campaign, now, 0)


def weigh(  # noqa: PLR0911 - one return a rule
    campaign: Campaign, standing: Standing, at: float, visit_start: float, timezone: tzinfo
) -> Settled | None:
    """Why the offer may not be made now, and until when; None where it may.

    What holds for this member alone comes first, what holds for everybody last.

    Args:
        campaign: what is due.
        standing: what has been given.
        at: now, seconds since 1970.
        visit_start: when the member's visit to the mall began.
        timezone: of the site.
    """
    if is_had(campaign, standing, at, visit_start, timezone):
        return Settled(made=False, until=occasion_end(campaign, at, timezone))
    if campaign.group and standing.group_today:
        return Settled(made=False, until=next_midnight(at, timezone), why="group")
    caps = campaign.caps
    if caps.per_member is not None and standing.of_member >= caps.per_member:
        return Settled(made=False, why="cap", short_by=1, unit="offers to the member")
    if standing.any_at is not None and at < (free_at := standing.any_at + campaign.cool_down_hours * HOUR_S):
        return Settled(made=False, until=free_at, why="cool_down", short_by=round(free_at - at), unit="s")
    if standing.any_at is not None and at < (free_at := standing.any_at + standing.apart_s):
        return Settled(made=False, until=free_at, why="priority", short_by=round(free_at - at), unit="s")
    if campaign.quiet is not None and (ends := quiet_until(campaign.quiet, at, timezone)) is not None:
        return Settled(made=False, until=ends, why="quiet", for_all=True, short_by=round(ends - at), unit="s")
    if caps.per_day is not None and standing.today >= caps.per_day:
        ends = next_midnight(at, timezone)
        return Settled(made=False, until=ends, why="cap", for_all=True, short_by=1, unit="offers a day")
    if caps.total is not None and standing.total >= caps.total:
        return Settled(made=False, why="cap", for_all=True, short_by=1, unit="offers in all")
    return over_budget(campaign, standing, 0)


def over_budget(campaign: Campaign, standing: Standing, cost: int) -> Settled | None:
    """Why a coupon of that cost (minor units) may not be given any more; None where it may."""
    if campaign.budget is None:
        return None
    short = standing.cost + cost - minor(campaign.budget)
    if short > 0 or (not cost and short == 0 and standing.cost):
        return Settled(made=False, why="budget", for_all=True, short_by=max(short, 1), unit="minor units")
    return None


def quiet_until(quiet: Quiet, at: float, timezone: tzinfo) -> float | None:
    """When the quiet hours end that it is now; None where it is none."""
    local = datetime.fromtimestamp(at, timezone)
    clock = f"{local:%H:%M}"
    over_night = quiet.start >= quiet.to
    is_quiet = clock >= quiet.start or clock < quiet.to if over_night else quiet.start <= clock < quiet.to
    if not is_quiet:
        return None
    ends_tomorrow = (over_night and clock >= quiet.start) or quiet.to == "24:00"
    day = local.date() + timedelta(days=1) if ends_tomorrow else local.date()
    hour, minute = (0, 0) if quiet.to == "24:00" else (int(part) for part in quiet.to.split(":"))
    ends = datetime.combine(day, time(hour, minute), timezone).timestamp()
    return max(ends, at + 1.0)  # the hour that winter time repeats


def _begins(day: date, timezone: tzinfo) -> float:
    return datetime.combine(day, time(), timezone).timestamp()
