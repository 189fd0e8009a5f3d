"""The noise: as large as said, the same when asked again, other for other people, and not to be averaged out."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.insight.suppression import MOST_REPEATS, Suppression
from contract.times import from_rfc3339

KEYS = range(400)


def method(number: int, k: int = 5) -> Suppression:
    return Suppression(k, number.to_bytes(32, "little"))


def crowd(first: int, last: int) -> list[str]:
    return [f"visitor{n:05d}" for n in range(first, last)]


@pytest.mark.parametrize("k", [3, 5, 10, 40])
def test_noise_is_as_large_as_the_method_says(k: int) -> None:
    found = method(1, k)
    cells = np.arange(100_000, dtype=np.uint64) * np.uint64(7919)
    off = found.noise(cells, [f"figure {n}" for n in range(len(cells))], (600.0, 1500.0))
    assert abs(off.mean()) < 4 * found.deviation / np.sqrt(len(cells))
    assert off.std() == pytest.approx(found.deviation, rel=0.02)
    assert (np.abs(off) > found.most_off).mean() < 0.05
    assert (np.abs(off) > found.most_off - 1).mean() > 0.04
    one = found.noise(cells)
    for step in range(4):
        share = (np.abs(one) == step + 1).mean() / (np.abs(one) == step).mean() / (2 if step == 0 else 1)
        assert share == pytest.approx(found.decay, rel=0.12)


@given(st.integers(0, 40), st.integers(3, 12), st.integers(0, 1000))
def test_told_means_at_least_k_both_in_truth_and_as_told(people: int, k: int, number: int) -> None:
    told = method(number, k).count(crowd(0, people), "figure", (0.0, 900.0))
    assert told is None or (people >= k and told >= k)
    assert told == method(number, k).count([*crowd(0, people), *crowd(0, people)][::-1], "figure", (0.0, 900.0))


def test_a_withheld_figure_does_not_prove_that_there_were_few() -> None:
    assert 20 < sum(method(n).count(crowd(0, 6), "figure", (0.0, 900.0)) is None for n in KEYS) < 200
    assert not any(method(n).count(crowd(0, 40), "figure", (0.0, 900.0)) is None for n in KEYS)


def test_no_extreme_proves_the_truth() -> None:
    """Bounded noise at its bound tells the truth exactly; here every value can come of every truth."""
    seen = [{method(n).count(crowd(0, people)) for n in range(3000)} for people in (12, 13, 14)]
    for fewer, more in pairwise(seen):
        assert len(fewer & more) >= 9


def test_other_people_other_noise_even_where_one_is_more() -> None:
    off = [[method(n).count(crowd(0, people)) or 0 for n in KEYS] for people in (20, 21)]
    difference = np.array(off[1]) - np.array(off[0])
    assert (difference == 1).mean() < 0.6
    assert difference.std() > 1


def test_a_difference_does_not_prove_that_somebody_came() -> None:
    """The same people in two windows are told differently as often as not."""
    people = crowd(0, 20)
    differ = [
        method(n).count(people, "figure", (0.0, 900.0)) != method(n).count(people, "figure", (0.0, 1800.0))
        for n in KEYS
    ]
    assert 0.4 < np.mean(differ) < 0.8


def averaged(number: int, newcomers: int, *, marks: bool) -> float:
    """What an attacker reckons who asks for windows from 40 starts to b and to b + 15 minutes: the mean difference."""
    found, starts = method(number), np.arange(40)
    keys = found.record_keys(crowd(0, 100 + newcomers))
    before, after = (np.array([keys[start:last].sum(dtype=np.uint64) for start in starts]) for last in (100, len(keys)))
    told = [
        found.published(people - starts, cells, "figure", (900.0 * starts, np.full(40, end)) if marks else ())
        for people, cells, end in ((100, before, 90_000.0), (len(keys), after, 90_900.0))
    ]
    return float(np.mean(told[1] - told[0]))


@pytest.mark.parametrize("newcomers", [0, 1, 3])
def test_averaging_over_many_windows_does_not_tell_how_many_came(newcomers: int) -> None:
    with_marks = [round(averaged(n, newcomers, marks=True)) == newcomers for n in range(150)]
    assert np.mean(with_marks) < 0.5
    without = [round(averaged(n, newcomers, marks=False)) == newcomers for n in range(50)]
    assert np.mean(without) > 0.9, "the attack itself must work, or this shows nothing"


@given(st.integers(0, 9), st.lists(st.integers(1, 9), max_size=12), st.integers(0, 500))
def test_repeats_of_few_are_not_told(number: int, times: list[int], seed: int) -> None:
    """Events less people is a figure about those who came again, and told as one."""
    found = method(seed)
    people = len(times) + number
    again = [min(n - 1, MOST_REPEATS) for n in times if n > 1]
    told = 20 + people
    key = found.record_keys(crowd(0, max(len(again), 1))).sum(dtype=np.uint64)
    events = int(found.events([told], [sum(again)], [len(again)], [key], "figure", (0.0, 900.0))[0])
    assert events >= told
    if len(again) < found.k:
        assert events == told
    assert int(found.events([0], [sum(again)], [len(again)], [key], "figure", (0.0, 900.0))[0]) == 0


def test_the_example_in_the_docs_is_so() -> None:
    page = (Path(__file__).parents[3] / "docs" / "privacy-method.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d\d:\d\d) to (\d\d:\d\d) \| (\d+) \| (-?\d+) \| (-?\d+) \| (\w+) \|$", page, re.MULTILINE)
    assert len(rows) == 6
    found, figure = Suppression(5, bytes(32)), "shoppers visitors zone g/nordic/"
    for start, end, people, by_people, by_ends, told in rows:
        visitors = [f"visitor{n:04d}" for n in range(1, int(people) + 1)]
        marks = tuple(from_rfc3339(f"2026-01-31T{at}:00.000Z") for at in (start, end))
        key = found.record_keys(visitors).sum(dtype=np.uint64)
        assert int(found.noise(key)) == int(by_people)
        assert int(found.noise(key, figure, marks)) - int(by_people) == int(by_ends)
        assert str(found.count(visitors, figure, marks) or "withheld") == told


def test_evidence_is_as_weak_as_the_docs_say() -> None:
    """Of one figure, and of the difference of two with one start that one person may have made."""
    decay = Suppression(5, bytes(32)).decay
    steps = np.arange(-120, 121)
    layer = (1 - decay) / (1 + decay) * decay ** np.abs(steps)
    two = np.convolve(layer, layer)
    three, four = np.convolve(two, layer), np.convolve(two, two)
    middle = three[len(three) // 2 - 60 : len(three) // 2 + 60]
    assert (middle[1:] / middle[:-1]).max() < np.exp(1.25) + 1e-9
    d = np.arange(-40, 41)
    somebody, nobody = four[len(four) // 2 + d - 1], two[len(two) // 2 + d]
    order = np.argsort(somebody / nobody)
    ratio, share = (somebody / nobody)[order], np.cumsum(somebody[order])
    assert ratio[np.searchsorted(share, 0.95)] < 5.4
    assert ratio[np.searchsorted(share, 0.99)] < 10
