"""Ops, Flows, Shops and Privacy in a real Chromium: an order's whole life by a clock of ours, and pages for everybody.

With ATRIUM_SCREENSHOTS=FOLDER (docs, from the repository's root) the pictures of the documentation are made anew.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from contract.tokens import Role
from tests.broker import MosquittoBroker
from tests.central.mall import eventually
from tests.central.pages.staffed_mall import StaffedMall, add_cameras
from tests.chromium import chromium

MOST_SCREENSHOT_BYTES = 300_000
MOST_REQUESTS = 60
"""Of a first view."""
WAIT_MS = 30_000
IS_SHOOTING = bool(os.environ.get("ATRIUM_SCREENSHOTS"))

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def mall(tmp_path_factory: pytest.TempPathFactory, broker: MosquittoBroker) -> Iterator[StaffedMall]:
    running = StaffedMall(tmp_path_factory.mktemp("staffed"), broker)
    add_cameras(running.folder, ("g", "f1"), certified=("g", "f1"), failed="sushi")
    running.seed(15 if IS_SHOOTING else 2, people=1500 if IS_SHOOTING else 600)
    ground, first = running.open_box("g"), running.open_box("f1")
    ground.fps["g_east"] = 0.0
    running.start()
    ground.start()
    first.start()
    first.say_camera("f1_north", "blind", "moved: turned 4.2 degrees", 4.2)
    first.publish("visits", b'{"schema": "atrium.visit.v1", "site": "mall", "floor": "f1", "oops": true}')
    kinds = {"box_silent", "camera_dead_stream", "camera_moved", "certificate_failed", "quarantine"}
    eventually(lambda: {order["fault"]["kind"] for order in orders(running)} == kinds, timeout_s=60)
    yield running
    running.close()
    assert "Traceback" not in (running.folder / "central.log").read_text()


def orders(mall: StaffedMall) -> list[dict[str, dict[str, str]]]:
    answer = httpx.get(f"{mall.address}/v1/orders", headers=mall.headers("ops"), timeout=20)
    found: list[dict[str, dict[str, str]]] = answer.json()["orders"]
    return found


class Reader:
    """Somebody's tab; its faults and requests are noted."""

    def __init__(self, browser: Browser, mall: StaffedMall, role: Role, **settings: object) -> None:
        self.mall = mall
        self.context: BrowserContext = browser.new_context(**settings)
        self.page: Page = self.context.new_page()
        self.page.set_default_timeout(WAIT_MS)
        self.faults: list[str] = []
        self.asked: list[str] = []
        self.page.goto(f"{mall.address}/login")
        self.page.fill("#token", mall.tokens[role])
        self.page.press("#token", "Enter")
        self.page.wait_for_url(f"{mall.address}/")
        self.page.goto("about:blank")
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)
        self.page.on("request", lambda request: self.asked.append(request.url))

    def open(self, path: str) -> Page:
        self.page.goto(self.mall.address + path)
        self.page.wait_for_selector("#main h1")
        return self.page

    def close(self) -> None:
        self.context.close()
        assert self.faults == []
        ours = (self.mall.address, "data:", "blob:", "about:")
        assert [url for url in self.asked if not url.startswith(ours)] == []


@pytest.fixture(scope="module")
def ops(browser: Browser, mall: StaffedMall) -> Iterator[Reader]:
    reader = Reader(browser, mall, "ops", viewport={"width": 1280, "height": 900}, locale="en-GB")
    yield reader
    reader.close()


def shoot(page: Page, name: str, height: int) -> None:
    folder = os.environ.get("ATRIUM_SCREENSHOTS")
    if folder:
        path = Path(folder) / name
        page.set_viewport_size({"width": 1280, "height": height})
        png = page.screenshot(animations="disabled")
        page.set_viewport_size({"width": 1280, "height": 900})
        Image.open(io.BytesIO(png)).convert("RGB").quantize(128, kmeans=1).save(path, optimize=True)
        assert path.stat().st_size < MOST_SCREENSHOT_BYTES, path.stat().st_size


def test_ops_says_what_is_wrong_and_what_to_do_next_worst_first(ops: Reader) -> None:
    page = ops.open("/ops")
    articles = page.locator("#ops-orders article")
    expect(articles).to_have_count(5)
    heads = articles.locator("h3").all_inner_texts()
    assert set(heads[:2]) == {
        "Camera g_east (Ground floor) says it is online, but no frame comes",
        "Box box-f2 (Second floor) is silent",
    }
    moved = articles.filter(has_text="f1_north")
    expect(moved).to_contain_text("it has turned by 4.2°, and its zones pause")
    expect(moved).to_contain_text("What to do next: Put it back as it hung, or confirm the new pose")
    expect(page.locator("#ops-head")).to_contain_text("5 faults")
    expect(page.locator("#ops-boxes")).to_contain_text("0 missing, 0 replayed")
    page.get_by_text("The newest", exact=True).click()
    expect(page.locator("#ops-quarantine pre")).to_contain_text('"oops": true')


def test_the_light_of_a_dead_stream_is_red_though_its_status_says_online(ops: Reader) -> None:
    page = ops.open("/ops")
    row = page.locator("#ops-boxes tr").filter(has_text="g_east")
    expect(row.locator(".pill")).to_have_text("fault")
    expect(row).to_contain_text("online")
    expect(page.locator("#ops-boxes tr").filter(has_text="g_north").locator(".pill")).to_have_text("live")
    ops.mall.boxes["g"].fps["g_east"] = 8.0
    expect(row.locator(".pill")).not_to_have_text("live", timeout=1)
    ops.mall.boxes["g"].fps["g_east"] = 0.0


def test_an_order_escalates_is_claimed_by_keyboard_and_closed_with_a_note(ops: Reader) -> None:
    page = ops.open("/ops")
    order = page.locator("#ops-orders article").filter(has_text="f1_north")
    expect(order).to_contain_text("escalates in")
    ops.mall.pass_time(180)
    expect(order).to_contain_text("Escalated: nobody has claimed it")
    if IS_SHOOTING:
        expect(page.locator("#ops-boxes tr").filter(has_text="g_north").locator(".pill")).to_have_text("live")
        shoot(page, "ops.png", 1900)
    name = order.get_by_label("Your name")
    name.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("Rita Alves")
    typed_over = page.locator("#ops-head .end").inner_text()
    expect(page.locator("#ops-head .end")).not_to_have_text(typed_over)  # the page has been shown anew meanwhile
    expect(name).to_have_value("Rita Alves")
    expect(name).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(order).to_contain_text("Rita Alves has it since")
    order.get_by_text("Close with a note").press("Enter")
    order.get_by_label("What was done").fill("Put back as it hung")
    order.get_by_role("button", name="Close", exact=True).press("Enter")
    expect(page.locator("#ops-orders article").filter(has_text="f1_north")).to_have_count(0)
    closed = page.locator("#ops-closed tr").filter(has_text="f1_north")
    expect(closed).to_contain_text("Rita Alves")
    closed.get_by_text("History").click()
    told = closed.locator("li").all_inner_texts()
    assert [line.split(" · ")[1:] for line in told] == [
        ["opened"],
        ["escalated: nobody had claimed it"],
        ["claimed", "Rita Alves"],
        ["closed", "Rita Alves"],
    ]
    note = page.locator("#ops-notes article").filter(has_text="f1_north")
    expect(note).to_contain_text("Rita Alves closed its order")


def test_of_two_who_claim_the_other_is_told_and_a_box_is_told_to_restart_a_camera(
    browser: Browser, mall: StaffedMall, ops: Reader
) -> None:
    other = Reader(browser, mall, "admin", viewport={"width": 1280, "height": 900})
    first, second = ops.open("/ops"), other.open("/ops")
    claim = "#ops-orders article:has-text('sushi') button:has-text('Claim')"
    second.evaluate("window.atriumLive.show = () => {}")  # a browser that has not heard yet
    first.locator(claim).click()
    expect(first.locator("#ops-orders article").filter(has_text="sushi")).to_contain_text("ops has it since")
    second.locator(claim).click()
    expect(second.locator("#said")).to_contain_text("ops has it; ask them to give it back")
    other.close()
    heard: list[bytes] = []
    box = mall.boxes["g"].client
    box.message_callback_add("atrium/mall/g/box-g/commands", lambda _c, _d, message: heard.append(message.payload))
    box.subscribe("atrium/mall/g/box-g/commands", 1)
    first.get_by_role("button", name="Restart camera g_east").first.click()
    expect(first.locator("#said")).to_contain_text("Sent to box-g")
    eventually(lambda: any(b'"restart_camera"' in payload and b'"g_east"' in payload for payload in heard))


def test_a_manager_sees_orders_and_no_buttons(browser: Browser, mall: StaffedMall) -> None:
    reader = Reader(browser, mall, "manager")
    page = reader.open("/ops")
    expect(page.locator("#ops-orders article").first).to_be_visible()
    assert page.locator("#main button").count() == 0
    assert page.locator("#ops-quarantine pre").count() == 0
    page.evaluate("emitEvent('act', {act: 'claim', number: '1'})")
    expect(page.locator("#said")).to_contain_text("This is for ops and admin")
    reader.close()


def test_flows_are_a_picture_and_a_table_by_shop_and_by_category(ops: Reader) -> None:
    page = ops.open("/flows?window=yesterday")
    expect(page.locator(".sankey svg").first).to_be_visible()
    table = page.locator("table").first
    expect(table.locator("tbody tr").first).to_contain_text("±")
    shoot(page, "flows.png", 1500)
    page.get_by_role("link", name="Categories").click()
    page.wait_for_url("**/flows?by=category&window=yesterday")
    expect(page.locator("table").first.locator("tbody")).to_contain_text("entertainment")
    assert "+" not in page.locator("table").first.inner_text()
    ops.page.get_by_role("link", name="Shops").nth(1).click()
    page.wait_for_url("**/flows?by=zone&window=yesterday")
    page.locator("table").first.locator("tbody a").first.click()
    page.wait_for_url("**/shops/*?window=yesterday")
    expect(page.locator("#main h1")).to_be_visible()


def test_a_shop_tells_who_came_how_long_they_stayed_and_from_where(ops: Reader) -> None:
    page = ops.open("/shops?window=yesterday")
    page.get_by_role("link", name="Mistral").click()
    page.wait_for_url("**/shops/mistral?window=yesterday")
    tiles = page.locator("dl.tiles").inner_text()
    for name in ("Visitors", "Capture rate", "Passers-by", "Typical stay", "Parties", "Staff"):
        assert name in tiles
    expect(page.get_by_role("img", name="How long they stayed")).to_be_visible()
    assert page.get_by_role("img", name="Visitors by quarter-hour").locator(".column i:not(.withheld)").count() > 0
    shoot(page, "shop.png", 1700)
    page.get_by_text("As a table").first.click()
    expect(page.locator("details[open] table").first).to_be_visible()
    expect(page.locator("#main")).to_contain_text("Wed 11 Mar 2026")
    page.goto(f"{ops.mall.address}/shops/joia?window=hour")
    expect(page.locator("dl.tiles")).to_contain_text("fewer than 5")
    page.goto(f"{ops.mall.address}/shops/nowhere")
    expect(page.locator("#main")).to_contain_text("Nothing to show yet")


def test_privacy_proves_its_purge_and_shows_the_audit_to_admins_alone(browser: Browser, mall: StaffedMall) -> None:
    reader = Reader(browser, mall, "admin", viewport={"width": 1280, "height": 900})
    page = reader.open("/privacy")
    expect(page.locator("#main")).to_contain_text("Every promise below is kept")
    assert page.locator("#main").get_by_text("none left", exact=True).count() > 15
    expect(page.locator("#main")).to_contain_text("Who asked what")
    shoot(page, "privacy.png", 2000)
    reader.close()
    manager = Reader(browser, mall, "manager")
    assert "Who asked what, " not in manager.open("/privacy").locator("h2").all_inner_texts()
    assert manager.page.get_by_role("heading", name="Who asked what").count() == 0
    manager.close()


PAGES = ("/ops", "/flows", "/shops", "/shops/mistral", "/privacy")
SIZES = [(390, "en", "dark"), (1280, "zh", "light"), (2560, "en", "light")]


@pytest.mark.parametrize(("width", "language", "light"), SIZES, ids=["phone", "laptop-zh", "wall"])
def test_pages_fit_speak_and_are_open_to_everybody(
    browser: Browser, mall: StaffedMall, width: int, language: str, light: str
) -> None:
    locale = {"en": "en-GB", "zh": "zh-CN"}[language]
    reader = Reader(browser, mall, "admin", viewport={"width": width, "height": 900}, locale=locale, color_scheme=light)
    axe = Axe()
    for path in PAGES:
        reader.asked.clear()
        page = reader.open(path)
        page.wait_for_selector("#main .card")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        is_chinese = any("\u4e00" <= letter <= "\u9fff" for letter in page.locator("#main").inner_text())
        assert is_chinese == (language == "zh"), path
        assert page.get_attribute("html", "lang") == ("zh-CN" if language == "zh" else "en-US")
        assert len(reader.asked) < MOST_REQUESTS, path
        if width > 2000:
            continue  # as for a laptop; axe takes its time
        found = axe.run(page, options={"resultTypes": ["violations"]})
        serious = [
            (one["id"], one["nodes"][0]["html"][:200])
            for one in found.response["violations"]
            if one["impact"] in {"serious", "critical"}
        ]
        assert serious == [], path
    reader.close()
