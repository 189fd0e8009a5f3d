"""Feet where nobody can stand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import fisher_exact

from calibration.drift.footprints import (
    FRESH,
    LATE,
    Footprints,
    astray,
    chance_of_as_many,
    load_footprints,
    save_footprints,
)
from calibration.drift.motion import rotation_of
from calibration.geometry import Wall
from tests.calibration.drift.painted_view import hung

SIZE_M = (20.0, 12.0)
CAMERA_M = np.array([10.0, 0.0, 3.5])
WALL = Wall("back", np.array([[0.0, 8.0], [20.0, 8.0]]), 3.0)


def test_feet_are_astray_off_the_plan_and_behind_walls():
    feet = np.array([[10, 4], [10, 8.2], [10, 9], [3, 11], [-1, 4], [10, 13], [np.nan, np.nan]], float)
    assert astray(feet, CAMERA_M, [WALL], SIZE_M).tolist() == [False, False, True, True, True, True, True]
    assert astray(feet, CAMERA_M, [], SIZE_M).tolist() == [False, False, False, False, True, True, True]
    low = Wall("counter", WALL.path_m, 1.0)
    assert not astray(feet[:4], CAMERA_M, [low], SIZE_M).any()
    assert astray(np.empty((0, 2)), CAMERA_M, [WALL], SIZE_M).shape == (0,)


def walk(rng, count, camera, moved):
    """Feet of people before the wall, seen by a camera that moved and taken for what it was."""
    people = np.column_stack([rng.uniform(5, 15, count), rng.uniform(4, 7.9, count)])
    return camera.floor_from_pixels(moved.pixels_from_floor(people) + rng.normal(0, 1, (count, 2)))


def counted(turned_deg, seed=1):
    rng = np.random.default_rng(seed)
    camera = hung()
    turn = rotation_of(-np.radians(np.array(turned_deg, float)))
    moved = replace(camera, rotation=turn @ camera.rotation, translation=turn @ camera.translation)
    found = Footprints()
    assert found.add(astray(walk(rng, FRESH, camera, camera), camera.centre_m, [WALL], SIZE_M))
    found.add(astray(walk(rng, LATE, camera, moved), camera.centre_m, [WALL], SIZE_M))
    return found


@pytest.mark.parametrize("seed", range(8))
def test_a_camera_that_tilted_is_suspected_and_one_that_did_not_is_not(seed):
    assert not counted((0, 0, 0), seed).suspicious
    assert counted((-3, 0, 0), seed).suspicious


@pytest.mark.parametrize("before", [(0, 400), (3, 400), (40, 400), (400, 400), (0, 0)])
@pytest.mark.parametrize("late", [(0, 200), (1, 200), (25, 200), (60, 200), (200, 200), (3, 7)])
def test_what_chance_explains_is_told_as_by_scipy(before, late):
    table = [[late[0], late[1] - late[0]], [before[0], before[1] - before[0]]]
    expected = fisher_exact(table, alternative="greater").pvalue if before[1] else 1.0
    assert chance_of_as_many(*late, *before) == pytest.approx(expected, rel=1e-9)


def test_too_few_feet_say_nothing():
    found = Footprints((FRESH, 0), tuple([True] * (LATE - 1)))
    assert not found.suspicious
    found.add(np.array([True]))
    assert found.suspicious
    assert "100% of people's feet seem to be behind walls or off the plan, 0% at calibration" in found.reason()


def test_what_was_fresh_is_remembered_for_that_calibration_alone(tmp_path):
    path = tmp_path / "cam.feet.json"
    save_footprints(Footprints((FRESH, 7)), "abc", path)
    assert load_footprints(path, "abc") == Footprints((FRESH, 7))
    assert load_footprints(path, "abd") == Footprints()
    path.write_text("{")
    assert load_footprints(path, "abc") == Footprints()
