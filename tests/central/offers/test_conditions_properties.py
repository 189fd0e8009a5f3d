"""What holds for every condition in every situation."""

from __future__ import annotations

import copy
import dataclasses
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from central.offers.campaigns import (
    Absent,
    Anniversary,
    Birthday,
    Calendar,
    Condition,
    Dwell,
    Entered,
    InPlace,
    NotVisited,
    NthVisit,
    Place,
    Sequence,
    Spent,
    Visited,
    Visits,
    Window,
)
from central.offers.conditions import concerns, judge
from central.offers.conditions_clock import DAYS
from central.offers.situation import Situation, Stay
from tests.central.offers.situations import at, bought, carried_to, member

ZONES = [ZoneInfo(name) for name in ("Europe/Lisbon", "America/New_York", "Africa/Cairo", "Australia/Lord_Howe", "UTC")]
PLACES = [("g", "nordic"), ("g", "atelier"), ("g", "cafe"), ("u", "cafe"), ("u", "toys"), ("u", "hall")]
EPSILON_S = 0.002

clocks = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
minutes = st.integers(1, 90).map(float)
maybe_minutes = st.one_of(st.just(0.0), minutes)
places = st.sampled_from([{"category": "dining"}, {"zone": "cafe"}, {"zone": "g/nordic"}, {"floor": "g"}])
days = st.dates(date(2026, 1, 1), date(2027, 12, 31))
iso = days.map(date.isoformat)


@st.composite
def windows(draw: st.DrawFn) -> Window:
    start, to = draw(clocks), draw(st.one_of(clocks, st.just("24:00")))
    return Window(start=start, to=to, days=draw(st.lists(st.sampled_from(DAYS), unique=True)))


of_stays: st.SearchStrategy[Condition] = st.one_of(
    st.builds(lambda place, m: InPlace(minutes=m, **place), places, maybe_minutes),
    st.builds(lambda place, m, w: Dwell(minutes=m, within_minutes=w, **place), places, minutes, maybe_minutes),
    st.builds(lambda place, m, w: Visited(minutes=m, within_minutes=w, **place), places, maybe_minutes, maybe_minutes),
    st.builds(lambda place, g: NotVisited(grace_s=g, **place), places, st.sampled_from([0.0, 60.0, 600.0])),
    st.builds(
        lambda some, w: Sequence(places=[Place(**one) for one in some], within_minutes=w),
        st.lists(places, min_size=2, max_size=3),
        maybe_minutes,
    ),
    st.builds(lambda m: Entered(within_minutes=m), minutes),
)
of_days: st.SearchStrategy[Condition] = st.one_of(
    windows(),
    st.builds(lambda a, b, but: Calendar(start=min(a, b), to=max(a, b), but=but), iso, iso, st.lists(iso, max_size=4)),
    st.just(Birthday()),
    st.builds(lambda n: Anniversary(days=n), st.integers(0, 31)),
    st.builds(lambda n, d: Spent(at_least=n, within_days=d), st.integers(0, 60), st.integers(0, 10)),
    st.builds(
        lambda a, b, d: Visits(at_least=a, at_most=b, within_days=d),
        st.integers(0, 3),
        st.integers(1, 4),
        st.integers(1, 9),
    ),
    st.builds(lambda n: Absent(days=n), st.integers(1, 90)),
)


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    zone = draw(st.sampled_from(ZONES))
    # the nights on which clocks change turn up often
    day = draw(
        st.one_of(days, st.sampled_from([date(2026, 3, 29), date(2026, 10, 25), date(2026, 4, 24), date(2026, 4, 5)]))
    )
    now = draw(st.integers(0, 86_399)) + (day - date(1970, 1, 1)).days * 86_400.0
    stays = []
    for _ in range(draw(st.integers(0, 5))):
        entered = now - draw(st.integers(0, 7200))
        is_open = draw(st.booleans())
        until = now if is_open else draw(st.integers(int(entered), int(now)))
        seconds = (until - entered) * draw(st.sampled_from([1.0, 0.75, 0.5]))
        floor, spot = draw(st.sampled_from(PLACES))
        stays.append(Stay(floor, spot, seconds, entered, None if is_open else until, until))
    local_day = at(now, zone=zone).local.date()
    before = sorted(draw(st.sets(st.integers(1, 95), max_size=8)), reverse=True)
    purchases = []
    for ago in sorted(draw(st.lists(st.integers(0, 12), max_size=4)), reverse=True):
        sale = dataclasses.replace(bought(draw(st.integers(1, 50))), day=f"{local_day - timedelta(days=ago)}")
        purchases.append(sale)
    profile = member(
        birthday_month=draw(st.one_of(st.none(), st.integers(1, 12))),
        joined_on=draw(st.one_of(st.none(), st.dates(date(2015, 1, 1), date(2027, 6, 1)))),
        days_before=tuple(local_day - timedelta(days=ago) for ago in before),
    )
    stays.sort(key=lambda one: one.entered_at)
    return at(now, *stays, zone=zone, profile=profile, purchases=tuple(purchases))


def turns_no_earlier(condition: Condition, now: Situation, later_s: float) -> None:
    verdict = judge(condition, now)
    then = now.at + later_s
    if verdict.changes_at is None or then < verdict.changes_at - EPSILON_S:
        assert judge(condition, carried_to(then, now)).holds == verdict.holds


@settings(max_examples=250, deadline=None)
@given(of_stays, situations(), st.integers(0, 3 * 3600))
def test_what_depends_on_stays_turns_no_earlier_than_said(condition: Condition, now: Situation, later_s: int) -> None:
    turns_no_earlier(condition, now, later_s)


@settings(max_examples=250, deadline=None)
@given(of_days, situations(), st.integers(0, 8 * 86_400))
def test_what_depends_on_clock_and_days_turns_no_earlier_than_said(
    condition: Condition, now: Situation, later_s: int
) -> None:
    if isinstance(condition, Visits):  # who comes today has come yesterday tomorrow: told anew at midnight
        now = dataclasses.replace(now, stays=(), sources=frozenset(), purchases=())
    turns_no_earlier(condition, now, later_s)


@settings(max_examples=250, deadline=None)
@given(st.one_of(of_stays, of_days), situations())
def test_it_has_turned_just_after_the_time_said(condition: Condition, now: Situation) -> None:
    verdict = judge(condition, now)
    if verdict.changes_at is not None and not isinstance(condition, Visits):
        after = carried_to(verdict.changes_at + 0.01, now)
        assert judge(condition, after).holds != verdict.holds


@settings(max_examples=100, deadline=None)
@given(windows(), situations())
def test_a_window_turns_exactly_when_the_wall_says_so(condition: Window, now: Situation) -> None:
    verdict = judge(condition, now)
    if verdict.changes_at is None:
        assert all(
            judge(condition, carried_to(now.at + 3600 * hour, now)).holds == verdict.holds for hour in range(170)
        )
    else:
        assert judge(condition, carried_to(verdict.changes_at - 1, now)).holds == verdict.holds
        assert judge(condition, carried_to(verdict.changes_at, now)).holds != verdict.holds


@settings(max_examples=150, deadline=None)
@given(
    st.builds(
        lambda place, m, w: (Dwell(minutes=m, within_minutes=w, **place), Visited(minutes=m, **place)),
        places,
        minutes,
        maybe_minutes,
    ),
    situations(),
    st.integers(1, 3600),
)
def test_more_time_there_never_takes_a_dwell_away(some: tuple[Dwell, Visited], now: Situation, more_s: int) -> None:
    longer = dataclasses.replace(
        now, stays=tuple(dataclasses.replace(one, seconds=one.seconds + more_s) for one in now.stays)
    )
    for condition in some:
        before, after = judge(condition, now), judge(condition, longer)
        assert after.holds or not before.holds
        if before.short_by is not None and before.unit == "s" and after.short_by is not None:
            assert after.short_by <= before.short_by


@settings(max_examples=100, deadline=None)
@given(st.one_of(of_stays, of_days), situations())
def test_judging_is_pure(condition: Condition, now: Situation) -> None:
    kept = copy.deepcopy(now)
    first = judge(condition, now)
    assert judge(condition, now) == first
    assert now == kept


@settings(max_examples=150, deadline=None)
@given(st.one_of(of_stays, of_days), situations(), st.sampled_from(PLACES))
def test_what_it_does_not_concern_cannot_alter_it(condition: Condition, now: Situation, place: tuple[str, str]) -> None:
    category = now.categories.by_zone[place]
    kinds = {"visit", f"visit:{category}", f"visit:{place[0]}/{place[1]}"}
    if concerns(condition, now.categories) & kinds:
        return
    more = (*now.stays, Stay(*place, 30.0, now.at, None, now.at))
    assert judge(condition, dataclasses.replace(now, stays=more)) == judge(condition, now)


@pytest.mark.parametrize(
    "condition", [NthVisit(number=1), Visits(at_least=1), Absent(days=1), Birthday(), Anniversary()]
)
def test_nothing_is_known_of_who_is_no_member(condition: Condition) -> None:
    now = dataclasses.replace(at(1_781_000_000.0), profile=None)
    assert not judge(condition, now).holds
