"""The demo's mall: writes its files; starts and stops broker, simulator, central and box as processes of their own."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import httpx

import simulator
from central.identity.tokens import add_token
from contract.errors import AtriumError

GALLERIA = Path(simulator.__file__).parent / "malls" / "galleria"
FLOOR = "g"
BOX = "box-g"
ANALYSED_FPS = 8.0
MODEL = "person-mall"
DWELL_MINUTES = 0.25
"""Fashion browsing that earns the lunch coupon: a demo lasts two minutes, a lunch hour does not."""
K_ANONYMITY = 3
"""The lowest that central allows; a demo's mall has two dozen people in it."""
START_TIMEOUT_S = 120.0
"""The first start compiles the kernels, which takes most of a minute on a small machine."""
STOP_TIMEOUT_S = 20.0

CAMPAIGNS = """schema = "atrium.campaigns.v1"

[[pools]]
id = "TASCA-15"
title = "15 % off your lunch at Tasca"
kind = "percent"
value = 15
ceiling = 8.0
stock = 500
valid_hours = 3

[[campaigns]]
id = "lunch"
name = "Lunch after fashion"
coupon = "TASCA-15"
wording = "15 % off your lunch at Tasca"
conditions = [
    {{ kind = "window", from = "11:00", to = "14:00" }},
    {{ kind = "dwell", category = "fashion", minutes = {minutes} }},
    {{ kind = "not_visited", category = "dining" }},
]
"""


def free_port() -> int:
    """A loopback port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def lunch_timezone(now: float) -> str:
    """A time zone in which it is between twelve and one now, so that a lunch campaign can be shown at any hour.

    >>> lunch_timezone(0.0), lunch_timezone(12 * 3600.0), lunch_timezone(20 * 3600.0)
    ('Etc/GMT-12', 'Etc/GMT', 'Etc/GMT+8')
    """
    ahead = 12 - datetime.fromtimestamp(now, UTC).hour
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"  # POSIX: west is positive


@dataclass(slots=True)
class Worker:
    """A process of the demo and the file that holds what it says."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def last_words(self) -> str:
        """The last line it said, for an error message."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"


@dataclass(slots=True)
class DemoMall:
    """Everything the demo runs, below one folder.

    Attributes:
        folder: files, logs, databases and truth.
        seed: of the simulator.
        people: parties that walk in a minute.
        http_port: where central serves pages and API.
        token: a manager's, to log in to the pages with.
    """

    folder: Path
    seed: int
    people: float
    http_port: int
    mqtt_port: int = field(default_factory=free_port)
    rtsp_port: int = field(default_factory=free_port)
    token: str = ""
    admin: str = ""
    workers: list[Worker] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in reversed(self.workers):
            _end(worker.process)

    @property
    def url(self) -> str:
        """Where central answers."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def truth_path(self) -> Path:
        """The simulator's truth, written when it ends."""
        return self.folder / "truth" / "truth.json"

    @property
    def database(self) -> Path:
        """Central's database."""
        return self.folder / "central.db"

    @property
    def site_path(self) -> Path:
        """The mall's site file."""
        return self.folder / "site" / "site.toml"

    def write_files(self, now: float, cameras: list[str]) -> None:
        """Write site, broker, box and central configuration."""
        shutil.copytree(GALLERIA, self.folder / "site", dirs_exist_ok=True)
        text = self.site_path.read_text(encoding="utf-8")
        lines = [
            f'timezone = "{lunch_timezone(now)}"' if line.startswith("timezone") else line for line in text.splitlines()
        ]
        self.site_path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        password = secrets.token_hex(16)
        self._private("mqtt.password", password + "\n")
        self._private("mosquitto.conf", self._broker_file())
        tool = broker_tool("mosquitto_passwd")
        made = [tool, "-b", "-c", str(self.folder / "mosquitto.users"), "atrium", password]
        subprocess.run(made, check=True, capture_output=True)  # noqa: S603 - arguments of our own
        urls = "".join(
            f'\n[[cameras]]\nname = "{name}"\nurl = "rtsp://127.0.0.1:{self.rtsp_port}/{name}"\n' for name in cameras
        )
        self._private("BOX.toml", self._box_file() + urls)
        self._private("CENTRAL.toml", self._central_file())
        if not (self.folder / "campaigns.toml").exists():  # who writes campaigns in a kept folder finds them again
            self._private("campaigns.toml", CAMPAIGNS.format(minutes=DWELL_MINUTES))
        self.token = add_token(self.folder / "tokens.json", "demo-manager", "manager")
        self.admin = add_token(self.folder / "tokens.json", "demo", "admin")

    def start(self, name: str, command: list[str], *, stdin: bool = False) -> Worker:
        """Start a process whose output goes to ``name.log``."""
        log = self.folder / f"{name}.log"
        environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
        with log.open("wb") as sink:
            process = subprocess.Popen(  # noqa: S603 - arguments of our own
                command,
                stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,  # Ctrl-C reaches us alone; we end the others in order
            )
        worker = Worker(name, process, log)
        self.workers.append(worker)
        return worker

    def atrium(self, name: str, *arguments: str, stdin: bool = False) -> Worker:
        """Start an ``atrium`` sub-command as a process."""
        return self.start(name, [sys.executable, "-m", "cli.main", *arguments], stdin=stdin)

    def stop(self, worker: Worker) -> None:
        """End a process in its own time (SIGTERM), and wait for it."""
        _end(worker.process)

    def check(self) -> None:
        """Raises an AtriumError where a process has ended that should run."""
        for worker in self.workers:
            if worker.process.poll() is not None:
                raise AtriumError(f"demo: {worker.name} ended: {worker.last_words()} (all of it in {worker.log})")

    def wait_for(self, worker: Worker, ready: Callable[[], bool], timeout_s: float = START_TIMEOUT_S) -> None:
        """Wait until something holds while a process runs.

        Raises:
            AtriumError: the process ended, or the time is up.
        """
        deadline = time.monotonic() + timeout_s
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise AtriumError(f"demo: {worker.name} not ready after {timeout_s:.0f} s; see {worker.log}")
            time.sleep(0.2)

    def get(self, path: str) -> Any:
        """Central's answer to a GET, or None while it is not there."""
        try:
            answer = httpx.get(self.url + path, headers={"Authorization": f"Bearer {self.admin}"}, timeout=5.0)
        except httpx.TransportError:
            return None
        return answer.json() if answer.is_success else None

    def ask(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Send JSON to central; its status and answer, 0 and nothing while it is not there."""
        try:
            answer = httpx.request(
                method, self.url + path, json=body, headers={"Authorization": f"Bearer {self.admin}"}, timeout=5.0
            )
        except httpx.TransportError:
            return 0, {}
        found = answer.json() if answer.content else {}
        return answer.status_code, found if isinstance(found, dict) else {}

    def start_broker(self) -> Worker:
        """Start mosquitto and wait until it answers."""
        worker = self.start("mosquitto", [broker_tool("mosquitto"), "-c", str(self.folder / "mosquitto.conf")])

        def answers() -> bool:
            with socket.socket() as caller:
                return caller.connect_ex(("127.0.0.1", self.mqtt_port)) == 0

        self.wait_for(worker, answers, 15.0)
        return worker

    def _private(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)

    def _broker_file(self) -> str:
        return (
            f"listener {self.mqtt_port} 127.0.0.1\nallow_anonymous false\n"
            f"password_file {self.folder / 'mosquitto.users'}\n"
            f"persistence true\npersistence_location {self.folder}/\n"
            "max_queued_messages 0\nmax_inflight_messages 1000\n"
            + ("user root\n" if os.geteuid() == 0 else "")  # else mosquitto gives up root, and with it our folder
        )

    def _box_file(self) -> str:
        return (
            f'schema = "atrium.box.v1"\nid = "{BOX}"\nsite = "site/site.toml"\nfloor = "{FLOOR}"\n'
            f'state_dir = "box"\nfps = {ANALYSED_FPS}\nmodel = "{MODEL}"\n\n'
            f'[mqtt]\nport = {self.mqtt_port}\nusername = "atrium"\npassword_file = "mqtt.password"\n'
        )

    def _central_file(self) -> str:
        return (
            'schema = "atrium.central.v1"\nsite = "site/site.toml"\ndatabase = "central.db"\ntokens = "tokens.json"\n'
            f'campaigns = "campaigns.toml"\nk = {K_ANONYMITY}\n\n'
            f'[mqtt]\nport = {self.mqtt_port}\nusername = "atrium"\npassword_file = "mqtt.password"\n\n'
            f"[http]\nport = {self.http_port}\n"
        )


def broker_tool(name: str) -> str:
    """Where mosquitto or one of its tools is.

    Raises:
        AtriumError: it is not installed.
    """
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if found is None:
        raise AtriumError(f"demo: {name} is not installed; run: apt-get install mosquitto")
    return found


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
