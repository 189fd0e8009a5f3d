"""Box time goes on evenly whatever the system's clock does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.clock import JUMP_LASTS_S, JUMP_S, SLEW, SteadyClock


class Clocks:
    """The system's two clocks, in hand."""

    def __init__(self) -> None:
        self.wall = 1_000_000.0
        self.mono = 50.0
        self.steady = SteadyClock(lambda: self.wall, lambda: self.mono)

    def wait(self, seconds: float) -> float:
        self.wall += seconds
        self.mono += seconds
        return self.steady.now()


def test_it_is_the_systems_time_while_that_behaves() -> None:
    clocks = Clocks()
    for _ in range(100):
        assert abs(clocks.wait(0.2) - clocks.wall) < 1e-6


def test_a_small_correction_is_followed_gently() -> None:
    clocks = Clocks()
    clocks.wall += 2.0
    before = clocks.steady.now()
    assert abs(clocks.wait(1.0) - before - 1.0 - SLEW) < 1e-6
    for _ in range(600):
        clocks.wait(1.0)
    assert abs(clocks.steady.offset_s) < 1e-6
    assert not clocks.steady.jumped


def test_a_jump_is_reported_after_a_while_and_followed_only_when_told() -> None:
    clocks = Clocks()
    clocks.wall -= 3600.0
    before = clocks.steady.now()
    assert not clocks.steady.jumped
    after = clocks.wait(JUMP_LASTS_S)
    assert after - before == JUMP_LASTS_S
    assert clocks.steady.jumped
    clocks.steady.follow()
    assert not clocks.steady.jumped
    assert clocks.steady.now() == clocks.wall


def test_a_clock_that_jumps_back_at_once_was_never_believed() -> None:
    clocks = Clocks()
    clocks.wall += JUMP_S + 100
    clocks.wait(1.0)
    clocks.wall -= JUMP_S + 100
    clocks.wait(JUMP_LASTS_S + 1)
    assert not clocks.steady.jumped
    assert abs(clocks.steady.offset_s) < 1e-6


@given(st.lists(st.tuples(st.floats(0, 5), st.floats(-1e6, 1e6)), max_size=30))
def test_it_never_goes_back_and_never_hurries(steps) -> None:
    clocks = Clocks()
    last = clocks.steady.now()
    for seconds, jump in steps:
        clocks.wall += jump
        now = clocks.wait(seconds)
        assert now - last - seconds * (1 - SLEW) >= -1e-6
        assert now - last <= seconds * (1 + SLEW) + 1e-6
        last = now
