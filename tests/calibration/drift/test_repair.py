"""The pose proposed for a camera that moved, its file, and confirming it."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from calibration.camera import load_cameras
from calibration.drift.motion import rotation_of
from calibration.drift.repair import (
    confirm_repair,
    file_of,
    propose,
    read_repair,
    repair_path,
    turned_camera,
    write_repair,
)
from calibration.drift.watch import LEARN_PICTURES, DriftWatch
from calibration.versions.provenance import pairs_of
from calibration.versions.store import Calibrations
from contract.errors import BadInputError
from tests.calibration.drift.painted_view import PaintedView, look

AT = "2026-06-05T11:30:00.000Z"


def knocked(turned_deg, zoom=1.0, seed=0):
    """A camera, what was proposed for it and the truth."""
    view = PaintedView(seed)
    watch = DriftWatch(view.camera)
    look(watch, view, 0, LEARN_PICTURES)
    look(watch, view, LEARN_PICTURES, 3, turned_deg=turned_deg, zoom=zoom)
    assert watch.state == "moved"
    turn = rotation_of(-np.radians(np.array(turned_deg, float)))
    camera = view.camera
    lens = camera.matrix @ np.diag([zoom, zoom, 1.0])
    truth = replace(camera, matrix=lens, rotation=turn @ camera.rotation, translation=turn @ camera.translation)
    return camera, propose(camera, watch.agreeing), truth


@pytest.mark.parametrize("turned_deg", [(1, 0, 0), (0, -1, 0), (0, 0, 1), (-2, 3, 1), (3, 12, -4)])
def test_the_proposal_is_the_true_pose_and_says_how_good_it_is(turned_deg):
    camera, found, truth = knocked(turned_deg)
    spots = np.stack(np.meshgrid(np.linspace(20, 360, 9), np.linspace(60, 210, 6)), -1).reshape(-1, 2)
    real = truth.floor_from_pixels(spots)
    near = np.hypot(*(real - truth.centre_m[:2]).T) < 15
    off_cm = 100 * np.hypot(*(found.camera.floor_from_pixels(spots) - real).T)[near]
    shift_cm = 100 * np.hypot(*(camera.floor_from_pixels(spots) - real).T)[near]
    assert np.median(off_cm) < 3
    assert np.nanmedian(shift_cm) > 5
    assert np.median(off_cm) < 5 * found.expected_cm + 1
    assert found.camera.centre_m == pytest.approx(camera.centre_m, abs=1e-9)
    assert found.residual_px < 0.5
    assert found.sure


def test_a_zoom_is_part_of_the_proposal():
    camera, found, truth = knocked((0.5, 0, 0), zoom=1.06)
    assert found.camera.matrix[0, 0] == pytest.approx(truth.matrix[0, 0], rel=0.004)
    assert found.camera.matrix[:, 2].tolist() == camera.matrix[:, 2].tolist()


def test_the_stated_turn_is_right_up_and_clockwise():
    camera, found, _ = knocked((0.6, 1.0, -0.8))
    told = file_of(found, camera, AT)
    assert (told.right_deg, told.up_deg, told.clockwise_deg) == pytest.approx((1.0, 0.6, -0.8), abs=0.05)
    straight_ahead = camera.floor_from_pixels(np.array([[191.5, 107.5]]))[0]
    after = found.camera.floor_from_pixels(np.array([[191.5, 107.5]]))[0]
    assert after[0] > straight_ahead[0]  # it looks farther right
    assert after[1] > straight_ahead[1]  # and farther out


@pytest.fixture
def files(tmp_path):
    camera, found, truth = knocked((0, 1, 0))
    entry = msgspec.to_builtins(camera.to_file())
    other = msgspec.to_builtins(replace(camera, name="other").to_file())
    cameras = tmp_path / "cameras.json"
    pixel = [[3.0, 190.0], [350.0, 200.0], [200.0, 120.0]]
    pairs = [[*p, *xy] for p, xy in zip(pixel, camera.floor_from_pixels(np.array(pixel)).tolist(), strict=True)]
    own = entry | {"note": "of another tool", "calibration": {"method": "pairs", "pairs": pairs}}
    cameras.write_bytes(msgspec.json.encode({"other": other, "cam": own}))
    path = repair_path(tmp_path, "cam")
    write_repair(file_of(found, camera, AT), path)
    return path, cameras, truth


def test_confirmed_it_is_the_calibration_and_the_old_one_is_kept(files):
    path, cameras, truth = files
    before = load_cameras(cameras)
    version = confirm_repair(read_repair(path), cameras, 1.8e9, "ana")
    after = load_cameras(cameras)
    assert after["cam"].rotation == pytest.approx(truth.rotation, abs=1e-3)
    assert after["other"].rotation.tolist() == before["other"].rotation.tolist()
    assert msgspec.json.decode(cameras.read_bytes())["cam"]["note"] == "of another tool"
    store = Calibrations(cameras)
    block = store.read()["cam"].calibration
    assert (block.method, block.made_by) == ("repair", "ana")
    pairs = pairs_of(block)
    assert 0 < len(pairs) < 3, "the view turned: one of the three is out of sight"
    assert after["cam"].floor_from_pixels(pairs.pixel_px) == pytest.approx(pairs.floor_m, abs=1e-6)
    with pytest.raises(BadInputError, match="calibrated anew since"):
        confirm_repair(read_repair(path), cameras, 1.8e9, "ana")
    store.roll_back(version.number - 1, 1.8e9, "ana")
    assert load_cameras(cameras)["cam"].rotation.tolist() == before["cam"].rotation.tolist()


def test_it_is_not_put_where_it_does_not_belong(files, tmp_path):
    path, _, _ = files
    empty = tmp_path / "others.json"
    empty.write_text("{}")
    with pytest.raises(BadInputError, match="no camera 'cam'; it has none"):
        confirm_repair(read_repair(path), empty, 1.8e9, "ana")
    path.write_text(path.read_text().replace("atrium.repair.v1", "atrium.repair.v9"))
    with pytest.raises(BadInputError, match=r"repair\.json: schema is 'atrium\.repair\.v9'"):
        read_repair(path)
    path.write_text("{")
    with pytest.raises(BadInputError, match="not JSON"):
        read_repair(path)


def test_a_turned_camera_sees_what_the_background_did():
    camera, found, _ = knocked((1, 2, 0))
    moved = turned_camera(camera, found.motion)
    points = np.array([[10.0, 6.0, 0.0], [12.0, 9.0, 1.5]])
    rays = (points - camera.centre_m) @ camera.rotation.T
    assert (points - moved.centre_m) @ moved.rotation.T == pytest.approx(rays @ found.motion.rotation.T, abs=1e-9)
