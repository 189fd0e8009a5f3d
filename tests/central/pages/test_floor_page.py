"""The floor page: figures, windows, playback, and that it never claims to be live when it is not."""

from __future__ import annotations

import signal
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser

from central.insight.figure import FEW, SILENT, Figure, count_figure, share_figure
from central.pages.figure import Figures, Unit
from central.pages.i18n import LANGUAGES, words
from tests.central.pages.browsing import reading
from tests.central.pages.conftest import Lively

pytestmark = pytest.mark.timeout(180)

SHOWN: list[tuple[Figure, Unit]] = [
    (count_figure(1320, 2), "people"),
    (Figure(7.0, 7, 5.0, 11.0), "people"),
    (share_figure(31, 100), "share"),
    (Figure(272.0, 65, 222.0, 346.0), "seconds"),
    (Figure(41.0, 9, 30.0, 52.0), "seconds"),
    (Figure(4000.0, 9, 3000.0, 8000.0), "seconds"),
    (Figure(4.25, 9, 3.0, 8.0), "number"),
    (FEW, "people"),
    (SILENT, "seconds"),
]


def test_browser_and_server_write_figures_alike(browser: Browser, lively: Lively) -> None:
    for language in LANGUAGES:
        figures = Figures(words(language), 5)
        with reading(browser, lively.central, language=language) as reader:
            reader.open("/floor/g")
            for figure, unit in SHOWN:
                told = {name: getattr(figure, name) for name in ("value", "n", "low", "high", "withheld")}
                script = "async ([figure, unit]) => (await import('/assets/words.js')).figureHtml(figure, unit)"
                assert reader.page.evaluate(script, [told, unit]) == figures.html(figure, unit)
            for seconds in (0, 59.6, 61, 899, 1000, 3599, 3600, 7300, 200_000):
                told_in_browser = reader.page.evaluate(
                    "async (s) => (await import('/assets/words.js')).duration(s)", seconds
                )
                assert told_in_browser == words(language).duration(seconds)
            for at in (0, 1_767_268_800, 1_772_000_000):
                told_in_browser = reader.page.evaluate("async (at) => (await import('/assets/words.js')).day(at)", at)
                assert told_in_browser == words(language).day(datetime.fromtimestamp(at, UTC))


def test_midnight_and_local_times_are_those_of_the_mall(browser: Browser, lively: Lively) -> None:
    with reading(browser, lively.central, timezone_id="Asia/Shanghai") as reader:
        reader.open("/floor/g")
        script = """async (ends) => { const w = await import('/assets/words.js');
            return ends.map((end) => w.number(end, w.decimals(end))); }"""
        assert reader.page.evaluate(script, [0, 0.05, 0.1, 0.5, 2.5, 20]) == ["0", "0.05", "0.1", "0.5", "2.5", "20"]
        script = """async (at) => { const w = await import('/assets/words.js');
            return [w.midnight(at), w.toLocal(at), w.fromLocal(w.toLocal(at))]; }"""
        noon = 1_767_268_800
        assert reader.page.evaluate(script, noon) == [noon - 43_200, "2026-01-01T12:00", noon]


def test_people_stand_in_table_plan_and_card(browser: Browser, lively: Lively) -> None:
    with reading(browser, lively.central) as reader:
        reader.open("/floor/g?window=5", "[data-part=people] .figure")
        page = reader.page
        page.wait_for_selector(".zones tr[data-zone=pingo] [data-cell=stay] .figure")
        page.wait_for_function("Number(document.querySelector('[data-now=tasca]').textContent) > 5")
        page.click(".hit[data-zone=tasca]")
        page.wait_for_selector("[data-part=card] .figure b")
        assert "Tasca" in page.inner_text("[data-part=card]")
        page.click("[data-choice=dwell]")
        page.wait_for_function("/min|s$/.test(document.querySelector('[data-now=tasca]').textContent)")
        assert page.evaluate("document.querySelector('.under [data-zone=tasca]').style.fill") != ""
        page.click("[data-choice=occupancy]")
        assert "now" in page.inner_text("[data-part=meaning]")
        page.click("[data-choice=heat]")
        assert page.evaluate("document.querySelector('.under [data-zone=tasca]').style.fill") == ""
        page.wait_for_selector("[data-part=legend]:not([hidden])")
        assert "5 people" in page.inner_text(".below")


def test_the_last_minutes_are_played_back(browser: Browser, lively: Lively) -> None:
    with reading(browser, lively.central) as reader:
        reader.open("/floor/g?mode=playback", "[data-part=people] .figure")
        page = reader.page
        page.select_option("[data-part=range]", "15")
        page.wait_for_function("document.querySelector('[data-part=scrub]').max >= 10")
        page.wait_for_function("document.querySelector('[data-part=moment]').textContent.includes(':')")
        page.evaluate(
            "(() => { const scrub = document.querySelector('[data-part=scrub]'); scrub.value = scrub.max - 3; })()"
        )
        page.select_option("[data-part=speed]", "4")
        page.click("[data-act=play]")
        page.wait_for_function("(({ value, max }) => value === max)(document.querySelector('[data-part=scrub]'))")
        page.wait_for_selector("[data-act=play]:has-text('Play')")
        assert page.evaluate("document.querySelector('canvas').toDataURL().length") > 5000, "there is heat"
        page.select_option("[data-part=range]", "own")
        page.fill("[data-part=from]", "2026-01-02T10:00")
        page.fill("[data-part=to]", "2026-01-02T09:00")
        page.click("[data-act=load]")
        page.wait_for_selector("[data-part=moment]:has-text('before the end')")


def test_a_page_that_has_lost_central_turns_red_and_comes_back(browser: Browser, lively: Lively) -> None:
    with reading(browser, lively.central, expected=("WebSocket", "ERR_")) as reader:
        reader.open("/floor/g", "[data-part=fresh].good")
        lively.central.send(signal.SIGSTOP)
        try:
            reader.page.wait_for_selector("[data-part=fresh].bad:has-text('lost central')")
            reader.page.wait_for_selector("[data-part=veil]:not([hidden])")
            assert "unknown" in reader.page.inner_text("[data-part=people]")
        finally:
            lively.central.send(signal.SIGCONT)
        reader.page.wait_for_selector("[data-part=fresh].good")
        reader.page.wait_for_selector("[data-part=veil]", state="hidden")


def test_an_unknown_floor_is_said_to_be_unknown(browser: Browser, lively: Lively) -> None:
    with reading(browser, lively.central) as reader:
        reader.open("/floor/attic%3Cb%3E")
        assert "There is no floor attic<b>" in reader.page.inner_text("h1")
        reader.page.click("a[href='/floor/f1']")
        reader.page.wait_for_selector("h1:has-text('First floor')")


def test_a_silent_box_greys_its_floor_and_says_since_when(browser: Browser, lively: Lively) -> None:
    with reading(browser, lively.central) as reader:
        with reader.page.expect_response("**/plans/f2") as drawing:
            reader.open("/floor/f2", "[data-part=fresh].good")
        assert drawing.value.headers["content-type"] == "image/png"
        lively.boxes.silence("f2")
        reader.page.wait_for_selector("[data-part=fresh].bad:has-text('Box silent for')")
        assert "since" in reader.page.inner_text("[data-part=veil]")
        assert reader.page.text_content("[data-now=cinema]") == "–"  # noqa: RUF001 - what the page shows
        assert "unknown" in reader.page.inner_text("[data-part=people]")
        reader.open("/", "[data-floor=f2] .pill.bad")
        reader.page.wait_for_selector("[data-part=look] .bad:has-text('Second floor')")
        assert "2 of 3 floors live" in reader.page.inner_text(".head >> nth=0")
