"""Names, addresses and networks as they stand in a host's file; nothing here asks a name server."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from ipaddress import AddressValueError, IPv4Address, IPv4Interface, IPv4Network, NetmaskValueError
from urllib.parse import urlsplit

from contract.errors import BadInputError
from contract.ids import END

MOST_NAME = 253
MOST_PREFIX = 30
"""The longest prefix that leaves room for a neighbour."""
DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NAME = re.compile(rf"^{_LABEL}(?:\.{_LABEL})*{END}")
_HOSTNAME = re.compile(rf"^{_LABEL}{END}")


def check_name(name: str, field: str, *, dots: bool = True) -> str:
    """The name itself when it is a host name or an IPv4 address.

    Raises:
        BadInputError: it is neither; a line break, which would start a line of its own in what we render, is neither.
    """
    if len(name) > MOST_NAME or not (_NAME if dots else _HOSTNAME).match(name):
        kind = "host name or IPv4 address" if dots else "host name of one word"
        raise BadInputError(f"{field}: {name[:80]!r} is no {kind}; use letters, digits and '-'")
    return name


def parse_address(text: str, field: str) -> IPv4Address:
    """An IPv4 address.

    Raises:
        BadInputError: it is none.
    """
    try:
        return IPv4Address(text)
    except AddressValueError:
        raise BadInputError(f"{field}: {text[:80]!r} is no IPv4 address; write it as 10.1.0.5") from None


def parse_interface(text: str, field: str) -> IPv4Interface:
    """An address of ours with the prefix of its network.

    Raises:
        BadInputError: it is none, has no prefix, or is no address that a host may have there.
    """
    try:
        found = IPv4Interface(text)
    except (AddressValueError, NetmaskValueError, ValueError):
        found = None
    if found is None or "/" not in text:
        raise BadInputError(f"{field}: {text[:80]!r} is no address with prefix; write it as 10.1.0.12/24")
    if found.network.prefixlen > MOST_PREFIX or found.network.prefixlen == 0:
        raise BadInputError(f"{field}: /{found.network.prefixlen} leaves no neighbours; use /1 to /{MOST_PREFIX}")
    if found.ip in {found.network.network_address, found.network.broadcast_address}:
        raise BadInputError(f"{field}: {found.ip} is the network's own address; write the host's, as 10.1.0.12/24")
    if found.ip.is_multicast or found.ip.is_loopback or found.ip.is_unspecified:
        raise BadInputError(f"{field}: {found.ip} is no address of a host on a wire; write the host's")
    return found


def parse_networks(texts: Sequence[str], field: str) -> tuple[IPv4Network, ...]:
    """Networks, sorted, each once, those inside another left out: sets of the firewall may not overlap.

    Raises:
        BadInputError: one is none.
    """
    found = set()
    for text in texts:
        try:
            found.add(IPv4Network(text))
        except (AddressValueError, NetmaskValueError, ValueError) as error:
            mend = "clear the bits behind the prefix" if "host bits" in str(error) else "write it as 10.1.9.0/24"
            raise BadInputError(f"{field}: {text[:80]!r} is no IPv4 network; {mend}") from None
    return tuple(sorted(one for one in found if not any(one != other and one.subnet_of(other) for other in found)))


def parse_url(text: str, field: str) -> tuple[str, int]:
    """Host and port of an address; nothing of it is repeated in an error, since it may hold a password.

    Raises:
        BadInputError: it has no host that can be one, or a scheme that we do not speak.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise BadInputError(f"{field}: is no address; write it as https://central.mall.example") from None
    if parts.scheme not in DEFAULT_PORTS:
        known = ", ".join(f"{scheme}://" for scheme in DEFAULT_PORTS)
        raise BadInputError(f"{field}: has the scheme {parts.scheme[:20]!r}; use one of {known}")
    return check_name(host, field), port or DEFAULT_PORTS[parts.scheme]


def resolve(name: str, known: Mapping[str, IPv4Address], field: str) -> IPv4Address:
    """The address of a host, from itself or from the file: a firewall's rule needs it before there is a name server.

    Raises:
        BadInputError: nothing says it.
    """
    if name in known:
        return known[name]
    try:
        return IPv4Address(name)
    except AddressValueError:
        raise BadInputError(
            f"{field}: nothing says the address of {name[:80]!r}; write it under [appliance.hosts], as "
            f'"{name[:80]}" = "10.1.0.5"'
        ) from None
