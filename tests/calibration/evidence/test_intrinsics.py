"""A lens is read from what other tools wrote, and from a data sheet."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.evidence.intrinsics import fitting, read_intrinsics
from contract.errors import BadInputError

MATRIX = [[800.0, 0, 640], [0, 805.0, 360], [0, 0, 1]]
TERMS = [-0.2, 0.05, 0.001, -0.001, 0.0]
ROS = """image_width: 1280
image_height: 720
camera_name: narrow  # the first one
camera_matrix:
  rows: 3
  cols: 3
  data: [800.0, 0.0, 640.0,
         0.0, 805.0, 360.0, 0.0, 0.0, 1.0]
distortion_model: plumb_bob
distortion_coefficients:
  rows: 1
  cols: 5
  data: [-0.2, 0.05, 0.001, -0.001, 0.0]
rectification_matrix:
  rows: 3
  cols: 3
  data: [1, 0, 0, 0, 1, 0, 0, 0, 1]
"""


def entry(**changes: object) -> dict[str, object]:
    return {"width": 1280, "height": 720, "K": MATRIX, "dist": TERMS} | changes


def is_the_lens(found) -> bool:
    return bool(
        np.allclose(found.matrix, MATRIX)
        and np.allclose(found.distortion, TERMS)
        and found.size == (1280, 720)
        and found.lens == "brown"
    )


def test_our_own_entry(tmp_path: Path) -> None:
    path = tmp_path / "lens.json"
    path.write_text(json.dumps(entry()))
    assert is_the_lens(read_intrinsics(path))


def test_one_of_several_cameras(tmp_path: Path) -> None:
    path = tmp_path / "cameras.json"
    path.write_text(json.dumps({"a": entry(), "b": entry(dist=[])}))
    assert is_the_lens(read_intrinsics(path, "a"))
    with pytest.raises(BadInputError, match="holds a, b; say which"):
        read_intrinsics(path)
    with pytest.raises(BadInputError, match="no camera 'x'"):
        read_intrinsics(path, "x")


@pytest.mark.parametrize("kind", ["yml", "xml", "json"])
def test_what_opencv_writes(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"lens.{kind}"
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    storage.write("image_width", 1280)
    storage.write("image_height", 720)
    storage.write("camera_matrix", np.array(MATRIX))
    storage.write("distortion_coefficients", np.array([TERMS]))
    storage.release()
    assert is_the_lens(read_intrinsics(path))


def test_what_ros_writes(tmp_path: Path) -> None:
    path = tmp_path / "lens.yaml"
    path.write_text(ROS)
    assert is_the_lens(read_intrinsics(path))
    path.write_text(ROS.replace("plumb_bob", "equidistant").replace("-0.2, 0.05, 0.001, -0.001, 0.0]", "0.1, 0, 0, 0]"))
    assert read_intrinsics(path).lens == "fisheye"


def test_a_data_sheet(tmp_path: Path) -> None:
    path = tmp_path / "lens.toml"
    path.write_text("width = 1920\nheight = 1080\nhfov_deg = 90.0\n")
    assert read_intrinsics(path).matrix[0, 0] == pytest.approx(960.0)
    path.write_text("width = 1920\nheight = 1080\nfocal_mm = 2.8\nsensor_mm = [5.12, 2.88]\n")
    assert read_intrinsics(path).matrix[0, 0] == pytest.approx(1050.0)
    path.write_text('width = 1000\nheight = 1000\nhfov_deg = 180.0\nlens = "fisheye"\n')
    assert read_intrinsics(path).matrix[0, 0] == pytest.approx(1000 / np.pi)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.toml", "width = 10\nheight = 10\n", "give hfov_deg, or both focal_mm and sensor_mm"),
        ("a.toml", "width = 10\nheight = 10\nhfov_deg = 170\n", "needs lens = 'fisheye'"),
        ("a.toml", "width = 10\nheight = 10\nhfov = 70\n", "hfov"),
        ("a.toml", "width = 1920\nheight = 1080\nfocal_mm = 3.0\nsensor_mm = [4.8, 3.6]\n", "has not the shape of"),
        ("a.json", "{", "not JSON"),
        ("a.json", "[]", "must be an object"),
        ("a.json", json.dumps(entry(K=[[1]])), "K must be"),
        ("a.json", json.dumps(entry(dist=[1, 2])), "dist has 2 terms"),
        ("a.json", json.dumps({k: v for k, v in entry().items() if k != "width"}), "width"),
        ("a.yaml", ROS.replace("camera_matrix", "matrix"), "no camera_matrix"),
        ("a.yaml", ROS.replace("image_width: 1280\n", ""), "no image_width"),
        ("a.yaml", ROS.replace("-0.2,", "a lot,"), "distortion_coefficients must be finite numbers"),
        ("a.yaml", ROS.replace("-0.2, 0.05,", ""), "distortion_coefficients has 3 terms"),
        ("a.xml", "<html>", "a.xml"),
        ("a.png", "x", "a lens is read from"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, name: str, text: str, said: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(BadInputError, match=said) as caught:
        read_intrinsics(path)
    assert name in str(caught.value)


def test_a_lens_of_another_picture_shape_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lens.json"
    path.write_text(json.dumps(entry()))
    known = read_intrinsics(path)
    assert fitting(known, (640, 360)) is known
    with pytest.raises(BadInputError, match="1280 x 720 pictures, which 640 x 480 are not a scaled copy of"):
        fitting(known, (640, 480))
