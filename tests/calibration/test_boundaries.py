"""Which lines lead off a floor is told from zones and walls, and where it cannot be, nothing is claimed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calibration.boundaries import Boundary, boundaries, outside, untold
from calibration.passages import Exit
from calibration.site import Site, load_site
from tests.central.mall import _along, _zone

GALLERIA = Path(__file__).parents[3] / "simulator/malls/galleria/site.toml"


def _site(folder: Path, features: list[dict[str, Any]], more: str = "") -> Site:
    (folder / "g.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    (folder / "cameras.json").write_text("{}", "utf-8")
    path = folder / "site.toml"
    floors = "".join(
        f'[[floors]]\nid = "{floor}"\nsize_m = [40.0, 20.0]\ngeometry = "g.geojson"\ncameras = "cameras.json"\n'
        for floor in ("g", "u")
    )
    path.write_text(f'schema = "atrium.site.v1"\nid = "mall"\n{floors}{more}', "utf-8")
    return load_site(path)


def _ground(site: Site) -> list[Boundary]:
    return [one for one in boundaries(site) if one.line.floor == "g"]


HALL = _zone("hall", "Hall", "corridor", 5, 5, 30, 10)
SHOP = _zone("shop", "Shop", "fashion", 5, 15, 10, 4)


def test_the_twin_has_four_doors_and_an_escalator() -> None:
    found = boundaries(load_site(GALLERIA))
    assert {(str(one.line), one.entering, one.leads_out) for one in found} == {
        ("g/west_entrance", "in", True),
        ("g/south_entrance", "in", True),
        ("g/escalator_g_top", "out", False),
        ("f1/parking_entrance", "in", True),
        ("f1/terrace_entrance", "in", True),
        ("f1/escalator_f1_top", "out", False),
    }
    assert untold(load_site(GALLERIA), found) == []


def test_a_door_to_the_street_is_a_boundary_and_a_shop_door_is_not(tmp_path: Path) -> None:
    street = _along("line", "street", [[5, 8], [5, 12]], zone="hall")
    door = _along("line", "door", [[7, 15], [9, 15]], zone="shop")
    assert _ground(_site(tmp_path, [HALL, SHOP, street, door])) == [Boundary(Exit("g", "street"), "in", leads_out=True)]


def test_shops_along_a_corridor_without_a_zone_claim_nothing(tmp_path: Path) -> None:
    other = _zone("other", "Other", "dining", 20, 15, 10, 4)
    doors = [
        _along("line", "door", [[7, 15], [9, 15]], zone="shop"),
        _along("line", "b", [[22, 15], [24, 15]], zone="other"),
    ]
    site = _site(tmp_path, [SHOP, other, *doors])
    assert _ground(site) == []
    assert [str(one) for one in untold(site, boundaries(site)) if one.floor == "g"] == ["g/door", "g/b"]


def test_the_file_may_say_so(tmp_path: Path) -> None:
    other = _zone("other", "Other", "dining", 20, 15, 10, 4)
    doors = [
        _along("line", "door", [[7, 15], [9, 15]], zone="shop", boundary="in"),
        _along("line", "b", [[22, 15], [24, 15]], zone="other", boundary="none"),
    ]
    site = _site(tmp_path, [SHOP, other, *doors])
    assert [str(one.line) for one in _ground(site)] == ["g/door"]
    assert [one for one in untold(site, boundaries(site)) if one.floor == "g"] == []


@pytest.mark.parametrize(("zone", "entering"), [("lift", "out"), ("hall", "in")])
def test_whoever_enters_a_lift_leaves_the_floor_whichever_zone_its_line_belongs_to(
    tmp_path: Path, zone: str, entering: str
) -> None:
    lift = _zone("lift", "Lift", "transit", 20, 15, 3, 3)
    line = _along("line", "lift_door", [[20.5, 15], [22.5, 15]], zone=zone)
    passage = '[[passages]]\nends = ["g/lift_door", "u/lift_door"]\nusual_s = 30.0\nspread_s = 10.0\n'
    site = _site(tmp_path, [HALL, lift, line], passage)
    assert _ground(site) == [Boundary(Exit("g", "lift_door"), entering, leads_out=False)]  # type: ignore[arg-type]
    in_lift_and_hall = np.array([[21.0, 16.0], [21.0, 10.0]])
    assert outside(site.floor("g"), boundaries(site), in_lift_and_hall).tolist() == [entering == "out", False]
