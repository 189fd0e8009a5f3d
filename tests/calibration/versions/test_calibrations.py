"""A floor's calibrations are written whole or not at all, and every version can be brought back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from calibration.camera import load_cameras
from calibration.solve.pairs import Pairs
from calibration.solve.solver import solve
from calibration.versions.digest import camera_hash, floor_hash
from calibration.versions.provenance import calibration_of
from calibration.versions.store import FOUND, MOST_VERSIONS, Calibrations
from contract.errors import BadInputError
from tests.calibration.versions.versioned_floor import NOW, block, camera


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "g.cameras.json"


def numbers(store: Calibrations) -> list[int]:
    return [one.number for one in store.history()]


def in_force(store: Calibrations) -> int:
    (one,) = [one.number for one in store.history() if one.is_in_force]
    return one


def test_a_calibration_reads_back_with_all_that_is_known_of_it(path: Path) -> None:
    store = Calibrations(path)
    made = store.write("c1", camera(), block(), NOW, "Ana, with the ladder")
    assert (made.number, made.who, made.why, made.is_in_force) == (1, "Ana, with the ladder", "c1: pairs", True)
    found = store.read()["c1"]
    assert camera_hash(found.camera) == camera_hash(camera())
    assert found.calibration == block(
        made_at="2026-09-21T14:13:20.000Z", made_by="Ana, with the ladder", hash=camera_hash(camera())
    )
    assert made.hash == floor_hash(load_cameras(path))
    assert json.loads(path.read_text())["c1"]["calibration"]["schema"] == "atrium.calibration.v1"


def test_history_tells_who_and_why_and_rolling_back_is_a_new_version(path: Path) -> None:
    store = Calibrations(path)
    for k, focal in enumerate((500.0, 510.0, 520.0)):
        store.write("c1", camera(focal_px=focal), block(), NOW + k, f"installer {k}")
    first = path.with_name("g.cameras.history") / f"0001-{store.history()[0].hash}.json"
    made = store.roll_back(1, NOW + 9, "Rui")
    assert path.read_bytes() == first.read_bytes()
    assert load_cameras(path)["c1"].matrix[0, 0] == 500.0
    assert [(one.number, one.who, one.why, one.is_in_force) for one in store.history()] == [
        (1, "installer 0", "c1: pairs", False),
        (2, "installer 1", "c1: pairs", False),
        (3, "installer 2", "c1: pairs", False),
        (4, "Rui", "rolled back to version 1", True),
    ]
    assert made.hash == store.history()[0].hash


def test_an_older_file_is_kept_as_it_was_found_and_other_tools_fields_survive(path: Path) -> None:
    homography = [[1, 0, 0.1], [0, 1, 12345678901234567890], [0, 0, 1]]
    old = {
        name: {"width": 640, "height": 360, "K": [[400, 0, 320], [0, 400, 180], [0, 0, 1]], "dist": []}
        | {
            "R": np.diag([1, -1, -1]).tolist(),
            "t": [0, 0, 3],
            "H_image_from_floor": homography,
            "lens": "fisheye",
        }
        for name in ("c1", "c2")
    }
    path.write_text(json.dumps(old))
    was = path.read_bytes()
    store = Calibrations(path)
    assert store.history() == []
    store.write("c1", camera(), block(), NOW, "Ana")
    now = json.loads(path.read_text())
    assert now["c2"] == old["c2"]
    assert now["c1"]["H_image_from_floor"] == homography
    assert load_cameras(path)["c1"].lens == "brown"
    assert [(one.number, one.why) for one in store.history()] == [(1, FOUND), (2, "c1: pairs")]
    store.roll_back(1, NOW, "")
    assert path.read_bytes() == was


def test_cameras_solved_together_are_one_version(path: Path) -> None:
    store = Calibrations(path)
    walked = block(method="walk")
    store.write_all({"c2": (camera("c2"), walked), "c1": (camera("c1"), walked)}, NOW, "Ana")
    (version,) = store.history()
    assert version.why == "c1: walk; c2: walk"
    assert set(load_cameras(path)) == {"c1", "c2"}


def test_numbers_changed_by_hand_are_refused_kept_and_mended(path: Path) -> None:
    store = Calibrations(path)
    store.write("c1", camera(), block(), NOW, "Ana")
    entries = json.loads(path.read_text())
    entries["c1"]["t"][2] += 0.01
    path.write_text(json.dumps(entries))
    complaint = (
        "cameras.json: camera c1: was edited by hand: solve it again, roll it back, or remove its calibration block"
    )
    for read in (store.read, lambda: load_cameras(path)):
        with pytest.raises(BadInputError, match=complaint):
            read()
    store.roll_back(1, NOW, "Ana")
    assert store.read()["c1"].camera.translation[2] == 3.0
    assert [(one.number, one.hash != "", one.why) for one in store.history()] == [
        (1, True, "c1: pairs"), (2, False, FOUND), (3, True, "rolled back to version 1"),
    ]  # fmt: skip
    with pytest.raises(BadInputError, match="version 2: camera c1: was edited by hand"):
        store.roll_back(2, NOW, "Ana")
    path.write_text(json.dumps(entries))
    store.write("c1", camera(height_m=3.01), block(), NOW, "Ana")
    assert store.read()["c1"].camera.translation[2] == 3.01
    del entries["c1"]["calibration"]
    path.write_text(json.dumps(entries))
    assert store.read()["c1"].calibration is None


def test_a_block_of_another_version_is_named(path: Path) -> None:
    store = Calibrations(path)
    store.write("c1", camera(), block(), NOW, "")
    path.write_text(path.read_text().replace("atrium.calibration.v1", "atrium.calibration.v9"))
    with pytest.raises(BadInputError, match=r"camera c1: its calibration's schema is 'atrium.calibration.v9'"):
        load_cameras(path)


def test_a_damaged_file_is_not_written_over_but_rolled_back(path: Path) -> None:
    store = Calibrations(path)
    store.write("c1", camera(), block(), NOW, "")
    path.write_text('{"c1": ')
    with pytest.raises(BadInputError, match=r"not a JSON object of cameras .* correct it, or roll it back"):
        store.write("c2", camera("c2"), block(), NOW, "")
    assert path.read_text() == '{"c1": '
    store.roll_back(1, NOW, "")
    assert set(store.read()) == {"c1"}


def test_what_would_not_read_back_is_never_written(path: Path) -> None:
    store = Calibrations(path)
    with pytest.raises(BadInputError, match=r"camera c1: K must be .* finite numbers"):
        store.write("c1", camera(focal_px=float("nan")), block(), NOW, "")
    with pytest.raises(BadInputError, match="camera c1: its calibration is not whole"):
        store.write("c1", camera(), block(covariance=[[float("inf")]]), NOW, "")
    with pytest.raises(BadInputError, match="'no id' is no id"):
        store.write("no id", camera("no id"), block(), NOW, "")
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "complaint"),
    [(7, "no version 7 in its history; it has 1 to 2"), (2, "version 2 is in force; nothing to roll back")],
)
def test_a_roll_back_that_cannot_be_is_one_line(path: Path, number: int, complaint: str) -> None:
    store = Calibrations(path)
    with pytest.raises(BadInputError, match="has no history yet; nothing to roll back to"):
        store.roll_back(1, NOW, "")
    for focal in (500.0, 510.0):
        store.write("c1", camera(focal_px=focal), block(), NOW, "")
    with pytest.raises(BadInputError, match=complaint):
        store.roll_back(number, NOW, "")


def test_the_last_hundred_are_kept_and_numbers_go_on(path: Path) -> None:
    store = Calibrations(path)
    for k in range(MOST_VERSIONS + 5):
        store.write("c1", camera(focal_px=500.0 + k), block(), NOW + k, str(k))
    assert numbers(store) == list(range(6, MOST_VERSIONS + 6))
    assert in_force(store) == MOST_VERSIONS + 5
    assert store.history()[0].who == "5"


def test_versions_are_whole_without_their_index(path: Path) -> None:
    store = Calibrations(path)
    for focal in (500.0, 510.0):
        store.write("c1", camera(focal_px=focal), block(), NOW, "Ana")
    index = path.with_name("g.cameras.history") / "index.json"
    index.write_text("{")
    assert [(one.number, one.who) for one in store.history()] == [(1, ""), (2, "")]
    store.roll_back(1, NOW, "Rui")
    assert [(one.number, one.who) for one in store.history()] == [(1, ""), (2, ""), (3, "Rui")]


def test_a_solution_keeps_its_pairs_terms_and_covariance(path: Path) -> None:
    truth = camera()
    floor = np.array([[x, y] for x in (-2.0, 0.0, 2.0) for y in (1.0, 3.0, 6.0)])
    pixels = truth.pixels_from_floor(floor)
    solution = solve(Pairs(pixels, floor), (640, 360), name="c1")
    Calibrations(path).write("c1", solution.camera, calibration_of(solution), NOW, "Ana")
    kept = Calibrations(path).read()["c1"].calibration
    assert kept is not None
    assert np.array_equal(np.array(kept.pairs), np.column_stack([pixels, floor]))
    assert tuple(kept.terms) == solution.terms
    assert np.array_equal(np.array(kept.covariance), solution.covariance)
    assert (kept.noise, kept.method, kept.units) == (solution.noise, "pairs", "m, px")
