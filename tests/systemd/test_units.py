"""The units are ones that systemd accepts, and as confined as docs/systemd.md says."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.shared_data import ROOT

FOLDER = ROOT / "systemd"
UNITS = sorted(path for path in FOLDER.iterdir() if path.suffix in {".service", ".timer", ".path"})
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
MOST_EXPOSED = 2.0
NOTIFYING = ["atrium-calibrate.service", "atrium-central.service", "atrium-edge@.service", "atrium-trigger.service"]

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze absent")


def settings(unit: Path) -> dict[str, str]:
    """What a unit sets; of what it sets more than once, the last."""
    lines = unit.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if re.match("[A-Z]", line))


@needs_systemd
def test_systemd_accepts_the_units_together(tmp_path: Path) -> None:
    for unit in UNITS:
        text = re.sub(r"/opt/atrium/\.venv/bin/(atrium|python)", "/bin/true", unit.read_text(encoding="utf-8"))
        (tmp_path / unit.name.replace("@.", "@box.")).write_text(text, encoding="utf-8")
    copies = sorted(map(str, tmp_path.iterdir()))
    found = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *copies], capture_output=True, text=True, check=False
    )
    said = [line for line in (found.stderr + found.stdout).splitlines() if "atrium" in line]
    assert said == []
    assert found.returncode == 0, found.stderr


@needs_systemd
def test_the_page_tells_how_exposed_each_unit_is_and_none_is_too_much() -> None:
    fresh = subprocess.run([ROOT / "scripts/exposure"], capture_output=True, text=True, check=True).stdout
    levels = dict(re.findall(r"^\| `(\S+)` \| .* \| ([0-9.]+) \|$", fresh, re.MULTILINE))
    assert set(levels) == {unit.name for unit in SERVICES}
    assert {name: level for name, level in levels.items() if float(level) > MOST_EXPOSED} == {}
    page = (ROOT / "docs/systemd.md").read_text(encoding="utf-8")
    version = subprocess.run(["systemd-analyze", "--version"], capture_output=True, text=True, check=True).stdout
    if "systemd 252" in version:  # the page's figures; another version weighs otherwise
        assert fresh in page, "out of step: run scripts/exposure --write"


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_no_service_is_without_limits(unit: Path) -> None:
    found = settings(unit)
    assert {"MemoryMax", "CPUWeight", "TasksMax", "TimeoutStartSec", "SystemCallFilter"} <= set(found)
    assert found["NoNewPrivileges"] == "yes"
    assert found["ProtectSystem"] == "strict"


@pytest.mark.parametrize("name", NOTIFYING)
def test_what_runs_for_long_is_watched_and_runs_as_a_user_of_its_own(name: str) -> None:
    found = settings(FOLDER / name)
    assert (found["Type"], found["NotifyAccess"]) == ("notify", "main")
    assert int(found["WatchdogSec"]) >= 60
    assert found["User"] == name.split(".", maxsplit=1)[0].rstrip("@")
    assert found["Restart"] in {"always", "on-failure"}
    assert f"u {found['User']} " in (FOLDER / "atrium.sysusers").read_text(encoding="utf-8")


def test_only_what_compiles_kernels_may_make_memory_executable() -> None:
    free = {unit.name for unit in SERVICES if settings(unit).get("MemoryDenyWriteExecute") != "yes"}
    assert all("/atrium " in settings(FOLDER / name)["ExecStart"] for name in free)
    assert "atrium-trigger.service" not in free


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.suffix == ".timer"], ids=lambda unit: unit.name)
def test_every_timer_has_its_service(unit: Path) -> None:
    assert unit.with_suffix(".service").is_file()
    assert settings(unit)["Persistent"] == "yes"


def test_every_command_of_the_units_is_one_of_ours() -> None:
    said = {word.group(1) for unit in SERVICES for word in re.finditer(r"/atrium (\w+)", unit.read_text())}
    assert said <= {"edge", "central", "calibrate", "doctor", "box"}
