"""Ops over the API: faults in words, orders claimed and closed, by a central whose broker cannot be reached."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from central.api.application import build_api
from central.app import running
from central.config import load_config
from central.identity.tokens import add_token
from central.services import Services
from contract.tokens import Role
from tests.central.mall import NOON, write_site

CONFIG = """schema = "atrium.central.v1"
site = "site.toml"
[mqtt]
host = "127.0.0.1"
port = 9
"""


REFUSED: list[tuple[str, dict[str, str] | None, int, str]] = [
    ("POST /v1/orders/9/claim", {}, 404, "order 9: there is none"),
    ("POST /v1/orders/1/close", {}, 422, "note"),
    ("POST /v1/orders/1/close", {"note": "   "}, 422, "say in a few words what was done"),
    ("POST /v1/orders/0/claim", {}, 422, "number"),
    ("POST /v1/orders/1/release", None, 409, "nobody has it"),
    ("POST /v1/orders/1/claim", {"who": "x" * 65}, 422, "who"),
    ("POST /v1/boxes/none/commands", {"command": "report"}, 422, "no box 'none' has ever reported"),
    ("POST /v1/boxes/none/commands", {"command": "explode"}, 422, "command"),
    ("GET /v1/orders?cursor=x", None, 422, "cursor"),
]


class Desk:
    """Somebody at the API, and the time."""

    def __init__(self, folder: Path) -> None:
        write_site(folder)
        (folder / "CENTRAL.toml").write_text(CONFIG)
        self.tokens: dict[Role, str] = {
            role: add_token(folder / "tokens.json", role, role) for role in ("ops", "admin", "manager")
        }
        self.config = load_config(folder / "CENTRAL.toml")
        self.now = NOON
        self.services: Services
        self.app: FastAPI

    def ask(self, method: str, path: str, role: Role = "ops", **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens[role]}"} | more.pop("headers", {})

        async def once() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://central") as client:
                return await client.request(method, path, headers=headers, **more)

        return asyncio.run(once())

    def run(self, seconds: float) -> None:
        until = self.now + seconds
        while self.now < until:
            self.now += 5
            self.services.ops.watch.update(self.now)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    found = Desk(tmp_path)
    with running(found.config, lambda: found.now) as services:
        found.services = services
        found.app = build_api(services)
        found.run(20)
        yield found


def test_what_is_wrong_is_told_with_what_to_do_next_in_the_language_asked_for(desk: Desk) -> None:
    answer = desk.ask("GET", "/v1/ops").json()
    (fault,) = answer["faults"]
    assert (fault["kind"], fault["severity"], fault["order"]) == ("broker", "critical", 1)
    assert fault["sentence"].startswith("Central is cut off from the broker")
    assert "mosquitto" in fault["mend"]
    assert answer["orders"] == {"open": 1, "claimed": 0, "escalated": 0}
    assert answer["listening_since"] is None
    for more in ({"params": {"language": "zh"}}, {"headers": {"Accept-Language": "zh-CN"}}):
        assert "消息服务器断开" in desk.ask("GET", "/v1/ops", **more).json()["faults"][0]["sentence"]


def test_an_order_is_claimed_given_back_escalates_and_is_closed(desk: Desk) -> None:
    claimed = desk.ask("POST", "/v1/orders/1/claim", json={"who": "Rita"}).json()
    assert (claimed["state"], claimed["claimed_by"]) == ("claimed", "Rita")
    again = desk.ask("POST", "/v1/orders/1/claim", role="admin")
    assert (again.status_code, again.json()["detail"]) == (409, "order 1: Rita has it; ask them to give it back")
    assert again.headers["content-type"] == "application/problem+json"
    assert desk.ask("POST", "/v1/orders/1/release").json()["state"] == "open"
    desk.run(185)
    assert desk.ask("GET", "/v1/ops").json()["orders"] == {"open": 1, "claimed": 0, "escalated": 1}
    assert desk.ask("POST", "/v1/orders/1/claim").json()["claimed_by"] == "ops"
    closed = desk.ask("POST", "/v1/orders/1/close", json={"note": "broker restarted", "who": "Rita"}).json()
    assert (closed["state"], closed["note"], closed["closed_by"]) == ("closed", "broker restarted", "Rita")
    story = [(event["what"], event["who"]) for event in closed["history"]]
    assert story == [
        ("opened", "atrium"),
        ("claimed", "Rita"),
        ("released", "ops"),
        ("escalated", "atrium"),
        ("claimed", "ops"),
        ("closed", "Rita"),
    ]
    assert len(desk.ask("GET", "/v1/ops").json()["faults"]) == 1, "closing an order mends nothing"


def test_what_cannot_be_done_is_said(desk: Desk) -> None:
    for what, body, status, words in REFUSED:
        answer = desk.ask(*what.split(), json=body)
        assert (answer.status_code, words in answer.json()["detail"]) == (status, True), (what, answer.text)


def test_orders_come_in_pages_newest_first(desk: Desk) -> None:
    with desk.services.store.database.writing() as connection:
        connection.executemany(
            """INSERT INTO orders (site, key, kind, severity, floor, box, camera, facts, state, since, opened_at,
               waiting_since)
               VALUES ('mall', ?, 'broker', 'critical', '', '', '', '{"reason": "r"}', 'open', 0, 0, 0)""",
            [(f"broker:{n}",) for n in range(6)],
        )
    seen, cursor = [], ""
    while cursor is not None:
        page = desk.ask("GET", "/v1/orders", params={"limit": 3, "cursor": cursor}).json()
        seen += [order["number"] for order in page["orders"]]
        cursor = page["next"]
    assert seen == [7, 6, 5, 4, 3, 2, 1]
    assert desk.ask("GET", "/v1/orders", params={"state": "closed"}).json() == {"orders": [], "next": None}


def test_a_manager_looks_and_touches_nothing(desk: Desk) -> None:
    assert desk.ask("GET", "/v1/orders", role="manager").status_code == 200
    assert desk.ask("POST", "/v1/orders/1/claim", role="manager").status_code == 403
