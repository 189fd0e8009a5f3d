"""A box starts on a floor whose zones passed, and says why it does not start on another."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calibration.geometry import Zone
from calibration.site import Floor
from calibration.versions.digest import camera_hash
from calibration.versions.gate import CertificateFile, admit, certificate_path, failed_zones, read_certificate
from contract.errors import BadInputError
from tests.calibration.versions.versioned_floor import camera

BOX = Path("BOX.toml")
CAMERAS = {"c1": camera("c1"), "c2": camera("c2", 600.0)}
CORNERS = np.array([[0, 0], [1, 0], [1, 1]], float)


def floor(*zones: str, **changes: Any) -> Floor:
    found = {name: Zone(name, name, "shop", (CORNERS,)) for name in zones or ("zara", "hall")}
    return replace(Floor("g", "Ground", (20.0, 10.0), found, {}, [], CAMERAS), **changes)


def certificate(path: Path, words: dict[str, list[dict[str, Any]]], **changes: Any) -> CertificateFile:
    """As it is read back from the file, with what the full certificate says besides."""
    cameras = [
        {"camera": name, "verdict": "pass with remarks", "calibration_hash": camera_hash(CAMERAS[name])}
        | {"zones": words.get(name, []), "pairs": [1, 2]}
        for name in CAMERAS
    ]
    content = {"schema": "atrium.certificate.v1", "floor": "g", "cameras": cameras, "limits": {}}
    path = certificate_path(path / "g.cameras.json")
    path.write_text(json.dumps(content | changes))
    found = read_certificate(path)
    assert found is not None
    return found


def word(zone: str, verdict: str, error_cm: float | None = None) -> dict[str, Any]:
    return {"id": zone, "verdict": verdict, "seen_share": 0.5, "error_cm": error_cm}


GOOD = {"c1": [word("zara", "pass", 12.0), word("hall", "pass with remarks")]}
BAD = {"c1": [word("zara", "fail", 84.4), word("hall", "fail")], "c2": [word("hall", "pass")]}


def test_it_stands_beside_the_cameras() -> None:
    assert certificate_path(Path("a/g.cameras.json")) == Path("a/g.cameras.certificate.json")
    assert certificate_path(Path("cameras.json")) == Path("cameras.certificate.json")


def test_a_floor_without_one_starts_and_says_so(tmp_path: Path) -> None:
    assert read_certificate(tmp_path / "g.cameras.certificate.json") is None
    (line,) = admit(floor(), None, ["c1"], [], BOX)
    assert line.startswith("floor g has no certificate")
    assert line.endswith("run atrium calibrate check")


def test_a_floor_that_passed_starts_without_a_word(tmp_path: Path) -> None:
    assert admit(floor(), certificate(tmp_path, GOOD), ["c1", "c2"], [], BOX) == []


def test_two_cameras_on_a_zone_are_one_zone(tmp_path: Path) -> None:
    """The hall fails in one camera and passes in the other; a box that has the first alone cannot count on it."""
    found = certificate(tmp_path, BAD)
    assert failed_zones(floor(), found, ["c1", "c2"]) == {"zara": 84.4}
    assert failed_zones(floor(), found, ["c1"]) == {"zara": 84.4, "hall": None}
    assert failed_zones(floor(), found, ["c2"]) == {}


def test_a_box_with_all_cameras_goes_by_the_verdict_on_all(tmp_path: Path) -> None:
    found = certificate(tmp_path, BAD, zones=[word("zara", "pass"), word("hall", "fail", 61.0)])
    assert failed_zones(floor(), found, ["c1", "c2"]) == {"hall": 61.0}
    assert failed_zones(floor(), found, ["c2"]) == {}
    assert failed_zones(floor(), found, ["c1"]) == {"zara": 84.4, "hall": None}


def test_a_failed_zone_is_refused_in_one_line_with_what_to_do(tmp_path: Path) -> None:
    found = certificate(tmp_path, BAD)
    with pytest.raises(BadInputError) as caught:
        admit(floor(), found, ["c1"], [], BOX)
    assert str(caught.value) == (
        "floor g: zone zara (expected error 84 cm), zone hall failed the certificate: mend what it lists and run "
        'atrium calibrate check, or accept that at the top of BOX.toml: accept_failed_zones = ["zara", "hall"]'
    )


def test_accepting_one_zone_leaves_the_other_refused(tmp_path: Path) -> None:
    found = certificate(tmp_path, BAD)
    with pytest.raises(
        BadInputError, match=r"floor g: zone hall failed .*accept_failed_zones = \[\"zara\", \"hall\"\]"
    ):
        admit(floor(), found, ["c1"], ["zara"], BOX)


@pytest.mark.parametrize("accepted", [["zara", "hall"], ["*"]])
def test_accepted_zones_start_and_are_told_each_time(tmp_path: Path, accepted: list[str]) -> None:
    (line,) = admit(floor(), certificate(tmp_path, BAD), ["c1"], accepted, BOX)
    assert line == "floor g: zone zara (expected error 84 cm), zone hall failed the certificate; accepted in BOX.toml"


def test_a_zone_that_is_gone_cannot_fail_and_a_new_one_is_told(tmp_path: Path) -> None:
    (line,) = admit(floor("hall", "kiosk"), certificate(tmp_path, BAD), ["c1", "c2"], [], BOX)
    assert line == "floor g: the certificate says nothing of zone kiosk; run atrium calibrate check"


@pytest.mark.parametrize("calibration", ["", floor().calibration])
def test_a_certificate_of_another_calibration_is_refused_and_names_the_camera(tmp_path: Path, calibration: str) -> None:
    found = certificate(tmp_path, GOOD, calibration=calibration)
    assert admit(floor(), found, ["c1"], [], BOX) == []
    moved = floor(cameras=CAMERAS | {"c2": camera("c2", 601.0)})
    for accepted in ([], ["zara", "hall"]):
        with pytest.raises(BadInputError) as caught:
            admit(moved, found, ["c1"], accepted, BOX)
        assert str(caught.value) == (
            "floor g: the certificate is of another calibration (c2 changed since, or not in it): run atrium calibrate "
            'check, or accept that at the top of BOX.toml: accept_failed_zones = ["*"]'
        )
    (line,) = admit(moved, found, ["c1"], ["*"], BOX)
    assert line.endswith("; accepted in BOX.toml")


def test_the_floors_name_alone_tells_too(tmp_path: Path) -> None:
    nameless = [{"camera": "c1", "verdict": "pass", "zones": GOOD["c1"]}]
    assert (
        admit(floor(), certificate(tmp_path, {}, cameras=nameless, calibration=floor().calibration), ["c1"], [], BOX)
        == []
    )
    for calibration, which in (("", "c1, c2"), ("0123456789ab", "c2")):
        with pytest.raises(BadInputError, match=rf"another calibration \({which} changed since, or not in it\)"):
            admit(floor(), certificate(tmp_path, {}, cameras=nameless, calibration=calibration), ["c1"], [], BOX)


def test_cameras_that_came_and_went_are_named(tmp_path: Path) -> None:
    changed = floor(cameras={"c1": CAMERAS["c1"], "c3": camera("c3")})
    with pytest.raises(BadInputError, match=r"\(c3, c2 changed since, or not in it\)"):
        admit(changed, certificate(tmp_path, GOOD), ["c1"], [], BOX)


def test_a_certificate_of_another_floor_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="floor g: the certificate is of floor f1: run atrium calibrate check"):
        admit(floor(), certificate(tmp_path, GOOD, floor="f1"), ["c1"], [], BOX)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"schema": "atrium.certificate.v2"}, r"schema is 'atrium.certificate.v2'; this version reads"),
        ({"cameras": [{"camera": "c1", "verdict": "fine"}]}, r"Invalid enum value 'fine'"),
        ({"calibration": 7}, r"at `\$.calibration`; correct that field"),
    ],
)
def test_one_that_cannot_be_read_is_refused_not_passed_over(
    tmp_path: Path, changes: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(BadInputError, match=complaint):
        certificate(tmp_path, GOOD, **changes)
