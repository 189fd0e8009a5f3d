"""Two boxes on live streams, a broker and a central: who goes into the escalator below is who comes out of it above."""

from __future__ import annotations

import json
import os
import sqlite3
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from simulator.rtsp import available
from simulator.serve import serving
from tests.broker import MosquittoBroker
from tests.central.mall import Central, eventually
from tests.edge.painted_mall import DOOR_X_M, FPS, SPEED_MPS, Running, write_clip
from tests.edge.painted_mall import write_site as write_floor
from tests.shared_data import shared

CLIP_S = 24.0
WALK_M = 7.0
"""Everybody walks so far: 4 m on their own side of the line, 3 m on the other."""
LANES_M = {80: 2.0, 160: 3.6, 240: 5.2}
"""By shade, where people walk on both floors: so tests know who is who, and boxes do not."""
GOES_S = {80: 1.0, 160: 4.0, 240: 7.0}
COMES_S = {160: 11.3, 80: 12.9, 240: 15.9}
"""By shade, when people appear: they come out in another order than they went in, so that times alone are wrong."""


@dataclass(frozen=True)
class Rider:
    """Walks along a lane, across the line, and is gone.

    Attributes:
        starts_s: when they appear.
        shade: their paint.
        outward: whether they come out of the escalator.
    """

    starts_s: float
    shade: int
    outward: bool

    def at(self, t: float) -> tuple[float, float] | None:
        """Floor position at ``t`` seconds, or None while away."""
        walked = SPEED_MPS * (t - self.starts_s)
        if not 0 <= walked <= WALK_M:
            return None
        x = DOOR_X_M + 3.0 - walked if self.outward else DOOR_X_M - 4.0 + walked
        return x, LANES_M[self.shade]


def write_site(folder: Path) -> None:
    """The painted floor twice; what is its shop elsewhere is an escalator here."""
    write_floor(folder)
    geometry = json.loads((folder / "ground.geojson").read_text())
    geometry["features"][1]["properties"]["category"] = "transit"
    (folder / "ground.geojson").write_text(json.dumps(geometry), encoding="utf-8")
    floors = "".join(
        f'[[floors]]\nid = "{floor}"\nsize_m = [14.0, 8.0]\ngeometry = "ground.geojson"\ncameras = "cameras.json"\n'
        for floor in ("g", "u")
    )
    (folder / "site.toml").write_text(
        f'schema = "atrium.site.v1"\nid = "mall"\n{floors}'
        '[[passages]]\nends = ["g/door", "u/door"]\nusual_s = 8.0\nspread_s = 2.0\n',
        encoding="utf-8",
    )


def write_box(folder: Path, floor: str, url: str, broker: MosquittoBroker, model: Path | None) -> Path:
    """A box with one live camera and the site's secret; without a model it goes by the colours of clothes."""
    path = folder / f"{floor}.toml"
    path.write_text(
        f'schema = "atrium.box.v1"\nid = "box-{floor}"\nsite = "site.toml"\nfloor = "{floor}"\n'
        f'state_dir = "state-{floor}"\nfps = {FPS}.0\n'
        f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\n'
        f'username = "{broker.username}"\npassword_file = "{broker.password_path}"\n'
        '[reid]\nsecret_file = "reid.secret"\n'
        + (f'model = "{model}"\n' if model else "")
        + f'[[cameras]]\nname = "west"\nurl = "{url}"\n',
        encoding="utf-8",
    )
    return path


class Lanes:
    """Hears where boxes see their visitors, and so who each of them is."""

    def __init__(self, broker: MosquittoBroker) -> None:
        self._y_m: dict[str, list[float]] = defaultdict(list)
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.username_pw_set(broker.username, broker.password)
        self._client.on_message = self._hear
        self._client.connect("127.0.0.1", broker.port)
        self._client.subscribe("atrium/+/+/+/positions", qos=1)
        self._client.loop_start()

    def _hear(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        for visitor, _x, y in json.loads(message.payload)["body"]["visitors"]:
            self._y_m[visitor].append(y)

    def shade(self, visitor: str) -> int | None:
        """Whose lane they walked in; None where it was not heard yet."""
        if visitor not in self._y_m:
            return None
        y = float(np.median(self._y_m[visitor]))
        return min(LANES_M, key=lambda shade: abs(LANES_M[shade] - y))

    def close(self) -> None:
        self._client.loop_stop()
        self._client.disconnect()


SLOW = pytest.mark.skipif(not os.environ.get("ATRIUM_SLOW"), reason="learns whitening twice: set ATRIUM_SLOW=1")


@pytest.mark.skipif(not available(), reason="GStreamer's RTSP server is not installed")
@pytest.mark.parametrize("model", [None, pytest.param("osnet_x0_25_msmt17.onnx", marks=SLOW)])
def test_who_goes_in_below_is_who_comes_out_above(tmp_path: Path, broker: MosquittoBroker, model: str | None) -> None:
    network = shared("reid", model) if model else None
    central = Central(tmp_path / "mall", broker)
    write_site(central.folder)
    secret = central.folder / "reid.secret"
    secret.write_bytes(bytes(range(32)))
    secret.chmod(0o600)
    files = {"below": central.folder / "below.mp4", "above": central.folder / "above.mp4"}
    for path, starts, outward in ((files["below"], GOES_S, False), (files["above"], COMES_S, True)):
        write_clip(path, "west", CLIP_S, [Rider(at, shade, outward) for shade, at in starts.items()])
    central.start()
    lanes = Lanes(broker)
    with serving(files) as server:
        boxes = [
            Running(write_box(central.folder, floor, server.url(name), broker, network))
            for floor, name in (("g", "below"), ("u", "above"))
        ]
        try:
            eventually(lambda: {shade for shade, _ in told(central, lanes)} == set(LANES_M), 180)
        finally:
            for box in boxes:
                box.stop(within_s=60.0)
            lanes.close()
            central.kill()
    assert [pair for pair in told(central, lanes) if pair[0] != pair[1]] == []


def told(central: Central, lanes: Lanes) -> list[tuple[int | None, int | None]]:
    """Who came above, and who central takes them for."""
    with sqlite3.connect(f"file:{central.folder / 'central.db'}?mode=ro", uri=True) as connection:
        links = connection.execute("SELECT visitor, person FROM stitches").fetchall()
    return [(lanes.shade(visitor), lanes.shade(before)) for visitor, before in links]
