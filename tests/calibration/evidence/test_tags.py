"""AprilTags drawn on the floor become pairs, and pairs a camera."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.camera import Camera
from calibration.evidence.tags import Tag, find_tags, loose_pairs, read_tags, tag_pairs
from calibration.solve.solver import solve
from contract.errors import BadInputError
from tests.calibration.rendered import rendered
from tests.calibration.simulated import floor_error_m

FLOOR_M, TEXEL_M = (8.0, 8.0), 0.005
TAGS = [
    Tag(3, 2.0, 2.0, 90.0, 0.5),
    Tag(7, 5.5, 2.2, 35.0, 0.5),
    Tag(11, 3.7, 4.0, -70.0, 0.5),
    Tag(100, 6.2, 5.0, 180.0, 0.5),
    Tag(586, 2.3, 5.6, 10.0, 0.5),
]


def hung(lens: str = "brown") -> Camera:
    focal, terms = (760.0, [-0.22, 0.06, 0, 0]) if lens == "brown" else (400.0, [-0.02, 0.004, 0, 0])
    tilt = np.radians(38.0)
    ahead = np.array([0.0, np.cos(tilt), -np.sin(tilt)])
    right = np.array([1.0, 0, 0])
    rotation = np.stack([right, np.cross(ahead, right), ahead])
    matrix = np.array([[focal, 0, 630.0], [0, focal, 365.0], [0, 0, 1]])
    centre = np.array([4.0, -1.2, 3.6])
    return Camera("c", 1280, 720, matrix, np.array(terms), rotation, -rotation @ centre, lens)  # type: ignore[arg-type]


@cache
def floor_texture() -> np.ndarray:
    """The floor from above, row 0 at the far side: tags in their white margins on grey."""
    wide, high = (round(side / TEXEL_M) for side in FLOOR_M)
    floor = np.full((high, wide), 150, np.uint8)
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h11)
    for tag in TAGS:
        cells = 10  # 8 and a margin of one
        printed = np.pad(cv2.aruco.generateImageMarker(dictionary, tag.name, 8 * 40), 40, constant_values=255)
        big = Tag(tag.name, tag.x_m, tag.y_m, tag.heading_deg, tag.size_m * cells / 8).corners_m()
        corners = np.column_stack([big[:, 0] / TEXEL_M, high - big[:, 1] / TEXEL_M]) - 0.5
        side = printed.shape[0]
        own = np.array([[0, 0], [side, 0], [side, side], [0, side]]) - 0.5
        warp = cv2.getPerspectiveTransform(own.astype(np.float32), corners.astype(np.float32))
        laid = cv2.warpPerspective(printed, warp, (wide, high), flags=cv2.INTER_AREA, borderValue=0)
        mask = cv2.warpPerspective(np.full_like(printed, 255), warp, (wide, high), flags=cv2.INTER_NEAREST)
        floor = np.where(mask > 0, laid, floor)
    return floor


@cache
def picture(lens: str = "brown") -> np.ndarray:
    return rendered(hung(lens), floor_texture(), TEXEL_M, np.random.default_rng(0), flip=True)


@pytest.mark.parametrize("lens", ["brown", "fisheye"])
def test_corners_are_found_to_a_fraction_of_a_pixel(lens: str) -> None:
    seen = find_tags(picture(lens))
    assert set(seen.corners_px) == {tag.name for tag in TAGS}
    for tag in TAGS:
        off = seen.corners_px[tag.name] - hung(lens).pixels_from_floor(tag.corners_m())
        assert np.hypot(*off.T).max() < 0.4  # the farthest is 28 by 12 pixels


@pytest.mark.parametrize("lens", ["brown", "fisheye"])
def test_tags_on_the_list_give_the_camera(lens: str) -> None:
    found = tag_pairs(find_tags(picture(lens)), {tag.name: tag for tag in TAGS})
    assert len(found.pairs) == 20
    assert found.names[:4] == (3, 3, 3, 3)
    assert found.remarks == ()
    solved = solve(found.pairs, (1280, 720), lens=lens)  # type: ignore[arg-type]
    assert solved.is_used.all()
    assert floor_error_m(solved.camera, hung(lens)) < 0.08


def test_a_tag_listed_at_the_wrong_place_is_found_out() -> None:
    wrong = {tag.name: tag for tag in TAGS} | {11: Tag(11, 4.9, 4.4, -70.0, 0.5)}
    found = tag_pairs(find_tags(picture()), wrong)
    solved = solve(found.pairs, (1280, 720))
    assert {found.names[k] for k in np.flatnonzero(~solved.is_used)} == {11}


def test_tags_that_are_not_listed_and_listed_ones_not_seen_are_named() -> None:
    listed = {3: TAGS[0], 7: TAGS[1], 42: Tag(42, 0, 0, 0, 0.5)}
    found = tag_pairs(find_tags(picture()), listed)
    assert set(found.names) == {3, 7}
    assert "tags 11, 100 and 586 seen but not on the list: add or remove" in found.remarks
    assert "tag 42 on the list but not seen" in found.remarks


def test_no_tag_of_the_list_is_said() -> None:
    with pytest.raises(BadInputError, match=r"no tag of the list is seen .*listed: 42"):
        tag_pairs(find_tags(picture()), {42: Tag(42, 0, 0, 0, 0.5)})
    with pytest.raises(BadInputError, match="none is seen"):
        loose_pairs(find_tags(np.full((200, 300), 90, np.uint8)), 0.5)


def test_tags_anywhere_tell_height_and_tilt() -> None:
    """No place is known but the size: the camera comes out, seen from the largest tag."""
    found, others = loose_pairs(find_tags(picture()), 0.5)
    assert len(found.pairs) == 4
    assert len(others) == 4
    solved = solve(found.pairs, (1280, 720), lens="brown", evidence=[others])
    assert solved.camera.centre_m[2] == pytest.approx(3.6, abs=0.15)
    tilt = np.degrees(np.arcsin(-solved.camera.rotation[2, 2]))
    assert tilt == pytest.approx(38.0, abs=1.5)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("x,1,1,0,0.5", "line 2: id must be a number"),
        ("900,1,1,0,0.5", "line 2: id 900 is no tag of family 36h11"),
        ("3,1,1,0,160", "millimetres. divide by 1000"),
        ("3,1,1,0,0", "size 0 is not a tag's side"),
        ("3,1,1,0,0.5\n3,2,2,0,0.5", "line 3: tag 3 is listed twice"),
        ("3,1,1,,0.5", "line 2: heading must be a number"),
    ],
)
def test_a_wrong_list_is_refused(tmp_path: Path, row: str, said: str) -> None:
    path = tmp_path / "tags.csv"
    path.write_text(f"id,x,y,heading,size\n{row}\n")
    with pytest.raises(BadInputError, match=said):
        read_tags(path)


def test_a_list_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "tags.csv"
    path.write_text("id,x,y,heading,size\n3,2,2,90,0.5\n")
    assert read_tags(path) == {3: TAGS[0]}
