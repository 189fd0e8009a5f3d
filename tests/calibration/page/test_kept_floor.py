"""What the page keeps of a floor: calibrations as versions, a certificate its box goes by, zones with all they had."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from calibration.camera import load_cameras
from calibration.page.kept_floor import KeptFloor
from calibration.page.ports import Geometry
from calibration.page.zoning import ZoneWork
from calibration.site import load_site
from calibration.versions.gate import admit, read_certificate
from calibration.versions.store import Calibrations
from calibration.zones.geojson import read_drawing
from contract.errors import BadInputError
from tests.calibration.page.one_hall import PLACES, SIZE_M, clicked, feature, kept_floor, new_floor, solved, true_camera


def saved(folder: Path) -> KeptFloor:
    kept = kept_floor(new_floor(folder))
    kept.save(solved(), "ana")
    kept.renew()
    return kept


def test_a_new_camera_is_saved_and_certified(tmp_path: Path) -> None:
    kept = kept_floor(new_floor(tmp_path))
    assert kept.saved() == {}
    assert kept.verdicts() == {}
    kept.renew()
    assert not (tmp_path / "g.cameras.certificate.json").exists(), "there is nothing to judge yet"
    assert kept.save(solved(), "ana") == "version 1"
    assert kept.verdicts() == {"hall": "unjudged"}
    kept.renew()
    assert kept.verdicts() == {"hall": "pass"}
    certificate = read_certificate(tmp_path / "g.cameras.certificate.json")
    floor = load_site(tmp_path / "site.toml").floor("g")
    assert admit(floor, certificate, ["hall"], [], tmp_path / "BOX.toml") == [], "its box starts without a remark"


def test_what_is_saved_is_the_camera_its_pairs_and_who_made_it(tmp_path: Path) -> None:
    kept = saved(tmp_path)
    told = load_cameras(tmp_path / "g.cameras.json")["hall"].floor_from_pixels(true_camera().pixels_from_floor(PLACES))
    assert np.hypot(*(told - PLACES).T).max() < 0.1
    block = kept.saved()["hall"].calibration
    assert block is not None
    assert np.array_equal(np.array(block.pairs), np.column_stack([clicked().pixel_px, clicked().floor_m]))
    assert (block.made_by, block.made_at[:10], block.method) == ("ana", "2026-05-28", "pairs")
    assert kept.save(solved(), "rui") == "version 2"
    assert [one.who for one in Calibrations(tmp_path / "g.cameras.json").history()] == ["ana", "rui"]


def test_a_certificate_of_another_calibration_says_nothing(tmp_path: Path) -> None:
    kept = saved(tmp_path)
    moved = solved()
    kept.save(replace(moved, camera=replace(moved.camera, translation=moved.camera.translation + 0.05)), "ana")
    assert kept.verdicts() == {"hall": "unjudged"}
    kept.renew()
    assert kept.verdicts() == {"hall": "remarks"}, "the calibration in use misses its pairs"


def test_a_camera_of_another_day_without_pairs_fails_as_nothing_says_how_good_it_is(tmp_path: Path) -> None:
    kept = saved(tmp_path)
    entries = json.loads((tmp_path / "g.cameras.json").read_text())
    entries["old"] = {key: value for key, value in entries["hall"].items() if key != "calibration"}
    (tmp_path / "g.cameras.json").write_text(json.dumps(entries))
    kept.renew()
    assert kept.verdicts() == {"hall": "pass", "old": "fail"}


def test_the_report_stands_for_itself(tmp_path: Path) -> None:
    kept = kept_floor(new_floor(tmp_path))
    blue = np.full((360, 640, 3), (200, 30, 30), np.uint8)
    page = kept.report(solved(), kept.geometry(), blue)
    assert "<h1>hall</h1>" in page
    assert "Shop" in page
    assert "<script" not in page
    assert "http" not in page
    pictures = re.findall(r'src="data:image/[a-z]+;base64,([^"]+)"', page)
    shown = cv2.imdecode(np.frombuffer(base64.b64decode(pictures[0]), np.uint8), cv2.IMREAD_COLOR)
    assert np.median(shown.reshape(-1, 3), axis=0) == pytest.approx([200, 30, 30], abs=30), (
        "the still, not its negative"
    )
    assert page.count("<img") == len(pictures) == 3


def test_a_masked_camera_keeps_the_size_that_its_masks_were_drawn_for(tmp_path: Path) -> None:
    masks = "masks = {hall = [[[0, 0], [100, 0], [100, 50]]]}\n"
    kept = kept_floor(new_floor(tmp_path, masks))
    assert len(kept.floor.masks_px["hall"]) == 1, "before the camera is calibrated too"
    solution = solved()
    assert kept.save(solution, "ana") == "version 1"
    with pytest.raises(BadInputError, match="masks were drawn for 640 x 360 pixels, and this picture has 1280 x 720"):
        kept.save(replace(solution, camera=solution.camera.scaled(1280, 720)), "ana")


def test_an_edit_keeps_tenants_walls_names_and_what_others_have_drawn(tmp_path: Path) -> None:
    kept = kept_floor(new_floor(tmp_path))
    work = ZoneWork(kept.geometry())
    work.choose("shop")
    work.move(2, (8.5, 6.5))
    work.name("Nova Loja", "Dining")
    others = json.loads((tmp_path / "g.geojson").read_text())
    others["features"].append(feature("kiosk", "zone", [[1, 1], [2, 1], [2, 2], [1, 2]], category="services"))
    (tmp_path / "g.geojson").write_text(json.dumps(others))
    work.keep(kept.write_geometry)
    found = read_drawing(tmp_path / "g.geojson").shapes
    assert found["shop"].own.tenants[0].id == "nova"
    assert (found["shop"].own.name, found["shop"].own.category) == ("Nova Loja", "dining")
    assert [8.5, 6.5] in found["shop"].rings_m[0].tolist()
    assert (found["north"].own.name, found["north"].own.height_m) == ("North wall", 2.5)
    assert found["door"].own.in_side == "", "it was not touched"
    assert found["kiosk"].own.category == "services"
    work.choose("door")
    work.turn()
    work.choose("shop")
    work.delete()
    work.undo()
    work.keep(kept.write_geometry)
    assert read_drawing(tmp_path / "g.geojson").shapes["door"].own.in_side == "right"


def test_deleted_shapes_go_and_a_name_taken_meanwhile_is_refused(tmp_path: Path) -> None:
    kept = kept_floor(new_floor(tmp_path))
    work = ZoneWork(kept.geometry())
    work.choose("shop")
    work.delete()
    work.keep(kept.write_geometry)
    assert list(read_drawing(tmp_path / "g.geojson").shapes) == ["north"]
    work.draw("zone")
    for corner in ((1.0, 1.0), (3.0, 1.0), (3.0, 3.0)):
        work.click(corner)
    work.close()
    meanwhile = [feature("zone-1", "zone", [[5, 5], [7, 5], [7, 7]])]
    (tmp_path / "g.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": meanwhile}))
    with pytest.raises(BadInputError, match="zone-1: somebody else has drawn"):
        work.keep(kept.write_geometry)
    assert not work.is_kept


def test_zones_are_checked_with_the_cameras_that_are_kept(tmp_path: Path) -> None:
    kept = saved(tmp_path)
    geometry = kept.geometry()
    assert kept.check_geometry(geometry) == []
    far = replace(geometry.zones["shop"], id="far", name="Far", rings_m=(np.array([[0, 0], [2, 0], [2, 1.0]]),))
    (said, *_) = kept.check_geometry(Geometry({**geometry.zones, "far": far}, geometry.lines, geometry.walls))
    assert said.startswith("No camera sees zone Far")


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_a_plan_is_a_picture_whatever_it_was_drawn_as(tmp_path: Path, kind: str) -> None:
    if kind == "png":
        Image.new("RGB", (240, 180), "red").save(tmp_path / "plan.png")
    else:
        (tmp_path / "plan.svg").write_text(
            '<svg xmlns="http://www.w3.org/2000/svg" width="120mm" height="90mm" viewBox="0 0 12 9">'
            '<rect width="12" height="9" fill="red"/></svg>'
        )
    plan = kept_floor(new_floor(tmp_path, f'plan = "plan.{kind}"\n')).plan()
    assert plan is not None
    assert plan.shape[1] / plan.shape[0] == pytest.approx(SIZE_M[0] / SIZE_M[1], rel=0.01)
    assert plan[plan.shape[0] // 2, plan.shape[1] // 2].tolist() == [0, 0, 255]


def test_a_plan_of_another_shape_than_its_floor_is_said(tmp_path: Path) -> None:
    Image.new("RGB", (400, 100), "white").save(tmp_path / "plan.png")
    kept = kept_floor(new_floor(tmp_path, 'plan = "plan.png"\n'))
    assert any("plan's picture is 400 x 100" in line for line in kept.check_geometry(kept.geometry()))
