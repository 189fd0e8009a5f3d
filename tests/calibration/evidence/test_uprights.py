"""Posts tell how a camera tilts and rolls, and with a known height how high it hangs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from calibration.camera import Camera
from calibration.evidence.uprights import Uprights, read_uprights
from calibration.solve.pairs import Pairs
from calibration.solve.solver import solve
from calibration.solve.terms import shifted
from contract.errors import BadInputError
from tests.calibration.simulated import KINDS, clicked, floor_error_m, floor_points, mall_camera

SIZE = (1280, 720)


def posts(camera: Camera, rng: np.random.Generator, count: int, height_m: float, noise: float = 1.0) -> Uprights:
    feet, tops = [], []
    for foot in floor_points(camera, rng, 40):
        low = camera.pixels_from_floor(foot[None])[0]
        top = camera.pixels_from_floor(foot[None], height_m)[0]
        if np.isfinite(top).all() and (top >= 0).all() and np.hypot(*(top - low)) > 20 and len(feet) < count:
            feet.append(low + noise * rng.normal(size=2))
            tops.append(top + noise * rng.normal(size=2))
    assert len(feet) == count
    return Uprights(np.array(feet), np.array(tops), np.full(count, height_m))


def nameless(known: Uprights) -> Uprights:
    return Uprights(known.foot_px, known.top_px, np.full(len(known), np.nan))


@pytest.mark.parametrize("kind", KINDS)
def test_the_true_camera_has_no_misfit(kind: str) -> None:
    rng = np.random.default_rng(1)
    camera = mall_camera(rng, kind)
    known = posts(camera, rng, 4, 1.9, 0.0)
    assert np.abs(known.residuals(camera)).max() < 1e-3
    assert np.abs(nameless(known).residuals(camera)).max() < 1e-3


def test_a_tilted_or_lifted_camera_has() -> None:
    rng = np.random.default_rng(1)
    camera = mall_camera(rng, "ordinary")
    known = posts(camera, rng, 1, 2.0, 0.0)
    rolled = shifted(camera, ("turn_z",), np.array([0.05]))
    assert abs(known.residuals(rolled)[0]) > 1
    assert abs(nameless(known).residuals(rolled)[0]) > 1
    lifted = shifted(camera, ("z",), np.array([0.5]))
    assert abs(known.residuals(lifted)[1]) > 1
    assert nameless(known).residuals(lifted)[1] == 0.0


def test_a_foot_above_the_horizon_is_far_off_and_no_error() -> None:
    camera = mall_camera(np.random.default_rng(1), "ordinary")
    nowhere = Uprights(np.array([[600.0, -5000.0]]), np.array([[600.0, -5100.0]]), np.array([2.0]))
    assert np.isfinite(nowhere.residuals(camera)).all()
    assert np.abs(nowhere.residuals(camera)).min() > 100


def test_doors_of_known_height_help_where_pairs_are_few() -> None:
    gains = []
    for seed in range(4):
        rng = np.random.default_rng([seed, 2])
        camera = mall_camera(rng, "ordinary")
        pairs = clicked(camera, floor_points(camera, rng, 5), rng)
        size = (camera.width, camera.height)
        doors = posts(camera, rng, 5, 2.05)
        alone = floor_error_m(solve(pairs, size, lens="brown").camera, camera)
        gains.append(floor_error_m(solve(pairs, size, lens="brown", evidence=[doors]).camera, camera) / alone)
    assert np.median(gains) < 0.9


def test_known_heights_contradict_a_plan_of_wrong_scale() -> None:
    """Pairs on a plan whose metres are too long: the posts say so, as the fit cannot satisfy both."""
    rng = np.random.default_rng(5)
    camera = mall_camera(rng, "ordinary")
    pairs = clicked(camera, floor_points(camera, rng, 10), rng)
    doors = posts(camera, rng, 5, 2.05)
    long = Pairs(pairs.pixel_px, pairs.floor_m * 1.5)
    found = solve(long, (camera.width, camera.height), lens="brown").camera
    assert np.median(np.abs(doors.residuals(found)[5:])) > 5


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("1,2,3,4,210", "centimetres. divide by 100"),
        ("100,400,110,300,0.01", "leave it empty where unknown"),
        ("100,400,101,395,2", "less than 15 px apart; choose a nearer upright"),
        ("100,400,1500,300,2", "the top at .1500, 300. is outside the 1280 x 720 picture"),
        ("100,,110,300,2", "line 2: foot_v must be a number"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, row: str, said: str) -> None:
    path = tmp_path / "posts.csv"
    path.write_text(f"foot_u,foot_v,top_u,top_v,height_m\n{row.replace('1,2,3,4', '100,400,110,300')}\n")
    with pytest.raises(BadInputError, match=said):
        read_uprights(path, SIZE)


def test_heights_may_be_left_out(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text("foot_u,foot_v,top_u,top_v\n100,400,110,300\n")
    assert np.isnan(read_uprights(path, SIZE).height_m).all()
