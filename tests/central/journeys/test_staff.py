"""Who works here is told by a day's pattern, with a reason, and shoppers who linger are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from calibration.site import Site, load_site
from central.journeys.staff import EVERY_S, Staff, reason
from central.store.people import Stay, trips
from central.store.persons import Stitch, stitch
from central.store.store import Store
from tests.central.journeys.days import told
from tests.central.mall import NOON, visit, write_site

CATEGORIES = {
    ("g", "hall"): "corridor",
    ("g", "shop"): "fashion",
    ("g", "cafe"): "dining",
    ("g", "stock"): "back",
    ("g", "desk"): "service",
}
HOUR_S = 3600.0


def stay(zone: str, dwell_s: float, visits: int = 1) -> Stay:
    return Stay("somebody", "g", zone, visits, dwell_s)


@pytest.mark.parametrize(
    ("stays", "why"),
    [
        ([stay("shop", 4.5 * HOUR_S)], "4.5 h here on one day"),
        ([stay("shop", 1800, 12), stay("hall", 600, 30)], "12 separate visits to one place"),
        ([stay("stock", 900, 3), stay("shop", 900)], "15 min back of house, 50% of the time here"),
        ([stay("desk", 2 * HOUR_S), stay("hall", 600)], "120 min at a service point"),
        ([stay("shop", 3 * HOUR_S), stay("hall", HOUR_S, 40)], "4.0 h here"),
        ([stay("shop", 3 * HOUR_S), stay("cafe", 1800), stay("hall", 900, 25)], ""),
        ([stay("hall", 1800, 60)], ""),
        ([stay("desk", 1200), stay("hall", 60)], ""),
        ([stay("stock", 60), stay("shop", 30)], ""),
        ([stay("elsewhere", HOUR_S, 30)], ""),
    ],
)
def test_reasons(stays: list[Stay], why: str) -> None:
    found = reason(stays, CATEGORIES)
    assert found.startswith(why) if why else not found


@pytest.fixture
def site(tmp_path: Path) -> Site:
    path = write_site(tmp_path)
    text = (tmp_path / "g.geojson").read_text("utf-8")
    (tmp_path / "g.geojson").write_text(text.replace('"dining"', '"back"'), "utf-8")
    return load_site(path)


def test_a_person_over_two_floors_is_marked_and_left_out(store: Store, site: Site) -> None:
    work = visit("visit0000001", "visitor00001", "cafe", entered=NOON, observed=400)
    told(store, "g", [work, visit("visit0000003", "shopper00001", "nordic", entered=NOON)], NOON + 900)
    told(store, "u", [visit("visit0000002", "visitor00002", "shoes", entered=NOON + 700, observed=30)], NOON + 900)
    stitch(store.database, "mall", [Stitch("visitor00002", "visitor00001", 0.9, NOON + 690)])
    staff = Staff(store, site, 4)
    assert staff.update(NOON + 1000) == 1
    assert staff.update(NOON + 1001) == 0  # not looked again so soon
    assert staff.update(NOON + 1001 + EVERY_S) == 1
    found = {trip.visitor: trip.is_staff for trip in trips(store.database, "mall", NOON, NOON + HOUR_S)}
    assert found == {"visitor00001": True, "visitor00002": True, "shopper00001": False}


def test_yesterday_does_not_count(store: Store, site: Site) -> None:
    told(store, "g", [visit("visit0000001", "visitor00001", "cafe", entered=NOON, observed=400)], NOON + 900)
    assert Staff(store, site, 4).update(NOON + 86_400) == 0
