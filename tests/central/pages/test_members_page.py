"""The members page: one member by exact id or phone, all that is known of them, and nothing of where they were."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from central.store import members
from central.store.store import Store
from tests.broker import MosquittoBroker
from tests.central.mall import Central, eventually, lunch
from tests.central.pages import enrolled
from tests.central.pages.browsing import WIDTHS, Reader, reading

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def central(browser: Browser, tmp_path_factory: pytest.TempPathFactory, broker: MosquittoBroker) -> Iterator[Central]:
    running = Central(tmp_path_factory.mktemp("central"), broker, lunch())
    running.start()
    store = Store(running.folder / "central.db", "mall")
    for member in ("M-1042", "M-2077"):
        enrolled.enrol(store, member)
        enrolled.link(store, member)
        enrolled.days(store, member)
    enrolled.offer(store, "M-1042", "o-1042")
    store.close()
    yield running
    assert running.stop() == 0


def look_up(reader: Reader, member: str) -> None:
    reader.open("/members")
    reader.page.fill("input[name=id]", member)
    reader.page.press("input[name=id]", "Enter")


def test_a_member_is_shown_with_consents_tags_days_link_offers_and_why(browser: Browser, central: Central) -> None:
    with reading(browser, central, role="admin") as reader:
        page = reader.page
        look_up(reader, "M-1042")
        page.wait_for_selector("h2.who:has-text('M-1042')")
        said = page.inner_text("#member")
        for one in ("linking to their visit", "2026-1", "newsletter", "yes, to 1 visitor", "97.0%", "given", "gold"):
            assert one in said, one
        assert "has spent 10 min in fashion today" in said, "why not, condition by condition"
        assert "missing: 10 min" in said
        assert "nordic" not in page.inner_html("#member").lower().replace("(nordic wear)", ""), (
            "no place but the offer's"
        )
        assert "M-1042" not in page.url
        for width in WIDTHS:
            reader.resize(width)
            reader.assert_fits()
        reader.assert_accessible()


def test_a_phone_finds_the_same_member_and_stands_in_no_address(browser: Browser, central: Central) -> None:
    with reading(browser, central, role="admin", language="zh", light="dark") as reader:
        reader.open("/members")
        reader.page.fill("input[name=phone]", "+351 (912) 345-678")
        reader.page.press("input[name=phone]", "Enter")
        reader.page.wait_for_selector("h2.who:has-text('M-1042')")
        reader.assert_accessible()
        assert not [url for url in reader.asked if "912" in url]


def test_who_is_not_known_is_not_shown_and_nobody_can_be_leafed_through(browser: Browser, central: Central) -> None:
    with reading(browser, central, role="admin") as reader:
        for wrong in ("m-1042", "M-104", "M-1042 ", "%", "M-*"):
            look_up(reader, wrong)
            if wrong.strip() == "M-1042":
                reader.page.wait_for_selector("h2.who")
                continue
            reader.page.wait_for_selector("#said:not(:empty)")
            assert reader.page.inner_text("#member") == ""


def test_every_look_is_in_the_audit_log_by_pseudonym(browser: Browser, central: Central) -> None:
    with reading(browser, central, role="admin") as reader:
        look_up(reader, "M-2077")
        reader.page.wait_for_selector("h2.who:has-text('M-2077')")

    def noted() -> bool:
        store = Store(central.folder / "central.db", "mall")
        rows = store.database.rows("SELECT who, subject FROM audit WHERE method = 'GET' AND route = '/members'")
        store.close()
        subjects = [row[1] for row in rows if row[1]]
        assert not any("M-2077" in subject for subject in subjects)
        return any(row[0] == "admin" and row[1].startswith("member M-") for row in rows)

    assert eventually(noted)


def test_a_consent_is_withdrawn_and_what_came_of_it_is_gone(browser: Browser, central: Central) -> None:
    with reading(browser, central, role="admin") as reader:
        page = reader.page
        look_up(reader, "M-1042")
        page.click("[data-act=withdraw][data-purpose=journey]")
        page.wait_for_selector("#said:has-text('Withdrawn')")
        said = page.inner_text("#member")
        assert "No day is kept" in said
        assert "spent 11 min" not in said
        assert "No consent to linking to their visit" in said


def test_a_member_is_erased_only_by_typing_the_id_again(browser: Browser, central: Central) -> None:
    with reading(browser, central, role="admin") as reader:
        page = reader.page
        look_up(reader, "M-2077")
        page.click(".erasing summary")
        page.fill("input[name=confirm]", "M-1042")
        page.click(".erasing button")
        page.wait_for_selector("#said:has-text('Nothing was erased')")
        page.fill("input[name=confirm]", "M-2077")
        page.click(".erasing button")
        page.wait_for_selector("#said:has-text('Erased')")
    store = Store(central.folder / "central.db", "mall")
    assert members.find(store.database, "mall", "M-2077") is None
    store.close()
