"""The clerk's round: commands to boxes, links, its duties; once a second, and right after new events."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

from central.ingest.client import BrokerClient
from central.ingest.commands import Correspondence
from central.ingest.dispatch import Dispatch
from central.observe.metrics import Metrics
from central.offers.rounds import OfferRounds
from central.rounds import Rounds, attempted
from central.store.store import Store
from central.touchpoints.linker import Linker

ROUND_S = 1.0
LEAST_ROUND_S = 0.2
LOOK_BACK_EVERY_S = 60.0
"""Between two looks for sessions that nothing comes of any more."""


class Clerk(Rounds):
    """Does what is due, in a thread of its own; keeps no truth of its own.

    Args:
        store: the truth.
        broker: takes commands.
        linker: joins check-ins to visitors.
        offering: makes offers, in a thread of its own; told when there may be new links; None for none.
        clock: seconds since 1970.
        duties: called with the time in every round, each whatever came of the others.
        metrics: told of the rounds.
    """

    def __init__(
        self,
        store: Store,
        broker: BrokerClient,
        linker: Linker,
        offering: OfferRounds | None,
        *,
        clock: Callable[[], float],
        duties: Sequence[Callable[[float], object]] = (),
        metrics: Metrics | None = None,
    ) -> None:
        super().__init__("central-clerk", self._all, ROUND_S, LEAST_ROUND_S)
        self._store = store
        self._broker = broker
        self._linker = linker
        self._offering = offering
        self._clock = clock
        self._metrics = metrics or Metrics()
        self._connection = 0
        self._correspondence = Correspondence()
        self._dispatch = Dispatch(broker, store.site)
        self._duties = duties
        self._looked_back_at = 0.0

    def _all(self) -> None:
        began, now, failed = time.monotonic(), self._clock(), False
        for duty in (self.round, *self._duties):
            failed = not attempted("a duty of the clerk", partial(duty, now)) or failed
        self._metrics.round_made(time.monotonic() - began, failed=failed)

    def round(self, now: float) -> None:
        """One round at that instant."""
        self._linker.update(now)
        if self._offering is not None:
            self._offering.wake()
        if self._connection != self._broker.connection:  # whoever was told something may not have heard it
            self._connection, self._correspondence = self._broker.connection, Correspondence()
        if not self._broker.fault:
            for account, command in self._correspondence.update(now, self._store.accounting()):
                self._dispatch.send(account.floor, account.box, command, now)
        if now - self._looked_back_at >= LOOK_BACK_EVERY_S:
            self._looked_back_at = now
            self._store.give_up_sessions(now)
