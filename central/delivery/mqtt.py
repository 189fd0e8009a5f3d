"""Offers on the broker: QoS 1, not retained, sent once the broker has acknowledged them."""

from __future__ import annotations

from central.delivery.sending import SENT, Answer
from central.ingest.client import BrokerClient
from contract.offers import offers_topic

ACKNOWLEDGED_WITHIN_S = 5.0
CONCURRENCY = 8
"""Publications at a time; a broker on the same machine acknowledges in less than a millisecond."""


class MqttSender:
    """Publishes through central's own connection to the broker.

    Args:
        broker: the connection.
        site: whose offers.
    """

    mark = "broker"

    def __init__(self, broker: BrokerClient, site: str) -> None:
        self._broker = broker
        self._topic = offers_topic(site)

    def is_ready(self) -> bool:
        """Whether there is a connection; without one offers wait."""
        return not self._broker.fault

    def send(self, body: bytes, offer: str, now: float) -> Answer:  # noqa: ARG002 - a sender's words
        """Publish it, and wait for the broker's word."""
        fault = self._broker.publish_surely(self._topic, body, ACKNOWLEDGED_WITHIN_S)
        return Answer("again", fault) if fault else SENT

    def close(self) -> None:
        """Nothing: the connection is central's."""
