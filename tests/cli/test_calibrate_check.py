"""`atrium calibrate check`: a site and pairs in; a certificate as JSON, HTML and PDF out."""

import json

import cv2
import msgspec
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from calibration.certificate.files import load_certificate
from cli.calibrate_check import check
from contract.errors import BadInputError
from tests.calibration.certificate.hall import of_plain, with_wrong

app = typer.Typer()
app.command("check")(check)


def write_site(folder, *, floors=("g",), cameras=("cam",)):
    _, camera, _ = of_plain(12)
    ring = [[2, 5], [18, 5], [18, 14], [2, 14], [2, 5]]
    zone = {"type": "Feature", "properties": {"id": "hall", "kind": "zone", "name": "Hall"}}
    zone["geometry"] = {"type": "Polygon", "coordinates": [ring]}
    text = 'schema = "atrium.site.v1"\nid = "mall"\n'
    for k, floor in enumerate(floors):
        entry = {name if not k else f"{name}_{floor}": json.loads(_entry(camera)) for name in cameras}
        (folder / f"{floor}.cameras.json").write_text(json.dumps(entry))
        (folder / f"{floor}.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [zone]}))
        text += f'[[floors]]\nid = "{floor}"\nsize_m = [20.0, 15.0]\n'
        text += f'geometry = "{floor}.geojson"\ncameras = "{floor}.cameras.json"\n'
    (folder / "site.toml").write_text(text)
    return folder / "site.toml"


def _entry(camera):
    return msgspec.json.encode(camera.to_file())


def write_pairs(folder, name="cam", pairs=None):
    folder.mkdir(exist_ok=True)
    chosen = of_plain(12)[2].pairs if pairs is None else pairs
    rows = np.column_stack([chosen.pixel_px, chosen.floor_m])
    path = folder / f"{name}.pairs.csv"
    path.write_text("u,v,x,y\n" + "\n".join(",".join(f"{each:.3f}" for each in row) for row in rows))
    return path


def run(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments])


def refused(*arguments):
    outcome = run(*arguments)
    assert isinstance(outcome.exception, BadInputError), outcome.output
    return str(outcome.exception)


def test_good_pairs_pass_and_three_files_are_written(tmp_path):
    site = write_site(tmp_path)
    write_pairs(tmp_path / "pairs")
    (tmp_path / "stills").mkdir()
    cv2.imwrite(str(tmp_path / "stills" / "cam.png"), np.full((360, 640, 3), 90, np.uint8))
    outcome = run(
        site, "--pairs", tmp_path / "pairs", "--still", tmp_path / "stills", "--out", tmp_path / "out", "--json"
    )
    assert outcome.exit_code == 0, outcome.output
    assert sorted(each.name for each in (tmp_path / "out").iterdir()) == [
        "certificate.html",
        "certificate.json",
        "certificate.pdf",
    ]
    certificate = load_certificate(tmp_path / "out" / "certificate.json")
    assert json.loads(outcome.output) == json.loads((tmp_path / "out" / "certificate.json").read_bytes())
    assert (certificate.site, certificate.floor, certificate.verdict) == ("mall", "g", "pass")
    assert certificate.cameras[0].in_use_cm < 10, "the calibration in use is held against its pairs"
    assert (tmp_path / "out" / "certificate.pdf").read_bytes().startswith(b"%PDF")


def test_a_wrong_pair_is_named_and_a_camera_without_pairs_fails(tmp_path):
    site = write_site(tmp_path, cameras=("cam", "bare"))
    path = write_pairs(tmp_path / "pairs", pairs=with_wrong(of_plain(12)[2].pairs, 4, (0.6, 0.6)))
    outcome = run(site, "--pairs", tmp_path / "pairs", "--out", tmp_path / "out")
    assert outcome.exit_code == 1
    assert "pair 5 is" in outcome.output
    assert "bare: fail" in outcome.output
    assert "no pairs: nothing says how good" in outcome.output
    alone = run(site, "--pairs", path, "--camera", "cam", "--out", tmp_path / "out")
    assert alone.exit_code == 0, "with remarks, but it passes"
    assert "bare" not in alone.output


def test_pairs_that_cannot_be_solved_fail_and_say_why(tmp_path):
    site = write_site(tmp_path)
    path = write_pairs(tmp_path / "pairs", pairs=of_plain(12)[2].pairs.only(np.arange(3)))
    outcome = run(site, "--pairs", tmp_path / "pairs", "--out", tmp_path / "out")
    assert outcome.exit_code == 1
    assert f"{path}: 3 pairs; at least 4 are needed" in " ".join(outcome.output.split())


def test_other_limits_make_other_verdicts(tmp_path):
    site = write_site(tmp_path)
    write_pairs(tmp_path / "pairs")
    (tmp_path / "limits.toml").write_text("error_pass_cm = 0.1\nerror_fail_cm = 0.2\n")
    outcome = run(site, "--pairs", tmp_path / "pairs", "--out", tmp_path / "out", "--limits", tmp_path / "limits.toml")
    assert outcome.exit_code == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--floor", "attic"), "no floor 'attic'"),
        (("--camera", "nobody"), "no nobody.pairs.csv"),
        (("--still", "nowhere"), "no such folder"),
        (("--limits", "nowhere.toml"), "no such file"),
    ],
)
def test_wrong_options_are_refused(tmp_path, options, said):
    site = write_site(tmp_path)
    write_pairs(tmp_path / "pairs", pairs=of_plain(12)[2].pairs.only(np.arange(3)))
    assert said in refused(site, "--pairs", tmp_path / "pairs", "--out", tmp_path / "out", *options)


def test_pairs_of_two_floors_need_a_choice(tmp_path):
    site = write_site(tmp_path, floors=("g", "f1"))
    for name in ("cam", "cam_f1"):
        write_pairs(tmp_path / "pairs", name, of_plain(12)[2].pairs.only(np.arange(3)))
    common = (site, "--pairs", tmp_path / "pairs", "--out", tmp_path / "out")
    assert "choose one with --floor" in refused(*common)
    assert run(*common, "--floor", "f1", "--json").exit_code == 1
    assert load_certificate(tmp_path / "out" / "certificate.json").floor == "f1"
    assert "hangs on floor 'f1'" in refused(*common, "--floor", "g", "--camera", "cam_f1")


def test_a_still_of_another_shape_and_a_folder_without_pairs_are_refused(tmp_path):
    site = write_site(tmp_path)
    (tmp_path / "empty").mkdir()
    assert "no <camera>.pairs.csv" in refused(site, "--pairs", tmp_path / "empty", "--out", tmp_path / "out")
    write_pairs(tmp_path / "pairs", pairs=of_plain(12)[2].pairs.only(np.arange(3)))
    common = (site, "--pairs", tmp_path / "pairs", "--out", tmp_path / "out", "--still", tmp_path / "stills")
    (tmp_path / "stills").mkdir()
    cv2.imwrite(str(tmp_path / "stills" / "cam.png"), np.zeros((480, 640, 3), np.uint8))
    assert "another shape" in refused(*common)
    (tmp_path / "stills" / "cam.png").write_bytes(b"no picture")
    assert "is no PNG or JPEG" in refused(*common)
