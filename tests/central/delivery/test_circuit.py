"""The breaker opens after failures in a row, waits ever longer, closes on the first success; waits are bounded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.delivery.backoff import CAP_S, LONGEST_ASKED_S, asked_wait, full_jitter
from central.delivery.circuit import LONGEST_PAUSE_S, OPENS_AFTER, Circuit

DRAWS = st.floats(0, 1, exclude_max=True)
STEPS = st.lists(st.tuples(st.sampled_from(["worked", "failed"]), st.floats(0, 500), DRAWS), max_size=60)


@given(STEPS)
def test_it_is_open_exactly_after_so_many_failures_in_a_row(steps: list[tuple[str, float, float]]) -> None:
    circuit, now, in_row = Circuit("m"), 1000.0, 0
    for what, passed, draw in steps:
        now += passed
        before = circuit
        circuit = circuit.worked() if what == "worked" else circuit.failed(now, "it answered 500", draw)
        in_row = 0 if what == "worked" else in_row + 1
        assert (circuit.state == "open") == (in_row >= OPENS_AFTER)
        assert circuit.width(4) == (1 if circuit.state == "open" else 4)
        assert circuit.until <= now + LONGEST_PAUSE_S
        if circuit.state == before.state == "open":
            assert circuit.since == before.since


def test_answers_from_before_it_opened_do_not_lengthen_the_pause() -> None:
    circuit = Circuit("m")
    for _ in range(OPENS_AFTER + 3):
        circuit = circuit.failed(1000.0, "it answered 500", 0.5)
    assert circuit.until == 1001.5
    assert circuit.failed(1002.0, "it answered 500", 0.5).until == 1005.0


def test_what_is_disabled_stays_so_whatever_late_answers_say() -> None:
    gone = Circuit("m").gone(5.0, "it answered 410")
    assert gone.worked() == gone.failed(6.0, "x", 0.0) == gone
    assert gone.width(8) == 0


@given(st.integers(1, 10_000), DRAWS)
def test_a_wait_is_between_nothing_and_its_bound(attempts: int, draw: float) -> None:
    assert 0 <= full_jitter(attempts, draw) <= min(CAP_S, 2.0 ** min(attempts - 1, 40))


@given(st.one_of(st.none(), st.text(max_size=40), st.integers(-(10**30), 10**30).map(str)), st.floats(0, 4e9))
def test_no_header_can_ask_for_a_wait_without_end(header: str | None, now: float) -> None:
    assert 0 <= asked_wait(header, now) <= LONGEST_ASKED_S


@pytest.mark.parametrize("header", ["Fri, 31 Dec 9999 23:59:59 GMT", "99999999999999999999"])
def test_a_far_date_is_bounded(header: str) -> None:
    assert asked_wait(header, 0.0) == LONGEST_ASKED_S
