"""Pixels to metres and back, through lens and pose."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.camera import Camera, load_cameras
from contract.errors import BadInputError


def looking_down(height_m: float, tilt_deg: float, heading_deg: float, lens: list[float]) -> Camera:
    """A camera at the origin, ``tilt_deg`` below the horizon."""
    tilt, heading = np.radians(tilt_deg), np.radians(heading_deg)
    ahead = np.array([np.cos(heading) * np.cos(tilt), np.sin(heading) * np.cos(tilt), -np.sin(tilt)])
    right = np.array([np.sin(heading), -np.cos(heading), 0.0])
    rotation = np.stack([right, np.cross(ahead, right), ahead])
    matrix = np.array([[500.0, 0, 320], [0, 500.0, 180], [0, 0, 1]])
    return Camera("c", 640, 360, matrix, np.array(lens), rotation, -rotation @ np.array([0, 0, height_m]))


cameras = st.builds(
    looking_down,
    st.floats(2, 8),
    st.floats(15, 80),
    st.floats(-180, 180),
    st.sampled_from([[], [-0.2, 0.05, 0.0, 0.0], [0.1, -0.05, 0.001, -0.001, 0.01]]),
)


@given(cameras, st.floats(0.05, 0.95), st.floats(0.3, 0.98))
def test_a_pixel_on_the_floor_comes_back(camera: Camera, across: float, down: float) -> None:
    pixel = np.array([[across * camera.width, down * camera.height]])
    floor = camera.floor_from_pixels(pixel)
    if np.isnan(floor).any() or np.hypot(*floor[0]) > 50:
        return
    assert np.allclose(camera.pixels_from_floor(floor), pixel, atol=0.05)


@given(cameras)
def test_halving_the_picture_changes_no_metre(camera: Camera) -> None:
    pixel = np.array([[300.0, 300.0]])
    half = camera.scaled(320, 180)
    assert np.allclose(half.floor_from_pixels(pixel / 2), camera.floor_from_pixels(pixel), equal_nan=True, atol=1e-6)


def test_above_the_horizon_is_nowhere() -> None:
    camera = looking_down(3, 10, 0, [])
    assert np.isnan(camera.floor_from_pixels(np.array([[320.0, 5.0]]))).all()


def test_behind_the_camera_is_in_no_picture() -> None:
    camera = looking_down(3, 30, 0, [])
    assert np.isnan(camera.pixels_from_floor(np.array([[-5.0, 0.0]]))).all()
    assert not camera.sees(np.array([[-5.0, 0.0]]))[0]
    assert camera.sees(np.array([[5.0, 0.0]]))[0]


def test_head_and_foot_of_one_person_meet() -> None:
    camera = looking_down(4, 35, 20, [-0.1, 0.01, 0, 0])
    here = np.array([[4.0, 1.5]])
    assert np.allclose(camera.floor_from_heads(camera.pixels_from_floor(here, 1.7), 1.7), here, atol=1e-3)
    assert camera.person_height_px(here)[0] > 20


def test_no_points_give_no_points() -> None:
    camera = looking_down(4, 35, 20, [])
    assert camera.floor_from_pixels(np.empty((0, 2))).shape == (0, 2)
    assert camera.pixels_from_floor(np.empty((0, 2))).shape == (0, 2)


def entry(**changes: object) -> dict[str, object]:
    rotation = cv2.Rodrigues(np.array([0.1, 0.2, 0.3]))[0].tolist()
    found = {"width": 640, "height": 360, "K": [[500, 0, 320], [0, 500, 180], [0, 0, 1]], "dist": []}
    return found | {"R": rotation, "t": [0, 0, 3]} | changes


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"K": [[1, 2], [3, 4]]}, "K must be"),
        ({"R": [[1, 0, 0], [0, 1, 0], [0, 0, -1]]}, "R is not a rotation"),
        ({"dist": [0.1, 0.2]}, "dist has 2 terms"),
        ({"width": 0}, "must be positive"),
        ({"t": [1, 2]}, "t must be"),
    ],
)
def test_a_wrong_entry_names_file_and_field(tmp_path: Path, changes: dict[str, object], field: str) -> None:
    path = tmp_path / "cameras.json"
    path.write_text(json.dumps({"c1": entry(**changes)}))
    with pytest.raises(BadInputError, match=field) as caught:
        load_cameras(path)
    assert "cameras.json" in str(caught.value)


def test_a_camera_reads_back_as_written(tmp_path: Path) -> None:
    path = tmp_path / "cameras.json"
    path.write_text(json.dumps({"c1": entry()}))
    camera = load_cameras(path)["c1"]
    assert camera.to_file().K == [[500, 0, 320], [0, 500, 180], [0, 0, 1]]


def test_fields_of_other_tools_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "cameras.json"
    path.write_text(json.dumps({"c1": entry(H_image_from_floor=[[1, 0, 0], [0, 1, 0], [0, 0, 1]])}))
    assert load_cameras(path)["c1"].width == 640
