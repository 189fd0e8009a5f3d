"""Value ranges of a network's tensors on real pictures: one pass, one histogram a tensor, several ways to read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

Feed = Mapping[str, npt.NDArray[np.generic]]
"""One run's inputs by name."""
Range = tuple[float, float]

BINS = 16_384
"""Of a histogram over [-reach, reach]; with the reach at most doubled, a byte's step still spans 16 bins or more."""
MOST_VALUES = 65_536
"""Values of one tensor and picture that are counted; its extremes are taken from all of them."""
STEPS = 255
"""Of an unsigned byte."""
CLIPS = np.linspace(1.0, 0.2, 33)
"""Shares of the full range tried for the least squared error."""
METHODS = ("minmax", "percentile", "squares")
PERCENTILE = 99.99


@dataclass(slots=True)
class Histogram:
    """Counts of one tensor's values over a range around zero that doubles when a value falls outside."""

    lowest: float = 0.0
    highest: float = 0.0
    reach: float = 0.0
    counts: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(BINS, np.int64))

    def add(self, values: npt.NDArray[np.floating]) -> None:
        """Counts the values of one tensor, of any shape; those that are not finite are left out."""
        flat = values.ravel()
        if flat.size == 0:
            return
        low, high = float(flat.min()), float(flat.max())
        if not np.isfinite((low, high)).all():
            flat = flat[np.isfinite(flat)]
            if flat.size == 0:
                return
            low, high = float(flat.min()), float(flat.max())
        self.lowest, self.highest = min(self.lowest, low), max(self.highest, high)
        self._cover(max(-low, high))
        if self.reach == 0.0:
            self.counts[BINS // 2] += flat.size
            return
        counted = flat[:: max(1, flat.size // MOST_VALUES)]
        place = ((counted + self.reach) * (BINS / (2.0 * self.reach))).astype(np.int64)
        self.counts += np.bincount(np.minimum(place, BINS - 1), minlength=BINS)

    def _cover(self, magnitude: float) -> None:
        if magnitude <= self.reach:
            return
        if self.reach == 0.0:
            zeros = self.counts[BINS // 2]
            self.counts[:] = 0
            self.counts[BINS // 2] = zeros
            self.reach = magnitude
            return
        while magnitude > self.reach:
            pairs = self.counts.reshape(-1, 2).sum(1)
            self.counts[:] = 0
            self.counts[BINS // 4 : BINS // 4 + BINS // 2] = pairs
            self.reach *= 2.0

    def range(self, method: str) -> Range:
        """Lowest and highest value worth a code, zero included.

        Args:
            method: ``minmax`` keeps all; ``percentile`` cuts 0.01 % off each end; ``squares`` cuts where the squared
                error of rounding and clipping to 255 steps is least.

        Raises:
            ValueError: no such method.
        """
        if method == "minmax":
            return self.lowest, self.highest
        if method == "percentile":
            return self._percentile(PERCENTILE)
        if method == "squares":
            return self._least_squares()
        raise ValueError(f"{method!r}: choose one of {', '.join(METHODS)}")

    def _centres(self) -> npt.NDArray[np.float64]:
        return np.asarray((np.arange(BINS) + 0.5) * (2.0 * self.reach / BINS) - self.reach, np.float64)

    def _percentile(self, percent: float) -> Range:
        total = int(self.counts.sum())
        if total == 0 or self.reach == 0.0:
            return self.lowest, self.highest
        below = np.cumsum(self.counts) / total
        edges = np.linspace(-self.reach, self.reach, BINS + 1)
        low = edges[int(np.searchsorted(below, 1.0 - percent / 100.0))]
        high = edges[min(BINS, int(np.searchsorted(below, percent / 100.0)) + 1)]
        return max(self.lowest, min(0.0, float(low))), min(self.highest, max(0.0, float(high)))

    def _least_squares(self) -> Range:
        used = np.flatnonzero(self.counts)
        if used.size == 0 or self.reach == 0.0:
            return self.lowest, self.highest
        values, weights = self._centres()[used], self.counts[used].astype(np.float64)
        low, high = self.lowest, self.highest
        high *= float(CLIPS[np.argmin([_squared_error(values, weights, low, high * clip) for clip in CLIPS])])
        low *= float(CLIPS[np.argmin([_squared_error(values, weights, low * clip, high) for clip in CLIPS])])
        return low, high


def _squared_error(values: npt.NDArray[np.float64], weights: npt.NDArray[np.float64], low: float, high: float) -> float:
    step = (high - low) / STEPS
    if step <= 0.0:
        return float("inf")
    rounded = np.round((np.clip(values, low, high) - low) / step) * step + low
    return float((weights * (values - rounded) ** 2).sum())


def one_thread() -> ort.SessionOptions:
    """Session options that leave the other cores alone and the log quiet."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return options


def observe(model: Path, tensors: Iterable[str], feeds: Iterable[Feed]) -> tuple[dict[str, Histogram], int]:
    """Histograms of float tensors over many runs, and how many runs those were.

    Args:
        model: an ONNX file that has all the tensors among its outputs.
        tensors: names of outputs.
        feeds: inputs of each run; taken one at a time, never kept.
    """
    names = list(tensors)
    found = {name: Histogram() for name in names}
    options = one_thread()
    # every tensor is an output here, so nothing can be fused; the optimiser would only cost time
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    runs = 0
    for feed in feeds:
        for name, values in zip(names, session.run(names, dict(feed)), strict=True):
            found[name].add(values)
        runs += 1
    return found, runs
