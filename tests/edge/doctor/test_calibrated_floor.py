"""Certificates of this calibration and of another; cameras that hang as they did, were moved, were not learnt."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from calibration.drift.reference import save_reference
from calibration.drift.repair import repair_path
from calibration.drift.watch import LEARN_PICTURES
from calibration.site import Floor, load_site
from edge.doctor.calibrated import camera_drift, floor_certificate
from tests.edge.painted_mall import write_site
from tests.edge.watch.test_watch_stage import EAST, N, play, stage
from upkeep.findings import Finding


@pytest.fixture
def ground(tmp_path: Path) -> Floor:
    write_site(tmp_path)
    return load_site(tmp_path / "site.toml").floor("ground")


def certify(folder: Path, ground: Floor, verdict: str, calibration: str = "") -> Path:
    words = [{"id": "shop", "verdict": verdict, "error_cm": 84.0}, {"id": "corridor", "verdict": "pass"}]
    content = {
        "schema": "atrium.certificate.v1",
        "floor": "ground",
        "calibration": calibration or ground.calibration,
        "cameras": [{"camera": name, "verdict": verdict, "zones": words} for name in ground.cameras],
    }
    path = folder / "cameras.certificate.json"
    path.write_text(json.dumps(content))
    return path


def judged(ground: Floor, certificate: Path, accepted: tuple[str, ...] = ()) -> Finding:
    (found,) = floor_certificate(ground, certificate, list(ground.cameras), accepted, Path("BOX.toml"))
    return found


def test_what_the_certificate_says_decides(tmp_path: Path, ground: Floor) -> None:
    assert judged(ground, tmp_path / "absent.json").level == "warning"
    assert judged(ground, certify(tmp_path, ground, "pass")).level == "fine"
    failed = judged(ground, certify(tmp_path, ground, "fail"))
    assert failed.level == "fault"
    assert "expected error 84 cm" in failed.said
    assert judged(ground, certify(tmp_path, ground, "fail"), ("*",)).level == "warning"
    stale = judged(ground, certify(tmp_path, ground, "pass", "0" * 12))
    assert stale.level == "fault"
    assert "of another calibration" in stale.said
    (tmp_path / "cameras.certificate.json").write_text("{")
    assert judged(ground, tmp_path / "cameras.certificate.json").level == "fault"


def drift(folder: Path, *, watched: bool = True) -> Finding:
    (found,) = camera_drift(EAST.camera, folder, watched=watched)
    return found


def test_a_camera_is_not_learnt_then_hangs_as_it_did_then_was_moved(tmp_path: Path) -> None:
    assert drift(tmp_path).level == "unknown"
    watch = stage(tmp_path, [])
    play(watch, range(LEARN_PICTURES + 2))
    found = drift(tmp_path)
    assert found.level == "fine"
    assert found.figures["patches"] >= 16
    play(watch, range(N + 2, N + 5), turned_deg=(0, 1, 0))
    moved = drift(tmp_path)
    assert moved.level == "fault"
    assert "turned by 1.0°" in moved.said
    assert str(repair_path(tmp_path, "east")) in moved.mend
    assert drift(tmp_path, watched=False).level == "warning"


def test_what_was_learnt_of_another_calibration_or_is_damaged_does_not_count(tmp_path: Path) -> None:
    watch = stage(tmp_path, [])
    play(watch, range(N + 2))
    reference = watch._watches["east"].reference
    assert reference is not None
    save_reference(replace(reference, calibration="0" * 12), tmp_path / "east.view.npz")
    assert drift(tmp_path).level == "unknown"
    (tmp_path / "east.view.npz").write_bytes(b"no picture")
    assert drift(tmp_path).level == "warning"


@pytest.mark.parametrize("name", ["east", "west"])
def test_a_damaged_proposal_is_told(tmp_path: Path, name: str) -> None:
    repair_path(tmp_path, name).write_text("{")
    assert drift(tmp_path).level == ("warning" if name == "east" else "unknown")
