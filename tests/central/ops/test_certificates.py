"""What a floor's files say of its calibration, and that a change is noticed."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from calibration.site import Site, load_site
from calibration.versions.digest import camera_hash
from central.ops.certificates import Certificates
from central.ops.state import FloorCalibration
from simulator.scene import GALLERIA


@pytest.fixture
def galleria(tmp_path: Path) -> Site:
    shutil.copytree(GALLERIA.parent, tmp_path / "site")
    return load_site(tmp_path / "site" / "site.toml")


def certify(site: Site, verdict: str = "pass", **zones: str) -> Path:
    floor = site.floors["g"]
    content: dict[str, Any] = {
        "schema": "atrium.certificate.v1",
        "floor": "g",
        "calibration": floor.calibration,
        "cameras": [
            {"camera": name, "verdict": verdict, "calibration_hash": camera_hash(camera)}
            for name, camera in floor.cameras.items()
        ],
        "zones": [{"id": zone, "verdict": word, "error_cm": 84.0} for zone, word in zones.items()],
    }
    path = site.source.with_name("g.cameras.certificate.json")
    path.write_text(json.dumps(content))
    return path


def ground(certificates: Certificates) -> FloorCalibration:
    return next(one for one in certificates.floors() if one.floor == "g")


def test_a_floor_without_a_certificate_says_so(galleria: Site) -> None:
    found = ground(Certificates(galleria))
    assert (found.certificate, found.calibration) == ("", galleria.floors["g"].calibration)
    assert set(found.cameras) == set(galleria.floors["g"].cameras)


def test_a_certificate_is_read_judged_and_read_again_when_it_changes(galleria: Site) -> None:
    certificates = Certificates(galleria)
    certify(galleria)
    assert (ground(certificates).certificate, ground(certificates).is_stale) == ("pass", False)
    zone = next(iter(galleria.floors["g"].zones))
    path = certify(galleria, "fail", **{zone: "fail"})
    os.utime(path, ns=(1, 1))
    assert (ground(certificates).certificate, dict(ground(certificates).failed)) == ("fail", {zone: 84.0})
    path.unlink()
    assert ground(certificates).certificate == ""


def test_a_camera_calibrated_since_makes_it_stale(galleria: Site) -> None:
    certify(galleria)
    path = galleria.source.with_name("g.cameras.json")
    cameras = json.loads(path.read_text())
    name = next(iter(cameras))
    cameras[name]["t"][0] += 0.5
    cameras[name]["calibration"] = {"made_at": "2026-01-01T12:00:00.000Z"}
    path.write_text(json.dumps(cameras))
    found = ground(Certificates(galleria))
    assert found.is_stale
    assert found.made_at == 1_767_268_800.0
    assert found.calibration != galleria.floors["g"].calibration


def test_a_broken_file_is_told_and_takes_nothing_down(galleria: Site) -> None:
    galleria.source.with_name("g.cameras.json").write_text("{")
    found = Certificates(galleria).floors()
    assert "g.cameras.json" in found[0].unreadable
    assert found[1].unreadable == ""
