"""One lively mall for all tests of the pages: a few minutes of its past, and its present as it goes on."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser

from central.store.store import Store
from tests.broker import MosquittoBroker
from tests.central.mall import Central
from tests.central.pages.lively import LivelyBoxes
from tests.central.pages.lively_mall import write_site
from tests.chromium import chromium, chromium_path

PAST_S = 860 if "ATRIUM_SCREENSHOTS" in os.environ else 260


@dataclass
class Lively:
    """The mall, running."""

    central: Central
    boxes: LivelyBoxes
    broker: MosquittoBroker


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real Chromium."""
    with chromium() as found:
        yield found


@pytest.fixture(scope="session")
def lively(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lively]:
    """Central over the lively mall; it is not started where there is no browser to look at it."""
    chromium_path()
    folder = tmp_path_factory.mktemp("lively")
    with MosquittoBroker(folder / "broker") as running:
        central = Central(folder / "central", running)
        write_site(central.folder)
        boxes = LivelyBoxes()
        store = Store(central.folder / "central.db", "mall")
        now = int(time.time())
        boxes.tell_past(store, now - PAST_S, now)
        store.close()
        central.start()
        with boxes.telling(running):
            yield Lively(central, boxes, running)
        assert central.stop() == 0
