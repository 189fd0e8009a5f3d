"""WS-Discovery: who on the camera LAN says that it is a camera (ONVIF Core Specification, chapter 7).

One SOAP message by UDP to a multicast group, and whoever is a camera answers. Anybody may answer anything: a device is
believed only about the address that its answer came from, and only where that is on the LAN that was asked.
"""

from __future__ import annotations

import re
import socket
import time
from collections import Counter
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Interface, ip_address
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from uuid import UUID

import msgspec

from contract.errors import AtriumError
from edge.discovery.markup import MarkupError, all_of, first, parse, plain, text

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

GROUP = "239.255.255.250"
PORT = 3702
# Never beyond the LAN's own switches.
HOPS = 1
LARGEST_DATAGRAM = 65_535
# A LAN of a floor has some 40 cameras; who answers more often than this is not heard any more.
MOST_DEVICES = 1024
MOST_ANSWERS_EACH = 16
# UDP loses messages: each probe is sent twice, as WS-Discovery 1.1, 3.1.3, has it.
SENT_AT = (0.0, 0.25)
"""As shares of the time waited."""
_SCOPE = re.compile(r"^onvif://www\.onvif\.org/(name|hardware|location)/(.+)$", re.IGNORECASE)
_KINDS = ("dn:NetworkVideoTransmitter", "tds:Device")
_PROBE = """<?xml version="1.0" encoding="utf-8"?>
<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"
 xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"
 xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"
 xmlns:dn="http://www.onvif.org/ver10/network/wsdl" xmlns:tds="http://www.onvif.org/ver10/device/wsdl">
<s:Header><a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action>
<a:MessageID>urn:uuid:{id}</a:MessageID><a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header>
<s:Body><d:Probe><d:Types>{kind}</d:Types></d:Probe></s:Body></s:Envelope>"""


class Device(msgspec.Struct, frozen=True):
    """A camera that answered.

    Attributes:
        address: where the answer came from.
        services: addresses of its ONVIF service, all of them on ``address``.
        name, hardware, location: what it says of itself, plain; empty where it does not.
        elsewhere: how many service addresses it named on other hosts; they were left out.
    """

    address: str
    services: list[str]
    name: str = ""
    hardware: str = ""
    location: str = ""
    elsewhere: int = 0


class Answers(msgspec.Struct, frozen=True):
    """What came back.

    Attributes:
        devices: cameras, by address.
        foreign: answers from outside the LAN, left out.
        unread: answers that were no answer to our question, left out.
        loud: who answered without end; what others said may have been lost among it.
    """

    devices: list[Device]
    foreign: int = 0
    unread: int = 0
    loud: list[str] = []


def probe(
    interface: IPv4Interface,
    wait_s: float,
    ids: Sequence[UUID],
    *,
    port: int = PORT,
    monotonic: Callable[[], float] = time.monotonic,
) -> Answers:
    """Asks the LAN of ``interface`` who is a camera, and listens for ``wait_s`` seconds.

    Args:
        interface: this machine's address on the camera LAN, with the LAN's prefix.
        wait_s: how long to listen, seconds.
        ids: two random ids, one for each kind of device asked for.
        port: UDP port of the group.
        monotonic: seconds that never jump.

    Raises:
        AtriumError: where this machine has no such address, or may not send there.
    """
    questions = [_PROBE.format(id=one, kind=kind).encode() for one, kind in zip(ids, _KINDS, strict=True)]
    found: dict[str, Device] = {}
    heard: Counter[str] = Counter()
    foreign = unread = 0
    began = monotonic()
    due = [began + share * wait_s for share in SENT_AT]
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, HOPS)
            line.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, interface.ip.packed)
            line.bind((str(interface.ip), 0))
            while (now := monotonic()) < began + wait_s:
                while due and now >= due[0]:
                    due.pop(0)
                    for question in questions:
                        line.sendto(question, (GROUP, port))
                line.settimeout(max(0.001, min([*due, began + wait_s]) - now))
                try:
                    answer, (sender, _) = line.recvfrom(LARGEST_DATAGRAM)
                except TimeoutError:
                    continue
                if IPv4Address(sender) not in interface.network:
                    foreign += 1
                    continue
                heard[sender] += 1
                if heard[sender] > MOST_ANSWERS_EACH or len(found) >= MOST_DEVICES:
                    continue
                device = read_answer(answer, sender, ids)
                if device is None:
                    unread += 1
                else:
                    found[sender] = _joined(found.get(sender), device)
    except OSError as error:
        raise AtriumError(
            f"interface {interface.ip}: cannot ask for cameras ({error.strerror or error}); "
            "give this machine's own address on the camera LAN"
        ) from None
    in_order = sorted(found.values(), key=lambda device: IPv4Address(device.address))
    loud = sorted(sender for sender, count in heard.items() if count > MOST_ANSWERS_EACH)
    return Answers(in_order, foreign, unread, loud)


def read_answer(content: bytes, sender: str, ids: Sequence[UUID]) -> Device | None:
    """The camera that a datagram from ``sender`` tells of; None where it does not answer one of ``ids``."""
    try:
        root = parse(content)
    except MarkupError:
        return None
    relates_to = text(root, "RelatesTo").lower()
    match = first(root, "ProbeMatch")
    if match is None or not any(str(one) in relates_to for one in ids):
        return None
    services, elsewhere = _services(match, sender)
    said: dict[str, str] = {}
    for scopes in all_of(match, "Scopes"):
        for scope in (scopes.text or "").split()[:64]:
            if parts := _SCOPE.match(scope):
                said.setdefault(parts.group(1).lower(), plain(unquote(parts.group(2))))
    return Device(sender, services, said.get("name", ""), said.get("hardware", ""), said.get("location", ""), elsewhere)


def _services(match: Element, sender: str) -> tuple[list[str], int]:
    services: list[str] = []
    elsewhere = 0
    for element in all_of(match, "XAddrs"):
        for address in (element.text or "").split()[:16]:
            if _is_on(address, sender):
                services.append(plain(address, 200))
            else:
                elsewhere += 1
    return list(dict.fromkeys(services)), elsewhere


def _is_on(address: str, host: str) -> bool:
    """Whether an address is one of HTTP on that host, written as a number: a name could mean anybody."""
    try:
        parts = urlsplit(address)
        return parts.scheme in {"http", "https"} and ip_address(parts.hostname or "") == ip_address(host)
    except ValueError:
        return False


def _joined(before: Device | None, device: Device) -> Device:
    """A camera answers both questions, and each twice."""
    if before is None:
        return device
    return Device(
        device.address,
        list(dict.fromkeys([*before.services, *device.services]))[:16],
        before.name or device.name,
        before.hardware or device.hardware,
        before.location or device.location,
        max(before.elsewhere, device.elsewhere),
    )
