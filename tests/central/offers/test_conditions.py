"""What each kind of condition promises, case by case."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from central.offers.campaigns import (
    Absent,
    Anniversary,
    ArrivedBy,
    Birthday,
    Calendar,
    Condition,
    Crowd,
    Dwell,
    Entered,
    InPlace,
    Members,
    NotVisited,
    NthVisit,
    Place,
    Prefers,
    Sequence,
    Spent,
    Tags,
    Tier,
    Visited,
    Visits,
    Window,
)
from central.offers.conditions import concerns, judge
from central.offers.situation import Situation
from tests.central.offers.situations import (
    CATEGORIES,
    LISBON,
    TODAY,
    at,
    bought,
    instant,
    member,
    situation,
    stay,
)

NOON = situation()
A_TO_B = Sequence(places=[Place(category="fashion"), Place(zone="g/cafe")], within_minutes=20)


def days_ago(*days: int) -> tuple[date, ...]:
    return tuple(date.fromordinal(TODAY.toordinal() - one) for one in sorted(days, reverse=True))


HOLDS: list[tuple[Condition, Situation]] = [
    (Window(start="11:00", to="14:00"), NOON),
    (Window(start="11:00", to="14:00", days=["thu", "fri"]), NOON),
    (Window(start="22:00", to="02:00", days=["wed"]), situation(clock="01:59")),
    (Window(start="22:00", to="02:00", days=["thu"]), situation(clock="22:00")),
    (Window(start="00:00", to="24:00"), NOON),
    (Calendar(start="2026-06-11", to="2026-06-11"), NOON),
    (Calendar(to="2026-06-12", but=["2026-06-10"]), NOON),
    (InPlace(category="dining"), situation(stay("g/cafe", "11:58"))),
    (InPlace(zone="cafe", minutes=2), situation(stay("u/cafe", "11:58"))),
    (
        Dwell(category="fashion", minutes=10),
        situation(stay("g/nordic", "10:00", "10:06"), stay("g/atelier", "11:00", "11:04")),
    ),
    (Dwell(floor="g", minutes=10), situation(stay("g/nordic", "10:00", "10:06"), stay("g/cafe", "11:00", "11:04"))),
    (Dwell(category="fashion", minutes=10, within_minutes=30), situation(stay("g/nordic", "11:20", "11:40"))),
    (Visited(zone="u/cafe"), situation(stay("u/cafe", "10:00", "10:01"))),
    (Visited(zone="u/cafe", minutes=5, within_minutes=30), situation(stay("u/cafe", "11:00", "11:40"))),
    (NotVisited(category="dining"), situation(stay("g/nordic", "10:00", "11:00"))),
    (NotVisited(category="dining", grace_s=90), situation(stay("g/cafe", "10:00", "10:01"))),
    (
        A_TO_B,
        situation(
            stay("g/nordic", "10:00", "11:00"), stay("u/toys", "11:01", "11:10"), stay("g/cafe", "11:20", "11:30")
        ),
    ),
    (Entered(within_minutes=10), situation(stay("g/nordic", "11:50"))),
    (
        Tags(any_of=["new", "student"], all_of=["family"], none_of=["staff"]),
        situation(profile=member(tags=frozenset({"new", "family"}))),
    ),
    (Tier(any_of=["gold"]), situation(profile=member(tier="gold"))),
    (Prefers(category="toys"), situation(profile=member(preferred=frozenset({"toys"})))),
    (Birthday(), situation(profile=member(birthday_month=6))),
    (Anniversary(), situation(profile=member(joined_on=date(2020, 6, 11)))),
    (Anniversary(days=3), situation(profile=member(joined_on=date(2020, 6, 14)))),
    (Anniversary(days=1), situation(day=date(2027, 3, 1), profile=member(joined_on=date(2020, 2, 29)))),
    (Anniversary(days=5), situation(day=date(2026, 1, 2), profile=member(joined_on=date(2020, 12, 29)))),
    (Spent(at_least=50), situation(purchases=(bought(30.01), bought(19.99)))),
    (Spent(at_least=50, within_days=7, receipts=2), situation(purchases=(bought(30, days_ago=6), bought(20)))),
    (Spent(at_least=5, category="dining", tenant="tejo", zone="g/cafe"), situation(purchases=(bought(5),))),
    (
        Visits(at_least=3, within_days=30),
        situation(stay("g/cafe", "11:00"), profile=member(days_before=days_ago(29, 2))),
    ),
    (Visits(at_most=1), situation(stay("g/cafe", "11:00"))),
    (NthVisit(number=1), situation(sources=frozenset({"parking"}))),
    (NthVisit(number=2), situation(stay("g/cafe", "11:00"), profile=member(days_before=days_ago(90)))),
    (Absent(days=60), situation(profile=member(days_before=days_ago(300, 60)))),
    (ArrivedBy(any_of=["parking", "poster"]), situation(sources=frozenset({"poster"}))),
    (Members(ids=["M-1", "M-2"]), NOON),
    (Crowd(category="dining", at_least=30), situation(crowd={("g", "cafe"): 20, ("u", "cafe"): 12, ("u", "hall"): 90})),
]

FAILS: list[tuple[Condition, Situation, float | None, str]] = [
    (Window(start="11:00", to="12:00"), NOON, 1.0, "min"),
    (Window(start="12:05", to="14:00"), NOON, 5.0, "min"),
    (Window(start="11:00", to="14:00", days=["fri"]), NOON, None, ""),
    (Window(start="22:00", to="02:00", days=["thu"]), situation(clock="01:59"), None, ""),
    (Calendar(start="2026-06-14"), NOON, 3.0, "days"),
    (Calendar(to="2026-06-09"), NOON, 2.0, "days"),
    (Calendar(start="2026-06-01", but=["2026-06-11"]), NOON, None, ""),
    (InPlace(category="dining"), situation(stay("g/cafe", "11:00", "11:59")), None, ""),
    (
        InPlace(category="dining", minutes=5),
        situation(stay("g/cafe", "11:00", "11:50"), stay("u/cafe", "11:58")),
        180.0,
        "s",
    ),
    (Dwell(category="fashion", minutes=10), situation(stay("g/nordic", "11:00", "11:09")), 60.0, "s"),
    (
        Dwell(category="fashion", minutes=10, within_minutes=30),
        situation(stay("g/nordic", "11:00", "11:39")),
        60.0,
        "s",
    ),
    (Visited(zone="u/cafe"), situation(stay("g/cafe", "10:00", "10:01")), None, ""),
    (Visited(zone="u/cafe", within_minutes=30), situation(stay("u/cafe", "11:00", "11:28")), 2.0, "min"),
    (
        Visited(zone="u/cafe", minutes=5),
        situation(stay("u/cafe", "11:00", "11:04"), stay("u/cafe", "11:30", "11:33")),
        60.0,
        "s",
    ),
    (NotVisited(category="dining"), situation(stay("g/cafe", "11:00", "11:02")), 120.0, "s"),
    (NotVisited(category="dining", grace_s=100), situation(stay("g/cafe", "11:00", "11:02")), 20.0, "s"),
    (A_TO_B, situation(stay("g/cafe", "10:00", "10:10"), stay("g/nordic", "11:00", "11:10")), 1.0, "places"),
    (A_TO_B, situation(stay("g/nordic", "10:00", "11:00"), stay("g/cafe", "11:21", "11:30")), 60.0, "s"),
    (A_TO_B, NOON, 2.0, "places"),
    (Entered(within_minutes=10), situation(stay("g/nordic", "11:45")), 5.0, "min"),
    (Entered(within_minutes=10), NOON, None, ""),
    (Tags(all_of=["a", "b"]), situation(profile=member(tags=frozenset({"a"}))), 1.0, "tags"),
    (Tags(any_of=["a", "b"]), situation(profile=member(tags=frozenset({"c"}))), 1.0, "tags"),
    (Tags(none_of=["a"]), situation(profile=member(tags=frozenset({"a"}))), 1.0, "tags"),
    (Tags(none_of=["a"]), situation(profile=None), None, ""),
    (Tier(any_of=["gold"]), NOON, None, ""),
    (Prefers(category="toys"), NOON, None, ""),
    (Birthday(), situation(profile=member(birthday_month=7)), None, ""),
    (Birthday(), NOON, None, ""),
    (Anniversary(days=3), situation(profile=member(joined_on=date(2020, 6, 15))), 1.0, "days"),
    (Anniversary(days=3), situation(profile=member(joined_on=date(2026, 6, 11))), 362.0, "days"),
    (Spent(at_least=50), situation(purchases=(bought(50, days_ago=1), bought(49.99))), 1.0, "minor units"),
    (Spent(at_least=50), situation(purchases=(bought(50, refunded=1000),)), 1000.0, "minor units"),
    (Spent(at_least=5, receipts=2), situation(purchases=(bought(50), bought(5, refunded=500))), 1.0, "receipts"),
    (Spent(at_least=5, category="toys"), situation(purchases=(bought(50),)), 500.0, "minor units"),
    (
        Visits(at_least=3, within_days=30),
        situation(stay("g/cafe", "11:00"), profile=member(days_before=days_ago(30, 2))),
        1.0,
        "visits",
    ),
    (Visits(at_most=1), situation(stay("g/cafe", "11:00"), profile=member(days_before=days_ago(3, 2))), 2.0, "visits"),
    (NthVisit(number=1), NOON, None, ""),
    (NthVisit(number=1), situation(stay("g/cafe", "11:00"), profile=member(days_before=days_ago(3, 2))), 2.0, "visits"),
    (Absent(days=60), situation(profile=member(days_before=days_ago(300, 59))), 1.0, "days"),
    (Absent(days=60), NOON, None, ""),
    (ArrivedBy(any_of=["parking"]), NOON, None, ""),
    (Members(ids=["M-2"]), NOON, None, ""),
    (Members(ids=["M-2"]), situation(profile=None), None, ""),
    (Crowd(category="dining", at_least=30), situation(crowd={("g", "cafe"): 20, ("u", "cafe"): None}), 10.0, "people"),
    (Crowd(category="dining", at_least=1), situation(crowd={("g", "cafe"): None}), None, ""),
]


@pytest.mark.parametrize(("condition", "now"), HOLDS, ids=lambda one: type(one).__name__)
def test_it_holds(condition: Condition, now: Situation) -> None:
    verdict = judge(condition, now)
    assert verdict.holds, verdict
    assert verdict.short_by is None
    assert verdict.clause
    assert verdict.facts["kind"] == type(condition).__struct_config__.tag


@pytest.mark.parametrize(("condition", "now", "short_by", "unit"), FAILS, ids=lambda one: type(one).__name__)
def test_it_fails_by_so_much(condition: Condition, now: Situation, short_by: float | None, unit: str) -> None:
    verdict = judge(condition, now)
    assert not verdict.holds, verdict
    assert (verdict.short_by, verdict.unit) == (short_by, unit), verdict


def test_every_kind_is_tried_both_ways() -> None:
    kinds = set(Condition.__args__)  # type: ignore[attr-defined]
    assert {type(one) for one, _ in HOLDS} == kinds
    assert {type(one) for one, *_ in FAILS} == kinds


@pytest.mark.parametrize(
    ("condition", "now", "changes_at"),
    [
        (Window(start="11:00", to="14:00"), NOON, instant("14:00")),
        (Window(start="11:00", to="12:00", days=["sun"]), NOON, instant("11:00", date(2026, 6, 14))),
        (Window(start="00:00", to="24:00"), NOON, None),
        (Calendar(to="2026-06-12"), NOON, instant("00:00", date(2026, 6, 13))),
        (Calendar(to="2026-06-10"), NOON, None),
        (InPlace(category="dining", minutes=5), situation(stay("g/cafe", "11:58")), instant("12:03")),
        (Dwell(category="dining", minutes=5), situation(stay("g/cafe", "11:58")), instant("12:03")),
        (
            Dwell(category="dining", minutes=5),
            situation(stay("g/cafe", "11:00", "11:02"), stay("u/cafe", "11:59")),
            instant("12:02"),
        ),
        (
            Dwell(category="dining", minutes=10, within_minutes=30),
            situation(stay("g/cafe", "11:20", "11:50")),
            instant("12:10"),
        ),
        (Dwell(category="dining", minutes=10, within_minutes=30), situation(stay("g/cafe", "11:50")), None),
        (Dwell(category="dining", minutes=5), situation(stay("g/cafe", "11:00", "11:02")), None),
        (Visited(category="dining", within_minutes=30), situation(stay("g/cafe", "11:00", "11:45")), instant("12:15")),
        (Visited(category="dining", minutes=5), situation(stay("g/cafe", "11:58")), instant("12:03")),
        (NotVisited(category="dining", grace_s=180), situation(stay("g/cafe", "11:58")), instant("12:01")),
        (Entered(within_minutes=10), situation(stay("g/cafe", "11:55")), instant("12:05")),
        (Birthday(), situation(profile=member(birthday_month=6)), instant("00:00", date(2026, 7, 1))),
        (Birthday(), situation(profile=member(birthday_month=2)), instant("00:00", date(2027, 2, 1))),
        (Absent(days=60), situation(profile=member(days_before=days_ago(58))), instant("00:00", date(2026, 6, 13))),
        (
            Spent(at_least=5, within_days=7),
            situation(purchases=(bought(5, days_ago=5),)),
            instant("00:00", date(2026, 6, 13)),
        ),
    ],
    ids=lambda one: type(one).__name__,
)
def test_it_says_when_it_will_turn_by_itself(condition: Condition, now: Situation, changes_at: float | None) -> None:
    assert judge(condition, now).changes_at == changes_at


def test_a_stay_that_was_told_of_some_seconds_ago_is_due_as_if_it_went_on() -> None:
    told = stay("g/cafe", "11:50", now="11:58")
    verdict = judge(InPlace(category="dining", minutes=9), situation(told))
    assert (verdict.holds, verdict.short_by, verdict.changes_at) == (False, 60.0, instant("12:00"))


def test_where_clocks_are_put_on_a_window_in_the_gap_does_not_come() -> None:
    spring = date(2026, 3, 29)  # 01:00 becomes 02:00
    within = Window(start="01:15", to="01:45")
    midnight = at(instant("00:00", spring))
    verdict = judge(within, midnight)
    assert verdict.changes_at == instant("01:15", date(2026, 3, 30))
    across = judge(Window(start="01:15", to="02:15"), midnight)
    assert across.changes_at == instant("02:00", spring)
    assert judge(Window(start="01:15", to="02:15"), at(instant("02:00", spring))).holds


def test_where_clocks_are_put_back_a_window_comes_twice() -> None:
    autumn = date(2026, 10, 25)  # 02:00 becomes 01:00
    window = Window(start="01:15", to="01:45")
    first = datetime(2026, 10, 25, 1, 15, tzinfo=LISBON).timestamp()
    seen = []
    now = instant("00:00", autumn)
    for _ in range(4):
        verdict = judge(window, at(now))
        assert verdict.changes_at is not None
        now = verdict.changes_at
        seen.append((round(now - first) // 60, judge(window, at(now)).holds))
    assert seen == [(0, True), (30, False), (60, True), (90, False)]


def test_a_midnight_that_does_not_exist_is_the_first_instant_after_it() -> None:
    cairo = ZoneInfo("Africa/Cairo")
    now = at(datetime(2026, 4, 23, 12, tzinfo=cairo).timestamp(), zone=cairo)
    changes_at = judge(Calendar(start="2026-04-24"), now).changes_at
    assert changes_at is not None
    assert datetime.fromtimestamp(changes_at, cairo).isoformat() == "2026-04-24T01:00:00+03:00"
    assert datetime.fromtimestamp(changes_at - 1, cairo).day == 23


def test_where_a_condition_fails_nothing_more_of_the_member_is_told() -> None:
    secret = member(birthday_month=2, joined_on=date(2019, 2, 3), tags=frozenset({"debtor"}), member="M-77")
    for condition in (Birthday(), Tags(any_of=["new"]), Members(ids=["M-2", "M-3"])):
        verdict = judge(condition, situation(profile=secret))
        assert not any(word in f"{verdict.facts} {verdict.clause}" for word in ("debtor", "M-", "February"))


@pytest.mark.parametrize(
    ("condition", "concerned"),
    [
        (Window(start="11:00", to="14:00"), {"time"}),
        (Dwell(category="fashion", minutes=1), {"visit:fashion", "time"}),
        (InPlace(zone="u/cafe"), {"visit:u/cafe", "time"}),
        (Visited(zone="cafe"), {"visit"}),
        (NotVisited(category="dining"), {"visit:dining"}),
        (NotVisited(category="dining", grace_s=5), {"visit:dining", "time"}),
        (A_TO_B, {"visit:fashion", "visit:g/cafe"}),
        (Spent(at_least=5), {"purchase", "time"}),
        (ArrivedBy(any_of=["parking"]), {"touchpoint"}),
        (Tier(any_of=["gold"]), {"member"}),
        (Crowd(floor="g", at_least=5), {"crowd"}),
    ],
    ids=lambda one: type(one).__name__,
)
def test_it_says_what_can_alter_it(condition: Condition, concerned: set[str]) -> None:
    assert concerns(condition) == concerned


def test_with_the_site_at_hand_bare_zones_and_floors_are_named_in_full() -> None:
    assert concerns(Visited(zone="cafe"), CATEGORIES) == {"visit:g/cafe", "visit:u/cafe"}
    assert concerns(Visited(floor="u"), CATEGORIES) == {"visit:u/cafe", "visit:u/toys", "visit:u/hall"}


def test_a_refund_takes_back_what_was_spent() -> None:
    sale = bought(60)
    assert judge(Spent(at_least=50), situation(purchases=(sale,))).holds
    back = dataclasses.replace(sale, refunded=sale.amount)
    assert not judge(Spent(at_least=50), situation(purchases=(back,))).holds
