"""Files of services that have no check of their own, read by the service itself where it can do no harm."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from firmware_configs.render import render
from tests.firmware_configs.hosts import need_root, write_box

JOURNALD = shutil.which("systemd-journald", path="/usr/lib/systemd:/lib/systemd")
ALONE = """
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/log
mkdir -p /run/systemd/journal /run/systemd/journald.conf.d
cp "$0" /run/systemd/journald.conf.d/
SYSTEMD_LOG_LEVEL=info SYSTEMD_LOG_TARGET=console timeout 0.7 "$1" 2>&1 | grep conf.d || true
"""
CONF, GOVERNOR = "/etc/systemd/journald.conf.d/atrium.conf", "/etc/tmpfiles.d/atrium-governor.conf"


def test_the_journal_takes_its_settings(tmp_path: Path) -> None:
    need_root("a namespace of mounts")
    if JOURNALD is None:
        pytest.skip("systemd-journald is not installed: apt-get install systemd")
    content = render(write_box(tmp_path / "c"))[CONF].content

    def complaints(text: bytes) -> str:
        (tmp_path / "atrium.conf").write_bytes(text)
        command = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "/bin/sh", "-c", ALONE]
        return subprocess.run(
            [*command, str(tmp_path / "atrium.conf"), JOURNALD], capture_output=True, text=True, check=True, timeout=30
        ).stdout

    assert complaints(content) == ""
    assert "Failed to parse" in complaints(content + b"MaxRetentionSec=often\n")
    assert "Unknown key" in complaints(content + b"SystemMaxUsed=1G\n")


def test_the_governor_is_set_on_every_processor(tmp_path: Path) -> None:
    program = shutil.which("systemd-tmpfiles", path="/usr/bin:/bin")
    if program is None:
        pytest.skip("systemd-tmpfiles is not installed: apt-get install systemd")
    need_root("files of a system are root's")
    settings = tmp_path / "governor.conf"
    settings.write_bytes(render(write_box(tmp_path / "c"))[GOVERNOR].content)
    for number in range(2):
        at = tmp_path / f"sys/devices/system/cpu/cpu{number}/cpufreq"
        at.mkdir(parents=True)
        (at / "scaling_governor").write_text("powersave\n", encoding="utf-8")
    subprocess.run([program, "--create", f"--root={tmp_path}", str(settings)], check=True, capture_output=True)
    found = [path.read_text(encoding="utf-8") for path in tmp_path.rglob("scaling_governor")]
    assert found == ["performance", "performance"]
