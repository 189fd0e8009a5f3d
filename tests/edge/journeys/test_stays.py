"""Seconds of a stay add up, whatever was seen and missed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.journeys.account import Account, GapSettings, account_of_gap
from edge.journeys.stays import Leg, StaySettings, begin, proceed

GAPS = GapSettings()
STAYS = StaySettings()


def test_short_gaps_are_observed_longer_ones_bridged_long_ones_unseen():
    assert account_of_gap(0.2, 0.2, GAPS) == Account(observed_s=0.2)
    assert account_of_gap(2.0, 1.0, GAPS) == Account(bridged_s=2.0)
    assert account_of_gap(8.0, 1.0, GAPS) == Account(unseen_s=8.0)


def test_a_gap_whose_ends_do_not_fit_is_not_bridged():
    assert account_of_gap(1.0, 9.0, GAPS) == Account(unseen_s=1.0)


@given(
    st.floats(0, 1e5), st.floats(0, 1e5), st.floats(0, 1e5), st.floats(0, 1e9).map(lambda x: round(x, 3))
)  # fmt: skip
def test_rounded_seconds_add_up_to_the_milliseconds_told(observed, bridged, unseen, entered):
    account = Account(observed, bridged, unseen)
    total = round(round(entered + account.total_s, 3) - entered, 3)
    told = account.rounded(total)
    assert told.total_s == pytest.approx(total, abs=2e-3)
    assert min(told.observed_s, told.bridged_s, told.unseen_s) >= 0


LEGS = st.lists(st.tuples(st.floats(0.05, 8.0), st.floats(-3.0, 3.0)), min_size=1, max_size=60)


@settings(max_examples=200, deadline=None)
@given(LEGS)
def test_observed_bridged_and_unseen_add_up_to_the_stay(legs):
    at, depth = 100.0, -1.0
    stay = None
    for seconds, deeper in legs:
        leg = Leg(at, at + seconds, account_of_gap(seconds, abs(deeper - depth), GAPS))
        if stay is None:
            if deeper > 0:
                stay = begin(leg, leg.end, depth, deeper)
        elif proceed(stay, leg, depth, deeper, STAYS):
            stay = None
        at, depth = leg.end, deeper
        if stay is not None:
            assert 100.0 - 1e-6 <= stay.entered_at <= at + 1e-6
            assert stay.left_at <= at + 1e-6
            inside_since = stay.left_at if stay.outside_at is None else stay.outside_at
            assert inside_since == pytest.approx(stay.left_at, abs=1e-6)
            assert min(stay.account.observed_s, stay.account.bridged_s, stay.account.unseen_s) >= -1e-9


def walk_through(depths, step_s):
    """Depths at even steps; gives (entered, left) of the one stay, or None where there was none for certain."""
    stay, found = None, []
    for k, (before, now) in enumerate(itertools.pairwise(depths)):
        leg = Leg(k * step_s, (k + 1) * step_s, account_of_gap(step_s, abs(now - before), GAPS))
        if stay is None:
            if now > 0:
                stay = begin(leg, leg.end, before, now)
                stay.certain = now >= STAYS.margin_m
        elif proceed(stay, leg, before, now, STAYS):
            if stay.certain:
                found.append((stay.entered_at, stay.left_at))
            stay = None
    return found


@settings(max_examples=50, deadline=None)
@given(st.floats(0.3, 2.0), st.floats(0.0, 0.19), st.integers(0, 1000))
def test_entering_and_leaving_are_told_when_the_border_was_crossed(speed, phase, seed):
    rng = np.random.default_rng(seed)
    times = np.arange(0, 30, 0.2) + phase
    inside_m = np.minimum(speed * (times - 5.0), speed * (25.0 - times))
    noisy = inside_m + rng.normal(0, 0.03, len(times))
    ((entered, left),) = walk_through(noisy, 0.2)
    assert entered + phase == pytest.approx(5.0, abs=0.35)
    assert left + phase == pytest.approx(25.0, abs=0.35)


def test_a_trembling_foot_at_the_border_opens_nothing():
    rng = np.random.default_rng(1)
    outside = np.concatenate([[-1.0], rng.normal(0.0, 0.08, 500), [-1.0] * 5])
    assert walk_through(outside, 0.2) == []


def test_a_trembling_foot_at_the_border_closes_nothing():
    rng = np.random.default_rng(1)
    depths = np.concatenate([[-1.0, -0.5, 0.4, 0.8], rng.normal(0.0, 0.08, 500), [0.8, 0.4, -0.5, *[-1.0] * 6]])
    ((entered, left),) = walk_through(depths, 0.2)
    assert entered < 0.5
    assert left > 100.0


def test_who_is_back_within_a_second_never_left():
    hop = [-1.0, -0.5, *[1.0] * 20, *[-1.5] * 4, *[1.0] * 20, *[-1.0] * 8]
    ((entered, left),) = walk_through(hop, 0.2)
    assert left - entered == pytest.approx(44 * 0.2, abs=0.3)


def test_nobody_is_taken_to_be_inside_while_nobody_looked():
    stay = begin(Leg(0.0, 20.0, Account(unseen_s=20.0)), 20.0, -1.0, 1.0)
    assert (stay.entered_at, stay.account.total_s) == (20.0, 0.0)
    assert not proceed(stay, Leg(20.0, 21.0, Account(1.0)), 1.0, 1.5, STAYS)
    assert proceed(stay, Leg(21.0, 60.0, Account(unseen_s=39.0)), 1.5, -1.0, STAYS)
    assert (stay.left_at, stay.account) == (21.0, Account(1.0))
