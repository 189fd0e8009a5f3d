"""A box under full load for an hour: its memory may not grow, and no old frame may be worked on.

    python -m benchmarks.soak [--minutes 60] [--cameras N] [--model NAME_OR_FILE] [--out DIR] [--json] [--write]

More cameras than the machine carries send 640x360 at 8 frames a second; a process runs what a box runs, from capture
to tracks, and writes a sample a second. Exit status 0 where memory grew by less than 1 % after the warm-up, and no
frame was a second old when its tracks were known.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer

from benchmarks.soak.plot import draw
from benchmarks.soak.run import WARM_S, soak
from benchmarks.streams.footage import CACHE, DATA
from benchmarks.streams.report import machine, told_command, write_section
from contract.errors import AtriumError
from simulator.rtsp import available


def main(
    *,
    minutes: Annotated[float, typer.Option(min=0.5, help="Watched after the warm-up, minutes.")] = 60.0,
    cameras: Annotated[int | None, typer.Option(min=1, help="Streams; else what overloads this machine.")] = None,
    model: Annotated[str | None, typer.Option(help="Atrium's model: a name on the shelf or an ONNX file.")] = None,
    mix: Annotated[Literal["busy", "quiet"], typer.Option(help="Which footage.")] = "busy",
    data: Annotated[Path, typer.Option(help="Folder of the real clips.")] = DATA,
    serve: Annotated[Literal["auto", "rtsp", "files"], typer.Option(help="How the streams come.")] = "auto",
    warm_s: Annotated[float, typer.Option(min=1, help="Warm-up, seconds.")] = WARM_S,
    out: Annotated[Path, typer.Option(help="Where soak.csv and soak.png go.")] = CACHE / "soak",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object as the last line.")] = False,
    write: Annotated[bool, typer.Option(help="Put the figures into docs/performance.md.")] = False,
) -> None:
    """Soaks a box and says whether it stood the load."""
    over_rtsp = serve == "rtsp" or (serve == "auto" and available())
    try:
        ran = soak(
            cameras, seconds=60 * minutes, warm_s=warm_s, model=model, mix=mix, data=data, rtsp=over_rtsp, out=out
        )
    except AtriumError as error:
        raise SystemExit(str(error)) from None
    draw(ran.samples, warm_s, out / "soak.png")
    verdict, report = ran.verdict, ran.report
    oldest_ms = 1e3 * verdict.oldest_s
    way = "RTSP" if over_rtsp else "paced files"
    lines = [
        f"{report.cameras} cameras ({mix}) over {way} for {minutes:g} minutes after {warm_s:g} s of warm-up",
        f"{100 * report.processed:.0f} % of their frames processed, {verdict.dropped} overtaken or put off",
        f"resident memory {report.rss_mb:.0f} MB, grew by {100 * verdict.growth:.2f} %",
        f"a frame's age at its tracks, ms: p50 {report.p50_ms:.0f}, p99 {report.p99_ms:.0f}, oldest {oldest_ms:.0f}",
        "stood the load" if verdict.stood else "failed: " + "; ".join(verdict.faults),
    ]
    print("\n".join(lines))
    print(f"samples {out / 'soak.csv'}, plot {out / 'soak.png'}")
    if write:
        command = told_command("benchmarks.soak", sys.argv[1:])
        heading = f"`{command}`, {time.strftime('%Y-%m-%d')}, {machine()}."
        write_section("soak", "\n\n".join([heading, *(f"- {line}" for line in lines)]).replace("\n\n- ", "\n- "))
    if as_json:
        print(
            json.dumps(asdict(verdict) | {"cameras": report.cameras, "rss_mb": report.rss_mb, "stood": verdict.stood})
        )
    sys.exit(0 if verdict.stood else 1)


if __name__ == "__main__":
    typer.run(main)
