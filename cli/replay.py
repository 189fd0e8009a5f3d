"""`atrium replay`: the edge pipeline on recordings."""

from __future__ import annotations

import contextlib
import json
import random
import sys
from pathlib import Path
from typing import IO, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from calibration.site import Floor, Site, load_site
from contract.errors import AtriumError, BadInputError
from contract.times import from_rfc3339
from edge.capture.recording import Recording
from edge.capture.source import open_recording
from edge.detect.detector import Detector
from edge.detect.mask import PrivacyMask
from edge.detect.stage import DetectStage
from edge.outbox.store import Origin
from edge.overlay import ClipWriter, Overlay
from edge.pipeline import FloorPipeline, PipelineSettings
from edge.playback import Playback
from edge.replay import EventLog, Summary
from edge.replay import replay as play
from models.registry import DEFAULT_MODEL, resolve

BOX = "replay"
LARGEST_FPS = 240.0


def replay(
    video: Annotated[list[Path], typer.Argument(help="Recording, or several of one floor, one --camera each.")],
    site: Annotated[Path, typer.Option(help="The site's SITE.toml.")],
    camera: Annotated[list[str], typer.Option(help="The camera's name in the site; repeat in the videos' order.")],
    out: Annotated[Path, typer.Option(help="Where the events go, one JSON message a line.")],
    model: Annotated[str, typer.Option(help="A name on the shelf (atrium models list), or a file.")] = DEFAULT_MODEL,
    fps: Annotated[float | None, typer.Option(help="Pictures analysed a second (Hz); default: all.")] = None,
    start_frame: Annotated[
        int, typer.Option(min=0, help="First frame that is looked at, counted from 0; --fps counts from it.")
    ] = 0,
    start_at: Annotated[
        str, typer.Option(help="When frame 0 was taken, UTC as 2026-01-31T12:00:00.000Z.")
    ] = "1970-01-01T00:00:00.000Z",
    annotate: Annotated[Path | None, typer.Option(help="Write a video with everything drawn in (MP4, H.264).")] = None,
    seed: Annotated[int, typer.Option(help="Of the random names, so that the same run gives the same file.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as one JSON object.")] = False,
) -> None:
    """Run the edge pipeline on a recording, offline, as fast as it goes; the same events as live."""
    if fps is not None and not 0 < fps <= LARGEST_FPS:
        raise BadInputError(f"--fps {fps}: must lie between 0 and {LARGEST_FPS:g} pictures a second")
    place = load_site(site)
    floor = _floor_of(place, video, camera)
    began = from_rfc3339(start_at)
    recordings = {name: open_recording(path, name) for name, path in zip(camera, video, strict=True)}
    rate = fps or max(recording.rate_hz for recording in recordings.values())
    playback = Playback(
        {name: (recording, began) for name, recording in recordings.items()},
        rate,
        dict.fromkeys(camera, start_frame),
        ticks_from=start_frame,
    )
    detector = DetectStage(Detector(resolve(model).path), _masks_of(floor))
    pipeline = FloorPipeline(floor, PipelineSettings(), random.Random(seed))  # noqa: S311 - names, not keys
    names = random.Random(f"sessions {seed}")  # noqa: S311 - names, not keys
    summary, overlay = Summary(), Overlay(floor, camera)
    with contextlib.ExitStack() as stack:
        stream = stack.enter_context(_open_for_writing(out))
        clip = stack.enter_context(ClipWriter(annotate, rate)) if annotate else None
        log = EventLog(stream, Origin(place.id, floor.id, BOX), names)
        bar = stack.enter_context(_progress(quiet=as_json))
        task = bar.add_task("frames", total=_expected(recordings, rate, start_frame))
        for moment in play(playback.ticks(), detector, pipeline):
            log.write(moment.step)
            summary.frames += len(moment.tick.frames)
            summary.add(moment.step)
            if clip is not None and moment.tick.frames:
                picture = overlay.draw(moment.tick.frames, moment.step)
                if picture is not None:
                    clip.write(picture)
            bar.update(task, completed=summary.frames)
        bar.update(task, total=summary.frames)
    if not summary.frames:
        damage = "; ".join(playback.damage.values())
        raise BadInputError(damage or f"{video[0]}: no frame from --start-frame {start_frame} on; begin earlier")
    _tell(summary, floor, as_json=as_json)
    if playback.damage:
        raise AtriumError("; ".join(playback.damage.values()))


def _floor_of(place: Site, videos: list[Path], cameras: list[str]) -> Floor:
    if len(videos) != len(cameras):
        raise BadInputError(f"{len(videos)} videos and {len(cameras)} --camera; give each video its camera, in order")
    if len(set(cameras)) < len(cameras):
        raise BadInputError(f"--camera {', '.join(cameras)}: a camera stands twice; give each video its own")
    floors = {place.floor_of_camera(name).id for name in cameras}
    if len(floors) > 1:
        raise BadInputError(f"--camera {', '.join(cameras)}: on floors {', '.join(sorted(floors))}; replay one")
    return place.floor(floors.pop())


def _masks_of(floor: Floor) -> dict[str, PrivacyMask]:
    sizes = {name: (camera.width, camera.height) for name, camera in floor.cameras.items()}
    return {name: PrivacyMask(polygons, sizes[name]) for name, polygons in floor.masks_px.items()}


def _open_for_writing(path: Path) -> IO[bytes]:
    try:
        return path.open("wb")
    except OSError as error:
        raise BadInputError(f"--out {path}: {error.strerror}; name a file in a folder that exists") from None


def _expected(recordings: dict[str, Recording], rate: float, start_frame: int) -> int | None:
    """How many frames will be analysed, or None where a file does not say."""
    total = 0
    for recording in recordings.values():
        if recording.length is None:
            return None
        total += round(max(0, recording.length - start_frame) * min(1.0, rate / recording.rate_hz))
    return total


def _progress(*, quiet: bool) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    return Progress(*columns, console=console, disable=quiet or not console.is_terminal)


def _tell(summary: Summary, floor: Floor, *, as_json: bool) -> None:
    if as_json:
        lines = {name: {way: summary.crossings[name, way] for way in ("in", "out")} for name in floor.lines}
        zones = {
            name: {"visits": summary.visits[name], "dwell_s": round(summary.dwell_s.get(name, 0.0), 3)}
            for name in floor.zones
        }
        found = {"frames": summary.frames, "visitors": summary.visitors, "crossings": lines, "visits": zones}
        sys.stdout.write(json.dumps(found) + "\n")
        return
    console = Console()
    table = Table(title=f"{summary.frames} frames, {summary.visitors} visitors")
    for heading in ("line or zone", "in", "out", "visits", "mean dwell"):
        table.add_column(heading, justify="left" if heading == "line or zone" else "right")
    for name in floor.lines:
        table.add_row(name, str(summary.crossings[name, "in"]), str(summary.crossings[name, "out"]), "", "")
    for name in floor.zones:
        count = summary.visits[name]
        mean = f"{summary.dwell_s[name] / count:.1f} s" if count else ""
        table.add_row(name, "", "", str(count), mean)
    console.print(table)
