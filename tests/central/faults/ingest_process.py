"""Central's way in as a process that starts in a moment and may be killed: broker client, writer, store, clerk.

``python -m tests.central.faults.ingest_process DATABASE SITE.toml PORT USERNAME PASSWORD``
It makes the file ``DATABASE.ready`` once it hears the boxes.
"""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

from calibration.site import load_site
from central.clerk import Clerk
from central.ingest.client import BrokerAddress, BrokerClient
from central.ingest.writer import Writer
from central.store.store import Store
from central.touchpoints.linker import Linker


def main() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    database, site_file, port, username, password = sys.argv[1:]
    site = load_site(Path(site_file))
    store = Store(Path(database), site.id)
    writer = Writer(store.database, site.id)
    address = BrokerAddress("127.0.0.1", int(port), "atrium-central", username, password)
    broker = BrokerClient(address, site.id, writer)
    clerk = Clerk(store, broker, Linker(store, site), None, clock=time.time)
    writer.start()
    broker.start()
    clerk.start()
    if broker.wait_until_subscribed(60):
        Path(f"{database}.ready").touch()
    signal.sigwait({signal.SIGTERM})
    clerk.stop()
    broker.stop()
    writer.stop()
    store.close()


if __name__ == "__main__":
    main()
