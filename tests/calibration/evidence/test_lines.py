"""Straight lines of the world tell what the lens does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from calibration.camera import Camera
from calibration.evidence.lines import Lines, lens_from_lines, read_lines, straight
from calibration.solve.solver import solve
from calibration.solve.terms import plain_camera
from contract.errors import BadInputError
from tests.calibration.simulated import clicked, floor_error_m, floor_points, mall_camera

SIZE = (1280, 720)


def bent_lens(lens: str) -> Camera:
    camera = plain_camera("c", SIZE, 900.0 if lens == "brown" else 420.0, lens, np.eye(3), np.zeros(3))  # type: ignore[arg-type]
    camera.distortion[:2] = (-0.3, 0.09) if lens == "brown" else (0.03, 0.0)
    camera.matrix[:2, 2] += (12.0, -8.0) if lens == "brown" else (0.0, 0.0)
    return camera


def traced(camera: Camera, rng: np.random.Generator, count: int, points: int = 7, noise: float = 0.7) -> Lines:
    """Straight edges anywhere across the picture, as the lens shows them, clicked."""
    lines = []
    size = np.array([camera.width, camera.height])
    while len(lines) < count:
        ends = camera.plane_from_pixels(rng.uniform(0.03, 0.97, (2, 2)) * size)
        pixel = camera.pixels_from_plane(ends[0] + np.linspace(0, 1, points)[:, None] * (ends[1] - ends[0]))
        if np.isfinite(pixel).all() and np.hypot(*(pixel[-1] - pixel[0])) > 500:
            lines.append(pixel + noise * rng.normal(size=pixel.shape))
    return straight(lines)


@pytest.mark.parametrize("lens", ["brown", "fisheye"])
def test_lines_through_the_true_lens_are_straight(lens: str) -> None:
    camera = bent_lens(lens)
    lines = traced(camera, np.random.default_rng(0), 6, noise=0.0)
    assert np.abs(lines.residuals(camera)).max() < 1e-2
    plain = plain_camera("c", SIZE, 9e4, "brown", np.eye(3), np.zeros(3))
    assert 5 < np.abs(lines.residuals(plain)).max() < 200


def test_a_residual_is_a_click_in_standard_deviations() -> None:
    camera = bent_lens("brown")
    off = traced(camera, np.random.default_rng(1), 60, 9, 1.0).residuals(camera)
    assert np.sqrt((off**2).sum() / (60 * 7)) == pytest.approx(1.0, abs=0.12)


@pytest.mark.parametrize("lens", ["brown", "fisheye"])
def test_the_lens_is_found_without_pairs(lens: str) -> None:
    camera = bent_lens(lens)
    found = lens_from_lines(traced(camera, np.random.default_rng(2), 14), SIZE, lens)  # type: ignore[arg-type]
    assert found.rest_px < 1.5 < found.bend_px
    own = found.intrinsics
    there = Camera("c", *SIZE, own.matrix, own.distortion, np.eye(3), np.zeros(3), own.lens)
    fresh = traced(camera, np.random.default_rng(3), 20, noise=0.0)
    left = np.sqrt(np.mean(fresh.residuals(there) ** 2))
    assert left < 0.8
    if lens == "fisheye":
        focal = own.matrix[0, 0]
        sure = found.deviation[found.terms.index("focal")]
        assert abs(np.log(focal / 420.0)) < 4 * sure
        assert sure < 0.1


def test_lines_help_where_pairs_are_few() -> None:
    better = []
    for seed in range(4):
        rng = np.random.default_rng([seed, 3])
        camera = mall_camera(rng, "wide")
        pairs = clicked(camera, floor_points(camera, rng, 6), rng)
        size = (camera.width, camera.height)
        lines = traced(camera, rng, 8)
        alone = floor_error_m(solve(pairs, size, lens="brown").camera, camera)
        better.append(floor_error_m(solve(pairs, size, lens="brown", evidence=[lines]).camera, camera) / alone)
    assert np.median(better) < 0.8


def test_two_lines_are_not_enough() -> None:
    with pytest.raises(BadInputError, match="2 traced; at least 3 are needed"):
        lens_from_lines(traced(bent_lens("brown"), np.random.default_rng(0), 2), SIZE)


def test_a_curved_thing_is_no_line() -> None:
    angle = np.linspace(0, np.pi, 20)
    circle = np.column_stack([640 + 300 * np.cos(angle), 360 + 200 * np.sin(angle)])
    good = traced(bent_lens("brown"), np.random.default_rng(0), 4).points_px.reshape(4, 7, 2)
    lines = straight([*good, circle])
    with pytest.raises(BadInputError, match="no lens makes these straight"):
        lens_from_lines(lines, SIZE)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("line,u,v\na,1,2\na,400,2\n", "line 'a' has 2 points; trace it with at least 3"),
        ("line,u,v\na,1,2\na,4,2\na,9,3\n", "line 'a' is only 8 px long"),
        ("line,u,v\na,1,2\n,4,2\n", "line 3: line is empty"),
        ("u,v\n1,2\n", "no column 'line'"),
        ("line,u,v\na,1,wide\n", "line 2: v must be a number, not 'wide'"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "lines.csv"
    path.write_text(text)
    with pytest.raises(BadInputError, match=said):
        read_lines(path, SIZE)


def test_a_file_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "lines.csv"
    path.write_text("line,u,v\nskirting,10,20\nskirting,300,22\nskirting,600,30\nshelf,5,5\nshelf,300,9\nshelf,700,1\n")
    lines = read_lines(path, SIZE)
    assert lines.points_px[:3].tolist() == [[10, 20], [300, 22], [600, 30]]
    assert lines.starts.tolist() == [0, 3]
