"""A day of a leaky door: reckoned up at night, told through suppression, and reckoned again for what came late."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from calibration.boundaries import boundaries
from calibration.site import Site
from central.insight.occupancy import Occupancy
from central.insight.suppression import Suppression
from central.journeys.inside import QUARTER_S
from central.journeys.journeys import Journeys
from central.journeys.reckoning import AGAIN_S
from central.store import reckoning
from central.store.reckoning import MALL
from central.store.store import Store
from contract.events import Crossing
from tests.central.journeys.crowd import two_floors
from tests.central.journeys.days import crossed, seen, told

NIGHT = datetime(2026, 1, 1, 4, tzinfo=UTC).timestamp()
NEXT = NIGHT + 86_400
SUPPRESSION = Suppression(5, bytes(range(32)))
MISSES = 0.25
"""Of those who leave by the east door so many are not counted."""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return two_floors(tmp_path)


def lived(store: Store, journeys: Journeys, missing: float) -> int:
    """A day on the ground floor, quarter by quarter; how many crossings were never told."""
    random = np.random.default_rng(2)
    leaving: dict[int, list[tuple[str, str]]] = {}
    inside: dict[str, tuple[float, float]] = {}
    lost = 0
    for quarter in range(96):
        at = NIGHT + quarter * QUARTER_S
        seen(store, "g", inside, at + 0.5)
        seen(store, "u", {}, at + 0.5)
        journeys.update(at + 1)
        passed: list[Crossing] = []
        for visitor, door in leaving.pop(quarter, []):
            del inside[visitor]
            if door == "east" and random.random() < missing:
                lost += 1
            else:
                passed.append(crossed(door, "out", visitor, at + 300 + float(random.uniform(0, 300))))
        rush = {
            "west": 3 + 25 * np.exp(-(((quarter - 30) / 4) ** 2)),
            "east": 3 + 25 * np.exp(-(((quarter - 55) / 5) ** 2)),
        }
        for door, busy in rush.items() if 16 <= quarter < 80 else []:
            for _ in range(int(random.poisson(busy))):
                visitor = random.bytes(8).hex()
                inside[visitor] = (10.0, 8.0)
                passed.append(crossed(door, "in", visitor, at + float(random.uniform(2, 290))))
                way_out = door if random.random() < 0.8 else {"west": "east", "east": "west"}[door]
                leaving.setdefault(quarter + 1 + int(random.geometric(0.3)), []).append((visitor, way_out))
        told(store, "g", passed, at + 700)
    assert not leaving
    seen(store, "g", inside, NEXT + 0.5)
    seen(store, "u", {}, NEXT + 0.5)
    journeys.update(NEXT + 1)
    return lost


def test_the_leaky_door_is_named(store: Store, site: Site) -> None:
    journeys = Journeys(store, site, SUPPRESSION.record_key)
    lost = lived(store, journeys, MISSES)
    assert lost > 40
    journeys.update(NEXT + 300)
    nights = {one.floor: one for one in reckoning.nights(store.database, "mall", 10) if one.at == NEXT}
    assert nights["g"].drift == nights[MALL].drift == lost
    assert nights["u"].drift == 0
    assert (nights["g"].door, nights["u"].door) == ("g/east", None)
    assert nights["g"].low is not None
    assert nights["g"].high is not None
    assert nights["g"].low <= 1.0 <= nights["g"].high
    occupancy = Occupancy(store, site, SUPPRESSION, journeys.inside)
    public = next(one for one in occupancy.reckonings(10) if one.floor == "g")
    assert public.entered.value is not None
    assert public.drift is not None
    assert public.entered.low is not None
    assert public.entered.high is not None
    assert public.entered.low <= nights["g"].entered_people <= public.entered.high
    assert public.door == "g/east"
    upstairs = next(one for one in occupancy.reckonings(10) if one.floor == "u")
    assert (upstairs.entered.withheld, upstairs.drift) == ("few", None)
    quarters = occupancy.by_quarter(NIGHT, NEXT)
    assert len(quarters) == 3 * 96
    assert {one.floor for one in quarters if one.people.value} == {MALL, "g"}
    assert occupancy.by_quarter(NIGHT, NEXT) == quarters


def test_a_day_that_comes_out_right_needs_no_door(store: Store, site: Site) -> None:
    journeys = Journeys(store, site, SUPPRESSION.record_key)
    assert lived(store, journeys, 0.0) == 0
    journeys.update(NEXT + 300)
    assert {(one.floor, one.drift, one.door) for one in reckoning.nights(store.database, "mall", 3)} == {
        (MALL, 0, None),
        ("g", 0, None),
        ("u", 0, None),
    }


def test_what_comes_late_is_reckoned_again(store: Store, site: Site) -> None:
    journeys = Journeys(store, site, SUPPRESSION.record_key)
    told(store, "g", [crossed("west", "in", "visitor00001", NIGHT + 3600)], NEXT)
    journeys.update(NEXT + 300)
    assert [one.entered for one in reckoning.nights(store.database, "mall", 3)] == [1, 1, 0]
    told(store, "g", [crossed("west", "in", "visitor00002", NIGHT + 3600)], NEXT + 400)
    journeys.update(NEXT + 302)
    assert [one.entered for one in reckoning.nights(store.database, "mall", 3)] == [1, 1, 0]
    journeys.update(NEXT + 302 + AGAIN_S)
    nights = reckoning.nights(store.database, "mall", 9)
    assert [(one.entered, one.drift) for one in nights] == [(2, None), (2, None), (0, None)]
    assert nights[0].night == "2026-01-02"


def test_boundaries_are_those_of_the_site(site: Site) -> None:
    assert len(boundaries(site)) == 8
