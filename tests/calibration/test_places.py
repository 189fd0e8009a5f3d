"""Named places of a site file: checked, and in the zone that they stand in."""

from __future__ import annotations

from pathlib import Path

import pytest

from calibration.site import load_site
from contract.errors import BadInputError
from tests.central.mall import write_site


def place(**change: str | float) -> str:
    fields = {"id": "till-1", "kind": "till", "floor": "g", "x": 4.0, "y": 12.0} | change
    return "[[places]]\n" + "".join(f"{key} = {value!r}\n" for key, value in fields.items()).replace("'", '"')


def written(folder: Path, *places: str) -> Path:
    path = write_site(folder)
    path.write_text(path.read_text(encoding="utf-8") + "".join(places), encoding="utf-8")
    return path


def test_a_place_is_in_the_zone_it_stands_in(tmp_path: Path) -> None:
    site = load_site(written(tmp_path, place(), place(id="qr", kind="code", zone="cafe")))
    assert site.places["till-1"].zone == "nordic"
    assert site.places["qr"].zone == "cafe"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"floor": "attic"}, "floor: no floor 'attic'"),
        ({"x": 99.0}, "x, y:"),
        ({"zone": "attic"}, "zone: no zone 'attic'"),
        ({"kind": "door"}, "kind"),
        ({"id": "a b"}, "place id"),
    ],
)
def test_a_wrong_place_is_refused_with_its_field(tmp_path: Path, change: dict[str, str | float], words: str) -> None:
    with pytest.raises(BadInputError, match=words):
        load_site(written(tmp_path, place(**change)))


def test_a_place_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="twice"):
        load_site(written(tmp_path, place(), place()))
