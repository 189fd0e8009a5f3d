"""In systemd's place: the socket that a service tells its state to, and what has come of it."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

WATCHDOG_S = 2.0


class Listener:
    """Hears a service; a context manager.

    Attributes:
        heard: (monotonic seconds, line) of everything so far.
        environment: what the service is started with.
    """

    def __init__(self, path: Path) -> None:
        self.heard: list[tuple[float, str]] = []
        self.environment = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"} | {
            "NOTIFY_SOCKET": str(path),
            "WATCHDOG_USEC": str(int(WATCHDOG_S * 1e6)),
        }
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.settimeout(0.2)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def until(self, claim: Callable[[str], bool], timeout_s: float = 90.0) -> str:
        """The first line from now on of which the claim holds."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            for line in self._lines():
                if claim(line):
                    return line
        raise AssertionError([one for one in self.said() if "WATCHDOG" not in one])

    def said(self) -> list[str]:
        """Every line so far."""
        return [line for _, line in self.heard]

    def is_fed(self) -> bool:
        """Whether the watchdog is fed now, twice in its time."""
        self._drain()
        began = len(self.heard)
        deadline = time.monotonic() + 2 * WATCHDOG_S
        while time.monotonic() < deadline:
            if sum(line == "WATCHDOG=1" for _, line in self.heard[began:]) >= 2:
                return True
            self._lines()
        return False

    def starves(self, timeout_s: float = 30.0) -> bool:
        """Whether, before the time is over, nothing feeds the watchdog for twice as long as it waits."""
        deadline = time.monotonic() + timeout_s
        fed_at = time.monotonic()
        while time.monotonic() < deadline:
            if any(line == "WATCHDOG=1" for line in self._lines()):
                fed_at = time.monotonic()
            if time.monotonic() - fed_at > 2 * WATCHDOG_S:
                return True
        return False

    def _drain(self) -> None:
        while self._lines():
            pass

    def _lines(self) -> list[str]:
        try:
            lines = self._socket.recv(8192).decode().splitlines()
        except TimeoutError:
            return []
        self.heard += [(time.monotonic(), line) for line in lines]
        return lines
