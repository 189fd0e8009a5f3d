"""The boxes' events as ingest hands them to the store, without broker and decoding: for the store's own measures."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from benchmarks.central.mall import FLOORS, SITE, ZONES
from benchmarks.central.traffic import events
from central.store.rows import Durable, durable_row
from contract.events import Envelope
from contract.messages import BY_BODY
from contract.times import to_rfc3339
from contract.topics import Topic

BOXES = 12
MALL_PER_S = 50.0
"""Events of the whole mall: 4.3 million a day, more than 400 cameras tell of."""
START = 1_767_268_800.0
"""2026-01-01 12:00 UTC."""


def arrivals(batch: int, seed: int = 1) -> Iterator[list[Durable]]:
    """Endless batches of so many events of all boxes, in the order of time, numbered without a gap."""
    talks = [events(seed + index, list(ZONES), START, MALL_PER_S / BOXES) for index in range(BOXES)]
    for number in count(0, batch // BOXES + 1):
        told: list[Durable] = []
        for seq in range(number + 1, number + batch // BOXES + 2):
            for index, talk in enumerate(talks):
                said = next(talk)
                kind = BY_BODY[type(said.body)]
                box, floor = f"box-{index:02d}", FLOORS[index % len(FLOORS)]
                session = f"benchrows{index:02d}"
                message = Envelope(
                    kind.schema, SITE, floor, box, session, seq, f"{session}-{seq}", to_rfc3339(said.at), said.body
                )
                told.append(durable_row(Topic(SITE, floor, box, kind.what), message, said.at))
        yield told
