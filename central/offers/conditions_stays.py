"""Conditions about where somebody is and has been today.

Open stays count as the situation tells them; for ``changes_at`` they go on from ``told_at``, one second a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from central.offers import campaigns
from central.offers.campaigns import Crowd, Dwell, Entered, InPlace, NotVisited, Visited
from central.offers.conditions_places import SLACK_S, by_zone, duration, is_in, named, said, stays_in, zones_of
from central.offers.recent import recent_s, recent_turns_at
from central.offers.situation import Situation, Stay, Verdict, no, yes


def in_place(condition: InPlace, now: Situation) -> Verdict:
    """The longest of the stays there that are open."""
    category, zone, floor = condition.category, condition.zone, condition.floor
    open_now = [stay for stay in stays_in(now, category, zone, floor) if stay.left_at is None]
    needed_s = condition.minutes * 60
    seconds = max((stay.seconds for stay in open_now), default=0.0)
    place = said(category, zone, floor, now.categories)
    facts = {
        "kind": "in_place",
        **named(category, zone, floor),
        "is_there": bool(open_now),
        "seconds": round(seconds, 1),
        "needed_s": round(needed_s, 1),
    }
    if not open_now:
        return no(facts, f"is not in {place} now", needed_s or None, "s" if needed_s else "")
    clause = f"is in {place} now, for {duration(seconds)}"
    if seconds + SLACK_S >= needed_s:
        return yes(facts, clause)
    due = min(_reaches_at(stay, needed_s, now.at) for stay in open_now)
    return no(facts, f"{clause}, {duration(needed_s)} needed", needed_s - seconds, "s", due)


def dwell(condition: Dwell, now: Situation) -> Verdict:
    """All stays there together; of one that began before ``within_minutes`` what reaches into them."""
    category, zone, floor = condition.category, condition.zone, condition.floor
    stays = stays_in(now, category, zone, floor)
    needed_s, within_s = condition.minutes * 60, condition.within_minutes * 60
    total_s = recent_s(stays, now.at, within_s) if within_s else sum(stay.seconds for stay in stays)
    zones = by_zone(stays, now.categories)
    facts: dict[str, Any] = {
        "kind": "dwell",
        **named(category, zone, floor),
        "seconds": round(total_s, 1),
        "needed_s": round(needed_s, 1),
        "zones": zones,
    }
    when = "today"
    if within_s:
        facts["within_s"], when = within_s, f"in the last {duration(within_s)}"
    where = f" ({', '.join(str(one['name']) for one in zones)})" if zones and not zone else ""
    clause = f"spent {duration(total_s)} in {said(category, zone, floor, now.categories)} {when}{where}"
    holds = total_s + SLACK_S >= needed_s
    if within_s:
        changes_at = recent_turns_at(stays, now.at, within_s, needed_s, holds=holds)
    elif holds:
        changes_at = None
    else:
        changes_at = _reach_together_at(stays, needed_s - total_s, now.at)
    if holds:
        return yes(facts, f"{clause}, at least {duration(needed_s)} needed", changes_at)
    clause = f"{clause}, {duration(needed_s)} needed"
    return no(facts, clause, needed_s - total_s, "s", changes_at)


def visited(condition: Visited, now: Situation) -> Verdict:
    """One stay there, long and recent enough; an open one ends now."""
    category, zone, floor = condition.category, condition.zone, condition.floor
    stays = stays_in(now, category, zone, floor)
    needed_s, within_s = condition.minutes * 60, condition.within_minutes * 60
    since = now.at - within_s if within_s else float("-inf")
    recent = [stay for stay in stays if stay.left_at is None or stay.left_at >= since]
    enough = [stay for stay in recent if stay.seconds + SLACK_S >= needed_s]
    longest_s = max((stay.seconds for stay in recent), default=0.0)
    place = said(category, zone, floor, now.categories)
    when = f"in the last {duration(within_s)}" if within_s else "today"
    facts: dict[str, Any] = {
        "kind": "visited",
        **named(category, zone, floor),
        "seconds": round(longest_s, 1),
        "needed_s": round(needed_s, 1),
        "zones": by_zone(recent, now.categories),
    }
    if within_s:
        facts["within_s"] = within_s
    if enough:
        ends = [float("inf") if stay.left_at is None else stay.left_at + within_s for stay in enough]
        changes_at = max(ends) if within_s and max(ends) < float("inf") else None
        clause = f"has been in {place} {when}" + (f" for {duration(longest_s)}" if needed_s else "")
        return yes(facts, clause, changes_at)
    due = [_reaches_at(stay, needed_s, now.at) for stay in recent if stay.left_at is None]
    if recent:
        clause = f"has been in {place} {when} for {duration(longest_s)} at most, {duration(needed_s)} needed"
        return no(facts, clause, needed_s - longest_s, "s", min(due, default=None))
    if stays and within_s:
        late_s = since - max(stay.left_at or 0.0 for stay in stays)
        return no(facts, f"has not been in {place} {when}", late_s / 60, "min")
    return no(facts, f"has not been in {place} {when}", needed_s or None, "s" if needed_s else "")


def not_visited(condition: NotVisited, now: Situation) -> Verdict:
    """No stay there, or all of them together within the grace."""
    category, zone, floor = condition.category, condition.zone, condition.floor
    stays = stays_in(now, category, zone, floor)
    total_s = sum(stay.seconds for stay in stays)
    place = said(category, zone, floor, now.categories)
    facts: dict[str, Any] = {"kind": "not_visited", **named(category, zone, floor), "seconds": round(total_s, 1)}
    if not stays:
        return yes(facts, f"has not been in {place} today")
    over_s = total_s - condition.grace_s
    if condition.grace_s and over_s <= 0:
        changes_at = _reach_together_at(stays, -over_s, now.at)
        clause = f"has only passed through {place} today ({duration(total_s)})"
        return yes(facts, clause, changes_at)
    facts["zones"] = by_zone(stays, now.categories)
    where = ", ".join(f"{one['name']}, {duration(one['seconds'])}" for one in facts["zones"])
    return no(facts, f"has been in {place} today ({where})", max(over_s, 0.0), "s")


def sequence(condition: campaigns.Sequence, now: Situation) -> Verdict:
    """The quickest way through all the places, by entry; time runs from leaving the first to entering the last."""
    places, stays = condition.places, now.stays
    within_s = condition.within_minutes * 60
    names = [said(one.category, one.zone, one.floor, now.categories) for one in places]
    best_s, most = float("inf"), 0
    for start, first in enumerate(stays):
        if not is_in(places[0], first, now.categories):
            continue
        reached, last = 1, first
        for stay in stays[start + 1 :]:
            if is_in(places[reached], stay, now.categories):
                reached, last = reached + 1, stay
                if reached == len(places):
                    left_at = last.entered_at if first.left_at is None else first.left_at
                    best_s = min(best_s, max(last.entered_at - left_at, 0.0))
                    break
        most = max(most, reached)
    facts: dict[str, Any] = {
        "kind": "sequence",
        "places": [named(one.category, one.zone, one.floor) for one in places],
        "reached": most,
    }
    if within_s:
        facts["within_s"] = within_s
    way = ", then ".join(names)
    if most < len(places):
        done = f"only {', then '.join(names[:most])} of it" if most else "none of it"
        return no(facts, f"was to go to {way}: {done} so far", float(len(places) - most), "places")
    facts["seconds"] = round(best_s, 1)
    if within_s and best_s > within_s + SLACK_S:
        clause = f"went to {way}, but took {duration(best_s)} for it, {duration(within_s)} at most"
        return no(facts, clause, best_s - within_s, "s")
    return yes(facts, f"went to {way}" + (f" within {duration(best_s)}" if within_s else ""))


def entered(condition: Entered, now: Situation) -> Verdict:
    """Since the first of today's stays began."""
    within_s = condition.within_minutes * 60
    first = min((stay.entered_at for stay in now.stays), default=None)
    facts: dict[str, Any] = {"kind": "entered", "within_s": within_s}
    if first is None:
        return no(facts, "has not been seen in the mall today")
    ago_s = now.at - first
    facts["seconds_ago"] = round(ago_s, 1)
    clause = f"came into the mall {duration(max(ago_s, 0.0))} ago"
    if ago_s <= within_s:
        return yes(facts, clause, first + within_s)
    return no(facts, f"{clause}, {duration(within_s)} at most", (ago_s - within_s) / 60, "min")


def crowd(condition: Crowd, now: Situation) -> Verdict:
    """The people there as they may be told, summed over its zones; what may not be told counts as nobody."""
    zones = zones_of(condition.place, now.categories)
    known = [told for told in (now.crowd.get(zone) for zone in zones) if told is not None]
    place = said(condition.category, condition.zone, condition.floor, now.categories)
    facts = {
        "kind": "crowd",
        **named(condition.category, condition.zone, condition.floor),
        "people": sum(known) if known else None,
        "needed": condition.at_least,
    }
    if not known:
        return no(facts, f"too few people in {place} to be told")
    clause = f"{sum(known)} people in {place}"
    if sum(known) >= condition.at_least:
        return yes(facts, f"{clause}, at least {condition.at_least} needed")
    short_by = float(condition.at_least - sum(known))
    return no(facts, f"{clause}, {condition.at_least} needed", short_by, "people")


def _reaches_at(stay: Stay, needed_s: float, now: float) -> float:
    """When an open stay has lasted so long if it goes on."""
    return max((stay.told_at or now) + needed_s - stay.seconds, now)


def _reach_together_at(stays: Sequence[Stay], missing_s: float, now: float) -> float | None:
    """When those of the stays that are open have together lasted so much longer if they go on."""
    told = [stay.told_at or now for stay in stays if stay.left_at is None]
    return max((missing_s + sum(told)) / len(told), now) if told else None
