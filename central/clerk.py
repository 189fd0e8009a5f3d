"""The clerk's round: commands to boxes, links, its duties; once a second, and right after new events."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from central.ingest.client import BrokerClient
from central.ingest.commands import Correspondence
from central.ingest.dispatch import Dispatch
from central.observe.metrics import Metrics
from central.offers.rounds import OfferRounds
from central.store.database import StoreUnavailableError
from central.store.store import Store
from central.touchpoints.linker import Linker

log = logging.getLogger(__name__)

ROUND_S = 1.0
LEAST_ROUND_S = 0.2
"""Rounds that new events ask for come no faster."""
LOOK_BACK_EVERY_S = 60.0
"""Between two looks for sessions that nothing comes of any more."""


class Clerk:
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
        self._news = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="central-clerk", daemon=True)

    def start(self) -> None:
        """Begin the rounds."""
        self._thread.start()

    def stop(self) -> None:
        """End after the present round."""
        self._stop.set()
        self._news.set()
        self._thread.join()

    def wake(self) -> None:
        """There are new events: make the next round soon."""
        self._news.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            began, now, failed = time.monotonic(), self._clock(), False
            for duty in (self.round, *self._duties):
                failed = not _do(duty, now) or failed
            self._metrics.round_made(time.monotonic() - began, failed=failed)
            self._news.wait(ROUND_S)
            if self._stop.wait(LEAST_ROUND_S):
                return
            self._news.clear()

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


def _do(duty: Callable[[float], object], now: float) -> bool:
    """Whether the duty was done."""
    try:
        duty(now)
    except StoreUnavailableError as error:
        log.error("%s", error)  # noqa: TRY400 - one line, not a traceback
    except Exception:
        log.exception("a round failed; the next is tried")
    else:
        return True
    return False
