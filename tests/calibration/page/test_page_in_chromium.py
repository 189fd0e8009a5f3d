"""The installer's page in a real Chromium, at a laptop's size and a phone's: new camera to passed certificate.

With ATRIUM_SCREENSHOTS=FOLDER (docs, from the repository's root) the pictures of the documentation are made anew.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from calibration.camera import load_cameras
from calibration.geometry import load_geometry
from calibration.page.gate import COOKIE
from calibration.versions.gate import read_certificate
from tests.calibration.page.installer import Installer, Served, new_mall, serve_page
from tests.chromium import chromium

MOST_CLICKS = 25
PAIRS = 8
LAPTOP = {"viewport": {"width": 1366, "height": 768}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
WITHIN_M = 0.07
"""Of the true camera, median over every zone; a CSS pixel of a phone is 1.6 pixels of the picture."""
MOST_SCREENSHOT_BYTES = 400_000

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def served(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("mall")
    new_mall(folder, ("g_linho", "g_mistral"), ("g_tasca",))
    running = serve_page(folder)
    yield running
    running.stop()


class Watched:
    """A tab whose faults and whose requests are noted."""

    def __init__(self, browser: Browser, **settings: object) -> None:
        self.context = browser.new_context(**settings)
        self.page: Page = self.context.new_page()
        self.faults: list[str] = []
        self.asked: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)
        self.page.on("request", lambda request: self.asked.append(request.url))


@pytest.fixture
def tab(browser: Browser, served: Served, request: pytest.FixtureRequest) -> Iterator[Watched]:
    watched = Watched(browser, **request.param)
    yield watched
    watched.context.close()
    assert watched.faults == []
    assert [url for url in watched.asked if not url.startswith((served.url, "data:", "blob:"))] == []


def shoot(page: Page, name: str) -> None:
    folder = os.environ.get("ATRIUM_SCREENSHOTS")
    if folder:
        path = Path(folder) / name
        png = page.screenshot(animations="disabled", type="png", scale="css")
        Image.open(io.BytesIO(png)).convert("RGB").quantize(255, kmeans=2).save(path, optimize=True)
        assert path.stat().st_size < MOST_SCREENSHOT_BYTES


@pytest.mark.parametrize(
    ("tab", "camera", "shot"),
    [(LAPTOP, "g_linho", "calibrate-laptop"), (PHONE, "g_mistral", "calibrate-phone")],
    ids=["laptop", "phone"],
    indirect=["tab"],
)
def test_a_new_camera_passes_within_25_clicks(tab: Watched, served: Served, camera: str, shot: str) -> None:
    page = tab.page
    ana = Installer(page, served, camera, touches="phone" in shot)
    ana.log_in()
    ana.choose()
    pixels, places = ana.corners()
    for k in range(PAIRS):
        ana.pair(pixels[k], places[k])
    verdict = ana.solved()
    for k in range(PAIRS, min(PAIRS + 3, len(pixels))):
        if verdict != "Pass":
            ana.pair(pixels[k], places[k])
            verdict = ana.solved()
    ana.tap("#finish")
    ana.tap("#save")
    page.wait_for_selector(".kept")
    assert verdict == "Pass"
    assert page.inner_text("#verdict") == "Pass"
    assert ana.clicks <= MOST_CLICKS, f"{ana.clicks} clicks"
    found = load_cameras(served.folder / "site" / "g.cameras.json")[camera]
    errors = ana.error_m(found)
    assert max(errors.values()) < WITHIN_M, errors
    with tab.context.expect_page() as opened:
        page.click("#certificate")
    sheet = opened.value
    assert camera in sheet.inner_text("h1")
    assert "PASS" in sheet.inner_text(".verdict").upper()
    assert sheet.evaluate("[...document.images].filter(image => image.naturalWidth > 0).length") == 3
    assert sheet.evaluate("getComputedStyle(document.querySelector('.page')).getPropertyValue('--ink')"), (
        "its own style"
    )
    sheet.close()
    page.wait_for_selector("#renewal:has-text('up to date')")
    assert "✓" in page.inner_text(f"#camera-{camera}")
    certificate = read_certificate(served.folder / "site" / "g.cameras.certificate.json")
    assert {each.camera: each.verdict for each in certificate.cameras}[camera] == "pass"
    show_off(ana, shot)


def show_off(ana: Installer, shot: str) -> None:
    """See-through and people, which every installer looks at before leaving."""
    page = ana.page
    page.evaluate("document.getElementById('back').click()")
    page.locator("#see").fill("45")
    for side in ("picture", "plan"):
        page.wait_for_selector(f"#view-{side} .scene[data-through^='/through/']")
    page.evaluate("document.getElementById('people').click()")
    page.wait_for_selector("#view-picture .person")
    assert page.locator("#view-plan .person").count() > 0
    page.evaluate("scrollTo(0, 0)")
    shoot(page, f"{shot}.png")
    page.evaluate("document.getElementById('people').click()")
    page.wait_for_selector("#people[aria-pressed=false]")


@pytest.mark.parametrize("tab", [LAPTOP], indirect=True)
def test_the_keyboard_alone_makes_moves_and_deletes_pairs(tab: Watched, served: Served) -> None:
    page = tab.page
    ana = Installer(page, served, "g_tasca", touches=False)
    ana.log_in()

    def tab_to(selector: str) -> None:
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("s => document.activeElement.matches(s)", selector):
                return
        raise AssertionError(selector)

    tab_to("#camera-g_tasca")
    page.keyboard.press("Enter")
    page.wait_for_selector("#view-picture .scene[data-ground^='/looks/']")
    tab_to("#view-picture .stage")
    for keys in (["Shift+ArrowRight"] * 3, ["ArrowDown"] * 2, ["Enter"]):
        for key in keys:
            page.keyboard.press(key)
    page.wait_for_selector("#work[data-waiting=picture]")
    tab_to("#view-plan .stage")
    for key in ["Shift+ArrowUp", "ArrowLeft", "Enter"]:
        page.keyboard.press(key)
    page.wait_for_selector("#pairs tbody tr")
    mark = page.locator("#view-picture .mark")
    at = [float(mark.get_attribute(name) or "nan") for name in ("data-x", "data-y")]
    assert at == pytest.approx([320 + 30, 180 + 2])
    assert "9.20, 8.00" in page.inner_text("#pairs")
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('#pairs').innerText.includes('9.25, 8.00')")
    page.keyboard.press("Control+z")
    page.wait_for_function("document.querySelector('#pairs').innerText.includes('9.20, 8.00')")
    page.keyboard.press("Control+Shift+z")
    page.wait_for_function("document.querySelector('#pairs').innerText.includes('9.25, 8.00')")
    tab_to("#remove-0")
    page.keyboard.press("Enter")
    page.wait_for_function("!document.querySelector('#pairs tbody tr')")


@pytest.mark.parametrize("tab", [LAPTOP], indirect=True)
def test_points_are_told_at_once_what_is_wrong_and_outlive_a_reload(tab: Watched, served: Served) -> None:
    page = tab.page
    ana = Installer(page, served, "g_tasca", touches=False)
    ana.log_in()
    ana.choose()
    for k in range(4):
        ana.pair(np.array([150.0 + 60 * k, 300.0]), np.array([3.0 + 1.3 * k, 2.0]))
    page.wait_for_function("document.querySelector('#status').innerText.includes('one line')")
    assert page.locator("#finish").is_disabled()
    page.reload()
    page.wait_for_function("document.querySelectorAll('#pairs tbody tr').length === 4")
    for left in (3, 2, 1, 0):
        page.click("#undo")
        page.click("#undo")
        page.wait_for_function(f"document.querySelectorAll('#pairs tbody tr').length === {left}")


@pytest.mark.parametrize("tab", [LAPTOP], indirect=True)
def test_zones_are_drawn_named_moved_and_saved(tab: Watched, served: Served) -> None:
    page = tab.page
    ana = Installer(page, served, "g_tasca", touches=False)
    ana.log_in()
    page.click("#zones")
    page.click("#draw-zone")
    for k, corner in enumerate([(4.0, 6.4), (6.0, 6.4), (6.0, 8.4), (4.0, 8.4)]):
        ana.point("plan", np.array(corner))
        page.wait_for_function(f"document.querySelectorAll('#view-plan .corner').length === {k + 1}")
    ana.point("plan", np.array([4.0, 6.4]))
    page.wait_for_selector("#zone-name")
    page.fill("#zone-name", "Pop-up <b>Ana</b>")
    page.fill("#zone-category", "Fashion")
    page.press("#zone-category", "Enter")
    page.wait_for_selector("#shape-zone-1:has-text('Pop-up <b>Ana</b>')")
    page.click("#draw-line")
    for corner in ((4.6, 6.4), (5.4, 6.4)):
        ana.point("plan", np.array(corner))
    page.wait_for_selector("#turn")
    page.click("#shape-zone-1")
    page.wait_for_selector("#shape-zone-1[aria-pressed=true]")
    page.wait_for_function("document.querySelectorAll('#view-plan .corner').length === 4")
    size = "document.querySelector('.form .quiet').innerText"
    before = page.evaluate(size)
    start, end = (ana.screen_point("plan", np.array(corner)) for corner in ((6.0, 8.4), (7.0, 7.6)))
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end)
    page.mouse.up()
    page.wait_for_function(f"{size} !== {json.dumps(before)}")
    page.click("#keep")
    page.wait_for_selector("#pairs .kept")
    zones, lines, walls = load_geometry(served.folder / "site" / "g.geojson")
    assert (zones["zone-1"].name, zones["zone-1"].category) == ("Pop-up <b>Ana</b>", "fashion")
    assert np.abs(zones["zone-1"].rings_m[0] - [(4, 6.4), (6, 6.4), (7, 7.6), (4, 8.4)]).max() < 0.06
    assert lines["zone-1-door-1"].zone == "zone-1"
    assert lines["zone-1-door-1"].in_normal[1] > 0
    assert len(zones) == 1 + len(ana.floor.zones)
    assert len(walls) == len(ana.floor.walls)


@pytest.mark.parametrize("tab", [PHONE], indirect=True)
def test_a_slow_finger_places_a_point_to_a_pixel(tab: Watched, served: Served) -> None:
    page = tab.page
    ana = Installer(page, served, "g_tasca", touches=True)
    ana.log_in()
    ana.choose()
    target = np.array([301.0, 207.0])
    x, y = ana.screen_point("picture", target + np.array([6.0, -5.0]))
    touch = tab.context.new_cdp_session(page)
    say = lambda kind, points: touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})  # noqa: E731
    say("touchStart", [{"x": x, "y": y}])
    page.wait_for_selector("#view-picture .loupe:not([hidden])")
    for _ in range(200):
        at = page.evaluate(
            "() => document.querySelector('#view-picture .cursor').transform.baseVal[0].matrix.e + ','"
            "+ document.querySelector('#view-picture .cursor').transform.baseVal[0].matrix.f"
        )
        off = target - np.array([float(part) for part in at.split(",")])
        if np.abs(off).max() < 0.5:
            break
        step = np.clip(off, -1.0, 1.0)
        x, y = x + step[0], y + step[1]
        say("touchMove", [{"x": x, "y": y}])
    box = page.locator("#view-picture .loupe").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < y, "the glass is above the finger"
    say("touchEnd", [])
    page.wait_for_selector("#work[data-waiting=picture]")
    mark = page.locator("#view-picture .mark.waiting")
    placed = np.array([float(mark.get_attribute(name) or "nan") for name in ("data-x", "data-y")])
    assert np.abs(placed - target).max() < 0.5
    page.tap("#undo")
    page.wait_for_selector("#work[data-waiting='']")


@pytest.mark.parametrize(
    "path",
    ["/", "/assets/page.js", "/looks/x", "/through/g_linho/plan", "/certificate/g_linho", "/plan", "/_nicegui/x.js"],
)
def test_nobody_gets_anything_without_logging_in(served: Served, path: str) -> None:
    answer = httpx.get(served.url + path)
    assert answer.status_code == 401
    assert httpx.get(served.url + path, headers={"Accept": "text/html"}).headers["location"] == "/login"
    assert httpx.get(served.url + path, cookies={COOKIE: "made-up"}).status_code == 401


def test_no_socket_opens_without_logging_in(served: Served) -> None:
    place = f"{served.url}/_nicegui_ws/socket.io/?EIO=4"
    assert httpx.get(f"{place}&transport=polling").status_code == 401
    wish = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    answer = httpx.get(f"{place}&transport=websocket", headers=wish | {"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="})
    assert answer.status_code == 403


def test_the_probe_answers_and_a_wrong_token_does_not_open(served: Served) -> None:
    assert httpx.get(f"{served.url}/healthz").json() == {"status": "ok"}
    answer = httpx.post(f"{served.url}/login", data={"token": "guess"})
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers
    assert httpx.post(f"{served.url}/login", content=b"token=" + b"x" * 9000).status_code == 413


def test_what_is_sent_is_kept_by_no_browser_and_leads_nowhere_else(served: Served) -> None:
    with httpx.Client(base_url=served.url) as client:
        cookie = client.post("/login", data={"token": served.token}).headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "samesite=strict" in cookie.lower()
        page = client.get("/")
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert "default-src 'self'" in page.headers["content-security-policy"]
        for name in ("../g_linho", "..%2f..%2fsite%2fsite.toml", "nobody", "%00"):
            for place in ("certificate", "looks"):
                answer = client.get(f"/{place}/{name}")
                assert answer.status_code == 404
        assert client.get("/looks/nothing").headers["cache-control"] == "no-store"
        assert client.get("/certificate/g_tasca").headers["cache-control"] == "no-store"
        client.get("/logout")
        assert client.get("/assets/page.js").status_code == 401


def test_every_look_of_this_session_was_logged(served: Served) -> None:
    lines = (served.folder / "state" / "snapshots" / "looks.jsonl").read_text().splitlines()
    looks = [json.loads(line) for line in lines]
    assert {look["who"] for look in looks} == {"installer"}
    assert {look["what"] for look in looks} == {"taken", "shown"}
    assert {look["camera"] for look in looks} == {"g_linho", "g_mistral", "g_tasca"}
