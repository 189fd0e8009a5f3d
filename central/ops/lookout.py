"""Looks at everything that can be wrong: store, broker, writer, disk, files."""

from __future__ import annotations

import shutil

from calibration.site import Site
from central.ingest.client import BrokerClient
from central.ingest.writer import QUEUE_SIZE, Writer
from central.ops.certificates import Certificates
from central.ops.state import Disk, OpsState, Purge, Refusals, WayIn
from central.store import boxes, delivery_channels, enrolment, quarantine, retention
from central.store.store import Store
from central.upkeep.standing import last_backup

ATTENTIVE_S = 10.0
"""Looks come every second. After a longer pause (the machine slept, its clock was set) we have not been listening."""


class Lookout:
    """Gathers an `OpsState`; remembers only since when we have been listening without a pause.

    Args:
        site: the mall.
        store: the truth.
        writer: takes messages in.
        broker: brings them.
    """

    def __init__(self, site: Site, store: Store, writer: Writer, broker: BrokerClient) -> None:
        self._store = store
        self._writer = writer
        self._broker = broker
        self._certificates = Certificates(site)
        self._listening_since: float | None = None
        self._looked_at = 0.0

    def look(self, now: float) -> OpsState:
        """What is to be seen at that instant."""
        database, site = self._store.database, self._store.site
        return OpsState(
            at=now,
            way_in=self._way_in(now),
            disk=self._disk(),
            refusals=tuple(Refusals(*one) for one in quarantine.kinds(database, site)),
            boxes=tuple(boxes.boxes(database, site)),
            accounts=tuple(self._store.accounting()),
            floors=self._certificates.floors(),
            purge=self._purge(),
            channels=tuple(delivery_channels.standing(database, site, now)),
            backup_at=last_backup(database.path),
            identities=tuple(enrolment.current(database, site)),
        )

    def _purge(self) -> Purge | None:
        """The last purge, and what all tables' last purges left behind."""
        found = retention.last_purges(self._store.database, self._store.site)
        return Purge(max(one.at for one in found), sum(one.left_over for one in found)) if found else None

    def _way_in(self, now: float) -> WayIn:
        fault = self._broker.fault
        was_away = not 0 <= now - self._looked_at <= ATTENTIVE_S
        self._looked_at = now
        if fault:
            self._listening_since = None
        elif self._listening_since is None or was_away:
            self._listening_since = now
        state = self._writer.state
        return WayIn(
            listening_since=self._listening_since,
            broker_fault=fault,
            store_fault=state.fault,
            queue_depth=self._writer.depth,
            queue_size=QUEUE_SIZE,
            dropped=state.dropped,
            late=state.late,
        )

    def _disk(self) -> Disk | None:
        try:
            usage = shutil.disk_usage(self._store.database.path.resolve().parent)
        except OSError:
            return None
        return Disk(usage.free, usage.total)
