"""The doors of a running central, and those who try them: forged, replayed, guessed, oversized, slow."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from central.identity.people import Users
from central.identity.tokens import add_token
from central.store.store import Store
from tests.broker import MosquittoBroker
from tests.central.mall import Central, eventually

PASSWORD = "correct horse battery"
OTHER = "staple staple staple correct"
PAGE = {"Accept": "text/html"}
LIMITS = """
[limits]
requests = 400
wrong_passwords = 3
"""


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory, broker: MosquittoBroker) -> Iterator[Central]:
    running = Central(tmp_path_factory.mktemp("central"), broker)
    running.config.write_text(running.config.read_text() + "trusted_proxies = ['127.0.0.1']\n" + LIMITS)
    running.start()
    yield running
    assert running.stop() == 0
    assert "Traceback" not in (running.folder / "central.log").read_text()


@pytest.fixture
def browser(central: Central) -> Iterator[httpx.Client]:
    """A browser at an address of its own, as the trusted proxy tells it."""
    with browser_at(central, f"198.51.100.{time.monotonic_ns() % 250}") as found:
        yield found


def browser_at(central: Central, address: str, scheme: str = "http") -> httpx.Client:
    headers = {"Origin": central.address, "X-Forwarded-For": address, "Accept": "text/html"}
    if scheme == "https":
        headers |= {"X-Forwarded-Proto": "https", "Origin": central.address.replace("http", "https", 1)}
    return httpx.Client(base_url=central.address, headers=headers, timeout=20)


def send(browser: httpx.Client, door: str, **fields: str) -> httpx.Response:
    """Fill in a door's form as it came and send it."""
    page = browser.get(door).text
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)
    assert csrf is not None
    return browser.post(door, data={"csrf": csrf[1]} | fields)


@pytest.fixture(scope="module")
def first(central: Central) -> str:
    """The first administrator's name, in by the code that central printed."""
    process = central._process
    assert process is not None
    assert process.stdout is not None
    code = process.stdout.readline().split()[-1]
    with browser_at(central, "203.0.113.77") as browser:
        assert "Nobody has an account here yet" in browser.get("/welcome").text
        wrong = send(browser, "/welcome", code="AAAA-AAAA", name="root", password=PASSWORD, again=PASSWORD)
        assert (wrong.status_code, "older than a day" in wrong.text) == (401, True)
        differs = send(browser, "/welcome", code=code, name="root", password=PASSWORD, again="x")
        assert (differs.status_code, "differ" in differs.text) == (422, True)
        short = send(browser, "/welcome", code=code, name="root", password="short", again="short")
        assert (short.status_code, "12 letters" in short.text) == (422, True)
        assert code not in short.text
        entered = send(browser, "/welcome", code=code, name="root", password=PASSWORD, again=PASSWORD)
        assert (entered.status_code, entered.headers["location"]) == (303, "/")
        assert browser.get("/v1/me").json()["role"] == "admin"
        assert browser.get("/welcome").headers["location"] == "/login"
    return "root"


@contextlib.contextmanager
def in_as(central: Central, name: str, address: str = "203.0.113.5") -> Iterator[httpx.Client]:
    """A browser in which somebody has logged in."""
    with browser_at(central, address) as found:
        assert send(found, "/login", name=name, password=PASSWORD).status_code == 303
        yield found


def test_a_name_and_password_open_the_pages(central: Central, first: str, browser: httpx.Client) -> None:
    entered = send(browser, "/login", name=first, password=PASSWORD)
    cookie = next(one for one in entered.headers.get_list("set-cookie") if one.startswith("atrium_login="))
    for part in ("httponly", "samesite=strict", "path=/"):
        assert part in cookie.lower()
    assert "secure" not in cookie.lower()
    assert browser.get("/floor/g").status_code == 200


def test_over_https_cookies_are_secure_and_browsers_stay_there(central: Central, first: str) -> None:
    with browser_at(central, "203.0.113.6", "https") as browser:
        entered = send(browser, "/login", name=first, password=PASSWORD)
        assert all("secure" in one.lower() for one in entered.headers.get_list("set-cookie") if "login" in one)
        assert entered.headers["strict-transport-security"].startswith("max-age=31536000")
    plain = httpx.get(f"{central.address}/login")
    assert "strict-transport-security" not in plain.headers
    for header in ("x-content-type-options", "x-frame-options", "content-security-policy", "permissions-policy"):
        assert header in plain.headers


def test_a_replayed_cookie_is_worth_nothing_after_logging_out(central: Central, first: str) -> None:
    with in_as(central, first) as browser:
        stolen = browser.cookies["atrium_login"]
        assert browser.get("/logout").headers["location"] == "/login"
    replay = httpx.get(f"{central.address}/v1/me", cookies={"atrium_login": stolen})
    assert replay.status_code == 401


def test_a_planted_session_does_not_become_the_victims(central: Central, first: str) -> None:
    with in_as(central, first, "203.0.113.8") as attacker:
        planted = attacker.cookies["atrium_login"]
        with browser_at(central, "203.0.113.9") as victim:
            victim.cookies.set("atrium_login", planted)
            page = victim.get("/login").text
            csrf = re.search(r'name="csrf" value="([^"]+)"', page)
            assert csrf is not None
            victim.post("/login", data={"csrf": csrf[1], "token": central.tokens["ops"]})
            assert victim.cookies.get("atrium_login", domain="127.0.0.1") != planted
        assert attacker.get("/v1/me").status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://127.0.0.1:1"},
    ],
)
def test_a_form_on_another_site_opens_no_door_and_ends_no_session(
    central: Central, first: str, headers: dict[str, str]
) -> None:
    with in_as(central, first, "203.0.113.10") as browser:
        for path, fields in (
            ("/login", {"token": central.tokens["ops"]}),
            ("/password", {"present": PASSWORD, "password": OTHER, "again": OTHER}),
            ("/logout", {}),
        ):
            assert browser.post(path, data=fields, headers=headers).status_code in {303, 403}
        write = browser.put("/v1/members/M-1", json={}, headers=headers | {"X-CSRF-Token": csrf_of(browser)})
        assert write.status_code == 403
        assert browser.get("/v1/me").status_code == 200


def csrf_of(browser: httpx.Client) -> str:
    return str(browser.get("/v1/me").json()["csrf"])


def test_a_write_with_a_cookie_needs_the_sessions_word(central: Central, first: str) -> None:
    with in_as(central, first, "203.0.113.11") as browser, in_as(central, first, "203.0.113.12") as another:
        for word in ("", "x", csrf_of(another), "ä"):
            refused = browser.put("/v1/members/M-2", json={}, headers={"X-CSRF-Token": word.encode()})
            assert refused.status_code == 403
            assert "csrf" in refused.text
        assert browser.cookies["atrium_csrf"] == csrf_of(browser)
        for origin in ({}, {"Origin": ""}):
            assert browser.get("/v1/members/M-2", headers=origin).status_code == 404
        taken = browser.put("/v1/members/M-2", json={}, headers={"X-CSRF-Token": csrf_of(browser)})
        assert taken.status_code == 200


def test_a_stale_form_is_shown_again(central: Central, first: str, browser: httpx.Client) -> None:
    stale = browser.post("/login", data={"csrf": "old", "name": first, "password": PASSWORD})
    assert (stale.status_code, "Try again" in stale.text) == (403, True)
    assert "atrium_login" not in browser.cookies


def socket_status(central: Central, **headers: str) -> str:
    """The first line of the answer to a WebSocket's opening."""
    host, port = central.address.removeprefix("http://").split(":")
    lines = [
        "GET /_nicegui_ws/socket.io/?EIO=4&transport=websocket HTTP/1.1",
        f"Host: {host}:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    return raw(central, ("\r\n".join(lines) + "\r\n\r\n").encode()).split(b"\r\n")[0].decode()


def raw(central: Central, content: bytes) -> bytes:
    host, port = central.address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as caller:
        caller.sendall(content)
        return caller.recv(65_536)


def test_a_socket_is_for_pages_of_ours_alone(central: Central, first: str) -> None:
    with in_as(central, first, "203.0.113.13") as browser:
        cookie = f"atrium_login={browser.cookies['atrium_login']}"
        assert "101" in socket_status(central, Cookie=cookie, Origin=central.address)
        assert "403" in socket_status(central, Cookie=cookie, Origin="http://evil.example")
        assert "403" in socket_status(central, Cookie=cookie)
        assert "403" in socket_status(central, Origin=central.address)


def test_guessing_a_password_is_slow_and_locks_out_nobody_else(central: Central, first: str) -> None:
    with browser_at(central, "203.0.113.66") as guesser:
        for _ in range(3):
            assert send(guesser, "/login", name=first, password="guess guess guess").status_code == 401
        braked = send(guesser, "/login", name=first, password=PASSWORD)
        assert braked.status_code == 429
        assert 0 < int(braked.headers["retry-after"]) <= 60
        forged = guesser.post("/login", data={}, headers={"X-Forwarded-For": "1.1.1.1, 203.0.113.66"})
        assert forged.status_code == 403
    with in_as(central, first, "203.0.113.67") as owner:
        assert owner.get("/v1/me").status_code == 200


def test_too_many_requests_of_one_token_wait(central: Central) -> None:
    token = add_token(central.folder / "tokens.json", "hasty", "ops")
    with httpx.Client(base_url=central.address, headers={"Authorization": f"Bearer {token}"}, timeout=20) as client:
        answers = [client.get("/v1/me") for _ in range(401)]
    assert [answer.status_code for answer in answers].count(429) == 1
    assert int(answers[-1].headers["retry-after"]) > 0
    assert answers[-1].headers["content-type"] == "application/problem+json"
    assert httpx.get(f"{central.address}/v1/me", headers=central.headers("ops")).status_code == 200


def test_a_confined_token_does_its_part_and_opens_no_page(central: Central, browser: httpx.Client) -> None:
    token = add_token(central.folder / "tokens.json", "part", "admin", scopes=["offers:read"])
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx.get(f"{central.address}/v1/offers", headers=headers).status_code == 200
    for path in ("/v1/members/M-1", "/v1/me", "/openapi.json", "/floor/g", "/"):
        refused = httpx.get(central.address + path, headers=headers)
        assert (refused.status_code, "confined to offers:read" in refused.text) == (403, True), path
    assert send(browser, "/login", token=token).status_code == 401


def test_changing_the_password_ends_every_session(central: Central) -> None:
    store = Store(central.folder / "central.db", "mall")  # as `atrium central user` does
    users = Users(store.database, "mall")
    users.add("ana", "ops", PASSWORD, time.time())
    with in_as(central, "ana", "203.0.113.20") as one, in_as(central, "ana", "203.0.113.21") as two:
        wrong = send(one, "/password", present="wrong wrong wrong", password=OTHER, again=OTHER)
        assert wrong.status_code == 401
        changed = send(one, "/password", present=PASSWORD, password=OTHER, again=OTHER)
        assert changed.headers["location"] == "/login"
        for browser in (one, two):
            assert browser.get("/v1/me", headers={"Accept": "application/json"}).status_code == 401
        assert send(two, "/login", name="ana", password=OTHER).status_code == 303
        users.set_disabled("ana", disabled=True)
        assert two.get("/v1/me", headers={"Accept": "application/json"}).status_code == 401
    store.close()


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../../access.py",
        "/assets/%2e%2e/%2e%2e/access.py",
        "/assets/..%2f..%2fsecrets.json",
        "/assets//etc/passwd",
        "/assets/%00",
        "/assets/....//....//etc/passwd",
        "/_nicegui/../../../etc/passwd",
        "/_nicegui/x/static/..%2f..%2f..%2fetc%2fpasswd",
        "/v1/../assets/../secrets.json",
        "/login/../v1/boxes",
    ],
)
def test_no_path_leads_out_of_the_assets(central: Central, path: str) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {central.headers('admin')['Authorization']}\r\n\r\n"
    answer = raw(central, request.encode())
    assert answer.split(b" ")[1] in {b"400", b"404"}
    assert b"root:" not in answer
    assert b"phone_key" not in answer
    closed = raw(central, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert closed.split(b" ")[1] in {b"400", b"401"}


@pytest.mark.parametrize("name", ["x\r\nSet-Cookie: a=b", "x\nLocation: //evil", "ä\u2028", "\0"])
def test_nothing_typed_becomes_a_header(central: Central, browser: httpx.Client, name: str) -> None:
    answer = send(browser, "/login", name=name, password=name, token="")
    assert answer.status_code == 401
    assert "a=b" not in str(answer.headers)
    assert "evil" not in str(answer.headers)
    assert "<b>x" not in send(browser, "/login", name="<b>x</b>", password="<b>x").text
    page = httpx.get(central.address + "/v1/zones/x%0d%0aSet-Cookie:%20a=b", headers=central.headers("admin"))
    assert "a=b" not in str(page.headers)


def test_a_large_body_is_refused_before_it_is_read(central: Central) -> None:
    address, headers = central.address + "/v1/members/M-3", central.headers("admin")
    big = httpx.put(address, content=b" " * 300_000, headers=headers | {"Content-Type": "application/json"})
    assert (big.status_code, big.headers["content-type"]) == (413, "application/problem+json")

    def drip() -> Iterator[bytes]:
        yield from (b" " * 10_000 for _ in range(40))

    chunked = httpx.put(address, content=drip(), headers=headers | {"Content-Type": "application/json"})
    assert chunked.status_code == 413
    form = httpx.post(f"{central.address}/login", content=b"token=" + b"x" * 5000)
    assert form.status_code == 413
    for length in ("-1", "1e9", "99999999999999999999999"):
        head = f"PUT /v1/members/M-3 HTTP/1.1\r\nHost: x\r\nAuthorization: {headers['Authorization']}\r\n"
        answer = raw(central, f"{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n".encode())
        assert answer.split(b" ")[1] in {b"400", b"413"}


def test_what_is_no_json_is_not_taken_for_it(central: Central) -> None:
    address, headers = central.address + "/v1/members/M-3", central.headers("admin")
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        answer = httpx.put(address, content=b"{}", headers=headers | {"Content-Type": kind})
        assert answer.status_code == 415
    for content, status in ((b"{", 422), (b"\xff", 400), (b"[" * 100_000, 400)):
        answer = httpx.put(address, content=content, headers=headers | {"Content-Type": "application/json"})
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_a_wrong_method_or_address_is_a_problem_too(central: Central) -> None:
    wrong = httpx.post(f"{central.address}/v1/boxes", headers=central.headers("admin"))
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET")
    assert wrong.headers["content-type"] == "application/problem+json"
    none = httpx.get(f"{central.address}/v1/none", headers=central.headers("admin"))
    assert (none.status_code, none.headers["content-type"]) == (404, "application/problem+json")
    for answer in (wrong, none):
        assert answer.headers["cache-control"] == "no-store"


def test_the_audit_knows_who_asked_what(central: Central, first: str) -> None:
    with in_as(central, first, "203.0.113.40") as browser:
        browser.get("/v1/dwell?from=2026-01-01T00:00:00.000Z&to=2026-01-01T01:00:00.000Z&token=secret")
        browser.get("/floor/g")
        httpx.get(f"{central.address}/v1/boxes", headers={"Authorization": "Bearer atrium_wrong"})
        httpx.get(f"{central.address}/v1/members/MEMBER-77", headers=central.headers("admin"))
        httpx.get(f"{central.address}/v1/members/MEMBER-77", headers=central.headers("ops"))

        def entries() -> list[dict[str, object]]:
            return list(browser.get("/v1/audit?limit=1000", headers={"Accept": "application/json"}).json()["entries"])

        def found(**wanted: object) -> list[dict[str, object]]:
            return [one for one in entries() if wanted.items() <= one.items()]

        window = "from=2026-01-01T00:00:00.000Z to=2026-01-01T01:00:00.000Z"
        eventually(lambda: found(who=first, kind="user", route="/v1/dwell", query=window, status=200))
        eventually(lambda: found(who=first, method="GET", route="/floor/g", status=200))
        eventually(lambda: found(who="", status=401, address="127.0.0.1"))
        eventually(lambda: found(who="admin", route="/v1/members/{member}", status=404))
        eventually(lambda: found(who="ops", kind="token", status=403))
        eventually(lambda: found(method="POST", route="/login", status=401))
        whole = browser.get("/v1/audit?limit=1000", headers={"Accept": "application/json"}).text
        assert "MEMBER-77" not in whole
        assert "token=" not in whole
        assert "secrets.json" not in whole
        assert PASSWORD not in whole
        paged, cursor = [], ""
        while cursor is not None:
            page = browser.get(f"/v1/audit?limit=7&cursor={cursor}" if cursor else "/v1/audit?limit=7").json()
            paged += page["entries"]
            cursor = page["next_cursor"]
        assert len(paged) >= len(entries()) - 5
        assert browser.get("/v1/audit?cursor=WzFd.forged").status_code == 422


def test_the_privacy_report_is_of_this_moment(central: Central, first: str) -> None:
    with in_as(central, first, "203.0.113.41") as browser:
        csrf = {"X-CSRF-Token": csrf_of(browser)}
        consents = [
            {"purpose": "journey", "given_at": "2026-01-01T09:00:00.000Z", "wording_version": "1", "source": "app"}
        ]
        for number in range(31):
            browser.put(f"/v1/members/C-{number}", json={"consents": consents}, headers=csrf).raise_for_status()
        browser.delete("/v1/members/C-0", headers=csrf).raise_for_status()
        report = eventually(
            lambda: (
                (found := browser.get("/v1/privacy").json())["erasures"]["open"] == 0
                and found["erasures"]["count"]
                and found
            )
        )
        assert report["faults"] == []
        assert report["settings"]["k"] == 5
        assert report["erasures"]["longest_s"] < 60
        assert abs(report["consents"]["journey"]["value"] - 30) <= 20  # off by more once in 10 million installations
        terms = {one["rule"]: one for one in report["terms"]}
        assert all(one["purged"] and one["left_over"] == 0 for one in terms.values())
        assert terms["visitor ids"]["kept_s"] == 172_800
        assert {"erasure", "consent", "storage"} <= {one["id"] for one in report["controls"]}


@pytest.mark.parametrize("word", ["../../etc/passwd", "zh", "xx", "\x00", "en'; --", "a" * 3000, "<b>x"])
def test_whatever_language_or_theme_a_stranger_wants_the_door_opens(central: Central, word: str) -> None:
    headers = {"Accept-Language": word.encode(), "Cookie": f"atrium_language={word}; atrium_theme={word}".encode()}
    if "\x00" in word:
        headers = {"Cookie": b"atrium_language=%00"}
    shown = httpx.get(f"{central.address}/login", headers=headers)
    assert shown.status_code == 200
    assert "<b>x" not in shown.text
