"""`atrium fuse SEQ_DIR --fps F --out floor.csv`: detections of all cameras of a floor to people in metres."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def fuse(
    sequence: Annotated[
        Path, typer.Argument(metavar="SEQ_DIR", help="Folder with cameras.json and a <camera>.det.txt for each camera.")
    ],
    fps: Annotated[float, typer.Option(help="Frames a second of the recordings; all begin together.")],
    out: Annotated[Path, typer.Option(help="Result: CSV frame,id,x,y; frames from 1, metres on the floor.")],
    site: Annotated[Path | None, typer.Option(help="The site's SITE.toml; its walls hide people from cameras.")] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="Look at the whole film before telling anything; for recordings only.")
    ] = False,
    bridge: Annotated[
        float | None,
        typer.Option(help="Gaps of one person up to this long are filled, seconds; 1, or 2 with --whole."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object of figures instead of a sentence.")] = False,
) -> None:
    """Follow people over a floor that several calibrated cameras watch: one person, one id.

    Boxes of all cameras are tracked together, so that nobody counts twice. What is told of a moment is certain two
    seconds later at most: one in which later boxes have their say, one in which a gap may close.

    With --whole nothing is told before the end: the film is followed forward and backward, ways are cut where the two
    differ about who is who, and joined again over its whole length. One camera alone mixes people up less that way;
    where several look into one room, names can get worse.

    Without --site a camera is taken to see as far as its picture reaches: behind walls it will be believed that nobody
    is there. Cameras are named as in the site, and cameras.json is in the metres of its plan. Where one camera alone
    looks, it takes a box of a score above 0.92 to begin somebody.
    """
    import json  # noqa: PLC0415 - numba and numpy load only when the command runs
    import time  # noqa: PLC0415

    from calibration.site import load_site  # noqa: PLC0415
    from contract.errors import BadInputError  # noqa: PLC0415
    from edge.floor.joint.ground import ground_of  # noqa: PLC0415
    from edge.floor.joint.recording import BRIDGE_S, fuse_recording, read_sequence, write_floor  # noqa: PLC0415

    if not 0 < fps < float("inf"):
        raise typer.BadParameter("must be above 0", param_hint="--fps")
    if bridge is not None and not 0 <= bridge < float("inf"):
        raise typer.BadParameter("must be 0 or above", param_hint="--bridge")
    cameras, frames = read_sequence(sequence)
    ground = None
    if site is not None:
        place = load_site(site)
        floors = {place.floor_of_camera(name).id for name in cameras}
        if len(floors) > 1:
            raise BadInputError(
                f"{sequence / 'cameras.json'}: cameras of floors {', '.join(sorted(floors))}; keep those of one"
            )
        ground = ground_of(place.floor(floors.pop()), cameras)
    begun = time.perf_counter()
    if whole:
        from edge.floor.joint.whole import film  # noqa: PLC0415

        bridge_s = film.BRIDGE_S if bridge is None else bridge
        rows = film.fuse_whole(cameras, frames, fps, bridge_s=bridge_s, ground=ground)
    else:
        bridge_s = BRIDGE_S if bridge is None else bridge
        rows = fuse_recording(cameras, frames, fps, bridge_s=bridge_s, ground=ground)
    seconds = time.perf_counter() - begun
    write_floor(out, rows)
    people, length = len(set(rows[:, 1].tolist())), max(len(each) for each in frames.values())
    if as_json:
        figures = {"cameras": len(cameras), "frames": length, "people": people, "positions": len(rows)}
        typer.echo(json.dumps(figures | {"seconds": round(seconds, 3)}))
    else:
        typer.echo(
            f"{people} people in {length} frames of {len(cameras)} cameras, {len(rows)} positions, "
            f"{seconds:.2f} s -> {out}"
        )
