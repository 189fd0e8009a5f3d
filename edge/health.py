"""A box's figures over the last report interval."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from contract.events import CameraHealth, Health
from edge.floor.rates import Twice
from edge.uplink import LinkFigures

REPORT_S = 5.0
THERMAL = Path("/sys/class/thermal")
MAX_WARNINGS = 20
OVERLOAD_SHARE = 0.02
"""Fewer pictures put off than this are jitter."""
State = Literal["online", "stopped", "offline", "blind"]


@dataclass(slots=True)
class CameraFigures:
    """What one camera has done since the last report.

    Attributes:
        state: whether its frames advance.
        received: frames that arrived.
        analysed: frames that went through the pipeline.
        detected: of them, frames the detector looked at; the rest were still.
        latencies_s: age of each analysed frame when its events were written, seconds.
    """

    state: State = "offline"
    received: int = 0
    analysed: int = 0
    detected: float = 0.0
    latencies_s: list[float] = field(default_factory=list)

    def reset(self) -> None:
        """Begin the next interval; the state stays."""
        self.received = self.analysed = 0
        self.detected = 0.0
        self.latencies_s.clear()


class HealthMeter:
    """Gathers figures and reports them.

    Attributes:
        cameras: figures by camera.
        visitors: people on the floor at the last step.
        put_off: pictures that should have been looked at since the last report, had there been time.
        twice: how often people were followed twice lately, as the pipeline estimates it.
    """

    def __init__(
        self, cameras: Iterable[str], now: float, link: Callable[[], LinkFigures | None] = lambda: None
    ) -> None:
        """Begin at monotonic time ``now``, seconds; ``link`` tells how good the wire to the mall is."""
        self._link = link
        self.cameras = {name: CameraFigures() for name in cameras}
        self.visitors = self.put_off = 0
        self.twice = Twice()
        self._steps_s: list[float] = []
        self._began = now

    def stepped(self, duration_s: float) -> None:
        """A step of the whole pipeline took so long, seconds."""
        self._steps_s.append(duration_s)

    def due(self, now: float) -> bool:
        """Whether an interval is over at monotonic time ``now``."""
        return now - self._began >= REPORT_S

    def report(
        self,
        now: float,
        *,
        outbox_depth: int,
        events_lost: int,
        warnings: Iterable[str],
        clock_offset_s: float | None,
        store_fault: str = "",
        disk_free: float | None = None,
    ) -> Health:
        """The figures since the last report; begins the next interval.

        Args:
            now: monotonic time, seconds.
            outbox_depth: events that central has not acknowledged.
            events_lost: events given up ever, because neither disk nor memory had room.
            warnings: what an operator should look at, a line each.
            clock_offset_s: box time minus system time, seconds, or None.
            store_fault: why events cannot be stored, empty where they can.
            disk_free: share of their disk that is free, or None.
        """
        span_s = max(now - self._began, 1e-3)
        cameras = [
            CameraHealth(
                camera=name,
                state=figures.state,
                received_fps=round(figures.received / span_s, 2),
                analysed_fps=round(figures.analysed / span_s, 2),
                detected_fps=round(figures.detected / span_s, 2),
                latency_ms=round(1000 * max(0.0, _median(figures.latencies_s)), 1),
            )
            for name, figures in self.cameras.items()
        ]
        looked = sum(figures.detected for figures in self.cameras.values())
        late = (
            [overload(self.put_off, looked, span_s)] if self.put_off > OVERLOAD_SHARE * (self.put_off + looked) else []
        )
        link = self._link()
        health = Health(
            cameras=cameras,
            outbox_depth=outbox_depth,
            visitors=self.visitors,
            step_ms=round(1000 * _median(self._steps_s), 2),
            clock_offset_ms=None if clock_offset_s is None else round(1000 * clock_offset_s, 1),
            temperature_c=temperature_c(),
            events_lost=events_lost,
            warnings=[warning[:400] for warning in [*late, *warnings]][:MAX_WARNINGS],
            store_fault=store_fault[:400],
            disk_free=None if disk_free is None else round(disk_free, 4),
            link_rtt_ms=None if link is None else link.rtt_ms,
            link_lost=None if link is None else link.lost,
            duplicate_share=_rounded(self.twice.duplicate_share),
            fragment_share=_rounded(self.twice.fragment_share),
        )
        for figures in self.cameras.values():
            figures.reset()
        self._steps_s.clear()
        self.put_off = 0
        self._began = now
        return health


def overload(put_off: int, looked: float, span_s: float) -> str:
    """One line on pictures put off and looked at in a time."""
    share = 100 * put_off / (put_off + looked)
    return (
        f"overload: {share:.0f} % of the pictures worth a look were put off in {span_s:.0f} s, evenly on all cameras; "
        "lower fps in the box's file, or move cameras to another box"
    )


def temperature_c(thermal: Path = THERMAL) -> float | None:
    """The hottest zone the kernel reports, degrees Celsius, or None where it reports none."""
    found = []
    for zone in thermal.glob("thermal_zone*/temp"):
        try:
            found.append(int(zone.read_text()) / 1000)
        except (OSError, ValueError):
            continue
    plausible = [value for value in found if -60 <= value <= 200]  # the contract's range; broken sensors say more
    return round(max(plausible), 1) if plausible else None


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(min(1.0, share), 4)


def _median(values: list[float]) -> float:
    return statistics.median(values) if values else 0.0
