"""One channel's way out, in threads of its own: claims rows that are due, sends them, writes down what came of it."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

from central.delivery.backoff import full_jitter
from central.delivery.circuit import Circuit
from central.delivery.sending import Answer, Sender, message_of
from central.observe.metrics import Metrics
from central.store import deliveries, delivery_channels
from central.store.database import Database, StoreUnavailableError
from central.store.deliveries import Attempt, Outgoing

log = logging.getLogger(__name__)

LONGEST_LOOK_S = 1.0
"""The queue is looked into at least this often, as another central may have filled it."""
LEAST_LOOK_S = 0.05
UNREADY_S = 0.25
AFTER_FAULT_S = 1.0
STOP_S = 2.0
"""Requests under way at the order to end get so long."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How a channel is served.

    Attributes:
        concurrency: requests at a time.
        lease_s: a row whose sender died is sent again after so long.
        attempts: a row is given up after so many; None for as many as it takes until it expires.
        keep_s: an offer whose coupon has no expiry is given up after so long.
    """

    concurrency: int
    lease_s: float
    attempts: int | None
    keep_s: float


class Lane:
    """Sends one channel's offers, at least once each; a slow endpoint holds up nobody but its own queue.

    Args:
        database: where the queue is.
        site: the site.
        channel: as deliveries name it.
        sender: sends one.
        terms: how.
        clock: seconds since 1970.
        draw: random, 0 to below 1.
        metrics: told of what was sent.
    """

    def __init__(
        self,
        database: Database,
        site: str,
        channel: str,
        sender: Sender,
        *,
        terms: Terms,
        clock: Callable[[], float],
        draw: Callable[[], float],
        metrics: Metrics,
    ) -> None:
        self.channel = channel
        self._database = database
        self._site = site
        self._sender = sender
        self._terms = terms
        self._clock = clock
        self._draw = draw
        self._metrics = metrics
        self._circuit = Circuit()
        """Until the store has been asked how the channel stands."""
        self._work: queue.SimpleQueue[Outgoing | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tuple[Outgoing, Answer, float]] = queue.SimpleQueue()
        self._under_way: dict[int, Outgoing] = {}
        self._news = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"delivery-{channel}", daemon=True)
        self._workers = [
            threading.Thread(target=self._send_all, name=f"delivery-{channel}-{number}", daemon=True)
            for number in range(terms.concurrency)
        ]

    def start(self) -> None:
        """Begin."""
        for thread in (self._thread, *self._workers):
            thread.start()

    def wake(self) -> None:
        """There may be something in the queue."""
        self._news.set()

    def stop(self) -> None:
        """Claim nothing more; what is under way gets a moment, and is due again at once where that was too short."""
        self._stop.set()
        self._news.set()

    def join(self) -> None:
        """Wait for the end after `stop`."""
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                wait_s = self._round(self._clock())
            except StoreUnavailableError as error:
                log.error("%s: %s", self.channel, error)  # noqa: TRY400 - one line, not a traceback
                wait_s = AFTER_FAULT_S
            except Exception:
                log.exception("%s: a round of delivery failed; the next is tried", self.channel)
                wait_s = AFTER_FAULT_S
            self._news.wait(wait_s)
            self._news.clear()
        self._end()

    def _end(self) -> None:
        for _ in self._workers:
            self._work.put(None)
        deadline = threading.Event()
        timer = threading.Timer(STOP_S, deadline.set)
        timer.start()
        try:
            while self._under_way and not deadline.is_set():
                self._collect(self._clock())
                self._news.wait(0.05)
                self._news.clear()
            if self._under_way:
                deliveries.give_back(self._database, self._site, list(self._under_way), self._clock())
        except StoreUnavailableError as error:
            log.error("%s: %s", self.channel, error)  # noqa: TRY400 - as above
        finally:
            timer.cancel()
            self._sender.close()

    def _round(self, now: float) -> float:
        """Do what is due; seconds until something may be due again."""
        self._collect(now)
        if self._circuit.state != "closed" or self._circuit.endpoint != self._sender.mark:
            self._remember()
        if self._circuit.state == "disabled":
            self._give_up(now)
            return LONGEST_LOOK_S
        if not self._sender.is_ready():
            return UNREADY_S
        if now < self._circuit.until:
            return min(self._circuit.until - now, LONGEST_LOOK_S)
        free = self._circuit.width(self._terms.concurrency) - len(self._under_way)
        claimed = [one for one in self._claim(now, free) if one.delivery not in self._under_way] if free > 0 else []
        for one in claimed:
            self._under_way[one.delivery] = one
            self._work.put(one)
        if free <= 0:
            return LONGEST_LOOK_S  # whoever is done wakes us
        return 0.0 if len(claimed) == free else self._until_due(now)

    def _until_due(self, now: float) -> float:
        due = deliveries.next_due(self._database, self._site, self.channel)
        return LONGEST_LOOK_S if due is None else min(max(due - now, LEAST_LOOK_S), LONGEST_LOOK_S)

    def _claim(self, now: float, limit: int) -> list[Outgoing]:
        return deliveries.claim(
            self._database,
            self._site,
            self.channel,
            now,
            lease_s=self._terms.lease_s,
            keep_s=self._terms.keep_s,
            limit=limit,
        )

    def _remember(self) -> None:
        """Take over how the channel stands in the store, where a replay closes it, and a new address, too."""
        kept = delivery_channels.read(self._database, self._site, self.channel)
        if kept is not None and kept.endpoint == self._sender.mark:
            self._circuit = kept
            return
        self._circuit = Circuit(self._sender.mark)
        if kept is not None:
            delivery_channels.write(self._database, self._site, self.channel, self._circuit)

    def _give_up(self, now: float) -> None:
        """Nobody wants these; they can be replayed once somebody does."""
        if claimed := self._claim(now, 1000):
            attempts = [Attempt(one.delivery, "dead", error=self._circuit.reason) for one in claimed]
            deliveries.settle(self._database, self._site, attempts, now)
            for _ in claimed:
                self._metrics.delivered(self.channel, "dead")

    def _send_all(self) -> None:
        """A worker: one message after another, until told to end."""
        while (one := self._work.get()) is not None:
            now = self._clock()
            try:
                answer = self._sender.send(message_of(self._site, one), one.offer.offer, now)
            except Exception as error:  # a sender's own mistake must not end its thread
                log.exception("%s: an offer could not be sent", self.channel)
                answer = Answer("again", f"it could not be sent ({type(error).__name__})")
            self._done.put((one, answer, self._clock()))
            self._news.set()

    def _collect(self, now: float) -> None:
        """Write down what has been answered since, in one transaction."""
        answered: list[tuple[Outgoing, Answer, float]] = []
        while not self._done.empty():
            answered.append(self._done.get())
        if not answered:
            return
        before, attempts = self._circuit, []
        for one, answer, at in answered:
            attempts.append(self._judge(one, answer, at))
        try:
            deliveries.settle(self._database, self._site, attempts, now)
        except StoreUnavailableError:
            for entry in answered:  # written down when it can be; until then they are not sent again
                self._done.put(entry)
            self._circuit = before
            raise
        for (one, _, at), attempt in zip(answered, attempts, strict=True):
            self._under_way.pop(one.delivery, None)
            self._metrics.delivered(self.channel, attempt.state, at - one.queued_at)
        if self._circuit.state != "closed" or before.state != "closed":
            delivery_channels.write(self._database, self._site, self.channel, self._circuit)
        if before.state == "open" and self._circuit.state == "closed":
            delivery_channels.hurry(self._database, self._site, self.channel, now)
        if before.state != self._circuit.state:
            log.warning("%s: circuit %s %s", self.channel, self._circuit.state, self._circuit.reason)

    def _judge(self, one: Outgoing, answer: Answer, at: float) -> Attempt:
        if answer.kind == "sent":
            self._circuit = self._circuit.worked()
            return Attempt(one.delivery, "sent")
        if answer.kind == "gone":
            self._circuit = self._circuit.gone(at, answer.reason)
            return Attempt(one.delivery, "dead", error=answer.reason)
        if answer.wait_s:  # it works, and says when it wants more
            self._circuit = self._circuit.asked_to_wait(at + answer.wait_s)
        else:
            self._circuit = self._circuit.failed(at, answer.reason, self._draw())
        tried = one.attempts + 1
        if self._terms.attempts is not None and tried >= self._terms.attempts:
            return Attempt(one.delivery, "dead", error=answer.reason)
        next_at = at + max(full_jitter(tried, self._draw()), answer.wait_s)
        return Attempt(one.delivery, "queued", next_at, answer.reason)
