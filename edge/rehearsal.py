"""Before the first picture: every compiled kernel runs once, so that a box is not blind while the first people come in.

Numba compiles a kernel when it is first called. All of them together take the better part of a minute on a fresh
installation; afterwards they come from its cache in a moment.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping

import numpy as np

from calibration.camera import Camera, Floats
from calibration.site import Floor
from edge.pipeline import CameraObservation, FloorPipeline, PipelineSettings
from edge.track.seen import Boxes

FPS = 5
WALK_S = 8.0
SPEED_MPS = 1.0
HIDDEN_S = (4.0, 5.0)
"""Nobody is seen for a while: people are lost and found."""
LOOK = (0.5, 0.6)
"""Where in its picture each camera sees somebody half way, as shares of width and height."""
WIDTH_SHARE = 0.4
SCORE = 0.9


def rehearse(floor: Floor, settings: PipelineSettings) -> int:
    """Lets people who are not there walk over a floor: through its doors, and where its cameras look.

    Args:
        floor: the box's own; nothing of what happens on it is kept.
        settings: the pipeline's.

    Returns:
        How many visits, crossings and journeys that would have been.
    """
    pipeline = FloorPipeline(floor, settings, random.Random(0))  # noqa: S311 - names of nobody
    told = sum(len(pipeline.update(now, seen).bodies) for now, seen in _walk(floor))
    return told + len(pipeline.close(WALK_S).bodies)


def _walk(floor: Floor) -> Iterator[tuple[float, Mapping[str, CameraObservation]]]:
    """What the cameras would see, FPS times a second."""
    doors = [(line.ends_m.mean(0), line.in_normal) for line in floor.lines.values()]
    views = [
        camera.floor_from_pixels(np.array([[camera.width, camera.height]]) * LOOK)[0]
        for camera in floor.cameras.values()
    ]
    middle_m = np.array([middle for middle, _ in doors] + views).reshape(-1, 2)
    ahead = np.array([normal for _, normal in doors] + [(1.0, 0.0)] * len(views)).reshape(-1, 2)
    for now in np.arange(0.0, WALK_S, 1 / FPS).tolist():
        people = middle_m + (now - WALK_S / 2) * SPEED_MPS * ahead
        hidden = HIDDEN_S[0] <= now < HIDDEN_S[1]
        yield (
            now,
            {name: _seen(camera, now, people[:0] if hidden else people) for name, camera in floor.cameras.items()},
        )


def _seen(camera: Camera, now: float, people_m: Floats) -> CameraObservation:
    """People at (N, 2) metres as one camera sees them."""
    feet, tall = camera.pixels_from_floor(people_m), camera.person_height_px(people_m)
    keep = camera.sees(people_m) & (tall > 0)  # nowhere, and so unseen, where a camera looks above the horizon
    feet, half = feet[keep], WIDTH_SHARE / 2 * tall[keep]
    boxes = np.column_stack([feet[:, 0] - half, feet[:, 1] - tall[keep], feet[:, 0] + half, feet[:, 1]])
    return CameraObservation(
        now,
        Boxes(boxes.astype(np.float32), np.full(len(boxes), SCORE, np.float32)),
        (camera.width, camera.height),
    )
