"""The same file gives the same bytes anywhere; the manifest says what they are, and no secret is among them."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from contract.errors import BadInputError
from firmware_configs.appliance import load_host
from firmware_configs.hardware import hardware_names
from firmware_configs.render import TEMPLATES, manifest, render
from firmware_configs.tree import MANIFEST, write_tree
from tests.firmware_configs.hosts import write_box, write_central
from tests.shared_data import ROOT

VLAN = ('address = "10.2.0.1/24"', 'address = "10.2.0.1/24"\nvlan = 20')


def tree(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mode & 0o777)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("write", [write_box, write_central], ids=["box", "central"])
def test_the_same_file_gives_the_same_bytes_anywhere(write, tmp_path: Path) -> None:
    config = write(tmp_path / "config")
    found = []
    for number, (locale, seed, cwd, umask) in enumerate(
        [("C.UTF-8", "0", tmp_path, 0o022), ("tr_TR.UTF-8", "4711", tmp_path / "config", 0o077)]
    ):
        out = tmp_path / f"out-{number}"
        at = str(config) if number == 0 else config.name
        subprocess.run(
            [sys.executable, "-m", "cli.main", "firmware", "render", at, "--out", str(out)],
            cwd=cwd,
            env={**os.environ, "LC_ALL": locale, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT), "TZ": f"UTC{number}"},
            check=True,
            capture_output=True,
            umask=umask,
        )
        found.append(tree(out))
    assert len(found[0]) > 15
    assert found[0] == found[1]


@pytest.mark.parametrize("write", [write_box, write_central], ids=["box", "central"])
def test_the_manifest_says_what_lies_beside_it(write, tmp_path: Path) -> None:
    config = write(tmp_path / "config")
    host, files, out = load_host(config), render(config), tmp_path / "out"
    write_tree(files, manifest(host, files), out)
    lying = tree(out)
    told = json.loads(lying.pop(MANIFEST)[0])
    assert {one["path"] for one in told["files"]} == {f"/{path}" for path in lying}
    for one in told["files"]:
        content, mode = lying[one["path"][1:]]
        assert one["sha256"] == hashlib.sha256(content).hexdigest()
        assert one["mode"] == f"{mode:04o}"
    assert told["name"] == ("mall/g/box-g" if host.kind == "box" else "mall")


def test_no_secret_is_rendered(tmp_path: Path) -> None:
    config = write_box(tmp_path)
    files = render(config)
    told = json.loads(manifest(load_host(config), files))
    made = [one["path"] for one in told["made_on_the_host"]]
    assert made == ["/etc/atrium/broker/passwords", "/etc/atrium/secrets/mqtt.password"]
    assert all(set(one) == {"path", "mode", "owner"} for one in told["made_on_the_host"])
    assert not set(made) & set(files)
    assert not any(b"secret@" in file.content or b"viewer" in file.content for file in files.values())


def test_every_template_is_rendered_for_some_host(tmp_path: Path) -> None:
    from firmware_configs.render import _plan  # noqa: PLC0415 - what renders is the point

    hosts = [
        load_host(write_box(tmp_path / "b")),
        load_host(write_box(tmp_path / "v", VLAN)),
        load_host(write_central(tmp_path / "c")),
    ]
    used = {template for host in hosts for _, template, _, _ in _plan(host)}
    assert used == {str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", hardware_names())
def test_a_profile_reaches_the_files(name: str, tmp_path: Path) -> None:
    files = render(write_box(tmp_path, ('"n100"', f'"{name}"')))
    profile = load_host(tmp_path / "box.toml").hardware
    watchdog = files["/etc/systemd/system.conf.d/atrium.conf"].content.decode()
    assert f"RuntimeWatchdogSec={profile.watchdog.timeout_s}s\n" in watchdog
    assert profile.watchdog.module in files["/etc/modules-load.d/atrium.conf"].content.decode().splitlines()
    unit = files["/etc/systemd/system/atrium-edge@.service.d/50-hardware.conf"].content.decode()
    assert f"MemoryMax={profile.limits.memory_max_percent}%\n" in unit
    for device in profile.devices:
        assert f"DeviceAllow={device} rw\n" in unit
    assert ("/etc/tmpfiles.d/atrium-governor.conf" in files) == (profile.governor is not None)


def test_by_dhcp_the_firewall_lets_the_answers_in_and_names_come_from_nobody(tmp_path: Path) -> None:
    files = render(write_box(tmp_path, ('"10.1.0.12/24"\ngateway = "10.1.0.1"', '"dhcp"')))
    network = files["/etc/systemd/network/10-atrium-uplink.network"].content.decode()
    assert "DHCP=ipv4\n" in network
    assert "UseDNS=no\n" in network
    assert "udp sport 67 udp dport 68 accept" in files["/etc/nftables.conf"].content.decode()


def test_cameras_behind_a_vlan_of_the_only_wire(tmp_path: Path) -> None:
    files = render(write_box(tmp_path, VLAN, ('interface = "cameras"', 'interface = "uplink"')))
    assert (
        b"Name=uplink.20\nKind=vlan\n\n[VLAN]\nId=20\n"
        in files["/etc/systemd/network/20-atrium-cameras.netdev"].content
    )
    assert b"Name=uplink.20\n" in files["/etc/systemd/network/20-atrium-cameras.network"].content
    assert b"\nVLAN=uplink.20\n" in files["/etc/systemd/network/10-atrium-uplink.network"].content
    assert "/etc/systemd/network/15-atrium-trunk.network" not in files
    rules = files["/etc/nftables.conf"].content.decode()
    assert 'iifname "uplink.20" ip saddr 10.2.0.0/24 ip daddr 10.2.0.1 udp dport 123 accept' in rules
    assert 'iifname "cameras"' not in rules


def test_cameras_behind_a_vlan_of_a_wire_of_their_own(tmp_path: Path) -> None:
    files = render(write_box(tmp_path, VLAN))
    assert b"\nVLAN=cameras.20\n" in files["/etc/systemd/network/15-atrium-trunk.network"].content
    assert b"VLAN=" not in files["/etc/systemd/network/10-atrium-uplink.network"].content


def test_the_folder_to_render_into_has_to_be_new(tmp_path: Path) -> None:
    config = write_box(tmp_path / "config")
    with pytest.raises(BadInputError, match="not empty"):
        write_tree(render(config), b"", tmp_path / "config")
