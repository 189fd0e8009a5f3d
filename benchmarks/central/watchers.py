"""What it costs that many watch one live floor: CPU of central with nobody watching, and with fifty.

    python -m benchmarks.central.watchers [--watchers 50] [--seconds 30]

A real broker, central as a process, a box that tells where 400 people are once a second, and watchers of
``GET /v1/live/{floor}/stream`` in a process of their own.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx
import msgspec
import numpy as np
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.central.mall import PASSWORD, SITE, USERNAME, Central, Process, free_port, mosquitto
from contract.events import Envelope, Positions
from contract.messages import BY_WHAT, encode
from contract.times import to_rfc3339
from contract.topics import build_topic

PEOPLE = 400
FLOOR, BOX = "g", "box-g"
WARM_S = 5.0


@dataclass(frozen=True, slots=True)
class Watching:
    """What one run came to.

    Attributes:
        watchers: how many.
        seconds: for how long each half was measured.
        cores_alone: CPU seconds a second of central, nobody watching.
        cores_watched: the same with all of them.
        events_per_s: that the worst served watcher got.
        event_bytes: of one event, median.
        late_p95_s: from the second an event is about to its arrival.
        load_average: of the machine at the end, one minute.
    """

    watchers: int
    seconds: float
    cores_alone: float
    cores_watched: float
    events_per_s: float
    event_bytes: int
    late_p95_s: float
    load_average: float


def run(watchers: int, seconds: float) -> Watching:
    """Measure central without watchers, then with."""
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        with mosquitto(folder, port), Central(folder, port) as central:
            over = threading.Event()
            box = threading.Thread(target=_tell, args=(port, over))
            box.start()
            try:
                time.sleep(WARM_S)
                alone = _cores(central, seconds)
                address = f"{central.address}/v1/live/{FLOOR}/stream"
                command = [sys.executable, "-m", "benchmarks.central.watchers", "--watch", address]
                command += ["--token", central.token, "--watchers", str(watchers)]
                command += ["--seconds", str(seconds + 2 * WARM_S)]
                with Process(command, folder / "watch.json") as watching:
                    time.sleep(WARM_S)
                    watched = _cores(central, seconds)
                    watching.running.wait(120)
                told = msgspec.json.decode((folder / "watch.json").read_bytes())
            finally:
                over.set()
                box.join()
    return Watching(
        watchers, seconds, alone, watched, told["events_per_s"], told["bytes"], told["late_p95_s"], os.getloadavg()[0]
    )


def _cores(central: Central, seconds: float) -> float:
    before = central.cpu_s()
    time.sleep(seconds)
    return round((central.cpu_s() - before) / seconds, 3)


def _tell(port: int, over: threading.Event) -> None:
    """A box: where everybody is, once a second, until it is over."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=BOX)
    client.username_pw_set(USERNAME, PASSWORD)
    client.connect("127.0.0.1", port)
    client.loop_start()
    chance = np.random.default_rng(1)
    xy_m = chance.random((PEOPLE, 2)) * (120, 60)
    seq = 0
    while not over.wait(1.0):
        seq += 1
        xy_m = np.clip(xy_m + chance.normal(0, 0.7, xy_m.shape), 0, (120, 60))
        at = to_rfc3339(time.time())
        places = np.round(xy_m, 2).tolist()
        body = Positions(at, [(f"visitor{n:06d}", x, y) for n, (x, y) in enumerate(places)])
        message = Envelope(
            BY_WHAT["positions"].schema, SITE, FLOOR, BOX, "live0session0", seq, f"live0session0-{seq}", at, body
        )
        client.publish(build_topic(SITE, FLOOR, BOX, "positions"), encode(message))
    client.disconnect()
    client.loop_stop()


async def _watch(address: str, token: str, watchers: int, seconds: float) -> dict[str, float]:
    """All watchers at once; what they saw."""
    arrivals: list[list[float]] = []
    late_s: list[float] = []
    sizes: list[int] = []

    async def one(client: httpx.AsyncClient) -> None:
        async with client.stream("GET", address, headers={"Authorization": f"Bearer {token}"}) as answer:
            answer.raise_for_status()
            ident = 0
            came: list[float] = []
            arrivals.append(came)
            async for line in answer.aiter_lines():
                if line.startswith("id: "):
                    ident = int(line[4:])
                elif line.startswith("data: "):
                    came.append(time.time())
                    late_s.append(came[-1] - ident)
                    sizes.append(len(line))

    limits = httpx.Limits(max_connections=watchers)
    async with httpx.AsyncClient(timeout=httpx.Timeout(30.0), limits=limits) as client:
        tasks = [asyncio.create_task(one(client)) for _ in range(watchers)]
        await asyncio.sleep(seconds)
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome
    spans = [(len(came) - 1) / (came[-1] - came[0]) for came in arrivals]
    return {
        "events_per_s": round(min(spans), 3),
        "bytes": int(np.median(sizes)),
        "late_p95_s": round(float(np.percentile(late_s, 95)), 3),
    }


def main() -> None:
    """Measures, or (``--watch``) watches."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--watchers", type=int, default=50, help="how many")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long each half takes, seconds")
    parser.add_argument("--watch", default="", help="address of a stream: only watch it")
    parser.add_argument("--token", default="", help="for that")
    given = parser.parse_args()
    if given.watch:
        told = asyncio.run(_watch(given.watch, given.token, given.watchers, given.seconds))
        print(msgspec.json.encode(told).decode())
    else:
        print(msgspec.json.encode(asdict(run(given.watchers, given.seconds))).decode())


if __name__ == "__main__":
    main()
