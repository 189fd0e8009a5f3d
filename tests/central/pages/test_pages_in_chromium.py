"""The pages in a real Chromium: what a manager reads, and that they never claim to be live when they are not."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.common.by import By

from central.ingest.decode import read
from central.store import offers
from central.store.batch import commit
from central.store.offers import Offer
from central.store.store import Store
from contract.events import CameraStatus
from contract.times import to_rfc3339
from tests.broker import MosquittoBroker
from tests.central.mall import Central, Sender, eventually, lunch, positions, status, visit

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("Chromium is not installed: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1400,900"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    driver.set_page_load_timeout(60)
    yield driver
    driver.quit()


class LiveBox:
    """Sends twelve people standing in a shop, once a second, until silenced."""

    def __init__(self, broker: MosquittoBroker) -> None:
        self._client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        self._client.username_pw_set(broker.username, broker.password)
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()
        self._sender = Sender()
        self._silent = threading.Event()
        now = time.time()
        self._client.publish(*self._sender.packet(status(0, now), now, 1), qos=1, retain=True)
        for camera, state, detail in (("north", "online", ""), ("south", "blind", "lens covered")):
            word = CameraStatus(camera, state, to_rfc3339(now), detail)  # type: ignore[arg-type]
            self._client.publish(*self._sender.packet(word, now, 1), qos=1, retain=True)
        self._thread = threading.Thread(target=self._speak, daemon=True)
        self._thread.start()

    def _speak(self) -> None:
        while not self._silent.wait(1):
            now = time.time()
            where = {f"visitor{n:05d}": (3 + n % 4 * 0.2, 12 + n // 4 * 0.2) for n in range(12)}
            where |= {"visitor00099": (30.0, 12.0)}
            self._client.publish(*self._sender.packet(positions(now, where), now, 1), qos=1)

    def fall_silent(self) -> None:
        self._silent.set()
        self._thread.join()
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture(scope="module")
def central(tmp_path_factory: pytest.TempPathFactory, broker: MosquittoBroker) -> Iterator[Central]:
    running = Central(tmp_path_factory.mktemp("central"), broker, lunch())
    store = Store(running.folder / "central.db", "mall")
    sender, now = Sender(), time.time()
    arrivals = []
    for n in range(8):
        topic, payload = sender.packet(
            visit(f"visit{n:07d}", f"walker{n:05d}", entered=now - 900, observed=300 + n), now
        )
        arrivals.append(read("mall", topic, payload, len(payload), now, retained=False))
    commit(store.database, [one for one in arrivals if one is not None])
    store.close()
    running.start()
    yield running
    assert running.stop() == 0


def log_in(browser: webdriver.Chrome, central: Central, role: Any) -> None:
    browser.get(f"{central.address}/logout")
    browser.find_element(By.ID, "token").send_keys(central.tokens[role])
    browser.find_element(By.TAG_NAME, "button").click()
    # or the next address asked for is overtaken by where logging in leads to
    eventually(lambda: "Log out" in text_of(browser, "body"))


def text_of(browser: webdriver.Chrome, selector: str) -> str:
    """What stands there; nothing while the page is being exchanged for another."""
    try:
        return browser.find_element(By.CSS_SELECTOR, selector).text
    except (NoSuchElementException, StaleElementReferenceException):
        return ""


def keep(browser: webdriver.Chrome, folder: Path, name: str) -> None:
    browser.save_screenshot(str(folder / f"{name}.png"))


def test_the_floor_is_live_until_its_box_falls_silent(
    browser: webdriver.Chrome, central: Central, broker: MosquittoBroker, tmp_path: Path
) -> None:
    log_in(browser, central, "manager")
    eventually(lambda: "No box has reported" in text_of(browser, "#freshness"))
    box = LiveBox(broker)
    eventually(lambda: "Live" in text_of(browser, "#freshness"))
    eventually(lambda: text_of(browser, "#now-nordic") == "12")
    assert text_of(browser, "#now-cafe") == "< 5"
    assert text_of(browser, "#people") == "13"
    rows = [row.text for row in browser.find_elements(By.CSS_SELECTOR, "#zones tr")]
    assert any(row.startswith("Nordic Wear") and "12" in row and "5 min" in row and "8" in row for row in rows)
    eventually(lambda: "png" in (browser.find_element(By.ID, "heat").get_attribute("href") or ""))
    eventually(lambda: browser.find_element(By.ID, "legend").is_displayed())
    assert "0 Missing" in text_of(browser, "#boxes").replace("\n", " ") or "Missing 0" in text_of(
        browser, "#boxes"
    ).replace("\n", " ")
    assert "lens covered" in text_of(browser, "#boxes")
    for name in ("Nordic Wear", "Atelier Luz", "Café Tejo", "Concourse"):
        assert name in text_of(browser, "#plan")
    keep(browser, tmp_path, "live")
    box.fall_silent()
    eventually(lambda: "Box silent for" in text_of(browser, "#freshness"), timeout_s=30)
    assert text_of(browser, "#people") == "–"  # noqa: RUF001 - what the page shows
    assert "bad" in (browser.find_element(By.ID, "freshness").get_attribute("class") or "")
    eventually(lambda: "unknown while the box is silent" in text_of(browser, "#boxes"))
    keep(browser, tmp_path, "silent")


def test_the_other_floor_and_the_other_window_are_a_click_away(browser: webdriver.Chrome, central: Central) -> None:
    log_in(browser, central, "manager")
    eventually(lambda: browser.find_elements(By.ID, "plan"))
    browser.find_element(By.XPATH, "//button[contains(., 'Upper floor')]").click()
    eventually(lambda: browser.current_url.endswith("/floor/u"))
    eventually(lambda: "Shoe Loft" in text_of(browser, "#plan"))
    browser.find_element(By.XPATH, "//button[contains(., 'Today')]").click()
    eventually(lambda: "Too few people" in text_of(browser, "#stage"))


def test_an_offer_appears_with_its_reason_and_facts(browser: webdriver.Chrome, central: Central) -> None:
    log_in(browser, central, "manager")
    browser.get(f"{central.address}/offers")
    eventually(lambda: "No offer has been made yet" in text_of(browser, "body"))
    assert "10 min in fashion" in text_of(browser, "body")
    store = Store(central.folder / "central.db", "mall")
    insert_offer(store)
    store.close()
    eventually(lambda: "spent 11 min in fashion" in text_of(browser, "body"))
    assert "M-1042" not in browser.page_source
    assert "DINE-15" in text_of(browser, "body")
    browser.find_element(By.XPATH, "//button[contains(., 'Show the facts')]").click()
    eventually(lambda: "Match confidence" in text_of(browser, ".facts"))
    assert "97.0%" in text_of(browser, ".facts")


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


def test_a_role_sees_its_own_pages_only(browser: webdriver.Chrome, central: Central) -> None:
    log_in(browser, central, "trigger")
    eventually(lambda: "not for your role" in text_of(browser, "body"))
    log_in(browser, central, "ops")
    eventually(lambda: browser.find_elements(By.ID, "plan"))
    browser.get(f"{central.address}/offers")
    eventually(lambda: "not for your role" in text_of(browser, "body"))


def test_nothing_comes_from_elsewhere_and_no_script_fails(browser: webdriver.Chrome, central: Central) -> None:
    log_in(browser, central, "admin")
    eventually(lambda: browser.find_elements(By.ID, "plan"))
    sources = browser.execute_script("return performance.getEntriesByType('resource').map(e => e.name)")
    assert sources
    assert all(source.startswith((central.address, "data:")) for source in sources)
    severe = [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert [entry for entry in severe if "/v1/" not in entry["message"]] == []


def test_a_dead_central_turns_the_page_red(browser: webdriver.Chrome, central: Central) -> None:
    log_in(browser, central, "manager")
    eventually(lambda: browser.find_elements(By.ID, "plan"))
    eventually(lambda: "waiting" not in text_of(browser, "#freshness"))
    central.kill()
    eventually(lambda: "lost central" in text_of(browser, "#freshness"), timeout_s=30)
    central.start()
