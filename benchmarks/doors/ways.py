"""The ways of counting at a door: Atrium's whole pipeline, and ByteTrack, as it comes and tuned."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import supervision as sv

from benchmarks.doors.looking import CAMERA, Seen
from benchmarks.doors.scores import TRUTH_HZ, Crossings
from calibration.site import Floor
from contract.events import Crossing
from edge.pipeline import CameraObservation, FloorPipeline, PipelineSettings

TUNED: dict[str, Any] = {"high_conf_det_threshold": 0.5, "minimum_iou_threshold": 0.3}
TUNED_STAY = 3
"""ByteTrack at its best on these very clips, which Atrium's settings were not: of memories of half a second to three,
confirmation after one to five pictures, scores of 0.5 to 0.8, overlaps of 0.1 to 0.3, and one to five pictures that a
foot must be beyond the line, one after the other."""

Way = Callable[[Seen, float], Crossings]


def atrium(floor: Floor) -> Way:
    """What `atrium replay` tells."""

    def count(seen: Seen, fps: float) -> Crossings:  # noqa: ARG001 - Atrium goes by the pictures' times
        pipeline = FloorPipeline(floor, PipelineSettings(), random.Random(0))  # noqa: S311 - names of nobody
        found: Crossings = {"in": [], "out": []}
        steps = [pipeline.update(at, {CAMERA: CameraObservation(at, people, size)}) for at, size, people in seen]
        for step in [*steps, pipeline.close(seen[-1][0])]:
            for at, body in step.bodies:
                if isinstance(body, Crossing):
                    found[body.direction].append(at * TRUTH_HZ)
        return found

    return count


def bytetrack(line: Sequence[Sequence[float]], *, tuned: bool) -> Way:
    """ByteTrack of Roboflow `trackers` and a line of supervision (left to right; up in the picture is in the shop)."""
    from trackers import ByteTrackTracker  # noqa: PLC0415 - the peer is optional

    def count(seen: Seen, fps: float) -> Crossings:
        tracker = ByteTrackTracker(frame_rate=fps, **(TUNED if tuned else {}))
        door = sv.LineZone(
            sv.Point(*line[0]),
            sv.Point(*line[1]),
            triggering_anchors=[sv.Position.BOTTOM_CENTER],
            minimum_crossing_threshold=TUNED_STAY if tuned else 1,
        )
        found: Crossings = {"in": [], "out": []}
        for at, _, people in seen:
            tracks = tracker.update(sv.Detections(people.xyxy, None, people.confidence, np.zeros(len(people), int)))
            known = np.empty(0, int) if tracks.tracker_id is None else tracks.tracker_id
            tracks = sv.Detections(tracks.xyxy[known >= 0], tracker_id=known[known >= 0])
            inward, outward = door.trigger(tracks)
            found["in"] += [at * TRUTH_HZ] * int(inward.sum())
            found["out"] += [at * TRUTH_HZ] * int(outward.sum())
        return found

    return count


def mirrored_line(line: Sequence[Sequence[float]], width_px: int) -> list[list[float]]:
    """A line in a picture as the mirrored picture has it, again left to right."""
    return [[width_px - x, y] for x, y in reversed(line)]
