"""A lively mall as central sees it: days in its store, boxes on its broker, cameras, certificates, a clock of ours."""

from __future__ import annotations

import json
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import paho.mqtt.client as mqtt

from calibration.site import load_site
from calibration.versions.digest import camera_hash
from central.store.store import Store
from contract.events import CameraHealth, CameraStatus, Health, Positions, Status
from contract.times import to_rfc3339
from simulator.scene import GALLERIA
from tests.broker import MosquittoBroker
from tests.central.mall import Central, Sender
from tests.central.pages.lively_mall import Crowd, write_site
from tests.central.pages.seeded_days import Days

TIMEZONE = ZoneInfo("Europe/Lisbon")
THURSDAY = datetime(2026, 3, 12, 16, 40, tzinfo=TIMEZONE).timestamp()
CAMERAS = 4
"""Of every floor."""


def camera_names(floor: str) -> list[str]:
    return [f"{floor}_{side}" for side in ("north", "east", "south", "west")[:CAMERAS]]


def add_cameras(folder: Path, floors: tuple[str, ...], *, certified: tuple[str, ...] = (), failed: str = "") -> None:
    """Calibrated cameras for floors of the site, and certificates for some."""
    known = list(json.loads((GALLERIA.parent / "g.cameras.json").read_text()).values())
    made_at = to_rfc3339(THURSDAY - 40 * 86_400)
    site = (folder / "site.toml").read_text()
    for floor in floors:
        cameras = {
            name: known[n % len(known)] | {"calibration": {"made_at": made_at, "method": "pairs"}}
            for n, name in enumerate(camera_names(floor))
        }
        (folder / f"{floor}.cameras.json").write_text(json.dumps(cameras))
        plain = f'geometry = "{floor}.geojson"\ncameras = "cameras.json"'
        site = site.replace(plain, plain.replace('"cameras.json"', f'"{floor}.cameras.json"'))
    (folder / "site.toml").write_text(site)
    found = load_site(folder / "site.toml")
    for floor in certified:
        zones = [zone for zone in found.floors[floor].zones if not zone.startswith("hall")]
        verdicts = [
            {"id": zone, "verdict": "fail" if zone == failed else "pass", "error_cm": 84.0 if zone == failed else 12.0}
            for zone in zones
        ]
        content = {
            "schema": "atrium.certificate.v1",
            "floor": floor,
            "calibration": found.floors[floor].calibration,
            "cameras": [
                {"camera": name, "verdict": "fail" if failed in zones else "pass", "calibration_hash": camera_hash(one)}
                for name, one in found.floors[floor].cameras.items()
            ],
            "zones": verdicts,
        }
        (folder / f"{floor}.cameras.certificate.json").write_text(json.dumps(content))


class StaffedMall(Central):
    """Central in a process of its own under a clock that the test moves; its boxes speak once a second.

    Args:
        folder: everything of it.
        broker: a real one.
        begin: seconds since 1970 at which it starts.
    """

    def __init__(self, folder: Path, broker: MosquittoBroker, begin: float = THURSDAY) -> None:
        super().__init__(folder, broker, timezone=TIMEZONE.key)
        write_site(folder, TIMEZONE.key)
        self._clock_file = folder / "clock"
        self.shift_s = begin - time.time()
        self.pass_time(0.0)
        self.command = ["-m", "tests.central.shifted_clock", str(self._clock_file)]
        self.boxes: dict[str, SpeakingBox] = {}
        self._broker = broker

    @property
    def now(self) -> float:
        return time.time() + self.shift_s

    def pass_time(self, seconds: float) -> None:
        """Time goes on at once, for central and for its boxes."""
        self.shift_s += seconds
        fresh = self._clock_file.with_suffix(".new")
        fresh.write_text(repr(self.shift_s))
        fresh.replace(self._clock_file)

    def seed(self, days: int, *, people: int = 600) -> None:
        """Fill the store with so many days up to now."""
        store = Store(self.folder / "central.db", "mall")
        today = datetime.fromtimestamp(self.now, TIMEZONE).date()
        first = today - timedelta(days=days - 1)
        Days(store).add(first, today, TIMEZONE, self.now, people=people)
        store.close()

    def open_box(self, floor: str) -> SpeakingBox:
        """A box that speaks from now on."""
        box = self.boxes[floor] = SpeakingBox(self, self._broker, floor)
        return box

    def close(self) -> None:
        for box in self.boxes.values():
            box.fall_silent()
        self.kill()


class SpeakingBox:
    """One floor's box: people who walk, cameras that see, a health report every few seconds."""

    def __init__(self, mall: StaffedMall, broker: MosquittoBroker, floor: str) -> None:
        self.floor = floor
        self.box = f"box-{floor}"
        self.cameras = dict.fromkeys(camera_names(floor), ("online", "", None))
        self.fps = dict.fromkeys(self.cameras, 8.0)
        self.outbox = 3
        self._mall = mall
        self._sender = Sender(self.box, floor, session=f"seeded0{floor}0000")
        self._live = Sender(self.box, floor, session=f"live00000{floor}00")
        self._crowd = Crowd(floor)
        self._quiet = threading.Event()
        self._calibration = load_site(mall.folder / "site.toml").floors[floor].calibration
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        self.client.username_pw_set(broker.username, broker.password)
        self.client.connect("127.0.0.1", broker.port)
        self.client.loop_start()
        self._thread = threading.Thread(target=self._speak, daemon=True)

    def start(self, last_seq: int = 0) -> SpeakingBox:
        now = self._mall.now
        word = Status("online", to_rfc3339(now - 7200), "1.0.0", self._sender.session, last_seq)
        self._tell(word, retain=True)
        for name in self.cameras:
            self.say_camera(name)
        for _ in range(240):
            self._crowd.step()
        self._thread.start()
        return self

    def say_camera(self, name: str, state: str = "online", detail: str = "", moved_deg: float | None = None) -> None:
        """The camera's status changes."""
        self.cameras[name] = (state, detail, moved_deg)
        since = to_rfc3339(self._mall.now - 240)
        self._tell(CameraStatus(name, state, since, detail, moved_deg), retain=True)  # type: ignore[arg-type]

    def publish(self, what: str, payload: bytes) -> None:
        """Anything at all on one of the box's topics."""
        self.client.publish(f"atrium/mall/{self.floor}/{self.box}/{what}", payload, qos=1)

    def fall_silent(self) -> None:
        self._quiet.set()
        if self._thread.is_alive():
            self._thread.join()

    def hang_up(self) -> None:
        self.fall_silent()
        self.client.disconnect()
        self.client.loop_stop()

    def _tell(self, body: object, *, retain: bool = False) -> None:
        now = self._mall.now
        self.client.publish(*self._live.packet(body, now), qos=1, retain=retain)  # type: ignore[arg-type]

    def _speak(self) -> None:
        beat = 0
        while not self._quiet.wait(1):
            where = [(name, x, y) for name, (x, y) in self._crowd.step().items()]
            self._tell(Positions(to_rfc3339(self._mall.now), where, self._calibration))
            if beat % 3 == 0:
                self._report(len(where))
            beat += 1

    def _report(self, visitors: int) -> None:
        figures = [
            CameraHealth(name, state, self.fps[name], self.fps[name], min(self.fps[name], 3.2), 140.0)  # type: ignore[arg-type]
            for name, (state, _, _) in self.cameras.items()
        ]
        shares = {"disk_free": 0.637, "duplicate_share": 0.0134, "fragment_share": 0.0041}
        self._tell(Health(figures, self.outbox, visitors, 31.0, 12.0, 58.0, **shares))
