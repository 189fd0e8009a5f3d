"""The trackers to beat, each as its documentation runs it, with the true frame rate; those not installed are named.

Roboflow `trackers` (Apache-2.0): SORT, ByteTrack, OC-SORT and BoT-SORT, the last without camera motion compensation,
which wants pictures and has nothing to do for a camera that hangs still. `norfair` (BSD-3): overlap as its distance.
"""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import Any

import numpy as np
import supervision as sv
from numpy.typing import NDArray

from benchmarks.track.ours import Run

ROBOFLOW: dict[str, tuple[str, dict[str, Any]]] = {
    "SORT": ("SORTTracker", {}),
    "ByteTrack": ("ByteTrackTracker", {}),
    "OC-SORT": ("OCSORTTracker", {}),
    "BoT-SORT": ("BoTSORTTracker", {"enable_cmc": False}),
}
"""Name, class and what differs from its defaults."""


def roboflow(class_name: str, options: dict[str, Any]) -> Run:
    """One of the trackers of `trackers`."""
    make = getattr(importlib.import_module("trackers"), class_name)

    def run(frames: list[sv.Detections], fps: float) -> NDArray[np.float64]:
        tracker = make(frame_rate=fps, **options)
        rows = []
        for number, found in enumerate(frames, 1):
            result = tracker.update(found)
            names = np.empty(0, int) if result.tracker_id is None else result.tracker_id
            rows += [(number, name, *box) for box, name in zip(result.xyxy, names, strict=True) if name >= 0]
        return mot_rows(rows)

    return run


def norfair() -> Run:
    """The tracker of `norfair`, patient for a second."""
    package = importlib.import_module("norfair")

    def run(frames: list[sv.Detections], fps: float) -> NDArray[np.float64]:
        tracker = package.Tracker(
            distance_function="iou", distance_threshold=0.7, initialization_delay=2, hit_counter_max=max(3, round(fps))
        )
        rows = []
        for number, found in enumerate(frames, 1):
            scores = found.confidence if found.confidence is not None else np.ones(len(found))
            given = [
                package.Detection(points=box.reshape(2, 2), scores=np.array([score, score]))
                for box, score in zip(found.xyxy, scores, strict=True)
            ]
            rows += [(number, person.id, *person.estimate.ravel()) for person in tracker.update(detections=given)]
        return mot_rows(rows)

    return run


def mot_rows(rows: list[tuple[float, ...]]) -> NDArray[np.float64]:
    """Rows of frame, id and corners as MOT rows."""
    table = np.array(rows, float).reshape(-1, 6)
    table[:, 4:6] -= table[:, 2:4]
    return table


def installed() -> tuple[dict[str, Run], list[str]]:
    """The peers that can run here, by name, and the names of those that cannot."""
    found: dict[str, Run] = {}
    missing: list[str] = []
    for name, (class_name, options) in ROBOFLOW.items():
        if find_spec("trackers") is None or not hasattr(importlib.import_module("trackers"), class_name):
            missing.append(f"{name} (trackers)")
        else:
            found[name] = roboflow(class_name, options)
    if find_spec("norfair") is None:
        missing.append("norfair (norfair)")
    else:
        found["norfair"] = norfair()
    return found, missing
