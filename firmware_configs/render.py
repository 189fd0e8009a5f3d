"""The whole configuration of a host, rendered from its one file: the same file gives the same bytes, anywhere."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from firmware_configs.appliance import LOOPBACK, Host, load_host

TEMPLATES = Path(__file__).parent / "templates"
MANIFEST_SCHEMA = "atrium.manifest.v1"
CONTROL = 0x20
PUBLIC, GROUP = 0o644, 0o640


@dataclass(frozen=True, slots=True)
class RenderedFile:
    """A file of a host's configuration.

    Attributes:
        content: all of it.
        mode: permission bits.
        owner: ``user:group`` by name, since numbers differ from host to host.
    """

    content: bytes
    mode: int
    owner: str


@dataclass(frozen=True, slots=True)
class Secret:
    """A file whose content each host makes for itself, so that neither render nor manifest can carry it."""

    path: str
    mode: int
    owner: str


class ManifestFile(msgspec.Struct, frozen=True):
    """A line of the manifest."""

    path: str
    mode: str
    owner: str
    sha256: str


class ManifestSecret(msgspec.Struct, frozen=True):
    """A file that is made on the host: everything but what is in it."""

    path: str
    mode: str
    owner: str


class Manifest(msgspec.Struct, frozen=True):
    """``manifest.json``: what a host's configuration consists of; no times in it."""

    schema: str
    kind: str
    name: str
    files: list[ManifestFile]
    made_on_the_host: list[ManifestSecret]


BROKER_PASSWORDS = Secret("/etc/atrium/broker/passwords", GROUP, "root:mosquitto")
EDGE_PASSWORD = Secret("/etc/atrium/secrets/mqtt.password", 0o600, "root:root")
"""The edge's password for its box's broker; its unit hands it over."""


FOLDERS = {
    "/etc/atrium": (0o750, "root:atrium"),
    "/etc/atrium/secrets": (0o700, "root:root"),
}
"""Mode and owner of folders that are not everybody's to read, where they have to be made."""


def render(path: Path) -> dict[str, RenderedFile]:
    """All files of the host that ``BOX.toml`` or ``CENTRAL.toml`` describes, by absolute path, sorted.

    Raises:
        BadInputError: naming the file, the field and the mend.
    """
    return render_host(load_host(path))


def render_host(host: Host) -> dict[str, RenderedFile]:
    """The same for a host that was read already."""
    environment = _environment()
    words = _words(host)
    found: dict[str, RenderedFile] = {}
    for target, template, mode, owner in _plan(host):
        text = environment.get_template(template).render(words)
        found[target] = RenderedFile(text.encode(), mode, owner)
    return dict(sorted(found.items()))


def secrets(host: Host) -> tuple[Secret, ...]:
    """Files of this host that are made on it: see :mod:`firmware_configs.local_secrets`."""
    return (BROKER_PASSWORDS, EDGE_PASSWORD) if host.bridge else ()


def manifest(host: Host, files: dict[str, RenderedFile]) -> bytes:
    """``manifest.json`` of these files."""
    found = Manifest(
        schema=MANIFEST_SCHEMA,
        kind=host.kind,
        name="/".join(part for part in (host.site, host.floor, host.box) if part),
        files=[
            ManifestFile(path, f"{file.mode:04o}", file.owner, hashlib.sha256(file.content).hexdigest())
            for path, file in sorted(files.items())
        ],
        made_on_the_host=[ManifestSecret(one.path, f"{one.mode:04o}", one.owner) for one in secrets(host)],
    )
    return msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n"


def _plan(host: Host) -> list[tuple[str, str, int, str]]:
    """Target, template, mode and owner of every file that this host has."""
    kind, root = host.kind, "root:root"
    plan = [
        ("/etc/hostname", "common/hostname", PUBLIC, root),
        ("/etc/hosts", "common/hosts", PUBLIC, root),
        ("/etc/chrony/chrony.conf", f"{kind}/chrony.conf", PUBLIC, root),
        ("/etc/nftables.conf", f"{kind}/nftables.conf", 0o755, root),
        ("/etc/sysctl.d/90-atrium.conf", "common/sysctl.conf", PUBLIC, root),
        ("/etc/modules-load.d/atrium.conf", "common/modules.conf", PUBLIC, root),
        ("/etc/modprobe.d/atrium.conf", "common/modprobe.conf", PUBLIC, root),
        ("/etc/apt/apt.conf.d/52atrium-upgrades", "common/unattended.conf", PUBLIC, root),
        ("/etc/systemd/journald.conf.d/atrium.conf", "common/journald.conf", PUBLIC, root),
        ("/etc/systemd/system.conf.d/atrium.conf", "common/watchdog.conf", PUBLIC, root),
        ("/etc/systemd/network/10-atrium-uplink.network", "common/uplink.network", PUBLIC, root),
        ("/etc/systemd/system/atrium-firmware-recover.service", "common/firmware-recover.service", PUBLIC, root),
    ]
    if host.ssh_from:
        plan.append(("/etc/ssh/sshd_config.d/10-atrium.conf", "common/sshd.conf", PUBLIC, root))
    if host.hardware.governor:
        plan.append(("/etc/tmpfiles.d/atrium-governor.conf", "common/governor.conf", PUBLIC, root))
    if kind == "central" or host.bridge:
        plan += [
            ("/etc/mosquitto/mosquitto.conf", f"{kind}/mosquitto.conf", PUBLIC, root),
            ("/etc/atrium/broker/acl", f"{kind}/acl", GROUP, "root:mosquitto"),
            ("/etc/systemd/system/mosquitto.service.d/atrium.conf", "common/mosquitto-unit.conf", PUBLIC, root),
        ]
    if kind == "box":
        plan += [*_vlan(host)]
        plan += [
            ("/etc/systemd/network/20-atrium-cameras.network", "box/cameras.network", PUBLIC, root),
            ("/etc/systemd/system/atrium-edge@.service.d/50-hardware.conf", "box/edge-unit.conf", PUBLIC, root),
        ]
    else:
        target = "/etc/systemd/system/atrium-central.service.d/50-hardware.conf"
        plan.append((target, "central/central-unit.conf", PUBLIC, root))
        if host.http_host in LOOPBACK:
            plan.append(("/etc/nginx/conf.d/atrium.conf", "central/nginx.conf", PUBLIC, root))
    return plan


def _vlan(host: Host) -> list[tuple[str, str, int, str]]:
    """What a VLAN for the cameras needs besides: itself, and its wire where that is not the uplink's."""
    cameras = host.appliance.cameras
    if cameras is None or cameras.vlan is None:
        return []
    found = [("/etc/systemd/network/20-atrium-cameras.netdev", "box/cameras.netdev", PUBLIC, "root:root")]
    if cameras.interface != host.appliance.uplink.interface:
        found.append(("/etc/systemd/network/15-atrium-trunk.network", "box/trunk.network", PUBLIC, "root:root"))
    return found


def _words(host: Host) -> dict[str, Any]:
    """What templates may say; a word they ask for and that is not here is an error."""
    appliance = host.appliance
    uplink = {
        "uplink": appliance.uplink.interface,
        "uplink_address": host.uplink,
        "dhcp": host.uplink is None,
        "gateway": host.gateway,
        "dns": host.dns,
    }
    shared = {
        "kind": host.kind,
        "site": host.site,
        "floor": host.floor,
        "box": host.box,
        "hostname": appliance.hostname,
        "hardware": host.hardware,
        "hosts": host.hosts,
        "time_servers": appliance.time_servers,
        "ssh_from": host.ssh_from,
        "vlan_on_uplink": "",
        **uplink,
    }
    if host.kind == "central":
        served = {*host.boxes, *host.pages}
        visitors = sorted(one for one in served if not any(one != other and one.subnet_of(other) for other in served))
        return {
            **shared,
            "boxes": host.boxes,
            "visitors": visitors,
            # On loopback central has a proxy before it, and that speaks TLS.
            "pages_port": 443 if host.http_host in LOOPBACK else host.http_port,
            "http_port": host.http_port,
            "webhook_ports": host.webhook_ports,
        }
    mall, cameras = appliance.mall, host.cameras
    if mall is None or cameras is None or appliance.cameras is None:
        raise AssertionError("load_host lets no box through without these")
    return {
        **shared,
        "broker": mall.broker,
        "broker_port": mall.port,
        "broker_addresses": host.peers["broker"],
        "central_addresses": host.peers.get("central", ()),
        "central_port": host.central_port,
        "time_addresses": sorted(set(host.peers["time"])),
        "mirror_addresses": host.peers.get("mirror", ()),
        "mirror_port": host.mirror_port,
        "mqtt_port": host.mqtt_port,
        "mqtt_user": host.mqtt_user,
        "cameras": appliance.cameras.name,
        "trunk": appliance.cameras.interface,
        "vlan": appliance.cameras.vlan,
        "vlan_on_uplink": appliance.cameras.name if appliance.cameras.interface == appliance.uplink.interface else "",
        "camera_interface": cameras,
        "camera_address": cameras.ip,
        "camera_network": cameras.network,
        "camera_ports": host.camera_ports,
    }


def _environment() -> Environment:
    # Nothing rendered is HTML, so nothing is escaped for it; what may stand in a word is checked when the file is read,
    # and no word may start a line of its own.
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES, encoding="utf-8"),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - see above
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_one_line,
    )
    environment.filters["is_address"] = _is_address
    return environment


def _one_line(value: object) -> object:
    text = str(value)
    if any(ord(letter) < CONTROL for letter in text):
        raise AssertionError(f"a word with a line break came as far as a template: {text[:40]!r}")
    return value


def _is_address(text: str) -> bool:
    try:
        IPv4Address(text)
    except AddressValueError:
        return False
    return True
