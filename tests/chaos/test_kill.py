"""Kill -9 of box, central's place-holder and broker, each five times in two minutes: nothing lost, nothing doubled."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections import Counter
from pathlib import Path

from contract.messages import decode
from edge.app import run_box
from edge.box import load_box
from tests.broker import MosquittoBroker
from tests.chaos.victims import Victim, python, schedule, strike
from tests.edge.painted_mall import PaintDetector, shoppers, write_box, write_mall

CLIP_S = 90.0
"""Five restarts make about two minutes of it."""
SPAN_S = (4.0, 105.0)
TIMES = 5
SEED = 20260302
END_S = 150.0
"""A loaded machine may take so much longer to start five times."""


def canonical(payloads: list[bytes]) -> list[tuple[str, str]]:
    """Events with visitors and visits named by order of appearance, without session; times as they are."""
    names: dict[str, str] = {}
    found = []
    for payload in payloads:
        message = json.loads(payload)
        body = message["body"]
        for field in ("visitor", "visit"):
            if field in body:
                body[field] = names.setdefault(body[field], f"{field}{len(names)}")
        found.append((message["schema"], message["at"] + json.dumps(body, sort_keys=True)))
    return found


def undisturbed(folder: Path, seconds: float) -> list[bytes]:
    """What a run without a broker leaves in its outbox."""
    box = load_box(write_mall(folder, seconds, port=9))
    outcome = run_box(box, threading.Event(), lambda _line: None, detector=PaintDetector(), wait_s=0.0)
    assert outcome.ended
    with sqlite3.connect(folder / "state" / "outbox.db") as db:
        payloads = [payload for (payload,) in db.execute("SELECT payload FROM outbox ORDER BY seq")]
    db.close()
    assert outcome.unacknowledged == len(payloads)
    return payloads


def test_kill_9_of_everything_five_times_loses_and_doubles_nothing(tmp_path: Path) -> None:
    reference = undisturbed(tmp_path / "calm", CLIP_S)
    truth = shoppers(CLIP_S)
    with MosquittoBroker(tmp_path / "broker") as broker:
        mall = tmp_path / "calm"
        config = write_box(
            mall, port=broker.port, password_file=str(broker.password_path), pace="realtime", state_dir="chaos"
        )
        database = tmp_path / "central.db"
        victims = {
            "box": Victim(python("tests/chaos/painted_box.py", config), tmp_path / "box.log"),
            "central": Victim(
                python("tests/accountant.py", broker.port, broker.username, broker.password_path, database, "mall"),
                tmp_path / "central.log",
            ),
        }
        for victim in victims.values():
            victim.start()

        def kill(name: str) -> None:
            (broker if name == "broker" else victims[name]).kill()

        def start(name: str) -> None:
            (broker if name == "broker" else victims[name]).start()

        blows = schedule(["box", "central", "broker"], TIMES, SPAN_S, SEED)
        try:
            fallen = strike(blows, kill, start, lambda: False)
            deadline = time.monotonic() + END_S
            while victims["box"].status is None and time.monotonic() < deadline:
                time.sleep(0.1)
            assert victims["box"].status == 0, victims["box"].tail()
        finally:
            for victim in victims.values():
                victim.stop()
    assert fallen == 3 * TIMES
    db = sqlite3.connect(database)
    rows = list(db.execute("SELECT session, seq, what, payload FROM events ORDER BY seq"))
    db.close()
    assert len({session for session, *_ in rows}) == 1
    assert [seq for _session, seq, *_ in rows] == list(range(1, len(rows) + 1)), "a gap"
    assert canonical([payload for *_, payload in rows]) == canonical(reference)
    bodies = [decode(what, payload).body for _session, _seq, what, payload in rows]
    directions = Counter(body.direction for body in bodies if hasattr(body, "direction"))
    assert directions == {"in": len(truth), "out": len(truth)}
