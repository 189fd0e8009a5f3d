"""Boxes and certificates on the Ops page: a code shown once, a revocation asked for twice, every screen."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, expect

from calibration.site import load_site
from central.config import load_config
from central.enrolment.authority import make_authority
from central.enrolment.enrolment import Enrolment
from central.store.store import Store
from tests.broker import MosquittoBroker
from tests.central.mall import Central
from tests.central.pages.browsing import WIDTHS, Reader, reading
from upkeep.certificates import DAY_S, make_key, requested_key, signing_request
from upkeep.enrolment_code import read_code

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def mall(tmp_path_factory: pytest.TempPathFactory, broker: MosquittoBroker) -> Iterator[Central]:
    """Three boxes: one that is well, one whose certificate ends soon, one that was revoked."""
    running = Central(tmp_path_factory.mktemp("enrolled"), broker)
    config, now = load_config(running.config), time.time()
    make_authority(config.enrolment.folder, "mall", b"", now - 80 * DAY_S)
    store = Store(config.database, "mall")
    enrolment = Enrolment(store, config.enrolment, load_site(config.site).floors)
    for box, floor, at in (
        ("box-g", "g", now - DAY_S),
        ("box-u", "u", now - 75 * DAY_S),
        ("box-old", "g", now - DAY_S),
    ):
        code, pem = enrolment.new_code(floor, box, "rita", at), signing_request(make_key(), box)
        enrolment.enrol(code.public, pem, code.sign(requested_key(pem, 2048)[1]), at)
    enrolment.revoke("box-old", now - 7200)
    store.close()
    running.start()
    yield running
    assert running.stop() == 0
    assert "Traceback" not in (running.folder / "central.log").read_text()


def panel(reader: Reader) -> None:
    reader.open("/ops", "#identities-card")


def test_a_code_is_shown_once_and_is_good(browser: Browser, mall: Central) -> None:
    with reading(browser, mall, role="ops", viewport={"width": 1280, "height": 900}) as reader:
        panel(reader)
        card = reader.page.locator("#identities-card")
        rows = card.locator("tbody tr")
        expect(rows).to_have_count(3)
        expect(rows.filter(has_text="mall/g/box-g")).to_contain_text("good")
        expect(rows.filter(has_text="mall/u/box-u")).to_contain_text("ends soon")
        expect(rows.filter(has_text="mall/g/box-old")).to_contain_text("revoked")
        expect(reader.page.locator("#ops-orders")).to_contain_text("mall/u/box-u ends in less than")
        card.get_by_text("Enrol a box").click()
        card.get_by_label("Floor").select_option("g")
        card.get_by_label("Box", exact=True).fill("box-new")
        card.get_by_role("button", name="New code").click()
        said = reader.page.locator("#said-of-boxes")
        expect(said).to_contain_text("Code for box-new")
        expect(said).to_be_in_viewport()
        reader.shoot("enrolment.png", colours=96)
        code = read_code(re.search(r"([A-Z2-7]{5}-){7}[A-Z2-7]{5}", said.inner_text())[0])  # type: ignore[index]
        reader.page.reload()
        reader.page.wait_for_selector("#identities-card")
        assert str(code) not in reader.page.content()
        store = Store(mall.folder / "central.db", "mall")
        enrolment = Enrolment(store, load_config(mall.config).enrolment, ("g", "u"))
        pem = signing_request(make_key(), "x")
        made = enrolment.enrol(code.public, pem, code.sign(requested_key(pem, 2048)[1]), time.time())
        store.close()
        assert made.name == "mall/g/box-new"
        expect(rows.filter(has_text="mall/g/box-new")).to_contain_text("good")


def test_a_box_is_revoked_by_two_steps_and_ops_sees_it(browser: Browser, mall: Central) -> None:
    with reading(browser, mall, role="admin", viewport={"width": 1280, "height": 900}) as reader:
        panel(reader)
        card = reader.page.locator("#identities-card")
        surely = card.get_by_role("button", name="Revoke box-g for good")
        expect(surely).to_be_hidden()
        card.get_by_text("Revoke box-g", exact=True).click()
        expect(card).to_contain_text("nothing undoes that")
        surely.click()
        expect(reader.page.locator("#said-of-boxes")).to_have_text("box-g is revoked.")
        expect(card.locator("tbody tr").filter(has_text="mall/g/box-g")).to_contain_text("revoked")
        expect(reader.page.locator("#ops-notes")).to_contain_text("The certificate of mall/g/box-g was revoked")


def test_who_may_not_act_sees_no_button(browser: Browser, mall: Central) -> None:
    with reading(browser, mall, role="manager") as reader:
        panel(reader)
        assert reader.page.locator("#identities-card table").count() == 1
        assert reader.page.locator("#identities-card button").count() == 0


@pytest.mark.parametrize(("language", "light"), [("en", "light"), ("zh", "dark")])
def test_the_panel_fits_every_screen_and_is_open_to_everybody(
    browser: Browser, mall: Central, language: Literal["en", "zh"], light: Literal["light", "dark"]
) -> None:
    with reading(browser, mall, role="ops", language=language, light=light) as reader:
        panel(reader)
        for summary in reader.page.locator("#identities-card summary").all():
            summary.click()
        for width in WIDTHS:
            reader.resize(width)
            reader.assert_fits()
        reader.assert_accessible()
