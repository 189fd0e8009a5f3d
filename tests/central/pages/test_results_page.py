"""The results pages: a rigged truth is told for what it is, its interval drawn; of what nobody was due, nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from benchmarks.uplift.written import CAMPAIGN, arms, write
from central.store.store import Store
from simulator.campaign_effect import World, story
from tests.broker import MosquittoBroker
from tests.central.mall import Central, lunch
from tests.central.pages.browsing import assert_for_everybody, reading

pytestmark = pytest.mark.timeout(120)

HELD_PERCENT = 20.0
WORLD = World(members=2_500, weeks=8, effect=0.35)
"""A third more visits, and a fifth of the members held back: found with far fewer members than a mall would have."""
PARTS = ("/results", "/results/funnel", "/results/tenants", "/results/pairs")


def two_campaigns() -> str:
    """The rigged one, and lunch, which nobody was ever due for."""
    held = lunch().replace("version = 3", f"version = 3\nholdout_percent = {HELD_PERCENT:g}")
    start = held.index("[[campaigns]]")
    return held + held[start:].replace('id = "lunch"', f'id = "{CAMPAIGN}"').replace("Lunch after fashion", "Rigged")


@pytest.fixture(scope="module")
def central(browser: Browser, tmp_path_factory: pytest.TempPathFactory, broker: MosquittoBroker) -> Iterator[Central]:
    running = Central(tmp_path_factory.mktemp("central"), broker, two_campaigns())
    store = Store(running.folder / "central.db", "mall")
    told = story(WORLD, 3)
    write(store, told, arms(told, bytes(32), HELD_PERCENT))
    with store.database.writing() as connection:  # or retention, which runs beside, forgets days written in 1970
        connection.execute("UPDATE member_days SET at = CAST(strftime('%s', day) AS REAL)")
    store.close()
    running.start()
    yield running
    assert running.stop() == 0


def test_what_works_is_told_to_work_and_what_is_young_is_not(browser: Browser, central: Central) -> None:
    with reading(browser, central) as reader:
        page = reader.page
        reader.open("/results", f"#result-{CAMPAIGN}")
        assert page.inner_text(f"#result-{CAMPAIGN} .pill") == "it works"
        assert "too early" in page.inner_text("#result-lunch .pill")
        drawn = page.get_attribute(f"#result-{CAMPAIGN} .interval-line.up >> nth=0", "aria-label") or ""
        ends = [float(end) for end in re.findall(r"[+\u2212](\d+\.\d)%", drawn)]
        assert len(ends) == 3, drawn
        assert ends[1] < 35 < ends[2], "the true effect lies within the interval"
        assert page.locator(f"#result-{CAMPAIGN} svg.looks polygon").count() == 1
        said = page.inner_text(f"#result-{CAMPAIGN}")
        assert "nothing to compare yet" in page.inner_text("#result-lunch")
        for way in ("used the coupon", "came after it", "would not have come without it"):
            assert way in said
        page.set_viewport_size({"width": 1280, "height": 980})
        reader.shoot("results.png", 64)
        page.click("text=14 days")
        page.wait_for_selector("nav a[aria-current=true]:has-text('14 days')")


@pytest.mark.parametrize("path", PARTS)
def test_every_part_fits_and_is_read_by_everybody(browser: Browser, central: Central, path: str) -> None:
    assert_for_everybody(browser, central, path)


def test_the_same_is_had_as_a_file(browser: Browser, central: Central) -> None:
    with reading(browser, central) as reader:
        reader.open("/results/funnel")
        address = reader.page.get_attribute("a:has-text('CSV')", "href") or ""
        answer = reader.context.request.get(central.address + address)
        assert answer.ok
        assert answer.text().startswith("first,last,traffic,")
