"""How good the wire to the mall is: round trips and losses of the connection to its broker, as the kernel counts them.

On an installed box the broker's bridge holds that connection, so it is asked for by its port and not by whose it is:
``sock_diag(7)`` tells any process of its network, and needs nothing but a netlink socket.
"""

from __future__ import annotations

import socket
import struct
from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from ipaddress import ip_address

BROKER_PORTS = frozenset({1883, 8883})
"""Where brokers listen; connections to other hosts on these are looked at."""
WINDOW_S = 30.0
"""Losses are counted over so long: the wire carries a few packets a second."""
FEWEST_AGAIN = 2
"""One packet sent again may be a hiccup of either end."""
NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, DUMP = 4, 20, 0x301
NLMSG_DONE, NLMSG_ERROR = 3, 2
ESTABLISHED = 1 << 1
INFO = 2
"""The attribute that holds ``struct tcp_info``."""
HEADER, REQUEST, ANSWER = struct.Struct("=IHHII"), struct.Struct("=BBBBI"), struct.Struct(">HH16s16s")
ID_BYTES, ANSWER_BYTES = 48, 72
RTT_AT, AGAIN_AT, SENT_AT = 8 + 4 * 15, 8 + 4 * 23, 156
"""In ``struct tcp_info`` of Linux 4.6 and later: smoothed round trip in microseconds, segments sent again ever, and
segments with data sent ever."""
RECEIVE_BYTES = 65_536
TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection of this host to a broker.

    Attributes:
        port: ours, which names it.
        rtt_ms: smoothed round trip.
        sent: segments with data that were sent, ever.
        again: of them, those sent again.
    """

    port: int
    rtt_ms: float
    sent: int
    again: int


@dataclass(frozen=True, slots=True)
class LinkFigures:
    """How good the wire is.

    Attributes:
        rtt_ms: smoothed round trip to the mall's broker.
        lost: share of packets of the last half minute that had to be sent again, 0 to 1.
    """

    rtt_ms: float
    lost: float


class UplinkMeter:
    """Figures of the connection to the mall's broker.

    Args:
        monotonic: seconds that never jump.
        connections: of this host to brokers elsewhere, as they are now.
    """

    def __init__(
        self,
        monotonic: Callable[[], float],
        connections: Callable[[], Collection[Connection]] = lambda: broker_connections(),  # noqa: PLW0108 - below
    ) -> None:
        self._monotonic = monotonic
        self._connections = connections
        self._seen: deque[tuple[float, Connection]] = deque()

    def figures(self) -> LinkFigures | None:
        """The figures now; None without a connection, or where the kernel does not tell."""
        found = self._connections()
        if not found:
            return None
        # A bridge that was cut off may leave its old connection standing for a while; the busiest is the one.
        present = max(found, key=lambda one: one.sent)
        now = self._monotonic()
        while self._seen and (now - self._seen[0][0] > WINDOW_S or self._seen[0][1].port != present.port):
            self._seen.popleft()
        self._seen.append((now, present))
        earliest = self._seen[0][1]
        sent, again = present.sent - earliest.sent, present.again - earliest.again
        lost = again / max(sent, 1) if again >= FEWEST_AGAIN else 0.0
        return LinkFigures(round(present.rtt_ms, 1), round(min(1.0, lost), 4))


def broker_connections(ports: Collection[int] = BROKER_PORTS) -> list[Connection]:
    """Established connections of this host to brokers on other hosts; none where the kernel does not tell."""
    found = []
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            found += [one for message in _dump(family) for one in _connection(family, message, ports)]
        except (OSError, struct.error):  # no netlink allowed, or a kernel that answers otherwise
            continue
    return found


def _dump(family: int) -> Iterator[bytes]:
    """The kernel's answers about established TCP connections."""
    request = REQUEST.pack(family, socket.IPPROTO_TCP, 1 << (INFO - 1), 0, ESTABLISHED) + bytes(ID_BYTES)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as asking:
        asking.settimeout(TIMEOUT_S)
        asking.sendto(HEADER.pack(HEADER.size + len(request), SOCK_DIAG_BY_FAMILY, DUMP, 1, 0) + request, (0, 0))
        while True:
            chunk = asking.recv(RECEIVE_BYTES)
            while chunk:
                length, kind, *_ = HEADER.unpack_from(chunk)
                if kind in {NLMSG_DONE, NLMSG_ERROR}:
                    return
                yield chunk[HEADER.size : length]
                chunk = chunk[(length + 3) & ~3 :]


def _connection(family: int, message: bytes, ports: Collection[int]) -> Iterator[Connection]:
    """The connection that a message tells of, where it is one to a broker elsewhere."""
    port, to_port, _, to = ANSWER.unpack_from(message, 4)
    address = ip_address(to[:4] if family == socket.AF_INET else to)
    if to_port not in ports or address.is_loopback:
        return
    at = ANSWER_BYTES
    while at + 4 <= len(message):
        length, kind = struct.unpack_from("=HH", message, at)
        info = message[at + 4 : at + length]
        if kind == INFO and len(info) >= SENT_AT + 4:
            rtt_us, again, sent = (struct.unpack_from("=I", info, place)[0] for place in (RTT_AT, AGAIN_AT, SENT_AT))
            yield Connection(port, rtt_us / 1000, sent, again)
        at += max(4, (length + 3) & ~3)
