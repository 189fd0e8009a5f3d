"""A Prometheus histogram that takes many observations at once: one a message would cost more than the message."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

import numpy as np
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

BOUNDS_S = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.5, 2.5, 5.0, 10.0, 60.0, 600.0)
"""Upper bounds, seconds; close together below the second that a commit may lag."""


class BulkHistogram(Collector):
    """Counts seconds by their upper bound.

    Args:
        name: of the metric, in seconds.
        documentation: one line.
    """

    def __init__(self, name: str, documentation: str) -> None:
        self._name = name
        self._documentation = documentation
        self._lock = threading.Lock()
        self._counts = np.zeros(len(BOUNDS_S) + 1, np.int64)
        self._sum = 0.0

    def observe(self, seconds: Sequence[float]) -> None:
        """Count these."""
        found = np.maximum(np.asarray(seconds, np.float64), 0.0)  # a box's clock may be milliseconds ahead of ours
        counts = np.bincount(np.searchsorted(BOUNDS_S, found), minlength=len(BOUNDS_S) + 1)
        with self._lock:
            self._counts += counts
            self._sum += float(found.sum())

    def collect(self) -> Iterable[HistogramMetricFamily]:
        """The metric as it stands."""
        with self._lock:
            cumulated, total = np.cumsum(self._counts).tolist(), self._sum
        bounds = [*(str(bound) for bound in BOUNDS_S), "+Inf"]
        buckets = [(bound, float(count)) for bound, count in zip(bounds, cumulated, strict=True)]
        yield HistogramMetricFamily(self._name, self._documentation, buckets=buckets, sum_value=total)
