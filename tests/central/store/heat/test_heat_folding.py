"""Folded heat equals heat counted the plain way, whatever comes late, twice, in another order, or is cut off."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from central.store import heat, positions
from central.store.rows import Live
from central.store.store import Store
from contract.events import Positions
from contract.times import to_rfc3339
from contract.topics import Topic, parse_topic
from tests.central.mall import NOON
from tests.central.store.heat.twin import Twin

VISITORS = [f"visitor{n:05d}" for n in range(9)]
TOPICS = {box: parse_topic(f"atrium/mall/g/{box}/positions") for box in ("box-a", "box-b")}


def record_key(visitor: str) -> int:
    return int.from_bytes(hashlib.blake2b(visitor.encode(), digest_size=8).digest(), "little")


def record_keys(visitors: Iterable[str]) -> npt.NDArray[np.uint64]:
    return np.fromiter(map(record_key, visitors), np.uint64)


def batch(at: float, people: Iterable[tuple[str, float, float]], box: str = "box-a", late_s: float = 0.0) -> Live:
    topic: Topic = TOPICS[box]
    return Live(topic, at, at + late_s, False, Positions(to_rfc3339(at), list(people)))  # noqa: FBT003


@st.composite
def streams(draw: st.DrawFn) -> list[Live]:
    """Batches of two boxes over some minutes, with gaps, in an order in which they might come."""
    lives = []
    for box in TOPICS:
        at = NOON + draw(st.integers(0, 3000)) / 10
        for _ in range(draw(st.integers(0, 12))):
            at += draw(st.sampled_from([0.02, 0.5, 1.0, 1.0, 1.46, 2.5, 20.0, 61.0, 700.0]))
            who = draw(st.lists(st.sampled_from(VISITORS), max_size=6))
            people = [(one, draw(PLACES), draw(PLACES)) for one in who]
            lives.append(batch(round(at, 3), people, box, draw(st.sampled_from([0.0, 0.4, 25.0, 29.0, 31.0]))))
    lives.sort(key=lambda live: live.heard)
    doubled = draw(st.lists(st.sampled_from(lives), max_size=3)) if lives else []
    return [*lives, *doubled]


PLACES = st.sampled_from([-9999.9, -0.01, 0.0, 0.49, 0.5, 1.0, 3.99, 4.0, 7.25, 120.3, 9999.9])


def folded(store: Store, lives: list[Live], every: int) -> int:
    """Play the stream in, folding after every so many batches; how many were refused."""
    late, now = 0, NOON
    for start in range(0, len(lives), every):
        some = lives[start : start + every]
        with store.database.writing() as connection:
            late += positions.take(connection, some)
        now = max(now, *(live.heard for live in some))
        heat.fold(store.database, "mall", now, record_keys)
    heat.fold(store.database, "mall", now + 3600, record_keys)
    return late


def counted(store: Store, start: float, end: float, without: frozenset[str]) -> dict[tuple[int, ...], object]:
    """Number of people, sum of their keys, and seconds, by cell."""
    found = heat.cells(store.database, "mall", "g", start, end, without=without)
    columns = (found.people.tolist(), found.cell_keys.tolist(), np.round(found.person_s, 3).tolist())
    return dict(zip(map(tuple, found.cells.tolist()), zip(*columns, strict=True), strict=True))


def expected(twin: Twin, start: float, end: float, without: frozenset[str]) -> dict[tuple[int, int], object]:
    return {
        cell: (len(people), sum(map(record_key, people)) % 2**64, round(sum(people.values()), 3))
        for cell, people in twin.heat(start, end, without).items()
    }


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    lives=streams(),
    every=st.integers(1, 9),
    window=st.tuples(st.integers(-1, 40), st.integers(0, 90)),
    without=st.frozensets(st.sampled_from([*VISITORS, "nobody000000"]), max_size=3),
)
def test_any_window_of_any_stream_equals_the_plain_count(
    tmp_path_factory: pytest.TempPathFactory,
    lives: list[Live],
    every: int,
    window: tuple[int, int],
    without: frozenset[str],
) -> None:
    store = Store(tmp_path_factory.mktemp("fold") / "central.db", "mall")
    twin = Twin()
    assert folded(store, lives, every) == twin.take(lives)
    ends = NOON + 60 * window[0], NOON + 60 * sum(window)
    assert counted(store, *ends, without) == expected(twin, *ends, without)
    store.close()
