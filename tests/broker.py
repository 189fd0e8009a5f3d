"""A real mosquitto on a free loopback port, with password, persistence and unlimited queue; it can be killed."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

import pytest

MOSQUITTO = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
START_TIMEOUT_S = 60.0
USERNAME = "atrium"
PASSWORD = "loopback-only"
STRETCH = 50
_FIRST_PORT = 20_000 + os.getpid() % 240 * STRETCH
_PORTS = itertools.cycle(range(_FIRST_PORT, _FIRST_PORT + STRETCH))


def free_port() -> int:
    """A loopback port that nobody listens on, and that nobody is given by chance before it is bound.

    It lies below those that the kernel gives out by itself, in a stretch of this process's own.
    """
    for port in itertools.islice(_PORTS, STRETCH):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError(f"somebody listens on every port from {_FIRST_PORT} on")


class MosquittoBroker:
    """A broker of our own in ``folder``; skips the test with one line where mosquitto is not installed.

    Usage::

        with MosquittoBroker(tmp_path / "broker") as broker:
            client.username_pw_set(broker.username, broker.password)
            client.connect("127.0.0.1", broker.port)
            broker.kill()  # kill -9: whatever was not saved is gone
            broker.start()  # the same port again

    Attributes:
        port: loopback port, the same for the broker's whole life.
        username: the one user.
        password: its password.
        password_path: a file with the password, for configurations that want one.
    """

    def __init__(self, folder: Path, *, autosave_s: int = 1800) -> None:
        if not Path(MOSQUITTO).exists():
            pytest.skip("mosquitto is not installed: apt-get install mosquitto")
        self.folder = folder
        self.port = free_port()
        self.username = USERNAME
        self.password = PASSWORD
        folder.mkdir(parents=True, exist_ok=True)
        self.password_path = folder / "password"
        self.password_path.write_text(PASSWORD + "\n", encoding="utf-8")
        self.password_path.chmod(0o600)
        users = folder / "users"
        subprocess.run(["mosquitto_passwd", "-b", "-c", str(users), USERNAME, PASSWORD], check=True)
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\n"
            "allow_anonymous false\n"
            f"password_file {users}\n"
            "persistence true\n"
            f"persistence_location {folder}/\n"
            f"autosave_interval {autosave_s}\n"
            "max_queued_messages 0\nmax_inflight_messages 1000\n"
            "user root\n",
            encoding="utf-8",
        )
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Process id of the running broker."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it accepts connections."""
        assert self._process is None, "the broker runs already"
        with (self.folder / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen([MOSQUITTO, "-c", str(self._config)], stdout=log, stderr=log)
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        self.stop()
        raise AssertionError(f"mosquitto did not start: {(self.folder / 'mosquitto.log').read_text()[-500:]}")

    def kill(self) -> None:
        """End it as kill -9 does: nothing is saved."""
        assert self._process is not None, "the broker does not run"
        self._process.kill()
        self._process.wait()
        self._process = None

    def stop(self) -> None:
        """End it cleanly, with its store saved; nothing where it does not run."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
