"""Central's figures against its limits, and as they stand in `docs/performance.md`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.central.batches import Ratio
from benchmarks.central.growth import Point
from benchmarks.central.heat import HeatFigures
from benchmarks.central.ingest import MESSAGES_PER_S, POSITIONS_PER_S, Ingest
from benchmarks.central.watchers import Watching
from benchmarks.streams.report import machine

MOST_LAG_S = 1.0
LEAST_SHARE = 0.5
MOST_GROWTH = 1.2
MOST_DAY_MS, MOST_HOUR_MS = 100.0, 30.0
MOST_WATCHED_CORES = 0.5


@dataclass(frozen=True, slots=True)
class Bar:
    """A limit and what was reached, in words, and whether that clears it."""

    what: str
    reached: str
    limit: str
    clears: bool


def growth_of(curve: Sequence[Point]) -> float:
    """The dearest event beside the cheapest."""
    return max(point.wall_us for point in curve) / min(point.wall_us for point in curve)


def bars(taken: Ingest, ratio: Ratio, curve: Sequence[Point]) -> list[Bar]:
    """Every limit of the way in."""
    grown = growth_of(curve)
    return [
        Bar(
            "messages a second",
            f"{taken.messages_per_s:,.0f}",
            f"{MESSAGES_PER_S:,.0f}",
            taken.messages_per_s >= MESSAGES_PER_S,
        ),
        Bar(
            "positions a second",
            f"{taken.positions_per_s:,.0f}",
            f"{POSITIONS_PER_S:,.0f}",
            taken.positions_per_s >= POSITIONS_PER_S,
        ),
        Bar("events lost", f"{taken.sent - taken.received}", "0", taken.sent == taken.received and not taken.missing),
        Bar("positions lost", f"{taken.positions_lost}", "0", not taken.positions_lost),
        Bar("commit lag, 99th percentile, s", f"{taken.lag_p99_s:.3f}", f"{MOST_LAG_S}", taken.lag_p99_s < MOST_LAG_S),
        Bar("of bare executemany", f"{ratio.share:.0%}", f"{LEAST_SHARE:.0%}", ratio.share >= LEAST_SHARE),
        Bar("dearest event beside the cheapest", f"{grown:.2f}", f"{MOST_GROWTH}", grown <= MOST_GROWTH),
    ]


def heat_bars(heat: HeatFigures, watching: Watching) -> list[Bar]:
    """Every limit of heat, stored and live."""
    watched = watching.cores_watched - watching.cores_alone
    return [
        Bar(
            "a day's heatmap, 95th percentile, ms",
            f"{heat.day_p95_ms}",
            f"{MOST_DAY_MS:.0f}",
            heat.day_p95_ms < MOST_DAY_MS,
        ),
        Bar(
            "an hour's heatmap, 95th percentile, ms",
            f"{heat.hour_p95_ms}",
            f"{MOST_HOUR_MS:.0f}",
            heat.hour_p95_ms < MOST_HOUR_MS,
        ),
        Bar(
            f"cores that {watching.watchers} watchers of a live floor cost",
            f"{watched:.2f}",
            f"{MOST_WATCHED_CORES}",
            watched < MOST_WATCHED_CORES,
        ),
    ]


def heat_markdown(heat: HeatFigures, watching: Watching, command: str, day: str) -> str:
    """The section of heat between its markers."""
    return (
        f"`{command}`, {day}, {machine()}; load average {heat.load_average:.1f} and {watching.load_average:.1f}.\n\n"
        f"| {heat.positions:,} positions of {heat.visitors:,} people | reached | limit | clears |\n|---|---|---|---|\n"
        f"{_rows(heat_bars(heat, watching))}\n\n"
        f"- a day's heatmap: median {heat.day_p50_ms} ms, of it {heat.read_p50_ms} ms reading the chunks alone; CPU"
        f" {heat.day_cpu_ms} ms\n"
        f"- an hour's: median {heat.hour_p50_ms} ms, CPU {heat.hour_cpu_ms} ms; one that begins between quarters"
        f" {heat.live_hour_p95_ms} ms, five minutes {heat.five_minutes_p95_ms} ms (95th percentiles)\n"
        f"- a position costs {heat.take_us} us to take in and {heat.fold_us} us to fold, and rests in"
        f" {heat.bytes_per_position} bytes\n"
        f"- watchers: an event is there {watching.late_p95_s} s after its second (95th percentile);"
        f" {watching.event_bytes} bytes; the worst served got {watching.events_per_s} a second"
    )


def _rows(found: Sequence[Bar]) -> str:
    return "\n".join(
        f"| {bar.what} | {bar.reached} | {bar.limit} | {'yes' if bar.clears else '**no**'} |" for bar in found
    )


def markdown(taken: Ingest, ratio: Ratio, curve: Sequence[Point], command: str, day: str) -> str:
    """The section between its markers."""
    rows = _rows(bars(taken, ratio, curve))
    grown = "\n".join(
        f"| {point.stored:,} | {point.wall_us:.1f} | {point.cpu_us:.1f} | {point.mean_us:.1f} | {point.file_mb:,.0f} |"
        for point in curve
    )
    cores = ", ".join(f"{name} {share:.2f}" for name, share in taken.cores.items())
    return (
        f"`{command}`, {day}, {machine()}; load average at the end of the load {taken.load_average:.1f}.\n\n"
        f"| for {taken.seconds:.0f} s | reached | limit | clears |\n|---|---|---|---|\n{rows}\n\n"
        f"- {taken.sent:,} events and {taken.positions_sent:,} positions sent; half of the messages were committed"
        f" after {taken.lag_p50_s:.3f} s, all {taken.drained_s:.1f} s after the last was sent\n"
        f"- cores used: {cores}\n"
        f"- rows a second into the store: {ratio.ours:,.0f} through `batch.commit`, {ratio.raw:,.0f} bare\n\n"
        "| events stored | us an event | CPU us | mean us, checkpoints included | file MB |\n"
        f"|---|---|---|---|---|\n{grown}"
    )
