"""What is learnt of a view, and what lies on the disk of it."""

from __future__ import annotations

import stat
from dataclasses import replace

import numpy as np
import pytest

from calibration.drift.reference import learn, load_reference, save_reference
from calibration.versions.digest import camera_hash
from contract.errors import BadInputError
from tests.calibration.drift.painted_view import PaintedView, hung

VIEW = PaintedView(1)


def walking(k):
    """Somebody who is elsewhere in every picture."""
    return [(30 + 25 * k, 60, 70 + 25 * k, 200)]


def test_who_walks_through_leaves_nothing():
    empty = learn(VIEW.camera, [VIEW.shot(k) for k in range(12)], 0.0)
    walked = learn(VIEW.camera, [VIEW.shot(k, people=walking(k)) for k in range(12)], 0.0)
    assert empty.is_usable
    assert len(walked.middles_px) > 0.8 * len(empty.middles_px)
    same = {tuple(place) for place in empty.middles_px.tolist()}
    assert np.mean([tuple(place) in same for place in walked.middles_px.tolist()]) > 0.6


def test_what_never_looks_the_same_gets_no_patch():
    screen = (150, 50, 230, 120)
    found = learn(VIEW.camera, [VIEW.shot(k, people=[screen]) for k in range(12)], 0.0)
    inside = (found.middles_px >= screen[:2]).all(1) & (found.middles_px < screen[2:]).all(1)
    assert found.is_usable
    assert not inside.any()


def test_masks_are_not_learnt():
    mask = np.zeros((216, 384), np.bool_)
    mask[:, :192] = True
    found = learn(VIEW.camera, [VIEW.shot(k) for k in range(12)], 0.0, [mask] * 12)
    assert found.middles_px[:, 0].min() >= 192 + 8
    assert found.spots_px[:, 0].min() >= 190


def test_a_bare_wall_cannot_be_known_again():
    rng = np.random.default_rng(0)
    bare = [np.clip(rng.normal(120, 3, (216, 384)), 0, 255).astype(np.uint8) for _ in range(12)]
    assert not learn(VIEW.camera, bare, 0.0).is_usable


def test_it_reads_back_as_written_and_only_its_owner_may(tmp_path):
    made = learn(VIEW.camera, [VIEW.shot(k) for k in range(12)], 5.0)
    path = tmp_path / "cam.view.npz"
    save_reference(made, path)
    read = load_reference(path)
    for name in ("middles_px", "patches", "descriptors"):
        assert (getattr(read, name) == getattr(made, name)).all()
    assert (read.camera, read.calibration, read.size, read.made_at, read.contrast) == (
        "cam", camera_hash(VIEW.camera), (384, 216), 5.0, made.contrast,
    )  # fmt: skip
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_size < 60_000
    assert [each.name for each in tmp_path.iterdir()] == ["cam.view.npz"]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04broken", b"no zip at all"])
def test_a_damaged_file_is_said(tmp_path, content):
    path = tmp_path / "cam.view.npz"
    path.write_bytes(content)
    with pytest.raises(BadInputError, match=r"cam\.view\.npz: not a drift reference .*remove it"):
        load_reference(path)


def test_half_a_file_is_said(tmp_path):
    path = tmp_path / "cam.view.npz"
    save_reference(learn(VIEW.camera, [VIEW.shot(k) for k in range(12)], 5.0), path)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(BadInputError, match="remove it"):
        load_reference(path)


def test_any_change_of_a_calibration_is_another_calibration():
    one = hung()
    other = replace(one, translation=one.translation + 1e-3)
    assert camera_hash(one) == camera_hash(hung("another_name"))
    assert camera_hash(one) != camera_hash(other)
