"""A floor in the mirror: who is seen from the other side of every picture walks the same way, mirrored."""

from __future__ import annotations

import numpy as np
import pytest
import supervision as sv

from benchmarks.doors.copies import mirrored_floor
from edge.pipeline import CameraObservation
from tests.edge.floor_scene import SIZE_PX, Scene, along, camera, floor, line, wall, zone

SECONDS = 16.0
WIDTH_M = 20.0


def crowded(seed):
    """A shop behind a wall with a door, two cameras of which one sees little of it, and five who meet at the door."""
    own = floor(
        [camera("a", (1, 1), (10, 7)), camera("b", (17, 11), (9, 5))],
        [zone("shop", 6, 6, 14, 12)],
        [line("door", "shop", (8, 6), (12, 6), (0, 1))],
        [wall("left", (4, 6), (8, 6)), wall("right", (12, 6), (16, 6))],
        size_m=(WIDTH_M, 12.0),
    )
    walkers = [
        along([(3, 2), (9.5, 5), (9.8, 8, 2), (9.2, 5), (2, 3)], 0.5),
        along([(17, 3), (10.5, 5), (10.4, 9, 1)], 1.0),
        along([(16, 4), (11, 5), (11.2, 8)], 2.5),
        along([(10.5, 10), (10, 7), (9.9, 3), (3, 3)], 0.5),
        along([(2, 4.5), (18, 4)], 1.0),
    ]
    return Scene(own, walkers, noise_px=2.0, miss=0.1, seed=seed)


def over(detections):
    """What a detector would say of the mirrored picture."""
    boxes = detections.xyxy.copy()
    boxes[:, [0, 2]] = SIZE_PX[0] - detections.xyxy[:, [2, 0]]
    return sv.Detections(boxes, confidence=detections.confidence)


@pytest.mark.parametrize("seed", range(3))
def test_everything_told_of_mirrored_boxes_is_mirrored(seed):
    scene = crowded(seed)
    plain, other = scene.pipeline(), Scene(mirrored_floor(scene.floor), []).pipeline()
    told = []
    for now, seen in scene.observations(0.0, SECONDS):
        turned = {n: CameraObservation(o.captured_at, over(o.detections), o.size) for n, o in seen.items()}
        one, two = plain.update(now, seen), other.update(now, turned)
        assert one.visitors.token == two.visitors.token
        there = one.visitors.position_m * (-1.0, 1.0) + (WIDTH_M, 0.0)
        np.testing.assert_allclose(two.visitors.position_m, there, atol=1e-3)
        told += zip(one.bodies, two.bodies, strict=True)
    told += zip(plain.close(SECONDS).bodies, other.close(SECONDS).bodies, strict=True)
    assert {type(body).__name__ for (_, body), _ in told} == {"Crossing", "Visit", "Journey"}
    for (at, body), (at_too, body_too) in told:
        assert at_too == pytest.approx(at, abs=1e-3)
        assert type(body_too) is type(body)
        assert getattr(body_too, "direction", "") == getattr(body, "direction", "")
        assert body_too.visitor == body.visitor
