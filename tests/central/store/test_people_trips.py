"""Trips join visits with persons, parties and staff."""

from __future__ import annotations

from central.store.batch import commit
from central.store.people import Trip, trips
from central.store.rows import durable_row
from central.store.store import Store
from contract.topics import Topic
from tests.central.mall import NOON, Sender, visit


def _visited(store: Store, *bodies: object, floor: str = "g") -> None:
    sender = Sender(box=f"box-{floor}", floor=floor)
    topic = Topic("mall", floor, f"box-{floor}", "visits")
    rows = [durable_row(topic, sender.message(body, NOON + 600), NOON + 600) for body in bodies]  # type: ignore[arg-type]
    commit(store.database, rows)


def test_trips_join_persons_parties_and_staff(store: Store) -> None:
    _visited(
        store,
        visit("visit0000002", "visitor00002", "cafe", entered=NOON + 60),
        visit("visit0000001", "visitor00001", "nordic", entered=NOON),
        visit("visit0000003", "visitor00003", "nordic", entered=NOON + 5, phase="opened"),
    )
    _visited(store, visit("visit0000004", "visitor00004", "kitchen", entered=NOON + 300), floor="u")
    with store.database.writing() as connection:
        connection.executemany(
            "INSERT INTO stitches VALUES ('mall', ?, 'person00001', ?, 0.9, ?)",
            [("visitor00001", "person00001", NOON), ("visitor00004", "visitor00001", NOON + 300)],
        )
        connection.execute("INSERT INTO parties VALUES ('mall', 'visitor00002', 'party000001', 0.8, ?)", (NOON,))
        connection.execute("INSERT INTO staff VALUES ('mall', 'person00001', 'till', ?)", (NOON,))
    found = trips(store.database, "mall", NOON, NOON + 3600)
    assert found == [
        Trip(
            "person00001", "visitor00001", "g", "nordic", NOON, NOON + 66, 60.0, 5.0, 1.0, 0.9, None, is_staff=True
        ),
        Trip(
            "visitor00002", "visitor00002", "g", "cafe", NOON + 60, NOON + 126, 60.0, 5.0, 1.0, 0.9, "party000001",
            is_staff=False,
        ),
        Trip(
            "person00001", "visitor00004", "u", "kitchen", NOON + 300, NOON + 366, 60.0, 5.0, 1.0, 0.9, None,
            is_staff=True,
        ),
    ]  # fmt: skip
    assert found[0].dwell_s == 65.0


def test_a_window_holds_its_beginning_and_not_its_end(store: Store) -> None:
    _visited(store, visit(entered=NOON), visit("visit0000002", entered=NOON + 60))
    assert [trip.entered_at for trip in trips(store.database, "mall", NOON, NOON + 60)] == [NOON]
    assert trips(store.database, "elsewhere", NOON, NOON + 60) == []
