"""``atrium simulate``: a mall twin's clips and truth, or its cameras live."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

from calibration.site import load_site
from simulator.clips import quiet_threads, write_clips
from simulator.live import serve_live
from simulator.scene import GALLERIA
from simulator.world import World


def simulate(
    site: Annotated[
        Path | None, typer.Argument(help="site.toml with a scene.toml beside it; the Galleria twin by default")
    ] = None,
    out: Annotated[Path, typer.Option(help="folder for clips and truth")] = Path("simulated"),
    floor: Annotated[list[str] | None, typer.Option(help="floor id, may be repeated; all floors by default")] = None,
    seconds: Annotated[
        float | None, typer.Option(help="length in seconds; 60 by default, without end for --rtsp")
    ] = None,
    fps: Annotated[float, typer.Option(help="pictures a second and camera", min=0.1, max=60)] = 10.0,
    seed: Annotated[int, typer.Option(help="the same seed gives the same people", min=0)] = 0,
    cameras: Annotated[str | None, typer.Option(help="camera names, separated by commas; all by default")] = None,
    people: Annotated[float | None, typer.Option(help="parties that arrive a minute, over all floors", min=0)] = None,
    rtsp: Annotated[bool, typer.Option("--rtsp", help="serve the cameras live instead of writing clips")] = False,
    port: Annotated[int, typer.Option(help="TCP port of the RTSP server, 0 for a free one", min=0, max=65535)] = 8554,
    doors: Annotated[Path | None, typer.Option(help="with --rtsp: time starts when this file is there")] = None,
) -> None:
    """Write a mall twin's clips and exact truth, or serve its cameras live.

    The folder gets CAMERA.mp4 and CAMERA.gt.txt (MOT text: frame from 1, id, x, y, w, h in pixels, 1, 1, visible share)
    for every camera, truth.json (crossings, visits, check-ins; seconds since its start) and positions.csv
    (t in seconds, id, x, y in metres, floor). With --rtsp the truth is kept up to date while it runs.
    """
    quiet_threads()
    world = World(load_site(site or GALLERIA), seed, floors=floor, people_per_minute=people)
    names = [name.strip() for name in cameras.split(",") if name.strip()] if cameras else None
    out.mkdir(parents=True, exist_ok=True)
    if rtsp:
        _serve(world, out, seconds=seconds, fps=fps, names=names, port=port, doors=doors)
        return
    with Progress(transient=True) as progress:
        task = progress.add_task("rendering", total=1.0)
        paths = write_clips(
            world, out, seconds=60.0 if seconds is None else seconds, fps=fps, cameras=names,
            progress=lambda share: progress.update(task, completed=share),
        )  # fmt: skip
    own = world.recorder
    typer.echo(
        f"{len(paths)} clips in {out}: {len(own.persons)} people, {len(own.crossings)} crossings, "
        f"{len(own.visits)} visits, {len(own.checkins)} check-ins"
    )


def _serve(
    world: World,
    out: Path,
    *,
    seconds: float | None,
    fps: float,
    names: list[str] | None,
    port: int,
    doors: Path | None,
) -> None:
    stopping = threading.Event()

    def stop(*_args: Any) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)

    def ready(urls: dict[str, str]) -> None:
        for url in urls.values():
            typer.echo(url)
        typer.echo(f"live; truth in {out / 'truth.json'}")

    def opened() -> bool:
        return doors is None or doors.exists()

    serve_live(
        world, fps=fps, cameras=names, port=port, out=out, seconds=seconds, stopping=stopping.is_set,
        opened=opened, ready=ready,
        on_checkin=lambda one, at: typer.echo(
            f"check-in {at} {one.member} person {one.person} at {one.zone} {one.place_m[0]:g} {one.place_m[1]:g}"
        ),
        on_sale=lambda one, at: typer.echo(f"pays {at} {one.member} person {one.person} at {one.zone}"),
    )  # fmt: skip
