"""Folded heat equals heat counted the plain way, whatever comes late, twice, in another order, or is cut off."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from central.privacy.retention import Keep
from central.store import heat, positions, retention
from central.store.heat import folding
from central.store.heat.chunk import Pairs, packed, united, unpacked
from central.store.heat.grid import ALL_CELLS, OFFSET, cells_of, codes_of
from central.store.heat.reading import Footfall
from central.store.retention import RULES
from central.store.rows import Live
from central.store.store import Store
from contract.events import Positions
from contract.times import to_rfc3339
from contract.topics import parse_topic
from tests.central.mall import NOON
from tests.central.store.heat.twin import Twin

VISITORS = [f"visitor{n:05d}" for n in range(9)]
BOXES = ("box-a", "box-b")
SITES = count()
"""Each example has a site of its own, in one database: making one takes longer than the example."""


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fold") / "central.db"


def record_key(visitor: str) -> int:
    return int.from_bytes(hashlib.blake2b(visitor.encode(), digest_size=8).digest(), "little")


def record_keys(visitors: Iterable[str]) -> npt.NDArray[np.uint64]:
    return np.fromiter(map(record_key, visitors), np.uint64)


def batch(at: float, people: Iterable[tuple[str, float, float]], box: str = "box-a", late_s: float = 0.0) -> Live:
    topic = parse_topic(f"atrium/mall/g/{box}/positions")
    return Live(topic, at, at + late_s, False, Positions(to_rfc3339(at), list(people)))  # noqa: FBT003


@st.composite
def streams(draw: st.DrawFn) -> list[Live]:
    """Batches of two boxes over some minutes, with gaps, in an order in which they might come."""
    lives = []
    for box in BOXES:
        at = NOON + draw(st.integers(0, 3000)) / 10
        for _ in range(draw(st.integers(0, 12))):
            at += draw(st.sampled_from([0.02, 0.5, 1.0, 1.0, 1.46, 2.5, 20.0, 61.0, 700.0]))
            who = draw(st.lists(st.sampled_from(VISITORS), max_size=6))
            people = [(one, draw(PLACES), draw(PLACES)) for one in who]
            lives.append(batch(round(at, 3), people, box, draw(st.sampled_from([0.0, 0.4, 25.0, 29.0, 31.0]))))
    lives.sort(key=lambda live: live.heard)
    doubled = draw(st.lists(st.sampled_from(lives), max_size=3)) if lives else []
    site = f"mall{next(SITES)}"
    return [replace(live, topic=replace(live.topic, site=site)) for live in (*lives, *doubled)]


PLACES = st.sampled_from([-9999.9, -0.01, 0.0, 0.49, 0.5, 1.0, 3.99, 4.0, 7.25, 120.3, 9999.9])


def folded(store: Store, lives: list[Live], every: int) -> int:
    """Play the stream in, folding after every so many batches; how many were refused."""
    late, now = 0, NOON
    for start in range(0, len(lives), every):
        some = lives[start : start + every]
        with store.database.writing() as connection:
            late += positions.take(connection, some)
        now = max(now, *(live.heard for live in some))
        heat.fold(store.database, store.site, now, record_keys)
    heat.fold(store.database, store.site, now + 3600, record_keys)
    return late


def counted(store: Store, start: float, end: float, without: frozenset[str]) -> dict[tuple[int, ...], object]:
    """Number of people, sum of their keys, and seconds, by cell."""
    found = heat.cells(store.database, store.site, "g", start, end, without=without)
    columns = (found.people.tolist(), found.cell_keys.tolist(), np.round(found.person_s, 3).tolist())
    return dict(zip(map(tuple, found.cells.tolist()), zip(*columns, strict=True), strict=True))


def expected(twin: Twin, start: float, end: float, without: frozenset[str]) -> dict[tuple[int, int], object]:
    return {
        cell: (len(people), sum(map(record_key, people)) % 2**64, round(sum(people.values()), 3))
        for cell, people in twin.heat(start, end, without).items()
    }


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    lives=streams(),
    every=st.integers(1, 9),
    window=st.tuples(st.integers(-1, 40), st.integers(0, 90)),
    without=st.frozensets(st.sampled_from([*VISITORS, "nobody000000"]), max_size=3),
)
def test_any_window_of_any_stream_equals_the_plain_count(
    path: Path, lives: list[Live], every: int, window: tuple[int, int], without: frozenset[str]
) -> None:
    store = Store(path, lives[0].topic.site if lives else "mall")
    store.database._writer.execute("PRAGMA synchronous=OFF")  # power stays on in this test
    twin = Twin()
    assert folded(store, lives, every) == twin.take(lives)
    ends = NOON + 60 * window[0], NOON + 60 * sum(window)
    assert counted(store, *ends, without) == expected(twin, *ends, without)
    store.close()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lives=streams(), data=st.data())
def test_a_fold_cut_off_at_any_write_goes_on_from_the_database(
    path: Path, lives: list[Live], data: st.DataObject
) -> None:
    """Every write of a fold may be the last one before a kill: what a new process makes of it is the same."""
    site = lives[0].topic.site if lives else "mall"
    twin, store = Twin(), Store(path, site)
    twin.take(lives)
    with store.database.writing() as connection:
        positions.take(connection, lives)
    now = max((live.heard for live in lives), default=NOON) + 3600
    left = data.draw(st.integers(0, 6))
    writing = store.database.writing

    @contextmanager
    def failing() -> Iterator[sqlite3.Connection]:
        nonlocal left
        with writing() as connection:
            yield connection
            if left == 0:
                raise _KilledError
            left -= 1

    with patch.object(store.database, "writing", failing), suppress(_KilledError):
        heat.fold(store.database, site, now, record_keys)
    store.close()
    again = Store(path, site)
    heat.fold(again.database, site, now, record_keys)
    assert heat.fold(again.database, site, now, record_keys) == 0
    window = (NOON, NOON + 60 * data.draw(st.integers(1, 90)))
    assert counted(again, *window, frozenset()) == expected(twin, *window, frozenset())
    again.close()


class _KilledError(Exception):
    pass


def test_a_late_batch_shortens_the_one_after_it_which_was_counted_already(store: Store) -> None:
    someone = [("visitor00001", 3.2, 9.1)]
    for told, now in (((57, 59), 64), ((58,), 70)):
        with store.database.writing() as connection:
            positions.take(connection, [batch(NOON + second, someone) for second in told])
        heat.fold(store.database, "mall", NOON + now, record_keys)
        cells = heat.cells(store.database, "mall", "g", NOON, NOON + 60)
        assert cells.person_s.tolist() == [3.0]


def test_two_processes_that_fold_at_once_count_nothing_twice(store: Store, tmp_path: Path) -> None:
    """The second one enters nothing over what the first one wrote in between."""
    people = [(visitor, 3.2, 9.1) for visitor in VISITORS]
    with store.database.writing() as connection:
        positions.take(connection, [batch(NOON + second, people) for second in range(60)])
    other = Store(tmp_path / "central.db", "mall")
    settle = folding._settlement

    def overtaken(*args: object) -> object:
        found = settle(*args)  # type: ignore[arg-type]
        with other.database.writing() as connection:
            positions.take(connection, [batch(NOON + 59.5, [("late00000001", 3.2, 9.1)])])
        with patch.object(folding, "_settlement", settle):
            heat.fold(other.database, "mall", NOON + 100, record_keys)
        return found

    with patch.object(folding, "_settlement", overtaken):
        heat.fold(store.database, "mall", NOON + 100, record_keys)
    cells = heat.cells(store.database, "mall", "g", NOON, NOON + 60)
    assert (cells.people.tolist(), cells.person_s.tolist()) == ([10], [9 * 60.0 + 0.5])
    other.close()


def purge(store: Store, now: float) -> None:
    """The rules about heat; nothing may be left over."""
    for rule in RULES[:5]:
        assert retention.purge(store.database, store.site, rule, now - Keep().seconds(rule.kept), now).left_over == 0


def test_minutes_go_when_their_quarter_is_closed_and_nothing_changes_by_that(store: Store) -> None:
    with store.database.writing() as connection:
        for minute in range(30):
            at = NOON + 60 * minute
            positions.take(connection, [batch(at, [(visitor, minute / 4, 1.0) for visitor in VISITORS])])
    heat.fold(store.database, "mall", NOON + 1804, record_keys)
    before = counted(store, NOON, NOON + 1800, frozenset())
    purge(store, NOON + 4 * 3600)
    grains = [row[0] for row in store.database.rows("SELECT grain FROM heat_chunks")]
    assert grains == [15, 15]
    assert counted(store, NOON, NOON + 1800, frozenset()) == before
    late = batch(NOON + 61, [("late00000001", 0.3, 1.0)])
    with store.database.writing() as connection:
        positions.take(connection, [late])
    heat.fold(store.database, "mall", NOON + 4 * 3600, record_keys)
    people = sum(one[0] for one in counted(store, NOON, NOON + 1800, frozenset()).values())  # type: ignore[index]
    assert people == sum(one[0] for one in before.values()) + 1  # type: ignore[index]


def test_ids_outlive_their_day_by_two_hours_at_most_even_where_no_day_is_closed(store: Store) -> None:
    with store.database.writing() as connection:
        positions.take(connection, [batch(NOON, [(visitor, 3.2, 9.1) for visitor in VISITORS])])
    heat.fold(store.database, "mall", NOON + 100, record_keys)
    purge(store, NOON + 25 * 3600)
    assert len(store.database.rows("SELECT * FROM visitors")) == 9
    purge(store, NOON + 26 * 3600 + 900)
    for table in ("visitors", "heat_chunks", "batches"):
        assert store.database.rows(f"SELECT * FROM {table}") == []  # noqa: S608


def test_a_chunk_of_more_visitors_than_two_bytes_number_reads_as_it_was_written() -> None:
    chance = np.random.default_rng(1)
    numbers = np.arange(70_000, dtype=np.uint32)
    codes = codes_of(chance.integers(-300, 300, (70_000, 2)))
    pairs = united([Pairs(codes, numbers, np.ones(70_000, np.int64))])
    keys = {number: number * 2**33 for number in numbers.tolist()}
    read, keys_read = unpacked(packed(pairs, keys))
    assert keys_read == keys
    for name in ("codes", "numbers", "ticks"):
        assert np.array_equal(getattr(read, name), getattr(pairs, name))
    counts = Footfall([packed(pairs, keys), packed(pairs, keys)])
    found = counts.counted(np.full(len(counts.tiles), ALL_CELLS), 3)
    assert found.people.sum() == 70_000
    assert found.person_s.sum() == 2 * 70_000 / 50


@given(st.lists(st.tuples(st.integers(-OFFSET, OFFSET - 1), st.integers(-OFFSET, OFFSET - 1)), min_size=1))
def test_codes_and_cells_are_each_others_inverse_and_squares_are_stretches(cells: list[tuple[int, int]]) -> None:
    codes = codes_of(np.array(cells))
    assert list(map(tuple, cells_of(codes).tolist())) == cells
    for level in range(4):
        squares = {(x >> level, y >> level) for x, y in cells}
        assert len(squares) == len(set((codes >> np.uint32(2 * level)).tolist()))
