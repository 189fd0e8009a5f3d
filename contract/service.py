"""What a process tells its service manager: that it is ready, and that work advances.

The protocol is systemd's ``sd_notify``: datagrams of ``KEY=value`` lines to the socket in ``NOTIFY_SOCKET``. Without
one nothing is said, so that a service runs by hand as well.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable

from contract.errors import AtriumError

FEEDS_A_SPAN = 4
"""The watchdog is fed so often in the time that it allows: one feed that comes late hurts nobody."""
SAY_EVERY_S = 5.0
"""A service that runs renews its status no more often."""


def notify(**fields: str) -> bool:
    """Tells the service manager, as ``notify(READY="1", STATUS="3 cameras")``; whether there is one.

    Raises:
        AtriumError: the socket that the environment names does not take it.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address[0] == "@":
        address = "\0" + address[1:]
    text = "\n".join(f"{name}={' '.join(value.split())}" for name, value in fields.items())
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
            line.connect(address)
            line.sendall(text.encode())
    except OSError as error:
        raise AtriumError(
            f"NOTIFY_SOCKET: {error.strerror or error}; start the service by systemd, or unset it"
        ) from None
    return True


def watchdog_s() -> float | None:
    """How often the service manager expects ``WATCHDOG=1`` of this process, seconds; None where it does not."""
    pid, span = os.environ.get("WATCHDOG_PID", ""), os.environ.get("WATCHDOG_USEC", "")
    if not span.isdigit() or int(span) == 0 or (pid and pid != str(os.getpid())):
        return None
    return int(span) / 1e6


class Lifeline:
    """What one service tells its manager in the course of its life; where there is none, nothing is said.

    What cannot be told once it is ready is left out: a manager that has gone deaf acts on its own.

    Args:
        clock: monotonic, seconds.

    Attributes:
        is_ready: whether ``ready`` was called.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.is_ready = False
        self._clock = clock
        span_s = watchdog_s()
        self._every_s = None if span_s is None else span_s / FEEDS_A_SPAN
        self._fed_at = self._said_at = float("-inf")
        self._said = ""

    def starting(self, doing: str, at_most_s: float) -> None:
        """It is still starting, and will be heard of again within that time, seconds.

        Raises:
            AtriumError: the socket that the environment names does not take it.
        """
        if not self.is_ready:
            notify(STATUS=doing, EXTEND_TIMEOUT_USEC=str(int(at_most_s * 1e6)))

    def ready(self, status: str) -> None:
        """It serves from now on; said once, however often it is called.

        Raises:
            AtriumError: the socket that the environment names does not take it.
        """
        if not self.is_ready:
            self.is_ready = True
            notify(READY="1", STATUS=status)

    def advanced(self) -> None:
        """Its work has advanced: feeds the watchdog, as often as that needs it."""
        now = self._clock()
        if self._every_s is not None and now - self._fed_at >= self._every_s:
            self._fed_at = now
            _tell(WATCHDOG="1")

    def say(self, status: str) -> None:
        """How it is, in one line for ``systemctl status``."""
        now = self._clock()
        if self.is_ready and status != self._said and now - self._said_at >= SAY_EVERY_S:
            self._said, self._said_at = status, now
            _tell(STATUS=status)

    def stopping(self, doing: str = "stopping") -> None:
        """It is about to end."""
        _tell(STOPPING="1", STATUS=doing)


def _tell(**fields: str) -> None:
    with contextlib.suppress(AtriumError):
        notify(**fields)
