"""How crossings are judged, that the peers' line counts as it should, and that copies show what the clips show."""

import importlib.util
from dataclasses import replace

import numpy as np
import pytest
import supervision as sv

from benchmarks.doors.__main__ import SITE
from benchmarks.doors.copies import COARSE_CRF, COPIES, copied, mirrored_camera, mirrored_floor
from benchmarks.doors.looking import load, save
from benchmarks.doors.scores import Verdict, judge, meets, survives
from benchmarks.doors.ways import bytetrack
from calibration.site import load_site
from edge.capture.source import open_recording
from edge.reid.looks import LOOK
from edge.track.seen import STIR
from simulator.encode import ClipWriter

NOBODY = {"in": [], "out": []}


def test_each_true_crossing_is_used_once_and_by_the_nearest():
    truth = {"in": [100.0], "out": [200.0, 210.0]}
    assert judge({"in": [103.0], "out": [204.0, 206.0]}, truth) == Verdict(0, (3.0, 4.0, -4.0))
    assert judge({"in": [95.0, 101.0], "out": [200.0, 210.0]}, truth).wrong == 1
    assert judge({"in": [101.0, 95.0], "out": [200.0, 210.0]}, truth).late[0] == 1.0


def test_two_who_cross_together_are_two_whoever_is_paired_first():
    truth = {"in": [], "out": [200.0, 208.0]}
    assert judge({"in": [], "out": [192.0, 193.0]}, truth) == Verdict(0, (-8.0, -15.0))
    assert judge({"in": [], "out": [191.0, 192.0]}, truth).wrong == 2


@pytest.mark.parametrize(
    ("found", "wrong"),
    [
        (NOBODY, 1),
        ({"in": [116.0], "out": []}, 2),  # 16 frames off: one too many, and one missed
        ({"in": [115.0], "out": []}, 0),
        ({"in": [], "out": [100.0]}, 2),
        ({"in": [100.0, 300.0], "out": [50.0]}, 2),
    ],
)
def test_what_is_missed_and_what_was_not_are_both_wrong(found, wrong):
    assert judge(found, {"in": [100.0], "out": []}).wrong == wrong


@pytest.mark.parametrize(
    ("full", "slow", "clears"),
    [(0, (0, 0, 0), True), (0, (0, 1, 0), True), (0, (0, 2, 0), False), (0, (1, 1, 0), False), (1, (0, 0, 0), False)],
)
def test_the_bar_wants_the_full_rate_exact_and_two_starts_of_three(full, slow, clears):
    row = {(25.0, 0): [Verdict(full, ()), Verdict(0, ())]}
    row |= {(8.0, start): [Verdict(wrong, ())] for start, wrong in enumerate(slow)}
    assert meets(row) == clears


def test_copies_may_have_one_wrong_crossing_all_together():
    exact, off = {(25.0, 0): [Verdict(0, (1.0,))]}, {(8.0, 0): [Verdict(0, ()), Verdict(1, ())]}
    assert survives([exact, off])
    assert not survives([off, off])


@pytest.mark.skipif(importlib.util.find_spec("trackers") is None, reason="the peer is not installed")
@pytest.mark.parametrize(("step", "way"), [(-3.0, "in"), (3.0, "out")])
@pytest.mark.filterwarnings("ignore:OpenCV")
def test_a_peers_track_that_walks_up_over_the_line_goes_in(step, way):
    seen = []
    for i in range(40):
        foot = 149 + step * (i - 20)
        box = np.array([[250, foot - 60, 275, foot]], np.float32)
        seen.append((i / 25, (384, 288), sv.Detections(box, None, np.array([0.9], np.float32), np.zeros(1, int))))
    for tuned in (False, True):
        found = bytetrack([[213, 149], [328, 149]], tuned=tuned)(seen, 25.0)
        assert {name: len(frames) for name, frames in found.items()} == {"in": 0, "out": 0} | {way: 1}
        assert found[way][0] == pytest.approx(20, abs=4)


LENS = np.array([0.05, -0.02, 0.003, -0.004, 0.01])


def test_a_mirrored_camera_sees_the_mirrored_floor_in_the_mirrored_picture():
    floor = load_site(SITE).floor_of_camera("front")
    camera = replace(floor.cameras["front"], distortion=LENS)
    camera = replace(camera, matrix=np.array([[350.0, 0.0, 199.0], [0.0, 350.0, 144.0], [0.0, 0.0, 1.0]]))
    other = mirrored_camera(camera, floor.size_m[0])
    places = np.array([[3.0, 8.0, 0.0], [9.0, 9.4, 0.0], [6.5, 7.5, 1.7]])
    there = places * (-1.0, 1.0, 1.0) + (floor.size_m[0], 0.0, 0.0)
    expected = camera.pixels_from_world(places) * (-1.0, 1.0) + (camera.width, 0.0)
    np.testing.assert_allclose(other.pixels_from_world(there), expected, atol=1e-6)
    assert np.linalg.det(other.rotation) == pytest.approx(1.0)


def test_who_goes_in_goes_in_on_the_mirrored_floor():
    floor = load_site(SITE).floor_of_camera("front")
    for own in (floor, mirrored_floor(floor)):
        (line,) = own.lines.values()
        inside = own.zones["shop"].contains((line.ends_m.mean(0) + 0.5 * line.in_normal)[None])
        assert inside.all()
    np.testing.assert_allclose(mirrored_floor(floor).lines["door"].ends_m[:, 0], [12 - 6.613, 12 - 9.971])


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """A second of a bar that walks to the right over a grey that is not the same everywhere."""
    path = tmp_path_factory.mktemp("clip") / "bar.mp4"
    with ClipWriter(path, 64, 48, 25.0, crf=10) as writer:
        for i in range(25):
            image = np.tile(np.linspace(60, 180, 64).astype(np.uint8)[None, :, None], (48, 1, 3))
            image[10:40, 2 * i : 2 * i + 6] = 255
            writer.write(image)
    return path


@pytest.mark.parametrize("copy", COPIES, ids=lambda copy: copy.name)
def test_a_copy_shows_every_picture_at_its_time(clip, tmp_path, copy):
    made = copied(clip, copy, tmp_path)
    before, after = (list(open_recording(path, "front").frames()) for path in (clip, made))
    assert [f.captured_at for f in after] == pytest.approx([f.captured_at for f in before], abs=2e-3)
    rng = np.random.default_rng(0)
    for old, new in zip(before, after, strict=True):
        expected = copy.alter(old.image, rng).astype(float)
        assert np.abs(new.image - expected).mean() < (12 if copy.crf == COARSE_CRF else 6)
        unlike = old.image if copy.mirrored else expected[:, ::-1]
        assert np.abs(new.image - unlike).mean() > 12
    assert copied(clip, copy, tmp_path) == made
    assert len(list(tmp_path.iterdir())) == 1


def test_three_starts_at_eight_a_second_look_at_pictures_of_their_own(clip):
    starts = [
        [frame.index for frame in open_recording(clip, "front").frames(8.0, start, ticks_from=start)]
        for start in range(3)
    ]
    assert starts[0][:5] == [0, 3, 6, 9, 12]
    assert [row[0] for row in starts] == [0, 1, 2]
    assert len({index for row in starts for index in row}) == sum(map(len, starts))


def test_what_was_seen_comes_back_from_the_cache_as_it_was(tmp_path):
    looks = np.arange(6, dtype=np.float32).reshape(2, 3)
    some = sv.Detections(
        np.array([[1, 2, 3, 4], [5, 6, 7, 8]], np.float32), None, np.array([0.5, 0.25], np.float32), np.zeros(2, int)
    )
    some.data |= {LOOK: looks, STIR: np.array([0.25, np.nan], np.float32)}
    none = sv.Detections(np.empty((0, 4), np.float32), None, np.empty(0, np.float32), np.empty(0, int))
    none.data |= {LOOK: np.empty((0, 3), np.float32), STIR: np.empty(0, np.float32)}
    save(tmp_path / "seen.npz", [(0.04, (64, 48), none), (0.08, (64, 48), some)])
    (at, size, first), (_, _, second) = load(tmp_path / "seen.npz")
    assert (at, size, len(first)) == (0.04, (64, 48), 0)
    np.testing.assert_array_equal(second.xyxy, some.xyxy)
    np.testing.assert_array_equal(second.confidence, some.confidence)
    np.testing.assert_array_equal(second.data[LOOK], looks)
    np.testing.assert_array_equal(second.data[STIR], some.data[STIR])
