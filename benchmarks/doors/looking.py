"""What a box's detection stage finds in a clip, kept between runs."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from benchmarks.doors.copies import CACHE
from benchmarks.eval.looked import print_of_looking
from edge.capture.source import open_recording
from edge.detect.detector import Detector
from edge.detect.stage import DetectStage
from edge.reid.looks import LOOK
from edge.track.seen import STIR, Boxes

CAMERA = "front"

Seen = list[tuple[float, tuple[int, int], Boxes]]
"""Time of each analysed picture, its size, and the people in it."""


def seen_in(clip: Path, detector: Detector, fps: float, start_frame: int, folder: Path = CACHE) -> Seen:
    """The people in each picture that a box would look at, from the cache where it has looked before."""
    which = hashlib.sha256(repr((clip.name, clip.stat().st_size, fps, start_frame)).encode()).hexdigest()[:12]
    by = print_of_looking(detector.model, Path(__file__))
    target = folder / f"{clip.stem}-{detector.model.stem}-{fps:g}-{start_frame}-{which}-{by}.npz"
    try:
        return load(target)
    except (FileNotFoundError, BadZipFile):
        seen = look(clip, detector, fps, start_frame)
        save(target, seen)
        return seen


def look(clip: Path, detector: Detector, fps: float, start_frame: int) -> Seen:
    """The people in each picture that a box would look at."""
    stage = DetectStage(detector)
    seen: Seen = []
    for frame in open_recording(clip, CAMERA).frames(fps, start_frame, ticks_from=start_frame):
        found = stage.update(frame.captured_at, [frame])
        if CAMERA in found:
            seen.append((frame.captured_at, frame.size, found[CAMERA]))
    stage.close()
    return seen


def save(path: Path, seen: Seen) -> None:
    """Writes them whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.stem}.{os.getpid()}.part.npz")
    people = [found for _, _, found in seen]
    try:
        np.savez_compressed(
            part,
            at=np.array([at for at, _, _ in seen]),
            size=np.array([size for _, size, _ in seen]),
            count=np.array([len(found) for found in people]),
            box=np.concatenate([found.xyxy for found in people]),
            score=np.concatenate([np.asarray(found.confidence) for found in people]),
            look=np.concatenate([np.asarray(found.data[LOOK]) for found in people if len(found)]),
            stir=np.concatenate([np.asarray(found.data[STIR]) for found in people if len(found)]),
        )
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def load(path: Path) -> Seen:
    """What `save` wrote."""
    with np.load(path) as kept:
        at, size, count = kept["at"].tolist(), kept["size"].tolist(), kept["count"]
        box, score, looks, stirs = kept["box"], kept["score"], kept["look"], kept["stir"]
    ends = np.cumsum(count).tolist()
    return [
        (
            at[i],
            (size[i][0], size[i][1]),
            Boxes(
                box[end - n : end],
                score[end - n : end],
                {LOOK: looks[end - n : end], STIR: stirs[end - n : end]},
            ),
        )
        for i, (end, n) in enumerate(zip(ends, count.tolist(), strict=True))
    ]
