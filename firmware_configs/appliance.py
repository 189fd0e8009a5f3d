"""The host that a box or central runs on: ``[appliance]`` of ``BOX.toml`` and ``CENTRAL.toml``.

Of the rest of those files, which is the services', it reads only what the host's configuration depends on.

Example::

    [appliance]
    hardware = "n100"
    hostname = "box-g"
    time_servers = ["central.mall.example"]

    [appliance.uplink]
    interface = "enp1s0"
    address = "10.1.0.12/24"
    gateway = "10.1.0.1"

    [appliance.cameras]
    interface = "enp2s0"
    address = "10.2.0.1/24"

    [appliance.mall]
    broker = "central.mall.example"
    central = "https://central.mall.example"

    [appliance.admin]
    ssh_from = ["10.1.9.0/24"]

    [appliance.hosts]
    "central.mall.example" = "10.1.0.5"
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from contract.errors import BadInputError
from contract.files import read_toml
from contract.ids import END, check_id
from firmware_configs import addresses
from firmware_configs.hardware import Hardware, load_hardware

BOX_SCHEMA, CENTRAL_SCHEMA = "atrium.box.v1", "atrium.central.v1"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_INTERFACE = re.compile(r"^[A-Za-z][A-Za-z0-9_.-]{0,14}" + END)
_USER = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}" + END)

Port = Annotated[int, Meta(ge=1, le=65_535)]


class UplinkFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``[appliance.uplink]``: the wire towards the mall's network."""

    interface: str
    address: str = "dhcp"
    """"dhcp", or an IPv4 address with its prefix, as 10.1.0.12/24."""
    gateway: str = ""
    dns: list[str] = []
    """Name servers. A box needs none: whom it speaks to stands in [appliance.hosts]."""


class CamerasFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``[appliance.cameras]``: the wire towards the cameras; what is on it reaches the box's clock and nothing else."""

    interface: str
    address: str
    """Ours there, with the prefix of the cameras' network, as 10.2.0.1/24."""
    vlan: Annotated[int, Meta(ge=1, le=4094)] | None = None
    """Where cameras share a wire, as with a single one: the tag of their VLAN, which the switch has to keep apart."""

    @property
    def name(self) -> str:
        """Of the interface that the cameras are behind: the wire's, or its VLAN's."""
        return self.interface if self.vlan is None else f"{self.interface}.{self.vlan}"


class MallFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``[appliance.mall]``: the mall's broker and central, as a box reaches them."""

    broker: str
    port: Port = 8883
    central: str = ""
    """Central's address, as https://central.mall.example; for enrolment and renewal."""


class AdminFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``[appliance.admin]``: who may log in."""

    ssh_from: list[str] = []
    """Networks; nobody where empty."""


class ServeFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``[appliance.serve]``, central alone: whom it serves; its uplink's own network where left out."""

    boxes: list[str] = []
    """Networks of boxes: broker, clock, enrolment."""
    pages: list[str] = []
    """Networks whose browsers and programs may open central's pages and API."""


class Appliance(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``[appliance]``."""

    hardware: str
    """A profile, see firmware_configs/hardware."""
    hostname: str
    time_servers: Annotated[list[str], Meta(min_length=1, max_length=8)]
    uplink: UplinkFile
    cameras: CamerasFile | None = None
    mall: MallFile | None = None
    admin: AdminFile = AdminFile()
    serve: ServeFile = ServeFile()
    hosts: dict[str, str] = {}
    """Name to IPv4 address of whom this host speaks to; also its /etc/hosts."""
    mirror: str = ""
    """The site's package mirror, http(s)://; a box takes security updates from nowhere else."""


class _Camera(msgspec.Struct, frozen=True):
    name: str
    url: str


class _Mqtt(msgspec.Struct, frozen=True):
    host: str = "127.0.0.1"
    port: Port = 1883
    username: str = ""


class _Http(msgspec.Struct, frozen=True):
    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8080


class _Webhook(msgspec.Struct, frozen=True):
    url: str


class _HostFile(msgspec.Struct, frozen=True):
    """What either file says that a host's configuration depends on; everything else is the services'."""

    schema: str
    site: str
    appliance: Appliance | None = None
    id: str = ""
    floor: str = ""
    cameras: list[_Camera] = []
    mqtt: _Mqtt = _Mqtt()
    http: _Http = _Http()
    webhooks: list[_Webhook] = []


class _SiteFile(msgspec.Struct, frozen=True):
    id: str


@dataclass(frozen=True, slots=True)
class Host:
    """A host's configuration, checked.

    Attributes:
        kind: what it is.
        site, floor, box: ids; floor and box are empty for central.
        hardware: its profile.
        uplink: our address and network towards the mall, None where DHCP gives it.
        cameras: our address and network towards the cameras, None for central.
        camera_ports: TCP ports that the box may call there.
        bridge: whether a broker of its own runs on the box, bridged to the mall's: its ``[mqtt]`` host is loopback.
        mqtt_port, mqtt_user: where and as whom the service speaks to its broker.
        http_host, http_port: where central's pages are served.
        webhook_ports: TCP ports that central calls in the world, 80 and 443 among them.
        central_port: of central's address, None where none is given.
        boxes, pages: whom central serves.
        peers: addresses of whom the box speaks to, by what it is: ``broker``, ``central``, ``time``, ``mirror``.
        source: the file.
    """

    kind: Literal["box", "central"]
    site: str
    floor: str
    box: str
    appliance: Appliance
    hardware: Hardware
    uplink: IPv4Interface | None
    gateway: IPv4Address | None
    dns: tuple[IPv4Address, ...]
    cameras: IPv4Interface | None
    camera_ports: tuple[int, ...]
    bridge: bool
    mqtt_port: int
    mqtt_user: str
    http_host: str
    http_port: int
    webhook_ports: tuple[int, ...]
    central_port: int | None
    mirror_port: int | None
    ssh_from: tuple[IPv4Network, ...]
    boxes: tuple[IPv4Network, ...]
    pages: tuple[IPv4Network, ...]
    hosts: tuple[tuple[str, IPv4Address], ...]
    peers: dict[str, tuple[IPv4Address, ...]]
    source: Path


def load_host(path: Path) -> Host:
    """The host that ``BOX.toml`` or ``CENTRAL.toml`` describes.

    Raises:
        BadInputError: naming the file, the field and the mend.
    """
    found = read_toml(path, _HostFile)
    if found.schema not in {BOX_SCHEMA, CENTRAL_SCHEMA}:
        raise BadInputError(
            f"{path}: schema is {found.schema!r}; a host is described by {BOX_SCHEMA!r} or {CENTRAL_SCHEMA!r}"
        )
    if found.appliance is None:
        raise BadInputError(f"{path}: no [appliance]; add the table, docs/firmware.md has an example")
    try:
        return _host(path, found, found.appliance)
    except BadInputError as error:
        raise BadInputError(f"{path}: {error}") from None


def _host(path: Path, found: _HostFile, appliance: Appliance) -> Host:
    kind: Literal["box", "central"] = "box" if found.schema == BOX_SCHEMA else "central"
    site = check_id(read_toml(path.parent / found.site, _SiteFile).id, "site id")
    addresses.check_name(appliance.hostname, "appliance.hostname", dots=False)
    uplink, gateway = _uplink(appliance.uplink)
    hosts = _hosts(appliance)
    serve = appliance.serve
    own = [str(uplink.network)] if uplink else []
    if kind == "central" and not uplink and not (serve.boxes and serve.pages):
        raise BadInputError(
            "appliance.serve: say boxes and pages, lists of networks, or give appliance.uplink a fixed address"
        )
    if kind == "central" and found.http.port == 0:
        raise BadInputError("http.port: 0 takes whichever is free, which no firewall can let in; write one, as 8080")
    mall, cameras = _box_tables(kind, found, appliance)
    if cameras and uplink and cameras.network.overlaps(uplink.network):
        raise BadInputError(
            f"appliance.cameras.address: {cameras.network} overlaps the uplink's {uplink.network}; "
            "give the cameras a network of their own"
        )
    bridge = kind == "box" and found.mqtt.host in LOOPBACK
    if bridge and not _USER.match(found.mqtt.username):
        raise BadInputError(
            "mqtt.username: name the edge's user at its box's broker: letters, digits, '.', '-' or '_', as \"edge\""
        )
    central = addresses.parse_url(mall.central, "appliance.mall.central") if mall and mall.central else None
    mirror = addresses.parse_url(appliance.mirror, "appliance.mirror") if appliance.mirror else None
    for server in appliance.time_servers:
        addresses.check_name(server, "appliance.time_servers")
    peers: dict[str, tuple[IPv4Address, ...]] = {}
    if mall:
        known = dict(hosts)
        peers["broker"] = (addresses.resolve(mall.broker, known, "appliance.mall.broker"),)
        peers["time"] = tuple(addresses.resolve(one, known, "appliance.time_servers") for one in appliance.time_servers)
        if central:
            peers["central"] = (addresses.resolve(central[0], known, "appliance.mall.central"),)
        if mirror:
            peers["mirror"] = (addresses.resolve(mirror[0], known, "appliance.mirror"),)
    return Host(
        kind=kind,
        site=site,
        floor=found.floor,
        box=found.id,
        appliance=appliance,
        hardware=load_hardware(appliance.hardware),
        uplink=uplink,
        gateway=gateway,
        dns=tuple(addresses.parse_address(one, "appliance.uplink.dns") for one in appliance.uplink.dns),
        cameras=cameras,
        camera_ports=_camera_ports(found, cameras, dict(hosts)) if cameras else (),
        bridge=bridge,
        mqtt_port=found.mqtt.port,
        mqtt_user=found.mqtt.username,
        http_host=found.http.host,
        http_port=found.http.port,
        webhook_ports=tuple(
            sorted({80, 443, *(addresses.parse_url(one.url, "webhooks: url")[1] for one in found.webhooks)})
        ),
        central_port=central[1] if central else None,
        mirror_port=mirror[1] if mirror else None,
        ssh_from=addresses.parse_networks(appliance.admin.ssh_from, "appliance.admin.ssh_from"),
        boxes=addresses.parse_networks(serve.boxes or own, "appliance.serve.boxes") if kind == "central" else (),
        pages=addresses.parse_networks(serve.pages or own, "appliance.serve.pages") if kind == "central" else (),
        hosts=hosts,
        peers=peers,
        source=path,
    )


def _box_tables(kind: str, found: _HostFile, appliance: Appliance) -> tuple[MallFile | None, IPv4Interface | None]:
    """What only a box has."""
    if kind == "central":
        for name in ("cameras", "mall"):
            if getattr(appliance, name) is not None:
                raise BadInputError(f"appliance.{name}: is for boxes; remove it from central's file")
        return None, None
    check_id(found.id, "id")
    check_id(found.floor, "floor")
    if appliance.serve != ServeFile():
        raise BadInputError("appliance.serve: is for central; remove it from a box's file")
    if appliance.mall is None:
        raise BadInputError("no [appliance.mall]; say broker and central")
    if appliance.cameras is None:
        raise BadInputError("no [appliance.cameras]; say the interface towards the cameras and our address there")
    addresses.check_name(appliance.mall.broker, "appliance.mall.broker")
    _check_interface(appliance.cameras.interface, "appliance.cameras.interface")
    _check_interface(appliance.cameras.name, "appliance.cameras.interface with vlan")
    if appliance.cameras.name == appliance.uplink.interface:
        raise BadInputError(
            f"appliance.cameras.interface: {appliance.uplink.interface!r} is the uplink; give the cameras a wire of "
            "their own, or say their vlan"
        )
    return appliance.mall, addresses.parse_interface(appliance.cameras.address, "appliance.cameras.address")


def _uplink(uplink: UplinkFile) -> tuple[IPv4Interface | None, IPv4Address | None]:
    _check_interface(uplink.interface, "appliance.uplink.interface")
    if uplink.address == "dhcp":
        if uplink.gateway:
            raise BadInputError("appliance.uplink.gateway: comes from DHCP; remove it, or write a fixed address")
        return None, None
    address = addresses.parse_interface(uplink.address, "appliance.uplink.address")
    if not uplink.gateway:
        return address, None
    gateway = addresses.parse_address(uplink.gateway, "appliance.uplink.gateway")
    if gateway not in address.network or gateway == address.ip:
        raise BadInputError(
            f"appliance.uplink.gateway: {gateway} is no neighbour in {address.network}; write the router's address"
        )
    return address, gateway


def _hosts(appliance: Appliance) -> tuple[tuple[str, IPv4Address], ...]:
    found = []
    for name in sorted(appliance.hosts):
        addresses.check_name(name, "appliance.hosts")
        found.append((name, addresses.parse_address(appliance.hosts[name], f"appliance.hosts {name!r}")))
    return tuple(found)


def _camera_ports(found: _HostFile, lan: IPv4Interface, known: dict[str, IPv4Address]) -> tuple[int, ...]:
    """Where cameras are called: what their addresses say, and what setting them up needs (RTSP, ONVIF)."""
    ports = {80, 443, 554}
    for camera in found.cameras:
        where = f"camera {camera.name[:64]!r}: url"
        if "://" not in camera.url:
            continue
        host, port = addresses.parse_url(camera.url, where)
        if addresses.resolve(host, known, where) not in lan.network:
            raise BadInputError(
                f"{where}: {host} is outside the cameras' network {lan.network}, which is all that the firewall lets "
                "the box watch; correct the address or appliance.cameras.address"
            )
        ports.add(port)
    return tuple(sorted(ports))


def _check_interface(name: str, field: str) -> None:
    if not _INTERFACE.match(name):
        raise BadInputError(f"{field}: {name[:40]!r} is no interface; write its name as `ip link` shows it")
