"""A site reads as written, and what is wrong in it is named."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.site import cameras_path, load_site
from contract.errors import BadInputError

HEAD = 'schema = "atrium.site.v1"\nid = "mall"\n'
FLOOR = '[[floors]]\nid = "g"\nsize_m = [10, 8]\ngeometry = "g.geojson"\ncameras = "g.json"\n'
SHOP = [[0, 0], [4, 0], [4, 3], [0, 3], [0, 0]]


def polygon(name: str, ring: list[list[float]], category: str = "fashion") -> dict[str, object]:
    return {
        "type": "Feature",
        "properties": {"id": name, "kind": "zone", "category": category},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def line(name: str, ends: list[list[float]], zone: str, **more: str) -> dict[str, object]:
    return {
        "type": "Feature",
        "properties": {"id": name, "kind": "line", "zone": zone, **more},
        "geometry": {"type": "LineString", "coordinates": ends},
    }


def write(folder: Path, features: list[dict[str, object]], site: str = "") -> Path:
    (folder / "g.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    camera = {
        "width": 640,
        "height": 360,
        "K": [[500, 0, 320], [0, 500, 180], [0, 0, 1]],
        "dist": [],
        "R": cv2.Rodrigues(np.array([2.0, 0, 0]))[0].tolist(),
        "t": [0, 0, 3],
    }
    (folder / "g.json").write_text(json.dumps({"c1": camera}))
    path = folder / "site.toml"
    path.write_text(
        site or HEAD + 'timezone = "Europe/Lisbon"\n' + FLOOR + "[floors.masks]\nc1 = [[[0, 0], [10, 0], [10, 10]]]\n"
    )
    return path


def test_a_floor_is_named_by_its_calibration(tmp_path: Path) -> None:
    path = write(tmp_path, [polygon("shop", SHOP)])
    first = load_site(path).floor("g").calibration
    assert load_site(path).floor("g").calibration == first
    cameras = json.loads((tmp_path / "g.json").read_text())
    cameras["c1"]["t"][2] += 0.01
    (tmp_path / "g.json").write_text(json.dumps(cameras))
    assert load_site(path).floor("g").calibration != first


def test_cameras_of_a_floor_are_found_though_they_cannot_be_read(tmp_path: Path) -> None:
    path = write(tmp_path, [])
    (tmp_path / "g.json").write_text("{")
    assert cameras_path(path, "g") == tmp_path / "g.json"
    with pytest.raises(BadInputError, match="no floor 'roof'; it has g"):
        cameras_path(path, "roof")


def test_before_the_first_camera_is_calibrated_there_is_no_file_of_cameras(tmp_path: Path) -> None:
    path = write(tmp_path, [polygon("shop", SHOP)])
    (tmp_path / "g.json").unlink()
    with pytest.raises(BadInputError, match="mask for unknown camera 'c1'"):
        load_site(path)
    floor = load_site(path, calibrating=True).floor("g")
    assert (floor.cameras, floor.calibration, len(floor.masks_px["c1"])) == ({}, "", 1)


def test_a_site_reads_as_written(tmp_path: Path) -> None:
    site = load_site(write(tmp_path, [polygon("shop", SHOP), line("door", [[1, 3], [3, 3]], "shop")]))
    floor = site.floor("g")
    assert floor.size_m == (10, 8)
    assert list(floor.zones) == ["shop"]
    assert floor.zones["shop"].contains(np.array([[1, 1], [5, 5]])).tolist() == [True, False]
    assert np.allclose(floor.lines["door"].in_normal, [0, -1])
    assert floor.masks_px["c1"][0].shape == (3, 2)
    assert site.floor_of_camera("c1") is floor


def test_inwards_can_be_told_outright(tmp_path: Path) -> None:
    features = [polygon("shop", SHOP), line("door", [[1, 3], [3, 3]], "shop", in_side="left")]
    assert np.allclose(load_site(write(tmp_path, features)).floor("g").lines["door"].in_normal, [0, 1])


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ([polygon("shop", [[0, 0], [4, 3], [4, 0], [0, 3], [0, 0]])], "shop: Self-intersection"),
        ([polygon("shop", SHOP), polygon("shop", SHOP)], "stands twice"),
        ([polygon("sh/op", SHOP)], "sh/op"),
        ([polygon("shop", [[0, 0], [1, 1]])], "at least 3 points"),
        ([line("door", [[1, 3], [3, 3]], "shop")], "zone 'shop' is not in this file"),
        ([polygon("shop", SHOP), line("door", [[1, 3], [1, 3]], "shop")], "two different points"),
        (
            [
                {
                    "type": "Feature",
                    "properties": {"id": "x", "kind": "tree"},
                    "geometry": {"type": "Polygon", "coordinates": []},
                }
            ],
            "kind",
        ),
    ],
)
def test_wrong_geometry_is_named(tmp_path: Path, features: list[dict[str, object]], message: str) -> None:
    with pytest.raises(BadInputError, match=message) as caught:
        load_site(write(tmp_path, features))
    assert "g.geojson" in str(caught.value)


@pytest.mark.parametrize(
    ("site", "message"),
    [
        ("not toml", "not TOML"),
        (HEAD.replace("v1", "v2") + "floors = []\n", "this version reads"),
        (HEAD.replace("mall", "a/b") + "floors = []\n", "site id"),
        (HEAD + "floors = []\n", "no \\[\\[floors\\]\\]"),
        (HEAD + "floors = []\nflours = 1\n", "flours"),
        (HEAD + 'timezone = "Mars"\n' + FLOOR, "timezone"),
        (HEAD + FLOOR.replace("g.geojson", "none.geojson"), "no such file"),
        (HEAD + FLOOR.replace("10, 8", "0, 8"), "size_m"),
        (HEAD + FLOOR + FLOOR, "stands twice"),
        (HEAD + FLOOR + "masks = {c9 = []}\n", "unknown camera"),
        (HEAD + FLOOR + 'plan = "none.png"\n', "does not exist"),
    ],
)
def test_a_wrong_site_file_is_named(tmp_path: Path, site: str, message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        load_site(write(tmp_path, [polygon("shop", SHOP)], site))


def test_an_unknown_floor_or_camera_lists_the_known(tmp_path: Path) -> None:
    site = load_site(write(tmp_path, [polygon("shop", SHOP)]))
    with pytest.raises(BadInputError, match="it has g"):
        site.floor("h")
    with pytest.raises(BadInputError, match="the site has c1"):
        site.floor_of_camera("c9")
