"""A small mall of two floors, messages as a box would send them, a store on disk, and central as a process."""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from central.identity.tokens import add_token
from contract.events import Body, Crossing, Envelope, Positions, Status, Visit
from contract.messages import BY_BODY, encode
from contract.times import to_rfc3339
from contract.tokens import Role
from contract.topics import build_topic
from tests.broker import MosquittoBroker
from tests.central import ready_python
from tests.central.ready_python import Started

ROOT = Path(__file__).resolve().parents[2]
NOON = 1_767_268_800.0
"""2026-01-01 12:00 UTC, a Thursday."""
SESSION = "durable0session0"


def _square(x: float, y: float, width: float, height: float) -> list[list[list[float]]]:
    return [[[x, y], [x + width, y], [x + width, y + height], [x, y + height], [x, y]]]


def _zone(name: str, title: str, category: str, *box: float) -> dict[str, Any]:
    properties = {"id": name, "kind": "zone", "name": title, "category": category}
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": "Polygon", "coordinates": _square(*box)},
    }


def _along(kind: str, ident: str, points: list[list[float]], **more: str) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"id": ident, "kind": kind, **more},
        "geometry": {"type": "LineString", "coordinates": points},
    }


GROUND = [
    _zone("concourse", "Concourse", "circulation", 0, 0, 40, 8),
    _zone("nordic", "Nordic Wear", "fashion", 0, 8, 14, 12),
    _zone("atelier", "Atelier Luz", "fashion", 14, 8, 12, 12),
    _zone("cafe", "Café Tejo", "dining", 26, 8, 14, 12),
    _along("line", "nordic-door", [[4, 8], [8, 8]], zone="nordic", name="Nordic Wear door"),
    _along("line", "cafe-door", [[30, 8], [34, 8]], zone="cafe", name="Café door"),
    _along("wall", "front-a", [[0, 8], [4, 8]]),
    _along("wall", "front-b", [[8, 8], [30, 8]]),
    _along("wall", "front-c", [[34, 8], [40, 8]]),
    _along("wall", "party-a", [[14, 8], [14, 20]]),
    _along("wall", "party-b", [[26, 8], [26, 20]]),
    _along("wall", "outer", [[0, 0], [40, 0], [40, 20], [0, 20], [0, 0]]),
]
UPPER = [
    _zone("gallery", "Gallery", "circulation", 0, 0, 40, 6),
    _zone("kitchen", "Food Hall", "dining", 0, 6, 20, 14),
    _zone("shoes", "Shoe Loft", "fashion", 20, 6, 20, 14),
]


def write_site(folder: Path, timezone: str = "UTC") -> Path:
    """A site file of two floors without cameras."""
    for name, features in (("g", GROUND), ("u", UPPER)):
        content = {"type": "FeatureCollection", "features": features}
        (folder / f"{name}.geojson").write_text(json.dumps(content), encoding="utf-8")
    (folder / "cameras.json").write_text("{}", encoding="utf-8")
    (folder / "site.toml").write_text(
        f"""schema = "atrium.site.v1"
id = "mall"
name = "Test Mall"
timezone = "{timezone}"
[[floors]]
id = "g"
name = "Ground floor"
size_m = [40.0, 20.0]
geometry = "g.geojson"
cameras = "cameras.json"
[[floors]]
id = "u"
name = "Upper floor"
size_m = [40.0, 20.0]
geometry = "u.geojson"
cameras = "cameras.json"
""",
        encoding="utf-8",
    )
    return folder / "site.toml"


LUNCH = """schema = "atrium.campaigns.v1"
[[pools]]
id = "DINE-15"
title = "15 % off your lunch"
kind = "percent"
value = 15
ceiling = 10.0
[[campaigns]]
id = "lunch"
version = 3
name = "Lunch after fashion"
coupon = "DINE-15"
wording = "15 % off your lunch at Café Tejo"
conditions = [
    { kind = "window", from = "FROM", to = "TO" },
    { kind = "dwell", category = "fashion", minutes = 10.0 },
    { kind = "not_visited", category = "dining" },
]
"""


def lunch(start: str = "11:00", end: str = "14:00", minutes: float = 10.0) -> str:
    """The lunch campaign's file."""
    return LUNCH.replace("FROM", start).replace("TO", end).replace("10.0", str(minutes))


@dataclass
class Sender:
    """Makes messages as one box would, numbered from 1."""

    box: str = "box-g"
    floor: str = "g"
    site: str = "mall"
    session: str = SESSION
    _seq: Iterator[int] = field(default_factory=lambda: count(1))

    def message(self, body: Body, at: float, seq: int | None = None) -> Envelope[Any]:
        """The body in its envelope."""
        number = next(self._seq) if seq is None else seq
        event_id = f"{self.session}-{number}"
        kind = BY_BODY[type(body)]
        return Envelope(
            kind.schema, self.site, self.floor, self.box, self.session, number, event_id, to_rfc3339(at), body
        )

    def packet(self, body: Body, at: float, seq: int | None = None) -> tuple[str, bytes]:
        """Topic and payload."""
        kind = BY_BODY[type(body)]
        camera = getattr(body, "camera", "") if kind.what == "camera_status" else ""
        topic = build_topic(self.site, self.floor, self.box, kind.what, camera)
        return topic, encode(self.message(body, at, seq))


def visit(
    name: str = "visit0000001",
    visitor: str = "visitor00001",
    zone: str = "nordic",
    *,
    phase: Any = "closed",
    entered: float = NOON,
    observed: float = 60.0,
    bridged: float = 5.0,
    unseen: float = 1.0,
) -> Visit:
    """A visit."""
    left = to_rfc3339(entered + observed + bridged + unseen) if phase == "closed" else None
    return Visit(name, visitor, zone, phase, to_rfc3339(entered), observed, bridged, unseen, 0.9, left)


def crossing(
    visitor: str = "visitor00001", line: str = "nordic-door", direction: Any = "in", at: float = NOON
) -> Crossing:
    """A crossing."""
    return Crossing(line, direction, visitor, to_rfc3339(at))


def positions(at: float, where: dict[str, tuple[float, float]], calibration: str = "") -> Positions:
    """A batch of positions."""
    return Positions(to_rfc3339(at), [(visitor, x, y) for visitor, (x, y) in where.items()], calibration)


def status(last_seq: int, at: float = NOON, session: str = SESSION, state: Any = "online") -> Status:
    """A box's status."""
    return Status(state, to_rfc3339(at), "0.1.0", session, last_seq)


class Central:
    """Central as a process of its own; it can be killed.

    Attributes:
        command: arguments of a fresh Python that runs ``atrium``; where there are none, one is ready.
    """

    def __init__(
        self, folder: Path, broker: MosquittoBroker, campaigns: str | None = None, timezone: str = "UTC"
    ) -> None:
        folder.mkdir(exist_ok=True)
        write_site(folder, timezone)
        self.folder = folder
        self.config = folder / "CENTRAL.toml"
        if campaigns is not None:
            (folder / "campaigns.toml").write_text(campaigns, encoding="utf-8")
        named = 'campaigns = "campaigns.toml"\n' if campaigns is not None else ""
        self.config.write_text(
            f"""schema = "atrium.central.v1"
site = "site.toml"
{named}[mqtt]
host = "127.0.0.1"
port = {broker.port}
username = "{broker.username}"
password_file = "{broker.password_path}"
[http]
port = 0
""",
            encoding="utf-8",
        )
        keys = {
            name: f"{number:064x}"
            for number, name in enumerate(("phone_key", "cookie_key", "figure_key", "offer_key"), 7)
        }
        secrets = folder / "secrets.json"
        secrets.write_text(
            json.dumps(keys), encoding="utf-8"
        )  # fixed, so that figures have the same noise in every run
        secrets.chmod(0o600)
        roles: tuple[Role, ...] = ("installer", "ops", "manager", "trigger", "admin")
        self.tokens = {role: add_token(folder / "tokens.json", role, role) for role in roles}
        self.address = ""
        self.command: list[str] = []
        self._process: subprocess.Popen[str] | Started | None = None
        atexit.register(self.kill)  # a failed test leaves no process behind

    def start(self) -> None:
        """Start it and wait until it serves."""
        serve = ["central", "serve", str(self.config), "--verbose"]
        # NiceGUI serves tests other answers than people
        environment = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
        with (self.folder / "central.log").open("a") as log:
            if not self.command:
                self._process = ready_python.start("cli.main", *serve, stderr=log, environment=environment)
            else:
                self._process = subprocess.Popen(
                    [sys.executable, *self.command, *serve],
                    cwd=ROOT,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    text=True,
                    env=environment,
                )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith("serving "), (self.folder / "central.log").read_text()[-2000:]
        self.address = line.split()[1]

    def send(self, number: signal.Signals) -> None:
        """Send it a signal and leave it."""
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it as kill -9 does."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """End it as an init system does; its exit status."""
        return self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> int:
        if self._process is None:
            return 0
        self._process.send_signal(how)
        status = self._process.wait(timeout=60)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None
        return status

    def headers(self, role: Role) -> dict[str, str]:
        """A request's headers with the role's token."""
        return {"Authorization": f"Bearer {self.tokens[role]}"}


def eventually(claim: Callable[[], Any], timeout_s: float = 60.0) -> Any:
    """The claim's first true value, or a failure after the time."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            value = claim()
        except AssertionError:
            value = None
        if value:
            return value
        assert time.monotonic() < deadline, f"not true within {timeout_s} s"
        time.sleep(0.1)
