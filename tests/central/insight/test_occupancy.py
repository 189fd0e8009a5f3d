"""Occupancy as it leaves central: withheld where few, silent where nobody knows, alerts that do not flicker."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.boundaries import boundaries
from calibration.site import Site
from central.insight.occupancy import EASE_SHARE, Alert, Occupancy, alert
from central.insight.suppression import Suppression
from central.journeys.inside import Inside
from central.store.store import Store
from tests.central.journeys.crowd import two_floors
from tests.central.journeys.days import crossed, seen, told
from tests.central.mall import NOON

SUPPRESSION = Suppression(5, bytes(range(32)))


@pytest.fixture
def site(tmp_path: Path) -> Site:
    found = two_floors(tmp_path)
    return replace(found, floors=found.floors | {"g": replace(found.floors["g"], capacity=40)})


@pytest.fixture
def occupancy(store: Store, site: Site) -> Occupancy:
    return Occupancy(store, site, SUPPRESSION, Inside(store, site, boundaries(site), SUPPRESSION.record_key, 4))


def came(store: Store, number: int, at: float, first: int = 0) -> None:
    names = [f"visitor{i:05}" for i in range(first, first + number)]
    told(store, "g", [crossed("west", "in", name, at) for name in names], at)


def test_an_unwatched_mall_says_that_it_knows_nothing(occupancy: Occupancy) -> None:
    now = occupancy.now(NOON)
    assert [one.seen.withheld for one in now.floors] == ["silent", "silent"]
    assert [one.by_doors.withheld for one in (*now.floors, now.mall)] == ["few", "few", "few"]


def test_four_people_are_nobody_and_thirty_are_told_within_the_noise(store: Store, occupancy: Occupancy) -> None:
    came(store, 4, NOON)
    seen(store, "g", {f"visitor{i:05}": (10.0, 8.0) for i in range(4)}, NOON)
    ground = occupancy.now(NOON + 1).floors[0]
    assert (ground.seen.withheld, ground.by_doors.withheld, ground.alert) == ("few", "few", "")
    came(store, 26, NOON + 2, first=4)
    now = occupancy.now(NOON + 3)
    for figure in (now.floors[0].by_doors, now.mall.by_doors):
        assert figure.value is not None
        assert figure.low is not None
        assert figure.high is not None
        assert figure.low - SUPPRESSION.most_off <= 30 <= figure.high + SUPPRESSION.most_off
    assert now.floors[1].by_doors.value is None


def test_asking_again_gives_the_same_figure_while_nobody_moves(store: Store, occupancy: Occupancy) -> None:
    came(store, 20, NOON)
    assert NOON % 900 == 0
    figures = [occupancy.now(NOON + 60 * minute).mall.by_doors for minute in range(1, 45)]
    assert [len(set(figures[first:last])) for first, last in ((0, 14), (14, 29), (29, 44))] == [1, 1, 1]
    assert len(set(figures)) > 1


def test_within_a_second_everybody_gets_the_same_answer(store: Store, occupancy: Occupancy) -> None:
    first = occupancy.now(NOON)
    came(store, 20, NOON)
    assert occupancy.now(NOON + 0.5) is first
    assert occupancy.now(NOON + 1.5) is not first


def test_a_full_floor_is_told_once_and_stays_told_until_it_has_eased(store: Store, occupancy: Occupancy) -> None:
    came(store, 60, NOON)
    assert occupancy.now(NOON + 1).floors[0].alert == "over"
    told(store, "g", [crossed("east", "out", f"visitor{i:05}", NOON + 2) for i in range(40)], NOON + 2)
    assert occupancy.now(NOON + 3).floors[0].alert == ""


@given(st.lists(st.integers(0, 120), min_size=1, max_size=30))
def test_alerts_follow_and_do_not_flicker(people: list[int]) -> None:
    rank: dict[Alert, int] = {"": 0, "near": 1, "over": 2}
    now: Alert = ""
    for number in people:
        before, now = now, alert(number, 100, now)
        assert rank[now] >= (2 if number >= 100 else 1 if number >= 90 else 0)
        assert rank[now] <= (0 if number < 85 else 1 if number < 95 else 2)
        assert alert(number, 100, now) == now  # the same number again changes nothing
        if now != before:  # nor does a little less, so that it does not flicker
            assert rank[now] < rank[before] or alert(number - 100 * EASE_SHARE + 0.5, 100, now) == now


def test_without_a_capacity_there_is_no_alert() -> None:
    assert alert(10_000, None, "over") == ""
