"""Boxes on their way through a box's stages, and for `supervision`."""

from __future__ import annotations

import numpy as np
import supervision as sv

from edge.track.config import TrackerConfig
from edge.track.seen import Boxes, nobody
from edge.track.tracker import Tracker

TWO = Boxes(
    np.array([[10, 10, 40, 90], [60, 12, 88, 80]], np.float32),
    np.array([0.9, 0.4], np.float32),
    {"look": np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)},
)
MORE = Boxes(np.array([[1, 2, 3, 4]], np.float32), np.array([0.7], np.float32), {"stir": np.ones(1, np.float32)})


def test_a_mask_chooses_boxes_with_all_that_is_known_of_them():
    second = TWO.chosen(np.array([False, True]))
    assert second.xyxy.tolist() == [[60, 12, 88, 80]]
    assert second.data["look"].tolist() == [[3.0, 4.0]]
    assert TWO.chosen(np.ones(2, np.bool_)) is TWO


def test_joining_keeps_what_is_known_of_all():
    both = TWO.joined(MORE)
    assert both.confidence.tolist() == [np.float32(0.9), np.float32(0.4), np.float32(0.7)]
    assert both.data == {}
    assert TWO.joined(nobody()) is TWO
    assert nobody().joined(MORE) is MORE


def test_who_writes_into_a_copy_changes_nothing_else():
    copy = TWO.copied()
    copy.xyxy[:] = copy.confidence[:] = copy.data["look"][:] = 0
    assert TWO.xyxy.any()
    assert TWO.confidence.any()
    assert TWO.data["look"].any()


def test_supervision_gives_and_takes_them():
    there = TWO.detections()
    assert there.xyxy.tolist() == TWO.xyxy.tolist()
    assert there.class_id.tolist() == [0, 0]
    back = Boxes.of(there)
    assert back.confidence.tolist() == TWO.confidence.tolist()
    assert back.data["look"].tolist() == TWO.data["look"].tolist()
    assert Boxes.of(sv.Detections(TWO.xyxy)).confidence.tolist() == [1.0, 1.0]  # as the tracker takes them
    assert len(nobody().detections()) == 0


def test_supervision_draws_detections_and_tracks():
    tracker = Tracker(TrackerConfig())
    for step in range(12):
        walked = Boxes(TWO.xyxy + np.float32(2 * step), TWO.confidence)
        tracks = tracker.update(step / 8, walked, (160, 120))
    assert tracks.detections().tracker_id.tolist() == tracks.id.tolist() != []
    blank = np.zeros((120, 160, 3), np.uint8)
    for seen in (walked.detections(), tracks.detections()):
        drawn = sv.BoxAnnotator().annotate(blank.copy(), seen)
        assert drawn.any()
    labelled = sv.LabelAnnotator().annotate(blank.copy(), tracks.detections(), [f"#{i}" for i in tracks.id])
    assert labelled.any()
