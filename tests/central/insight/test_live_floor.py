"""The floor as it is now: the same for all watchers, about now or not at all, and nobody where they are."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.site import Site, load_site
from central.ingest.decode import read
from central.insight.live import LiveFloor
from central.insight.suppression import Suppression, around
from central.store.batch import commit
from central.store.store import Store
from contract.errors import BadInputError
from tests.central.mall import NOON, Sender, positions, write_site

Where = dict[str, tuple[float, float]]
SUPPRESSION = Suppression(5, b"k" * 32)


def tell(store: Store, at: float, where: Where, seq: int) -> None:
    topic, payload = Sender().packet(positions(at, where), at, seq)
    found = read("mall", topic, payload, len(payload), at, retained=False)
    assert found is not None
    commit(store.database, [found])


def crowd(people: int, x: float, y: float, name: str = "visitor") -> Where:
    return {f"{name}{n:04d}": (x + n % 7 * 0.2, y + n // 7 * 0.2) for n in range(people)}


def counted(where: Where, figure: str = "shoppers now g") -> int | None:
    """What is told of them now."""
    return SUPPRESSION.count(where, figure, around(NOON))


def test_a_snapshot_is_made_once_a_second_for_everybody(store: Store, site: Site) -> None:
    live = LiveFloor(store, site, SUPPRESSION)
    tell(store, NOON, crowd(40, 10, 10), 1)
    first = live.snapshot("g", NOON + 0.2)
    tell(store, NOON + 0.5, crowd(60, 10, 10), 2)
    assert live.snapshot("g", NOON + 0.9) is first
    assert live.snapshot("g", NOON + 1.0).people != first.people
    assert live.snapshot("g", NOON + 1.0, "everybody") is not live.snapshot("g", NOON + 1.0)


def test_its_json_is_what_it_says(store: Store, site: Site) -> None:
    live = LiveFloor(store, site, SUPPRESSION)
    tell(store, NOON, crowd(40, 2, 10), 1)
    found = live.snapshot("g", NOON + 1.25)
    told = json.loads(found.json)
    assert (told["at"], told["heard_s_ago"], told["k"]) == (NOON + 1, 1.2, 5)
    assert told["people"]["value"] == counted(crowd(40, 0, 0))
    assert told["zones"]["nordic"]["value"] == counted(crowd(40, 0, 0), "shoppers now g/nordic")
    assert told["zones"]["cafe"] == {"value": None, "n": None, "low": None, "high": None, "withheld": "few"}
    assert [tuple(dot) for dot in told["dots"]] == found.dots
    assert [tuple(block) for block in told["blocks"]] == found.blocks


def test_a_silent_floor_has_no_present(store: Store, site: Site) -> None:
    live = LiveFloor(store, site, SUPPRESSION)
    never = live.snapshot("u", NOON)
    assert (never.heard_s_ago, never.people.withheld, never.dots, never.blocks) == (None, "silent", [], [])
    tell(store, NOON, crowd(40, 10, 10), 1)
    late = live.snapshot("g", NOON + 10.5)
    assert (late.heard_s_ago, late.people.withheld, late.zones["nordic"].withheld) == (10.5, "silent", "silent")
    assert (late.dots, late.blocks) == ([], [])


def test_people_who_left_are_gone_and_a_missed_second_loses_nobody(store: Store, site: Site) -> None:
    live = LiveFloor(store, site, SUPPRESSION)
    tell(store, NOON, crowd(30, 10, 10), 1)
    tell(store, NOON + 2, crowd(30, 20, 10, "another"), 2)
    assert live.snapshot("g", NOON + 2).people.value == counted(crowd(30, 10, 10) | crowd(30, 20, 10, "another"))
    tell(store, NOON + 3, crowd(30, 20, 10, "another"), 3)
    assert live.snapshot("g", NOON + 3).people.value == counted(crowd(30, 20, 10, "another"))


def test_staff_are_told_apart_and_only_where_they_are_enough(store: Store, site: Site) -> None:
    guests, workers = crowd(30, 2, 10), crowd(20, 2, 10, "worker")
    with store.database.writing() as connection:
        connection.executemany("INSERT INTO staff VALUES ('mall', ?, 'long', 0)", [(name,) for name in workers])
    live = LiveFloor(store, site, SUPPRESSION)
    tell(store, NOON, guests | workers, 1)
    shoppers, everybody = live.snapshot("g", NOON), live.snapshot("g", NOON, "everybody")
    assert shoppers.people.value == counted(guests)
    assert everybody.people.value == (counted(guests) or 0) + (counted(workers, "staff now g") or 0)
    tell(store, NOON + 4, guests | dict(list(workers.items())[:4]), 2)
    assert live.snapshot("g", NOON + 4, "everybody").people == live.snapshot("g", NOON + 4).people


def test_a_floor_that_is_not_there_is_named(store: Store, site: Site) -> None:
    with pytest.raises(BadInputError, match="no floor 'attic'"):
        LiveFloor(store, site, SUPPRESSION).snapshot("attic", NOON)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(-3, 45), st.floats(-3, 25), st.integers(1, 30), st.floats(0.1, 6)), min_size=1, max_size=5
    ),
    st.integers(0, 2**31),
)
def test_dots_are_as_many_as_are_told_each_in_a_square_of_k_and_on_the_floor(
    tmp_path_factory: pytest.TempPathFactory, groups: list[tuple[float, float, int, float]], seed: int
) -> None:
    folder = tmp_path_factory.mktemp("live")
    site, store = load_site(write_site(folder)), Store(folder / "central.db", "mall")
    chance = np.random.default_rng(seed)
    where: Where = {}
    for x, y, people, spread in groups:
        for place in chance.normal((x, y), spread, (people, 2)):
            where[f"visitor{len(where):05d}"] = (round(float(place[0]), 2), round(float(place[1]), 2))
    tell(store, NOON, where, 1)
    found = LiveFloor(store, site, SUPPRESSION).snapshot("g", NOON)
    again = LiveFloor(store, site, SUPPRESSION).snapshot("g", NOON)
    assert found.dots == again.dots
    claimed: set[str] = set()
    most = 0
    for x, y, side, density in reversed(found.blocks):
        inside = {name for name, at in where.items() if x <= at[0] < x + side and y <= at[1] < y + side} - claimed
        assert len(inside) >= 5
        claimed |= inside
        most += math.ceil(density * side * side)
    assert len(found.dots) <= most
    for x, y in found.dots:
        assert 0 <= x <= 40
        assert 0 <= y <= 20
        assert any(left <= x <= left + side and low <= y <= low + side for left, low, side, _ in found.blocks)
    store.close()
