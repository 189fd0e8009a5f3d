"""Times round to the millisecond and come back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import BadInputError
from contract.times import from_rfc3339, to_rfc3339


@given(st.floats(0, 4e9))
def test_a_time_comes_back_to_the_millisecond(seconds: float) -> None:
    assert abs(from_rfc3339(to_rfc3339(seconds)) - seconds) <= 0.000_501


@given(st.floats(0, 4e9), st.floats(0, 4e9))
def test_text_sorts_as_time_does(one: float, other: float) -> None:
    assert (to_rfc3339(one) <= to_rfc3339(other)) == (round(one * 1000) <= round(other * 1000))


@pytest.mark.parametrize("text", ["2026-02-30T00:00:00.000Z", "now", "", "2026-01-01T00:00:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(BadInputError):
        from_rfc3339(text)
