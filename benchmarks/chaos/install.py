"""Puts onto a host what its one file renders to, as ``atrium firmware`` tells it; nothing is rewritten on the way."""

from __future__ import annotations

import json
import secrets
import shutil
from pathlib import Path

from benchmarks.chaos.host import Host, atrium

RENDERED = "/run/rendered"
PASSWORDS, PASSWORD = "/etc/atrium/broker/passwords", "/etc/atrium/secrets/mqtt.password"
GROUP = "atrium"


def make_accounts(host: Host) -> None:
    """The group and folders that the Debian package brings."""
    host.run("groupadd", "--system", "--force", GROUP)
    host.run("install", "-d", "-m", "750", "-g", GROUP, "/etc/atrium", "/etc/atrium/tls")
    host.run("install", "-d", "-m", "700", "/etc/atrium/secrets")
    host.run("install", "-d", "-o", "mosquitto", "-g", "mosquitto", "-m", "700", "/var/lib/mosquitto")
    host.run("install", "-d", "/var/lib/atrium", "/var/lib/chrony", "/etc/atrium/broker")
    # Debian's mosquitto owns what its user may not be kept from: files of /etc/atrium are reached through the group
    host.run("usermod", "--append", "--groups", GROUP, "mosquitto")


def install_rendered(host: Host, config: str) -> list[str]:
    """Renders the host's configuration and puts every file to its place, with its owner and mode; their paths."""
    host.run(*atrium("firmware", "render", config, "--out", RENDERED))
    manifest = json.loads(host.path(f"{RENDERED}/manifest.json").read_text(encoding="utf-8"))
    placed = []
    for entry in manifest["files"]:
        source, target = host.path(RENDERED + entry["path"]), host.path(entry["path"])
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        target.chmod(int(entry["mode"], 8))
        host.run("chown", entry["owner"], entry["path"])
        placed.append(str(entry["path"]))
    return placed


def make_broker_password(host: Host, user: str) -> None:
    """The secret of the edge and its box's broker, which no rendered file carries and every host makes for itself."""
    word = secrets.token_urlsafe(24)
    host.write(PASSWORD, word + "\n", 0o600)
    host.write(PASSWORDS, f"{user}:{word}\n", 0o640)
    host.run("mosquitto_passwd", "-U", PASSWORDS)
    host.run("chown", "root:mosquitto", PASSWORDS)
    host.run("chmod", "640", PASSWORDS)


def copy_tree(source: Path, host: Host, inside: str) -> None:
    """A folder of ours on the host."""
    shutil.copytree(source, host.path(inside), dirs_exist_ok=True)
