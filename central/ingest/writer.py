"""One writer: a bounded queue in, batches into the store, and only then the word that a message is ours."""

from __future__ import annotations

import logging
import math
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from central.ingest.clocks import Clocks
from central.ingest.decode import read
from central.observe.metrics import Metrics
from central.store.accounts import accounts
from central.store.batch import Arrival, ClockNews, Committed, commit
from central.store.clocks import corrections
from central.store.database import Database, StoreUnavailableError
from central.store.rows import Durable, Live, Refused
from contract.events import Positions

log = logging.getLogger(__name__)

QUEUE_SIZE = 20_000
"""Messages waiting for the writer; beyond, the broker is made to wait (QoS 1) or the message is dropped (QoS 0)."""
BATCH_SIZE = 2_000
MAX_WAITING = 1_000
"""Messages that may wait for word of a box's clock."""
LINGER_S = 0.02
"""A batch waits this long for company: one fsync for many messages."""
MOST_IDS = 10
"""Event ids in a line of the log."""
RETRY_S = (0.2, 0.5, 1.0, 2.0)
"""Waits between attempts while the store cannot be written; the last one repeats."""


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it came; ``payload`` is cut where ``size`` is beyond what we read."""

    topic: str
    payload: bytes
    size: int
    retained: bool
    heard: float
    acknowledge: Callable[[], None] | None = None
    refused: Refused | None = None
    """Set where it was read and refused already."""


@dataclass(slots=True)
class WriterState:
    """What the writer shows of itself: totals since start and what holds it up now."""

    batches: int = 0
    fresh: int = 0
    duplicates: int = 0
    live: int = 0
    late: int = 0
    refused: int = 0
    dropped: int = 0
    fault: str = ""
    """Why nothing is being stored now; empty while all is well."""


class Writer:
    """Takes messages from any thread and stores them from its own.

    Args:
        database: where to.
        site: the site we serve.
        on_commit: called in the writer's thread after every commit; must be quick.
        metrics: told what comes of the messages.
        clock: seconds since 1970.

    Attributes:
        state: what it shows of itself.
        turned: when it last looked for messages, or tried to store some, monotonic seconds.
    """

    def __init__(
        self,
        database: Database,
        site: str,
        on_commit: Callable[[], None] = lambda: None,
        metrics: Metrics | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.state = WriterState()
        self.turned = time.monotonic()
        self._metrics = metrics or Metrics()
        self._clock = clock
        self._clocks = Clocks(accounts(database, site), corrections(database, site))
        self._waiting: list[Message] = []
        """Messages whose times make no sense before more is known of their box's clock; not acknowledged."""
        self._database = database
        self._site = site
        self._on_commit = on_commit
        self._queue: queue.Queue[Message] = queue.Queue(QUEUE_SIZE)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="central-writer", daemon=True)

    @property
    def depth(self) -> int:
        """Messages waiting."""
        return self._queue.qsize()

    @property
    def is_full(self) -> bool:
        """Whether whoever has a message has to wait."""
        return self._queue.full()

    def start(self) -> None:
        """Begin to store."""
        self._thread.start()

    def stop(self) -> None:
        """Store what waits, as far as the store allows, and end."""
        self._stop.set()
        self._thread.join()

    def put(self, message: Message) -> None:
        """Queue a message; blocks while the queue is full, unless the message may be dropped."""
        if message.acknowledge is None:
            try:
                self._queue.put_nowait(message)
            except queue.Full:
                self.state.dropped += 1
                self._metrics.dropped()
            return
        while not self._stop.is_set():
            try:
                self._queue.put(message, timeout=0.5)
            except queue.Full:
                continue
            return

    def _run(self) -> None:
        while not (self._stop.is_set() and self._queue.empty()):
            self.turned = time.monotonic()
            messages = self._waiting + self._batch()
            self._waiting = []
            if messages and not self._store(messages):
                return

    def _batch(self) -> list[Message]:
        try:
            messages = [self._queue.get(timeout=0.2)]
        except queue.Empty:
            return []
        deadline = time.monotonic() + LINGER_S
        while len(messages) < BATCH_SIZE:
            try:
                messages.append(self._queue.get(timeout=max(deadline - time.monotonic(), 0)))
            except queue.Empty:
                break
        return messages

    def _store(self, messages: Sequence[Message]) -> bool:
        """Whether the messages are stored and acknowledged; False where we must end before the store recovers."""
        now = self._clock()
        arrivals = [arrival for message in messages if (arrival := self._read(message, now)) is not None]
        if self._waiting:
            held = {id(message) for message in self._waiting}
            messages = [message for message in messages if id(message) not in held]
            if not messages:
                return True
        began = time.monotonic()
        committed = self._commit(arrivals, ClockNews(self._clocks.changes(), self._clocks.skews))
        if committed is None:
            return False
        took, now = time.monotonic() - began, self._clock()
        for message in messages:
            if message.acknowledge is not None:
                message.acknowledge()
        for name in ("fresh", "duplicates", "live", "late", "refused"):
            setattr(self.state, name, getattr(self.state, name) + getattr(committed, name))
        self.state.batches += 1
        outcomes = {
            "stored": committed.fresh,
            "duplicate": committed.duplicates,
            "live": committed.live,
            "late": committed.late,
            "refused": committed.refused,
        }
        self._metrics.committed(took, outcomes, _lags(arrivals, now))
        self._tell_refused([one for one in arrivals if isinstance(one, Refused)])
        self._on_commit()
        return True

    def _read(self, message: Message, now: float) -> Arrival | None:
        """What the message is, its times by our clock; None where nobody wants it or it has to wait."""
        if message.refused is not None:
            return message.refused
        arrival = read(
            self._site, message.topic, message.payload, message.size, message.heard, retained=message.retained
        )
        if isinstance(arrival, Durable):
            corrected = self._clocks.correct(arrival, now if len(self._waiting) < MAX_WAITING else math.inf)
            if corrected is None:
                self._waiting.append(message)
            return corrected
        if isinstance(arrival, Live):
            return self._clocks.hear(arrival)
        return arrival

    def _tell_refused(self, refused: Sequence[Refused]) -> None:
        """A line for each kind of fault, with the ids of the first messages of that kind."""
        for kind in dict.fromkeys(one.kind for one in refused):
            alike = [one for one in refused if one.kind == kind]
            log.warning(
                "messages refused",
                extra={
                    "kind": kind,
                    "count": len(alike),
                    "topic": alike[0].topic,
                    "reason": alike[0].reason,
                    "event_ids": [one.event_id for one in alike if one.event_id][:MOST_IDS],
                },
            )

    def _commit(self, arrivals: Sequence[Arrival], news: ClockNews) -> Committed | None:
        attempt = 0
        while True:
            self.turned = time.monotonic()
            try:
                committed = commit(self._database, arrivals, news)
            except StoreUnavailableError as error:
                if not self.state.fault:
                    log.error("nothing is stored or acknowledged: %s", error)  # noqa: TRY400 - one line, not a traceback
                self.state.fault = str(error)
                self._metrics.commit_failed()
                if self._stop.wait(RETRY_S[min(attempt, len(RETRY_S) - 1)]):
                    return None
                attempt += 1
            else:
                if self.state.fault:
                    log.warning("the store takes messages again")
                self.state.fault = ""
                return committed


def _lags(arrivals: Sequence[Arrival], now: float) -> list[float]:
    """Seconds from each message to now, of those whose time says how fast we are."""
    return [
        now - one.at
        for one in arrivals
        if (isinstance(one, Durable) and one.table is not None)
        or (isinstance(one, Live) and isinstance(one.body, Positions))
    ]
