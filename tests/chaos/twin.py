"""The simulator's twin as a chaos test wants it: two small clips, their truth, and a box that is told who is where.

This test is about losing nothing, not about seeing well: the detector hands on the simulator's own boxes, so that
every crossing of the truth is due in the store, and the smallest miss means a lost event.
"""

from __future__ import annotations

import json
import shutil
import signal
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
import numpy as np
import supervision as sv

from calibration.camera import load_cameras
from calibration.site import load_site
from edge.app import run_box
from edge.box import load_box
from edge.capture.frame import Frame
from simulator.clips import write_clips
from simulator.scene import GALLERIA
from simulator.world import World

FLOOR = "g"
CAMERAS = ("g_west", "g_east")
SIZE_PX = (320, 180)
"""A quarter of the twin's pixels: four times quicker to render."""
FPS = 5.0
PARTIES_A_MINUTE = 4.0
"""Half the twin's usual traffic: nobody is hidden behind a crowd, so that every crossing of the truth can be seen."""


class TruthDetector:
    """Says what the simulator says: a stage like the real one."""

    analysed = 0
    put_off = 0

    def __init__(self, folder: Path) -> None:
        self._boxes: dict[tuple[str, int], list[tuple[float, ...]]] = defaultdict(list)
        for camera in CAMERAS:
            for line in (folder / f"{camera}.gt.txt").read_text().splitlines():
                frame, _person, x, y, width, height, *_ = (float(value) for value in line.split(","))
                self._boxes[camera, int(frame) - 1].append((x, y, x + width, y + height))

    def update(
        self, now: float, frames: Sequence[Frame], go_on: Callable[[], bool] | None = None
    ) -> dict[str, sv.Detections]:
        self.analysed += len(frames)
        found = {}
        for frame in frames:
            xyxy = np.array(self._boxes.get((frame.camera, frame.index), []), np.float32).reshape(-1, 4)
            scores = np.full(len(xyxy), 0.9, np.float32)
            found[frame.camera] = sv.Detections(xyxy=xyxy, confidence=scores, class_id=np.zeros(len(xyxy), int))
        return found

    def resting(self, camera: str, now: float) -> bool:
        return False


def write_twin(folder: Path, seconds: float, seed: int) -> None:
    """Site, clips and truth."""
    site_folder = folder / "site"
    shutil.copytree(GALLERIA.parent, site_folder)
    path = site_folder / f"{FLOOR}.cameras.json"
    views = load_cameras(path)
    entries = {}
    for name in CAMERAS:
        small = views[name].scaled(*SIZE_PX)
        entries[name] = {
            "width": small.width,
            "height": small.height,
            "K": small.matrix.tolist(),
            "dist": small.distortion.tolist(),
            "R": small.rotation.tolist(),
            "t": small.translation.tolist(),
        }
    path.write_text(json.dumps(entries), encoding="utf-8")
    world = World(load_site(site_folder / "site.toml"), seed, floors=[FLOOR], people_per_minute=PARTIES_A_MINUTE)
    write_clips(world, folder, seconds=seconds, fps=FPS, cameras=CAMERAS)


def write_box_file(folder: Path, state: str, pace: str, mqtt: str) -> Path:
    start = json.loads((folder / "truth.json").read_text())["start"]
    text = (
        f'schema = "atrium.box.v1"\nid = "box-g"\nsite = "site/site.toml"\nfloor = "{FLOOR}"\nstate_dir = "{state}"\n'
        f'fps = {FPS}\npace = "{pace}"\n[mqtt]\n{mqtt}\n'
    )
    for name in CAMERAS:
        text += f'[[cameras]]\nname = "{name}"\nurl = "{name}.mp4"\nstart_at = "{start}"\n'
    path = folder / f"BOX-{state}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def main() -> None:
    """``python tests/chaos/twin.py BOX.toml``: the box, until its recordings are through."""
    cv2.setNumThreads(1)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    config = Path(sys.argv[1])
    detector = TruthDetector(config.parent)
    outcome = run_box(load_box(config), stop, lambda line: sys.stderr.write(f"{line}\n"), detector=detector)
    sys.exit(0 if outcome.ended and not outcome.unacknowledged else 1)


if __name__ == "__main__":
    main()
