"""Three hosts of a mall, brought up from two configuration files: the cameras' LAN, a box and central."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from benchmarks.chaos.host import ROOT, Host, atrium, environment
from benchmarks.chaos.install import GROUP, copy_tree, install_rendered, make_accounts, make_broker_password
from benchmarks.chaos.network import bring_up
from benchmarks.chaos.service import Service
from benchmarks.chaos.wire import Wire
from contract.errors import AtriumError
from simulator.scene import GALLERIA

SITE = "galleria"
FLOOR, BOX = "g", "box-g"
CAMERAS = ("g_west", "g_east")
CAMERA_ADDRESS = "10.2.0.11"
UPLINK, CAMERA_LAN = "enp1s0", "enp2s0"
CENTRAL_NAME = "central.mall.example"
CENTRAL_ADDRESS = "10.1.0.10"
FPS = 5.0
OUTBOX = "/var/lib/atrium/outbox.db"
DATABASE = "/var/lib/atrium/central.db"
CLOCK = Path(__file__).with_name("clock")
TLS = "/etc/atrium/tls"
STEP = "/run/atrium-clock"
"""Says by how much the box's programs see the clock stepped."""

BOX_TOML = """\
schema = "atrium.box.v1"
id = "box-g"
site = "site/site.toml"
floor = "g"
state_dir = "/var/lib/atrium"
fps = 5.0

[mqtt]
username = "edge"
password_file = "secrets/mqtt.password"

[appliance]
hardware = "generic-x86-64"
hostname = "box-g"
time_servers = ["central.mall.example"]
[appliance.uplink]
interface = "enp1s0"
address = "10.1.0.12/24"
gateway = "10.1.0.1"
[appliance.cameras]
interface = "enp2s0"
address = "10.2.0.1/24"
[appliance.mall]
broker = "central.mall.example"
central = "https://central.mall.example"
[appliance.admin]
ssh_from = ["10.1.9.0/24"]
[appliance.hosts]
"central.mall.example" = "10.1.0.10"

[[cameras]]
name = "g_west"
url = "rtsp://10.2.0.11/g_west"

[[cameras]]
name = "g_east"
url = "rtsp://10.2.0.11/g_east"
"""
CENTRAL_TOML = """\
schema = "atrium.central.v1"
site = "site/site.toml"
database = "/var/lib/atrium/central.db"
tokens = "/var/lib/atrium/tokens.json"
secrets = "/var/lib/atrium/secrets.json"

[mqtt]
host = "central.mall.example"
port = 8883
ca = "tls/ca.pem"
certificate = "tls/central.pem"
key = "tls/central.key"

[enrolment]
folder = "/var/lib/atrium/ca"
crl = "tls/crl.pem"

[appliance]
hardware = "generic-x86-64"
hostname = "central"
time_servers = ["time.mall.example"]
[appliance.uplink]
interface = "enp1s0"
address = "10.1.0.10/24"
gateway = "10.1.0.1"
[appliance.admin]
ssh_from = ["10.1.9.0/24"]
[appliance.hosts]
"central.mall.example" = "10.1.0.10"
"time.mall.example" = "10.1.0.1"
"""
CONFIGS = {"box": "/etc/atrium/box.toml", "central": "/etc/atrium/central.toml"}
WAIT_S = 120.0


class Mall:
    """The running hosts; a context manager.

    Args:
        folder: for logs, configuration and truth; its overlays hang there too.
        seed: of the people and of the cable's losses.
        var_mb: size of the disk of box and of central, megabytes.
        turns_deg: ``NAME:DEGREES`` of a camera that is going to be turned.

    Attributes:
        camera: the host that all cameras are.
        box: the box's.
        central: central's.
        wire: the cable between box and central.
        services: by name: ``edge``, ``central``, ``box_broker``, ``mall_broker``.
        token: of the API, role ops.
    """

    def __init__(self, folder: Path, seed: int, *, var_mb: int = 256, turns_deg: str = "") -> None:
        self.folder = folder
        self.seed = seed
        self._turns_deg = turns_deg
        self._stack = contextlib.ExitStack()
        self.camera = Host("camera", folder / "camera", var_mb=16)
        self.box = Host("box", folder / "box", var_mb=var_mb)
        self.central = Host("central", folder / "central", var_mb=var_mb)
        self.services: dict[str, Service] = {}
        self.token = ""
        self._cameras: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            for host in (self.camera, self.box, self.central):
                stack.enter_context(host)
            stack.callback(self._stop)
            self._configure()
            self.wire = stack.enter_context(Wire(self.box, UPLINK, self.central, UPLINK, self.seed))
            self._connect()
            self._start()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def tell_cameras(self, command: str) -> None:
        """A command for :mod:`benchmarks.chaos.cameras`."""
        assert self._cameras is not None  # noqa: S101
        assert self._cameras.stdin is not None  # noqa: S101
        self._cameras.stdin.write(command + "\n")
        self._cameras.stdin.flush()

    def tend(self) -> None:
        """Start again what has ended; to be called often."""
        for service in self.services.values():
            service.tend()

    def step_clock(self, seconds: float) -> None:
        """The edge's system clock jumps to so many seconds beside the machine's; its monotonic clock goes on.

        The machine's own clock is everybody's and stays: a library between the process and the kernel adds the step.
        """
        self.box.write(STEP, f"{seconds:+.1f}\n")

    def _configure(self) -> None:
        """Puts what an installer writes, and what is rendered of it, to where it belongs."""
        for host, text in ((self.box, BOX_TOML), (self.central, CENTRAL_TOML)):
            make_accounts(host)
            host.write(CONFIGS[host.name], text)
            copy_tree(GALLERIA.parent, host, "/etc/atrium/site")
            install_rendered(host, CONFIGS[host.name])
        make_broker_password(self.box, "edge")
        ca = atrium("central", "ca")
        config = CONFIGS["central"]
        self.central.run(*ca, "init", config)
        made = [config, "--name", CENTRAL_NAME, "--out", TLS, "--group", GROUP]
        self.central.run(*ca, "broker-certificate", *made)
        self.central.run(*ca, "broker-certificate", *made, "--file", "web")
        self.central.run(*ca, "client-certificate", config, "--name", "central", "--out", TLS, "--group", GROUP)

    def enrol(self) -> None:
        """The box gets its certificate, as an installer does it: a code from central, typed in at the box."""
        code = self.central.run(*atrium("central", "enrol-code", CONFIGS["central"], "--floor", FLOOR, "--box", BOX))
        self.box.run(*atrium("box", "enroll", CONFIGS["box"], "--code", code.strip(), "--group", GROUP))

    def _connect(self) -> None:
        """The camera LAN's cable, and every host's network and rules as rendered."""
        ends = ["ip", "link", "add", "eth0", "netns", str(self.camera.pid), "type", "veth"]
        subprocess.run([*ends, "peer", "name", CAMERA_LAN, "netns", str(self.box.pid)], check=True, env=environment())
        self.camera.run("ip", "address", "add", f"{CAMERA_ADDRESS}/24", "dev", "eth0")
        self.camera.run("ip", "link", "set", "eth0", "up")
        self.camera.run("ip", "route", "add", "default", "via", "10.2.0.1")
        for host in (self.box, self.central):
            bring_up(host)

    def _start(self) -> None:
        broker = ["setpriv", "--reuid", "mosquitto", "--regid", "mosquitto", "--init-groups"]
        broker += ["mosquitto", "-c", "/etc/mosquitto/mosquitto.conf"]
        proxy = [sys.executable, "-m", "benchmarks.chaos.proxy", f"{TLS}/web.pem", f"{TLS}/web.key", "443", "8080"]
        self.services = {
            "mall_broker": Service(self.central, "mall_broker", broker),
            "central": Service(self.central, "central", [*atrium("central", "serve", CONFIGS["central"])]),
            "proxy": Service(self.central, "proxy", proxy),
            "box_broker": Service(self.box, "box_broker", broker),
            "edge": Service(self.box, "edge", [*atrium("edge", "run", CONFIGS["box"])], **self._clock()),
        }
        asked = atrium("central", "token", CONFIGS["central"], "--name", "chaos", "--role", "ops")
        self.token = self.central.run(*asked).strip()
        self._start_cameras()
        for name in ("mall_broker", "central", "proxy"):
            self.services[name].start()
        self.central.inside(lambda: _await_port("127.0.0.1", 8080))
        self.box.inside(lambda: _await_port(CENTRAL_ADDRESS, 443))
        self.enrol()
        self.services["box_broker"].start()
        self.services["edge"].start()

    def _start_cameras(self) -> None:
        out = self.folder / "truth"
        out.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "benchmarks.chaos.cameras", str(GALLERIA), "--out", str(out), "--floor", FLOOR]
        command += ["--cameras", ",".join(CAMERAS), "--address", CAMERA_ADDRESS, "--fps", f"{FPS:g}"]
        command += ["--seed", str(self.seed), "--turns-deg", self._turns_deg]
        with (self.camera.folder / "cameras.log").open("ab") as log:
            self._cameras = subprocess.Popen(
                self.camera.within(*command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                cwd=ROOT, env=environment(),
            )  # fmt: skip
        assert self._cameras.stdout is not None  # noqa: S101
        if self._cameras.stdout.readline().strip() != "ready":
            raise AtriumError(f"the cameras did not start; see {self.camera.folder / 'cameras.log'}")

    def _clock(self) -> dict[str, str]:
        """What lets the edge's clock be stepped."""
        self.step_clock(0.0)
        return {"ATRIUM_CHAOS_CLOCK": STEP, "PYTHONPATH": f"{CLOCK}:{ROOT}"}

    def _stop(self) -> None:
        for service in reversed(self.services.values()):
            service.stop()
        if self._cameras is not None and self._cameras.stdin is not None:
            self._cameras.stdin.close()
            try:
                self._cameras.wait(15)
            except subprocess.TimeoutExpired:
                self._cameras.kill()
                self._cameras.wait()
            if self._cameras.stdout is not None:
                self._cameras.stdout.close()


def _await_port(host: str, port: int) -> None:
    """Waits until somebody listens there.

    Raises:
        AtriumError: nobody did.
    """
    ends = time.monotonic() + WAIT_S
    while time.monotonic() < ends:
        with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1.0):
            return
        time.sleep(0.1)
    raise AtriumError(f"nobody listens on {host}:{port} after {WAIT_S:g} s")
