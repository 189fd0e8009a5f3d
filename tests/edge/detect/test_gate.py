"""The motion gate: shut over a still scene, whatever its lamps and its clock do, and open for people."""

from __future__ import annotations

import pickle

import cv2
import numpy as np
import pytest

from edge.detect.detector import Detector
from edge.detect.gate import GateSettings, MotionGate
from tests.shared_data import shared

NOBODY = np.empty((0, 4), np.float32)
SIZE = (640, 360)
FPS = 8.0


def mall(seed=3):
    """(360, 640, 3) float of a scene with texture."""
    rng = np.random.default_rng(seed)
    rough = cv2.resize(rng.uniform(40, 200, (12, 20, 3)).astype(np.float32), SIZE, interpolation=cv2.INTER_CUBIC)
    return np.clip(rough + cv2.resize(rng.normal(0, 12, (90, 160, 3)).astype(np.float32), SIZE), 0, 255).astype(
        np.float32
    )


NOISE = np.random.default_rng(9).normal(0, 1, (12, 360, 640, 1)).astype(np.float32)


def shown(scene, rng, gain=1.0, noise=4.0):
    grain = NOISE[rng.integers(len(NOISE)), :, : scene.shape[1]] * noise
    return np.clip(scene * np.float32(gain) + grain, 0, 255).astype(np.uint8)


def looked(gate, now, picture):
    """Whether the gate opens for a picture; then it is analysed."""
    opened = gate.look(now, cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)).opened
    if opened:
        gate.accept()
    return opened


def opened_at(gate, pictures, people=NOBODY):
    """When it opens, seconds."""
    times = []
    for i, picture in enumerate(pictures):
        if looked(gate, i / FPS, picture):
            times.append(i / FPS)
            gate.learn(people, SIZE)
    return np.array(times)


def share_opened(gate, pictures, people=NOBODY):
    pictures = list(pictures)
    return len(opened_at(gate, pictures, people)) / len(pictures)


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def test_a_still_scene_with_noise_costs_only_its_refresh_which_grows_rare(rng):
    scene = mall()
    gaps = np.diff(opened_at(MotionGate(), (shown(scene, rng) for _ in range(240))))
    assert gaps[0] == pytest.approx(1.0)
    assert (np.diff(gaps) >= 0).all()
    assert gaps[-3:] == pytest.approx(3.0)


def test_after_motion_it_is_refreshed_as_often_as_at_first(rng):
    scene = mall()
    walked = scene.copy()
    walked[100:200, 300:340] = 250.0
    pictures = [shown(scene, rng) for _ in range(160)] + [shown(walked, rng) for _ in range(40)]
    times = opened_at(MotionGate(), pictures)
    after = times[times >= 20.0]
    assert after[0] == pytest.approx(20.0)
    assert np.diff(after)[0] == pytest.approx(1.0)


def test_flickering_lamps_do_not_open_it(rng):
    scene = mall()
    pictures = (shown(scene, rng, gain=1 + 0.12 * np.sin(1.7 * i)) for i in range(160))
    assert share_opened(MotionGate(), pictures) < 0.16


@pytest.mark.parametrize("step_px", [1.0, 3.0])
def test_a_far_person_walking_slowly_opens_it_before_moving_a_body_s_width(rng, step_px):
    scene = mall()
    gate = MotionGate(GateSettings(refresh_s=1e9, refresh_people_s=1e9))
    moved_since = None
    opened = 0
    for i in range(60):
        picture = scene.copy()
        x = 200 + step_px * i
        left = round(x)
        local = scene[150:175, left : left + 9].mean()
        picture[150:175, left : left + 9] = local + (45 if local < 128 else -45)  # 9 by 25 px, middling contrast
        if looked(gate, i / FPS, shown(picture, rng)):
            opened += 1
            gate.learn(NOBODY, SIZE)
            moved_since = x
        assert x - moved_since <= 9
    assert opened >= 5


def test_somebody_entering_opens_it_at_once(rng):
    scene = mall()
    gate = MotionGate()
    assert looked(gate, 0.0, shown(scene, rng))
    gate.learn(NOBODY, SIZE)
    assert not looked(gate, 0.125, shown(scene, rng))
    scene[100:200, 300:340] = 30
    assert looked(gate, 0.25, shown(scene, rng))


def test_a_clock_in_the_picture_is_learned_and_a_person_before_it_unlearns_it(rng):
    scene = mall()

    def with_clock(i):
        picture = scene.astype(np.uint8)
        picture[5:20, 10:120] = 0
        cv2.putText(picture, f"{i * 7919 % 100000:05d}", (12, 18), cv2.FONT_HERSHEY_PLAIN, 1, (255, 255, 255))
        return shown(picture, rng)

    gate = MotionGate()
    opened = []
    for i in range(240):
        opened.append(looked(gate, i / FPS, with_clock(i)))
        if opened[-1]:
            gate.learn(NOBODY, SIZE)
    assert sum(opened[:12]) == 12
    assert sum(opened[-80:]) <= 80 / FPS / 1.0 + 4
    gate.learn(np.array([[0, 0, 130, 40]], np.float32), SIZE)  # somebody after all
    assert looked(gate, 30.1, with_clock(77))


def test_people_are_refreshed_sooner_unless_they_have_long_stood_still(rng):
    scene = mall()
    pictures = [shown(scene, rng) for _ in range(200)]
    someone = np.array([[300, 100, 340, 200]], np.float32)
    gaps = np.diff(opened_at(MotionGate(), pictures, someone))
    assert gaps[:2] == pytest.approx(0.5)
    assert gaps[-1] == pytest.approx(3.0)


def test_time_that_jumps_opens_it(rng):
    scene = mall()
    gate = MotionGate()
    assert looked(gate, 100.0, shown(scene, rng))
    assert looked(gate, 50.0, shown(scene, rng))


def test_a_new_picture_size_opens_it(rng):
    gate = MotionGate()
    assert looked(gate, 0.0, shown(mall(), rng))
    assert looked(gate, 0.1, shown(mall()[:, :480], rng))


@pytest.mark.parametrize("fps", [8.0, 25.0])
def test_what_has_changed_since_half_a_second_is_told_inside_a_box_alone(fps, rng):
    """However small the step from one picture to the next."""
    gate, scene = MotionGate(), mall()
    walks = [100.0 + 120.0 * k / fps for k in range(round(fps))]
    for k, x in enumerate(walks):
        picture = scene.copy()
        picture[100:260, round(x) : round(x) + 60] = 30
        gate.look(k / fps, cv2.cvtColor(shown(picture, rng, gain=1 + 0.1 * k / fps), cv2.COLOR_BGR2GRAY))
        box = np.array([x, 100, x + 60, 260], np.float32)
        share = gate.changed_within(box, SIZE)
        assert share == 0 if k / fps < 0.5 else share > 0.5
        assert gate.changed_within(np.array([400, 100, 460, 260], np.float32), SIZE) < 0.1
        gate.accept()
    assert gate.look(0.0, cv2.cvtColor(shown(scene, rng), cv2.COLOR_BGR2GRAY)).due  # a clock set back
    assert gate.changed_within(np.array([0, 0, 640, 360], np.float32), SIZE) == 0.0


def test_it_answers_the_same_twice_and_after_a_checkpoint(rng):
    scene = mall()
    pictures = [shown(scene, rng, noise=14) for _ in range(40)]
    whole, halved = MotionGate(), MotionGate()
    answers = []
    for i, picture in enumerate(pictures):
        if i == 20:
            halved = pickle.loads(pickle.dumps(halved))  # noqa: S301 - our own
        answers.append(looked(whole, i / FPS, picture))
        assert looked(halved, i / FPS, picture) == answers[-1]


def test_on_real_footage_it_saves_runs_and_loses_nobody():
    from edge.capture.source import open_recording  # noqa: PLC0415 - only where the footage is

    detector = Detector(shared("detectors", "yolox_nano_416x416.onnx"), score_min=0.1)
    recording = open_recording(shared("video", "one-by-one-person-detection.mp4"), "cam")
    gate = MotionGate()
    last = NOBODY
    seen = analysed = people = kept = 0
    for frame in recording.frames(4.0):
        if frame.captured_at > 40:
            break
        (fresh,) = detector.detect([frame.image])
        seen += 1
        if looked(gate, frame.captured_at, frame.image):
            analysed += 1
            last = fresh.xyxy
            gate.learn(last, (frame.image.shape[1], frame.image.shape[0]))
        for box in fresh.xyxy[fresh.confidence > 0.5]:
            people += 1
            kept += any(np.abs(box - other).max() < 0.25 * (box[3] - box[1]) for other in last)
    assert people > 20
    assert kept == people
    assert analysed < 0.9 * seen
