"""The drill: central destroyed, restored from last night's backup, and filled up by the boxes, equals the original."""

from __future__ import annotations

import hashlib
import random
import shutil
import sqlite3
import time
from pathlib import Path
from typing import Any

import httpx
from typer.testing import CliRunner

from cli.central import central as commands
from contract.events import Body, Crossing, Journey, Visit, ZoneStay
from contract.times import to_rfc3339
from edge.outbox.store import Event, Origin, Outbox
from edge.publish.link import BrokerAddress
from edge.publish.publisher import Publisher
from tests.broker import MosquittoBroker
from tests.central.mall import Central, eventually

DURABLE = {
    "visits": "site, box, visit, floor, session, seq, at, visitor, zone, phase, entered_at, left_at, observed_s,"
    " bridged_s, unseen_s, confidence",
    "crossings": "site, box, session, seq, floor, line, direction, visitor, at",
    "journeys": "site, box, session, seq, floor, visitor, entered_at, left_at, path, zones, observed_s, bridged_s,"
    " unseen_s, length_m",
    "sessions": "site, box, session, floor, runs, received, refused, highest, prefix",
}
"""Tables that events become, without the columns that say when central heard of it, or how often."""
EVENTS = 400
HOUR_S = 3600.0


class Box:
    """Outbox and publisher of a real box."""

    def __init__(self, folder: Path, broker: MosquittoBroker, name: str, floor: str, wall: Any = time.time) -> None:
        folder.mkdir(exist_ok=True)
        token = f"durable0{name.replace('-', '')}"
        self.outbox = Outbox(folder / "outbox.db", Origin("mall", floor, name), token, keep_s=36 * HOUR_S, wall=wall)
        self.told: list[str] = []
        self.publisher = Publisher(
            self.outbox,
            BrokerAddress("127.0.0.1", broker.port, name, broker.username, broker.password),
            live_session=f"live0000{name.replace('-', '')}",
            version="1.0.0",
            wall=time.time,
            rng=random.Random(1),
            tell=self.told.append,
        )
        self.publisher.start()

    def put(self, bodies: list[Body], at: float) -> None:
        self.outbox.append([Event(at, body) for body in bodies])
        self.publisher.wake()

    def close(self) -> None:
        self.publisher.stop()
        self.outbox.close()


def events(box: str, first: int, count: int, since: float) -> list[Body]:
    """Visits that open and close, crossings and journeys, drawn from the box's name."""
    rng = random.Random(f"{box}-{first}")
    bodies: list[Body] = []
    for number in range(first, first + count):
        at = since + number * 0.01
        who = f"visitor{box.replace('-', '')}{number // 4:06d}"
        zone = rng.choice(("nordic", "cafe") if box == "box-g" else ("kitchen", "shoes"))
        match number % 4:
            case 0:
                bodies.append(Crossing("nordic-door", rng.choice(("in", "out")), who, to_rfc3339(at)))
            case 1 | 2:
                is_over = number % 4 == 2
                entered, visit = (
                    since + (number - number % 4 + 1) * 0.01,
                    f"visit{box.replace('-', '')}{number // 4:06d}",
                )
                left = to_rfc3339(entered + 60) if is_over else None
                phase = "closed" if is_over else "opened"
                bodies.append(
                    Visit(visit, who, "nordic", phase, to_rfc3339(entered), 60.0 * is_over, 0.0, 0.0, 0.9, left)
                )
            case _:
                begin, end = to_rfc3339(at), to_rfc3339(at + 90)
                path = [(0.0, 1.0, 2.0), (60.0, rng.uniform(0, 40), rng.uniform(0, 20))]
                stay = ZoneStay(zone, begin, end, 80.0, 5.0, 5.0)
                bodies.append(Journey(who, begin, end, path, [stay], 80.0, 5.0, 5.0, 30.5))
    return bodies


def digests(database: Path) -> dict[str, str]:
    """SHA-256 of every durable table's rows, sorted."""
    db = sqlite3.connect(database)
    found = {}
    for table, columns in DURABLE.items():
        rows = sorted(repr(row) for row in db.execute(f"SELECT {columns} FROM {table}"))  # noqa: S608 - ours
        assert rows, table
        found[table] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    db.close()
    return found


def rows_of(database: Path, table: str) -> int:
    db = sqlite3.connect(database)
    count = db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - ours
    db.close()
    return int(count)


def atrium(*arguments: str | Path) -> str:
    done = CliRunner().invoke(commands, [str(one) for one in arguments])
    assert done.exit_code == 0, done.exception
    return done.output


def sessions_of(central: Central) -> dict[str, dict[str, Any]]:
    report = httpx.get(f"{central.address}/v1/boxes", headers=central.headers("ops"), timeout=10).json()
    return {box["box"]: one for box in report["boxes"] for one in box["sessions"]}


def has_all(central: Central, boxes: dict[str, Box]) -> bool:
    sessions = sessions_of(central)
    return all(
        name in sessions
        and sessions[name]["committed_through"] == box.outbox.last_seq
        and box.outbox.acknowledged == box.outbox.last_seq
        for name, box in boxes.items()
    )


def test_a_destroyed_central_comes_back_as_it_was(tmp_path: Path) -> None:
    """One box's session is in the backup, with some of its events; the other's begins after it."""
    with MosquittoBroker(tmp_path / "broker") as broker:
        central = Central(tmp_path / "central", broker)
        shutil.copy(broker.password_path, central.folder / "password")
        central.config.write_text(central.config.read_text().replace(str(broker.password_path), "password"))
        safe, key = tmp_path / "safe", tmp_path / "backup.secret"
        atrium("backup-key", central.config, "--secret", key)
        central.start()
        since = time.time() - HOUR_S
        boxes = {name: Box(tmp_path / name, broker, name, floor) for name, floor in (("box-g", "g"), ("box-u", "u"))}
        try:
            boxes["box-g"].put(events("box-g", 0, EVENTS, since), since)
            eventually(lambda: boxes["box-g"].outbox.acknowledged == EVENTS)
            assert "opened again and compared: good" in atrium("backup", central.config, "--to", safe)
            for name, box in boxes.items():
                box.put(events(name, EVENTS, EVENTS, since), since)
            eventually(lambda: has_all(central, boxes))
            central.stop()
            original = digests(central.folder / "central.db")
            shutil.rmtree(central.folder)
            assert {box.outbox.depth for box in boxes.values()} == {0}
            (backup,) = safe.glob("central-*.sealed")
            told = atrium("restore", backup, "--key", key, "--into", central.config)
            assert "done again since: 0 erasures, 0 withdrawals" in told
            assert rows_of(central.folder / "central.db", "crossings") == EVENTS / 4
            central.start()
            eventually(lambda: has_all(central, boxes))
            assert {one["missing"] for one in sessions_of(central).values()} == {0}
            central.stop()
            assert digests(central.folder / "central.db") == original
            assert any("central asks again for what it had" in line for line in boxes["box-g"].told)
        finally:
            central.kill()
            for box in boxes.values():
                box.close()
