"""Boxes are told what is committed and asked for what is missing: soon enough, and not too often."""

from __future__ import annotations

from itertools import islice

from central.ingest.commands import MAX_RESEND, Correspondence
from central.store.accounts import Account
from central.store.sequence import Runs
from contract.events import Acknowledge, Command, Resend


def account(runs: list[list[int]], highest: int | None = None, duplicates: int = 0, heard: float = 0.0) -> Account:
    known = Runs(runs)
    top = max(known.highest, highest or 0)
    return Account(
        site="mall",
        floor="g",
        box="box-g",
        session="session00",
        received=len(known),
        missing=top - len(known),
        duplicates=duplicates,
        refused=0,
        prefix=known.prefix,
        highest=top,
        last_heard=heard,
        gaps=tuple(islice(known.gaps(top), 4)),
    )


def told(correspondence: Correspondence, now: float, one: Account) -> list[Command]:
    return [command for _, command in correspondence.update(now, [one])]


def test_a_commit_is_acknowledged_at_once_and_then_at_most_twice_a_second() -> None:
    letters = Correspondence()
    assert told(letters, 0.0, account([[1, 3]])) == [Acknowledge("session00", 3)]
    assert told(letters, 0.2, account([[1, 9]])) == []
    assert told(letters, 0.6, account([[1, 20]])) == [Acknowledge("session00", 20)]
    assert told(letters, 5.0, account([[1, 20]])) == []


def test_a_box_that_sends_again_is_told_again_and_so_is_one_that_was_away() -> None:
    letters = Correspondence()
    told(letters, 0.0, account([[1, 3]]))
    assert told(letters, 1.0, account([[1, 3]], duplicates=2)) == [Acknowledge("session00", 3)]
    assert told(letters, 20.0, account([[1, 3]], duplicates=2, heard=19.0)) == [Acknowledge("session00", 3)]
    assert told(letters, 900.0, account([[1, 3]], duplicates=2, heard=19.0)) == []


def test_a_gap_is_asked_for_after_two_seconds_and_again_ever_more_rarely() -> None:
    letters = Correspondence()
    gap = account([[1, 3], [6, 9]])
    asked = [now / 10 for now in range(600) if any(isinstance(one, Resend) for one in told(letters, now / 10, gap))]
    assert asked == [2.0, 5.0, 11.0, 23.0, 53.0]


def test_a_tail_is_asked_for_only_once_nothing_comes_any_more() -> None:
    letters = Correspondence()
    for now in range(10):
        sent = told(letters, float(now), account([[1, now + 1]], highest=5000))
        assert not any(isinstance(one, Resend) for one in sent)
    sent = told(letters, 14.5, account([[1, 10]], highest=5000))
    assert Resend("session00", 11, 10 + MAX_RESEND) in sent


def test_a_closed_gap_is_forgotten_and_the_next_one_waits_anew() -> None:
    letters = Correspondence()
    told(letters, 0.0, account([[1, 3], [5, 9]]))
    told(letters, 1.0, account([[1, 9]]))
    assert not any(isinstance(one, Resend) for one in told(letters, 2.5, account([[1, 9], [11, 12]])))
    assert Resend("session00", 10, 10) in told(letters, 4.6, account([[1, 9], [11, 12]]))
