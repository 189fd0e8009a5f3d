"""What leaves central: never about fewer than k, and no finer than one member hardly moves."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from central.insight.figure import FEW
from central.results.telling import (
    crowd,
    in_currency,
    mean_figure,
    members_figure,
    share_of_members,
    step_of,
    sum_figure,
)

K = st.integers(3, 20)


@given(st.integers(0, 10_000), K)
def test_a_crowd_is_told_to_k_and_holds_the_truth(number: int, k: int) -> None:
    found = members_figure(number, k)
    if number < k:
        assert found == FEW
    else:
        assert found.low is not None
        assert found.high is not None
        assert found.low <= number <= found.high
        assert crowd(number, k) == found.value


@given(st.integers(0, 300), st.integers(0, 300), K)
def test_shares_of_fewer_than_k_are_withheld(part: int, rest: int, k: int) -> None:
    found = share_of_members(part, part + rest, k)
    assert (found == FEW) == (part < k)


@given(st.lists(st.integers(1, 10**6), max_size=40), K)
def test_a_sum_that_one_member_makes_up_is_withheld(amounts: list[int], k: int) -> None:
    found = sum_figure(sum(amounts), len(amounts), max(amounts, default=0), k)
    if len(amounts) < k or 2 * max(amounts) > sum(amounts):
        assert found == FEW
    else:
        assert found.low is not None
        assert found.high is not None
        assert found.low <= sum(amounts) <= found.high
        assert found.high - found.low >= 0.8 * sum(amounts) / len(amounts)


@given(st.floats(1e-4, 1e6))
def test_steps_lie_between_a_fifth_and_a_half_of_the_error(error: float) -> None:
    assert error / 5 <= step_of(error) * (1 + 1e-9) <= error / 2 * (1 + 1e-6)


def test_who_subtracts_the_mean_without_a_member_from_the_mean_with_them_knows_no_more_than_who_guesses() -> None:
    random, guessed, subtracted = np.random.default_rng(5), [], []
    for _ in range(400):
        visits = random.poisson(random.gamma(2, 2, 100))
        whole, rest = (
            mean_figure(some.mean(), -9.0, 9.0, len(some), float(some.std() / len(some) ** 0.5), 5).value or 0.0
            for some in (visits, visits[1:])
        )
        subtracted.append(whole * 100 - rest * 99 - visits[0])
        guessed.append(whole - visits[0])
    assert np.std(subtracted) > np.std(guessed)


def test_amounts_are_decimals_at_the_edge_only() -> None:
    assert in_currency(members_figure(250, 5)).value == 2.5
    assert in_currency(FEW) == FEW
