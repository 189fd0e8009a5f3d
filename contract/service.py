"""What a process tells its service manager: that it is ready, and that work advances.

The protocol is systemd's ``sd_notify``: datagrams of ``KEY=value`` lines to the socket in ``NOTIFY_SOCKET``. Without
one nothing is said, so that a service runs by hand as well.
"""

from __future__ import annotations

import os
import socket

from contract.errors import AtriumError


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
