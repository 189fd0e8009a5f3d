"""Brings up a host's network as its rendered files say: addresses, kernel settings, firewall.

What systemd-networkd, systemd-sysctl and nftables.service do on an installed host is done here by ``ip``, ``sysctl``
and ``nft``, which a namespace without an init can run; the files are read as they were rendered.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.chaos.host import Host

NETWORKS = "/etc/systemd/network"
KERNEL = "/etc/sysctl.d"
RULES = "/etc/nftables.conf"


def bring_up(host: Host, *, rules: bool = True) -> None:
    """Gives the host its addresses and settings; ``rules`` loads the firewall first, as on an installed host.

    Raises:
        AtriumError: a tool refuses a file.
    """
    if rules:
        host.run("nft", "--file", RULES)
    for path in sorted(host.path(NETWORKS).glob("*.network")):
        _bring_up_interface(host, path)
    for path in sorted(host.path(KERNEL).glob("*atrium*.conf")):
        own = [line for line in path.read_text(encoding="utf-8").splitlines() if _is_networks(line)]
        host.run("sysctl", "--quiet", "--load=-", stdin="\n".join(own) + "\n")


def _bring_up_interface(host: Host, path: Path) -> None:
    entries = list(_entries(path))
    (name,) = [value for section, key, value in entries if (section, key) == ("Match", "Name")]
    addresses = [value for section, key, value in entries if key == "Address" and section in {"Network", "Address"}]
    gateways = [value for section, key, value in entries if key == "Gateway" and section in {"Network", "Route"}]
    for address in addresses:
        host.run("ip", "address", "add", address, "dev", name)
    host.run("ip", "link", "set", name, "up")
    for gateway in gateways:
        host.run("ip", "route", "add", "default", "via", gateway, "dev", name)


def _entries(path: Path) -> Iterator[tuple[str, str, str]]:
    """Section, key and value of every line; keys may stand more than once."""
    section = ""
    for raw in path.read_text(encoding="utf-8").splitlines():
        line = raw.strip()
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif line and line[0] not in "#;":
            key, _, value = line.partition("=")
            yield section, key.strip(), value.strip()


def _is_networks(line: str) -> bool:
    """Whether a kernel setting is of the host's network: the others are the whole machine's."""
    return line.strip().lstrip("-").startswith("net.")
