"""The rendered network files give the two wires their addresses, and nothing more, when the real service reads them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from firmware_configs.render import render
from tests.firmware_configs.hosts import need_root, write_box

SERVICE = shutil.which("systemd-networkd", path="/usr/lib/systemd:/lib/systemd")
SCRIPT = """
set -e
mount -t tmpfs tmpfs /run
mount -t sysfs -o ro sysfs /sys
mkdir -p /run/systemd/network
cp "$0"/*.network /run/systemd/network/
for wire in uplink cameras; do
  ip link add $wire type veth peer name $wire-peer
  ip link set $wire-peer up
done
"$1" >/run/log 2>&1 &
for _ in $(seq 200); do
  ip -4 route show default | grep -q . && break
  sleep 0.05
done
kill $!
ip -br -4 address show scope global
ip -4 route show
ip -br -6 address show dev cameras
"""


def test_the_wires_get_their_addresses(tmp_path: Path) -> None:
    need_root("a network namespace")
    if SERVICE is None:
        pytest.skip("systemd-networkd is not installed: apt-get install systemd")
    for path, file in render(write_box(tmp_path / "c")).items():
        if path.endswith(".network"):
            (tmp_path / Path(path).name).write_bytes(file.content)
    ran = subprocess.run(
        [
            "unshare",
            "--net",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "/bin/sh",
            "-c",
            SCRIPT,
            str(tmp_path),
            SERVICE,
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    lines = [" ".join(line.replace("@", " ").split()) for line in ran.stdout.splitlines()]
    assert any(line.startswith("uplink ") and line.endswith(" 10.1.0.12/24") for line in lines)
    assert any(line.startswith("cameras ") and line.endswith(" 10.2.0.1/24") for line in lines)
    assert [line for line in lines if line.startswith("default")] == ["default via 10.1.0.1 dev uplink proto static"]
    assert "fe80" not in ran.stdout, "cameras reach no address that the firewall's rules do not name"
