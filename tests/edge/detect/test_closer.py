"""A closer look: at whom one look leaves in doubt, once, and at nobody else."""

from __future__ import annotations

import math

import numpy as np
import pytest
import supervision as sv
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edge.detect.closer import SPOTS, CloserLook, CloserSettings, enlarged, found_again, region_around
from edge.detect.closer_kernels import recall
from edge.detect.stage import DetectStage
from tests.edge.detect.test_stage import SIZE, PaintFinder, frame

OWN = CloserSettings()


class Doubter(PaintFinder):
    """Finds dark rectangles, in doubt at first; seen larger, those in the left half of the picture are nobody."""

    def __init__(self, first=0.5, larger=(0.1, 0.9)):
        super().__init__()
        self.first, self.larger = first, larger
        self.looks = []

    def detect(self, images):
        return [self._scored(found, self.first) for found in super().detect(images)]

    def detect_regions(self, image, regions, scales=None):
        if image.shape[:2] == SIZE[::-1]:
            return self._scored(super().detect_regions(image, regions, scales), self.first)
        self.looks.append(image.shape[:2])
        (found,) = PaintFinder.detect(self, [image])
        return self._scored(found, self.larger[len(self.looks) % 2])

    @staticmethod
    def _scored(found, score):
        found.confidence = np.full(len(found), score, np.float32)
        return found


def told(stage, at, *people):
    """Scores by the left edge of each box."""
    found = stage.update(at, [frame("a", at, *people)])["a"]
    return {
        round(float(x)): round(float(score), 3) for (x, *_), score in zip(found.xyxy, found.confidence, strict=True)
    }


def test_whom_one_look_leaves_in_doubt_is_looked_at_again_and_gets_the_mean():
    finder = Doubter()
    stage = DetectStage(finder)
    scores = told(stage, 0.0, (100, 100), (500, 100))
    assert sorted(scores.values()) == [0.3, 0.7]
    assert len(finder.looks) == 2
    scale = finder.whole_scale(SIZE) * OWN.larger
    region = region_around(np.array([100, 100, 130, 180], np.float32), SIZE, finder.whole_scale(SIZE), OWN)
    assert finder.looks[0] == (round((region[3] - region[1]) * scale), round((region[2] - region[0]) * scale))


def test_what_a_closer_look_said_holds_for_a_while_and_who_was_somebody_is_not_doubted_while_they_walk():
    finder = Doubter(larger=(0.9, 0.1))  # the first to be looked at is nobody, the second somebody
    stage = DetectStage(finder)
    nobody, x = 0.3, 500
    assert sorted(told(stage, 0.0, (100, 100), (x, 100)).values()) == [nobody, 0.7]
    stood = [left for left, score in told(stage, 0.25, (100, 100), (x - 4, 100)).items() if score == nobody]
    assert len(stood) == 1  # by what is remembered
    for k in range(2, 40):
        told(stage, k / 4, (100, 100), (x - 4 * k, 100))
    assert len(finder.looks) == 2
    told(stage, 10.25, (100, 100), (x - 160, 100))
    assert len(finder.looks) == 3  # only at who was nobody: that is no longer sure


@pytest.mark.parametrize("score", [0.29, 0.71, 0.95])
def test_neither_who_is_sure_nor_what_is_faint_is_looked_at_again(score):
    finder = Doubter(score)
    assert list(told(DetectStage(finder), 0.0, (100, 100)).values()) == [pytest.approx(score, abs=1e-3)]
    assert finder.looks == []


def test_a_picture_has_so_many_closer_looks_and_the_others_wait_for_the_next():
    finder = Doubter(larger=(0.1, 0.1))
    stage = DetectStage(finder)
    crowd = [(60 * k + 10, 40 + 120 * row) for k in range(5) for row in range(2)]
    assert list(told(stage, 0.0, *crowd).values()).count(0.5) > 0
    assert len(finder.looks) == OWN.most
    told(stage, 0.25, *[(x + 3, y) for x, y in crowd])
    assert len(finder.looks) >= len(crowd)


def test_where_a_part_costs_as_much_as_the_whole_or_all_is_to_be_seen_plainly_nobody_looks_twice():
    finder = Doubter()
    told(DetectStage(finder, gated=False), 0.0, (100, 100))
    finder.per_aspect = False
    told(DetectStage(finder), 0.0, (100, 100))
    assert finder.looks == []


def test_whom_one_look_shows_tall_is_not_looked_at_again():
    finder = Doubter()
    assert told(DetectStage(finder), 0.0, (100, 60), (100, 139), (100, 218)) == {100: 0.5}  # one, 238 pixels tall
    assert finder.looks == []
    assert told(DetectStage(finder), 0.0, (100, 60), (100, 139)) == {100: 0.7}
    assert len(finder.looks) == 1


def test_the_region_of_somebody_upright_is_upright():
    left, top, right, bottom = region_around(np.array([100, 100, 130, 200], np.float32), SIZE, 1.0, OWN)
    assert (right - left) * OWN.larger == pytest.approx(256, abs=2)  # 30 and the margins of 50, half as large again
    assert (bottom - top) * OWN.larger == pytest.approx(320, abs=2)


def test_a_box_that_the_closer_look_does_not_find_is_hardly_anybody():
    closer, box = CloserLook(OWN), np.array([10, 10, 40, 90], np.float32)
    empty = np.empty((0, 4), np.float32), np.empty(0, np.float32)
    assert closer.doubts(0.0, box[None], np.array([0.6], np.float32)) == [0]
    assert closer.judge(0.0, box, 0.6, found_again(box, *empty, OWN.same)) == pytest.approx(0.305)
    elsewhere = np.array([[200, 10, 230, 90]], np.float32), np.array([0.9], np.float32)
    assert closer.judge(0.0, box, 0.6, found_again(box, *elsewhere, OWN.same)) == pytest.approx(0.305)
    scores = np.array([0.6], np.float32)
    assert closer.doubts(1.0, box[None], scores) == []
    assert scores[0] == pytest.approx(0.305, abs=1e-6)


def test_more_spots_than_there_is_room_for_are_looked_at_and_not_remembered():
    closer = CloserLook(CloserSettings(most=1000))
    boxes = np.array([[50 * k, 0, 50 * k + 20, 60] for k in range(SPOTS + 9)], np.float32)
    scores = np.full(len(boxes), 0.5, np.float32)
    for j in closer.doubts(0.0, boxes, scores):
        closer.judge(0.0, boxes[j], 0.5, 0.1)
    assert len(closer.doubts(0.1, boxes, scores)) == 9
    assert len(closer.doubts(0.0 - 1, boxes, np.full(len(boxes), 0.5, np.float32))) == len(boxes)  # a clock set back


@example((1.125, 0.0, 141.0, 1.0), 0.8984375)
@given(
    st.tuples(st.floats(0, 600), st.floats(0, 300), st.floats(1, 200), st.floats(1, 300)),
    st.floats(0.2, 1.0),
)
def test_what_is_looked_at_lies_in_the_picture_and_holds_what_of_the_box_does(box, scale):
    x, y, wide, high = box
    xyxy = np.array([x, y, min(x + wide, 640), min(y + high, 360)], np.float32)
    left, top, right, bottom = region_around(xyxy, SIZE, scale, OWN)
    assert 0 <= left <= math.floor(xyxy[0])
    assert 0 <= top <= math.floor(xyxy[1])
    assert math.ceil(xyxy[2]) <= right <= 640
    assert math.ceil(xyxy[3]) <= bottom <= 360
    assert min(right - left, 640) >= min(OWN.least_px / scale / 2, 640 / 2) - 1
    image = np.zeros((360, 640, 3), np.uint8)
    assert enlarged(image, (left, top, right, bottom), scale).shape[2] == 3


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_who_is_in_doubt_is_told_as_plainly(seed):
    rng = np.random.default_rng(seed)
    spots, known = np.zeros((6, 4), np.float32), np.zeros((6, 2))
    n, plain = 0, []
    for step in range(6):
        now = 1.7 * step * (1 + step % 3) - 2.0 * (step == 4)
        boxes = np.array([some_box(rng) for _ in range(rng.integers(0, 6))], np.float32).reshape(-1, 4)
        scores = rng.uniform(0.05, 0.95, len(boxes)).astype(np.float32)
        wanted, doubtful, plain = plainly(plain, now, boxes, scores.copy())
        doubted = np.full(len(boxes), 9, np.uint8)
        n = recall(spots, known, n, now, boxes, scores, doubted, OWN.low, OWN.high, OWN.same, OWN.stays_s, OWN.holds_s)
        assert doubted.tolist() == doubtful
        np.testing.assert_allclose(scores, wanted, atol=1e-6)
        for j in np.flatnonzero(doubted).tolist():
            if n < len(spots):
                shift = np.inf if scores[j] > 0.5 else -1.0
                spots[n], known[n] = boxes[j], (now, shift)
                plain.append([boxes[j], now, shift])
                n += 1
        assert n == len(plain)
        for (box, at, shift), spot, what in zip(plain, spots, known, strict=False):
            assert (box.tolist(), at, shift) == (spot.tolist(), *what.tolist())


def some_box(rng):
    x, y = rng.integers(0, 3, 2) * 30
    return np.array([x, y, x + 30, y + 60], np.float32) + rng.uniform(0, 12, 4).astype(np.float32)


def plainly(spots, now, boxes, scores):
    """Scores, doubts and spots after a picture, spelled out."""
    spots = [spot for spot in spots if 0 <= now - spot[1] <= (OWN.stays_s if spot[2] == np.inf else OWN.holds_s)]
    doubts = [0] * len(boxes)
    for j, (box, score) in enumerate(zip(boxes, scores.tolist(), strict=True)):
        if score < OWN.low:
            continue
        near = [(overlap_of(box, spot[0]), k) for k, spot in enumerate(spots)]
        iou, k = max(near, default=(0.0, -1))
        here = spots[k] if iou >= OWN.same else None
        if score >= OWN.high or (here is not None and here[2] == np.inf):
            if here is None and len(spots) < 6:
                spots.append([box, now, np.inf])
            elif here is not None:
                here[:] = [box, now, np.inf]
        elif here is not None:
            scores[j] = 1 / (1 + math.exp(-(math.log(score / (1 - score)) + here[2])))
        else:
            doubts[j] = 1
    return scores, doubts, spots


def overlap_of(one, other):
    """Intersection over union of two boxes (4,), by supervision."""
    return float(sv.box_iou_batch(one[None].astype(np.float64), other[None].astype(np.float64))[0, 0])


def test_who_walks_is_raised_by_a_closer_look_and_never_lowered():
    for larger, score in (((0.1, 0.1), 0.5), ((0.9, 0.9), 0.7)):
        finder = Doubter(larger=larger)
        stage = DetectStage(finder)
        told(stage, 0.0)
        assert list(told(stage, 0.625, (300, 100)).values()) == [score]  # came since the last picture
        assert len(finder.looks) == 1
    assert list(told(DetectStage(Doubter(larger=(0.1, 0.1))), 0.0, (300, 100)).values()) == [0.3]  # was there before


def test_who_walks_is_not_looked_at_closer_again_for_a_while():
    finder = Doubter(larger=(0.1, 0.1))
    stage = DetectStage(finder)
    told(stage, 0.0)
    for k in range(5, 9):
        told(stage, k / 8, (300 + 2 * k, 100))
    assert len(finder.looks) == 1
