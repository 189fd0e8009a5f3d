"""Who may import whom, how long a module may be: the rules of the house."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shared_data import ROOT

MAY_IMPORT = {
    "contract": set(),
    "calibration": {"contract"},
    "models": {"contract"},
    "upkeep": {"contract"},
    "firmware_configs": {"contract"},
    "edge": {"contract", "calibration", "models", "upkeep"},
    "central": {"contract", "calibration", "upkeep"},
    "simulator": {"contract", "calibration"},
    "trigger": {"contract"},
    "benchmarks": {"contract", "calibration", "models", "edge", "central", "simulator"},
    "cli": {
        "contract",
        "calibration",
        "models",
        "upkeep",
        "firmware_configs",
        "edge",
        "central",
        "simulator",
        "trigger",
        "benchmarks",
    },
}
TRAINING_MAY_IMPORT = {"contract", "calibration", "models", "simulator", "edge"}
"""models/train is a recipe run by hand, not part of the running product: it renders with the simulator."""
MOST_LINES = 400


def modules() -> list[Path]:
    return sorted(path for room in MAY_IMPORT for path in (ROOT / room).rglob("*.py"))


def imported_rooms(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [node.module]
        else:
            continue
        for name in names:
            if name.split(".")[0] in MAY_IMPORT:
                yield name.split(".")[0], node.lineno


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path: Path) -> None:
    inside = path.relative_to(ROOT)
    room = inside.parts[0]
    allowed = TRAINING_MAY_IMPORT if inside.parts[:2] == ("models", "train") else MAY_IMPORT[room] | {room}
    wrong = [f"{inside}:{line} imports {other}" for other, line in imported_rooms(path) if other not in allowed]
    assert not wrong


def test_no_module_is_a_table_of_contents() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in modules()}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}


def test_every_room_of_the_design_is_there() -> None:
    rooms = [*MAY_IMPORT, "systemd", "tests", "docs", "scripts"]
    assert [room for room in rooms if not (ROOT / room).is_dir()] == []


def test_sql_lives_in_the_store_alone() -> None:
    words = ("SELECT ", "INSERT INTO", "UPDATE ", "DELETE FROM", "CREATE TABLE")
    outside = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "central").rglob("*.py")
        if "store" not in path.relative_to(ROOT).parts
        and any(
            word in node.value
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
            for word in words
        )
    ]
    assert outside == []
