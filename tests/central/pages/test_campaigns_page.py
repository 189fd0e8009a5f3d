"""The offers page: what a manager reads about each offer, and that no member is named."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from central.store import offers
from central.store.offers import Offer
from central.store.store import Store
from tests.broker import MosquittoBroker
from tests.central.mall import Central, lunch
from tests.central.pages.browsing import reading

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def central(browser: Browser, tmp_path_factory: pytest.TempPathFactory, broker: MosquittoBroker) -> Iterator[Central]:
    running = Central(tmp_path_factory.mktemp("central"), broker, lunch())
    running.start()
    yield running
    assert running.stop() == 0


def test_an_offer_appears_with_its_reason_and_facts(browser: Browser, central: Central) -> None:
    with reading(browser, central) as reader:
        page = reader.page
        reader.open("/offers", "text=No offer has been made yet")
        assert "10 min in fashion" in page.inner_text("main")
        reader.assert_accessible()
        store = Store(central.folder / "central.db", "mall")
        insert_offer(store)
        store.close()
        page.wait_for_selector("text=spent 11 min in fashion")
        assert "M-1042" not in page.content()
        assert "DINE-15" in page.inner_text("main")
        page.click("button:has-text('Show the facts')")
        page.wait_for_selector(".facts:has-text('Match confidence')")
        assert "97.0%" in page.inner_text(".facts")
        reader.assert_accessible()
    with reading(browser, central, language="zh", light="dark") as reader:
        reader.open("/offers", "text=优惠券")
        reader.assert_accessible()


def insert_offer(store: Store) -> None:
    facts = {
        "campaign": {"id": "lunch", "version": 3},
        "link": {"confidence": 0.97, "distance_m": 0.2, "runner_up_m": None, "touchpoint": "checkin"},
        "conditions": [],
        "consents": ["journey", "offers"],
    }
    with store.database.writing() as connection:
        connection.execute("INSERT INTO members VALUES ('mall', 'M-1042', 'gold', NULL, 0)")
        connection.execute("INSERT INTO links VALUES ('mall', 'v', 'M-1042', 'g', 't', 0.97, ?, '{}')", (time.time(),))
        connection.execute(
            "INSERT INTO consents (site, member, purpose, given_at, wording, source)"
            " VALUES ('mall', 'M-1042', 'journey', 0, '1', 'app')"
        )
    sentence = "Checked in at 12:00; spent 11 min in fashion today (Nordic Wear)."
    offer = Offer(0, "o1", "M-1042", "lunch", 3, "2026-01-01", "DINE-15", "15 % off", time.time(), sentence, facts)
    assert offers.make(store.database, "mall", offer, ("journey",))


def test_a_role_sees_its_own_pages_only(browser: Browser, central: Central) -> None:
    with reading(browser, central, role="trigger") as reader:
        reader.open("/", "text=not for your role")
        assert reader.page.locator("nav li").count() == 0
    with reading(browser, central, role="ops") as reader:
        reader.open("/", "atrium-mall")
        reader.open("/offers", "text=not for your role")
        assert reader.page.locator("nav a[href='/offers']").count() == 0


def test_the_doors_speak_both_languages_in_both_lights(browser: Browser, central: Central) -> None:
    for locale, light, words in (("en-GB", "light", "Log in"), ("zh-CN", "dark", "登录")):
        context = browser.new_context(locale=locale, color_scheme=light, viewport={"width": 390, "height": 844})  # type: ignore[arg-type]
        page = context.new_page()
        page.goto(central.address)
        assert page.inner_text("h1") == words
        page.fill("#token", "atrium_wrong")
        page.click("form button")
        page.wait_for_selector("[role=alert]")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        context.close()
    page = browser.new_page()
    page.goto(central.address)
    page.click("[data-language=zh]")
    page.wait_for_selector("h1:has-text('登录')")
    page.fill("#token", central.tokens["manager"])
    page.click("form button")
    page.wait_for_selector("h1:has-text('全场实况')")
    page.context.close()
