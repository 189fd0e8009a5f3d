"""The small mall's site and store, and a real broker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from calibration.site import Site, load_site
from central.store.store import Store
from tests.broker import MosquittoBroker
from tests.central.mall import write_site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """The small mall."""
    return load_site(write_site(tmp_path))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store of the small mall."""
    found = Store(tmp_path / "central.db", "mall")
    yield found
    found.close()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MosquittoBroker]:
    """A real mosquitto."""
    with MosquittoBroker(tmp_path_factory.mktemp("broker")) as running:
        yield running
