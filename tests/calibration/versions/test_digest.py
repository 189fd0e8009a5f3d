"""A calibration's name: the same through every round trip, another as soon as a point would move."""

from __future__ import annotations

import json
from dataclasses import replace

import cv2
import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.camera import Camera, CameraFile, camera_from_file
from calibration.versions.digest import camera_hash, floor_hash

angles = st.floats(-3.0, 3.0)
metres = st.floats(-100.0, 100.0)
terms = st.lists(st.floats(-0.4, 0.4), min_size=4, max_size=4)


@st.composite
def cameras(draw: st.DrawFn) -> Camera:
    lens = draw(st.sampled_from(["brown", "fisheye"]))
    rotation = cv2.Rodrigues(np.array([draw(angles), draw(angles), draw(angles)]))[0]
    focal = draw(st.floats(50.0, 5000.0))
    matrix = np.array([[focal, 0, draw(st.floats(0, 4000))], [0, focal * 1.01, draw(st.floats(0, 4000))], [0, 0, 1]])
    translation = np.array([draw(metres), draw(metres), draw(metres)])
    distortion = np.array(draw(terms)) if draw(st.booleans()) else np.empty(0)
    return Camera("c1", draw(st.integers(1, 8000)), 720, matrix, distortion, rotation, translation, lens)


def plain(**changes: object) -> Camera:
    rotation = cv2.Rodrigues(np.array([2.0, 0.1, 0.0]))[0]
    matrix = np.array([[500.0, 0, 320], [0, 500, 180], [0, 0, 1]])
    camera = Camera("c1", 640, 360, matrix, np.array([-0.1, 0.01, 0, 0]), rotation, np.array([0.0, 1.0, 3.0]))
    return replace(camera, **changes)


@given(cameras())
def test_json_never_changes_it(camera: Camera) -> None:
    name = camera_hash(camera)
    assert len(name) == 12
    assert set(name) <= set("0123456789abcdef")
    ours = msgspec.json.decode(msgspec.json.encode(camera.to_file()), type=CameraFile)
    theirs = msgspec.convert(json.loads(json.dumps(msgspec.to_builtins(camera.to_file()))), CameraFile)
    for entry in (ours, theirs):
        again = camera_from_file("c1", entry, "x")
        assert camera_hash(again) == name
        assert camera_hash(camera_from_file("c1", again.to_file(), "x")) == name


@given(cameras(), st.integers(0, 2), st.sampled_from([-1e-4, 1e-4]))
def test_a_tenth_of_a_millimetre_changes_it(camera: Camera, axis: int, step: float) -> None:
    moved = camera.translation.copy()
    moved[axis] += step
    assert camera_hash(replace(camera, translation=moved)) != camera_hash(camera)


@pytest.mark.parametrize(
    "changes",
    [
        {"width": 641},
        {"height": 361},
        {"lens": "fisheye"},
        {"matrix": np.array([[500.001, 0, 320], [0, 500, 180], [0, 0, 1]])},
        {"matrix": np.array([[500.0, 0, 320], [0, 500, 180.001], [0, 0, 1]])},
        {"distortion": np.array([-0.1, 0.01, 1e-6, 0])},
        {"distortion": np.array([-0.1, 0.01, 0, 0, 1e-6])},
        {"rotation": cv2.Rodrigues(np.array([2.00001, 0.1, 0.0]))[0]},
    ],
)
def test_whatever_moves_a_point_changes_it(changes: dict[str, object]) -> None:
    assert camera_hash(plain(**changes)) != camera_hash(plain())


def test_what_moves_no_point_does_not() -> None:
    usual = camera_hash(plain())
    assert camera_hash(plain(distortion=np.array([-0.1, 0.01, 0, 0, 0]))) == usual
    assert camera_hash(plain(translation=np.array([-0.0, 1.0, 3.0]))) == usual
    assert camera_hash(plain(rotation=plain().rotation + 1e-13)) == usual
    assert camera_hash(plain(name="other")) == usual


def test_it_is_the_same_tomorrow_and_elsewhere() -> None:
    """Stored names must hold for every later build: a change here is a new schema."""
    matrix = np.array([[500.0, 0, 320], [0, 500, 180], [0, 0, 1]])
    camera = Camera("c1", 640, 360, matrix, np.empty(0), np.diag([1.0, -1, -1]), np.array([0.0, 0, 3]))
    assert camera_hash(camera) == "436c10e02384"
    assert floor_hash({"c1": camera}) == "a1c74c3dbe6b"


def test_a_floor_is_named_by_all_its_cameras_in_any_order() -> None:
    a, b = plain(), plain(width=1280)
    name = floor_hash({"a": a, "b": b})
    assert floor_hash({"b": b, "a": a}) == name
    assert len({name, floor_hash({"a": b, "b": a}), floor_hash({"a": a}), floor_hash({"a": a, "c": b})}) == 4
    assert floor_hash({}) == ""
