"""What a real mosquitto makes of enrolled, unenrolled, renewed and revoked boxes."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from central.ingest.client import BrokerAddress, BrokerClient
from central.ingest.writer import Writer
from central.store.store import Store
from contract.events import Crossing
from contract.times import to_rfc3339
from edge.outbox.store import Event, Origin, Outbox
from edge.publish.link import BrokerAddress as EdgeAddress
from edge.publish.publisher import Publisher
from tests.central.enrolment.desk import Desk
from tests.mutual_broker import Caller, MutualBroker, wait
from upkeep.certificates import facts_of, parse_certificate
from upkeep.pair import Pair
from upkeep.tls import client_context

GONE_WITHIN_S = 5.0
BACK_WITHIN_S = 10.0


# paho leaves the socket of a failed handshake to the garbage collector.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <ssl.SSLSocket:pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    return Desk(tmp_path, store, now=time.time())


@pytest.fixture
def mutual(desk: Desk, tmp_path: Path) -> Iterator[MutualBroker]:
    with MutualBroker(tmp_path / "broker", desk.broker_tls(), desk.settings.crl) as running:
        yield running


def renewed(desk: Desk, tls: Path) -> None:
    """What ``atrium box renew`` does, with the desk in central's place."""
    pair = Pair(tls, "box")
    present = pair.read()
    assert present is not None
    made, key = desk.renew(facts_of(present[0]).serial, present[1])
    pair.put(parse_certificate(made.pem.encode(), "made"), key)


def test_an_enrolled_box_is_let_in_and_nobody_else(desk: Desk, mutual: MutualBroker, tmp_path: Path) -> None:
    tls = desk.box()
    box = Caller(mutual, tls)
    assert box.stands
    box.close()
    nobody = Caller(mutual, tls, name="")
    assert not nobody.stands, "no certificate"
    other_site = Desk(tmp_path / "other", desk.store, now=desk.now)
    foreign = other_site.box("box-x")
    (foreign / "ca.pem").write_bytes((tls / "ca.pem").read_bytes())
    assert not Caller(mutual, foreign).stands, "the same names, signed by another authority"
    (tls / "ca.pem").write_bytes(other_site.enrolment.authority().pem)
    assert "refused" in Caller(mutual, tls).said, "a box believes no broker of another authority"


def test_a_box_speaks_on_its_own_topics_and_hears_its_own_commands(desk: Desk, mutual: MutualBroker) -> None:
    central = Caller(mutual, desk.folder / "tls", "central", subscribe="atrium/#")
    box, other = Caller(mutual, desk.box()), Caller(mutual, desk.box("box-h"), subscribe="atrium/#")
    time.sleep(0.2)
    assert box.publish("atrium/mall/g/box-g/visits")
    for topic in ("atrium/mall/g/box-h/visits", "atrium/mall/g/box-h/commands", "atrium/mall/offers", "$SYS/x"):
        intruder = Caller(mutual, desk.folder / "tls-box-g")
        assert intruder.stands
        assert not intruder.publish(topic), topic
        intruder.close()
    assert central.publish("atrium/mall/g/box-h/commands")
    assert wait(lambda: other.heard)
    assert wait(lambda: central.heard)
    time.sleep(0.2)
    assert {topic for topic, _ in other.heard} == {"atrium/mall/g/box-h/commands"}
    assert {topic for topic, _ in central.heard} == {"atrium/mall/g/box-g/visits", "atrium/mall/g/box-h/commands"}
    for one in (central, box, other):
        one.close()


def test_whoever_takes_anothers_client_id_hears_nothing_of_its_session(desk: Desk, mutual: MutualBroker) -> None:
    central, tls = Caller(mutual, desk.folder / "tls", "central"), desk.box()
    for heard in (0, 1):  # the box itself hears what was kept for it while it was away
        box = Caller(mutual, tls, subscribe="atrium/mall/g/box-g/commands", client_id="box-g", session_s=60)
        assert wait(lambda: len(box.heard) == heard)  # noqa: B023 - called here
        time.sleep(0.2)
        box.close()
        assert central.publish("atrium/mall/g/box-g/commands")
    intruder = Caller(mutual, desk.box("box-h"), client_id="box-g", session_s=60)
    assert intruder.stands
    assert central.publish("atrium/mall/g/box-g/commands")
    time.sleep(0.5)
    assert intruder.heard == []
    intruder.close()
    central.close()


def test_a_revoked_box_is_refused_after_a_reload_and_put_out_by_a_restart(desk: Desk, mutual: MutualBroker) -> None:
    tls, other = desk.box(), Caller(mutual, desk.box("box-h"))
    box = Caller(mutual, tls)
    assert box.stands
    desk.enrolment.revoke("box-g", desk.now)
    box.close()
    box = Caller(mutual, tls)
    assert box.stands, "the broker has not read the list yet"
    mutual.reload()
    assert not Caller(mutual, tls).stands
    assert other.stands
    time.sleep(0.5)
    assert box.stands, "mosquitto keeps a connection whatever the list says: hence the restart"
    began = time.monotonic()
    mutual.restart()
    assert wait(lambda: not box.stands, GONE_WITHIN_S)
    assert time.monotonic() - began < GONE_WITHIN_S
    box.close()
    other.close()
    assert not Caller(mutual, tls).stands
    assert Caller(mutual, desk.folder / "tls-box-h").stands


def test_the_brokers_own_certificate_is_renewed_by_a_reload(desk: Desk, mutual: MutualBroker) -> None:
    tls = desk.box()
    before = _served(mutual, tls)
    desk.now += 1
    (desk.folder / "tls" / "broker.pair").unlink()
    assert before == _served(mutual, tls)
    desk.broker_tls()
    mutual.reload()
    assert _served(mutual, tls) != before


def _served(broker: MutualBroker, tls: Path) -> str:
    with socket.create_connection(("127.0.0.1", broker.port)) as plain:
        context = client_context(tls / "ca.pem", tls / "box.pem", tls / "box.key")
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as secure:
            return str(secure.getpeercert()["serialNumber"])  # type: ignore[index]


class Floor:
    """A box's outbox and publisher, and central's client and writer, each with a certificate."""

    def __init__(self, desk: Desk, mutual: MutualBroker, tls: Path) -> None:
        self.told: list[str] = []
        self.outbox = Outbox(desk.folder / "outbox.db", Origin("mall", "g", "box-g"), "durable0session0")
        files = (tls / "ca.pem", tls / "box.pem", tls / "box.key")
        address = EdgeAddress("127.0.0.1", mutual.port, "atrium-mall-g-box-g", "", "", "5", *files)
        self.publisher = Publisher(
            self.outbox,
            address,
            live_session="live00session0",
            version="0.0",
            wall=time.time,
            rng=random.Random(1),
            tell=self.told.append,
        )
        own = desk.folder / "tls"
        pair = {"ca": own / "ca.pem", "certificate": own / "central.pem", "key": own / "central.key"}
        self.writer = Writer(desk.store.database, "mall")
        self.client = BrokerClient(BrokerAddress("localhost", mutual.port, "central", **pair), "mall", self.writer)
        self.writer.start()
        self.client.start()
        assert self.client.wait_until_subscribed(10)
        self.publisher.start()
        self.sent = 0

    def put(self, count: int) -> None:
        now = time.time()
        events = [
            Event(
                now, Crossing(line="nordic-door", direction="in", visitor=f"v{self.sent + n:011d}", at=to_rfc3339(now))
            )
            for n in range(count)
        ]
        self.outbox.append(events)
        self.sent += count
        self.publisher.wake()

    def close(self) -> None:
        self.publisher.stop()
        self.outbox.close()
        self.client.stop()
        self.writer.stop()


def test_a_renewal_in_the_middle_of_things_loses_no_event(desk: Desk, mutual: MutualBroker) -> None:
    tls = desk.box()
    floor = Floor(desk, mutual, tls)
    stop = threading.Event()

    def speak() -> None:
        while not stop.wait(0.02):
            floor.put(5)

    speaker = threading.Thread(target=speak)
    speaker.start()
    serials = set()
    for _ in range(3):
        time.sleep(0.4)
        desk.now += 1
        renewed(desk, tls)
        serials.add(desk.enrolment.current()[-1].serial)
        mutual.restart()
    stop.set()
    speaker.join()
    stored = lambda: sum(desk.store.crossing_counts().values())  # noqa: E731
    assert wait(lambda: stored() == floor.sent), (stored(), floor.sent, floor.told)
    (account,) = [one for one in desk.store.accounting() if one.session == "durable0session0"]
    floor.close()
    assert len(serials) == 3
    assert account.missing == 0
    assert floor.sent >= 100


def test_edge_says_why_when_the_broker_does_not_take_its_certificate_and_goes_on_by_itself(
    desk: Desk, mutual: MutualBroker
) -> None:
    tls = desk.box()
    floor = Floor(desk, mutual, tls)
    assert wait(lambda: floor.publisher.figures.connected)
    desk.enrolment.revoke("box-g", desk.now)
    mutual.restart()
    assert wait(lambda: "does not take our certificate" in floor.publisher.figures.fault), floor.told
    floor.put(3)
    (tls / "box.key").rename(tls / "away")
    assert wait(lambda: "box.pem: cannot be used with the key" in floor.publisher.figures.fault), floor.told
    (tls / "away").rename(tls / "box.key")
    made, key = desk.enrol(desk.code())
    Pair(tls, "box").put(parse_certificate(made.pem.encode(), "made"), key)
    assert wait(lambda: sum(desk.store.crossing_counts().values()) == 3), floor.told
    floor.close()


def test_central_shows_a_renewed_certificate_at_its_next_connection(desk: Desk, mutual: MutualBroker) -> None:
    floor = Floor(desk, mutual, desk.box())
    generation = floor.client.connection
    desk.now += 1
    (desk.folder / "tls" / "central.pair").unlink()
    desk.broker_tls()
    fresh = {one.serial for one in desk.enrolment.current() if one.name == "central"}
    with desk.store.database.writing() as connection:  # all but the newest are revoked, so the old one is good no more
        connection.execute(
            "UPDATE identities SET revoked_at = ? WHERE name = 'central' AND serial != ?", (desk.now, next(iter(fresh)))
        )
    desk.enrolment.write_revocations(desk.now)
    mutual.restart()
    assert wait(lambda: floor.client.connection >= generation + 2 and not floor.client.fault, BACK_WITHIN_S)
    floor.close()
