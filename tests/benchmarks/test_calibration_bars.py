"""Twelve annotated people make a camera: every real sequence, every camera, as the benchmark measures them."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.calibration import LEAST_SHARE, MOVED, SEQUENCES, Row, measure, people_of
from calibration.camera import load_cameras
from tests.shared_data import shared

CAMERAS = [
    *(("wildtrack_a", f"CVLab{k}") for k in (1, 2, 3, 4)),
    *(("wildtrack_a", f"IDIAP{k}") for k in (1, 2, 3)),
    *((room, f"cam{k}") for room in ("CMC1", "CMC2") for k in (1, 2, 3, 4)),
    ("pets_s2l1_view1", "view1"),
]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    found = []
    for sequence, name in CAMERAS:
        folder = shared("multicam", sequence)
        camera = load_cameras(folder / "cameras.json")[name]
        found.append(measure(sequence, camera, people_of(folder, camera), 0))
    return found


def test_every_camera_is_found_to_within_its_bar(rows: list[Row]) -> None:
    wrong = {f"{row.sequence} {row.camera}": row.error_m for row in rows if row.error_m > SEQUENCES[row.sequence]}
    assert wrong == {}


def test_the_expected_error_is_honest_for_four_cameras_in_five(rows: list[Row]) -> None:
    assert np.mean([row.is_honest for row in rows]) >= LEAST_SHARE


def test_wrong_pairs_among_clicked_ones_are_named_and_change_little(rows: list[Row]) -> None:
    clicked = [row for row in rows if row.sequence in {"wildtrack_a", "pets_s2l1_view1"}]
    assert all(row.named for row in clicked)
    assert max(row.moved for row in clicked) < MOVED
