"""A look at the real store, broker and writer; and that whoever was not listening accuses nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from calibration.site import Site
from central.ingest.client import BrokerAddress, BrokerClient
from central.ingest.decode import read
from central.ingest.writer import Writer
from central.ops.faults import find_faults
from central.ops.lights import box_light
from central.ops.lookout import Lookout
from central.store.batch import commit
from central.store.store import Store
from contract.events import Body, CameraStatus
from contract.times import to_rfc3339
from tests.central.mall import NOON, Sender, positions, status


@pytest.fixture
def broker(store: Store) -> BrokerClient:
    found = BrokerClient(BrokerAddress("127.0.0.1", 9, "ops"), "mall", Writer(store.database, "mall"))
    found.fault = ""
    return found


@pytest.fixture
def lookout(site: Site, store: Store, broker: BrokerClient) -> Lookout:
    return Lookout(site, store, Writer(store.database, "mall"), broker)


def hear(store: Store, sender: Sender, body: Body, at: float, *, retained: bool = False) -> None:
    topic, payload = sender.packet(body, at)
    arrival = read("mall", topic, payload, len(payload), at, retained=retained)
    assert arrival is not None
    commit(store.database, [arrival])


def kinds(lookout: Lookout, now: float) -> list[str]:
    return [fault.kind for fault in find_faults(lookout.look(now))]


def lights(lookout: Lookout, now: float) -> list[str]:
    state = lookout.look(now)
    return [box_light(state, box, ()) for box in state.boxes]


def listen(lookout: Lookout, until: float) -> list[str]:
    for second in range(15):
        lookout.look(until - 15 + second)
    return kinds(lookout, until)


def test_what_the_broker_kept_of_a_dead_box_makes_nothing_healthy(lookout: Lookout, store: Store) -> None:
    sender = Sender()
    hear(store, sender, status(0, NOON - 9000), NOON - 1, retained=True)
    word = CameraStatus("north", "online", to_rfc3339(NOON - 9000))
    hear(store, sender, word, NOON - 1, retained=True)
    assert listen(lookout, NOON) == ["box_silent"]


def test_a_moved_camera_tells_how_far(lookout: Lookout, store: Store) -> None:
    sender = Sender()
    hear(store, sender, status(0, NOON), NOON)
    hear(store, sender, CameraStatus("north", "blind", to_rfc3339(NOON), "moved", 4.2), NOON)
    hear(store, sender, positions(NOON, {}), NOON)
    (camera,) = lookout.look(NOON).boxes[0].cameras
    assert (camera.state, camera.moved_deg) == ("blind", 4.2)
    assert "camera_moved" in kinds(lookout, NOON + 1)


def test_after_a_sleep_or_a_clock_that_was_set_nobody_is_accused_at_once(lookout: Lookout, store: Store) -> None:
    hear(store, Sender(), status(0, NOON - 20), NOON - 20)
    assert listen(lookout, NOON) == ["box_silent"]
    for jump in (3600.0, -7200.0):
        now = NOON + jump
        assert kinds(lookout, now) == []
        assert kinds(lookout, now + 9) == []
        assert lights(lookout, now + 9) == ["unknown"]
        assert kinds(lookout, now + 11) == ["box_silent"]


def test_a_broker_that_comes_back_gives_everybody_ten_seconds(
    lookout: Lookout, store: Store, broker: BrokerClient
) -> None:
    hear(store, Sender(), status(0, NOON - 20), NOON - 20)
    broker.fault = "lost"
    assert kinds(lookout, NOON) == ["broker"]
    broker.fault = ""
    assert kinds(lookout, NOON + 1) == []
    assert kinds(lookout, NOON + 10) == []
    assert kinds(lookout, NOON + 12) == ["box_silent"]


def test_the_disk_is_looked_at(lookout: Lookout, tmp_path: Path) -> None:
    disk = lookout.look(NOON).disk
    assert disk is not None
    assert 0 < disk.free <= disk.total
