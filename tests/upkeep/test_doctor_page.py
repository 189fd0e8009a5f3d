"""The doctor's page names every check that the code makes, and none that it does not."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from tests.shared_data import ROOT
from upkeep.findings import Level

PAGE = ROOT / "docs" / "doctor.md"
ROOMS = ("upkeep", "edge/doctor", "central/doctor")
NAMED_FIRST = {"Check", "Finding", "_of", "database_integrity"}
"""Whose first argument is the check's name."""


def text_of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def names_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            for keyword in node.keywords:
                if keyword.arg == "check":
                    yield from text_of(keyword.value)
            if isinstance(node.func, ast.Name) and node.func.id in NAMED_FIRST and node.args:
                yield from text_of(node.args[0])
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                targets = target.elts if isinstance(target, ast.Tuple) else [target]
                values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
                for one, value in zip(targets, values, strict=False):
                    if isinstance(one, ast.Name) and one.id == "check":
                        yield from text_of(value)


def test_every_check_is_on_the_page_with_what_it_means_and_the_mend() -> None:
    made = {name for room in ROOMS for path in (ROOT / room).glob("*.py") for name in names_in(path)}
    made -= set(get_args(Level))
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+) \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    told = [name for name, meaning, mend in rows if meaning.strip() and mend.strip()]
    assert sorted(told) == sorted(made)
