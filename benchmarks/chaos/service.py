"""A service of a host, started again when it ends, as systemd does with ``Restart=always``."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.chaos.host import ROOT, Host, children_of, environment

RESTART_S = 2.0
"""Between a service's end and its next start: RestartSec of the units."""
STOP_S = 15.0


class Service:
    """A process in a host.

    Args:
        host: where it runs.
        name: of its log, ``NAME.log`` in the host's folder.
        command: its command line.
        more: environment variables beside the usual.

    Attributes:
        restarts: how often it was started again because it had ended.
    """

    def __init__(self, host: Host, name: str, command: Sequence[str | Path], **more: str) -> None:
        self.host = host
        self.name = name
        self.log = host.folder / f"{name}.log"
        self._command = list(command)
        self._more = more
        self._process: subprocess.Popen[bytes] | None = None
        self._wanted = False
        self._ended_at: float | None = None
        self.restarts = 0

    def start(self) -> None:
        """Start it; from now on it is kept running."""
        self._wanted, self._ended_at = True, None
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.host.within(*self._command), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT,
                env=environment(**self._more),
            )  # fmt: skip

    def tend(self) -> None:
        """Start it again where it has ended for long enough; to be called often."""
        process = self._process
        if not self._wanted or process is None or process.poll() is None:
            return
        now = time.monotonic()
        if self._ended_at is None:
            self._ended_at = now
        elif now - self._ended_at >= RESTART_S:
            self.restarts += 1
            self.start()

    @property
    def runs(self) -> bool:
        """Whether its process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Process id of the program itself, seen from outside; 0 where it does not run."""
        if self._process is None or not self.runs:
            return 0
        return next(iter(children_of(self._process.pid)), 0)

    def kill(self, *, hold: bool = False) -> None:
        """Kill -9; ``hold`` keeps it from being started again until :meth:`start`."""
        self._wanted = self._wanted and not hold
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def stop(self) -> None:
        """SIGTERM, and kill -9 where that does not help; it is not started again."""
        self._wanted = False
        self._signal(signal.SIGTERM)
        if self._process is not None:
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._signal(signal.SIGKILL)
                self._process.wait()

    def hang_up(self) -> None:
        """SIGHUP: read the configuration again."""
        self._signal(signal.SIGHUP)

    def tail(self, size: int = 3000) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-size:] if self.log.exists() else ""

    def _signal(self, number: int) -> None:
        if pid := self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
