"""What counts as a box on a mannequin."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import supervision as sv

from benchmarks.mannequins import Noted, Notes, as_a_box_looks, judge, mean_count, once
from edge.detect.detector import Detector


class _Says:
    """A detector that gives the same answer to every picture."""

    def __init__(self, boxes: list[list[float]]) -> None:
        self._boxes = np.array(boxes, np.float32)

    def detect(self, images: list[Any]) -> list[sv.Detections]:
        scores = np.linspace(0.9, 0.1, len(self._boxes), dtype=np.float32)
        return [sv.Detections(xyxy=self._boxes, confidence=scores) for _ in images]


def test_a_second_box_on_a_person_is_not_on_a_mannequin() -> None:
    walking, double = [10.0, 10.0, 30.0, 70.0], [10.0, 0.0, 30.0, 70.0]
    mannequin, unclear = [60.0, 10.0, 80.0, 70.0], [100.0, 10.0, 120.0, 70.0]
    noted = Noted("clip", 0, people=[tuple(walking)], unclear=[tuple(unclear)])  # type: ignore[list-item]
    says = cast("Detector", _Says([walking, double, mannequin, unclear]))
    judged = judge(once(says), Notes("", [noted]), [[np.zeros((80, 130, 3), np.uint8)]])
    assert judged.verdicts.tolist() == [1, -1, 0, -1]


def test_where_nobody_walks_every_box_counts() -> None:
    says = cast("Detector", _Says([[10.0, 10.0, 30.0, 70.0]]))
    judged = judge(once(says), Notes("", [Noted("clip", 0, [], [])]), [[np.zeros((80, 130, 3), np.uint8)]])
    assert judged.verdicts.tolist() == [0]


def test_a_cut_frame_is_judged_in_pixels_of_the_whole() -> None:
    seen: list[tuple[int, ...]] = []

    class Says(_Says):
        def detect(self, images: list[Any]) -> list[sv.Detections]:
            seen.extend(image.shape for image in images)
            return super().detect(images)

    notes = Notes("", [Noted("clip", 0, [(10.0, 10.0, 30.0, 70.0)], [])])
    says = cast("Detector", Says([[6.0, 2.0, 26.0, 62.0]]))
    judged = judge(once(says), notes, [[np.zeros((80, 130, 3), np.uint8)]], (4, 8, 2, 1))
    assert seen == [(71, 124, 3)]
    assert judged.boxes.tolist() == [[10.0, 10.0, 30.0, 70.0]]
    assert judged.verdicts.tolist() == [1]
    assert mean_count([judged, judged], 1.0, people=1) == 0
    assert mean_count([judged], 1.0, people=2) is None


def test_a_box_has_seen_the_film_before_a_frame_and_tells_what_it_told_last() -> None:
    """Of pictures that show nothing new it looks at the first alone."""
    seen: list[int] = []

    class Says(_Says):
        per_aspect = False

        def whole_scale(self, size: tuple[int, int]) -> float:
            return 1.0

        def detect(self, images: list[Any]) -> list[sv.Detections]:
            seen.append(len(images))
            return super().detect(images)

    notes = Notes("", [Noted("clip", 5, [(10.0, 10.0, 30.0, 70.0)], [])])
    says = cast("Detector", Says([[10.0, 10.0, 30.0, 70.0]]))
    still = [np.full((80, 130, 3), 90, np.uint8)] * 4
    assert judge(as_a_box_looks(says), notes, [still]).verdicts.tolist() == [1]
    assert seen == [1]
