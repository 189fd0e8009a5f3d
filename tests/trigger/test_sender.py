"""One message an offer: through death, silence, quiet hours, caps and limits; and central learns what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trigger.book import Book
from trigger.central import CentralRefusedError, NotToldError
from trigger.hours import Quiet, free_at
from trigger.message import DELIVERED, Outcome
from trigger.offer import Offer
from trigger.recipients import LookupFailedError
from trigger.sender import AGAIN_S, Rules, Sender

NOON = 1_767_268_800.0
UTC = ZoneInfo("UTC")


def offer(number: int, member: str = "", **other: object) -> Offer:
    found = Offer(number, f"o{number}", member or f"MEMBER-{number}", "DINE", "15 %", "C", "app", NOON, NOON + 3600)
    return replace(found, **other)  # type: ignore[arg-type]


class Script:
    """A platform that answers as it is told, then takes everything; and who asks and is told, all in one."""

    is_idempotent = False

    def __init__(self) -> None:
        self.answers: list[Outcome | BaseException] = []
        self.calls: list[tuple[str, str]] = []
        self.sent_says: bool | None = None
        self.people: dict[str, str | None] = {}
        self.crm_is_away = False
        self.told: list[tuple[str, str]] = []
        self.withdrawn: list[tuple[str, str]] = []
        self.central: type[Exception] | None = None

    def send(self, sent: Offer, to: str) -> Outcome:
        self.calls.append((sent.offer, to))
        answer = self.answers.pop(0) if self.answers else DELIVERED
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def was_sent(self, _offer: Offer) -> bool | None:
        return self.sent_says

    def find(self, member: str) -> str | None:
        if self.crm_is_away:
            raise LookupFailedError("away")
        return self.people.get(member, f"openid-{member}")

    def receipt(self, name: str, state: str, _at: float) -> None:
        if self.central is not None:
            raise self.central("no")
        self.told.append((name, state))

    def withdraw(self, member: str, purpose: str) -> None:
        self.withdrawn.append((member, purpose))

    def close(self) -> None:
        pass


class Kit:
    def __init__(self, path: Path, **rules: object) -> None:
        self.book = Book(path)
        self.script = Script()
        self.now = NOON
        self.rules = replace(Rules(UTC, per_recipient_a_day=2), **rules)  # type: ignore[arg-type]

    @property
    def sender(self) -> Sender:
        return Sender(self.book, self.script, self.script, self.script, rules=self.rules)  # type: ignore[arg-type]

    def take(self, *offers: Offer) -> None:
        for one in offers:
            self.book.take(one, self.now, streamed=True)

    def run(self, until: float) -> None:
        """Steps as the service takes them, with a clock that jumps over the waits."""
        sender = self.sender
        sender.recover(self.now)
        for _ in range(10_000):
            wait = sender.step(self.now)
            if self.now + wait >= until:
                self.now = until
                return
            self.now += wait
        raise AssertionError("it never rests")


@pytest.fixture
def kit(tmp_path: Path) -> Iterator[Kit]:
    found = Kit(tmp_path / "trigger.db")
    yield found
    found.book.close()


def test_each_offer_goes_out_once_however_often_it_comes(kit: Kit) -> None:
    kit.take(offer(2), offer(1), offer(2))
    assert not kit.book.take(offer(1), NOON, streamed=False)
    kit.run(NOON + 5)
    kit.take(offer(1), offer(2))
    kit.run(NOON + 10)
    assert sorted(kit.script.calls) == [("o1", "openid-MEMBER-1"), ("o2", "openid-MEMBER-2")]
    assert sorted(kit.script.told) == [("o1", "delivered"), ("o2", "delivered")]
    assert kit.book.last_number == 2


def test_what_came_by_webhook_moves_no_resume_of_the_stream(kit: Kit) -> None:
    kit.book.take(offer(9), NOON, streamed=False)
    assert kit.book.last_number == 0
    kit.take(offer(4), offer(9))
    assert kit.book.last_number == 9


def test_a_platform_that_asks_to_try_again_is_asked_again_and_given_up_in_the_end(kit: Kit) -> None:
    kit.script.answers = [Outcome("again", "busy")] * 2
    kit.take(offer(1))
    kit.run(NOON + 60)
    assert (len(kit.script.calls), kit.script.told) == (3, [("o1", "delivered")])
    kit.script.answers = [Outcome("again", "busy")] * 100
    kit.take(offer(2))
    kit.run(kit.now + 1200)
    assert (len(kit.script.calls), kit.script.told[-1]) == (3 + len(AGAIN_S) + 1, ("o2", "failed"))


def test_who_refuses_messages_has_their_consent_withdrawn(kit: Kit) -> None:
    kit.script.answers = [Outcome("refused", "43101")]
    kit.take(offer(1))
    kit.run(NOON + 5)
    assert kit.script.withdrawn == [("MEMBER-1", "offers")]
    assert kit.script.told == [("o1", "refused")]


def test_a_platform_that_has_had_enough_is_left_alone_and_no_attempt_is_counted(kit: Kit) -> None:
    kit.script.answers = [Outcome("limited", "429", 30.0)] * 20
    kit.take(offer(1), offer(2))
    kit.run(NOON + 29)
    assert len(kit.script.calls) == 1
    kit.run(NOON + 599)
    assert len(kit.script.calls) == 20
    kit.run(NOON + 700)
    assert sorted(kit.script.told) == [("o1", "delivered"), ("o2", "delivered")]


UNSURE: list[tuple[bool | None, bool, str, int, str]] = [
    (True, False, "skip", 1, "delivered"),
    (False, False, "skip", 2, "delivered"),
    (None, False, "skip", 1, "failed"),
    (None, False, "send", 2, "delivered"),
    (None, True, "skip", 2, "delivered"),
]
"""What the platform says, whether it honours keys, what the mall wants; calls, and what central is told."""


@pytest.mark.parametrize("case", UNSURE)
@pytest.mark.parametrize("how", ["no answer", "killed"])
def test_where_nobody_knows_the_platform_is_asked_and_else_it_is_as_the_mall_wants(
    kit: Kit, how: str, case: tuple[bool | None, bool, str, int, str]
) -> None:
    says, idempotent, when_unsure, calls, told = case
    kit.rules = replace(kit.rules, when_unsure=when_unsure)  # type: ignore[arg-type]
    kit.script.sent_says, kit.script.is_idempotent = says, idempotent
    kit.take(offer(1))
    if how == "killed":
        kit.script.answers = [KeyboardInterrupt()]
        with pytest.raises(KeyboardInterrupt):
            kit.run(NOON + 5)
        assert kit.book.state_of("o1") == "sending"
    else:
        kit.script.answers = [Outcome("unsure", "no answer")]
    kit.run(NOON + 60)
    assert len(kit.script.calls) == calls
    assert kit.script.told == [("o1", told)]


def test_quiet_hours_wait_and_what_expires_in_them_is_late(kit: Kit) -> None:
    kit.rules = replace(kit.rules, quiet=Quiet(time(22), time(8), UTC))
    kit.now = NOON + 10.5 * 3600  # 22:30
    kit.take(offer(1, expires_at=NOON + 24 * 3600), offer(2, expires_at=NOON + 11 * 3600))
    kit.run(kit.now + 60)
    kit.now = NOON + 20 * 3600 - 60
    kit.run(NOON + 20 * 3600 - 1)
    assert kit.script.calls == []
    kit.run(NOON + 20 * 3600 + 5)
    assert kit.script.calls == [("o1", "openid-MEMBER-1")]
    assert sorted(kit.script.told) == [("o1", "delivered"), ("o2", "failed")]


def test_no_more_messages_to_one_person_than_a_day_allows(kit: Kit) -> None:
    kit.take(*(offer(number, "SAME", expires_at=NOON + 90_000) for number in range(1, 5)), offer(5))
    kit.run(NOON + 10)
    assert [name for name, _ in kit.script.calls] == ["o1", "o2", "o5"]
    assert kit.book.counts() == {"delivered": 3, "capped": 2}
    kit.now = NOON + 13 * 3600  # the next day
    kit.take(offer(6, "SAME", expires_at=NOON + 90_000))
    kit.run(kit.now + 10)
    assert kit.script.calls[-1][0] == "o6"


@given(st.lists(st.floats(0, 300), max_size=40).map(sorted), st.integers(1, 10))
def test_no_minute_holds_more_calls_than_allowed(wishes: list[float], per_minute: int) -> None:
    made: list[float] = []
    for wish in wishes:
        now = max(wish, made[-1] if made else 0.0)
        made.append(free_at([at for at in made if at > now - 60], per_minute, now))
    for first, last in zip(made, made[per_minute:], strict=False):
        assert last - first >= 60 - 1e-6


def test_the_platform_is_called_no_more_often_than_it_allows(kit: Kit) -> None:
    kit.rules = replace(kit.rules, per_minute=3)
    kit.take(*(offer(number) for number in range(1, 8)))
    kit.run(NOON + 1)
    assert len(kit.script.calls) == 3
    kit.run(NOON + 59)
    assert len(kit.script.calls) == 3
    kit.run(NOON + 61)
    assert len(kit.script.calls) == 6


def test_late_unknown_and_others_channels_are_not_sent(kit: Kit) -> None:
    kit.rules = replace(kit.rules, only=frozenset({"app"}))
    kit.script.people["MEMBER-3"] = None
    kit.take(
        offer(1, expires_at=NOON - 1),
        offer(2, expires_at=None, at=NOON - 7201),
        offer(3),
        offer(4, channel="sms"),
        offer(5, expires_at=None),
    )
    kit.run(NOON + 10)
    assert kit.script.calls == [("o5", "openid-MEMBER-5")]
    assert dict(kit.script.told) == {"o1": "failed", "o2": "failed", "o3": "failed", "o4": "failed", "o5": "delivered"}


def test_a_customer_system_that_is_away_delays_and_sends_nothing_wrong(kit: Kit) -> None:
    kit.script.crm_is_away = True
    kit.take(offer(1))
    kit.run(NOON + 4)
    assert kit.script.calls == []
    kit.script.crm_is_away = False
    kit.run(NOON + 60)
    assert kit.script.calls == [("o1", "openid-MEMBER-1")]


def test_what_central_could_not_be_told_is_told_later(kit: Kit) -> None:
    for error in (NotToldError, CentralRefusedError):
        kit.script.central = error
        kit.take(offer((error is NotToldError and 1) or 2))
        kit.run(kit.now + 100)
        assert kit.script.told == [] or error is CentralRefusedError
        kit.script.central = None
        kit.run(kit.now + 60)
    assert sorted(kit.script.told) == [("o1", "delivered"), ("o2", "delivered")]


def test_the_book_knows_nobody_once_central_has_been_told(kit: Kit, tmp_path: Path) -> None:
    kit.script.central = NotToldError
    kit.take(offer(1, "MEMBER-TO-FORGET"))
    kit.run(NOON + 0.5)
    assert any(b"MEMBER-TO-FORGET" in file.read_bytes() for file in tmp_path.iterdir())
    kit.script.central = None
    kit.run(NOON + 60)
    kit.book.close()
    kit.book = Book(tmp_path / "trigger.db")
    assert not any(b"MEMBER-TO-FORGET" in file.read_bytes() for file in tmp_path.iterdir())
    assert not any(b"openid" in file.read_bytes() for file in tmp_path.iterdir())
    assert kit.book.messages_to("MEMBER-TO-FORGET", "2026-01-01") == 1
    assert kit.book.purge(NOON + 31 * 86_400) == 1


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    order=st.permutations([1, 2, 3, 4, 1, 2, 3, 4]),
    cuts=st.lists(st.sampled_from(["killed", "again", "unsure", "limited"]), max_size=8),
)
def test_in_any_order_and_through_any_deaths_nobody_gets_a_message_twice(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], cuts: list[str]
) -> None:
    """The platform counts what it sent; a death comes after sending, the worst moment there is."""
    path = tmp_path_factory.mktemp("trigger") / "trigger.db"
    sent: list[str] = []
    left = list(cuts)

    class Counting(Script):
        def send(self, one: Offer, to: str) -> Outcome:
            what = left.pop() if left else "fine"
            if what in {"again", "limited"}:
                return Outcome(what, "", 1.0)  # type: ignore[arg-type]
            sent.append(one.offer)
            if what == "killed":
                raise KeyboardInterrupt
            return Outcome("unsure") if what == "unsure" else DELIVERED

    now = NOON
    for number in order:
        kit = Kit(path, per_recipient_a_day=9)
        kit.script, kit.now = Counting(), now
        kit.take(offer(number))
        with suppress(KeyboardInterrupt):
            kit.run(now + 8)
        now += 9
        kit.book._connection.close()  # as a death would: nothing is tidied up
    kit = Kit(path)
    kit.script, kit.now = Counting(), now
    kit.run(now + 300)
    assert sorted(sent) == ["o1", "o2", "o3", "o4"]
    assert kit.book.owed() is None
    kit.book.close()


def test_a_book_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "trigger.db").write_bytes(b"no database" * 100)
    with pytest.raises(Exception, match="cannot be opened as a database"):
        Book(tmp_path / "trigger.db")
