"""Windows lie on the grid, hold what was asked for as far as it is over, and say so."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.insight.window import HOUR_S, Window
from contract.errors import BadInputError
from contract.times import to_rfc3339
from tests.central.mall import NOON

DAY_S = 86_400.0


@given(st.floats(NOON, NOON + DAY_S), st.floats(1, 90 * DAY_S), st.floats(-HOUR_S, 80 * DAY_S))
def test_every_window_is_on_the_grid_and_over(now: float, length: float, ago: float) -> None:
    until = now - ago
    try:
        window = Window.snapped(now, until - length, until)
    except BadInputError:
        assert max(until - length, now - length) // 900 >= now // 900 - 1 or until - length >= now - 60
        return
    assert window.start < window.end <= now
    live = window.end - window.start <= HOUR_S and window.end > now - HOUR_S - 60
    assert window.start % (60 if live else 900) == 0
    assert window.end % (60 if live else 900) == 0
    assert window.start <= until - length + HOUR_S
    assert window.end <= min(until, now) + 900
    assert window.end >= min(until, now) - 900


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        (None, None, (-3600, 0)),
        (-1800.0, None, (-1800, 0)),
        (-90.0, -30.0, (-120, 0)),
        (-7300.0, None, (-8100, 0)),
        (-7300.0, -6500.0, (-8100, -6300)),
        (-600.0, 86_400.0, (-600, 0)),
    ],
)
def test_windows_are_widened_and_cut(start: float | None, end: float | None, found: tuple[int, int]) -> None:
    asked = [None if one is None else to_rfc3339(NOON + one) for one in (start, end)]
    window = Window.of(NOON + 7, *asked)
    assert (window.start - NOON, window.end - NOON) == found


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("yesterday", None, "from: 'yesterday' is no time"),
        (None, "soon", "to: 'soon' is no time"),
        ("2026-01-01T12:00:00Z", "2026-01-01T11:00:00Z", "from: must lie before to"),
        ("2020-01-01T12:00:00Z", None, "from: at most 400 days"),
        ("2026-01-01T13:00:00Z", "2026-01-01T14:00:00Z", "to: nothing of this is over yet; figures reach until"),
        ("2026-01-01T12:00:00", None, "no time zone"),
    ],
)
def test_wrong_windows_name_the_field(start: str | None, end: str | None, words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        Window.of(NOON + 7, start, end)


def test_asking_every_second_moves_the_window_once_a_minute() -> None:
    ends = {Window.snapped(NOON + second, NOON - 600, NOON + second).end for second in range(60)}
    assert ends == {NOON}


def test_days_are_the_malls_own() -> None:
    lisbon = ZoneInfo("Europe/Lisbon")
    hours = [Window.of_day(date(2026, *day), lisbon) for day in ((3, 28), (3, 29), (10, 25))]
    assert [(day.end - day.start) / HOUR_S for day in hours] == [24, 23, 25]
    nepal = Window.of_day(date(2026, 3, 28), ZoneInfo("Asia/Kathmandu"))
    assert nepal.start % 900 == 0


def test_steps_cover_the_window() -> None:
    window = Window(NOON, NOON + HOUR_S)
    assert window.steps(900.0) == [Window(NOON + 900 * n, NOON + 900 * (n + 1)) for n in range(4)]
    assert window.step_s(NOON + HOUR_S + 5) == 60
    assert window.step_s(NOON + 3 * HOUR_S) == 900
