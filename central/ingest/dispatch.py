"""Sends commands to boxes: each in its envelope, numbered in a session of our own."""

from __future__ import annotations

import secrets
import threading

from central.ingest.client import BrokerClient
from contract.events import Command, Envelope
from contract.messages import BY_WHAT, encode
from contract.times import to_rfc3339
from contract.topics import build_topic


class Dispatch:
    """Publishes commands of a site; safe to use from several threads.

    Args:
        broker: takes them.
        site: the site's id.
    """

    def __init__(self, broker: BrokerClient, site: str) -> None:
        self._broker = broker
        self._site = site
        self._session = secrets.token_hex(8)
        self._seq = 0
        self._lock = threading.Lock()

    def send(self, floor: str, box: str, command: Command, now: float) -> bool:
        """Whether the command was handed to a living connection; a box that is away never gets it."""
        with self._lock:
            self._seq += 1
            seq = self._seq
        message = Envelope(
            schema_=BY_WHAT["commands"].schema,
            site=self._site,
            floor=floor,
            box=box,
            session=self._session,
            seq=seq,
            event_id=secrets.token_hex(12),
            at=to_rfc3339(now),
            body=command,
        )
        return self._broker.publish(build_topic(self._site, floor, box, "commands"), encode(message))
