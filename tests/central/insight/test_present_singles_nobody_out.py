"""An attacker who watches the floor second by second, and asks for occupancies and reckonings, singles nobody out.

Sixty installations, each with a key of its own, watch the same mall. What they tell is averaged over a minute in which
some people are missed now and then, so that the noise by people is drawn again every second: what stays must be hidden
by the noise of the day and of the quarter hour. What does not hold of the present is tested as well, so that the docs
say what is so.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calibration.boundaries import boundaries
from calibration.site import Site, load_site
from central.insight.live import LiveFloor, LiveSnapshot
from central.insight.occupancy import Occupancy
from central.insight.suppression import Suppression, around
from central.journeys.inside import Inside
from central.store import reckoning
from central.store.reckoning import Night, Quarter
from central.store.store import Store
from tests.central.insight.floors import Fix, told, works
from tests.central.mall import NOON, write_site

K = 5
SECONDS = 30
INSTALLATIONS = [Suppression(K, number.to_bytes(32, "little")) for number in range(60)]
Places = dict[str, tuple[float, float]]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return load_site(write_site(tmp_path))


def group(name: str, people: int, x: float, y: float) -> Places:
    return {f"{name}{one:06d}": (x + one % 6 * 0.3, y + one // 6 * 0.3) for one in range(people)}


def flickering(second: int, here: Places, steady: Places) -> list[Fix]:
    """Everybody every third second, two of three at any other: a second's present is who was seen in the last three."""
    chance = np.random.default_rng(second)
    seen = {name: place for name, place in here.items() if chance.random() < 0.6}
    return [Fix(name, NOON + 3 * second, place) for name, place in (seen | steady).items()]


def watched(store: Store, site: Site, here: Places, steady: Places) -> Iterator[list[LiveSnapshot]]:
    """Every moment's snapshot of each installation; who is steady is seen always."""
    live = [LiveFloor(store, site, one) for one in INSTALLATIONS]
    for second in range(SECONDS):
        told(store, flickering(second, here, steady))
        yield [one.snapshot("g", NOON + 3 * second) for one in live]


def test_what_is_told_of_places_does_not_tell_of_one_person_between_them(store: Store, site: Site) -> None:
    """One person is in the concourse, too few to be told; another stands apart in a shop, in no told square."""
    here = group("nordic", 40, 4, 10) | group("cafe", 40, 30, 10)
    two: Places = {"someone0001": (20.0, 3.0), "someone0002": (12.5, 18.5)}
    beyond_zones, off_squares = [], []
    for second, moment in enumerate(watched(store, site, here, two)):
        shop = [fix.place for fix in flickering(second, here, two) if fix.place[0] < 14 and fix.place[1] > 8]
        zones, squares = [], []
        for found in moment:
            assert found.zones["concourse"].value is None
            assert not _is_told(found, two["someone0002"])
            assert len(found.dots) == round(sum(density * own for density, own in _own(found)))
            nordic, cafe = (found.zones[zone].value or 0 for zone in ("nordic", "cafe"))
            zones.append((found.people.value or 0) - nordic - cafe)
            apart = nordic - sum(x < 14 and y > 8 for x, y in found.dots)
            squares.append(apart - sum(not _is_told(found, place) for place in shop))
        beyond_zones.append(zones)
        off_squares.append(squares)
    for rest, truth in ((beyond_zones, 1), (off_squares, 0)):
        guess = np.rint(np.mean(rest, axis=0))
        assert (guess == truth).mean() < 0.5
        assert len(set(guess.tolist())) >= 5


def _is_told(found: LiveSnapshot, place: tuple[float, float]) -> bool:
    """Whether the place lies in a told square."""
    return any(x <= place[0] < x + side and y <= place[1] < y + side for x, y, side, _ in found.blocks)


def _own(found: LiveSnapshot) -> list[tuple[float, float]]:
    """Density and square metres of each square, less those of the smaller squares in it."""
    told_of = []
    for number, (x, y, side, density) in enumerate(found.blocks):
        inner = [
            small * small
            for left, low, small, _ in found.blocks[number + 1 :]
            if x <= left < x + side and y <= low < y + side
            and not any(
                a <= left < a + s and b <= low < b + s and s < side
                for a, b, s, _ in found.blocks[number + 1 :] if (a, b, s) != (left, low, small)
            )
        ]  # fmt: skip
        told_of.append((density, side * side - sum(inner)))
    return told_of


def occupancies(store: Store, site: Site) -> list[Occupancy]:
    return [
        Occupancy(store, site, one, Inside(store, site, boundaries(site), one.record_key, 4)) for one in INSTALLATIONS
    ]


def test_the_mall_less_a_floor_does_not_tell_of_one_person_on_the_other(store: Store, site: Site) -> None:
    here, someone = group("nordic", 40, 4, 10), {"someone0001": (20.0, 3.0)}
    live = occupancies(store, site)
    found = []
    for second in range(SECONDS):
        told(store, flickering(second, here, {}))
        told(store, [Fix(name, NOON + 3 * second, place) for name, place in someone.items()], "u")
        now = [one.now(NOON + 3 * second) for one in live]
        assert all(one.floors[1].seen.withheld == "few" for one in now)
        found.append([(one.mall.seen.value or 0) - (one.floors[0].seen.value or 0) for one in now])
    means = np.mean(found, axis=0)
    assert (np.rint(means) == 1).mean() < 0.5
    assert len(set(np.rint(means).tolist())) >= 5


def test_staff_fewer_than_k_leave_no_trace_in_the_present(store: Store, site: Site) -> None:
    here, tills = group("nordic", 30, 4, 10), group("works", K - 1, 4.1, 10.1)
    works(store, tills)
    method = INSTALLATIONS[0]

    def told_now() -> list[Any]:
        live, (occupancy, *_) = LiveFloor(store, site, method), occupancies(store, site)
        snapshots = [live.snapshot("g", NOON + 20, who).json for who in ("shoppers", "everybody")]
        now = occupancy.now(NOON + 20)
        return [*snapshots, now.mall.seen, [one.seen for one in now.floors]]

    told(store, [Fix(name, NOON + 20, place) for name, place in here.items()])
    told(store, [Fix("upper000001", NOON + 20, (2.0, 2.0))], "u")
    without = told_now()
    with store.database.writing() as connection:
        connection.execute("DELETE FROM batches WHERE floor = 'g'")
    told(store, [Fix(name, NOON + 20, place) for name, place in (here | tills).items()])
    assert told_now() == without


def test_quarters_of_occupancy_tell_staff_apart_too(store: Store, site: Site) -> None:
    method, names = INSTALLATIONS[0], [f"v{n}" for n in range(34)]
    for staff in (0, K - 1):
        here, tills = method.record_keys(names[: 30 + staff]), method.record_keys(names[30 : 30 + staff])
        one = Quarter(
            NOON, "g", 30, int(here[:30].sum(dtype=np.uint64)), 30 + staff, int(here.sum(dtype=np.uint64)),
            staff, int(tills.sum(dtype=np.uint64)),
        )  # fmt: skip
        reckoning.keep_quarters(store.database, "mall", [one])
        (found,) = occupancies(store, site)[0].by_quarter(NOON, NOON + 900)
        assert found.seen.value == method.count(names[:30], "seen shoppers g", around(NOON))


def test_the_drift_of_a_day_is_not_told_exactly_nor_by_its_shares(store: Store, site: Site) -> None:
    """Three hundred nights of the same drift, each of other people."""
    chance = np.random.default_rng(1)
    nights = []
    for number in range(300):
        keys = [int(key) for key in chance.integers(0, 2**63, 2)]
        nights.append(
            Night(
                NOON + 86_400.0 * number, "g", f"night{number}", 90, 80, keys[0], 63, 60, keys[1], 4, 4, 27,
                "g/door", 22 / 27, 0.551, 0.9876,
            )
        )  # fmt: skip
    reckoning.keep_nights(store.database, "mall", nights)
    found = occupancies(store, site)[0].reckonings(300)
    for truth, values in (
        (27, [one.drift for one in found]),
        (80, [one.entered.value for one in found]),
        (60, [one.left.value for one in found]),
        (20, [(one.entered.value or 0) - (one.left.value or 0) for one in found]),
    ):
        assert (np.array(values) == truth).mean() < 0.5
        assert len(set(values)) >= 5
    assert {(one.door_share, one.low, one.high) for one in found} == {(0.8, 0.6, 1.0)}


def test_where_exactly_people_stand_in_their_square_does_not_show(store: Store, site: Site) -> None:
    """Dots are by lot: the same people in the same squares are told the same, wherever in them they stand."""
    live = [LiveFloor(store, site, INSTALLATIONS[0]) for _ in range(2)]
    chance = np.random.default_rng(3)
    cells = [(4, 10), (5, 10), (8, 12), (9, 13)]
    jsons = []
    for turn in range(2):
        with store.database.writing() as connection:
            connection.execute("DELETE FROM batches")
        places = [
            Fix(f"visitor{n:05d}", NOON, tuple(np.round(np.array(cells[n % 4]) + chance.random(2) * 0.98, 2)))
            for n in range(40)
        ]  # type: ignore[arg-type]
        told(store, places)
        jsons.append(live[turn].snapshot("g", NOON).json)
    assert jsons[0] == jsons[1]


def test_as_the_docs_say_who_comes_and_stays_shows_to_whoever_averages_within_a_quarter(
    store: Store, site: Site
) -> None:
    """The limit: not the number of people, but by how many it changes, where others are missed now and then.

    And it ends there: what is told of one quarter against the next is off by the noise of both.
    """
    here, someone = group("nordic", 40, 4, 10), {"someone0001": (12.5, 18.5)}
    live = [LiveFloor(store, site, one) for one in INSTALLATIONS]
    means = []
    for start, steady in ((0, {}), (60, someone), (1200, {})):
        found = []
        for second in range(SECONDS // 2):
            told(store, [Fix(fix.name, fix.at + start + 900, fix.place) for fix in flickering(second, here, steady)])
            now = NOON + 900 + start + 3 * second
            found.append([one.snapshot("g", now).people.value or 0 for one in live])
        means.append(np.mean(found, axis=0))
    within, across = means[1] - means[0], means[1] - means[2]
    assert (np.rint(within) == 1).mean() > 0.5
    assert (np.rint(across) == 1).mean() < 0.5
