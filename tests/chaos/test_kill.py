"""Kill -9 of box, central and broker, each five times in two minutes: nothing lost, nothing doubled."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from central.identity.tokens import add_token
from contract.messages import decode
from contract.times import from_rfc3339
from edge.app import run_box
from edge.box import load_box
from tests.broker import MosquittoBroker, free_port
from tests.chaos.twin import FLOOR, TruthDetector, write_box_file, write_twin
from tests.chaos.victims import Victim, python, schedule, strike

CLIP_S = 90.0
"""Five restarts make about two minutes of it."""
SPAN_S = (4.0, 105.0)
TIMES = 5
SEED = 2
END_S = 150.0
"""A loaded machine may take so much longer to start five times."""
SAME_CROSSING_S = 2.0
"""The pipeline may place a crossing so far from the truth's moment: it looks five times a second, and people dawdle."""
SETTLES_S = 2.0
"""Who crosses in the clip's last moments has not been seen beyond the line."""

Row = tuple[Any, ...]


def named(rows: list[Row]) -> list[Row]:
    """Rows (kind, visitor, ...) sorted, with visitors named by order of their first row; random names differ by run."""
    names: dict[str, int] = {}
    return [(kind, names.setdefault(visitor, len(names)), *rest) for kind, visitor, *rest in sorted(rows, key=by_time)]


def by_time(row: Row) -> Row:
    kind, _visitor, at, *rest = row
    return at, kind, repr(rest)


def undisturbed(folder: Path) -> list[Row]:
    """The last word on every crossing, visit and journey that a run without a broker leaves in its outbox."""
    box = load_box(write_box_file(folder, "calm", "fast", "port = 9"))
    assert run_box(box, threading.Event(), lambda _line: None, detector=TruthDetector(folder), wait_s=0.0).ended
    db = sqlite3.connect(folder / "calm" / "outbox.db")
    crossings, visits, journeys = [], {}, []
    for what, payload in db.execute("SELECT what, payload FROM outbox ORDER BY seq"):
        body = decode(what, payload).body
        match what:
            case "crossings":
                crossings.append(("crossing", body.visitor, from_rfc3339(body.at), body.line, body.direction))
            case "visits":
                left = from_rfc3339(body.left_at) if body.left_at else None
                visits[body.visit] = (
                    "visit", body.visitor, from_rfc3339(body.entered_at), body.zone, body.phase, left, body.observed_s,
                )  # fmt: skip
            case _:
                entered, left = from_rfc3339(body.entered_at), from_rfc3339(body.left_at)
                journeys.append(("journey", body.visitor, entered, left, body.length_m))
    db.close()
    return [*crossings, *visits.values(), *journeys]


def stored(database: Path) -> list[Row]:
    """The same from central's store."""
    db = sqlite3.connect(database)
    rows: list[Row] = [
        *(("crossing", *row) for row in db.execute("SELECT visitor, at, line, direction FROM crossings")),
        *(
            ("visit", *row)
            for row in db.execute("SELECT visitor, entered_at, zone, phase, left_at, observed_s FROM visits")
        ),
        *(("journey", *row) for row in db.execute("SELECT visitor, entered_at, left_at, length_m FROM journeys")),
    ]
    db.close()
    return rows


def unmatched(truth: list[Row], rows: list[Row]) -> tuple[list[Row], list[Row]]:
    """Crossings of the truth that nobody stored, and stored ones that never were; (line, direction, at) each."""
    left = sorted(rows)
    missing = []
    for line, direction, at in sorted(truth):
        near = [row for row in left if row[:2] == (line, direction) and abs(row[2] - at) <= SAME_CROSSING_S]
        if near:
            left.remove(min(near, key=lambda row: abs(row[2] - at)))
        else:
            missing.append((line, direction, at))
    return missing, left


def crossings_of(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row[0] == "crossing"]


class Central:
    """Central as a victim, with the API to ask it how it stands."""

    def __init__(self, folder: Path, mqtt: str) -> None:
        self.port = free_port()
        self.database = folder / "central.db"
        self.token = add_token(folder / "tokens.json", "test", "ops")
        config = folder / "CENTRAL.toml"
        config.write_text(
            f'schema = "atrium.central.v1"\nsite = "site/site.toml"\n[mqtt]\n{mqtt}\n[http]\nport = {self.port}\n'
        )
        self.victim = Victim(python("-m", "cli.main", "central", "serve", config), folder / "central.log")

    def box(self) -> dict[str, Any] | None:
        """What ``/v1/boxes`` says of our box, None while central or the box is not there."""
        try:
            answer = httpx.get(
                f"http://127.0.0.1:{self.port}/v1/boxes", headers={"Authorization": f"Bearer {self.token}"}
            )
        except httpx.TransportError:
            return None
        answer.raise_for_status()
        boxes = answer.json()["boxes"]
        return boxes[0] if boxes else None


@pytest.mark.waits
@pytest.mark.timeout(600)
def test_kill_9_of_everything_five_times_loses_and_doubles_nothing(tmp_path: Path) -> None:
    write_twin(tmp_path, CLIP_S, SEED)
    with MosquittoBroker(tmp_path / "broker") as broker:
        mqtt = f'port = {broker.port}\nusername = "{broker.username}"\npassword_file = "{broker.password_path}"'
        central = Central(tmp_path, mqtt)
        config = write_box_file(tmp_path, "chaos", "realtime", mqtt)
        victims = {
            "box": Victim(python("tests/chaos/twin.py", config), tmp_path / "box.log"),
            "central": central.victim,
            "broker": broker,
        }
        victims["box"].start()
        victims["central"].start()
        try:
            fallen = strike(
                schedule(list(victims), TIMES, SPAN_S, SEED),
                lambda name: victims[name].kill(),
                lambda name: victims[name].start(),
            )
            deadline = time.monotonic() + END_S
            while victims["box"].status is None and time.monotonic() < deadline:
                time.sleep(0.1)
            assert victims["box"].status == 0, victims["box"].tail()
            while (box := central.box()) is None or box["state"] != "stopped":
                assert time.monotonic() < deadline, (box, central.victim.tail())
                time.sleep(0.2)
        finally:
            victims["box"].stop()
            central.victim.stop()
    assert fallen == dict.fromkeys(victims, TIMES)
    durable = [session for session in box["sessions"] if session["last_seq"] == session["committed_through"] > 0]
    assert [session["missing"] for session in box["sessions"]] == [0] * len(box["sessions"])
    rows = stored(central.database)
    assert len(durable) == 1
    assert named(rows) == named(undisturbed(tmp_path))
    truth = json.loads((tmp_path / "truth.json").read_text())
    start = from_rfc3339(truth["start"])
    due = [(c["line"], c["direction"], start + c["at_s"]) for c in truth["crossings"] if c["floor"] == FLOOR]
    assert len(due) > 20
    seen = [(line, direction, at) for _crossing, _visitor, at, line, direction in crossings_of(rows)]
    missing, extra = unmatched(due, seen)
    assert [row for row in missing if row[2] < start + CLIP_S - SETTLES_S] == []
    assert extra == []
