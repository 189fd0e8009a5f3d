"""When to leave an endpoint alone: a breaker as a pure state, one transition an answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

State = Literal["closed", "open", "disabled"]

OPENS_AFTER = 5
"""Failures in a row."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 30.0
"""Offers are about now: an endpoint that works again is found within half a minute."""


@dataclass(frozen=True, slots=True)
class Circuit:
    """How a channel stands.

    Attributes:
        endpoint: mark of the address that it is about.
        state: ``closed`` lets offers pass, ``open`` one at a time after a pause, ``disabled`` none until one
            is replayed.
        failures: in a row.
        until: nothing is sent before, seconds since 1970.
        since: when it left ``closed``.
        reason: of the last failure.
    """

    endpoint: str = ""
    state: State = "closed"
    failures: int = 0
    until: float = 0.0
    since: float = 0.0
    reason: str = ""

    def width(self, concurrency: int) -> int:
        """How many may be under way at a time."""
        return {"closed": concurrency, "open": 1, "disabled": 0}[self.state]

    def worked(self) -> Circuit:
        """After an offer was taken; a circuit that was disabled stays so, as the answer is of before."""
        if self.state == "disabled":
            return self
        return Circuit(self.endpoint, until=self.until if self.state == "closed" else 0.0)

    def failed(self, now: float, reason: str, draw: float) -> Circuit:
        """After a failure; each probe that fails doubles the pause, half of which is random (``draw``, 0 to 1)."""
        if self.state == "disabled" or (self.state == "open" and now < self.until):  # sent before it opened
            return self
        failures = self.failures + 1
        if failures < OPENS_AFTER:
            return replace(self, failures=failures, reason=reason)
        pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(failures - OPENS_AFTER, 20))
        since = self.since if self.state == "open" else now
        until = max(self.until, now + pause * (1 + draw) / 2)
        return Circuit(self.endpoint, "open", failures, until, since, reason)

    def asked_to_wait(self, until: float) -> Circuit:
        """After the endpoint asked for a pause."""
        return replace(self, until=max(self.until, until))

    def gone(self, now: float, reason: str) -> Circuit:
        """After the endpoint said that it wants no more."""
        return Circuit(self.endpoint, "disabled", self.failures, 0.0, now, reason)
