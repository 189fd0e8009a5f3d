"""Mall and Floor at three widths, in two languages and two lights; with the keyboard alone; and what they cost."""

from __future__ import annotations

import re
import time

import nicegui
import pytest
from playwright.sync_api import Browser

from tests.central.pages.browsing import WIDTHS, Reader, reading
from tests.central.pages.conftest import Lively

PAGES = {
    "/": "[data-floor=g] canvas[data-changes]",
    "/floor/g?window=5&zone=tasca": "[data-part=card]:not([hidden]) .figure >> nth=2",
}
"""By address, what stands there when it is drawn."""
PICTURES = {
    ("en", "light", 1280, "/"): "mall.png",
    ("en", "light", 1280, "/floor"): "floor.png",
    ("en", "light", 390, "/floor"): "floor-phone.png",
    ("zh", "dark", 1280, "/floor"): "floor-zh-dark.png",
}
"""Kept in docs/, by language, light, width and page."""
MOST_BYTES, MOST_REQUESTS = 800_000, 60
"""Of a first view with an empty cache; NiceGUI's own scripts are most of it."""

pytestmark = pytest.mark.timeout(240)


@pytest.mark.parametrize(("language", "light"), [("en", "light"), ("en", "dark"), ("zh", "light"), ("zh", "dark")])
def test_pages_fit_every_screen_and_axe_finds_nothing_serious(
    browser: Browser, lively: Lively, language: str, light: str
) -> None:
    with reading(browser, lively.central, language=language, light=light) as reader:  # type: ignore[arg-type]
        page = reader.page
        for path, drawn in PAGES.items():
            reader.open(path, drawn)
            assert page.get_attribute("html", "lang") == {"en": "en-US", "zh": "zh-CN"}[language]
            ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert (sum(map(int, re.findall(r"\d+", ground)[:3])) < 200) == (light == "dark")
            for width in WIDTHS:
                reader.resize(width)
                reader.assert_fits()
                if picture := PICTURES.get((language, light, width, path[:6])):
                    reader.shoot(picture)
                if width == {"en": 2560, "zh": 390}[language]:
                    reader.assert_accessible()
            if language == "zh":
                assert not re.search("[a-z]{4}", page.inner_text(".over .tiles" if path == "/" else ".controls"))


def test_an_address_of_nothing_says_so_and_leads_back(browser: Browser, lively: Lively) -> None:
    with reading(browser, lively.central, language="zh", expected=("404",)) as reader:
        page = reader.page
        answer = page.goto(f"{lively.central.address}/floors/nowhere")
        assert answer is not None
        assert answer.status == 404
        page.wait_for_selector("main h1:has-text('此地址没有页面')")
        assert page.get_attribute("html", "lang") == "zh-CN"
        reader.assert_accessible()
        missing = page.request.get(f"{lively.central.address}/_nicegui/{nicegui.__version__}/libraries/none.js")
        assert (missing.status, missing.headers["content-type"]) == (404, "application/json")
        page.click("nav a[href='/floor']")
        page.wait_for_selector("[data-part=people] .figure")


def test_the_first_view_is_small_and_goes_on_over_one_stream(
    browser: Browser, lively: Lively, record_property: pytest.RecordProperty
) -> None:
    with reading(browser, lively.central) as reader:
        tab = reader.context.new_cdp_session(reader.page)
        tab.send("Network.enable")
        tab.send("Network.clearBrowserCache")
        weights: list[float] = []
        tab.on("Network.loadingFinished", lambda data: weights.append(data["encodedDataLength"]))
        reader.asked.clear()
        began = time.perf_counter()
        reader.open("/floor/g", "[data-part=people] .figure")
        reader.page.wait_for_function("Number(document.querySelector('canvas').dataset.changes) > 1")
        told = f"{time.perf_counter() - began:.2f} s, {sum(weights)} bytes, {len(reader.asked)} requests"
        record_property("first_view", told)
        assert 0 < sum(weights) < MOST_BYTES, told
        assert len(reader.asked) < MOST_REQUESTS, told
        reader.asked.clear()
        changes = int(reader.page.get_attribute("canvas", "data-changes") or 0)
        reader.page.wait_for_function(f"Number(document.querySelector('canvas').dataset.changes) >= {changes + 5}")
        assert len([url for url in reader.asked if "/live/" in url]) == 0, "the stream carries what is live"
        assert len(reader.asked) <= 4, reader.asked


def test_the_heat_moves_while_people_do(browser: Browser, lively: Lively) -> None:
    with reading(browser, lively.central) as reader:
        reader.open("/floor/g?window=now", "[data-part=people] .figure")
        reader.page.uncheck("[data-switch=dots]")
        reader.page.wait_for_function("Number(document.querySelector('canvas').dataset.changes) > 2")
        first = reader.page.evaluate("document.querySelector('canvas').toDataURL()")
        reader.page.wait_for_function("first => document.querySelector('canvas').toDataURL() !== first", arg=first)
        assert first != reader.page.evaluate(
            "() => { const c = document.querySelector('canvas'); const e = document.createElement('canvas');"
            "e.width = c.width; e.height = c.height; return e.toDataURL(); }"
        ), "there is heat"


def focused(reader: Reader) -> str:
    """What the keyboard is at, in words, and which of all elements it is."""
    found: str = reader.page.evaluate(
        """(() => {
          const one = document.activeElement;
          const { choice, zone, zoom, act, part, switch: name, language } = one.dataset;
          const group = one.closest("[data-group]")?.dataset.group;
          const place = [...document.querySelectorAll("*")].indexOf(one);
          const words = [group, choice, zone, zoom, act, part, name, language, one.getAttribute("href")];
          return [place, one.tagName, ...words].filter((word) => word !== undefined && word !== null).join(" ");
        })()"""
    )
    return found


def test_every_control_of_the_floor_is_reached_and_used_by_keyboard_alone(browser: Browser, lively: Lively) -> None:
    with reading(browser, lively.central) as reader:
        reader.open("/floor/g?mode=playback&window=5", "[data-part=people] .figure")
        page = reader.page
        page.wait_for_function("Number(document.querySelector('[data-part=scrub]').max) >= 3")
        reached = []
        while focused(reader) not in reached:
            reached.append(focused(reader))
            page.keyboard.press("Tab")
        reached = [one.split(" ", 1)[1] for one in reached]
        assert reached[1] == "A #main"
        bar = {"BUTTON zh", "A /shops", "A /floor/f1"}
        floor = {"BUTTON mode live", "BUTTON who everybody", "path pingo", "BUTTON in", "BUTTON tasca"}
        assert bar | floor | {"BUTTON play", "INPUT scrub", "SELECT speed"} <= set(reached), reached
        page.focus("[data-part=scrub]")
        before = page.inner_text("[data-part=moment]")
        page.keyboard.press("ArrowLeft")
        assert page.inner_text("[data-part=moment]") != before
        page.focus("[data-choice=live]")
        page.keyboard.press("Enter")
        page.focus("[data-choice=dwell]")
        page.keyboard.press("Space")
        assert page.get_attribute("[data-choice=dwell]", "aria-pressed") == "true"
        page.focus(".hit[data-zone=pingo]")
        page.wait_for_selector("[data-part=card]:has-text('Pingo')")
        page.keyboard.press("Enter")
        page.wait_for_selector("[data-part=card] a[href='/shops/pingo']:focus")
        page.keyboard.press("Escape")
        page.wait_for_selector("[data-part=card]", state="hidden")
        page.wait_for_selector(".hit[data-zone=pingo]:focus")
        page.focus("[data-zoom=in]")
        page.keyboard.press("Enter")
        page.wait_for_selector(".plan.zoomed")


def test_the_menu_of_a_phone_opens_and_closes_by_keyboard(browser: Browser, lively: Lively) -> None:
    with reading(browser, lively.central, viewport={"width": 390, "height": 844}) as reader:
        page = reader.page
        reader.open("/")
        assert not page.is_visible("#pages")
        page.focus(".bar .menu")
        page.keyboard.press("Enter")
        page.wait_for_selector("#pages a[href='/floor']")
        page.keyboard.press("Escape")
        page.wait_for_selector("#pages", state="hidden")


def test_language_and_light_are_a_click_away_and_stay(browser: Browser, lively: Lively) -> None:
    with reading(browser, lively.central) as reader:
        page = reader.page
        reader.open("/floor/g")
        page.click("[data-language=zh]")
        page.wait_for_selector("text=当前客流")
        page.click(".theme")
        page.wait_for_selector("html[data-theme=light]")
        page.click(".theme")
        page.wait_for_selector("html[data-theme=dark]")
        reader.open("/")
        assert "全场实况" in page.inner_text("h1")
        assert page.get_attribute("html", "data-theme") == "dark"
