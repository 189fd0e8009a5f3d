"""Stream clocks: jitter out, drift followed, the sender believed unless absurd, time never back."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.capture.clock import TRUST_S, StreamClock

START_S = 1.8e9
DELAY_S = 0.05


def arrivals(count, fps=25.0, jitter_s=0.08, drift=0.0, seed=1):
    """Media times, truth and arrivals of a camera whose clock runs fast by ``drift``."""
    rng = np.random.default_rng(seed)
    truth = START_S + np.arange(count) / fps
    media = 17.0 + (truth - START_S) * (1 + drift)
    # frames come in order: one that is late holds up those behind it
    return media, truth, np.maximum.accumulate(truth + DELAY_S + rng.exponential(jitter_s, count))


@pytest.mark.parametrize("drift", [0.0, 1e-4, -1e-4])
def test_arrival_times_lose_their_jitter_and_follow_the_drift(drift):
    media, truth, arrived = arrivals(25 * 600, drift=drift)
    clock = StreamClock()
    errors = np.array([clock.stamp(m, a) for m, a in zip(media, arrived, strict=True)]) - truth
    late = errors[25 * 20 :]
    assert np.abs(late - DELAY_S).max() < 0.03  # not followed, the drift alone would come to 0.06 s
    assert late.std() < 0.01 < (arrived - truth).std()


def test_the_sender_s_word_is_taken_once_it_comes():
    media, truth, arrived = arrivals(250)
    clock = StreamClock()
    errors = []
    for i, (m, t, a) in enumerate(zip(media, truth, arrived, strict=True)):
        if i >= 50:
            clock.hear_sender(m, t, a)
        errors.append(clock.stamp(m, a) - t)
    assert clock.from_sender
    assert np.abs(errors[70:]).max() < 1e-3


@pytest.mark.parametrize("off_s", [-3600.0, 86400.0, 1.5 * TRUST_S])
def test_a_sender_with_a_wrong_clock_is_not_believed(off_s):
    media, truth, arrived = arrivals(100)
    clock = StreamClock()
    for m, t, a in zip(media, truth, arrived, strict=True):
        clock.hear_sender(m, t + off_s, a)
        assert abs(clock.stamp(m, a) - t) < 1.0
    assert not clock.from_sender
    assert clock.sender_error_s == pytest.approx(off_s, abs=1.0)


def test_a_burst_of_old_pictures_at_the_start_is_soon_forgotten():
    clock = StreamClock()
    stamps = [clock.stamp(0.0, START_S) for _ in range(8)]
    assert all(after > before for before, after in itertools.pairwise(stamps))
    later = [clock.stamp(5.0 + i / 25, START_S + i / 25) - (START_S + i / 25) for i in range(1, 50)]
    assert abs(later[-1]) < 0.05


@pytest.mark.parametrize("jump_s", [-5000.0, 5000.0])
def test_a_stream_whose_own_time_jumps_is_followed_within_seconds(jump_s):
    clock = StreamClock()
    for i in range(100):
        clock.stamp(100.0 + i / 10, START_S + i / 10)
    for i in range(100, 200):
        taken_at = clock.stamp(100.0 + jump_s + i / 10, START_S + i / 10)
    assert taken_at == pytest.approx(START_S + 19.9, abs=0.1)


def test_time_goes_on_over_a_reconnect():
    first = StreamClock()
    last = first.stamp(5.0, START_S)
    second = StreamClock(last)
    assert second.stamp(0.0, START_S - 2.0) > last


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.floats(-1e5, 1e5)),
            st.floats(-1e4, 1e4),
            st.one_of(st.none(), st.floats(-1e5, 1e5)),
        ),
        max_size=40,
    )
)
def test_time_never_turns_back_whatever_comes(events):
    clock = StreamClock()
    last = 0.0
    for media_s, offset_s, wall_s in events:
        if wall_s is not None and media_s is not None:
            clock.hear_sender(media_s, START_S + wall_s, START_S + offset_s)
        taken_at = clock.stamp(media_s, START_S + offset_s)
        assert taken_at > last
        last = taken_at
