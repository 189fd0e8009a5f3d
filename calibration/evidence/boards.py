"""A checkerboard or ChArUco board shown to the camera becomes its lens (Zhang 2000), ordinary or fisheye.

Corners are found to a fraction of a pixel; of a clip's many pictures those are kept whose boards differ most in place,
size and slant; and the answer says how sure each term is, and refuses where the views cannot tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.camera import Floats
from calibration.lens import Kind
from calibration.solve.start import Intrinsics
from contract.errors import BadInputError

FEWEST_VIEWS, MOST_VIEWS = 6, 30
FEWEST_CORNERS = 8
ALIKE = 0.06
"""Views whose boards lie within this share of the picture of each other, in place, size and slant, are one view."""
SLANT = 0.08
"""Sides of a board that is not held flat differ by this share; without it focal length and distance are one."""
WORST_RMS_PX = 1.5
WIDEST_WINDOW_PX = 8
SUBPIX_ENDS = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 60, 1e-3)
UNSURE = 0.02
"""A focal length less sure than this share is not given out."""


@dataclass(frozen=True, slots=True)
class Board:
    """What is printed.

    Attributes:
        columns: inner corners along a row (of ChArUco: squares).
        rows: inner corners down (of ChArUco: squares).
        square_m: side of a square, metres.
        marker_m: side of a marker of a ChArUco board, None for a checkerboard.
    """

    columns: int
    rows: int
    square_m: float
    marker_m: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A board as one picture shows it.

    Attributes:
        board_m: (C, 3) corners on the board, metres.
        corner_px: (C, 2) where they are seen.
    """

    board_m: NDArray[np.float32]
    corner_px: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class BoardLens:
    """A lens measured with a board.

    Attributes:
        intrinsics: the lens.
        rms_px: how far corners are from where the lens puts them, root mean square.
        deviation: how sure each term is, one standard deviation: ``fx``, ``fy``, ``cx``, ``cy`` and lens terms.
        views: how many pictures it rests on.
    """

    intrinsics: Intrinsics
    rms_px: float
    deviation: dict[str, float]
    views: int


def view_of(image: cv2.typing.MatLike, board: Board) -> View | None:
    """The board in a picture; None where it is not seen well enough."""
    grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    return _charuco(grey, board) if board.marker_m is not None else _checkerboard(grey, board)


def lens_from_board(
    images: Iterable[cv2.typing.MatLike], board: Board, lens: Kind | None = None, source: str = "board"
) -> BoardLens:
    """The lens that took these pictures of a board.

    Args:
        images: pictures of one camera, (H, W) or (H, W, 3), all of one size.
        board: what is printed.
        lens: the model, None for whichever fits better.
        source: what the pictures came from, for messages.

    Raises:
        BadInputError: where the board is seen too rarely, always alike, or no lens explains it.
    """
    size: tuple[int, int] | None = None
    views, seen = [], 0
    for image in images:
        own = (image.shape[1], image.shape[0])
        if size is not None and own != size:
            raise BadInputError(f"{source}: pictures of {size[0]} x {size[1]} and {own[0]} x {own[1]}; take all in one")
        size, seen = own, seen + 1
        view = view_of(image, board)
        if view is not None:
            views.append(view)
    if size is None:
        raise BadInputError(f"{source}: no pictures; give a clip or a folder of stills")
    if len(views) < FEWEST_VIEWS:
        raise BadInputError(
            f"{source}: the board is seen in {len(views)} of {seen} pictures; at least {FEWEST_VIEWS} are needed. "
            f"Check the number of inner corners ({board.columns} x {board.rows}), light and focus, and hold it still"
        )
    return lens_from_views(views, size, lens, source)


def lens_from_views(
    views: Sequence[View], size: tuple[int, int], lens: Kind | None = None, source: str = "board"
) -> BoardLens:
    """The lens that explains views of a board; see `lens_from_board`.

    Raises:
        BadInputError: where they are too few or too much alike, or no lens explains them.
    """
    kept = _different(views, size)
    if len(kept) < FEWEST_VIEWS:
        raise BadInputError(
            f"{source}: the board is seen {len(views)} times but in only {len(kept)} different places; move it to "
            "every corner of the picture, near and far, and tip it"
        )
    if max(_slant(view) for view in kept) < SLANT:
        raise BadInputError(f"{source}: the board always faces the camera; tip it by 30 degrees and more, to all sides")
    kinds: list[Kind] = [lens] if lens else ["brown", "fisheye"]
    found = [each for kind in kinds if (each := _calibrated(kept, size, kind))]
    if not found:
        raise BadInputError(f"{source}: no lens explains these views; is the board flat, and its size given right?")
    best = min(found, key=lambda each: each.rms_px)
    if best.rms_px > WORST_RMS_PX:
        raise BadInputError(
            f"{source}: corners stay {best.rms_px:.1f} px off whatever the lens; is the board flat, its number of "
            "corners right, and every picture from this camera at one zoom?"
        )
    focal = best.intrinsics.matrix[0, 0]
    if best.deviation["fx"] > UNSURE * focal:
        raise BadInputError(
            f"{source}: the focal length stays unsure by {100 * best.deviation['fx'] / focal:.0f} %; show the board "
            "larger and tipped, also near the picture's edges"
        )
    return best


def _checkerboard(grey: cv2.typing.MatLike, board: Board) -> View | None:
    pattern = (board.columns, board.rows)
    is_found, corners = cv2.findChessboardCornersSB(grey, pattern, flags=cv2.CALIB_CB_ACCURACY)
    if not is_found:
        return None
    across, down = np.meshgrid(np.arange(board.columns), np.arange(board.rows))
    seen = np.asarray(corners, np.float32).reshape(board.rows, board.columns, 2)
    side = min(float(np.linalg.norm(np.diff(seen, axis=k), axis=2).min()) for k in (0, 1))
    half = int(np.clip(0.4 * side, 2, WIDEST_WINDOW_PX))
    # The finder's own corners are 0.15 px off on drawn boards that are tipped and bent, these 0.03.
    sharp = cv2.cornerSubPix(grey, seen.reshape(-1, 1, 2), (half, half), (-1, -1), SUBPIX_ENDS)
    grid = np.column_stack([across.ravel(), down.ravel(), np.zeros(across.size)]) * board.square_m
    return View(grid.astype(np.float32), np.asarray(sharp, np.float32).reshape(-1, 2))


def charuco_board(board: Board) -> cv2.aruco.CharucoBoard:
    """OpenCV's board of that size, with markers of ``DICT_5X5_1000``."""
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_5X5_1000)
    return cv2.aruco.CharucoBoard((board.columns, board.rows), board.square_m, board.marker_m or 0.0, dictionary)


def _charuco(grey: cv2.typing.MatLike, board: Board) -> View | None:
    printed = charuco_board(board)
    corners, names, _, _ = cv2.aruco.CharucoDetector(printed).detectBoard(grey)
    if corners is None or names is None or len(names) < FEWEST_CORNERS:
        return None
    points = np.asarray(printed.getChessboardCorners(), np.float32)[np.ravel(names)]
    if np.linalg.matrix_rank(points - points.mean(0), 1e-6) < 2:
        return None
    return View(points, np.asarray(corners, np.float32).reshape(-1, 2))


def _shape(view: View, size: tuple[int, int]) -> Floats:
    """(6,) where the board is, how large, and how slanted, in shares of the picture."""
    flat = cv2.findHomography(view.board_m[:, :2], view.corner_px)[0]
    low, high = view.board_m[:, :2].min(0), view.board_m[:, :2].max(0)
    frame = np.array([[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]]], np.float32)
    corners = cv2.perspectiveTransform(frame[None], flat)[0] if flat is not None else np.zeros((4, 2), np.float32)
    return np.asarray(corners.ravel() / size[0], np.float64)


def _different(views: Sequence[View], size: tuple[int, int]) -> list[View]:
    """Views that differ, farthest from those already chosen first, so that few say much."""
    shapes = np.array([_shape(view, size) for view in views])
    chosen = [int(np.argmax([len(view.board_m) for view in views]))]
    while len(chosen) < min(len(views), MOST_VIEWS):
        apart = np.abs(shapes[:, None] - shapes[chosen]).max(2).min(1)
        best = int(np.argmax(apart))
        if apart[best] < ALIKE:
            break
        chosen.append(best)
    return [views[k] for k in sorted(chosen)]


def _slant(view: View) -> float:
    """By what share opposite sides of the board differ in the picture."""
    corners = _shape(view, (1, 1)).reshape(4, 2)
    sides = np.linalg.norm(corners - np.roll(corners, -1, 0), axis=1)
    return float(max(abs(np.log(sides[0] / sides[2])), abs(np.log(sides[1] / sides[3]))))


def _calibrated(views: Sequence[View], size: tuple[int, int], lens: Kind) -> BoardLens | None:
    """OpenCV's calibration, once more without views that are far worse than the rest."""
    for _ in range(3):
        try:
            found, each = _brown(views, size) if lens == "brown" else _fisheye(views, size)
        except cv2.error:
            return None
        if not np.isfinite(found.rms_px) or not np.isfinite(found.intrinsics.matrix).all():
            return None
        good = each <= max(3 * float(np.median(each)), 0.3)
        if good.all() or good.sum() < FEWEST_VIEWS:
            return found
        views = [view for view, is_good in zip(views, good, strict=True) if is_good]
    return found


def _brown(views: Sequence[View], size: tuple[int, int]) -> tuple[BoardLens, Floats]:
    rms, matrix, terms, _, _, spread, _, each = cv2.calibrateCameraExtended(
        [view.board_m for view in views], [view.corner_px for view in views], size,
        np.eye(3), np.zeros(5), flags=0,
    )  # fmt: skip
    names = ("fx", "fy", "cx", "cy", "k1", "k2", "p1", "p2", "k3")
    known = Intrinsics(np.asarray(matrix, np.float64), np.ravel(terms)[:5].astype(np.float64), "brown", size)
    deviation = dict(zip(names, np.ravel(spread)[:9].tolist(), strict=True))
    return BoardLens(known, float(rms), deviation, len(views)), np.ravel(each).astype(np.float64)


def _fisheye(views: Sequence[View], size: tuple[int, int]) -> tuple[BoardLens, Floats]:
    start = np.array([[0.35 * size[0], 0, size[0] / 2 - 0.5], [0, 0.35 * size[0], size[1] / 2 - 0.5], [0, 0, 1.0]])
    flags = cv2.CALIB_RECOMPUTE_EXTRINSIC | cv2.CALIB_FIX_SKEW | cv2.CALIB_USE_INTRINSIC_GUESS
    board = [view.board_m.reshape(1, -1, 3).astype(np.float64) for view in views]
    seen = [view.corner_px.reshape(1, -1, 2).astype(np.float64) for view in views]
    end = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 100, 1e-8)
    rms, matrix, terms, turns, moves = cv2.fisheye.calibrate(
        board, seen, size, start, np.zeros(4), flags=flags, criteria=end
    )
    known = Intrinsics(np.asarray(matrix, np.float64), np.ravel(terms).astype(np.float64), "fisheye", size)
    each, normal = [], np.zeros((8, 8))
    for points, pixels, turn, move in zip(board, seen, turns, moves, strict=True):
        shown, slopes = cv2.fisheye.projectPoints(points, turn, move, known.matrix, known.distortion)
        each.append(float(np.sqrt(((shown - pixels) ** 2).sum(-1).mean())))
        lens, pose = slopes[:, :8], slopes[:, 8:14]
        cross = lens.T @ pose
        normal += lens.T @ lens - cross @ np.linalg.pinv(pose.T @ pose) @ cross.T
    count = 2 * sum(points.shape[1] for points in board) - 6 * len(views) - 8
    noise = float(rms) ** 2 / 2 * (count + 6 * len(views) + 8) / max(count, 1)
    spread = np.sqrt(np.maximum(np.diag(np.linalg.pinv(normal)) * noise, 0.0))
    deviation = dict(zip(("fx", "fy", "cx", "cy", "k1", "k2", "k3", "k4"), spread.tolist(), strict=True))
    return BoardLens(replace(known), float(rms), deviation, len(views)), np.array(each, np.float64)
