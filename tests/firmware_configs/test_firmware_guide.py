"""docs/firmware.md, walked: its two files are what the services read, its commands run as they stand there."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from central.config import CentralFile
from edge.box import BoxFile
from firmware_configs.appliance import load_host
from firmware_configs.render import render, secrets
from tests.docs.pages import lines_of, shell_blocks, why_not
from tests.firmware_configs.hosts import SITE, need_root, write_users
from tests.shared_data import ROOT

GUIDE = (ROOT / "docs" / "firmware.md").read_text(encoding="utf-8")
FILES = {re.match(r"# (\w+\.toml)", text)[1]: text for text in re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)}
COMMANDS = [line for block in shell_blocks(GUIDE) for line in lines_of(block)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "site.toml").write_text(SITE, encoding="utf-8")
    tool = tmp_path / "bin" / "atrium"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m cli.main "$@"\n', encoding="utf-8")
    tool.chmod(0o755)
    return tmp_path


def test_the_files_are_what_the_services_read(folder: Path) -> None:
    box = msgspec.toml.decode((folder / "BOX.toml").read_bytes(), type=BoxFile)
    central = msgspec.toml.decode((folder / "CENTRAL.toml").read_bytes(), type=CentralFile)
    assert box.appliance["hardware"] == "n100"
    assert central.http.trusted_proxies == ["127.0.0.1"]


def test_every_rendered_file_is_told(folder: Path) -> None:
    told = re.findall(r"`(/etc/[^`]+)`", GUIDE)
    patterns = [re.escape(one).replace(r"\*", ".*") for one in told]
    for name in FILES:
        host = load_host(folder / name)
        for path in [*render(folder / name), *(one.path for one in secrets(host))]:
            if not path.startswith(("/etc/atrium/secrets/", "/etc/atrium/broker/passwords")):
                assert any(re.match(one, path) for one in patterns), path


def test_the_commands_run(folder: Path) -> None:
    need_root("files of a system are root's")
    root = folder / "root"
    write_users(root)
    assert len(COMMANDS) == 5
    for line in COMMANDS:
        if why_not("firmware.md", line):
            continue
        command = line.partition("#")[0].replace("sudo ", "").strip()
        if not command.endswith("out/"):
            command += f" --root {root}"
        ran = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=folder,
            env={"PATH": f"{folder}/bin:/usr/sbin:/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == (1 if " diff " in line else 0), f"{line}: {ran.stderr}"
    assert (folder / "out/manifest.json").is_file()
    assert not (root / "etc/nftables.conf").exists(), "the last command took it back"
