"""A box's configuration put in place under a real systemd, with everything restarted; and taken back by a start."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.firmware_configs.hosts import BOX, SITE, need_root
from tests.firmware_configs.mall_brokers import Authority

guest = pytest.importorskip("tests.systemd.guest", reason="needs tests/systemd/guest.py")

HEALTH = "systemctl is-active mosquitto.service systemd-networkd.service nftables.service chrony.service"
PREPARE = """
chgrp atrium /etc/atrium /etc/atrium/tls /etc/atrium/tls/box.key
chmod 0750 /etc/atrium /etc/atrium/tls; chmod 0640 /etc/atrium/tls/box.key
for wire in uplink cameras; do ip link add $wire type veth peer name $wire-peer; ip link set $wire-peer up; done
"""
PENDING = "/var/lib/atrium-firmware/pending"


def test_a_bare_host_becomes_a_box_and_a_start_takes_back_what_was_cut_short(tmp_path: Path) -> None:
    need_root("a guest under systemd")
    for program in ("mosquitto", "chronyd", "nft"):
        if not Path("/usr/sbin", program).exists():
            pytest.skip(f"{program} is not installed: apt-get install mosquitto chrony nftables")
    Authority().write(tmp_path, "box", "mall/g/box-g")
    box = BOX.replace('"n100"', '"generic-x86-64"')
    files = {
        "/etc/atrium/box.toml": box,
        "/etc/atrium/other.toml": box.replace("10.1.0.5", "10.1.0.6"),
        "/etc/atrium/site.toml": SITE,
        "/etc/group": Path("/etc/group").read_text(encoding="utf-8") + "atrium:x:64901:\n",
        **{f"/etc/atrium/tls/{name}": (tmp_path / name).read_text() for name in ("ca.pem", "box.pem", "box.key")},
    }
    atrium = f"{guest.PROGRAM}/bin/atrium"
    with guest.Guest(files) as host:
        host.run("sh", "-euc", PREPARE)
        said = host.run(atrium, "firmware", "apply", "/etc/atrium/box.toml", "--restart", "--health", HEALTH)
        assert "change 1; take it back with" in said
        assert host.run("systemctl", "--failed", "--no-legend", "--plain") == ""
        assert " 10.1.0.12/24" in host.run("ip", "-br", "address", "show", "dev", "uplink")
        assert " 10.2.0.1/24" in host.run("ip", "-br", "address", "show", "dev", "cameras")
        assert "policy drop" in host.run("nft", "list", "chain", "inet", "atrium", "input")
        user, groups = host.run("ps", "-o", "user:20=,supgrp:60=", "-C", "mosquitto").split()
        assert user == "mosquitto"
        assert "atrium" in groups.split(",")
        assert "Connecting bridge" in host.journal("mosquitto")
        assert host.run(atrium, "firmware", "diff", "/etc/atrium/box.toml") == ""
        trying = ["systemd-run", "--unit=atrium-trying", atrium, "firmware", "apply", "/etc/atrium/other.toml"]
        host.run(*trying, "--restart", "--confirm-within", "900")
        deadline = time.monotonic() + 60
        while "10.1.0.6" not in host.run("nft", "list", "ruleset"):
            assert time.monotonic() < deadline, host.journal("atrium-trying")
            time.sleep(0.2)
        host.run("systemctl", "kill", "--signal=KILL", "atrium-trying.service")
        host.run("test", "-d", PENDING)
        host.run("systemctl", "start", "atrium-firmware-recover.service")
        host.run("test", "!", "-e", PENDING)
        assert host.run(atrium, "firmware", "diff", "/etc/atrium/box.toml") == ""
        assert "as before: /etc/nftables.conf" in host.journal("atrium-firmware-recover")
