"""Who listens on this machine, and whether everybody may who does."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from upkeep.findings import Finding, Level

Protocol = Literal["tcp", "udp"]
PROC = Path("/proc")
TCP_LISTEN = "0A"
UDP_UNCONNECTED = "07"
TABLES: tuple[tuple[Protocol, str, str], ...] = (
    ("tcp", "tcp", TCP_LISTEN),
    ("tcp", "tcp6", TCP_LISTEN),
    ("udp", "udp", UDP_UNCONNECTED),
    ("udp", "udp6", UDP_UNCONNECTED),
)
OWN_PORT_UDP = 32768
"""UDP ports from here on are the kernel's to lend to whoever asks somebody something."""
MOST_NAMED = 6


@dataclass(frozen=True, slots=True)
class Listener:
    """Somebody who listens.

    Attributes:
        protocol: ``tcp`` or ``udp``.
        address: on which address of this machine; ``0.0.0.0`` or ``::`` for all.
        port: its number.
        program: its name, or empty where we may not see it.
    """

    protocol: Protocol
    address: str
    port: int
    program: str = ""

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches it."""
        return ipaddress.ip_address(self.address).is_loopback

    def __str__(self) -> str:
        name = f" ({self.program})" if self.program else ""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}/{self.protocol}{name}"


@dataclass(frozen=True, slots=True)
class Expected:
    """Somebody who may listen.

    Attributes:
        protocol: ``tcp`` or ``udp``.
        port: its number.
        what: who that is, for people.
        local: whether only on this machine's own addresses.
    """

    protocol: Protocol
    port: int
    what: str
    local: bool = False


EVERY_HOST = (
    Expected("tcp", 22, "ssh"),
    Expected("udp", 123, "time"),
    Expected("udp", 68, "the address from DHCP"),
    Expected("udp", 546, "the address from DHCP"),
    Expected("udp", 323, "chrony's own door", local=True),
    Expected("tcp", 53, "names", local=True),
    Expected("udp", 53, "names", local=True),
)
"""On a box as on central."""


def listeners(proc: Path = PROC) -> list[Listener]:
    """Everybody who listens, by protocol and port.

    Args:
        proc: where the kernel tells of its processes.
    """
    programs = _programs(proc)
    found = {
        Listener(protocol, address, port, programs.get(inode, ""))
        for protocol, table, state in TABLES
        for address, port, inode in _rows(proc / "net" / table, state)
        if protocol == "tcp" or port < OWN_PORT_UDP
    }
    return sorted(found, key=lambda one: (one.protocol, one.port, one.address))


def _rows(table: Path, state: str) -> Iterator[tuple[str, int, str]]:
    try:
        lines = table.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return
    for line in lines:
        fields = line.split()
        if len(fields) > 9 and fields[3] == state:
            address, _, port = fields[1].partition(":")
            yield _address(address), int(port, 16), fields[9]


def _address(text: str) -> str:
    """The kernel writes 32-bit words in the machine's own order, which is little-endian on all we run on."""
    words = [bytes.fromhex(text[at : at + 8])[::-1] for at in range(0, len(text), 8)]
    found = ipaddress.ip_address(b"".join(words))
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)


def _programs(proc: Path) -> dict[str, str]:
    """Names of programs by the inode of their sockets, as far as we may see them."""
    found: dict[str, str] = {}
    for folder in proc.glob("[0-9]*"):
        try:
            name = (folder / "comm").read_text(encoding="utf-8", errors="replace").strip()
            for handle in (folder / "fd").iterdir():
                target = str(handle.readlink())
                if target.startswith("socket:["):
                    found[target[8:-1]] = name
        except OSError:
            continue  # it ended meanwhile, or belongs to somebody else
    return found


def open_ports(found: Sequence[Listener], expected: Collection[Expected]) -> list[Finding]:
    """Whether only those listen who may, and not farther than they may.

    Args:
        found: who listens.
        expected: who may; whoever listens on this machine's own addresses alone may always.
    """
    allowed = {(one.protocol, one.port): one for one in expected}
    too_far = [one for one in found if not one.is_local and _is_local_only(allowed, one)]
    strange = [one for one in found if not one.is_local and (one.protocol, one.port) not in allowed]
    findings: list[Finding] = []
    if too_far:
        names = ", ".join(f"{one} for {allowed[one.protocol, one.port].what}" for one in too_far)
        mend = "Bind it to 127.0.0.1 in its configuration (atrium firmware render writes it so) and restart it."
        findings.append(_of("fault", f"open to the network, meant for this machine alone: {names}", mend))
    if strange:
        names = ", ".join(map(str, strange[:MOST_NAMED]))
        more = f" and {len(strange) - MOST_NAMED} more" if len(strange) > MOST_NAMED else ""
        mend = "Stop and disable what nobody needs (ss -lntup names it); the firewall must refuse the rest."
        findings.append(_of("warning", f"open and none of ours: {names}{more}", mend))
    if not findings:
        away = sorted({f"{one.port}/{one.protocol}" for one in found if not one.is_local})
        findings.append(_of("fine", f"open to the network: {', '.join(away) or 'nothing'}; all of it expected", ""))
    return findings


def _is_local_only(allowed: dict[tuple[Protocol, int], Expected], one: Listener) -> bool:
    word = allowed.get((one.protocol, one.port))
    return word is not None and word.local


def _of(level: Level, said: str, mend: str) -> Finding:
    return Finding(check="open-ports", level=level, said=said, mend=mend)
