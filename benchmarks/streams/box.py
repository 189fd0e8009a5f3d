"""A box's eyes on live cameras in a process of their own, and how they fare: ages, memory, CPU.

Reads an `Order` as JSON from standard input, prints a `Report` as its last line, and appends a `Sample` a second to the
order's CSV. Nothing it counts with grows, so that what grows is what it watches.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TextIO

import msgspec
import numpy as np

from benchmarks.streams.atrium import Atrium, box_detectors, rehearse
from benchmarks.streams.footage import FPS, Clip
from benchmarks.streams.live import Camera, Done, LiveAtrium, rtsp_camera
from benchmarks.streams.streamed import PacedFile
from edge.memory import frugal_memory

BIN_S = 0.001
BINS = 20_000
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Order(msgspec.Struct, frozen=True):
    """What to watch: ``urls`` where there is a server, else the clips themselves, paced.

    ``seconds`` are those counted; the ``warm_s`` before them are not.
    """

    clips: list[Clip]
    urls: list[str]
    seconds: float
    warm_s: float
    model: str | None = None
    csv: Path | None = None


class Sample(msgspec.Struct, frozen=True):
    """One second.

    Attributes:
        at_s: since the cameras were opened, seconds.
        rss_mb: resident memory.
        oldest_s: age of the oldest frame when its tracks were there; 0 where none was processed.
        processed: frames whose tracks became known.
        dropped: frames overtaken by newer ones before anybody looked at them.
        put_off: frames whose turn to be looked at did not come in time.
        waiting: cameras with a frame ready at the latest step.
    """

    at_s: float
    rss_mb: float
    oldest_s: float
    processed: int
    dropped: int
    put_off: int
    waiting: int


class Report(msgspec.Struct, frozen=True):
    """How it went.

    Attributes:
        cameras: how many were watched.
        seconds: counted.
        p50_ms: age of a frame when its tracks were there, the middle one.
        p99_ms: that 99 of 100 stay below.
        worst_ms: the oldest.
        processed: share of the frames the cameras sent.
        processed_least: of the camera that came off worst; how fair overload is.
        overload: share of the frames sent that were overtaken or put off for want of time.
        cpu_ms: of the whole process, a camera and second; RTSP, decoding threads and all.
        rss_mb: resident memory at the end.
        camera_mb: resident memory a camera, without what the box takes before the first.
    """

    cameras: int
    seconds: float
    p50_ms: float
    p99_ms: float
    worst_ms: float
    processed: float
    processed_least: float
    overload: float
    cpu_ms: float
    rss_mb: float
    camera_mb: float


class Ages:
    """How old frames were, in bins of a millisecond; holds the same memory whatever is added."""

    def __init__(self) -> None:
        self._bins = np.zeros(BINS, np.int64)
        self.oldest_s = 0.0

    @property
    def count(self) -> int:
        """Frames added."""
        return int(self._bins.sum())

    def add(self, age_s: float) -> None:
        """One frame more."""
        self._bins[min(BINS - 1, max(0, int(age_s / BIN_S)))] += 1
        self.oldest_s = max(self.oldest_s, age_s)

    def quantile_s(self, share: float) -> float:
        """The age that this share of frames does not exceed, to a bin; 0 where there are none."""
        sums = np.cumsum(self._bins)
        return float(np.searchsorted(sums, share * sums[-1]) + 1) * BIN_S if sums[-1] else 0.0


def rss_mb() -> float:
    """Resident memory of this process, megabytes of 10^6 bytes."""
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - read every second, for an hour
        return int(file.read().split()[1]) * PAGE_BYTES / 1e6


class Watch:
    """Follows a live box second by second."""

    def __init__(self, live: LiveAtrium, log: TextIO | None) -> None:
        self._live = live
        self._log = log
        self._parent = os.getppid()
        self._began = self._sampled = time.monotonic()
        self._oldest_s, self._processed, self._dropped, self._put_off = 0.0, 0, 0, 0
        self._done = dict.fromkeys(live.names, 0)
        self.ages = Ages()

    def share_least(self, sent: float) -> float:
        """The smallest share of its ``sent`` frames that a camera had processed."""
        return min(self._done.values(), default=0) / sent

    def run(self, until: float, *, counting: bool) -> None:
        """Steps until monotonic time ``until``; ends with whoever ordered it."""
        while time.monotonic() < until:
            if os.getppid() != self._parent:
                raise SystemExit("whoever ordered this run is gone")
            for done in self._live.step():
                self._take(done, counting)
            if time.monotonic() - self._sampled >= 1.0:
                self._sample()

    def _take(self, done: Done, counting: bool) -> None:
        age_s = done.done_at - done.captured_at
        self._oldest_s = max(self._oldest_s, age_s)
        self._processed += 1
        if counting:
            self.ages.add(age_s)
            self._done[done.camera] += 1

    def _sample(self) -> None:
        self._sampled = time.monotonic()
        dropped, put_off = self._live.dropped - self._dropped, self._live.put_off - self._put_off
        sample = Sample(
            round(self._sampled - self._began, 3), round(rss_mb(), 3), round(self._oldest_s, 4), self._processed,
            dropped, put_off, self._live.waiting,
        )  # fmt: skip
        self._oldest_s, self._processed = 0.0, 0
        self._dropped, self._put_off = self._live.dropped, self._live.put_off
        if self._log is not None:
            self._log.write(",".join(str(value) for value in msgspec.structs.astuple(sample)) + "\n")
            self._log.flush()


@frugal_memory()  # as edge.app has it
def work(order: Order, log: TextIO | None) -> Report:
    """Watches the cameras for as long as is ordered."""
    atrium = Atrium(order.model, box_detectors())
    rehearse(atrium, order.clips[0])
    before_mb = rss_mb()
    live = LiveAtrium(_cameras(order), atrium)
    watch = Watch(live, log)
    try:
        watch.run(time.monotonic() + order.warm_s, counting=False)
        lost = live.dropped + live.put_off
        cpu_s, began = time.process_time(), time.monotonic()
        watch.run(began + order.seconds, counting=True)
        cpu_s, seconds = time.process_time() - cpu_s, time.monotonic() - began
        after_mb = rss_mb()
    finally:
        live.close()
    cameras = len(order.clips)
    ages = watch.ages
    return Report(
        cameras=cameras,
        seconds=seconds,
        p50_ms=1e3 * ages.quantile_s(0.5),
        p99_ms=1e3 * ages.quantile_s(0.99),
        worst_ms=1e3 * ages.oldest_s,
        processed=ages.count / (cameras * FPS * seconds),
        overload=(live.dropped + live.put_off - lost) / (cameras * FPS * seconds),
        processed_least=watch.share_least(FPS * seconds),
        cpu_ms=1e3 * cpu_s / (cameras * seconds),
        rss_mb=after_mb,
        camera_mb=(after_mb - before_mb) / cameras,
    )


def _cameras(order: Order) -> list[Camera]:
    if order.urls:
        return [rtsp_camera(url, f"camera{number}") for number, url in enumerate(order.urls)]
    # spread over the interval, as cameras are that nobody synchronises
    count = len(order.clips)
    now = time.time()
    return [PacedFile(clip, f"camera{n}", now + n / count / FPS) for n, clip in enumerate(order.clips)]


def main() -> None:
    """The process."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order, dec_hook=lambda kind, text: kind(text))
    if order.csv is None:
        report = work(order, None)
    else:
        with order.csv.open("w", encoding="ascii") as log:
            log.write(",".join(Sample.__struct_fields__) + "\n")
            report = work(order, log)
    sys.stdout.buffer.write(msgspec.json.encode(report) + b"\n")


if __name__ == "__main__":
    main()
