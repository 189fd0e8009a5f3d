"""Events move into tables led by time with nothing lost, and are found by visitor and by time without a scan."""

from __future__ import annotations

from pathlib import Path

from sqlite_utils import Database as Admin

from central.ingest.decode import read
from central.store import figures
from central.store.batch import commit
from central.store.rows import Durable, shifted
from central.store.schema import migrations
from central.store.store import Store
from tests.central.mall import NOON, Sender, crossing, visit


def test_a_store_of_before_is_moved_row_by_row(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    old = Admin(path)
    migrations.apply(old, stop_before="0005_time_led")
    row = ("mall", "box-g", "visit0000001", "g", "session00", 3, NOON + 60, "visitor00001", "nordic", "closed")
    old.execute(f"INSERT INTO visits VALUES ({', '.join('?' * 16)})", (*row, NOON, NOON + 60, 50.0, 9.0, 1.0, 0.9))  # noqa: S608
    old.execute("INSERT INTO crossings VALUES ('mall', 'box-g', 'session00', 1, 'g', 'door', 'in', 'v', ?)", (NOON,))
    journey = ("mall", "box-g", "session00", 4, "g", "visitor00001", NOON, NOON + 60, "[[0,1,2]]", "[]", 50, 9, 1, 7.5)
    old.execute(f"INSERT INTO journeys VALUES ({', '.join('?' * 14)})", journey)  # noqa: S608
    old.conn.commit()
    old.close()
    store = Store(path, "mall")
    (found,) = store.visits()
    assert (found.visit, found.phase, found.entered_at, found.left_at) == ("visit0000001", "closed", NOON, NOON + 60)
    assert tuple(store.database.rows("SELECT told, hour FROM visits")[0]) == (NOON, int(NOON // 3600))
    assert store.crossing_counts() == {("g", "door", "in"): 1}
    assert [tuple(one) for one in store.database.rows("SELECT seq, path, length_m FROM journeys")] == [
        (4, "[[0,1,2]]", 7.5)
    ]
    topic, payload = Sender(session="session00").packet(visit(observed=99.0, bridged=0, unseen=0), NOON + 99, 5)
    later = read("mall", topic, payload, len(payload), NOON + 99, retained=False)
    assert later is not None
    commit(store.database, [later])
    (found,) = store.visits()
    assert found.observed_s == 99.0
    store.close()


def plan(store: Store, sql: str) -> str:
    return " ".join(str(row[3]) for row in store.database.rows(f"EXPLAIN QUERY PLAN {sql}"))


def test_visitors_and_times_are_looked_up_and_not_searched_for(store: Store) -> None:
    by_visitor = plan(
        store,
        "SELECT * FROM visits INDEXED BY visits_by_visitor"
        " WHERE site = 'mall' AND hour IN (1, 2) AND visitor IN ('a', 'b')",
    )
    assert "visits_by_visitor (site=? AND hour=? AND visitor=?)" in by_visitor
    by_time = plan(store, "SELECT * FROM crossings WHERE site = 'mall' AND at >= 1 AND at < 2")
    assert "PRIMARY KEY (site=? AND at>? AND at<?)" in by_time


def test_visits_of_a_visitor_from_yesterday_evening_to_tonight(store: Store) -> None:
    sender = Sender()
    for seq, hours in enumerate((-30, -20, 0, 12), start=1):
        entered = NOON + hours * 3600
        told = visit(f"visit000000{seq}", entered=entered)
        topic, payload = sender.packet(told, entered + 60, seq)
        found = read("mall", topic, payload, len(payload), entered + 60, retained=False)
        assert found is not None
        commit(store.database, [found])
    found_visits = figures.visits_of(store.database, "mall", ["visitor00001", "visitor00002"], NOON - 20 * 3600)
    assert [one.visit for one in found_visits] == ["visit0000002", "visit0000003", "visit0000004"]


def test_a_visit_told_by_a_wrong_clock_stays_one_visit(store: Store) -> None:
    """Its key is the entry as told, whatever later words are moved by."""
    sender = Sender()
    for seq, (phase, by_s) in enumerate((("opened", -3600.0), ("continued", -3600.2), ("closed", -3599.9)), start=1):
        topic, payload = sender.packet(visit(phase=phase, entered=NOON + 3600), NOON + 3600 + seq, seq)
        event = read("mall", topic, payload, len(payload), NOON + seq, retained=False)
        assert isinstance(event, Durable)
        commit(store.database, [shifted(event, by_s)])
    (found,) = store.visits()
    assert (found.phase, found.entered_at) == ("closed", NOON)
    assert found.left_at is not None
    assert abs(found.left_at - NOON - 66) < 0.2


def test_a_crossing_again_is_no_second_crossing_though_its_account_were_lost(store: Store) -> None:
    topic, payload = Sender().packet(crossing(), NOON, 1)
    event = read("mall", topic, payload, len(payload), NOON, retained=False)
    assert event is not None
    commit(store.database, [event])
    with store.database.writing() as connection:
        connection.execute("DELETE FROM sessions")
    commit(store.database, [event])
    assert store.crossing_counts() == {("g", "nordic-door", "in"): 1}
