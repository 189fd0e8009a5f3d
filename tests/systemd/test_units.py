"""The units are ones that systemd accepts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.shared_data import ROOT

UNITS = sorted((ROOT / "systemd").glob("*.service"))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze absent")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_accepts_the_unit(unit: Path, tmp_path: Path) -> None:
    text = unit.read_text(encoding="utf-8").replace("/opt/atrium/.venv/bin/atrium", "/bin/true")
    copy = tmp_path / unit.name.replace("@", "@g")
    copy.write_text(text, encoding="utf-8")
    found = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(copy)], capture_output=True, text=True, check=False
    )
    said = [line for line in (found.stderr + found.stdout).splitlines() if unit.name.split("@")[0] in line]
    assert said == []
    assert found.returncode == 0, found.stderr
