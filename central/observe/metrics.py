"""Prometheus metrics, by its naming rules: base units, ``_total`` for what only grows, labels with few fixed values.

No label names a visitor, a zone, a floor or a kind of event: what is counted here must not tell of few people.
"""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from central.observe.lag import BulkHistogram

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OUTCOMES = ("stored", "duplicate", "live", "late", "refused", "dropped")
COMMIT_S = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
REQUEST_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
HOUR_S, DAY_S = 3600.0, 86_400.0


class Metrics:
    """Counters that the parts of central add to, in a registry of their own.

    Attributes:
        registry: where more collectors may be registered.
    """

    def __init__(self) -> None:
        self.registry = made = CollectorRegistry()
        self._messages = Counter(
            "atrium_ingest_messages", "Messages taken in, by what became of them.", ["outcome"], registry=made
        )
        self._batches = Counter("atrium_ingest_batches", "Transactions of the writer.", registry=made)
        self._old = Counter(
            "atrium_ingest_old_events",
            "Events that came late and were stored all the same.",
            ["older_than"],
            registry=made,
        )
        self._commit = Histogram(
            "atrium_ingest_commit_seconds", "Duration of the writer's transactions.", buckets=COMMIT_S, registry=made
        )
        self._attempts = Counter("atrium_ingest_failed_commits", "Transactions that the disk refused.", registry=made)
        self._handoffs = Counter("atrium_ingest_handoffs", "Handoffs passed on in memory.", registry=made)
        self.lag = BulkHistogram("atrium_ingest_commit_lag_seconds", "From a message's time to its commit.")
        self.registry.register(self.lag)
        self._rounds = Histogram(
            "atrium_clerk_round_seconds", "Duration of the clerk's rounds.", buckets=COMMIT_S, registry=made
        )
        self._failed_rounds = Counter("atrium_clerk_failed_rounds", "Rounds of the clerk that failed.", registry=made)
        self._requests = Counter(
            "atrium_http_requests", "Answers, by route and status.", ["method", "route", "status"], registry=made
        )
        self._request = Histogram(
            "atrium_http_request_duration_seconds",
            "Until the answer began.",
            ["route"],
            buckets=REQUEST_S,
            registry=made,
        )
        self._streams = Gauge("atrium_http_requests_in_progress", "Requests and streams being answered.", registry=made)
        self._deliveries = Counter(
            "atrium_delivery_attempts",
            "Offers sent, by what came of it.",
            ["channel", "outcome"],
            registry=made,
        )
        self._delivery = Histogram(
            "atrium_delivery_seconds",
            "From queueing an offer to its acknowledgement.",
            ["channel"],
            buckets=REQUEST_S,
            registry=made,
        )
        ProcessCollector(registry=self.registry)
        for outcome in OUTCOMES:
            self._messages.labels(outcome)
        for older in ("1h", "24h"):
            self._old.labels(older)

    def text(self) -> bytes:
        """Everything in Prometheus's text format."""
        return generate_latest(self.registry)

    def committed(self, seconds: float, outcomes: dict[str, int], lags: Sequence[float]) -> None:
        """A batch was stored: how long it took, what its messages came to, and how old each was then."""
        self._batches.inc()
        self._commit.observe(seconds)
        for outcome, count in outcomes.items():
            if count:
                self._messages.labels(outcome).inc(count)
        if lags:
            self.lag.observe(lags)
            if max(lags) > HOUR_S:
                self._old.labels("1h").inc(sum(HOUR_S < lag <= DAY_S for lag in lags))
                self._old.labels("24h").inc(sum(lag > DAY_S for lag in lags))

    def dropped(self) -> None:
        """A message that may be dropped found the queue full."""
        self._messages.labels("dropped").inc()

    def commit_failed(self) -> None:
        """The disk refused a batch; it is tried again."""
        self._attempts.inc()

    def handed_on(self) -> None:
        """A handoff was passed on."""
        self._handoffs.inc()

    def delivered(self, channel: str, state: str, seconds: float | None = None) -> None:
        """An offer was tried: it is ``sent`` after so many seconds, ``dead``, or ``queued`` to be tried again."""
        self._deliveries.labels(channel, state).inc()
        if state == "sent" and seconds is not None:
            self._delivery.labels(channel).observe(seconds)

    def round_made(self, seconds: float, *, failed: bool) -> None:
        """The clerk made a round."""
        self._rounds.observe(seconds)
        if failed:
            self._failed_rounds.inc()

    def request_began(self) -> None:
        """A request came."""
        self._streams.inc()

    def request_ended(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request is over; ``seconds`` until its answer began."""
        self._streams.dec()
        self._requests.labels(method, route, str(status)).inc()
        self._request.labels(route).observe(seconds)
