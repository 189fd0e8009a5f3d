"""`edge run` on a floor whose zones failed: not without the box's file saying so."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from calibration.site import load_site
from contract.errors import BadInputError
from edge.app import Outcome, run_box
from edge.box import load_box
from tests.broker import free_port
from tests.edge.painted_mall import PaintDetector, write_box, write_mall

SECONDS = 6.0


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_mall(tmp_path_factory.mktemp("mall"), SECONDS).parent


@pytest.fixture
def folder(clips: Path, tmp_path: Path) -> Path:
    for name in ("site.toml", "ground.geojson", "cameras.json", "west.mp4", "east.mp4"):
        (tmp_path / name).write_bytes((clips / name).read_bytes())
    return tmp_path


def certify(folder: Path, shop: str) -> None:
    words = [{"id": "shop", "verdict": shop, "error_cm": 84.0}, {"id": "corridor", "verdict": "pass"}]
    content = {
        "schema": "atrium.certificate.v1",
        "floor": "ground",
        "calibration": load_site(folder / "site.toml").floor("ground").calibration,
        "cameras": [{"camera": name, "verdict": shop, "zones": words} for name in ("west", "east")],
    }
    (folder / "cameras.certificate.json").write_text(json.dumps(content))


def run(folder: Path, extra: str = "") -> tuple[Outcome, list[str]]:
    told: list[str] = []
    box = load_box(write_box(folder, port=free_port(), extra=extra))
    return run_box(box, threading.Event(), told.append, detector=PaintDetector(), wait_s=0.0), told


def of_certificate(told: list[str]) -> list[str]:
    return [line for line in told if "certificate" in line]


def test_without_a_certificate_it_runs_as_ever_and_says_one_line(folder: Path) -> None:
    outcome, told = run(folder)
    assert outcome.ended
    (line,) = of_certificate(told)
    assert "floor ground has no certificate" in line


def test_a_zone_that_passed_runs_without_a_word(folder: Path) -> None:
    certify(folder, "pass")
    outcome, told = run(folder)
    assert outcome.ended
    assert of_certificate(told) == []


def test_a_failed_zone_does_not_start_before_anything_is_made(folder: Path) -> None:
    certify(folder, "fail")
    with pytest.raises(
        BadInputError, match=r"zone shop \(expected error 84 cm\) failed the certificate: mend .*BOX.toml"
    ):
        run(folder)
    assert not (folder / "state").exists()


@pytest.mark.parametrize("accepted", ['["shop"]', '["*"]'])
def test_a_failed_zone_that_is_accepted_runs_and_is_told(folder: Path, accepted: str) -> None:
    certify(folder, "fail")
    outcome, told = run(folder, f"accept_failed_zones = {accepted}")
    assert outcome.ended
    (line,) = of_certificate(told)
    assert "zone shop (expected error 84 cm) failed the certificate; accepted in" in line


def test_a_certificate_of_before_the_camera_was_solved_again_does_not_start(folder: Path) -> None:
    certify(folder, "pass")
    cameras = json.loads((folder / "cameras.json").read_text())
    cameras["east"]["t"][2] += 0.05
    (folder / "cameras.json").write_text(json.dumps(cameras))
    with pytest.raises(
        BadInputError,
        match="the certificate is of another calibration: run",
    ):
        run(folder)
    assert run(folder, 'accept_failed_zones = ["*"]')[0].ended
