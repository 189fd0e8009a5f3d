"""How central stands when it is asked: gauges read from the store and the running parts at every scrape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from central.ingest.writer import QUEUE_SIZE
from central.services import Services
from central.store import boxes, delivery_channels, quarantine

BOX_STATES = ("online", "stopped", "offline", "unknown")
CAMERA_STATES = ("online", "stopped", "offline", "blind")


class Standing(Collector):
    """Boxes, cameras, accounts, queue, quarantine and files as they are now."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterable[Metric]:
        """Every gauge."""
        services = self._services
        yield _gauge("atrium_broker_connected", "1 while the broker is reached.", float(not services.broker.fault))
        yield _gauge("atrium_store_writable", "1 while messages are stored.", float(not services.writer.state.fault))
        yield _gauge("atrium_ingest_queue_messages", "Messages waiting to be stored.", float(services.writer.depth))
        yield _gauge("atrium_ingest_queue_limit_messages", "Most that may wait.", float(QUEUE_SIZE))
        path = services.store.database.path
        for name, file in (("atrium_database_bytes", path), ("atrium_database_wal_bytes", _wal(path))):
            yield _gauge(name, "Size of the file.", float(file.stat().st_size if file.exists() else 0))
        refused = CounterMetricFamily(
            "atrium_quarantined_messages", "Messages ever refused, by fault.", labels=["kind"]
        )
        for kind, count in quarantine.counts(services.store.database, services.store.site).items():
            refused.add_metric([kind], count)
        yield refused
        yield from self._deliveries()
        yield from self._boxes()

    def _deliveries(self) -> Iterable[Metric]:
        store = self._services.store
        waiting = GaugeMetricFamily("atrium_delivery_queued", "Offers waiting to be sent.", labels=["channel"])
        dead = GaugeMetricFamily("atrium_delivery_dead", "Offers given up within a day.", labels=["channel"])
        is_open = GaugeMetricFamily(
            "atrium_delivery_circuit_open", "1 while an endpoint is left alone.", labels=["channel"]
        )
        channels = self._services.courier.outlets.channels
        for one in delivery_channels.standing(store.database, store.site, self._services.clock(), channels):
            waiting.add_metric([one.channel], one.queued)
            dead.add_metric([one.channel], one.dead)
            is_open.add_metric([one.channel], float(one.circuit.state != "closed"))
        yield from (waiting, dead, is_open)

    def _boxes(self) -> Iterable[Metric]:
        store = self._services.store
        found = boxes.boxes(store.database, store.site)
        yield _states("atrium_boxes", "Boxes by their last word.", BOX_STATES, (box.state for box in found))
        cameras = (camera.state for box in found for camera in box.cameras)
        yield _states("atrium_cameras", "Cameras by their last word.", CAMERA_STATES, cameras)
        skew = GaugeMetricFamily(
            "atrium_box_clock_skew_seconds", "How far a box's clock is ahead of central's.", labels=["box"]
        )
        heard = GaugeMetricFamily(
            "atrium_box_last_heard_timestamp_seconds", "When a box was last heard.", labels=["box"]
        )
        missing = GaugeMetricFamily(
            "atrium_box_missing_events", "Numbers of a box's sessions that have not arrived.", labels=["box", "state"]
        )
        waiting = GaugeMetricFamily(
            "atrium_box_outbox_events", "Events a box holds until central has them.", labels=["box"]
        )
        twice = {
            "duplicate_share": GaugeMetricFamily(
                "atrium_box_duplicate_share",
                "Share of all followed time that a box estimates was spent on a second name for the same person.",
                labels=["box"],
            ),
            "fragment_share": GaugeMetricFamily(
                "atrium_box_fragment_share",
                "Share of new names that a box estimates were given to people who had an earlier one.",
                labels=["box"],
            ),
        }
        lost: Counter[tuple[str, str]] = Counter()
        for account in store.accounting():
            if account.missing:
                lost[account.box, account.state] += account.missing
        for box in found:
            if box.skew_s is not None:
                skew.add_metric([box.box], box.skew_s)
            if box.last_heard is not None:
                heard.add_metric([box.box], box.last_heard)
            if box.health is not None:
                waiting.add_metric([box.box], float(box.health["outbox_depth"]))
                for name, family in twice.items():
                    if box.health.get(name) is not None:  # too little seen yet, or a box of before contract 1.4
                        family.add_metric([box.box], float(box.health[name]))
            for state in ("open", "abandoned"):
                missing.add_metric([box.box, state], float(lost[box.box, state]))
        yield from (skew, heard, missing, waiting, *twice.values())


def _gauge(name: str, documentation: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, documentation, value=value)


def _states(name: str, documentation: str, known: Iterable[str], found: Iterable[str]) -> GaugeMetricFamily:
    """How many are in each state; every known state is told, so that an alert can be written for one."""
    family = GaugeMetricFamily(name, documentation, labels=["state"])
    counts = Counter(found)
    for state in known:
        family.add_metric([state], counts[state])
    return family


def _wal(path: Path) -> Path:
    """The write-ahead log beside the database."""
    return path.with_name(path.name + "-wal")
