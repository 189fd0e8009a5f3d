"""Films a walk with every camera of the twin's floor and detects the walker with the shipped model, once."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from rich.progress import track as progress

from benchmarks.walk.installer import Installer
from calibration.camera import Floats
from calibration.site import load_site
from edge.detect.detector import Detector
from models.registry import resolve
from simulator.navigation import Ways
from simulator.render import Renderer, Sensor
from simulator.scene import GALLERIA, floor_still, load_scene

FLOOR, MODEL = "g", "person-mall"
START_M = np.array([9.0, 7.5])
"""The middle of the hall."""
SCORE_MIN = 0.05
"""As `atrium detect` has it."""
BATCH = 4


def walk_of(seconds: float, seed: int) -> Installer:
    """The installer's walk over the floor."""
    site = load_site(GALLERIA)
    floor, scene = site.floor(FLOOR), load_scene(site).floors[FLOOR]
    return Installer(Ways(floor, floor_still(floor, scene).obstacles_m), START_M, floor.size_m, seconds, seed)


def phases_of(cameras: list[str], fps: float, seed: int) -> dict[str, float]:
    """By how much each camera's pictures come late, seconds: less than a frame, as nobody syncs them."""
    shares = np.random.default_rng([seed, 6]).uniform(0, 1, len(cameras))
    return dict(zip(cameras, (shares / fps).tolist(), strict=True))


def detected(folder: Path, seconds: float, fps: float, seed: int) -> dict[str, Floats]:
    """(N, 6) rows of frame from 0, x1, y1, x2, y2, score by camera; kept in the folder."""
    floor = load_site(GALLERIA).floor(FLOOR)
    place = folder / f"walk-{seed}-{seconds:g}s-{fps:g}fps-{MODEL}"
    place.mkdir(parents=True, exist_ok=True)
    missing = [name for name in floor.cameras if not (place / f"{name}.npy").is_file()]
    if missing:
        cv2.setNumThreads(1)
        scene = load_scene(load_site(GALLERIA)).floors[FLOOR]
        still = floor_still(floor, scene)
        installer = walk_of(seconds, seed)
        phases = phases_of(list(floor.cameras), fps, seed)
        detector = Detector(resolve(MODEL).path, SCORE_MIN, max_batch=BATCH)
        for name in missing:
            renderer = Renderer(still, floor.cameras[name], Sensor(), seed=seed + len(name))
            rows = [np.empty((0, 6))]
            for first in progress(range(0, round(seconds * fps), BATCH), name):
                frames = range(first, min(first + BATCH, round(seconds * fps)))
                images = [renderer.render(installer.at(frame / fps + phases[name])) for frame in frames]
                for frame, found in zip(frames, detector.detect(images), strict=True):
                    scores = np.zeros(len(found)) if found.confidence is None else found.confidence
                    rows.append(np.column_stack([np.full(len(found), float(frame)), found.xyxy, scores]))
            part = place / f"{name}.part.npy"
            np.save(part, np.concatenate(rows))
            part.replace(place / f"{name}.npy")
    return {name: np.load(place / f"{name}.npy") for name in floor.cameras}
