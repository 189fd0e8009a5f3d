"""The walk test on the twin: disturbed poses and clocks are found again, and what cannot be is said."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.walk.disturb import apart_m, error_of, shared_places, wrong_cameras, wrong_clocks
from calibration.walk import adjust as walk_test
from calibration.walk.bundle import Anchors, Settings
from calibration.walk.findings import FAIL, correction
from calibration.walk.observations import sightings
from contract.errors import BadInputError
from tests.calibration.walk.twin import BODY, detected, walk_of

THREE = ("g_west", "g_east", "g_tasca")


def adjust(given, seen, anchors=None):
    return walk_test.adjust(given, seen, Settings(body=BODY), anchors)


def shared_of(walk):
    true = {name: walk.places(rows[:, 0]) for name, rows in walk.boxes.items()}
    clean = {name: sightings(rows[:, 0], rows[:, 1:], np.ones(len(rows))) for name, rows in walk.boxes.items()}
    return shared_places(clean, true, walk.cameras)


def disturbed(walk, seed, **faults):
    rng = np.random.default_rng(seed)
    given = wrong_cameras(walk.cameras, rng)
    late, offsets = wrong_clocks(detected(walk, rng, **faults), rng)
    return given, late, offsets


def texts(adjusted, gravity=FAIL):
    return [each.text for each in adjusted.findings if each.gravity == gravity]


@pytest.mark.parametrize("seed", [1])
def test_six_cameras_agree_to_5_cm_and_clocks_to_50_ms(seed):
    walk = walk_of(120.0, 5.0, 14)
    given, late, offsets = disturbed(walk, seed)
    adjusted = adjust(given, late)
    error = error_of(adjusted, given, walk.cameras, shared_of(walk), offsets)
    assert error.before_m > 0.3
    assert error.after_m < 0.05
    assert error.clock_s < 0.05
    assert not texts(adjusted)


def test_four_pictures_a_second_and_every_fourth_lost():
    walk = walk_of(90.0, 4.0, 6, THREE)
    given, late, offsets = disturbed(walk, 8, lost=0.25)
    error = error_of(adjust(given, late), given, walk.cameras, shared_of(walk), offsets)
    assert error.clock_s < 0.05
    assert error.after_m < 0.08 < error.before_m


def test_the_same_boxes_give_the_same_answer_in_any_order():
    walk = walk_of(90.0, 4.0, 6, THREE)
    given, late, _ = disturbed(walk, 8)
    rng = np.random.default_rng(0)
    mixed = {}
    for name, each in late.items():
        order = rng.permutation(len(each))
        mixed[name] = sightings(each.time_s[order], each.box_px[order], each.score[order])
    one, other = adjust(given, late), adjust(given, mixed)
    for name in given:
        np.testing.assert_allclose(one.cameras[name].translation, other.cameras[name].translation, atol=1e-9)


def test_a_camera_that_sees_nobody_is_named_and_left_alone():
    walk = walk_of(90.0, 4.0, 6, (*THREE, "g_linho"))
    given, late, _ = disturbed(walk, 3)
    late["g_linho"] = late["g_linho"].only(np.zeros(len(late["g_linho"]), bool))
    adjusted = adjust(given, late)
    assert adjusted.cameras["g_linho"] is given["g_linho"]
    assert "g_linho" not in adjusted.clocks
    assert any(text.startswith("g_linho: not tied: saw nobody") for text in texts(adjusted))


def test_a_camera_that_shares_no_moment_is_not_tied_and_told_whom_to_walk_with():
    walk = walk_of(90.0, 4.0, 6, (*THREE, "g_linho"))
    given, late, _ = disturbed(walk, 3)
    late["g_linho"] = replace(late["g_linho"], time_s=late["g_linho"].time_s + 1000.0)
    adjusted = adjust(given, late)
    assert adjusted.cameras["g_linho"] is given["g_linho"]
    assert any("g_linho: not tied" in text and "g_west" in text for text in texts(adjusted))
    assert set(adjusted.groups[0].cameras) == set(THREE)


def test_a_mirrored_picture_is_named_not_bent():
    walk = walk_of(90.0, 4.0, 6, (*THREE, "g_hall"))
    given, late, _ = disturbed(walk, 5)
    own = late["g_tasca"]
    width = given["g_tasca"].width
    flipped = own.box_px.copy()
    flipped[:, [0, 2]] = width - own.box_px[:, [2, 0]]
    adjusted = adjust(given, late | {"g_tasca": replace(own, box_px=flipped)})
    assert any(text.startswith("g_tasca: its picture is mirrored") for text in texts(adjusted))
    assert adjusted.cameras["g_tasca"] is given["g_tasca"]
    assert len(texts(adjusted)) == 1


def test_a_clock_that_jumps_is_reported_and_both_halves_are_found():
    walk = walk_of(90.0, 4.0, 6, THREE)
    given, late, offsets = disturbed(walk, 7)
    own = late["g_east"]
    jumped = own.time_s - np.where(own.time_s > 45.0 - offsets["g_east"], 0.7, 0.0)
    adjusted = adjust(given, late | {"g_east": sightings(jumped, own.box_px, own.score)})
    assert any(text.startswith("g_east: its clock jumps by -0.7") for text in texts(adjusted))
    first, second = adjusted.clocks["g_east"]
    true = offsets["g_east"] - offsets["g_west"]
    assert abs(first.offset_s - true) < 0.05
    assert abs(second.offset_s - true - 0.7) < 0.05
    assert first.last_s + offsets["g_east"] <= 45.0 <= second.first_s + offsets["g_east"] + 0.7


def test_no_jump_is_seen_where_there_is_none():
    walk = walk_of(90.0, 4.0, 6, THREE)
    for seed in (7, 8):
        given, late, _ = disturbed(walk, seed)
        assert all(len(each) == 1 for each in adjust(given, late).clocks.values())


def test_somebody_else_who_walks_through_does_not_spoil_it_and_is_told():
    walk, other = walk_of(90.0, 4.0, 6, THREE), walk_of(90.0, 4.0, 9, THREE)
    given, late, offsets = disturbed(walk, 4)
    strangers = detected(other, np.random.default_rng(1), offsets=offsets)
    mixed = {}
    for name, each in late.items():
        during = strangers[name].only((strangers[name].time_s > 30) & (strangers[name].time_s < 50))
        both = [np.concatenate([getattr(part, field) for part in (each, during)]) for field in
                ("time_s", "box_px", "score")]  # fmt: skip
        mixed[name] = sightings(*both)
    adjusted = adjust(given, mixed)
    error = error_of(adjusted, given, walk.cameras, shared_of(walk), offsets)
    assert error.clock_s < 0.05
    assert error.after_m < 0.08
    assert any("somebody else walked" in text for text in texts(adjusted, 1))


def test_recordings_of_different_length_are_fine():
    walk = walk_of(90.0, 4.0, 6, THREE)
    given, late, offsets = disturbed(walk, 2)
    late["g_east"] = late["g_east"].only(late["g_east"].time_s < 55.0)
    error = error_of(adjust(given, late), given, walk.cameras, shared_of(walk), offsets)
    assert error.clock_s < 0.05
    assert error.after_m < 0.1


def test_measured_points_pin_the_floor_to_the_plan():
    walk = walk_of(90.0, 4.0, 6, THREE)
    given, late, offsets = disturbed(walk, 11)
    camera = walk.cameras["g_west"]
    points = camera.floor_from_pixels(np.array([[160.0, 180], [480, 180], [200, 300], [440, 300]]))
    anchors = {"g_west": Anchors(camera.pixels_from_floor(points), points)}
    shared = shared_of(walk)
    free = error_of(adjust(given, late), given, walk.cameras, shared, offsets)
    pinned = error_of(adjust(given, late, anchors), given, walk.cameras, shared, offsets)
    assert pinned.true_m < 0.15
    assert pinned.true_m < free.true_m


def test_good_calibrations_are_hardly_moved():
    walk = walk_of(90.0, 4.0, 6, THREE)
    seen = detected(walk, np.random.default_rng(0))
    adjusted = adjust(walk.cameras, seen)
    for name, camera in walk.cameras.items():
        turn, move = correction(camera, adjusted.cameras[name])
        assert turn < 1.0
        assert move < 0.1
    after = apart_m(shared_of(walk), walk.cameras, adjusted.cameras)
    assert np.median([np.median(each) for each in after.values()]) < 0.08


def test_boxes_of_larger_pictures_are_refused():
    walk = walk_of(90.0, 4.0, 6, THREE)
    seen = detected(walk, np.random.default_rng(0))
    seen["g_east"] = replace(seen["g_east"], box_px=seen["g_east"].box_px * 3)
    with pytest.raises(BadInputError, match=r"g_east: its boxes reach to .* detect in pictures of that size"):
        adjust(walk.cameras, seen)


def test_nothing_seen_at_all_is_no_crash():
    walk = walk_of(90.0, 4.0, 6, THREE)
    adjusted = adjust(walk.cameras, {})
    assert not adjusted.groups
    assert len(texts(adjusted)) == len(THREE)
