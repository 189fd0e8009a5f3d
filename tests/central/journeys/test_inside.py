"""Who is inside by conservation: night, late events, DST, restarts, and who stands on the escalator."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.boundaries import boundaries
from calibration.site import Site
from central.insight.suppression import Suppression
from central.journeys.inside import QUARTER_S, Inside
from central.journeys.nights import latest_night, night_after, night_at, night_before
from central.store import reckoning
from central.store.reckoning import MALL
from central.store.store import Store
from tests.central.journeys.crowd import two_floors
from tests.central.journeys.days import crossed, seen, told

NIGHT = datetime(2026, 1, 1, 4, tzinfo=UTC).timestamp()
NOON = NIGHT + 8 * 3600
KEY = bytes(range(32))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return two_floors(tmp_path)


def counting(store: Store, site: Site) -> Inside:
    return Inside(store, site, boundaries(site), Suppression(5, KEY).record_key, 4)


def people(inside: Inside, at: float) -> dict[str, int]:
    return {floor: crowd.people for floor, crowd in inside.now(at).items()}


def test_in_less_out_by_floor_and_mall(store: Store, site: Site) -> None:
    told(store, "g", [crossed("west", "in", f"visitor{i:05}", NOON + i) for i in range(7)], NOON + 60)
    told(store, "g", [crossed("east", "out", f"visitor{i:05}", NOON + 100 + i) for i in range(2)], NOON + 120)
    told(store, "g", [crossed("escalator", "in", "visitor00003", NOON + 130)], NOON + 140)
    inside = counting(store, site)
    assert people(inside, NOON + 200) == {MALL: 5, "g": 4, "u": 0}
    told(store, "u", [crossed("escalator", "out", "upper000003", NOON + 150)], NOON + 160)
    assert people(inside, NOON + 201) == {MALL: 5, "g": 4, "u": 1}


def test_the_key_is_that_of_those_inside(store: Store, site: Site) -> None:
    suppression = Suppression(5, KEY)
    names = [f"visitor{i:05}" for i in range(9)]
    told(store, "g", [crossed("west", "in", name, NOON + i) for i, name in enumerate(names)], NOON + 60)
    told(store, "g", [crossed("east", "out", name, NOON + 100 + i) for i, name in enumerate(names[:4])], NOON + 120)
    with np.errstate(over="ignore"):
        expected = int(suppression.record_keys(names[4:]).sum(dtype=np.uint64))
    assert counting(store, site).now(NOON + 200)[MALL].key == expected


def test_a_late_event_is_counted_in_its_own_quarter_hour(store: Store, site: Site) -> None:
    inside = counting(store, site)
    inside.update(NOON + 1)
    inside.update(NOON + QUARTER_S + 1)
    told(store, "g", [crossed("west", "in", "visitor00001", NIGHT + 3600 + 5)], NOON + QUARTER_S)
    later = NOON + 3 * QUARTER_S + 1
    inside.update(later)
    assert people(inside, later)["g"] == 1
    kept = {one.at: one.inside for one in reckoning.quarters(store.database, "mall", NIGHT, later) if one.floor == "g"}
    assert kept[NIGHT + 3600] == 0
    assert kept[NIGHT + 3600 + QUARTER_S] == 1
    assert kept[NOON] == 1


def test_who_is_seen_at_night_is_where_the_day_begins(store: Store, site: Site) -> None:
    inside = counting(store, site)
    cleaners = {f"cleaner{i:05}": (10.0 + i, 8.0) for i in range(3)} | {"rider0000001": (11.0, 16.0)}
    seen(store, "g", cleaners, NIGHT + 0.5)
    seen(store, "u", {}, NIGHT + 0.5)
    inside.update(NIGHT + 1)
    told(store, "g", [crossed("west", "out", "cleaner00000", NIGHT + 600)], NIGHT + 601)
    assert people(inside, NIGHT + 700) == {MALL: 2, "g": 2, "u": 0}
    inside.update(NIGHT + QUARTER_S + 1)
    assert [(one.floor, one.inside, one.seen) for one in reckoning.quarters(store.database, "mall", NIGHT, NIGHT)] == [
        (MALL, 3, 3),
        ("g", 3, 3),
        ("u", 0, 0),
    ]


def test_a_restart_changes_nothing(store: Store, site: Site) -> None:
    inside = counting(store, site)
    for hour in range(3):
        told(
            store,
            "g",
            [crossed("west", "in", f"visitor{hour}{i:04}", NOON + 3600 * hour + i) for i in range(20)],
            NOON + 3600 * hour + 30,
        )
        inside.update(NOON + 3600 * hour + 60)
    now = NOON + 3 * 3600
    assert inside.now(now) == counting(store, site).now(now)


def test_a_new_day_forgets_the_old_one(store: Store, site: Site) -> None:
    inside = counting(store, site)
    told(store, "g", [crossed("west", "in", "visitor00001", NOON)], NOON)
    assert people(inside, NOON + 5)["g"] == 1
    assert people(inside, NIGHT + 86_400 + 5)["g"] == 0


def test_a_silent_box_is_not_taken_for_an_empty_floor(store: Store, site: Site) -> None:
    inside = counting(store, site)
    seen(store, "g", {f"visitor{i:05}": (10.0, 8.0) for i in range(6)}, NOON)
    assert {floor: one.everybody.people for floor, one in inside.seen(NOON + 1).items()} == {"g": 6}
    seen(store, "u", {"upper000001": (10.0, 8.0)}, NOON + 1)
    assert {floor: one.everybody.people for floor, one in inside.seen(NOON + 2).items()} == {
        "g": 6,
        "u": 1,
        MALL: 7,
    }
    assert inside.seen(NOON + 60) == {}


LISBON = ZoneInfo("Europe/Lisbon")


@given(st.floats(1.7e9, 1.9e9), st.integers(0, 23))
@settings(max_examples=200, deadline=None)
def test_a_night_is_the_latest_one_and_days_do_not_overlap(now: float, hour: int) -> None:
    day, at = latest_night(now, LISBON, hour)
    assert at <= now < night_after(day, LISBON, hour)
    assert night_before(day, LISBON, hour) < at
    assert at % QUARTER_S == 0


def test_days_on_which_clocks_are_put_on_and_back_have_23_and_25_hours() -> None:
    hours = [
        (night_after(day, LISBON, 0) - night_at(day, LISBON, 0)) / 3600
        for day in (date(2026, 3, 29), date(2026, 10, 25), date(2026, 6, 1))
    ]
    assert hours == [23, 25, 24]
