"""`atrium track DET.txt --fps F --out tracks.txt`: MOT detection text to MOT result text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def track(
    detections: Annotated[
        Path, typer.Argument(metavar="DET.txt", help="MOT text: frame,-1,x,y,w,h,score,...; pixels, frames from 1.")
    ],
    fps: Annotated[float, typer.Option(help="Frames a second of the recording.")],
    out: Annotated[Path, typer.Option(help="Result: frame,id,x,y,w,h,score,-1,-1,-1; pixels.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object of figures instead of a sentence.")] = False,
) -> None:
    """Follow people through a recording's detections.

    Whoever never moves (a mannequin, a poster) gets no id. As the recording is at hand, a person's first boxes, from
    before they were known to move, are theirs too, and gaps of up to two seconds are bridged along a straight line.
    """
    import json  # noqa: PLC0415 - numba and numpy load only when the command runs
    import time  # noqa: PLC0415

    from edge.track.mot import read_detections, write_tracks  # noqa: PLC0415
    from edge.track.offline import track_recording  # noqa: PLC0415

    frames = read_detections(detections)
    if not fps > 0:
        raise typer.BadParameter("must be above 0", param_hint="--fps")
    begun = time.perf_counter()
    rows = track_recording(frames, fps)
    seconds = time.perf_counter() - begun
    write_tracks(out, rows)
    people = len(set(rows[:, 1]))
    if as_json:
        typer.echo(
            json.dumps({"frames": len(frames), "people": people, "boxes": len(rows), "seconds": round(seconds, 3)})
        )
    else:
        typer.echo(f"{people} people in {len(frames)} frames, {len(rows)} boxes, {seconds:.2f} s -> {out}")
