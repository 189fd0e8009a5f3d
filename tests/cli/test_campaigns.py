"""`atrium campaigns`: lint, templates, schema, as somebody who writes a first campaign would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.campaigns import campaigns
from tests.central.mall import ROOT, lunch, write_site


def call(*arguments: str) -> Result:
    return CliRunner().invoke(campaigns, arguments)


@pytest.fixture
def site(tmp_path: Path) -> str:
    return str(write_site(tmp_path))


def test_a_template_for_the_site_is_linted_clean(tmp_path: Path, site: str) -> None:
    named = call("templates")
    assert [line.split(":")[0] for line in named.stdout.splitlines()][-2:] == ["one_off", "screen"]
    printed = call("templates", "time_of_day", "--site", site)
    path = tmp_path / "campaigns.toml"
    path.write_text(printed.stdout, encoding="utf-8")
    linted = call("lint", str(path), "--site", site)
    assert (linted.exit_code, linted.stdout) == (0, "")
    assert linted.stderr == f"{path}: 0 errors, 0 warnings\n"


def test_what_is_wrong_is_said_with_file_line_column_field_and_mend(tmp_path: Path, site: str) -> None:
    path = tmp_path / "campaigns.toml"
    path.write_text(lunch().replace('"fashion"', '"fasion"').replace("version = 3", "version = 0"), encoding="utf-8")
    linted = call("lint", str(path), "--site", site)
    assert linted.exit_code == 1
    version, category = linted.stdout.splitlines()
    mend = "write a whole number from 1, such as `1`"
    assert version == f"{path}:10:11 campaigns[0].version: is 0, out of range; {mend}"
    assert category == (
        f"{path}:16:34 campaigns[0].conditions[1].category: no zone of the site is 'fasion'; "
        'it has circulation, dining, fashion; write `"fashion"`'
    )
    assert "2 errors" in linted.stderr


def test_findings_are_json_for_programs(tmp_path: Path, site: str) -> None:
    path = tmp_path / "campaigns.toml"
    path.write_text(lunch(), encoding="utf-8")
    linted = call("lint", str(path), "--site", site, "--json")
    told = json.loads(linted.stdout)
    assert linted.exit_code == 0
    assert [(one["field"], one["severity"]) for one in told["findings"]] == [
        ("campaigns[0].holdout_percent", "warning")
    ]


def test_without_a_site_places_are_not_looked_up(tmp_path: Path) -> None:
    path = tmp_path / "campaigns.toml"
    path.write_text(lunch().replace('"fashion"', '"fasion"'), encoding="utf-8")
    assert call("lint", str(path)).exit_code == 0


def test_a_file_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cli.main", "campaigns", "lint", str(tmp_path / "none.toml")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=os.environ, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("atrium: ")
    assert "no such file" in done.stderr


def test_the_schema_is_json() -> None:
    assert json.loads(call("schema").stdout)["properties"]["schema"] == {"const": "atrium.campaigns.v1"}
