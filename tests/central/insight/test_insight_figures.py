"""Presence, with what concerns fewer than k people withheld."""

from __future__ import annotations

import pytest

from calibration.site import Site
from central.ingest.decode import read
from central.insight.insight import Insight
from central.insight.suppression import People, around
from central.store.batch import Arrival, commit
from central.store.store import Store
from contract.events import Body
from tests.central.mall import NOON, Sender, positions

SENDER = Sender()


def arrival(body: Body, at: float = NOON) -> Arrival:
    topic, payload = SENDER.packet(body, at)
    found = read("mall", topic, payload, len(payload), at, retained=False)
    assert found is not None
    return found


def crowd(people: int, x: float, y: float) -> dict[str, tuple[float, float]]:
    return {f"visitor{n:04d}x{int(x)}": (x + n * 0.1, y) for n in range(people)}


def test_presence_counts_zones_and_withholds_few(store: Store, site: Site) -> None:
    where = crowd(7, 2, 10) | crowd(4, 28, 10) | crowd(1, 20, 3)
    commit(store.database, [arrival(positions(NOON, where))])
    insight = Insight(store, site, 5, b"key")
    ground, upper = insight.presence(NOON + 1)
    assert ground.fresh
    assert ground.people is not None
    assert ground.people.count == insight.suppression.count(where, "shoppers now g", around(NOON))
    assert {zone.zone: str(zone.people) for zone in ground.zones} == {
        "concourse": "< 5",
        "nordic": str(People(insight.suppression.count(crowd(7, 2, 10), "shoppers now g/nordic", around(NOON)), 5)),
        "atelier": "< 5",
        "cafe": "< 5",
    }
    assert (upper.fresh, upper.people, upper.zones[0].people) == (False, None, None)


def test_a_silent_box_has_no_present(store: Store, site: Site) -> None:
    commit(store.database, [arrival(positions(NOON, crowd(7, 2, 10)))])
    ground, _ = Insight(store, site, 5, b"key").presence(NOON + 30)
    assert not ground.fresh
    assert ground.heard_s_ago == 30
    assert ground.people is None


def test_an_empty_batch_empties_the_floor(store: Store, site: Site) -> None:
    commit(store.database, [arrival(positions(NOON, crowd(7, 2, 10)))])
    for second in range(1, 5):
        commit(store.database, [arrival(positions(NOON + second, {}), NOON + second)])
    ground, _ = Insight(store, site, 5, b"key").presence(NOON + 5)
    assert ground.fresh
    assert str(ground.people) == "< 5"


def test_k_below_three_is_refused(store: Store, site: Site) -> None:
    with pytest.raises(ValueError, match="at least 3"):
        Insight(store, site, 2, b"key")
