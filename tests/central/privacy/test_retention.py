"""What expires is deleted and counted again; visitors' ids give way to keys that nobody knows, a day at a time."""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from central.config import RetentionFile
from central.ingest.decode import read
from central.privacy.retention import DAY_S, HOUR_S, IDS, Keep, Retention, faults
from central.store import forgetting, people, retention
from central.store.batch import commit
from central.store.retention import RULES
from central.store.store import Store
from contract.events import Body
from tests.central.mall import NOON, Sender, crossing, positions, visit

UTC = ZoneInfo("UTC")
DAY = NOON - 12 * HOUR_S
"""1 January 2026 begins."""


def take(store: Store, sender: Sender, body: Body, at: float) -> None:
    topic, payload = sender.packet(body, at)
    found = read("mall", topic, payload, len(payload), at, retained=False)
    assert found is not None
    commit(store.database, [found])


def keys() -> Iterator[str]:
    return (f"fresh{number}" for number in count())


def keeper(store: Store, keep: Keep | None = None, timezone: ZoneInfo = UTC) -> Retention:
    made = keys()
    return Retention(store, keep or Keep(), timezone, lambda: next(made))


def ids(store: Store) -> set[str]:
    return {
        row[0]
        for table in ("visits", "crossings", "journeys", "stitches", "parties")
        for row in store.database.rows(f"SELECT visitor FROM {table}")  # noqa: S608
    } | {row[0] for row in store.database.rows("SELECT person FROM staff")}


def a_day(store: Store, start: float = DAY) -> None:
    """Two people: one on two floors who works here, one who walks with her; she is first heard of upstairs."""
    sender, upstairs = Sender(), Sender(box="box-u", floor="u", session="durable0session1")
    noon = start + 12 * HOUR_S
    take(store, sender, visit("visit0000001", "anna00000001", entered=noon), noon + 100)
    take(store, upstairs, visit("visit0000002", "anna00000002", "shoes", entered=noon + 200), noon + 300)
    take(store, sender, visit("visit0000003", "bert00000001", entered=noon + 10), noon + 100)
    take(store, sender, crossing("anna00000001", at=noon), noon)
    with store.database.writing() as connection:
        connection.execute(
            "INSERT INTO stitches (site, visitor, person, before, confidence, at) VALUES (?, ?, ?, ?, ?, ?)",
            ("mall", "anna00000001", "anna00000002", "anna00000002", 0.9, noon),
        )
        connection.execute(
            "INSERT INTO staff (site, person, reason, at) VALUES ('mall', 'anna00000002', 'long', ?)", (noon,)
        )
        connection.executemany(
            "INSERT INTO parties (site, visitor, party, confidence, at) VALUES ('mall', ?, 'party0000001', 0.9, ?)",
            [("anna00000002", noon), ("bert00000001", noon)],
        )


def shape(store: Store) -> list[tuple[int, int | None, str, bool]]:
    """Trips with persons and parties numbered as they come."""
    found = people.trips(store.database, "mall", 0, 1e12)
    persons: dict[str, int] = {}
    parties: dict[str, int] = {}
    told = []
    for trip in found:
        person = persons.setdefault(trip.person, len(persons))
        party = None if trip.party is None else parties.setdefault(trip.party, len(parties))
        told.append((person, party, trip.zone, trip.is_staff))
    return told


def test_a_day_is_forgotten_after_a_day_with_its_people_still_whole(store: Store) -> None:
    a_day(store)
    retention_ = keeper(store)
    before = shape(store)
    retention_.update(DAY + 2 * DAY_S - 60)
    assert "anna00000001" in ids(store)
    retention_.update(DAY + 2 * DAY_S + HOUR_S)
    retention_.update(DAY + 3 * DAY_S)
    assert {one for one in ids(store) if not one.startswith("~")} == set()
    assert shape(store) == before
    assert {party for _, party, _, _ in before} == {0}
    crossed = store.database.rows("SELECT visitor FROM crossings")[0][0]
    assert crossed == people.trips(store.database, "mall", 0, 1e12)[0].person
    assert store.database.rows("SELECT * FROM forgetting") == []
    assert store.database.rows("SELECT * FROM stitches") == []


def test_no_byte_of_an_id_is_left_once_the_log_is_empty(store: Store) -> None:
    a_day(store)
    keeper(store).update(DAY + 3 * DAY_S)
    assert store.database.empty_log()
    content = b"".join(file.read_bytes() for file in store.database.path.parent.glob("central.db*"))
    for one in (b"anna00000001", b"anna00000002", b"bert00000001", b"party0000001"):
        assert one not in content


def test_keys_are_new_every_day(store: Store) -> None:
    sender = Sender()
    for day in (0, 1):
        at = NOON + day * DAY_S
        take(store, sender, visit(f"visit000000{day}", "anna00000001", entered=at), at + 100)
    keeper(store).update(NOON + 4 * DAY_S)
    first, second = (row[0] for row in store.database.rows("SELECT visitor FROM visits ORDER BY entered_at"))
    assert first != second


def test_what_a_box_tells_late_is_forgotten_too_and_a_repeated_word_brings_nothing_back(store: Store) -> None:
    a_day(store)
    retention_ = keeper(store)
    retention_.update(DAY + 2 * DAY_S)
    late = Sender(session="durable0session2")
    take(store, late, visit("visit0000004", "late00000001", entered=NOON + 50), DAY + 2 * DAY_S)
    take(store, late, visit("visit0000001", "anna00000001", entered=NOON, observed=70), DAY + 2 * DAY_S)
    assert "anna00000001" not in {row[0] for row in store.database.rows("SELECT visitor FROM visits")}
    for second in range(10):
        retention_.update(DAY + 2 * DAY_S + HOUR_S + second)
    assert {row[0] for row in store.database.rows("SELECT visitor FROM visits") if not row[0].startswith("~")} == set()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 6), st.integers(0, 86_399)),
        min_size=1,
        max_size=12,
    ),
    cut=st.integers(0, 40),
)
def test_forgetting_keeps_who_is_who_within_a_day_even_if_it_is_cut_off(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[int, int, int]],
    cut: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = Store(tmp_path_factory.mktemp("any") / "central.db", "mall")
    sender = Sender()
    for number, (who, _, second) in enumerate(rows):
        at = DAY + second
        take(store, sender, visit(f"visit{number:07d}", f"visitor{who:05d}", entered=at), at)
        take(store, sender, crossing(f"visitor{who:05d}", at=at), at)
    made = keys()
    writes = count()
    whole = forgetting._rewrite

    def failing(*given: object) -> None:
        if next(writes) == cut:
            raise KeyboardInterrupt
        whole(*given)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(forgetting, "_rewrite", failing)
        with contextlib.suppress(KeyboardInterrupt):
            forgetting.forget(store.database, "mall", DAY, DAY + DAY_S, lambda: next(made))
    assert forgetting.forget(store.database, "mall", DAY, DAY + DAY_S, lambda: next(made)).left == 0
    for table, clock in (("visits", "entered_at"), ("crossings", "at")):
        found = store.database.rows(f"SELECT visitor, {clock} FROM {table}")  # noqa: S608
        pairs = {(visitor, who) for visitor, at in found for who, _, second in rows if DAY + second == at}
        one_instant = Counter(second for _, _, second in rows)
        sure = {(key, who) for key, who in pairs if all(one_instant[s] == 1 for w, _, s in rows if w == who)}
        assert len({key for key, _ in sure}) == len({who for _, who in sure}) == len(sure)
        assert all(visitor.startswith("~") for visitor, _ in found)
    assert len({row[0] for row in store.database.rows("SELECT visitor FROM visits")}) == len(
        {who for who, _, _ in rows}
    )
    assert store.database.rows("SELECT * FROM forgetting") == []
    store.close()


@pytest.mark.parametrize("zone", ["UTC", "Europe/Lisbon", "Asia/Shanghai", "America/New_York"])
def test_yesterday_begins_at_local_midnight_also_when_clocks_change(store: Store, zone: str) -> None:
    retention_ = keeper(store, timezone=ZoneInfo(zone))
    for day in range(0, 366, 3):
        now = NOON + day * DAY_S
        before = retention_.forget_before(now)
        assert DAY_S - HOUR_S <= now - before <= 2 * DAY_S + HOUR_S


def test_every_table_with_a_person_in_it_has_a_rule(store: Store) -> None:
    telling = {"visitor", "person", "member", "who", "subject", "address"}
    endless = {"members", "consents", "users", "forgetting"}
    for (table,) in store.database.rows("SELECT name FROM sqlite_master WHERE type = 'table'"):
        columns = {row["name"] for row in store.database.rows(f"PRAGMA table_info({table})")}
        if columns & telling and table not in endless:
            assert table in {rule.table for rule in RULES}, f"{table} keeps {columns & telling} for ever"


def test_rules_fit_their_tables(store: Store) -> None:
    for rule in RULES:
        assert retention.purge(store.database, "mall", rule, NOON, NOON).left_over == 0
        assert rule.kept in Keep.__dataclass_fields__


def test_positions_live_a_quarter_of_an_hour_and_the_purge_proves_it(store: Store) -> None:
    take(store, Sender(), positions(NOON, {"visitor00001": (1, 1)}), NOON)
    retention_ = keeper(store)
    retention_.update(NOON + 60)
    assert len(store.database.rows("SELECT * FROM batches")) == 1
    retention_.update(NOON + 16 * 60)
    assert store.database.rows("SELECT * FROM batches") == []
    (proof,) = [one for one in retention.last_purges(store.database, "mall") if one.rule == "positions"]
    assert (proof.expired, proof.deleted, proof.left_over) == (1, 1, 0)
    assert proof.cutoff == NOON + 60
    assert faults(store, NOON + 16 * 60) == []


def test_a_purge_that_leaves_something_is_a_fault(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    take(store, Sender(), positions(NOON, {"visitor00001": (1, 1)}), NOON)
    with store.database.writing() as connection:
        connection.execute("CREATE TRIGGER stubborn BEFORE DELETE ON batches BEGIN SELECT RAISE(IGNORE); END")
    keeper(store).update(NOON + DAY_S)
    assert faults(store, NOON + DAY_S) == ["positions: 1 rows that expired are still there; look into central's log"]
    assert faults(store, NOON + 2 * DAY_S)[0].startswith("the purge has not run lately")


def test_no_purge_yet_is_a_fault(store: Store) -> None:
    assert faults(store, NOON) != []


def test_proofs_are_kept_by_the_hour(store: Store) -> None:
    retention_ = keeper(store)
    for minute in range(180):
        retention_.update(NOON + minute * 60)
    rows = store.database.rows("SELECT rule, count(*) FROM purges GROUP BY rule")
    assert {row[1] for row in rows} == {3}
    assert {row[0] for row in rows} == {rule.name for rule in RULES} | {IDS}


def test_history_ends_after_its_days(store: Store) -> None:
    a_day(store)
    keep = replace(Keep(), history=30 * DAY_S)
    retention_ = keeper(store, keep)
    retention_.update(NOON + 29 * DAY_S)
    assert len(store.visits()) == 3
    retention_.update(NOON + 31 * DAY_S)
    assert store.visits() == []
    for table in ("crossings", "parties", "staff"):
        assert store.database.rows(f"SELECT * FROM {table}") == []  # noqa: S608


def test_the_settings_become_seconds() -> None:
    assert RetentionFile().keep() == Keep()


def test_a_year_of_history_is_forgotten_within_days_after_an_upgrade(store: Store) -> None:
    sender = Sender()
    for day in range(0, 100, 7):
        at = NOON + day * DAY_S
        take(store, sender, visit(f"visit{day:07d}", f"visitor{day:05d}", entered=at), at + 100)
    retention_ = keeper(store)
    now = NOON + 103 * DAY_S
    for second in range(250):
        retention_.update(now + second)
    assert all(row[0].startswith("~") for row in store.database.rows("SELECT visitor FROM visits"))


def test_deleting_waits_for_no_reader(store: Store) -> None:
    a_day(store)
    reader = sqlite3.connect(f"file:{store.database.path}?mode=ro", uri=True)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM visits").fetchone()
    keeper(store).update(DAY + 3 * DAY_S)
    assert not store.database.empty_log()
    reader.close()
    assert store.database.empty_log()
