"""Ops, Flows, Shops and Privacy in a real Chromium: an order's whole life by a clock of ours, and pages for everybody.

With ATRIUM_SCREENSHOTS=FOLDER (docs, from the repository's root) the pictures of the documentation are made anew.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Literal

import httpx
import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.broker import MosquittoBroker
from tests.central.mall import eventually
from tests.central.pages.browsing import WIDTHS, Reader, reading
from tests.central.pages.staffed_mall import StaffedMall, add_cameras

LAPTOP: ViewportSize = {"width": 1280, "height": 900}
MOST_REQUESTS = 60
"""Of a first view."""
IS_SHOOTING = bool(os.environ.get("ATRIUM_SCREENSHOTS"))

pytestmark = pytest.mark.timeout(240)


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


@pytest.fixture(scope="module")
def ops(browser: Browser, mall: StaffedMall) -> Iterator[Reader]:
    """Somebody of ops at a laptop."""
    with reading(browser, mall, role="ops", viewport=LAPTOP) as reader:
        yield reader


def shoot(reader: Reader, name: str, height: int) -> None:
    reader.page.set_viewport_size({"width": LAPTOP["width"], "height": height})
    reader.shoot(name, colours=96)
    reader.page.set_viewport_size(LAPTOP)


def go(reader: Reader, path: str) -> Page:
    reader.open(path, "#main h1")
    return reader.page


def test_ops_says_what_is_wrong_and_what_to_do_next_worst_first(ops: Reader) -> None:
    page = go(ops, "/ops")
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


def test_the_light_of_a_dead_stream_is_red_though_its_status_says_online(mall: StaffedMall, ops: Reader) -> None:
    page = go(ops, "/ops")
    row = page.locator("#ops-boxes tr").filter(has_text="g_east")
    expect(row.locator(".pill")).to_have_text("fault")
    expect(row).to_contain_text("online")
    expect(page.locator("#ops-boxes tr").filter(has_text="g_north").locator(".pill")).to_have_text("live")
    mall.boxes["g"].fps["g_east"] = 8.0
    expect(row.locator(".pill")).not_to_have_text("live", timeout=1)
    mall.boxes["g"].fps["g_east"] = 0.0


def test_an_order_escalates_is_claimed_by_keyboard_and_closed_with_a_note(mall: StaffedMall, ops: Reader) -> None:
    page = go(ops, "/ops")
    order = page.locator("#ops-orders article").filter(has_text="f1_north")
    expect(order).to_contain_text("escalates in")
    mall.pass_time(180)
    expect(order).to_contain_text("Escalated: nobody has claimed it")
    if IS_SHOOTING:
        for camera in ("g_north", "f1_east"):
            expect(page.locator("#ops-boxes tr").filter(has_text=camera).locator(".pill")).to_have_text("live")
        shoot(ops, "ops.png", 1900)
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
    first = go(ops, "/ops")
    claim = "#ops-orders article:has-text('sushi') button:has-text('Claim')"
    with reading(browser, mall, role="admin", viewport=LAPTOP) as other:
        second = go(other, "/ops")
        second.evaluate("window.atriumLive.show = () => {}")  # a browser that has not heard yet
        first.locator(claim).click()
        expect(first.locator("#ops-orders article").filter(has_text="sushi")).to_contain_text("ops has it since")
        second.locator(claim).click()
        expect(second.locator("#said")).to_contain_text("ops has it; ask them to give it back")
    heard: list[bytes] = []
    box = mall.boxes["g"].client
    box.message_callback_add("atrium/mall/g/box-g/commands", lambda _c, _d, message: heard.append(message.payload))
    box.subscribe("atrium/mall/g/box-g/commands", 1)
    first.get_by_role("button", name="Restart camera g_east").first.click()
    expect(first.locator("#said")).to_contain_text("Sent to box-g")
    eventually(lambda: any(b'"restart_camera"' in payload and b'"g_east"' in payload for payload in heard))


def test_a_manager_sees_orders_and_no_buttons(browser: Browser, mall: StaffedMall) -> None:
    with reading(browser, mall, role="manager") as reader:
        page = go(reader, "/ops")
        expect(page.locator("#ops-orders article").first).to_be_visible()
        assert page.locator("#main button").count() == 0
        assert page.locator("#ops-quarantine pre").count() == 0
        page.evaluate("emitEvent('act', {act: 'claim', number: '1'})")
        expect(page.locator("#said")).to_contain_text("This is for ops and admin")


def test_flows_are_a_picture_and_a_table_by_shop_and_by_category(ops: Reader) -> None:
    page = go(ops, "/flows?window=yesterday")
    expect(page.locator(".sankey svg").first).to_be_visible()
    table = page.locator("table").first
    expect(table.locator("tbody tr").first).to_contain_text("±")
    shoot(ops, "flows.png", 1500)
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
    page = go(ops, "/shops?window=yesterday")
    page.get_by_role("link", name="Mistral").click()
    page.wait_for_url("**/shops/mistral?window=yesterday")
    tiles = page.locator("dl.tiles").inner_text()
    for name in ("Visitors", "Capture rate", "Passers-by", "Typical stay", "Parties", "Staff"):
        assert name in tiles
    expect(page.get_by_role("img", name="How long they stayed")).to_be_visible()
    assert page.get_by_role("img", name="Visitors by quarter-hour").locator(".column i:not(.withheld)").count() > 0
    shoot(ops, "shop.png", 1700)
    page.get_by_text("As a table").first.click()
    expect(page.locator("details[open] table").first).to_be_visible()
    expect(page.locator("#main")).to_contain_text("Wed 11 Mar 2026")
    page.goto(f"{ops.central.address}/shops/joia?window=hour")
    expect(page.locator("dl.tiles")).to_contain_text("fewer than 5")
    page.goto(f"{ops.central.address}/shops/nowhere")
    expect(page.locator("#main")).to_contain_text("Nothing to show yet")


def test_privacy_proves_its_purge_and_shows_the_audit_to_admins_alone(browser: Browser, mall: StaffedMall) -> None:
    with reading(browser, mall, role="admin", viewport=LAPTOP) as reader:
        page = go(reader, "/privacy")
        expect(page.locator("#main")).to_contain_text("Every promise below is kept")
        assert page.locator("#main").get_by_text("none left", exact=True).count() > 15
        expect(page.get_by_role("heading", name="Who asked what")).to_be_visible()
        shoot(reader, "privacy.png", 2000)
    with reading(browser, mall, role="manager") as reader:
        page = go(reader, "/privacy")
        expect(page.locator("#main")).to_contain_text("Every promise below is kept")
        assert page.get_by_role("heading", name="Who asked what").count() == 0


PAGES = ("/ops", "/flows", "/shops", "/shops/mistral", "/privacy")


@pytest.mark.parametrize(("language", "light", "judged"), [("en", "dark", 390), ("zh", "light", 1280)])
def test_pages_fit_every_screen_speak_and_are_open_to_everybody(
    browser: Browser, mall: StaffedMall, language: Literal["en", "zh"], light: Literal["light", "dark"], judged: int
) -> None:
    with reading(browser, mall, role="admin", language=language, light=light) as reader:
        for path in PAGES:
            reader.asked.clear()
            page = go(reader, path)
            page.wait_for_selector("#main .card")
            assert len(reader.asked) < MOST_REQUESTS, path
            is_chinese = any("\u4e00" <= letter <= "\u9fff" for letter in page.locator("#main").inner_text())
            assert is_chinese == (language == "zh"), path
            for width in WIDTHS:
                reader.resize(width)
                reader.assert_fits()
                if width == judged:
                    reader.assert_accessible()
