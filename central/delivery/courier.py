"""Everything that carries offers out of central: a lane for each channel that is configured."""

from __future__ import annotations

import logging
import random
import sqlite3
from collections.abc import Callable, Sequence

from central.delivery.endpoints import MQTT, Outlets
from central.delivery.lane import Lane, Terms
from central.delivery.mqtt import ACKNOWLEDGED_WITHIN_S, CONCURRENCY, MqttSender
from central.delivery.sending import Sender
from central.delivery.webhook import WebhookSender
from central.ingest.client import BrokerClient
from central.observe.metrics import Metrics
from central.store import deliveries
from central.store.database import StoreUnavailableError
from central.store.store import Store

log = logging.getLogger(__name__)

LEASE_MARGIN_S = 5.0


class Courier:
    """Sends what is queued, from `start` to `stop`; keeps no truth of its own.

    Args:
        store: where the queue is.
        outlets: where offers go.
        broker: central's connection.
        clock: seconds since 1970.
        metrics: told of what was sent.
        draw: random, 0 to below 1, for the waits between attempts.
    """

    def __init__(
        self,
        store: Store,
        outlets: Outlets,
        broker: BrokerClient,
        *,
        clock: Callable[[], float],
        metrics: Metrics,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self.outlets = outlets
        self._store = store
        self._clock = clock
        self._lanes = [
            Lane(store.database, store.site, channel, sender, terms=terms, clock=clock, draw=draw, metrics=metrics)
            for channel, sender, terms in _ways(outlets, broker, store.site)
        ]

    def start(self) -> None:
        """Begin; what waits for a channel that is not configured any more is given up."""
        try:
            given_up = deliveries.give_up_others(
                self._store.database, self._store.site, self.outlets.channels, self._clock()
            )
        except StoreUnavailableError as error:
            log.error("%s", error)  # noqa: TRY400 - one line, not a traceback
        else:
            if given_up:
                log.warning("%d deliveries given up: their channel is not in the configuration any more", given_up)
        for lane in self._lanes:
            lane.start()

    def wake(self) -> None:
        """There may be something in the queue; costs nothing."""
        for lane in self._lanes:
            lane.wake()

    def queue(  # noqa: PLR0917 - as the engine calls it
        self,
        connection: sqlite3.Connection,
        site: str,
        offer_number: int,
        offer: str,
        channels: Sequence[str],
        now: float,
        *,
        expires_at: float | None = None,
    ) -> int:
        """``deliveries.queue`` for those of the channels that want offers of this one's campaign."""
        wanted = self.outlets.of(deliveries.channel_of(connection, site, offer_number))
        chosen = [channel for channel in channels if channel in wanted]
        return deliveries.queue(connection, site, offer_number, offer, chosen, now, expires_at=expires_at)

    def stop(self) -> None:
        """End; whatever was not acknowledged stays queued."""
        for lane in self._lanes:
            lane.stop()
        for lane in self._lanes:
            lane.join()


def _ways(outlets: Outlets, broker: BrokerClient, site: str) -> list[tuple[str, Sender, Terms]]:
    """Every channel with what sends to it and how."""
    ways: list[tuple[str, Sender, Terms]] = []
    if outlets.mqtt:
        terms = Terms(CONCURRENCY, ACKNOWLEDGED_WITHIN_S + LEASE_MARGIN_S, None, outlets.keep_s)
        ways.append((MQTT, MqttSender(broker, site), terms))
    for one in outlets.webhooks:
        terms = Terms(one.concurrency, 2 * one.timeout_s + LEASE_MARGIN_S, outlets.attempts, outlets.keep_s)
        ways.append((one.channel, WebhookSender(one), terms))
    return ways
