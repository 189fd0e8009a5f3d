"""Cameras take the time from the box, and the box from central: real chronyd that leave this machine's clock alone."""

from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path

import pytest

from firmware_configs.render import render
from tests.firmware_configs.hosts import write_box, write_central
from tests.firmware_configs.lan import lan

CHRONYD = shutil.which("chronyd", path="/usr/sbin:/usr/bin")
WAIT_S = 30.0
SERVE = """
mount -t tmpfs tmpfs /run && mount -t tmpfs tmpfs /var/lib/chrony && mkdir -p /run/chrony
mount --bind "$0/hosts" /etc/hosts
chown _chrony /run/chrony /var/lib/chrony && chmod 0750 /run/chrony
exec chronyd -x -d -f "$0/chrony.conf" >"$0/log" 2>&1
"""
"""``-x``: everything but setting the clock."""
ASK = "timeout 20 chronyd -Q -t 15 -f /dev/null 'server {} iburst maxsamples 1 minpoll 0'"


@pytest.mark.skipif(CHRONYD is None, reason="chronyd is not installed: apt-get install chrony")
def test_time_comes_down_to_the_cameras(tmp_path: Path) -> None:
    box, central = render(write_box(tmp_path / "b")), render(write_central(tmp_path / "c"))
    with lan() as found:
        for name in ("camera", "box", "central"):
            found.add(name)
        found.wire("box", "uplink", "central", "uplink")
        found.wire("box", "cameras", "camera", "camera")
        for name, interface, address in [
            ("box", "uplink", "10.1.0.12/24"),
            ("box", "cameras", "10.2.0.1/24"),
            ("central", "uplink", "10.1.0.5/24"),
            ("camera", "camera", "10.2.0.21/24"),
        ]:
            found.run(name, "ip", "address", "add", address, "dev", interface)
        for name, files in (("central", central), ("box", box)):
            folder = tmp_path / name
            folder.mkdir()
            found.firewall(name, files["/etc/nftables.conf"].content, folder)
            (folder / "hosts").write_bytes(files["/etc/hosts"].content)
            (folder / "chrony.conf").write_bytes(files["/etc/chrony/chrony.conf"].content)
            found.start(name, "unshare", "--mount", "/bin/sh", "-c", SERVE, str(folder))
        log, deadline = tmp_path / "box/log", time.monotonic() + WAIT_S
        while "Selected source 10.1.0.5 (central.mall.example)" not in (log.read_text() if log.exists() else ""):
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        ask = f"mount -t tmpfs tmpfs /run; {ASK.format('10.2.0.1')} 2>&1"
        said = subprocess.run(
            ["ip", "netns", "exec", found.full("camera"), "unshare", "--mount", "/bin/sh", "-c", ask],
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        assert "System clock wrong by 0.0" in said.replace("-0.", "0."), said
