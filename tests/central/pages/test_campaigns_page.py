"""The campaigns pages: what is in force, offers with their reasons, and the editor; no member is ever named."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from central.offers.campaigns import Categories
from central.offers.templates import template
from central.store.store import Store
from tests.broker import MosquittoBroker
from tests.central.mall import Central, lunch
from tests.central.pages import enrolled
from tests.central.pages.browsing import Reader, assert_for_everybody, reading

pytestmark = pytest.mark.timeout(120)


def several() -> str:
    """Lunch, and the campaigns of two templates."""
    site = Categories({("g", "nordic"): "fashion", ("g", "cafe"): "dining"}, {})
    more = (template(name, site) for name in ("life_cycle", "spend_and_get"))
    head = re.compile(r"^(schema|currency) = .*\n", re.MULTILINE)
    return lunch() + "\n" + "\n".join(head.sub("", text) for text in more)


@pytest.fixture(scope="module")
def central(browser: Browser, tmp_path_factory: pytest.TempPathFactory, broker: MosquittoBroker) -> Iterator[Central]:
    running = Central(tmp_path_factory.mktemp("central"), broker, several())
    running.start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def offered(central: Central) -> Central:
    """The same, after an offer to one member and one held back from another."""
    store = Store(central.folder / "central.db", "mall")
    for number, (member, arm) in enumerate((("M-1042", "offer"), ("M-2077", "holdout"))):
        enrolled.enrol(store, member)
        enrolled.link(store, member)
        enrolled.offer(store, member, f"o{number}", arm)  # type: ignore[arg-type]
    store.close()
    return central


def test_before_any_offer_the_live_page_says_what_is_waited_for(browser: Browser, central: Central) -> None:
    with reading(browser, central) as reader:
        reader.open("/campaigns/live", "text=No offer has been made yet")
        assert "has spent 10 min in fashion today" in reader.page.inner_text("main")
        reader.assert_accessible()


def test_an_offer_appears_with_its_reason_and_facts(browser: Browser, offered: Central) -> None:
    with reading(browser, offered) as reader:
        page = reader.page
        reader.open("/campaigns/live", "text=spent 11 min in fashion")
        assert "M-1042" not in page.content()
        assert "M-2077" not in page.content()
        assert page.locator("tbody tr").count() == 2, "an offer and its facts; nothing of who was held back"
        page.click("button:has-text('Show the facts')")
        page.wait_for_selector(".facts:has-text('Match confidence')")
        facts = page.inner_text(".facts")
        for said in ("97.0%", "11 min; needed 10 min", "0 s; must be none", "gold", "0.84 s"):
            assert said in facts
        reader.assert_accessible()
        reader.shoot("campaigns-live.png", 64)


def test_a_campaign_says_what_it_did_and_what_is_left(browser: Browser, offered: Central) -> None:
    with reading(browser, offered) as reader:
        reader.open("/campaigns", "#campaign-lunch")
        tiles = reader.page.inner_text("#campaign-lunch dl").split("\n")
        told = dict(zip(tiles[::3], tiles[1::3], strict=False))
        assert (told["Offered today"], told["Held back today"]) == ("1", "1")
        assert "10.00 EUR" in tiles
        reader.page.click("#campaign-lunch summary")
        assert "has not been in dining today" in reader.page.inner_text("#campaign-lunch details")
        assert "M-1042" not in reader.page.content()
        reader.page.set_viewport_size({"width": 1280, "height": 1000})
        reader.shoot("campaigns.png", 64)


@pytest.mark.parametrize("path", ["/campaigns", "/campaigns/live", "/campaigns/editor"])
def test_the_pages_fit_and_are_read_by_everybody(browser: Browser, offered: Central, path: str) -> None:
    assert_for_everybody(browser, offered, path)


def write(reader: Reader, text: str) -> None:
    """Put the text into the editor as if typed."""
    reader.page.fill("#text", text)


def test_the_editor_says_at_the_line_what_is_wrong_as_one_types(browser: Browser, offered: Central) -> None:
    with reading(browser, offered) as reader:
        page = reader.page
        reader.open("/campaigns/editor", "#verdict:is(.good, .warn)")
        good = page.input_value("#text")
        wrong = good.replace('category = "dining"', 'category = "dinning"')
        line = 1 + wrong[: wrong.index("dinning")].count("\n")
        write(reader, wrong)
        page.wait_for_selector(f"#findings .error:has-text('line {line}')")
        assert page.locator(f"#gutter span:nth-child({line}).error").count() == 1
        page.click("#findings .error button")
        reader.shoot("campaigns-editor.png", 64)
        assert "dinning" in page.evaluate("text.value.slice(text.selectionStart, text.selectionEnd)")
        page.click("#save")
        page.wait_for_selector("#said:has-text('Not saved')")
        assert "dinning" not in (offered.folder / "campaigns.toml").read_text()
        write(reader, good)
        page.wait_for_selector("#standing:has-text('as in force')")


def test_what_changes_needs_a_higher_version_and_then_is_in_force(browser: Browser, offered: Central) -> None:
    path = offered.folder / "campaigns.toml"
    with reading(browser, offered) as reader:
        page = reader.page
        reader.open("/campaigns/editor", "#verdict:is(.good, .warn)")
        changed = page.input_value("#text").replace("minutes = 10.0", "minutes = 12.0") + "# as agreed on Monday\n"
        write(reader, changed)
        page.wait_for_selector("#findings .warning:has-text('version = 4')")
        page.click("#save")
        page.wait_for_selector("#said:has-text('Not saved')")
        changed = changed.replace("version = 3", "version = 4")
        write(reader, changed)
        page.click("#save")
        page.wait_for_selector("#said:has-text('in force from now on')")
        assert path.read_text() == changed, "comments and all"
        reader.open("/campaigns", "#campaign-lunch:has-text('version 4')")


def test_of_two_who_write_at_once_the_second_is_told(browser: Browser, offered: Central) -> None:
    path = offered.folder / "campaigns.toml"
    with reading(browser, offered) as reader:
        page = reader.page
        reader.open("/campaigns/editor", "#verdict:is(.good, .warn)")
        before = page.input_value("#text")
        path.write_text(before + "# by hand, meanwhile\n")
        write(reader, before + "# by the page\n")
        page.click("#save")
        page.wait_for_selector("#said:has-text('Somebody else has changed the file')")
        assert path.read_text() == before + "# by hand, meanwhile\n"
        page.on("dialog", lambda dialog: dialog.accept())


def test_a_file_that_is_wrong_leaves_the_last_good_one_in_force_and_says_so(browser: Browser, offered: Central) -> None:
    path = offered.folder / "campaigns.toml"
    good = path.read_text()
    path.write_text(good.replace('kind = "window"', 'kind = "windows"'))
    try:
        with reading(browser, offered) as reader:
            reader.open("/campaigns", "text=The newest file is not in force")
            assert reader.page.locator("#campaign-lunch").count() == 1
            path.write_text(good)
            reader.page.wait_for_selector("text=The newest file is not in force", state="detached")
    finally:
        path.write_text(good)


def test_a_role_sees_its_own_pages_only(browser: Browser, central: Central) -> None:
    with reading(browser, central, role="trigger") as reader:
        reader.open("/", "text=not for your role")
        assert reader.page.locator("nav li").count() == 0
    with reading(browser, central, role="ops") as reader:
        reader.open("/", "atrium-mall")
        for path in ("/campaigns", "/campaigns/live", "/campaigns/editor", "/results", "/members"):
            reader.open(path, "text=not for your role")
        assert reader.page.locator("nav a[href='/campaigns'], nav a[href='/members']").count() == 0


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
