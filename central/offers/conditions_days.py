"""Conditions about the days on which a member came, joined, or was born. Days are the site's."""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, timedelta

from central.offers.campaigns import Absent, Anniversary, Birthday, NthVisit, Visits
from central.offers.conditions_clock import DAY, midnight
from central.offers.situation import Situation, Verdict, no, yes

UNKNOWN = "is not a member we may know"
MONTHS = (
    "",
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def birthday(condition: Birthday, now: Situation) -> Verdict:  # noqa: ARG001 - as all the others
    """The month is all we know of it."""
    month = now.profile.birthday_month if now.profile else None
    today = now.local.date()
    facts = {"kind": "birthday", "month": today.month}  # the member's own month is nobody's business where it fails
    if month is None:
        return no(facts, "gave no birthday")
    if month == today.month:
        after = date(today.year + month // 12, month % 12 + 1, 1)
        clause = f"has a birthday in {MONTHS[month]}"
        return yes(facts, clause, midnight(after, now.local.tzinfo))
    following = date(today.year + (month < today.month), month, 1)
    return no(facts, "has no birthday this month", changes_at=midnight(following, now.local.tzinfo))


def anniversary(condition: Anniversary, now: Situation) -> Verdict:
    """Who joined on 29 February celebrates on the 28th in other years."""
    joined = now.profile.joined_on if now.profile else None
    today, zone = now.local.date(), now.local.tzinfo
    facts: dict[str, object] = {"kind": "anniversary", "days": condition.days}
    if joined is None:
        return no(facts, "gave no day of joining")
    rounds = [
        _in_year(joined, year) for year in range(max(today.year - 1, joined.year + 1), max(today.year, joined.year) + 3)
    ]
    margin = timedelta(days=condition.days)
    for day in rounds:
        if abs(day - today) <= margin:
            facts["years"] = day.year - joined.year
            count = day.year - joined.year
            clause = f"joined {count} year{'s' * (count > 1)} ago, on {joined}"
            return yes(facts, clause, midnight(day + margin + DAY, zone))
    off = min(abs(day - today) for day in rounds) - margin
    following = next(day for day in rounds if day > today)
    clause = f"joined on {joined}, whose day comes round on {following}"
    return no(facts, clause, float(off.days), "days", midnight(following - margin, zone))


def visits(condition: Visits, now: Situation) -> Verdict:
    """Distinct days; today counts once they have been seen, or have bought or checked in."""
    facts: dict[str, object] = {"kind": "visits", "within_days": condition.within_days}
    if now.profile is None:
        return no(facts, UNKNOWN)
    today = now.local.date()
    before = now.profile.days_before
    counted = list(before[bisect_right(before, today - timedelta(days=condition.within_days)) :])
    counted += [today] if has_come_today(now) else []
    number = len(counted)
    facts |= {"visits": number, "at_least": condition.at_least, "at_most": condition.at_most}
    clause = f"came on {number} of the last {condition.within_days} days"
    if number < condition.at_least:
        short = float(condition.at_least - number)
        return no(facts, f"{clause}, at least {condition.at_least} needed", short, "visits")
    holds = number <= condition.at_most
    leaving = number - condition.at_least + 1 if holds else number - condition.at_most
    changes_at = None
    if leaving <= number:  # days fall out of the window at its far end, the oldest first
        gone = counted[leaving - 1] + timedelta(days=condition.within_days)
        changes_at = midnight(gone, now.local.tzinfo)
    if holds:
        return yes(facts, clause, changes_at)
    over = float(number - condition.at_most)
    return no(facts, f"{clause}, at most {condition.at_most}", over, "visits", changes_at)


def nth_visit(condition: NthVisit, now: Situation) -> Verdict:
    """Only on a day on which they have come."""
    facts: dict[str, object] = {"kind": "nth_visit", "number": condition.number}
    if now.profile is None:
        return no(facts, UNKNOWN)
    number = len(now.profile.days_before) + 1
    if not has_come_today(now):
        return no(facts, "has not come today")
    facts["visit"] = number
    if number == condition.number:
        tomorrow = midnight(now.local.date() + DAY, now.local.tzinfo)
        return yes(facts, f"is here for the {ordinal(number)} time", tomorrow)
    clause = f"is here for the {ordinal(number)} time, not the {ordinal(condition.number)}"
    return no(facts, clause, float(abs(number - condition.number)), "visits")


def absent(condition: Absent, now: Situation) -> Verdict:
    """Between today and the last day before it on which they came."""
    facts: dict[str, object] = {"kind": "absent", "needed_days": condition.days}
    if now.profile is None:
        return no(facts, UNKNOWN)
    if not now.profile.days_before:
        return no(facts, "has not come before")
    last = now.profile.days_before[-1]
    days = (now.local.date() - last).days
    facts["days"] = days
    clause = f"came last {days} days ago"
    if days >= condition.days:
        return yes(facts, clause)
    due = midnight(last + timedelta(days=condition.days), now.local.tzinfo)
    return no(facts, f"{clause}, {condition.days} needed", float(condition.days - days), "days", due)


def has_come_today(now: Situation) -> bool:
    """Whether anything of today says that the member is or was here."""
    if now.stays or now.sources:
        return True
    return bool(now.purchases) and now.purchases[-1].day == now.local.date().isoformat()


def ordinal(number: int) -> str:
    """For people.

    >>> [ordinal(one) for one in (1, 2, 3, 4, 11, 22, 113)]
    ['first', 'second', 'third', '4th', '11th', '22nd', '113th']
    """
    first = {1: "first", 2: "second", 3: "third"}
    if number in first:
        return first[number]
    ending = "th" if number % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _in_year(joined: date, year: int) -> date:
    try:
        return joined.replace(year=year)
    except ValueError:
        return date(year, 2, 28)
