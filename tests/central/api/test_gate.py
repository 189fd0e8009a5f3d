"""Gate and bodies as ASGI middleware, on a clock of the test's own."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from central.api.gate import COOKIE, RECHECK_S, Gate
from central.api.manners import MAX_BODY_BYTES, Bodies, Manners
from central.identity.identity import Identity
from central.identity.people import Users
from central.identity.rates import Brake, Rates
from central.identity.sessions import LIFE_S, Sessions
from central.identity.tokens import Tokens, add_token
from central.privacy.audit import AuditTrail
from central.store import audit
from central.store.store import Store
from tests.central.mall import NOON

KEY = "cd" * 32
Message = dict[str, Any]


class Door:
    """A gate with a token's session, whose clock the test sets."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.now = NOON
        token = add_token(folder / "tokens.json", "wall", "ops")
        sessions = Sessions(store.database, "mall", KEY)
        users, tokens = Users(store.database, "mall"), Tokens(folder / "tokens.json")
        self.identity = Identity(users, sessions, tokens, Brake(Rates()))
        self.trail = AuditTrail(store.database, "mall", KEY)
        self.cookie = str(self.identity.enter_with_token(token, NOON))

    def scope(self, kind: str = "http", path: str = "/v1/live", **headers: str) -> Message:
        given = {"cookie": f"{COOKIE}={self.cookie}", "host": "mall"} | headers
        raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()]
        return {
            "type": kind,
            "path": path,
            "method": "GET",
            "scheme": "http" if kind == "http" else "ws",
            "query_string": b"",
            "headers": raw,
            "client": ("192.0.2.1", 1),
            "state": {"host": "mall"},
        }

    def sent(self, app: Any, scope: Message) -> list[Message]:
        """What comes out while the app runs behind the gate."""
        out: list[Message] = []

        async def send(message: Message) -> None:
            out.append(message)

        async def receive() -> Message:
            return {"type": "http.disconnect"}

        async def run() -> None:
            await Gate(app, self.identity, self.trail, lambda: self.now)(scope, receive, send)

        asyncio.run(run())
        return out


@pytest.fixture
def door(store: Store, tmp_path: Path) -> Door:
    return Door(store, tmp_path)


@pytest.mark.parametrize("how", ["logout", "age"])
def test_a_stream_is_cut_off_soon_after_its_session_ended(door: Door, how: str) -> None:
    async def stream(_scope: Message, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for second in range(30):
            door.now += 1
            if second == 9:
                if how == "logout":
                    door.identity.sessions.end(door.cookie)
                else:
                    door.now = NOON + LIFE_S
            await send({"type": "http.response.body", "body": b"figures", "more_body": True})

    bodies = [one for one in door.sent(stream, door.scope()) if one["type"] == "http.response.body"]
    told = [one for one in bodies if one["body"]]
    assert 9 <= len(told) <= 9 + RECHECK_S
    assert bodies[-1] == {"type": "http.response.body", "body": b"", "more_body": False}
    assert len(bodies) == len(told) + 1


def test_a_socket_is_closed_soon_after_its_session_ended(door: Door) -> None:
    async def pages(_scope: Message, _receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        door.identity.sessions.end(door.cookie)
        for _ in range(30):
            door.now += 1
            await send({"type": "websocket.send", "text": "figures"})

    out = door.sent(pages, door.scope("websocket", "/_nicegui_ws/socket.io", origin="http://mall"))
    assert out[-1] == {"type": "websocket.close", "code": 4401}
    assert len(out) <= 2 + RECHECK_S


def test_an_open_page_keeps_its_session_up(door: Door) -> None:
    async def pages(_scope: Message, _receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})
        for _ in range(11):
            door.now += 3600
            await send({"type": "websocket.send", "text": "figures"})

    out = door.sent(pages, door.scope("websocket", "/_nicegui_ws/socket.io", origin="http://mall"))
    assert [one["type"] for one in out].count("websocket.send") == 11


def test_who_asked_is_written_in_the_minute_it_was_asked(door: Door, store: Store) -> None:
    async def answer(scope: Message, _receive: Any, send: Any) -> None:
        scope["path_params"] = {"member": "M-77", "zone": "nordic"}
        await send({"type": "http.response.start", "status": 200, "headers": []})

    for _ in range(3):
        door.sent(answer, door.scope(path="/v1/zones/nordic"))
    assert door.trail.flush()
    (kept,) = audit.newest(store.database, "mall", 10)
    assert (kept.requests, kept.entry.who, kept.entry.status) == (3, "wall", 200)
    assert "M-77" not in kept.entry.subject
    assert "zone nordic" in kept.entry.subject


def test_a_store_that_cannot_be_written_keeps_nobody_waiting(door: Door, store: Store) -> None:
    async def answer(_scope: Message, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    store.database._writer.execute("PRAGMA busy_timeout=20")
    another = sqlite3.connect(store.database.path, isolation_level=None)
    another.execute("BEGIN IMMEDIATE")
    door.sent(answer, door.scope())
    assert not door.trail.flush()
    another.execute("ROLLBACK")
    another.close()
    assert door.trail.flush()
    assert len(audit.newest(store.database, "mall", 10)) == 1


def test_what_is_too_much_for_the_trail_is_lost_and_counted(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("central.privacy.audit.MOST_WAITING", 2)

    async def answer(_scope: Message, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    for _ in range(5):
        door.sent(answer, door.scope())
    assert door.trail.lost == 3


def body(
    chunks: list[bytes], headers: dict[str, str], *, wait_s: float = 0.0, timeout_s: float = 5.0
) -> tuple[int, bytes]:
    """Status and what the app read, of a body that arrives in chunks."""
    read: list[bytes] = []
    status: list[int] = []
    left = list(chunks)

    async def receive() -> Message:
        await asyncio.sleep(wait_s)
        chunk = left.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(left)}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            status.append(message["status"])

    async def app(_scope: Message, receive: Any, send: Any) -> None:
        read.append((await receive())["body"])
        await send({"type": "http.response.start", "status": 200, "headers": []})

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "path": "/v1/members/M-1", "method": "PUT", "headers": raw}
    asyncio.run(Bodies(app, timeout_s)(scope, receive, send))  # type: ignore[arg-type]
    return status[0], b"".join(read)


JSON = {"content-type": "application/json"}


def test_a_body_in_pieces_is_one() -> None:
    assert body([b"{", b'"a"', b": 1}"], JSON) == (200, b'{"a": 1}')
    assert body([b"{}"], {"content-type": "application/merge-patch+json; charset=utf-8"}) == (200, b"{}")


def test_a_body_that_grows_too_large_is_not_read_to_its_end() -> None:
    chunk = b" " * 60_000
    assert body([chunk] * 50, JSON)[0] == 413
    assert body([b" " * MAX_BODY_BYTES], JSON)[0] == 200


def test_a_body_that_comes_in_drops_is_not_waited_for() -> None:
    assert body([b" "] * 1000, JSON, wait_s=0.02, timeout_s=0.1)[0] == 408


def test_a_crash_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    out: list[Message] = []

    async def app(_scope: Message, _receive: Any, _send: Any) -> None:
        raise ValueError("visitor00001 was here")

    async def send(message: Message) -> None:
        out.append(message)

    scope = {"type": "http", "path": "/v1/x", "method": "GET", "headers": [], "scheme": "http", "client": None}
    asyncio.run(Manners(app, ())(scope, None, send))  # type: ignore[arg-type]
    assert out[0]["status"] == 500
    assert b"visitor00001" not in out[1]["body"]
    assert "visitor00001" in caplog.text
