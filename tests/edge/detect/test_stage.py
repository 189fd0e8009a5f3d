"""Detection as a stage: masked before it is seen, gated, in parts where that is enough, fair when time is short."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import supervision as sv

from edge.capture.frame import Frame
from edge.detect.eye import DetectSettings, nobody
from edge.detect.gate import GateSettings
from edge.detect.mask import PrivacyMask
from edge.detect.pace import PaceSettings, speed_heights
from edge.detect.regions import RegionSettings
from edge.detect.stage import DetectStage
from edge.reid.looks import LOOK
from edge.track.seen import STIR

SIZE = (640, 360)
DARK = 20
"""Painted people are darker than anything else."""


class PaintFinder:
    """Finds dark rectangles, and remembers what it was shown."""

    per_aspect = True

    def __init__(self):
        self.shown = []

    def detect(self, images):
        self.shown += [(image.copy(), None) for image in images]
        return [self._find(image, (0, 0)) for image in images]

    def whole_scale(self, size):
        return 416 / size[0]

    def detect_regions(self, image, regions, scales=None):
        assert all(0 < scale <= 1 for scale in scales)
        self.shown.append((image.copy(), list(regions)))
        found = [self._find(image[y1:y2, x1:x2], (x1, y1)) for x1, y1, x2, y2 in regions]
        return sv.Detections(
            xyxy=np.concatenate([one.xyxy for one in found]),
            confidence=np.concatenate([one.confidence for one in found]),
            class_id=np.zeros(sum(map(len, found)), int),
        )

    @staticmethod
    def _find(image, offset):
        dark = (cv2.cvtColor(image, cv2.COLOR_BGR2GRAY) <= DARK).astype(np.uint8)
        count, _, stats, _ = cv2.connectedComponentsWithStats(dark)
        rows = [(x, y, x + w, y + h) for x, y, w, h, area in stats[1:count] if area > 200]
        xyxy = np.array(rows, np.float32).reshape(-1, 4) + np.array([*offset, *offset], np.float32)
        return sv.Detections(
            xyxy=xyxy.astype(np.float32),
            confidence=np.full(len(rows), 0.9, np.float32),
            class_id=np.zeros(len(rows), int),
        )


SCENE = np.random.default_rng(2).integers(80, 200, (360, 640, 3)).astype(np.uint8)


def frame(camera, at, *people):
    """A picture with people: dark rectangles at x, y, 30 by 80 px."""
    image = SCENE.copy()
    for x, y in people:
        image[int(y) : int(y) + 80, int(x) : int(x) + 30] = DARK
    return Frame(camera, at, round(at * 8), image)


def boxes(found):
    return sorted(found.xyxy.tolist())


@pytest.fixture
def finder():
    return PaintFinder()


def test_still_cameras_are_not_looked_at_again_and_what_they_showed_holds(finder):
    stage = DetectStage(finder)
    first = stage.update(0.0, [frame("a", 0.0, (100, 100)), frame("b", 0.0)])
    again = stage.update(0.125, [frame("a", 0.125, (100, 100)), frame("b", 0.125)])
    assert len(finder.shown) == 2
    assert (stage.seen, stage.analysed, stage.put_off) == (4, 2, 0)
    assert boxes(again["a"]) == boxes(first["a"]) == [[100, 100, 130, 180]]
    assert len(again["b"]) == 0
    assert again["a"].data[LOOK].shape[0] == 1


def test_what_is_handed_out_may_be_changed(finder):
    stage = DetectStage(finder)
    stage.update(0.0, [frame("a", 0.0, (100, 100))])["a"].xyxy[:] = -1
    assert boxes(stage.update(0.1, [frame("a", 0.1, (100, 100))])["a"]) == [[100, 100, 130, 180]]


def test_who_stirs_is_told_of_pictures_that_were_looked_at_and_of_no_others(finder):
    stage = DetectStage(finder)
    told = [
        stage.update(i / 4, [frame("a", i / 4, (100, 100), (300, 100 + 2 * (i > 4)))])["a"].data[STIR] for i in range(8)
    ]
    assert all(one.shape == (2,) for one in told)
    assert [bool(np.isfinite(one).any()) for one in told] == [k in {2, 4, 5, 7} for k in range(8)]
    again = stage.update(2.0, [frame("a", 2.0)])["a"]
    assert again.data[STIR].shape == (0,)


def test_a_colour_picture_is_made_only_where_somebody_looks(finder):
    class Counting:
        size = SIZE
        made = 0

        def draw(self, canvas, regions):
            self.made += 1
            assert regions == [(0, 0, *SIZE)]
            return SCENE.copy()

        def luma(self):
            return np.ascontiguousarray(SCENE[..., 1])

    stage = DetectStage(finder)
    pictures = [Counting() for _ in range(4)]
    for i, picture in enumerate(pictures):
        stage.update(i / 8, [Frame("a", i / 8, i, picture)])
    assert [picture.made for picture in pictures] == [1, 0, 0, 0]


def test_masked_pixels_are_black_before_anybody_sees_them(finder):
    square = np.array([[0.0, 0.0], [319.0, 0.0], [319.0, 359.0], [0.0, 359.0]])
    stage = DetectStage(finder, {"a": PrivacyMask([square], SIZE)})
    given = [frame("a", i / 8, (60 * i, 100), (500, 100)) for i in range(4)]
    for one in given:
        stage.update(one.captured_at, [one])
    assert all((image[:, :320] == 0).all() for image, _ in finder.shown)
    assert all((one.image[:, :320] == 0).all() for one in given)
    assert (given[0].image[:, 330:] > 0).all()
    assert stage.analysed == 1  # what moved did so behind the mask


def test_only_the_part_that_moves_is_looked_at_and_who_stands_elsewhere_stays(finder):
    stage = DetectStage(
        finder, settings=DetectSettings(gate=GateSettings(refresh_people_s=1e9), regions=RegionSettings(whole_s=1e9))
    )
    answers = [stage.update(i / 8, [frame("a", i / 8, (100 + 12 * i, 100), (500, 200))])["a"] for i in range(6)]
    assert finder.shown[0][1] is None
    for _, regions in finder.shown[1:]:
        ((x1, y1, x2, y2),) = regions
        assert x2 <= 500
        assert (x2 - x1) * (y2 - y1) < 0.3 * 640 * 360
    for i, found in enumerate(answers):
        assert boxes(found) == [[100 + 12 * i, 100, 130 + 12 * i, 180], [500, 200, 530, 280]]
        assert len(found.data[LOOK]) == 2


def test_the_whole_picture_is_looked_at_every_other_second(finder):
    stage = DetectStage(finder)
    for i in range(33):
        stage.update(i / 8, [frame("a", i / 8, (100 + 12 * i, 100))])
    whole = [i for i, (_, regions) in enumerate(finder.shown) if regions is None]
    assert whole == [0, 16, 32]
    assert len(finder.shown) == 33
    assert len(whole) <= 12


def test_somebody_leaving_the_picture_is_gone(finder):
    stage = DetectStage(finder)
    for i in range(12):
        x = 540 + 20 * i
        found = stage.update(i / 8, [frame("a", i / 8, *([(x, 100)] if x < 640 else []))])["a"]
    assert len(found) == 0


def test_a_model_of_fixed_size_always_gets_the_whole(finder):
    finder.per_aspect = False
    stage = DetectStage(finder)
    for i in range(6):
        stage.update(i / 8, [frame("a", i / 8, (100 + 12 * i, 100))])
    assert all(regions is None for _, regions in finder.shown)


def test_a_slow_crowd_is_looked_at_half_as_often_and_a_walking_one_always(finder):
    def looks(step_px):
        stage = DetectStage(PaintFinder())
        answered = 0
        for i in range(24):
            people = [(40 + 70 * k + step_px * i, 100) for k in range(7)]
            answered += len(stage.update(i / 8, [frame("a", i / 8, *people)]))
        return stage.analysed, answered

    assert looks(9.0) == (24, 24)  # 0.9 heights a second
    analysed, answered = looks(1.6)
    assert 10 <= analysed <= 14
    assert answered < 20  # those between are the tracker's


def test_speed_is_in_heights_and_strangers_count_as_fast():
    before = np.array([[0, 0, 30, 100], [100, 0, 130, 100]], np.float32)
    assert speed_heights(before, before + np.float32(5), 0.125) == pytest.approx(np.hypot(5, 5) / 100 / 0.125, rel=1e-5)
    stranger = np.array([[0, 0, 30, 100], [300, 0, 330, 100]], np.float32)
    assert speed_heights(before, stranger, 0.125) > PaceSettings().slow_heights


def test_when_time_is_short_all_cameras_are_slowed_evenly(finder):
    stage = DetectStage(finder)
    names = [f"c{k}" for k in range(6)]
    counts = dict.fromkeys(names, 0)
    for i in range(40):
        left = iter([True] * 2)
        given = [frame(name, i / 8, (100 + 12 * i % 400, 100)) for name in names]
        for name in stage.update(i / 8, given, lambda left=left: next(left, False)):
            counts[name] += 1
    assert max(counts.values()) - min(counts.values()) <= 1
    assert stage.analysed == sum(counts.values()) == 80
    assert stage.put_off == 160


def test_several_detectors_give_what_one_gives():
    def told(detectors):
        stage = DetectStage(detectors)
        out = []
        for i in range(10):
            given = [frame(f"c{k}", i / 8, (50 + 12 * i + 20 * k, 100), (500, 200)) for k in range(5)]
            out.append({name: boxes(found) for name, found in sorted(stage.update(i / 8, given).items())})
        stage.close()
        return out

    assert told(PaintFinder()) == told([PaintFinder(), PaintFinder(), PaintFinder()])


def test_a_camera_rests_after_seconds_of_nothing_and_wakes_with_motion(finder):
    stage = DetectStage(finder)
    assert not stage.resting("a", 0.0)
    for i in range(33):
        stage.update(i / 8, [frame("a", i / 8)])
    assert stage.resting("a", 4.0)
    stage.update(4.2, [frame("a", 4.2, (100, 100))])
    assert not stage.resting("a", 4.2)


def test_a_camera_rests_while_somebody_stands_still_and_wakes_when_they_walk_on(finder):
    stage = DetectStage(finder)
    for i in range(33):
        found = stage.update(i / 8, [frame("a", i / 8, (100, 100))])
    assert len(found["a"]) == 1
    assert stage.resting("a", 4.0)
    stage.update(4.2, [frame("a", 4.2, (130, 100))])
    assert not stage.resting("a", 4.2)


def test_ungated_it_asks_every_time(finder):
    stage = DetectStage(finder, gated=False)
    for i in range(4):
        stage.update(i / 8, [frame("a", i / 8)])
    assert stage.analysed == 4


def test_nobody_has_every_field():
    assert len(nobody()) == 0
    assert nobody().confidence is not None
