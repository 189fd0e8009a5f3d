"""The shelf gives the file it promises, or one line that says why not."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.models import models as app
from contract.errors import BadInputError
from models.registry import DEFAULT_MODEL, SHELF, ModelFile, check_file, read_downloads, read_shelf, resolve


@pytest.fixture(autouse=True)
def no_pulled_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATRIUM_MODELS", str(tmp_path / "store"))


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    copy = tmp_path / "shelf"
    shutil.copytree(SHELF, copy)
    return copy


def test_the_default_model_is_on_the_shelf():
    found = resolve()
    assert found.name == DEFAULT_MODEL
    assert found.path.is_file()
    assert found.metadata is not None
    assert found.metadata.head == "person-levels"


def test_every_entry_is_intact_and_has_its_card():
    for entry in read_shelf().values():
        assert check_file(entry).stat().st_size <= (4_000_000 if entry.name == DEFAULT_MODEL else 6_000_000)
        assert (SHELF / entry.card).is_file()


def test_an_own_file_is_taken_by_its_path(tmp_path: Path):
    path = tmp_path / "mine.onnx"
    path.write_bytes(b"graph")
    assert resolve(path) == ModelFile(path, "mine", None)


def test_an_unknown_name_is_told_the_names_there_are():
    said = r"'person-xl' is not on the shelf; choose .*person-n.* \(to be pulled: .*yolox-s.*\) or give a path"
    with pytest.raises(BadInputError, match=said) as caught:
        resolve("person-xl")
    assert "\n" not in str(caught.value)


def test_a_missing_file_names_the_path():
    with pytest.raises(BadInputError, match=r"nowhere/mine\.onnx: no such model file"):
        resolve("nowhere/mine.onnx")


def test_a_damaged_file_is_refused(shelf: Path):
    path = shelf / read_shelf(shelf)[DEFAULT_MODEL].file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadInputError, match=r"sha256 is .* damaged or was replaced") as caught:
        resolve(DEFAULT_MODEL, shelf)
    assert "\n" not in str(caught.value)


def test_a_file_gone_from_the_shelf_is_named(shelf: Path):
    (shelf / read_shelf(shelf)[DEFAULT_MODEL].file).unlink()
    with pytest.raises(BadInputError, match=r"person-n\.onnx: model person-n is not on the shelf"):
        resolve(DEFAULT_MODEL, shelf)


@pytest.mark.parametrize("text", ["[[model]]\nname = 3", "not toml", '[[model]]\nname = "a"\nsurprise = 1'])
def test_a_broken_registry_names_itself(shelf: Path, text: str):
    (shelf / "registry.toml").write_text(text)
    with pytest.raises(BadInputError, match=r"registry\.toml: "):
        resolve(DEFAULT_MODEL, shelf)


def test_no_shelf_at_all_is_one_line(tmp_path: Path):
    with pytest.raises(BadInputError, match="no model shelf here"):
        resolve(DEFAULT_MODEL, tmp_path)


def test_what_can_be_pulled_is_told_from_what_ships():
    listed = read_downloads()
    assert {"yolox-s", "yolox-s-int8", "nanodet-plus"} <= listed.keys()
    assert not listed.keys() & read_shelf().keys()
    assert all(address.startswith("https://") for entry in listed.values() for address in entry.addresses)
    assert listed["yolox-s"].file_names() == ("yolox-s.onnx", "object_detection_yolox_2022nov.onnx")


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ('licence = "Apache-2.0"', 'licence = "AGPL-3.0"'),
        ('head = "yolox"', ""),
        ("size = 35858002", "size = -1"),
        ('name = "yolox-s"', 'name = "person-n"'),
        ('file = "yolox-s.onnx"', 'file = "../yolox-s.onnx"'),
    ],
)
def test_a_listing_that_is_no_good_is_refused(shelf: Path, line: str, field: str):
    path = shelf / "registry.toml"
    text = path.read_text()
    assert line in text
    before, found, after = text.rpartition(line)
    path.write_text(before + found.replace(line, field) + after)
    with pytest.raises(BadInputError, match=r"registry\.toml: "):
        read_downloads(shelf)


def test_the_command_lists_and_verifies():
    run = CliRunner()
    listed = run.invoke(app, ["list"])
    assert listed.exit_code == 0
    assert "person-n" in listed.output
    verified = run.invoke(app, ["verify", "--json"])
    assert verified.exit_code == 0
    assert json.loads(verified.output) == dict.fromkeys(read_shelf(), "intact")
