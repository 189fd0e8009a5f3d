"""From the book to the platform and back: one message an offer, as far as the platform lets anybody know."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from trigger.book import Book, Entry, State
from trigger.central import Central, CentralRefusedError, NotToldError
from trigger.hours import MINUTE_S, Quiet, free_at
from trigger.message import Adapter, Outcome
from trigger.recipients import LookupFailedError, Recipients

log = logging.getLogger(__name__)

AGAIN_S = (1.0, 2.0, 5.0, 15.0, 60.0, 180.0, 300.0)
"""Waits between attempts; after the last of them an offer has failed."""
TELL_AGAIN_S = (1.0, 2.0, 5.0, 10.0, 30.0)
IDLE_S = 1.0

_RECEIPTS: dict[str, Literal["delivered", "failed", "refused"]] = {"delivered": "delivered", "refused": "refused"}


@dataclass(frozen=True, slots=True)
class Rules:
    """What the mall allows itself.

    Attributes:
        timezone: of quiet hours and of what is one day to a recipient.
        quiet: hours without messages; None for none.
        per_minute: calls of the platform.
        per_recipient_a_day: messages to one member.
        fresh_s: an offer without an expiry is late after so long.
        when_unsure: what to do where nobody knows whether a message went out: ``skip`` it or ``send`` it again.
        withdraw: the consent to withdraw for who refuses messages; empty for none.
        only: channels of campaigns that are ours; all where empty.
    """

    timezone: ZoneInfo
    quiet: Quiet | None = None
    per_minute: int = 600
    per_recipient_a_day: int = 3
    fresh_s: float = 7200.0
    when_unsure: Literal["skip", "send"] = "skip"
    withdraw: str = "offers"
    only: frozenset[str] = frozenset()


class Sender:
    """Takes one step at a time; keeps no truth but the book.

    Args:
        book: what came of every offer.
        adapter: the platform.
        recipients: who members are there.
        central: told what came of it.
        rules: when, and how much.
    """

    def __init__(self, book: Book, adapter: Adapter, recipients: Recipients, central: Central, *, rules: Rules) -> None:
        self._book = book
        self._adapter = adapter
        self._recipients = recipients
        self._central = central
        self._rules = rules
        self._platform_rests_until = 0.0
        self._central_rests_until = 0.0
        self._untold = 0

    def recover(self, now: float) -> int:
        """Settle every offer whose call was cut off by our own death; how many there were."""
        settled = 0
        while (entry := self._book.under_way()) is not None:
            self._settle_unsure(entry, now, "we were cut off during the call", at_once=True)
            settled += 1
        return settled

    def step(self, now: float) -> float:
        """Do one thing that is due; seconds until something may be due, 0 where that is at once."""
        told = self._tell(now)
        sent = self._send_next(now)
        if told == 0.0 or sent == 0.0:
            return 0.0
        return min(told, sent, IDLE_S)

    def _send_next(self, now: float) -> float:
        if now < self._platform_rests_until:
            return self._platform_rests_until - now
        if self._rules.quiet is not None and (ends := self._rules.quiet.until(now)) is not None:
            return ends - now
        entry = self._book.due(now)
        if entry is None:
            due = self._book.next_due()
            return IDLE_S if due is None else max(due - now, 0.01)
        if self._rules.only and entry.offer.channel not in self._rules.only:
            self._end(entry, "failed", now, "its channel is not ours")
        elif self._is_late(entry, now):
            self._end(entry, "late", now, "it came, or could be sent, too late")
        elif self._book.messages_to(entry.offer.member, self._day(now)) >= self._rules.per_recipient_a_day:
            self._end(entry, "capped", now, "they have had as many messages today as one gets")
        else:
            return self._send(entry, now)
        return 0.0

    def _send(self, entry: Entry, now: float) -> float:
        free = free_at(self._book.calls_since(now - MINUTE_S), self._rules.per_minute, now)
        if free > now:
            return free - now
        offer = entry.offer
        try:
            to = self._recipients.find(offer.member)
        except LookupFailedError as error:
            self._again(entry, now, str(error))
            return 0.0
        if to is None:
            self._end(entry, "failed", now, "nobody there is known by that member id")
            return 0.0
        self._book.begin(offer.offer, now)
        self._judge(entry, self._adapter.send(offer, to), now)
        return 0.0

    def _judge(self, entry: Entry, outcome: Outcome, now: float) -> None:
        if outcome.kind in {"delivered", "refused", "failed"}:
            self._end(entry, _STATES[outcome.kind], now, outcome.reason)
        elif outcome.kind == "again":
            self._again(entry, now, outcome.reason)
        elif outcome.kind == "limited":
            self._platform_rests_until = now + outcome.wait_s
            self._book.wait(entry.offer.offer, now + outcome.wait_s, reason=outcome.reason)
            log.warning("the platform wants %.0f s of rest: %s", outcome.wait_s, outcome.reason)
        else:
            self._settle_unsure(entry, now, outcome.reason)

    def _settle_unsure(self, entry: Entry, now: float, reason: str, *, at_once: bool = False) -> None:
        """Ask the platform; where it cannot say, rather once too few than once too often, unless told otherwise."""
        was_sent = self._adapter.was_sent(entry.offer)
        if was_sent:
            self._end(entry, "delivered", now, "")
        elif was_sent is False or self._adapter.is_idempotent or self._rules.when_unsure == "send":
            self._again(entry, now, reason, at_once=at_once)
        else:
            self._end(entry, "unsure", now, reason)

    def _again(self, entry: Entry, now: float, reason: str, *, at_once: bool = False) -> None:
        if entry.attempts >= len(AGAIN_S):
            self._end(entry, "failed", now, reason)
            return
        self._book.wait(
            entry.offer.offer, now + (0.0 if at_once else AGAIN_S[entry.attempts]), reason=reason, tried=True
        )

    def _end(self, entry: Entry, state: State, now: float, reason: str) -> None:
        counts = state in {"delivered", "unsure"}
        self._book.end(entry.offer.offer, state, now, day=self._day(now) if counts else "", reason=reason)
        if state not in {"delivered", "late"}:
            log.warning("offer %d: %s, %s", entry.offer.number, state, reason)

    def _is_late(self, entry: Entry, now: float) -> bool:
        offer = entry.offer
        return now >= (offer.at + self._rules.fresh_s if offer.expires_at is None else offer.expires_at)

    def _day(self, now: float) -> str:
        return f"{datetime.fromtimestamp(now, self._rules.timezone):%Y-%m-%d}"

    def _tell(self, now: float) -> float:
        """Tell central what it has not been told; seconds until the next is due."""
        if now < self._central_rests_until:
            return self._central_rests_until - now
        entry = self._book.owed()
        if entry is None:
            return IDLE_S
        offer = entry.offer
        try:
            if entry.state == "refused" and self._rules.withdraw:
                self._central.withdraw(offer.member, self._rules.withdraw)
            self._central.receipt(offer.offer, _RECEIPTS.get(entry.state, "failed"), entry.ended_at or now)
        except NotToldError as error:
            wait_s = TELL_AGAIN_S[min(self._untold, len(TELL_AGAIN_S) - 1)]
            self._untold, self._central_rests_until = self._untold + 1, now + wait_s
            log.warning("%s; trying again in %.0f s", error, wait_s)
            return wait_s
        except CentralRefusedError as error:
            wait_s = TELL_AGAIN_S[-1]
            self._central_rests_until = now + wait_s
            log.error("%s", error)  # noqa: TRY400 - one line, not a traceback
            return wait_s
        self._untold = 0
        self._book.told(offer.offer)
        return 0.0


_STATES: dict[str, State] = {"delivered": "delivered", "refused": "refused", "failed": "failed"}


def run(sender: Sender, clock: Callable[[], float], wait: Callable[[float], bool]) -> None:
    """Take steps until ``wait`` (given seconds, to be cut short by news) says that it is over."""
    sender.recover(clock())
    while not wait(sender.step(clock())):
        pass
