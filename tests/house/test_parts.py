"""Every test is in one of the parts that scripts/test runs."""

from __future__ import annotations

import re
import tomllib

from tests.shared_data import ROOT


def test_each_marked_part_is_run_and_left_out_of_the_rest() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    marks = [line.partition(":")[0] for line in config["tool"]["pytest"]["ini_options"]["markers"]]
    script = (ROOT / "scripts" / "test").read_text(encoding="utf-8")
    (left_out,) = re.findall(r'-m "(not .*?)"', script)
    assert left_out.split(" and ") == [f"not {mark}" for mark in marks]
    for mark in marks:
        assert f"-m {mark} $(marked {mark})" in script


def test_a_mark_is_written_so_that_the_part_finds_its_file() -> None:
    for path in (ROOT / "tests").rglob("*.py"):
        named = re.findall(r"([\w.]*)\bmark\.(?:alone|waits)\b", path.read_text(encoding="utf-8"))
        assert set(named) <= {"pytest."}, path
        assert not named or path.name.startswith("test_"), path
