"""Every row of docs/threat-model.md names a control and a test that is there."""

from __future__ import annotations

import ast
import re

import pytest

from tests.shared_data import ROOT

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8").splitlines()
    if re.match(r"^\| [STRIDE] \|", line)
]
NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[1][:60])
def test_a_threat_has_a_control_and_its_test_is_there(row: list[str]) -> None:
    _, threat, control, tests = row
    assert threat
    assert control
    named = NAMED.findall(tests)
    assert named
    assert NAMED.sub("", tests).strip(" ,") == ""
    for file, name in named:
        tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_all_six_letters_are_there() -> None:
    assert {row[0] for row in ROWS} == set("STRIDE")
    assert len(ROWS) > 30
