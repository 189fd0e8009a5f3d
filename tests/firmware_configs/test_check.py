"""Every rendered file is read by the program it is for, of every profile; and a wrong file is told from a right one."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from contract.errors import AtriumError
from firmware_configs.check import check_files, refuse_wrong
from firmware_configs.hardware import hardware_names
from firmware_configs.render import render
from tests.firmware_configs.hosts import need_root, write_box, write_central

MAY_BE_ABSENT = {"sshd", "sysctl"}
"""sshd is not installed everywhere; some kernels lack some settings."""


@pytest.mark.parametrize("name", [*hardware_names(), "vlan", "central"])
def test_real_programs_take_every_file(name: str, tmp_path: Path) -> None:
    need_root("nft reads rules with the kernel's help")
    change = {"vlan": ('"10.2.0.1/24"', '"10.2.0.1/24"\nvlan = 20')}.get(name, ('"n100"', f'"{name}"'))
    config = write_central(tmp_path / "c") if name == "central" else write_box(tmp_path / "c", change)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    checked = check_files(render(config), scratch)
    assert [one for one in checked if one.outcome == "wrong"] == []
    unchecked = {one.program for one in checked if one.outcome == "unchecked"} - MAY_BE_ABSENT
    if unchecked:
        pytest.skip(f"not installed: {', '.join(sorted(unchecked))}")
    fine = {one.program for one in checked if one.outcome == "fine"}
    assert ("nginx" in fine) == (name == "central")
    assert fine >= {"nft", "chronyd", "mosquitto", "apt-config", "systemd-analyze", "systemd-networkd"}


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/etc/nftables.conf", b"table inet x { chain y { accep } }\n"),
        ("/etc/chrony/chrony.conf", b"server\n"),
        ("/etc/mosquitto/mosquitto.conf", b"max_inflight 1\n"),
        ("/etc/mosquitto/mosquitto.conf", b"listener 99999\n"),
        ("/etc/apt/apt.conf.d/52atrium-upgrades", b"APT { x \n"),
        ("/etc/sysctl.d/90-atrium.conf", b"kernel.panic = 10; reboot\n"),
        ("/etc/systemd/system/mosquitto.service.d/atrium.conf", b"[Service]\nMemoryMux=1\n"),
        ("/etc/systemd/system/atrium-firmware-recover.service", b"[Service]\nProtectHome=perhaps\n"),
        ("/etc/systemd/system/atrium-edge@.service.d/50-hardware.conf", b"MemoryLow=many\n"),
        ("/etc/systemd/network/10-atrium-uplink.network", b"[Network]\nAddress=10.1.0.12/33\n"),
        ("/etc/systemd/network/20-atrium-cameras.network", b"[Network]\nGatewey=10.2.0.9\n"),
        ("/etc/nginx/conf.d/atrium.conf", b"server { listen 444 tls; }\n"),
        ("/etc/ssh/sshd_config.d/10-atrium.conf", b"PermitRootLogin perhaps\n"),
    ],
    ids=lambda value: value.strip()[:20] if isinstance(value, str) else "",
)
def test_a_wrong_file_is_refused(path: str, more: bytes, tmp_path: Path) -> None:
    need_root("nft reads rules with the kernel's help")
    files = {**render(write_central(tmp_path / "central")), **render(write_box(tmp_path / "box"))}
    wrong = dataclasses.replace(files[path], content=files[path].content + more)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    some = {path: wrong, "/etc/atrium/broker/acl": files["/etc/atrium/broker/acl"]}
    checked = check_files(some, scratch)
    if checked[0].outcome == "unchecked" and checked[0].program in MAY_BE_ABSENT:
        pytest.skip(f"not installed: {checked[0].program}")
    with pytest.raises(AtriumError, match=path) as error:
        refuse_wrong(checked)
    assert "nothing was changed" in str(error.value)


def test_the_brokers_sandbox_is_as_tight_as_our_own_units(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    unit = Path("/lib/systemd/system/mosquitto.service")
    if analyze is None or not unit.is_file():
        pytest.skip("systemd or mosquitto is not installed: apt-get install systemd mosquitto")
    (tmp_path / "usr/lib/systemd/system").mkdir(parents=True)
    (tmp_path / "usr/lib/systemd/system/mosquitto.service").write_bytes(unit.read_bytes())

    def exposure() -> float:
        ran = subprocess.run(
            [analyze, "security", "--offline=true", f"--root={tmp_path}", "mosquitto.service"],
            capture_output=True,
            text=True,
            check=False,
        )
        return float(re.search(r"Overall exposure level .*: ([0-9.]+)", ran.stdout)[1])

    assert exposure() > 9, "Debian's own unit has no sandbox"
    path = "/etc/systemd/system/mosquitto.service.d/atrium.conf"
    at = tmp_path / path[1:]
    at.parent.mkdir(parents=True)
    at.write_bytes(render(write_box(tmp_path / "c"))[path].content)
    assert exposure() <= 2.0
