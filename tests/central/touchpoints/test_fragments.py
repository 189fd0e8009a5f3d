"""Tracks that end and begin anew: one person only where nothing else explains it."""

from __future__ import annotations

from central.touchpoints.fragments import GAP_S, End, heirs

LOST = End(1, 100.0, 10.0, 10.0)


def test_who_appears_where_somebody_was_lost_is_the_same() -> None:
    new = End(2, 108.0, 10.3, 9.8)
    assert heirs([LOST], [new], [new]) == [(2, 1)]


def test_far_off_too_late_or_before_is_somebody_else() -> None:
    for new in (End(2, 103.0, 18.0, 10.0), End(2, 101.0 + GAP_S, 10.0, 10.0), End(2, 99.0, 10.0, 10.0)):
        assert heirs([LOST], [new], [new]) == []


def test_two_who_may_be_the_same_are_neither() -> None:
    news = [End(2, 105.0, 10.2, 10.0), End(3, 105.0, 9.8, 10.0)]
    assert heirs([LOST], news, news) == []


def test_at_a_door_one_more_proves_little() -> None:
    new = End(2, 112.0, 11.0, 10.0)
    crowd = [End(number, 50.0, 10.0, 10.0) for number in range(10, 40)]
    assert heirs([LOST], [new], [new]) == [(2, 1)]
    assert heirs([LOST], [new], [new, *crowd]) == []
