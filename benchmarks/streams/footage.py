"""Streams as mall cameras send them, cut from the real clips: H.264 640x360, 8 frames a second, one slice a picture.

Every segment is transcoded once, into a cache folder outside the project. A picture that is not 16:9 is cropped, never
stretched: a stretched person is another shape than the detectors were trained on.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections import deque
from collections.abc import Callable
from dataclasses import astuple, dataclass, replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from calibration.site import load_site
from contract.errors import BadInputError
from edge.capture.frame import Image
from edge.capture.source import open_recording
from simulator.clips import choose_cameras, make_renderers, mot_lines
from simulator.encode import ClipWriter
from simulator.scene import GALLERIA
from simulator.world import World

SIZE = (640, 360)
"""Width and height of every stream, pixels."""
FPS = 8.0
KEY_EVERY = 8
"""Frames from one key picture to the next: a second, as `simulator.encode.ClipWriter` has it."""
CACHE = Path(os.environ.get("ATRIUM_BENCH_CACHE", Path(tempfile.gettempdir()) / "atrium-bench"))
DATA = Path(os.environ.get("ATRIUM_SHARED", Path(__file__).resolve().parents[3] / "shared" / "data"))
RECIPE = 2
"""Counts up when segments are transcoded differently, so that nobody measures old ones."""
MOVING_GRID = (106, 60)
"""Cells across and down; somebody at the far end of a shop fills a dozen."""
MOVING_CELLS = 8
"""So many of them must change within a quarter of a second before a frame counts as moving (fewer is shimmer),"""
MOVING_LEVELS = 8.0
"""each by so many grey levels in the mean. Nothing of the motion gate's own code, which is what is measured."""
CLOCK_ROWS = 5
"""Rows of cells that a burnt-in clock takes."""
QUIET_MOST = 0.25
"""Share of moving frames that a quiet segment has at most."""
SIMULATED_CAMERAS = ("g_west", "g_hall", "g_tasca")
WORLD_SEED = 3
OPEN_S = 60.0
"""Walked before the first rendered picture: by then people have come in."""
MIXES = ("busy", "quiet", "simulator")


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a real clip.

    Attributes:
        source: path below the data folder.
        start_s: where it begins, seconds.
        end_s: where it ends; None is the clip's end.
        crop_top: share of the surplus height that is cut off above rather than below, 0..1.
        clock: the picture's top rows carry a burnt-in clock, which is no motion of the scene.
        swings: after its end it runs back to its beginning, so that a loop has no cut at which people jump; only
            segments with nobody at either end do without.
    """

    source: str
    start_s: float = 0.0
    end_s: float | None = None
    crop_top: float = 0.0
    clock: bool = False
    swings: bool = True


# Chosen by pixels that change, before any detector saw them. Busy: somebody walks in most frames. Quiet: somebody comes
# by now and then, and at most `QUIET_MOST` of the frames move.
SEGMENTS: dict[str, tuple[Segment, ...]] = {
    "busy": (
        Segment("caviar/EnterExitCrossingPaths1cor.mpg", crop_top=0.55),
        Segment("caviar/EnterExitCrossingPaths1front.mpg", start_s=5.0, clock=True),
        Segment("caviar/OneLeaveShopReenter1front.mpg", start_s=3.0, clock=True),
        Segment("caviar/TwoLeaveShop2front.mpg", start_s=6.9, end_s=17.4, clock=True),
        Segment("video/store-aisle-detection.gif"),
        Segment("video/one-by-one-person-detection.mp4", start_s=49.5, end_s=71.5, swings=False),
    ),
    "quiet": (
        Segment("video/one-by-one-person-detection.mp4", end_s=7.4),
        Segment("caviar/OneStopMoveNoEnter1front.mp4", start_s=37.5, clock=True),
        Segment("video/one-by-one-person-detection.mp4", start_s=44.2, end_s=49.8),
        Segment("video/one-by-one-person-detection.mp4", start_s=86.6, end_s=92.4),
    ),
}


@dataclass(frozen=True, slots=True)
class Clip:
    """A stream's content: a file of ``SIZE`` at ``FPS``, to be played in a loop.

    Attributes:
        path: the transcoded file.
        name: for people.
        frames: how many it holds.
        moving: share of its frames in which something moves, 0..1.
        start: index of the frame it begins with, a key picture; cameras that share a clip do not show the same moment.
        truth: MOTChallenge text with the true boxes, where there is one.
    """

    path: Path
    name: str
    frames: int
    moving: float
    start: int = 0
    truth: Path | None = None


def clips_of(mix: str, cameras: int, *, data: Path = DATA, seconds: float = 30.0) -> list[Clip]:
    """A clip for each of so many cameras.

    Args:
        mix: ``busy``, ``quiet`` or ``simulator``.
        cameras: how many streams.
        data: folder of the real clips.
        seconds: length of rendered clips.

    Raises:
        BadInputError: where the footage is missing.
    """
    if mix == "simulator":
        clips = simulated(seconds, cameras)
    else:
        clips = [transcoded(segment, data) for segment in SEGMENTS[mix][:cameras]]
    return [shifted(clips[index % len(clips)], index // len(clips)) for index in range(cameras)]


def shifted(clip: Clip, rounds: int) -> Clip:
    """The clip from another key picture on: by 0.382 of its length a round, so that starting points never bunch."""
    return replace(clip, start=int(clip.frames * (0.382 * rounds % 1.0)) // KEY_EVERY * KEY_EVERY)


def transcoded(segment: Segment, data: Path = DATA) -> Clip:
    """The segment as a stream, from the cache where it has been made before.

    Raises:
        BadInputError: naming the file, where it is missing.
    """
    source = data / segment.source
    if not source.is_file():
        raise BadInputError(f"{source}: no such clip; give the data folder with --data or ATRIUM_SHARED")
    stamp = repr((RECIPE, source.stat().st_size, SIZE, FPS, *astuple(segment)))
    target = CACHE / f"{source.stem}-{hashlib.sha256(stamp.encode()).hexdigest()[:12]}.mp4"
    if not target.is_file():
        _write_once(target, partial(_transcode, source, segment))
    seconds = f"{segment.start_s:g}-{'' if segment.end_s is None else f'{segment.end_s:g}'} s"
    return Clip(target, f"{source.stem} {seconds}", *count_moving(target, clock=segment.clock))


def simulated(seconds: float, cameras: int) -> list[Clip]:
    """Rendered streams of the Galleria twin with their true boxes, from the cache where they have been made before."""
    frames = round(seconds * FPS)
    folder = CACHE / f"galleria-{RECIPE}-{frames}"
    names = SIMULATED_CAMERAS[: max(1, cameras)]
    found = []
    for name in names:
        clip, truth = folder / f"{name}.mp4", folder / f"{name}.gt.txt"
        if not clip.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            _write_once(clip, partial(_render, name, frames, truth))
        found.append(Clip(clip, f"galleria {name}", *count_moving(clip, clock=False), truth=truth))
    return found


def count_moving(path: Path, *, clock: bool) -> tuple[int, float]:
    """Frames of a stream, and the share of them in which something moves."""
    before: deque[npt.NDArray[np.float32]] = deque(maxlen=round(FPS / 4))
    count = moving = 0
    for frame in open_recording(path, "motion").frames():
        cells = cv2.resize(cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY), MOVING_GRID, interpolation=cv2.INTER_AREA)
        levels = cells[CLOCK_ROWS if clock else 0 :].astype(np.float32)
        if before:
            moving += int((np.abs(levels - before[0]) > MOVING_LEVELS).sum() >= MOVING_CELLS)
        before.append(levels)
        count += 1
    return count, moving / max(1, count - 1)


def fitted(image: Image, crop_top: float) -> Image:
    """The (H, W, 3) picture cropped to the shape of ``SIZE`` and scaled to it."""
    height, width = image.shape[:2]
    keep_h, keep_w = min(height, round(width * SIZE[1] / SIZE[0])), min(width, round(height * SIZE[0] / SIZE[1]))
    top, left = round(crop_top * (height - keep_h)), (width - keep_w) // 2
    part = image[top : top + keep_h, left : left + keep_w]
    way = cv2.INTER_AREA if keep_w > SIZE[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(part, SIZE, interpolation=way), np.uint8)


def _transcode(source: Path, segment: Segment, part: Path) -> None:
    recording = open_recording(source, "source")
    end_s = float("inf") if segment.end_s is None else segment.end_s
    shown: list[Image] = []
    with ClipWriter(part, *SIZE, FPS) as writer:
        for frame in recording.frames(min(FPS, recording.rate_hz)):
            if frame.captured_at >= end_s:
                break
            if frame.captured_at >= segment.start_s:
                image = fitted(frame.image, segment.crop_top)
                writer.write(image)
                if segment.swings:
                    shown.append(image)
        for image in shown[-2:0:-1]:
            writer.write(image)


def _render(camera: str, frames: int, truth: Path, part: Path) -> None:
    """One camera of the ground floor; the same people whichever cameras are rendered."""
    world = World(load_site(GALLERIA), WORLD_SEED, floors=["g"])
    renderer = next(iter(make_renderers(world, choose_cameras(world, [camera])).values()))
    lines: list[str] = []
    with ClipWriter(part, *SIZE, FPS) as writer:
        for index in range(frames):
            shot = renderer.shoot(world.at(OPEN_S + index / FPS)["g"])
            writer.write(shot.image)
            lines += mot_lines(index + 1, shot.boxes)
    truth.write_text("".join(lines))


def _write_once(target: Path, write: Callable[[Path], None]) -> None:
    """Writes whole or not at all, so that a run that was broken off leaves no half a clip."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.stem}.{os.getpid()}.part{target.suffix}")
    try:
        write(part)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
