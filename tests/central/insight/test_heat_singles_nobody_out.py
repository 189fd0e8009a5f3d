"""An attacker with every heatmap and film of a floor cannot single anybody out.

- Whoever is in no told square, such as a lone walker through a hundred of them or a member of staff fewer than k,
  leaves no trace: all answers are the same, to the last digit, without them.
- A window tells nothing beyond the quarters and minutes that it is made of, which are told on their own: what two
  windows differ by is what is told of the stretches between them. So no trace of one person through many squares can
  be averaged out of differences.
- What is left is a quarter less its other minutes: the attack on it, through all squares of a path at once, is not
  right more often than the docs say.
- Seconds tell neither anybody's own stay nor, by their quotient with the people, how many there truly are.
"""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from central.insight.heat_sum import summed
from central.insight.heatmap import HeatMap, published
from central.insight.suppression import Marks, Names, Suppression
from central.store.heat.chunk import TICKS_A_SECOND, Pairs, packed, united
from central.store.heat.grid import codes_of
from central.store.heat.reading import Footfall
from tests.central.insight.floors import QUARTER_S, QUARTERS, Fix, Floor, minutes, quarters
from tests.central.mall import NOON

K = 5
METHOD = Suppression(K, b"k" * 32)
PATH = [(2.25 + 0.5 * n, 9.25) for n in range(60)]
Row = tuple[int, int, int, float]
"""Column, row, visitor's number, seconds."""


class Watched(Suppression):
    """The method; people's numbers are bits, so that a cell key says who is in a square; who is told of is noted."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(K, b"watched")
        self._bit = {name: 1 << number for number, name in enumerate(names)}
        self.shown = 0

    def record_key(self, visitor: str) -> int:
        return self._bit.get(visitor) or super().record_key(visitor)

    def published(
        self, counts: npt.ArrayLike, cell_keys: npt.ArrayLike, figures: Names = "", marks: Marks = ()
    ) -> npt.NDArray[np.int64]:
        found = super().published(counts, cell_keys, figures, marks)
        for people, key, told in zip(*np.atleast_1d(np.asarray(counts), np.asarray(cell_keys), found), strict=True):
            assert int(key).bit_count() == people
            assert told == 0 or (people >= K and told >= K)
            self.shown |= int(key) if told else 0
        return found

    def is_hidden(self, name: str) -> bool:
        return not self.shown & self._bit[name]


def crowd(until: float, people: int = 25) -> list[Fix]:
    """Everybody everywhere on the path, again and again until an instant, others in every quarter."""
    found = []
    at = NOON + 5
    while at < until:
        step = int((at - NOON) // 20)
        group = int((at - NOON) // QUARTER_S)
        found += [Fix(f"crowd{group}x{one:04d}", at, PATH[(step + 2 * one) % len(PATH)]) for one in range(people)]
        at += 20
    return found


def walker(since: float) -> list[Fix]:
    return [Fix("walker000001", since + 10 + 2 * n, place) for n, place in enumerate(PATH)]


def test_a_lone_walker_through_sixty_told_squares_leaves_no_trace(tmp_path: Path) -> None:
    quiet = NOON + (QUARTERS - 1) * QUARTER_S
    people = crowd(quiet)
    fixes = people + walker(quiet)
    without = Floor(tmp_path / "a", METHOD, fixes, gone=["walker000001"])
    with_them = Floor(tmp_path / "b", METHOD, fixes)
    assert (without.ask(NOON, quiet).levels == 0).sum() >= 60, "there must be squares to be seen in"
    assert without.answers() == with_them.answers()
    without.close()
    with_them.close()


@st.composite
def walks(draw: st.DrawFn) -> tuple[list[Fix], list[str], list[str]]:
    """Groups of one to nine people, each at places and in quarters of its own; who works there; all names."""
    fixes, staff, names = [], [], []
    for group in range(draw(st.integers(3, 6))):
        size = draw(st.sampled_from([1, 1, 2, 4, 5, 6, 9]))
        rests = draw(
            st.lists(
                st.tuples(st.integers(0, 79), st.integers(0, QUARTERS - 1), st.integers(1, 9)), min_size=1, max_size=4
            )
        )
        is_staff = draw(st.sampled_from([False, False, True]))
        for one in range(size):
            name = f"visitor{group}x{one:04d}"
            names.append(name)
            staff += [name] if is_staff else []
            for turn, (place, quarter, seconds) in enumerate(rests):
                at = NOON + QUARTER_S * quarter + 200 * turn + 20 * one
                x, y = place % 20 * 0.5 + 2.1, place // 20 * 0.5 + 9.1
                fixes += [Fix(name, at + second, (x, y)) for second in range(seconds)]
    return fixes, staff, names


@given(walks(), st.randoms(use_true_random=False))
@settings(
    max_examples=15, deadline=None, derandomize=True, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
def test_whoever_is_in_no_told_square_leaves_no_trace(
    tmp_path_factory: pytest.TempPathFactory, walk: tuple[list[Fix], list[str], list[str]], chance: random.Random
) -> None:
    fixes, staff, names = walk
    folder, method = tmp_path_factory.mktemp("walks"), Watched(names)
    floor = Floor(folder / "all", method, fixes, staff)
    full = floor.answers()
    floor.close()
    hidden = [name for name in names if method.is_hidden(name)]
    if hidden:
        gone = chance.choice(hidden)
        floor = Floor(folder / "less", method, fixes, staff, gone=[gone])
        assert floor.answers() == full
        floor.close()


@pytest.mark.parametrize("number", [1, K - 1])
def test_staff_fewer_than_k_leave_no_trace(tmp_path: Path, number: int) -> None:
    people = crowd(NOON + QUARTERS * QUARTER_S)
    names = [f"works{one:06d}" for one in range(number)]
    tills = [Fix(name, NOON + 30 * n + 1, PATH[n % 60]) for name in names for n in range(80)]
    fixes = people + tills
    without = Floor(tmp_path / "a", METHOD, fixes, names, gone=names)
    with_them = Floor(tmp_path / "b", METHOD, fixes, names)
    assert sum(block != "[]" for block in with_them.answers().values()) > 10
    assert without.answers() == with_them.answers()
    without.close()
    with_them.close()


def test_a_window_tells_nothing_beyond_the_stretches_it_is_made_of(tmp_path: Path) -> None:
    floor = Floor(tmp_path / "a", METHOD, crowd(NOON + QUARTERS * QUARTER_S))
    alone = {start: floor.ask(start, start + QUARTER_S) for start, _ in quarters()}
    by_minute = {NOON + 60 * n: floor.ask(NOON + 60 * n, NOON + 60 * n + 60) for n in range(int(15 * QUARTERS))}
    for start, end in (*quarters(), *minutes()):
        parts, at = [], start
        while at < end:
            is_whole = at in alone and at + QUARTER_S <= end
            parts.append((not is_whole, at))
            at += QUARTER_S if is_whole else 60
        expected = summed([by_minute[at] if is_minute else alone[at] for is_minute, at in sorted(parts)])
        assert floor.ask(start, end).blocks("everybody") == expected.blocks("everybody")
    floor.close()


def heat(rows: list[Row], method: Suppression, figure: str, marks: tuple[float, float], finest: int = 0) -> HeatMap:
    """What is told of people's seconds in cells."""
    numbers = np.array([row[2] for row in rows], np.uint32)
    ticks = np.array([round(row[3] * TICKS_A_SECOND) for row in rows], np.int64)
    keys = {number: method.record_key(f"v{number}") for number in set(numbers.tolist())}
    codes = codes_of(np.array([row[:2] for row in rows], np.int64))
    found = Footfall([packed(united([Pairs(codes, numbers, ticks)]), keys)])
    return published(found, np.empty(0, np.uint32), method, figure, marks, finest=finest)


def test_a_quarter_less_its_other_minutes_does_not_tell_who_walked_in_the_last() -> None:
    """The best case for the attacker: twenty squares of 2 m, full in fourteen minutes, a lone walker in the last.

    Everybody stands in one cell of each square, the walker passes all of them, and everybody stays equally long.
    """
    squares = [(4 * n, 0) for n in range(20)]
    crowds = [
        [(*cell, 1000 * minute + 20 * n + one, 2.0) for n, cell in enumerate(squares) for one in range(12)]
        for minute in range(14)
    ]
    alone = [(*cell, 99_999, 2.0) for cell in squares]
    guesses = []
    numbered = []
    for number in range(60):
        method = Suppression(K, number.to_bytes(32, "little"))
        others = [heat(rows, method, "minute g", (60.0 * n, 60.0 * n + 60), finest=2) for n, rows in enumerate(crowds)]
        sums = [sum(float(one.person_s.sum()) for one in others), sum(int(one.visitors.sum()) for one in others)]
        assert all((one.levels >= 2).all() for one in others)
        for walks in (False, True):
            everyone = [row for rows in crowds for row in rows] + (alone if walks else [])
            quarter = heat(everyone, method, "heat g", (0.0, 900.0))
            by_seconds = (float(quarter.person_s.sum()) - sums[0]) / 2.0
            by_people = int(quarter.visitors.sum()) - sums[1]
            found = (by_seconds + by_people) / 2 / len(squares)
            guesses.append((found > 0.5) == walks)
            numbered.append(round(found) == walks)
    assert np.mean(guesses) < 0.75
    assert np.mean(numbered) < 0.5


def test_nobodys_own_stay_shows_in_the_seconds() -> None:
    """Of a square's longest stay nothing is told but that it is not shorter than the second longest."""
    brief = [(0, 0, one, 3.0 + one) for one in range(8)]
    told = [heat([*brief, (0, 0, 50, own_s)], METHOD, "heat g", (0.0, 900.0)) for own_s in (10.0, 11.0, 60.0, 890.0)]
    assert len({str(one.blocks("everybody")) for one in told}) == 1
    assert float(told[0].person_s[0]) > 0


def test_seconds_and_people_do_not_tell_how_many_there_truly_are() -> None:
    """With stays of 4 s each, seconds over people would be 4 s whatever the noise, were it the same in both."""
    rows = [(0, 0, one, 4.0) for one in range(14)]
    found = [heat(rows, Suppression(K, n.to_bytes(32, "little")), "heat g", (0.0, 900.0)) for n in range(300)]
    pairs = [(float(one.person_s[0]), int(one.visitors[0])) for one in found if len(one.visitors)]
    people = np.array([round(seconds / 4.0) for seconds, _ in pairs])
    by_both = np.array([round((seconds / 4.0 + visitors) / 2) for seconds, visitors in pairs])
    assert len(pairs) > 280
    assert np.mean([abs(seconds / visitors - 4.0) < 0.05 for seconds, visitors in pairs]) < 0.4
    for guess in (people, by_both):
        assert np.mean(guess == 14) < 0.5
        assert len(set(guess.tolist())) >= 5


def test_a_floating_point_rest_tells_nothing() -> None:
    """Seconds and densities have three digits and no more: sums of 20 ms steps are not to be read in them."""
    rows = [(n % 3, n // 30, n, 1.0 + 0.02 * (n % 7)) for n in range(90)]
    told = heat(rows, METHOD, "heat g", (0.0, 900.0))
    three = [float(f"{value:.3g}") for value in told.person_s.tolist()]
    assert told.person_s.tolist() == three
    density = told.squares("shoppers")[3]
    assert density.tolist() == np.round(told.person_s / (told.own * 0.25), 3).tolist()
