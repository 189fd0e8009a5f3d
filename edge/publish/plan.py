"""Which stored events to send next: the end-to-end window, sending again, and what central asks for.

A broker's acknowledgement says only that the broker has the message; it may still lose it. So an event counts as
delivered when central says so. Everything here is arithmetic on sequence numbers and a monotonic time.
"""

from __future__ import annotations

from collections import deque

WINDOW = 2000
"""Events sent and not yet acknowledged by central. What the broker has to hold for a box while central is away."""
STALL_S = 5.0
"""Central commits about once a second: so long without progress, though it was heard, means events went missing."""
MAX_STALL_S = 60.0
"""Sending the same events again in vain backs off to this."""
HEARD_S = 30.0
"""Central counts as present for so long after its last word."""
PROBE_S = 30.0
"""With central unheard, its first missing event alone is sent again after this long, then twice as long, ..."""
MAX_PROBE_S = 300.0
MAX_REQUESTS = 16
"""Ranges asked for and not sent yet; beyond that everything is simply sent again."""


class SendPlan:
    """Sequence numbers to send, in order, as often as needed and no more often.

    Attributes:
        sent_again: events sent more than once, for health.
    """

    def __init__(self, acknowledged: int) -> None:
        self._cursor = acknowledged + 1
        self._acknowledged = acknowledged
        self._highest = acknowledged
        self._requests: deque[tuple[int, int]] = deque()
        self._stall_s = STALL_S
        self._probe_s = PROBE_S
        self._progress_at = 0.0
        self._heard_at = float("-inf")
        self.sent_again = 0

    def connected(self, now: float, acknowledged: int) -> None:
        """A new connection: everything central has not acknowledged is sent again, in order."""
        self._acknowledged = max(self._acknowledged, acknowledged)
        self._cursor = self._acknowledged + 1
        self._requests.clear()
        self._progress_at = now

    def heard(self, now: float, acknowledged: int) -> None:
        """Central has spoken of this session; ``acknowledged`` is how far the outbox has been cleared."""
        self._heard_at = now
        self._probe_s = PROBE_S
        if acknowledged > self._acknowledged:
            self._acknowledged = acknowledged
            self._cursor = max(self._cursor, acknowledged + 1)
            self._stall_s = STALL_S
            self._progress_at = now

    def forgotten(self, now: float, acknowledged: int) -> None:
        """Central was restored and has events only up to ``acknowledged``: everything after it is sent again."""
        if acknowledged < self._acknowledged:
            self._acknowledged = acknowledged
            self._cursor = acknowledged + 1
            self._requests.clear()
            self._stall_s = STALL_S
            self._progress_at = now

    def request(self, first: int, last: int) -> None:
        """Central asks for events ``first`` to ``last``; those not sent yet will come anyway."""
        last = min(last, self._cursor - 1)
        first = max(first, self._acknowledged + 1)
        if first > last or any(low <= first and last <= high for low, high in self._requests):
            return
        if len(self._requests) >= MAX_REQUESTS:
            self._requests.clear()
            self._cursor = self._acknowledged + 1
            return
        self._requests.append((first, last))

    def next_range(self, now: float, last_seq: int) -> tuple[int, int] | None:
        """First and last number to send now, or None; ``last_seq`` is the highest number stored."""
        self._notice_stall(now)
        while self._requests:
            low, high = self._requests[0]
            low = max(low, self._acknowledged + 1)
            if low <= high:
                self._requests[0] = (low, high)
                return low, high
            self._requests.popleft()
        last = min(last_seq, self._acknowledged + WINDOW)
        return (self._cursor, last) if self._cursor <= last else None

    def sent(self, now: float, seq: int) -> None:
        """Event ``seq``, the lowest of the range last given, is on its way."""
        self.sent_again += seq <= self._highest
        if seq > self._highest:
            self._highest = seq
            if seq == self._acknowledged + 1:
                self._progress_at = now
        if self._requests and self._requests[0][0] <= seq:
            self._requests[0] = (seq + 1, self._requests[0][1])
        else:
            self._cursor = seq + 1

    def absent(self, last: int) -> None:
        """The range last given, up to ``last``, is no longer stored: central has it."""
        if self._requests:
            self._requests.popleft()
        else:
            self._cursor = last + 1

    def _notice_stall(self, now: float) -> None:
        """Go back to the first unacknowledged event when nothing has moved for too long."""
        outstanding = self._cursor - 1 - self._acknowledged
        if outstanding <= 0 or self._requests:
            return
        waited = now - self._progress_at
        if now - self._heard_at <= HEARD_S:
            if waited >= self._stall_s:
                self._cursor = self._acknowledged + 1
                self._stall_s = min(2 * self._stall_s, MAX_STALL_S)
                self._progress_at = now
        elif waited >= self._probe_s:
            self._requests.append((self._acknowledged + 1, self._acknowledged + 1))
            self._probe_s = min(2 * self._probe_s, MAX_PROBE_S)
            self._progress_at = now
