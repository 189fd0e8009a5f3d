"""This machine's addresses on LANs, with each LAN's prefix."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface

import ifaddr

from contract.errors import BadInputError

LARGEST_LAN = 16
"""The shortest prefix that is taken for a LAN of its own accord; tunnels and clouds have shorter ones."""


def interfaces_of(wanted: str | None) -> list[IPv4Interface]:
    """The interface that was asked for, or all IPv4 ones of this machine but loopback.

    Args:
        wanted: ``ADDRESS`` of this machine, whose prefix is looked up, or ``ADDRESS/PREFIX`` as it stands.

    Raises:
        BadInputError: where there is no such address, or no LAN at all.
    """
    own = [
        IPv4Interface(f"{address.ip}/{address.network_prefix}")
        for adapter in ifaddr.get_adapters()
        for address in adapter.ips
        if isinstance(address.ip, str)
    ]
    if wanted is None:
        lans = [one for one in own if not one.ip.is_loopback and LARGEST_LAN <= one.network.prefixlen < 32]
        if not lans:
            raise BadInputError("this machine is on no LAN; give --interface ADDRESS/PREFIX")
        return lans
    try:
        if "/" in wanted:
            return [IPv4Interface(wanted)]
        address = IPv4Address(wanted)
    except ValueError:
        raise BadInputError(
            f"--interface {wanted!r} is no IPv4 address; give this machine's own, such as 10.2.0.1/24"
        ) from None
    found = next((one for one in own if one.ip == address), None)
    if found is None:
        known = ", ".join(str(one.ip) for one in own) or "none"
        raise BadInputError(f"--interface {wanted}: this machine has no such address; it has {known}")
    return [found]
