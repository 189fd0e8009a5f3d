"""What a camera costs: Atrium beside the plain way on the same streams, in one run.

    python -m benchmarks.streams [--quick] [--json] [--cameras N] [--mix busy|quiet|both]
                                [--source clips|simulator|both] [--write]

Streams are 640x360 at 8 frames a second in H.264, made once from the real clips (never committed) or rendered. Both
ways, and decoding alone as the limit of both, run in turns of two seconds of every camera on one thread; their cost is
CPU time, not wall time. Then a box watches the streams live on all cores of this machine, and its latency is that from
a frame's capture to its tracks.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.progress import Progress

from benchmarks.streams.atrium import model_path
from benchmarks.streams.box import Report
from benchmarks.streams.footage import DATA, clips_of
from benchmarks.streams.misses import write_misses
from benchmarks.streams.paced import watch
from benchmarks.streams.race import Race, race
from benchmarks.streams.report import Figures, as_json, cores, markdown, show, told_command, write_section
from benchmarks.streams.truth import Truth, against_truth
from contract.errors import AtriumError
from simulator.rtsp import available

PEER = "detectors/yolox_nano_416x416.onnx"
LOADS = (0.5, 0.7, 0.85)
"""Shares of what the CPU figures promise for all cores, at which a live box is watched: its sender needs some, too."""
CAMERAS = 12
SECONDS = 60.0
LIVE_S = 30.0
WARM_S = 15.0
QUICK_CAMERAS, QUICK_S, QUICK_LIVE_S, QUICK_WARM_S = 2, 4.0, 3.0, 2.0
SIMULATED_S = 30.0


def main(
    *,
    quick: Annotated[
        bool, typer.Option(help="A few seconds of a few cameras: shows that it works, not how well.")
    ] = False,
    json_line: Annotated[bool, typer.Option("--json", help="One JSON object of figures as the last line.")] = False,
    cameras: Annotated[int | None, typer.Option(min=1, help="Streams at a time.")] = None,
    mix: Annotated[Literal["busy", "quiet", "both"], typer.Option(help="Which real footage.")] = "both",
    source: Annotated[
        Literal["clips", "simulator", "both"], typer.Option(help="Real clips or rendered ones.")
    ] = "both",
    seconds: Annotated[float | None, typer.Option(min=1, help="Of every stream, seconds.")] = None,
    model: Annotated[str | None, typer.Option(help="Atrium's model: a name on the shelf or an ONNX file.")] = None,
    peer: Annotated[Path | None, typer.Option(help="YOLOX-nano 416 for the plain way.")] = None,
    data: Annotated[Path, typer.Option(help="Folder of the real clips.")] = DATA,
    serve: Annotated[
        Literal["auto", "rtsp", "files", "none"],
        typer.Option(help="How the live box gets its streams; auto takes RTSP where this machine can serve it."),
    ] = "auto",
    live_cameras: Annotated[
        int | None, typer.Option(min=1, help="Cameras of the live box; else several shares of what fits.")
    ] = None,
    doors: Annotated[
        float, typer.Option(min=0, max=1, help="Share of cameras that see a tripwire: Atrium lets none of those rest.")
    ] = 0.0,
    misses: Annotated[
        Path | None, typer.Option(help="Folder for a picture of every walking track that Atrium has not.")
    ] = None,
    write: Annotated[bool, typer.Option(help="Put the figures into docs/performance.md.")] = False,
) -> None:
    """Prints both ways side by side."""
    try:
        import trackers  # noqa: F401, PLC0415 - the peer is optional
    except ImportError:
        raise SystemExit("the plain way's tracker is missing: uv pip install --no-deps trackers") from None
    count = cameras or (QUICK_CAMERAS if quick else CAMERAS)
    length_s = seconds or (QUICK_S if quick else SECONDS)
    mixes = [] if source == "simulator" else ["busy", "quiet"] if mix == "both" else [mix]
    over_rtsp = serve == "rtsp" or (serve == "auto" and available())
    loads = () if serve == "none" else (LOADS[0],) if quick or live_cameras else LOADS
    try:
        races, truth, live = _measure(
            [*mixes, *(["simulator"] if source != "clips" else [])],
            count=count,
            length_s=length_s,
            model=model,
            peer=peer or data / PEER,
            data=data,
            loads=loads,
            live_cameras=live_cameras,
            over_rtsp=over_rtsp,
            doors=doors,
            misses=misses,
            quick=quick,
        )
    except AtriumError as error:
        raise SystemExit(str(error)) from None
    figures = Figures(races, truth, live, "RTSP" if over_rtsp else "paced files", model_path(model).name)
    show(figures)
    if write:
        command = told_command("benchmarks.streams", sys.argv[1:])
        write_section("streams", markdown(figures, command, time.strftime("%Y-%m-%d")))
    if json_line:
        print(json.dumps(as_json(figures)))


def _measure(
    mixes: list[str],
    *,
    count: int,
    length_s: float,
    model: str | None,
    peer: Path,
    data: Path,
    loads: tuple[float, ...],
    live_cameras: int | None,
    over_rtsp: bool,
    doors: float,
    misses: Path | None,
    quick: bool,
) -> tuple[dict[str, Race], Truth | None, dict[str, list[Report]]]:
    """Races and live runs of every mix; rendered streams have truth and are not watched live."""
    races: dict[str, Race] = {}
    live: dict[str, list[Report]] = {}
    truth: Truth | None = None
    with Progress(transient=True) as progress:
        for mix in mixes:
            task = progress.add_task(f"{mix}: making streams", total=1.0)
            clips = clips_of(mix, count, data=data, seconds=length_s if quick else SIMULATED_S)
            progress.update(task, description=f"{mix}: {count} cameras, every way")
            ran = race(
                clips,
                peer=peer,
                model=model,
                seconds=length_s,
                doors=round(doors * count),
                progress=lambda share, task=task: progress.update(task, completed=share),  # type: ignore[misc]
            )
            races[mix] = ran.race
            if misses is not None:
                write_misses(mix, clips, ran, misses)
            if mix == "simulator":
                truth = against_truth(clips, ran, peer=peer, model=model)
                continue
            for load in loads if not (quick and live) else ():
                number = live_cameras or max(1, int(load * cores() * ran.race.atrium.cameras))
                progress.update(task, description=f"{mix}: {number} cameras live")
                live.setdefault(mix, []).append(
                    watch(
                        clips_of(mix, number, data=data),
                        seconds=QUICK_LIVE_S if quick else LIVE_S,
                        warm_s=QUICK_WARM_S if quick else WARM_S,
                        model=model,
                        rtsp=over_rtsp,
                    )
                )
    return races, truth, live


if __name__ == "__main__":
    typer.run(main)
