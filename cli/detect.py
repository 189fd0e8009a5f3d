"""`atrium detect`: detections of a source as MOT text."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from contract.errors import AtriumError, BadInputError
from edge.capture.address import redact
from edge.capture.frame import Frame
from edge.capture.live import LiveCamera
from edge.capture.source import open_source
from edge.detect.detector import DEFAULT_IOU_MAX, Detector
from edge.track.seen import Boxes
from models.registry import DEFAULT_MODEL, resolve

# Low enough for every use of the file: trackers and precision-recall curves cut it higher themselves.
DEFAULT_SCORE = 0.05
# A live source is given up when it has not shown a first frame for this long.
FIRST_FRAME_S = 20.0


def detect(
    source: Annotated[str, typer.Argument(help="video file, folder of pictures (by name), picture, or rtsp://...")],
    out: Annotated[Path, typer.Option(help="MOT detection text: frame,-1,x,y,w,h,score,-1,-1,-1; frames from 1")],
    model: Annotated[str, typer.Option(help="name on the model shelf, or an ONNX file")] = DEFAULT_MODEL,
    score: Annotated[float, typer.Option(min=0.0, max=1.0, help="least score written")] = DEFAULT_SCORE,
    iou: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="most overlap (IoU) of two boxes kept")
    ] = DEFAULT_IOU_MAX,
    fps: Annotated[
        float | None, typer.Option(min=0.01, help="rate analysed, Hz; default every frame. Frame numbers stay")
    ] = None,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="how long to watch a live source, s")] = None,
    threads: Annotated[int, typer.Option(min=1, help="threads of the detector")] = 1,
    batch: Annotated[int, typer.Option(min=1, help="pictures a run, where the model takes several")] = 4,
) -> None:
    """Detect people in every frame of SOURCE and write MOT detection text (pixels of the source's pictures)."""
    opened = open_source(source, "source", rng=random.Random())  # noqa: S311 - jitters reconnects, guards nothing
    if isinstance(opened, LiveCamera):
        if seconds is None:
            raise BadInputError(f"{redact(source)}: a live source never ends; say for how long with --seconds")
        frames, total, at_once = _watch(opened, seconds, fps), None, 1
    else:
        frames, at_once = opened.frames(fps), batch
        total = opened.length if fps is None or opened.length is None else None
    detector = Detector(resolve(model).path, score, iou, threads, at_once)
    with out.open("w", encoding="ascii") as file, _progress() as progress:
        task = progress.add_task("detecting", total=total)
        while chunk := list(islice(frames, detector.batch)):
            found = detector.detect([frame.image for frame in chunk])
            for frame, people in zip(chunk, found, strict=True):
                file.writelines(_mot_lines(frame.index + 1, people))
            progress.advance(task, len(chunk))
    if not isinstance(opened, LiveCamera) and opened.damage is not None:
        raise AtriumError(opened.damage)


def _watch(camera: LiveCamera, seconds: float, fps: float | None) -> Iterator[Frame]:
    """The newest frames of a live camera for some seconds from the first one on.

    Raises:
        AtriumError: where no first frame comes.
    """
    with camera:
        give_up = time.monotonic() + FIRST_FRAME_S
        ends: float | None = None
        due = 0.0
        while (now := time.monotonic()) < (ends or give_up):
            camera.fresh.wait(0.1)
            camera.fresh.clear()
            frame = camera.newest() if now >= due else None
            if frame is None:
                continue
            if ends is None:
                ends = now + seconds
            due = now + 1.0 / fps if fps is not None else now
            yield frame
        if ends is None:
            raise AtriumError(camera.status().detail)


def _mot_lines(number: int, people: Boxes) -> Iterator[str]:
    for (x1, y1, x2, y2), score in zip(people.xyxy, people.confidence, strict=True):
        yield f"{number},-1,{x1:.2f},{y1:.2f},{x2 - x1:.2f},{y2 - y1:.2f},{score:.4f},-1,-1,-1\n"


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)
