"""What is stored does not depend on order, repetition or company."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlite_utils import Database as Admin

from central.ingest.decode import read
from central.store import boxes, quarantine
from central.store import positions as store_positions
from central.store.batch import Arrival, commit
from central.store.database import StoreUnavailableError
from central.store.rows import Durable
from central.store.schema import migrations
from central.store.store import Store
from contract.errors import BadInputError
from contract.events import Body
from tests.central.mall import NOON, Sender, crossing, positions, status, visit


def arrival(sender: Sender, body: Body, seq: int, at: float = NOON) -> Arrival:
    topic, payload = sender.packet(body, at, seq)
    found = read("mall", topic, payload, len(payload), at, retained=False)
    assert found is not None
    return found


def life_of_a_visit(sender: Sender) -> list[Arrival]:
    bodies = [
        visit(phase="opened", observed=0, bridged=0, unseen=0),
        visit(phase="continued", observed=10),
        crossing(),
        visit(phase="continued", observed=30),
        crossing(direction="out"),
        visit(phase="closed", observed=50),
    ]
    return [arrival(sender, body, seq, NOON + seq) for seq, body in enumerate(bodies, start=1)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_order_any_repetition_any_batching_gives_the_same_tables(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    events = life_of_a_visit(Sender())
    order = data.draw(st.permutations(range(6)))
    repeated = data.draw(st.lists(st.integers(0, 5), max_size=6))
    arrivals = [events[index] for index in [*order, *repeated]]
    store = Store(tmp_path_factory.mktemp("any") / "central.db", "mall")
    cut = data.draw(st.integers(0, len(arrivals)))
    commit(store.database, arrivals[:cut])
    commit(store.database, arrivals[cut:])
    (found,) = store.visits()
    assert (found.phase, found.observed_s) == ("closed", 50)
    assert store.crossing_counts() == {("g", "nordic-door", "in"): 1, ("g", "nordic-door", "out"): 1}
    (account,) = store.accounting()
    assert (account.received, account.missing, account.prefix) == (6, 0, 6)
    assert account.duplicates == len(repeated)
    store.close()


def test_a_gap_and_a_lost_tail_are_missing_until_they_come(store: Store) -> None:
    sender = Sender()
    commit(store.database, [arrival(sender, crossing(), seq) for seq in (1, 2, 5)])
    commit(store.database, [arrival(sender, status(9), 1)])
    (account,) = store.accounting()
    assert (account.received, account.missing, account.prefix, account.highest) == (3, 6, 2, 9)
    assert account.gaps == ((3, 4), (6, 9))
    commit(store.database, [arrival(sender, crossing(), seq) for seq in (3, 4, 6, 7, 8, 9)])
    (account,) = store.accounting()
    assert (account.missing, account.prefix, account.gaps) == (0, 9, ())


def test_the_session_of_each_box_has_its_own_account(store: Store) -> None:
    for box, session in (("box-g", "aaaaaaaa"), ("box-g", "bbbbbbbb"), ("box-u", "aaaaaaaa")):
        commit(store.database, [arrival(Sender(box=box, session=session), crossing(), 1)])
    assert [(one.box, one.session, one.missing) for one in store.accounting()] == [
        ("box-g", "aaaaaaaa", 0),
        ("box-g", "bbbbbbbb", 0),
        ("box-u", "aaaaaaaa", 0),
    ]


def test_a_row_that_sqlite_refuses_leaves_its_batch_alone(store: Store) -> None:
    sender = Sender()
    events = [arrival(sender, crossing(f"visitor0000{seq}"), seq) for seq in range(1, 6)]
    poisoned = events[2]
    assert isinstance(poisoned, Durable)
    events[2] = dataclasses.replace(poisoned, row=(*poisoned.row[:-1], 10**40))
    committed = commit(store.database, events)
    assert store.crossing_counts() == {("g", "nordic-door", "in"): 4}
    (account,) = store.accounting()
    assert (account.received, account.refused, account.missing) == (5, 1, 0)
    assert quarantine.counts(store.database, "mall") == {"store": 1}
    assert committed.refused == 1


def test_a_full_disk_stores_nothing_of_a_batch_and_all_of_it_later(store: Store) -> None:
    writer = store.database._writer
    pages = writer.execute("PRAGMA page_count").fetchone()[0]
    writer.execute(f"PRAGMA max_page_count = {pages}")
    sender = Sender()
    events = [arrival(sender, crossing(f"v{seq:011d}"), seq) for seq in range(1, 3000)]
    with pytest.raises(StoreUnavailableError, match="free disk space"):
        commit(store.database, events)
    assert store.accounting() == []
    writer.execute("PRAGMA max_page_count = 1000000")
    commit(store.database, events)
    assert store.accounting()[0].received == 2999


def test_the_quarantine_keeps_few_and_counts_all(store: Store) -> None:
    garbage = read("mall", "atrium/mall/g/box-g/visits", b"x" * 9000, 9000, NOON, retained=False)
    assert garbage is not None
    for _ in range(6):
        commit(store.database, [garbage] * 250)
    kept = quarantine.newest(store.database, "mall", limit=5000)
    assert len(kept) == quarantine.MAX_KEPT
    assert max(len(one.payload) for one in kept) == quarantine.MAX_PAYLOAD_BYTES
    assert quarantine.counts(store.database, "mall") == {"malformed": 1500}


def test_positions_are_taken_in_once_and_late_ones_never(store: Store) -> None:
    sender = Sender()
    where = {"visitor00001": (3.2, 9.1)}
    first = arrival(sender, positions(NOON, where), 1)
    commit(store.database, [first, first, arrival(sender, positions(NOON + 1, where), 2, NOON + 1)])
    late = dataclasses.replace(first, heard=NOON + 40)
    assert commit(store.database, [late]).late == 1
    found = store_positions.between(store.database, "mall", "g", NOON, NOON + 60)
    assert (found.at.tolist(), found.names) == ([NOON, NOON + 1], ["visitor00001"])
    assert (found.x.tolist(), found.y.tolist()) == ([3.2, 3.2], [9.1, 9.1])


def test_a_box_is_known_by_the_calibration_of_its_newest_positions(store: Store) -> None:
    """Boxes of before contract 1.1 say nothing of it, and are taken in all the same."""
    sender = Sender()
    where = {"visitor00001": (3.2, 9.1)}
    told = []
    for second, calibration in enumerate(("", "0123456789ab", "ba9876543210", "")):
        batch = arrival(sender, positions(NOON + second, where, calibration), second + 1, NOON + second)
        commit(store.database, [batch])
        (box,) = boxes.boxes(store.database, "mall")
        told.append(box.calibration)
    assert told == ["", "0123456789ab", "ba9876543210", ""]
    assert len(store_positions.between(store.database, "mall", "g", NOON, NOON + 60).at) == 4


def test_a_store_of_before_calibrations_is_migrated(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    old = Admin(path)
    migrations.apply(old, stop_before="0003_calibration")
    old.execute("INSERT INTO boxes (site, box, floor, positions_at) VALUES ('mall', 'b1', 'g', 5.0)")
    old.conn.commit()
    old.close()
    store = Store(path, "mall")
    (box,) = boxes.boxes(store.database, "mall")
    assert (box.box, box.positions_at, box.calibration) == ("b1", 5.0, "")
    store.close()


def test_retained_words_do_not_make_a_box_look_alive(store: Store) -> None:
    topic, payload = Sender().packet(status(0), NOON)
    kept = read("mall", topic, payload, len(payload), NOON + 5000, retained=True)
    assert kept is not None
    commit(store.database, [kept])
    (box,) = boxes.boxes(store.database, "mall")
    assert (box.state, box.last_heard) == ("online", None)


def test_opening_twice_migrates_once_and_garbage_is_named(tmp_path: Path) -> None:
    Store(tmp_path / "a.db", "mall").close()
    Store(tmp_path / "a.db", "mall").close()
    (tmp_path / "b.db").write_bytes(random.Random(1).randbytes(8192))
    with pytest.raises(BadInputError, match=r"b\.db: cannot be opened as a database"):
        Store(tmp_path / "b.db", "mall")
