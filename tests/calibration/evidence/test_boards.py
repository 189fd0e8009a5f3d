"""A board shown to a camera becomes its lens, to half a pixel and half a percent."""

from __future__ import annotations

from functools import cache
from typing import Any

import cv2
import numpy as np
import pytest

from calibration.camera import Camera
from calibration.evidence.boards import (
    Board,
    View,
    charuco_board,
    lens_from_board,
    lens_from_views,
    view_of,
)
from contract.errors import BadInputError
from tests.calibration.rendered import rendered

SIZE = (800, 600)
CHESS = Board(9, 6, 0.03)
CHARUCO = Board(9, 7, 0.04, 0.03)
LENSES = {
    "brown": (620.0, [-0.28, 0.09, 0.001, -0.0008, -0.01]),
    "fisheye": (290.0, [-0.02, 0.004, 0.001, -0.0005]),
}


def lens_camera(lens: str) -> Camera:
    focal, terms = LENSES[lens]
    matrix = np.array([[focal, 0, 407.0], [0, focal * 1.002, 293.0], [0, 0, 1]])
    return Camera("c", *SIZE, matrix, np.array(terms), np.eye(3), np.array([0, 0, 1.0]), lens)  # type: ignore[arg-type]


@cache
def chess_texture() -> tuple[np.ndarray, float]:
    texels = 40
    columns, rows = CHESS.columns + 1, CHESS.rows + 1
    dark = (np.add.outer(np.arange(rows), np.arange(columns)) % 2 == 0).astype(np.uint8)
    squares = np.kron(255 - 255 * dark, np.ones((texels, texels), np.uint8))
    return np.pad(squares, texels, constant_values=255), CHESS.square_m / texels


@cache
def charuco_texture() -> tuple[np.ndarray, float]:
    texels = 48
    image = charuco_board(CHARUCO).generateImage((CHARUCO.columns * texels, CHARUCO.rows * texels))
    return np.pad(image, texels, constant_values=255), CHARUCO.square_m / texels


def held(camera: Camera, texture: np.ndarray, texel_m: float, spot: tuple[float, float], seed: int) -> np.ndarray:
    """The board's picture when its middle is held at a spot, in shares of the picture, and tipped anyhow."""
    rng = np.random.default_rng(seed)
    wide = texture.shape[1] * texel_m
    tip = rng.uniform(0.3, 0.65) * rng.choice([-1, 1], 2)
    rotation = cv2.Rodrigues(np.array([*tip, rng.uniform(-0.4, 0.4)]))[0]
    ray = np.array([*camera.plane_from_pixels(np.array([spot]) * SIZE)[0], 1.0])
    # Of a checkerboard every corner must be seen; a ChArUco board may reach beyond the picture.
    share = 0.5 if texture is charuco_texture()[0] else 0.38 if camera.lens == "brown" else 0.3
    away = wide * camera.matrix[0, 0] / (share * SIZE[0]) * rng.uniform(0.8, 1.3)
    middle = ray / np.linalg.norm(ray) * away
    half = np.array([texture.shape[1], texture.shape[0], 0]) * texel_m / 2
    shown = Camera("c", *SIZE, camera.matrix, camera.distortion, rotation, middle - rotation @ half, camera.lens)
    return rendered(shown, texture, texel_m, rng)


def pictures(lens: str, texture: np.ndarray, texel_m: float, count: int = 11) -> list[np.ndarray]:
    camera = lens_camera(lens)
    across, down = np.meshgrid([0.25, 0.42, 0.58, 0.75], [0.28, 0.43, 0.57, 0.72])
    spots = list(zip(across.ravel().tolist(), down.ravel().tolist(), strict=True))
    return [held(camera, texture, texel_m, spots[(3 * k) % 16], k) for k in range(count)]


def reprojection_px(found: Camera, truth: Camera) -> float:
    """How far apart two lenses put what boards reached, once the best turn between them is taken out."""
    across, down = np.meshgrid(np.linspace(0.15, 0.85, 12) * SIZE[0], np.linspace(0.15, 0.85, 9) * SIZE[1])
    pixel = np.column_stack([across.ravel(), down.ravel()])
    flat, other = truth.plane_from_pixels(pixel), found.plane_from_pixels(pixel)
    one = np.column_stack([flat, np.ones(len(flat))])
    two = np.column_stack([other, np.ones(len(other))])
    one, two = (each / np.linalg.norm(each, axis=1, keepdims=True) for each in (one, two))
    left, _, right = np.linalg.svd(two.T @ one)
    turned = one @ (left @ np.diag([1, 1, np.linalg.det(left @ right)]) @ right).T
    shown = found.pixels_from_plane(turned[:, :2] / turned[:, 2:])
    return float(np.sqrt((np.linalg.norm(shown - pixel, axis=1) ** 2).mean()))


@pytest.mark.parametrize(
    ("lens", "board", "said"),
    [("brown", CHESS, "brown"), ("fisheye", CHESS, None), ("fisheye", CHARUCO, "fisheye"), ("brown", CHARUCO, "brown")],
)
def test_a_board_tells_the_lens(lens: str, board: Board, said: Any) -> None:
    texture, texel_m = chess_texture() if board is CHESS else charuco_texture()
    found = lens_from_board(pictures(lens, texture, texel_m), board, said)
    truth = lens_camera(lens)
    own = found.intrinsics
    assert found.rms_px < 0.5
    assert own.lens == lens
    limit = 0.005 if lens == "brown" else 0.01
    assert own.matrix[0, 0] == pytest.approx(truth.matrix[0, 0], rel=limit)
    assert own.matrix[1, 1] == pytest.approx(truth.matrix[1, 1], rel=limit)
    there = Camera("c", *SIZE, own.matrix, own.distortion, np.eye(3), np.array([0, 0, 1.0]), own.lens)
    assert reprojection_px(there, truth) < 0.5
    for k, term in enumerate(("fx", "fy")):
        off = abs(own.matrix[k, k] - truth.matrix[k, k])
        assert off < 5 * found.deviation[term] + 0.3
        assert 0 < found.deviation[term] < 0.01 * truth.matrix[k, k]


def test_corners_are_found_to_a_fraction_of_a_pixel() -> None:
    texture, texel_m = chess_texture()
    view = view_of(pictures("brown", texture, texel_m, 1)[0], CHESS)
    assert view is not None
    assert view.corner_px.shape == (54, 2)


def test_no_board_is_said() -> None:
    blank = np.full((SIZE[1], SIZE[0]), 128, np.uint8)
    with pytest.raises(BadInputError, match=r"seen in 0 of 3 pictures.*number of inner corners"):
        lens_from_board([blank] * 3, CHESS)


def test_no_pictures_are_said() -> None:
    with pytest.raises(BadInputError, match="no pictures"):
        lens_from_board([], CHESS)


def test_pictures_of_two_sizes_are_refused() -> None:
    with pytest.raises(BadInputError, match="take all in one"):
        lens_from_board([np.zeros((60, 80), np.uint8), np.zeros((80, 60), np.uint8)], CHESS)


def seen(camera: Camera, turns: list[list[float]], places: list[list[float]]) -> list[View]:
    across, down = np.meshgrid(np.arange(9), np.arange(6))
    board = (np.column_stack([across.ravel(), down.ravel(), np.zeros(54)]) - [4, 2.5, 0]) * 0.03
    views = []
    for turn, place in zip(turns, places, strict=True):
        rotation = cv2.Rodrigues(np.array(turn))[0]
        shown = Camera("c", *SIZE, camera.matrix, camera.distortion, rotation, np.array(place), camera.lens)
        views.append(View(board.astype(np.float32), shown.pixels_from_world(board).astype(np.float32)))
    return views


def test_a_board_held_still_is_not_enough() -> None:
    views = seen(lens_camera("brown"), [[0.4, 0.2, 0]] * 12, [[0, 0, 0.5]] * 12)
    with pytest.raises(BadInputError, match=r"only 1 different places; move it"):
        lens_from_views(views, SIZE)


def test_a_board_that_always_faces_the_camera_is_not_enough() -> None:
    places = [[x, y, 0.6] for x in (-0.15, 0, 0.15) for y in (-0.1, 0, 0.1)]
    with pytest.raises(BadInputError, match="tip it"):
        lens_from_views(seen(lens_camera("brown"), [[0.0, 0, 0]] * 9, places), SIZE)


def test_a_board_that_is_bent_is_refused() -> None:
    rng = np.random.default_rng(0)
    turns = [[*(rng.uniform(0.3, 0.6, 2) * rng.choice([-1, 1], 2)), 0.0] for _ in range(9)]
    places = [[x, y, 0.6] for x in (-0.12, 0, 0.12) for y in (-0.08, 0, 0.08)]
    views = seen(lens_camera("brown"), turns, places)
    bent = [View(v.board_m, v.corner_px + rng.normal(size=(54, 2)).astype(np.float32) * 4) for v in views]
    with pytest.raises(BadInputError, match="is the board flat"):
        lens_from_views(bent, SIZE)
