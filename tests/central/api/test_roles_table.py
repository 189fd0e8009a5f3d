"""Each role may what the table says and nobody else anything; no route is missing from the table."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from contract.tokens import ROLES, Role
from tests.broker import MosquittoBroker
from tests.central.api.roles import DOORS, PAGES, ROLES_BY_ROUTE, WAYS_OUT, address_of
from tests.central.mall import Central
from tests.central.ready_python import run

PAGE = {"Accept": "text/html"}
WRITES = {"PUT", "POST"}
NOT_FOR_YOU = "not for your role"


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory, broker: MosquittoBroker) -> Iterator[Central]:
    running = Central(tmp_path_factory.mktemp("central"), broker)
    running.start()
    yield running
    assert running.stop() == 0
    assert "Traceback" not in (running.folder / "central.log").read_text()


def status(central: Central, method: str, path: str, headers: dict[str, str]) -> httpx.Response:
    """The answer's head: a stream is not waited for."""
    body = {"json": {}} if method in WRITES else {}
    with httpx.stream(method, central.address + path, headers=headers, timeout=20, **body) as answer:  # type: ignore[arg-type]
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            answer.read()
        return answer


def test_the_table_names_every_route(central: Central, tmp_path: object) -> None:
    listed = run("tests.central.api.list_routes", central.config)
    assert listed.returncode == 0, listed.stderr
    routes = [(kind, method, path.replace(":path", "")) for kind, method, path in json.loads(listed.stdout)]
    api = {(method, path) for kind, method, path in routes if kind == "api" and path != "/v1/{rest}"}
    assert api - {("HEAD", "/openapi.json")} == set(ROLES_BY_ROUTE) | DOORS | WAYS_OUT | {("GET", "/password")}
    pages = {path for kind, _, path in routes if kind == "page" and not path.startswith("/_nicegui")}
    assert pages | {"/password"} == set(PAGES)
    mounts = {path for kind, _, path in routes if kind == "mount" and not path.startswith("/_nicegui")}
    assert mounts == {"", "/assets"}


@pytest.mark.parametrize("endpoint", ROLES_BY_ROUTE, ids=" ".join)
def test_each_role_may_what_the_table_says_and_nobody_else_anything(
    central: Central, endpoint: tuple[str, str]
) -> None:
    method, path = endpoint[0], address_of(endpoint[1])
    for role in ROLES:
        answer = status(central, method, path, central.headers(role))
        assert (answer.status_code == 403) == (role not in ROLES_BY_ROUTE[endpoint]), (role, answer.status_code)
        assert answer.status_code < 500
    for headers in ({}, {"Authorization": "Bearer atrium_wrong"}, {"Authorization": "Basic YTpi"}, PAGE):
        answer = status(central, method, path, headers)
        if headers is PAGE and not path.startswith("/v1/"):
            assert answer.status_code == 303
            continue
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("role", ROLES)
def test_each_role_sees_its_pages(central: Central, role: Role) -> None:
    with httpx.Client(base_url=central.address, headers=PAGE, follow_redirects=True, timeout=20) as browser:
        browser.post("/login", data={"token": central.tokens[role]})
        for path, roles in PAGES.items():
            answer = browser.get(address_of(path))
            assert answer.status_code in {200, 403}
            assert (answer.status_code == 200 and NOT_FOR_YOU not in answer.text) == (role in roles), path


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE"])
@pytest.mark.parametrize(
    "path",
    [
        *(address_of(page) for page in PAGES),
        "/assets/floor.js",
        "/_nicegui/none.js",
        "/_nicegui_ws/socket.io/?EIO=4&transport=polling",
        "/v1",
        "/v1/",
        "/v1/none",
        "//v1/boxes",
        "/healthz/",
        "/login/",
        "/docs",
        "/metrics",
        "/openapi.json",
        "/logout",
    ],
)
def test_nothing_answers_without_a_login(central: Central, method: str, path: str) -> None:
    answer = httpx.request(method, central.address + path, timeout=20)
    assert answer.status_code == 401, answer.text
    assert "mall" not in answer.text.lower()
    if method == "GET" and not path.startswith("/v1"):
        shown = httpx.get(central.address + path, headers=PAGE)
        assert (shown.status_code, shown.headers["location"]) == (303, "/login")
