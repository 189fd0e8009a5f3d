"""Runs are a set of numbers, whatever order they come in."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from central.store.sequence import Runs

numbers = st.lists(st.integers(1, 60), max_size=120)


@given(numbers)
def test_runs_say_what_a_set_says(arrivals: list[int]) -> None:
    runs, known = Runs(), set()
    for number in arrivals:
        assert runs.add(number) == (number not in known)
        known.add(number)
    assert len(runs) == len(known)
    assert runs.highest == max(known, default=0)
    assert all((number in runs) == (number in known) for number in range(1, 62))
    prefix = 0
    while prefix + 1 in known:
        prefix += 1
    assert runs.prefix == prefix
    assert all(later[0] > earlier[1] + 1 for earlier, later in zip(runs.pairs, runs.pairs[1:], strict=False))


@given(numbers, st.integers(0, 80))
def test_gaps_are_all_that_is_missing(arrivals: list[int], through: int) -> None:
    runs = Runs()
    for number in arrivals:
        runs.add(number)
    missing = {number for first, last in runs.gaps(through) for number in range(first, last + 1)}
    assert missing == set(range(1, through + 1)) - set(arrivals)


def test_a_long_session_stays_small() -> None:
    runs = Runs()
    for number in range(1, 100_001):
        runs.add(number)
    assert runs.pairs == [[1, 100_000]]
