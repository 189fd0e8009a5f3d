"""Passages of a site are read with its exits checked, and what is wrong is said with the mend."""

from __future__ import annotations

from pathlib import Path

import pytest

from calibration.passages import Exit
from calibration.site import load_site
from contract.errors import BadInputError

GALLERIA = Path(__file__).parents[2] / "simulator/malls/galleria"
GOOD = 'ends = ["g/escalator_g_top", "f1/escalator_f1_top"]\nusual_s = 20.0\nspread_s = 2.0\n'


def _with(folder: Path, *tables: str, more: str = "") -> Path:
    for name in ("g.geojson", "f1.geojson", "g.cameras.json", "f1.cameras.json"):
        (folder / name).write_bytes((GALLERIA / name).read_bytes())
    kept = (GALLERIA / "site.toml").read_text("utf-8").split("[[passages]]")[0]
    path = folder / "site.toml"
    path.write_text(more + kept + "".join(f"[[passages]]\n{table}" for table in tables), "utf-8")
    return path


def test_the_twin_has_one_escalator() -> None:
    site = load_site(GALLERIA / "site.toml")
    assert [passage.name for passage in site.passages] == ["g/escalator_g_top - f1/escalator_f1_top"]
    passage = site.passages[0]
    assert passage.other_end(Exit("g", "escalator_g_top")) == Exit("f1", "escalator_f1_top")
    assert passage.other_end(Exit("f1", "escalator_f1_top")) == Exit("g", "escalator_g_top")


def test_floors_and_malls_may_have_a_capacity(tmp_path: Path) -> None:
    path = _with(tmp_path, more="capacity = 1200\n")
    path.write_text(path.read_text("utf-8").replace('id = "g"\n', 'id = "g"\ncapacity = 800\n'), "utf-8")
    site = load_site(path)
    assert (site.capacity, site.floor("g").capacity, site.floor("f1").capacity) == (1200, 800, None)
    path.write_text(path.read_text("utf-8").replace("capacity = 800", "capacity = 0"), "utf-8")
    with pytest.raises(BadInputError, match="capacity"):
        load_site(path)


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        (GOOD.replace("g/escalator_g_top", "escalator_g_top"), "write floor/line"),
        (GOOD.replace("g/escalator_g_top", "x/escalator_g_top"), "no floor 'x'; the site has g, f1"),
        (GOOD.replace("g/escalator_g_top", "g/lift"), "no line 'lift' on floor 'g'; it has linho_door"),
        (GOOD.replace("g/escalator_g_top", "f1/terrace_entrance"), "both ends are on floor 'f1'"),
        (GOOD.replace("20.0", "200.0"), "usual_s is 200"),
        (GOOD.replace("20.0", "nan"), "usual_s is nan"),
        (GOOD.replace("spread_s = 2.0", "spread_s = 0.0"), "spread_s is 0"),
        (GOOD + "speed = 1.0\n", "speed"),
    ],
)
def test_what_is_wrong_with_a_passage_is_said(tmp_path: Path, table: str, complaint: str) -> None:
    with pytest.raises(BadInputError, match=complaint):
        load_site(_with(tmp_path, table))


def test_a_passage_is_named_once(tmp_path: Path) -> None:
    turned = GOOD.replace('"g/escalator_g_top", "f1/escalator_f1_top"', '"f1/escalator_f1_top", "g/escalator_g_top"')
    with pytest.raises(BadInputError, match=r"passage 2: .* joined twice"):
        load_site(_with(tmp_path, GOOD, turned))
