"""The benchmark's mall on this machine: a site file, a real mosquitto, central as a process, and what they cost."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from central.identity.tokens import add_token
from contract.errors import AtriumError

SITE = "bench"
FLOORS = ("g", *(f"f{number}" for number in range(1, 12)))
"""One for each box."""
ZONES = tuple(f"shop-{number:02d}" for number in range(24))
START_S = 20.0
USERNAME, PASSWORD = "atrium", "loopback-only"
TICKS = os.sysconf("SC_CLK_TCK")


def write_site(folder: Path) -> Path:
    """A site of twelve floors of 120 x 60 m with 24 shops each."""
    features = []
    for number, zone in enumerate(ZONES):
        x, y = 10.0 * (number % 12), 0.0 if number < 12 else 40.0
        ring = [[x, y], [x + 10, y], [x + 10, y + 20], [x, y + 20], [x, y]]
        door_y = y + 20 if number < 12 else y
        properties: dict[str, Any] = {"id": zone, "kind": "zone", "name": zone, "category": "fashion"}
        geometry: dict[str, Any] = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
        properties = {"id": f"{zone}-door", "kind": "line", "zone": zone, "name": f"{zone} door"}
        geometry = {"type": "LineString", "coordinates": [[x + 3, door_y], [x + 7, door_y]]}
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    text = f'schema = "atrium.site.v1"\nid = "{SITE}"\nname = "Benchmark"\ntimezone = "UTC"\n'
    for floor in FLOORS:
        content = {"type": "FeatureCollection", "features": features}
        (folder / f"{floor}.geojson").write_text(json.dumps(content), encoding="utf-8")
        text += f'[[floors]]\nid = "{floor}"\nname = "{floor}"\nsize_m = [120.0, 60.0]\ngeometry = "{floor}.geojson"\n'
        text += 'cameras = "cameras.json"\n'
    (folder / "cameras.json").write_text("{}", encoding="utf-8")
    (folder / "site.toml").write_text(text, encoding="utf-8")
    return folder / "site.toml"


def free_port() -> int:
    """A loopback port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Process:
    """A process of the benchmark and the CPU seconds it has used; ended on leaving."""

    def __init__(self, command: list[str], log: Path, **pipes: Any) -> None:
        self.log = log
        with log.open("ab") as file:
            settings: Any = {"stdout": file} | pipes | {"stderr": file}
            self.running: subprocess.Popen[bytes] = subprocess.Popen(command, **settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.running.terminate()
        try:
            self.running.wait(20)
        except subprocess.TimeoutExpired:
            self.running.kill()
            self.running.wait()
        for pipe in (self.running.stdin, self.running.stdout):
            if pipe is not None:
                pipe.close()

    def cpu_s(self) -> float:
        """CPU seconds used so far, user and system."""
        fields = Path(f"/proc/{self.running.pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def failed(self, what: str) -> AtriumError:
        """The error for a process that did not do what it should."""
        return AtriumError(f"{what}: {self.log.read_text(encoding='utf-8', errors='replace')[-800:]}")


def mosquitto(folder: Path, port: int) -> Process:
    """A broker with a password, persistence and the limits of `firmware_configs/templates/central/mosquitto.conf`."""
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    passwords = shutil.which("mosquitto_passwd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None or passwords is None:
        raise AtriumError("mosquitto is not installed: apt-get install mosquitto")
    users, config = folder / "users", folder / "mosquitto.conf"
    subprocess.run([passwords, "-b", "-c", str(users), USERNAME, PASSWORD], check=True)
    config.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {users}\npersistence true\n"
        f"persistence_location {folder}/\nautosave_interval 60\nmax_queued_messages 0\nmax_inflight_messages 1000\n"
        + ("user root\n" if os.geteuid() == 0 else ""),
        encoding="utf-8",
    )
    broker = Process([program, "-c", str(config)], folder / "mosquitto.log")
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        with socket.socket() as caller:
            if caller.connect_ex(("127.0.0.1", port)) == 0:
                return broker
        time.sleep(0.05)
    raise broker.failed("mosquitto did not start")


class Central(Process):
    """Central as a process.

    Attributes:
        address: of its API.
        database: its file.
        token: of role ops.
    """

    def __init__(self, folder: Path, broker_port: int) -> None:
        write_site(folder)
        (folder / "password").write_text(PASSWORD, encoding="utf-8")
        self.database = folder / "central.db"
        self.token = add_token(folder / "tokens.json", "bench", "ops")
        config = folder / "CENTRAL.toml"
        config.write_text(
            f'schema = "atrium.central.v1"\nsite = "site.toml"\n[mqtt]\nport = {broker_port}\n'
            f'username = "{USERNAME}"\npassword_file = "password"\n[http]\nport = 0\n',
            encoding="utf-8",
        )
        command = [sys.executable, "-m", "cli.main", "central", "serve", str(config), "--verbose"]
        super().__init__(command, folder / "central.log", stdout=subprocess.PIPE)
        assert self.running.stdout is not None  # noqa: S101 - a pipe was asked for
        line = self.running.stdout.readline().decode()
        if not line.startswith("serving "):
            raise self.failed("central did not start")
        self.address = line.split()[1]
