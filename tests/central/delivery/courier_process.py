"""Central's courier alone, as a process that can be killed: ``python -m ... DATABASE URL``; says when it runs."""

from __future__ import annotations

import signal
import sys
import threading
import time
from pathlib import Path

from central.delivery.courier import Courier
from central.delivery.endpoints import Endpoint, Outlets
from central.ingest.client import BrokerAddress, BrokerClient
from central.ingest.writer import Writer
from central.observe.metrics import Metrics
from central.store.store import Store
from tests.central.delivery.consumer import KEY


def main() -> None:
    """Send what is queued until SIGTERM."""
    store = Store(Path(sys.argv[1]), "mall")
    outlets = Outlets(webhooks=(Endpoint("crm", sys.argv[2], (KEY,), timeout_s=0.5),), attempts=100)
    broker = BrokerClient(BrokerAddress("127.0.0.1", 9, "x"), "mall", Writer(store.database, "mall"))
    courier = Courier(store, outlets, broker, clock=time.time, metrics=Metrics())
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    courier.start()
    print("running", flush=True)  # noqa: T201 - read by the test
    over.wait()
    courier.stop()
    store.close()


if __name__ == "__main__":
    main()
