"""Presence, dwell and crossings, with what concerns fewer than k people withheld."""

from __future__ import annotations

import pytest

from calibration.site import Site
from central.ingest.decode import read
from central.insight.insight import Insight
from central.store.batch import Arrival, commit
from central.store.store import Store
from contract.events import Body
from tests.central.mall import NOON, Sender, crossing, positions, visit

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
    ground, upper = Insight(store, site, 5).presence(NOON + 1)
    assert ground.fresh
    assert str(ground.people) == "12"
    assert {zone.zone: str(zone.people) for zone in ground.zones} == {
        "concourse": "< 5",
        "nordic": "7",
        "atelier": "< 5",
        "cafe": "< 5",
    }
    assert (upper.fresh, upper.people, upper.zones[0].people) == (False, None, None)


def test_a_silent_box_has_no_present(store: Store, site: Site) -> None:
    commit(store.database, [arrival(positions(NOON, crowd(7, 2, 10)))])
    ground, _ = Insight(store, site, 5).presence(NOON + 30)
    assert not ground.fresh
    assert ground.heard_s_ago == 30
    assert ground.people is None


def test_an_empty_batch_empties_the_floor(store: Store, site: Site) -> None:
    commit(store.database, [arrival(positions(NOON, crowd(7, 2, 10)))])
    for second in range(1, 5):
        commit(store.database, [arrival(positions(NOON + second, {}), NOON + second)])
    ground, _ = Insight(store, site, 5).presence(NOON + 5)
    assert ground.fresh
    assert str(ground.people) == "< 5"


def test_dwell_tells_observed_bridged_and_unseen_apart(store: Store, site: Site) -> None:
    stays = (10.0, 20.0, 30.0, 40.0, 100.0)
    commit(
        store.database,
        [
            arrival(visit(f"visit{n:07d}", f"visitor{n:05d}", observed=stay, bridged=5, unseen=2))
            for n, stay in enumerate(stays)
        ]
        + [arrival(visit("visit0000099", "visitor00099", "cafe"))],
    )
    found = {zone.zone: zone for zone in Insight(store, site, 5).dwell(NOON, NOON + 3600)}
    nordic = found["nordic"]
    assert (nordic.visits, nordic.mean_s, nordic.median_s) == (5, 45.0, 35.0)
    assert (nordic.observed_s, nordic.bridged_s, nordic.unseen_s) == (40.0, 5.0, 2.0)
    assert (found["cafe"].visits, found["cafe"].mean_s, str(found["cafe"].visitors)) == (None, None, "< 5")


def test_one_person_walking_to_and_fro_is_not_five_people(store: Store, site: Site) -> None:
    commit(store.database, [arrival(crossing("visitor00001", at=NOON + n)) for n in range(9)])
    commit(store.database, [arrival(crossing(f"visitor{n:05d}", "cafe-door", at=NOON + n)) for n in range(6)])
    insight = Insight(store, site, 5)
    totals = {(one.line, one.direction): one.crossings for one in insight.crossings(NOON, NOON + 60, by_minute=False)}
    assert totals["nordic-door", "in"] is None
    assert totals["cafe-door", "in"] == 6
    (minute,) = [one for one in insight.crossings(NOON, NOON + 60, by_minute=True) if one.line == "cafe-door"]
    assert (minute.minute, minute.crossings) == (NOON, 6)


def test_k_below_three_is_refused(store: Store, site: Site) -> None:
    with pytest.raises(ValueError, match="at least 3"):
        Insight(store, site, 2)
