"""A small stand-in for central: stores every durable event once, acknowledges what it has committed, asks for gaps.

Runs inside a test, or as a process of its own that may be killed:
``python tests/accountant.py PORT USERNAME PASSWORD_FILE DATABASE SITE``.
"""

from __future__ import annotations

import queue
import sqlite3
import sys
import threading
import time
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from contract.events import Acknowledge, Command, Envelope, Resend, Status
from contract.messages import BY_BODY, BY_WHAT, decode, encode
from contract.times import to_rfc3339
from contract.topics import build_topic, parse_topic, subscriptions

COMMIT_S = 0.3
SESSION = "accountant00"


class Accountant:
    """Central's bookkeeping and nothing else; drive it with :meth:`step`."""

    def __init__(self, port: int, username: str, password: str, database: Path, site: str) -> None:
        self.db = sqlite3.connect(database, isolation_level=None)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute(
            "CREATE TABLE IF NOT EXISTS events (session TEXT, seq INTEGER, what TEXT, payload BLOB,"
            " copies INTEGER DEFAULT 1, PRIMARY KEY (session, seq))"
        )
        self.site = site
        self.inbox: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()
        self.statuses: list[Status] = []
        self.live: list[Envelope[Any]] = []
        self.muted = False
        self._seq = 0
        self._asked_at: dict[str, float] = {}
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id="accountant", clean_session=False, protocol=mqtt.MQTTv311
        )
        self._client.username_pw_set(username, password)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe([(t, 1) for t in subscriptions(site)])
        self._client.on_message = lambda _client, _data, message: self.inbox.put((message.topic, message.payload))
        self._subscribed = threading.Event()
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.connect_async("127.0.0.1", port, 10)
        self._client.loop_start()

    def wait_subscribed(self) -> None:
        """From here on no event passes unheard."""
        assert self._subscribed.wait(20), "the accountant cannot reach the broker"

    def step(self) -> None:
        """Store what has come in, then acknowledge it."""
        touched: dict[tuple[str, str, str], str] = {}
        last_seqs: dict[str, int] = {}
        self.db.execute("BEGIN IMMEDIATE")
        while not self.inbox.empty():
            topic, payload = self.inbox.get()
            what = parse_topic(topic).what
            message = decode(what, payload)
            if BY_WHAT[what].durable:
                self.db.execute(
                    "INSERT INTO events (session, seq, what, payload) VALUES (?, ?, ?, ?)"
                    " ON CONFLICT DO UPDATE SET copies = copies + 1",
                    (message.session, message.seq, what, payload),
                )
                touched[message.site, message.floor, message.box] = message.session
            else:
                self.live.append(message)
                if isinstance(message.body, Status):
                    self.statuses.append(message.body)
                    touched[message.site, message.floor, message.box] = message.body.durable_session
                    last_seqs[message.body.durable_session] = message.body.last_seq
        self.db.execute("COMMIT")
        if self.muted:
            return
        for (_site, floor, box), session in touched.items():
            through = self.through(session)
            self.tell(floor, box, Acknowledge(session=session, through=through))
            beyond = max(last_seqs.get(session, 0), self.highest(session))
            if beyond > through and time.monotonic() - self._asked_at.get(session, 0.0) > 1.0:
                self._asked_at[session] = time.monotonic()
                self.tell(floor, box, Resend(session=session, first=through + 1, last=beyond))

    def tell(self, floor: str, box: str, command: Command) -> None:
        """Send a command to a box."""
        self._seq += 1
        envelope: Envelope[Any] = Envelope(
            schema_=BY_BODY[type(command)].schema,
            site=self.site,
            floor=floor,
            box=box,
            session=SESSION,
            seq=self._seq,
            event_id=f"{SESSION}-{self._seq}",
            at=to_rfc3339(time.time()),
            body=command,
        )
        self.send_raw(floor, box, encode(envelope))

    def send_raw(self, floor: str, box: str, payload: bytes) -> None:
        """Send any bytes to a box's commands."""
        self._client.publish(build_topic(self.site, floor, box, "commands"), payload, 1)

    def through(self, session: str) -> int:
        """Highest number up to which nothing is missing."""
        count = 0
        for (seq,) in self.db.execute("SELECT seq FROM events WHERE session = ? ORDER BY seq", (session,)):
            if seq != count + 1:
                break
            count = seq
        return count

    def highest(self, session: str) -> int:
        """Highest number seen."""
        found = self.db.execute("SELECT MAX(seq) FROM events WHERE session = ?", (session,)).fetchone()[0]
        return int(found or 0)

    def stored(self) -> list[tuple[str, int, str, bytes]]:
        """Everything stored: session, seq, what, payload."""
        return list(self.db.execute("SELECT session, seq, what, payload FROM events ORDER BY session, seq"))

    def run_until(self, claim: Any, timeout_s: float = 20.0) -> bool:
        """Work until the claim holds; False when it does not in time."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            self.step()
            if claim():
                return True
            time.sleep(0.05)
        return False

    def close(self) -> None:
        """Disconnect and close the database."""
        self._client.disconnect()
        self._client.loop_stop()
        self.db.close()


def main() -> None:
    """Work until killed."""
    port, username, password_file, database, site = sys.argv[1:]
    password = Path(password_file).read_text(encoding="utf-8").strip()
    accountant = Accountant(int(port), username, password, Path(database), site)
    while True:
        accountant.step()
        time.sleep(COMMIT_S)


if __name__ == "__main__":
    main()
