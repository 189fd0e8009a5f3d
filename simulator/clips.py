"""Clips and truth of a twin, written to a folder."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import cv2

from calibration.camera import Camera
from contract.errors import BadInputError
from simulator.encode import ClipWriter
from simulator.render import Boxes, Renderer, Sensor
from simulator.truth import write_positions, write_truth
from simulator.world import World

EPOCH = "2026-06-05T11:30:00.000Z"
"""Start of clips that name no other: a Friday, half an hour before noon in UTC."""
FEWEST_PX = 4
"""People whose box is smaller in either direction are left out of ``.gt.txt``."""


def choose_cameras(world: World, names: Sequence[str] | None) -> dict[str, tuple[str, Camera]]:
    """Floor id and camera by camera name, all of the world's floors where no names are given.

    Raises:
        BadInputError: for a camera that those floors do not have.
    """
    known = {name: (floor.id, camera) for floor in world.floors.values() for name, camera in floor.cameras.items()}
    if not names:
        return known
    for name in names:
        if name not in known:
            raise BadInputError(
                f"{world.site.source}: no camera {name!r} on the simulated floors; they have {', '.join(known)}"
            )
    return {name: known[name] for name in names}


def make_renderers(world: World, cameras: dict[str, tuple[str, Camera]]) -> dict[str, Renderer]:
    """A renderer for every camera; each takes about two seconds of one core."""
    return {
        name: Renderer(world.stills[floor], camera, Sensor(), seed=world.seed + index)
        for index, (name, (floor, camera)) in enumerate(cameras.items())
    }


def write_clips(
    world: World,
    out: Path,
    *,
    seconds: float,
    fps: float,
    cameras: Sequence[str] | None = None,
    start: str = EPOCH,
    progress: Callable[[float], None] = lambda _share: None,
) -> list[Path]:
    """Writes ``<camera>.mp4`` and ``<camera>.gt.txt`` for every camera, ``truth.json`` and ``positions.csv``.

    Frame k (from 0) of every clip shows the moment k / fps. Lines of ``.gt.txt`` follow MOTChallenge:
    ``frame,id,x,y,w,h,1,1,visible`` with frames from 1, the box of the whole body clipped to the picture, and the share
    of it that is seen.

    Returns:
        the clips' paths.

    Raises:
        BadInputError: for an unknown camera, or no frame at all.
    """
    chosen = choose_cameras(world, cameras)
    frames = round(seconds * fps)
    if frames < 1 or fps <= 0:
        raise BadInputError(f"{seconds} s at {fps} frames a second is no frame at all; ask for more")
    out.mkdir(parents=True, exist_ok=True)
    renderers = make_renderers(world, chosen)
    paths = {name: out / f"{name}.mp4" for name in chosen}
    with contextlib.ExitStack() as stack:
        writers = {
            name: stack.enter_context(ClipWriter(paths[name], camera.width, camera.height, fps))
            for name, (_, camera) in chosen.items()
        }
        texts = {name: stack.enter_context((out / f"{name}.gt.txt").open("w")) for name in chosen}
        for frame in range(frames):
            states = world.at(frame / fps)
            for name, (floor, _) in chosen.items():
                shot = renderers[name].shoot(states[floor])
                writers[name].write(shot.image)
                texts[name].writelines(mot_lines(frame + 1, shot.boxes))
            progress((frame + 1) / frames)
    world.advance(seconds)
    write_truth(out / "truth.json", world.truth(start, fps, list(chosen)))
    write_positions(out / "positions.csv", world.positions)
    return list(paths.values())


def mot_lines(frame: int, boxes: Boxes) -> list[str]:
    """The frame's lines of MOTChallenge truth."""
    rows = zip(boxes.ids.tolist(), boxes.xyxy_px.tolist(), boxes.visible.tolist(), strict=True)
    return [
        f"{frame},{person},{x0:.2f},{y0:.2f},{x1 - x0:.2f},{y1 - y0:.2f},1,1,{visible:.3f}\n"
        for person, (x0, y0, x1, y1), visible in rows
        if min(x1 - x0, y1 - y0) >= FEWEST_PX
    ]


def start_now() -> str:
    """This moment as RFC 3339 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def quiet_threads() -> None:
    """OpenCV on one thread: pictures are small, and the cores belong to the detector."""
    cv2.setNumThreads(1)
