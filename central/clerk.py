"""The clerk's round: commands to boxes, links, offers, the purge; once a second, and right after new events."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable

from central.ingest.client import BrokerClient
from central.ingest.commands import Correspondence
from central.offers.engine import OfferEngine
from central.privacy.retention import Retention
from central.store.accounts import Account
from central.store.database import StoreUnavailableError
from central.store.store import Store
from central.touchpoints.linker import Linker
from contract.events import Command, Envelope
from contract.messages import BY_WHAT, encode
from contract.times import to_rfc3339
from contract.topics import build_topic

log = logging.getLogger(__name__)

ROUND_S = 1.0
LEAST_ROUND_S = 0.2
"""Rounds that new events ask for come no faster."""


class Clerk:
    """Does what is due, in a thread of its own; keeps no truth of its own.

    Args:
        store: the truth.
        broker: takes commands.
        linker: joins check-ins to visitors.
        engine: makes offers.
        retention: deletes what has expired.
        clock: seconds since 1970.
        fold: folds positions into heat; called every round, before the purge.
    """

    def __init__(
        self,
        store: Store,
        broker: BrokerClient,
        linker: Linker,
        engine: OfferEngine,
        *,
        retention: Retention,
        clock: Callable[[], float],
        fold: Callable[[float], None] = lambda _now: None,
    ) -> None:
        self._store = store
        self._broker = broker
        self._linker = linker
        self._engine = engine
        self._retention = retention
        self._clock = clock
        self._fold = fold
        self._correspondence = Correspondence()
        self._session = secrets.token_hex(8)
        self._seq = 0
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
            try:
                self.round(self._clock())
            except StoreUnavailableError as error:
                log.error("%s", error)  # noqa: TRY400 - one line, not a traceback
            except Exception:
                log.exception("a round failed; the next is tried")
            self._news.wait(ROUND_S)
            if self._stop.wait(LEAST_ROUND_S):
                return
            self._news.clear()

    def round(self, now: float) -> None:
        """One round at that instant."""
        self._linker.update(now)
        self._engine.update(now)
        if not self._broker.fault:
            for account, command in self._correspondence.update(now, self._store.accounting()):
                self._send(now, account, command)
        self._fold(now)
        self._retention.update(now)

    def _send(self, now: float, account: Account, command: Command) -> None:
        self._seq += 1
        message = Envelope(
            schema_=BY_WHAT["commands"].schema,
            site=account.site,
            floor=account.floor,
            box=account.box,
            session=self._session,
            seq=self._seq,
            event_id=secrets.token_hex(12),
            at=to_rfc3339(now),
            body=command,
        )
        self._broker.publish(build_topic(account.site, account.floor, account.box, "commands"), encode(message))
