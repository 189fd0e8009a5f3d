"""A box's and central's file as an installer writes them, in a folder of their own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

BOX = """\
schema = "atrium.box.v1"
id = "box-g"
site = "site.toml"
floor = "g"
state_dir = "state"

[mqtt]
host = "127.0.0.1"
username = "edge"
password_file = "secrets/mqtt.password"

[[cameras]]
name = "entrance"
url = "rtsp://viewer:secret@10.2.0.21:8554/stream2"

[appliance]
hardware = "n100"
hostname = "box-g"
time_servers = ["central.mall.example"]

[appliance.uplink]
interface = "uplink"
address = "10.1.0.12/24"
gateway = "10.1.0.1"

[appliance.cameras]
interface = "cameras"
address = "10.2.0.1/24"

[appliance.mall]
broker = "central.mall.example"
central = "https://central.mall.example"

[appliance.admin]
ssh_from = ["10.1.9.0/24"]

[appliance.hosts]
"central.mall.example" = "10.1.0.5"
"""
CENTRAL = """\
schema = "atrium.central.v1"
site = "site.toml"

[mqtt]
host = "central.mall.example"
port = 8883
ca = "tls/ca.pem"

[appliance]
hardware = "generic-x86-64"
hostname = "central"
time_servers = ["2.debian.pool.ntp.org", "10.1.0.1"]

[appliance.uplink]
interface = "uplink"
address = "10.1.0.5/24"
gateway = "10.1.0.1"
dns = ["10.1.0.1"]

[appliance.admin]
ssh_from = ["10.1.9.0/24"]

[appliance.serve]
pages = ["10.1.0.0/16"]
"""
SITE = 'schema = "atrium.site.v1"\nid = "mall"\n'


def write_box(folder: Path, *changes: tuple[str, str]) -> Path:
    """BOX.toml, with every old text of ``changes`` replaced by its new one."""
    return _write(folder, "box.toml", BOX, changes)


def write_central(folder: Path, *changes: tuple[str, str]) -> Path:
    """CENTRAL.toml, the same way."""
    return _write(folder, "central.toml", CENTRAL, changes)


def _write(folder: Path, name: str, text: str, changes: tuple[tuple[str, str], ...]) -> Path:
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "site.toml").write_text(SITE, encoding="utf-8")
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def need_root(why: str) -> None:
    if os.geteuid() != 0:
        pytest.skip(f"needs root: {why}")


def write_users(root: Path) -> None:
    """The users that the packages make, in a file system of its own."""
    (root / "etc").mkdir(parents=True, exist_ok=True)
    (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\nmosquitto:x:902:905::/:/bin/false\n", encoding="utf-8")
    (root / "etc/group").write_text("root:x:0:\nmosquitto:x:905:\natrium:x:906:mosquitto\n", encoding="utf-8")
