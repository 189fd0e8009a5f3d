"""Whether central does its work now, and why not."""

from __future__ import annotations

from central.ingest.writer import QUEUE_SIZE
from central.privacy.retention import left_over
from central.services import Services

FULL = 0.9
"""Of the queue: beyond this the broker is about to be made to wait."""


def faults(services: Services) -> list[str]:
    """What keeps messages from being taken in, or from being forgotten in time; empty where nothing does."""
    found = [services.broker.fault, services.writer.state.fault, *left_over(services.store)]
    waiting = services.writer.depth
    if waiting >= FULL * QUEUE_SIZE:
        found.append(f"{waiting} of at most {QUEUE_SIZE} messages wait to be stored; see store and disk")
    return [fault for fault in found if fault]
