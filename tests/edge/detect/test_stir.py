"""Who stirs, in painted pictures: somebody who turns their head does, a mannequin never, whatever else goes on."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import supervision as sv

from edge.capture.source import open_recording
from edge.detect.detector import Detector
from edge.detect.mask import PrivacyMask
from edge.detect.stage import DetectStage
from edge.detect.stir import Stir, StirSettings
from edge.playback import Playback
from edge.track.records import CONFIRMED, STIRRING
from edge.track.seen import STIR
from edge.track.tracker import Tracker
from models.registry import resolve
from tests.shared_data import shared

SIZE, FPS, NOISE = (320, 180), 8, 2.0
BOX = (140, 50, 170, 140)
"""Where somebody, or something, stands."""


def texture(seed, height, width, low, high):
    """Blotches of a few pixels, as clothes and shelves have them."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(low, high, (height // 5 + 2, width // 5 + 2)).astype(np.float32)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


ROOM, CLOTHES, HEAD = texture(0, SIZE[1], SIZE[0], 70, 190), texture(1, 90, 30, 40, 140), texture(2, 16, 30, 60, 200)


def still(at):
    """Nothing moves."""
    return 0


def turning(at):
    """The head turns every two and a half seconds, by some pixels."""
    return (0, 4, 1, 6)[int(at / 2.5) % 4]


def picture(rng, at, turned=still, *, light=(1.0, 0.0), passer=None, wide=36, shift=0, screen=None):
    """(h, w) uint8: the room, what stands in it with its head turned so far, who passes, the light and noise."""
    scene = ROOM.copy()
    x1, y1, x2, y2 = BOX
    scene[y1:y2, x1:x2] = CLOTHES
    scene[y1 : y1 + 16, x1 + 8 : x2 - 8] = np.roll(HEAD, turned(at), axis=1)[:, 8:-8]
    if screen is not None:
        scene[y1 - 20 : y2 + 20, x1 - 20 : x2 + 20] = texture(screen, 130, 70, 40, 200)
    if passer is not None:
        left = int(passer)
        scene[40:150, max(0, left) : max(0, left + wide)] = 30.0
    scene = np.roll(scene, shift, axis=1) * light[0] + light[1]
    return np.clip(scene + rng.normal(0, NOISE, scene.shape), 0, 255).astype(np.uint8)


def verdict(seconds=40, seed=0, detected=True, hidden=None, score=0.8, **scene):
    """Whether what stands there is taken for a person in the end, and the tracks."""
    rng, stir, tracker = np.random.default_rng(seed), Stir(hidden=hidden), Tracker()
    for k in range(seconds * FPS):
        at = k / FPS
        now = {name: value(at) if name != "turned" else value for name, value in scene.items()}
        boxes, scores = [np.array(BOX) + rng.normal(0, 0.5, 4)], [score]
        passer = now.get("passer")
        if detected and passer is not None and 0 < passer < SIZE[0] - 36:
            boxes.append(np.array([passer, 40, passer + 36, 150]))
            scores.append(0.7)
        xyxy, confidence = np.array(boxes, np.float32), np.array(scores, np.float32)
        found = sv.Detections(xyxy, confidence=confidence)
        found.data[STIR] = stir.look(at, picture(rng, at, **now), xyxy, confidence, SIZE)
        tracker.update(at, found, SIZE)
    tracks, states = tracker.hypotheses()
    there = np.abs(tracks.foot_px - np.array([155, 140])).max(1) < 6
    return bool((states[there] == STIRRING).any() or (states[there] == CONFIRMED).any()), tracks


def walking_by(at):
    """Somebody who comes by every eight seconds."""
    return (at % 8) * 60 - 40


@pytest.mark.parametrize(
    "scene",
    [
        {},
        {"light": lambda at: (1.0 + 0.15 * np.sin(at), 10 * np.sin(at / 3))},
        {"light": lambda at: (0.8, 5.0) if int(at / 3) % 2 else (1.0, 0.0)},
        {"passer": walking_by},
        {"passer": walking_by, "detected": False},
        {"shift": lambda at: int(at * FPS) % 3 - 1},
        {"screen": lambda at: 10 + int(at / 2)},
    ],
    ids=["noise", "daylight", "lamps", "passers-by", "passers-by unseen", "a trembling camera", "a screen"],
)
def test_a_mannequin_stays_a_thing(scene):
    assert not verdict(**scene)[0]


@pytest.mark.parametrize(
    "scene",
    [
        {},
        {"light": lambda at: (1.0 + 0.15 * np.sin(at), 10 * np.sin(at / 3))},
        {"passer": walking_by},
        {"passer": walking_by, "detected": False},
    ],
    ids=["noise", "daylight", "passers-by", "passers-by unseen"],
)
def test_who_turns_their_head_is_a_person_from_the_beginning(scene):
    is_person, tracks = verdict(turned=turning, **scene)
    assert is_person
    assert tracks.born_at.min() < 3.0


def test_who_is_hardly_detected_stays_a_thing():
    assert not verdict(turned=turning, score=0.2)[0]


def test_what_stirs_behind_a_privacy_mask_is_not_seen():
    head = np.array([[135.0, 45.0], [175.0, 45.0], [175.0, 70.0], [135.0, 70.0]])
    assert not verdict(turned=turning, hidden=PrivacyMask([head], SIZE).covered)[0]
    beside = np.array([[200.0, 45.0], [260.0, 45.0], [260.0, 70.0], [200.0, 70.0]])
    assert verdict(turned=turning, hidden=PrivacyMask([beside], SIZE).covered)[0]


def figures(times, size=SIZE, scale=1, turned=turning):
    """The figure of the one box at some times."""
    rng, stir = np.random.default_rng(4), Stir()
    boxes = np.array([BOX], np.float32) / np.float32(SIZE[0] / size[0])
    told = []
    for at in times:
        luma = cv2.resize(picture(rng, at, turned), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        told.append(float(stir.look(at, luma, boxes, np.array([0.8]), size)[0]))
    return np.array(told)


def test_the_figure_is_the_share_of_the_box_that_changed():
    told = figures(np.arange(0, 10, 1 / FPS))
    turns = [k for k in range(len(told)) if turning(k / FPS) != turning(max(0.0, k / FPS - 1.0))]
    rest = [k for k in range(FPS, len(told)) if k not in {n + e for n in turns for e in (-1, 0, 1)}]
    assert np.isnan(told[: FPS // 2]).all()
    assert np.nanmax(told[rest]) < 0.04
    assert 0.06 < np.nanmedian(told[turns]) < 16 * 14 / (90 * 30) + 0.05


def test_the_ring_keeps_most_of_what_passes_unseen_from_counting():
    def stirring(around_most):
        rng, stir = np.random.default_rng(0), Stir(StirSettings(around_most=around_most))
        told = []
        for at in np.arange(0, 20, 1 / FPS):
            luma = picture(rng, at, passer=walking_by(at), wide=8)
            told.append(stir.look(at, luma, np.array([BOX], np.float32), np.array([0.8]), SIZE)[0])
        return int((np.array(told) >= 0.06).sum())

    assert 3 * stirring(StirSettings().around_most) <= stirring(1.0)


def test_a_smaller_plane_of_brightness_and_few_pictures_tell_the_same():
    halved = figures(np.arange(0, 10, 1 / FPS), size=(640, 360))
    assert np.nanmax(halved) > 0.06
    seldom = figures(np.arange(0, 30, 2.0))
    assert np.nanmax(seldom) > 0.06
    assert np.nanmax(figures(np.arange(0, 30, 2.0), turned=still)) < 0.04


def test_after_a_step_back_of_the_clock_or_another_size_it_begins_anew():
    rng, stir = np.random.default_rng(5), Stir()
    boxes, scores = np.array([BOX], np.float32), np.array([0.8], np.float32)
    told = [
        float(stir.look(at, picture(rng, at)[:height], boxes, scores, SIZE)[0])
        for at, height in ((10.0, 180), (11.0, 180), (5.0, 180), (6.0, 180), (7.0, 170), (8.0, 170))
    ]
    assert np.isnan(told).tolist() == [True, False, True, False, True, False]


def test_no_box_and_many_boxes_are_looked_at():
    rng, stir = np.random.default_rng(6), Stir()
    assert len(stir.look(0.0, picture(rng, 0.0), np.empty((0, 4), np.float32), np.empty(0), SIZE)) == 0
    corners = rng.uniform(0, 150, (100, 2))
    crowd = np.column_stack([corners, corners + rng.uniform(5, 60, (100, 2))]).astype(np.float32)
    for at in (1.0, 2.0, 3.0):
        told = stir.look(at, picture(rng, at), crowd, rng.random(100), SIZE)
    assert told.shape == (100,)


def test_who_stays_takes_no_more_memory_than_places_in_use():
    rng, stir = np.random.default_rng(6), Stir()
    left = np.arange(30.0) * 5
    people = np.column_stack([left, left, left + 5, left + 15]).astype(np.float32)
    before = stir._places.nbytes
    for at in (1.0, 2.0, 3.0):
        stir.look(at, picture(rng, at), people, rng.random(30), SIZE)
    assert stir._places.nbytes == before
    stir.look(3.1, picture(rng, 3.1), people + np.float32(100), rng.random(30), SIZE)
    assert stir._places.nbytes == 2 * before


@pytest.mark.parametrize("clip", ["OneLeaveShop1front.mpg", "TwoLeaveShop2front.mpg"])
def test_mannequins_in_a_real_shop_window_stay_things(clip):
    stage, tracker = DetectStage(Detector(resolve("person-n").path)), Tracker()
    known = 0
    for tick in Playback({"front": (open_recording(shared("caviar", clip), "front"), 0.0)}, 8.0, {}).ticks():
        frame = tick.frames["front"]
        found = stage.update(tick.now, [frame])
        if "front" in found:
            known += int(np.isfinite(found["front"].data[STIR]).sum())
            tracker.update(frame.captured_at, found["front"], frame.size)
            assert not (tracker.hypotheses()[1] == STIRRING).any()
    stage.close()
    assert known > 20
