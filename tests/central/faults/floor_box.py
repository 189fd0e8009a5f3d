"""A box without eyes: its real outbox and its real publisher, told what happens by a story."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

from edge.outbox.store import Event, Origin, Outbox
from edge.publish.link import BrokerAddress
from edge.publish.publisher import Publisher
from tests.broker import MosquittoBroker

ORIGIN = Origin("mall", "g", "box-g")


class FloorBox:
    """Stores and sends as a box does.

    Attributes:
        outbox: the real one.
        said: what the publisher told its operator.
    """

    def __init__(
        self, folder: Path, broker: MosquittoBroker, session: str, wall: Callable[[], float] = time.time
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.outbox = Outbox(folder / "outbox.db", ORIGIN, session)
        self.said: list[str] = []
        address = BrokerAddress("127.0.0.1", broker.port, "box-g", broker.username, broker.password)
        self.publisher = Publisher(
            self.outbox,
            address,
            live_session=f"live{session}"[:40],
            version="test",
            wall=wall,
            rng=random.Random(5),
            tell=self.said.append,
        )
        self.publisher.start()

    def happen(self, events: list[Event]) -> None:
        """These events are stored and on their way."""
        self.outbox.append(events)
        self.publisher.wake()

    @property
    def is_rid_of_all(self) -> bool:
        """Whether central has acknowledged everything."""
        return self.outbox.depth == 0

    def close(self) -> None:
        """Stop."""
        self.publisher.stop()
        self.outbox.close()
