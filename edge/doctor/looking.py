"""A look at one live stream, for a few seconds: who answers, what comes, how often, and by what clock.

It is a connection of its own beside the box's, and decodes one picture: everything else is read off the packets.
"""

from __future__ import annotations

import socket
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from edge.capture.clock import StreamClock
from edge.capture.faults import ENDED, StreamFault, describe_fault
from edge.capture.live import READ_TIMEOUT_S, connect, decode, hear_sender, video_of

PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}
DIAL_TIMEOUT_S = 3.0
LOOK_S, MOST_S = 5.0, 9.0
"""A look lasts so long at least, and at most until the clock and a second key picture have come."""
SETTLE_S = 1.0
"""What a server had in store comes at once; the rate is counted from here on."""
STRIDE_PX = 8


@dataclass(slots=True)
class Sighting:
    """What was seen of a stream.

    Attributes:
        address: host and port, without credentials and path.
        fault: why it cannot be watched, in one line; empty where it can.
        is_half_open: the connection stands and nothing comes.
        packets: pictures that came, decoded or not.
        codec: as FFmpeg names it.
        size: (width, height) in pixels.
        spread: standard deviation of the picture's brightness, of 255 levels; None where no picture was decoded.
        seconds: from the first picture to the last.
        key_at: when each key picture came, seconds from the first picture.
        sender_error_s: the camera's clock minus ours; None where it sends no reports of its time.
        settled_packets: pictures that came after the first second,
        settled_s: and in how many seconds.
        heard_mono: when anything last came, monotonic seconds.
    """

    address: str
    fault: str = ""
    is_half_open: bool = False
    packets: int = 0
    codec: str = ""
    size: tuple[int, int] = (0, 0)
    spread: float | None = None
    seconds: float = 0.0
    key_at: list[float] = field(default_factory=list)
    sender_error_s: float | None = None
    settled_packets: int = 0
    settled_s: float = 0.0
    heard_mono: float = 0.0

    @property
    def rate_hz(self) -> float | None:
        """Pictures a second, counted after the first second; None where too few came."""
        return self.settled_packets / self.settled_s if self.settled_s > SETTLE_S else None

    @property
    def key_interval_s(self) -> float | None:
        """The usual time between key pictures; None where fewer than two came."""
        steps = [later - earlier for earlier, later in zip(self.key_at, self.key_at[1:], strict=False)]
        return statistics.median(steps) if steps else None


def address_of(url: str) -> str:
    """Host and port of a stream, and nothing else of its address.

    >>> address_of("rtsp://admin:s3cret@10.2.0.7/main?key=1"), address_of("rtsp://[fd00::7]:8554/x")
    ('10.2.0.7:554', '[fd00::7]:8554')
    """
    host, port = _endpoint(url)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _endpoint(url: str) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        return parts.hostname or "nowhere", parts.port or PORTS.get(parts.scheme.lower(), 554)
    except ValueError:
        return "nowhere", 0


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a look lasts, and by what clocks.

    Attributes:
        look_s: from the first picture, at least, seconds.
        most_s: from the first picture, at most, seconds.
        clock: seconds since 1970.
        monotonic: seconds that never jump.
    """

    look_s: float = LOOK_S
    most_s: float = MOST_S
    clock: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic


USUAL = Pace()


def look(url: str, pace: Pace = USUAL) -> Sighting:
    """Watches a stream for some seconds.

    Args:
        url: ``rtsp://`` (over TCP), ``rtsps://`` or ``http(s)://``.
        pace: for how long.
    """
    seen = Sighting(address_of(url))
    if fault := _dial(url):
        seen.fault = fault
        return seen
    seen.heard_mono = pace.monotonic()
    try:
        _watch(url, seen, pace)
    except Exception as error:  # noqa: BLE001 - whatever a stream does is what we came to see
        waited_s = pace.monotonic() - seen.heard_mono
        seen.is_half_open = waited_s >= READ_TIMEOUT_S and not isinstance(error, StreamFault)
        # the address is told apart, without its path, which may hold a password
        seen.fault = describe_fault(error, "stream", waited_s, READ_TIMEOUT_S).removeprefix("stream: ")
    return seen


def _dial(url: str) -> str:
    """Why nobody answers at the stream's port; empty where somebody does."""
    host, port = _endpoint(url)
    try:
        socket.create_connection((host, port), timeout=DIAL_TIMEOUT_S).close()
    except socket.gaierror:
        return "nobody knows this host name"
    except ConnectionRefusedError:
        return "the machine answers, and nobody listens at this port"
    except TimeoutError:
        return f"no answer within {DIAL_TIMEOUT_S:.0f} s"
    except OSError as error:
        return f"cannot be reached ({error.strerror})"
    return ""


def _watch(url: str, seen: Sighting, pace: Pace) -> None:
    """Fills in what is seen, packet by packet, until the look is over."""
    with connect(url) as container:
        stream = video_of(container)
        context, clock = stream.codec_context, StreamClock()
        seen.codec, seen.size = context.name, (context.width, context.height)
        first: float | None = None
        settled: float | None = None
        for packet in container.demux(stream):
            if packet.size == 0:  # how PyAV tells the end
                raise StreamFault(ENDED)
            now = seen.heard_mono = pace.monotonic()
            first = now if first is None else first
            seen.seconds = now - first
            seen.packets += 1
            if packet.is_keyframe:
                seen.key_at.append(seen.seconds)
            hear_sender(clock, packet, pace.clock())
            seen.sender_error_s = clock.sender_error_s
            if settled is not None:
                seen.settled_packets += 1
                seen.settled_s = now - settled
            elif seen.seconds >= SETTLE_S:
                settled = now
            if seen.spread is None and seen.key_at:  # before a key picture there are only ghosts
                _decode(seen, packet)
            knows_all = len(seen.key_at) > 1 and seen.sender_error_s is not None and seen.spread is not None
            if seen.seconds >= (pace.look_s if knows_all else pace.most_s):
                return


def _decode(seen: Sighting, packet: Any) -> None:
    for picture in decode(packet):
        seen.size = (picture.width, picture.height)
        luma = np.frombuffer(picture.planes[0], np.uint8).reshape(-1, picture.planes[0].line_size)
        seen.spread = float(luma[: picture.height : STRIDE_PX, : picture.width : STRIDE_PX].std())
