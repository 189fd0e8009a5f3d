"""Webhooks reach an endpoint that behaves; central outlives one that hangs, fails, redirects, or never ends."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import httpx
import msgspec
import pytest

from central.delivery.courier import Courier
from central.delivery.endpoints import Endpoint, Outlets
from central.delivery.webhook import WebhookSender
from central.ingest.client import BrokerAddress, BrokerClient
from central.ingest.writer import Writer
from central.observe.metrics import Metrics
from central.privacy.erasure import erase_member, withdraw_consent
from central.store import deliveries, delivery_channels
from central.store.store import Store
from contract.offers import OfferMessage
from tests.broker import free_port
from tests.central.delivery.consumer import KEY, OTHER_KEY, Consumer, say
from tests.central.delivery.queueing import CRM, OFFERS_CONSENT, a_member, make, states
from tests.central.mall import eventually

pytestmark = pytest.mark.waits
SECRET = "ab" * 32


@pytest.fixture
def consumer() -> Iterator[Consumer]:
    with Consumer() as running:
        yield running


class Sending:
    """Couriers of a test, stopped at its end; jitter is nil, so that retries come at once."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.metrics = Metrics()
        self._running: list[Courier] = []

    def start(self, *urls: str, attempts: int = 3, draw: float = 0.0, **terms: Any) -> Courier:
        names = ("crm", "second")
        endpoints = [
            Endpoint(name, url, (KEY,), **({"timeout_s": 0.6} | terms)) for name, url in zip(names, urls, strict=False)
        ]
        broker = BrokerClient(BrokerAddress("127.0.0.1", 9, "x"), "mall", Writer(self.store.database, "mall"))
        outlets = Outlets(webhooks=tuple(endpoints), attempts=attempts)
        courier = Courier(self.store, outlets, broker, clock=time.time, metrics=self.metrics, draw=lambda: draw)
        self._running.append(courier)
        courier.start()
        return courier

    def stop(self) -> None:
        while self._running:
            self._running.pop().stop()


@pytest.fixture
def sending(store: Store) -> Iterator[Sending]:
    found = Sending(store)
    yield found
    found.stop()


def test_an_offer_is_posted_signed_once_and_is_sent_when_it_is_taken(
    store: Store, sending: Sending, consumer: Consumer
) -> None:
    make(store, "o1", "o2", expires_at=time.time() + 3600)
    sending.start(consumer.url)
    eventually(lambda: states(store) == ["sent", "sent"])
    assert sorted(consumer.acted) == ["o1", "o2"] == sorted(consumer.asked)
    told = {one.offer: one for one in (msgspec.json.decode(body, type=OfferMessage) for body in consumer.bodies)}
    assert (told["o1"].schema, told["o1"].member, told["o1"].code) == ("atrium.offer.v1", "M-o1", "CODE-o1")
    assert told["o1"].expires_at is not None
    text = sending.metrics.text().decode()
    assert f'atrium_delivery_attempts_total{{channel="{CRM}",outcome="sent"}} 2.0' in text
    assert f'atrium_delivery_seconds_count{{channel="{CRM}"}} 2.0' in text


def test_while_a_secret_is_replaced_both_open_the_door(store: Store, sending: Sending) -> None:
    make(store, "o1")
    with Consumer(keys=(OTHER_KEY,)) as newer:
        sender = WebhookSender(Endpoint("crm", newer.url, (OTHER_KEY, KEY)))
        assert sender.send(b"{}", "o1", time.time()).kind == "sent"
        newer.keys = (KEY,)
        assert sender.send(b"{}", "o2", time.time()).kind == "sent"
        newer.keys = (b"z" * 32,)
        assert sender.send(b"{}", "o3", time.time()).reason == "it answered 401"
        sender.close()


def hang(_handler: BaseHTTPRequestHandler) -> bool:
    time.sleep(2)
    return True


def drip(handler: BaseHTTPRequestHandler) -> bool:
    """An answer without end."""
    handler.send_response(500)
    handler.end_headers()
    for _ in range(400):
        handler.wfile.write(b"M-o1 " * 40_000)
    return True


def cut(handler: BaseHTTPRequestHandler) -> bool:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Le")
    handler.wfile.flush()
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True
    return True


def garbage(handler: BaseHTTPRequestHandler) -> bool:
    handler.wfile.write(b"\x00\xff not http at all\r\n\r\n")
    handler.close_connection = True
    return True


@pytest.mark.parametrize(
    ("ill", "reason"),
    [
        (hang, "no answer within 0.3 s"),
        (lambda handler: say(handler, 500, b"M-o1 is unknown") is None, "it answered 500"),
        (lambda handler: say(handler, 404) is None, "it answered 404"),
        (
            lambda handler: say(handler, 302, Location="http://127.0.0.1:1/") is None,
            "it answered 302, a redirect, which is not followed",
        ),
        (drip, "it answered 500"),
        (cut, "cannot be reached (RemoteProtocolError)"),
        (garbage, "cannot be reached (RemoteProtocolError)"),
    ],
    ids=["hangs", "500", "404", "redirects", "endless", "cut", "garbage"],
)
def test_whatever_an_endpoint_does_the_answer_is_short_and_says_nothing_of_what_it_said(
    consumer: Consumer, ill: Callable[[BaseHTTPRequestHandler], bool], reason: str
) -> None:
    consumer.ill = ill
    sender = WebhookSender(Endpoint("crm", consumer.url, (KEY,), timeout_s=0.3))
    began = time.monotonic()
    answer = sender.send(b"{}", "o1", time.time())
    assert (answer.kind, answer.reason) == ("again", reason)
    assert time.monotonic() - began < 2
    sender.close()


def test_after_so_many_attempts_an_offer_is_dead_and_a_replay_sends_it(
    store: Store, sending: Sending, consumer: Consumer
) -> None:
    consumer.ill = lambda handler: say(handler, 500) is None
    make(store, "o1")
    courier = sending.start(consumer.url, attempts=3)
    eventually(lambda: states(store) == ["dead"])
    assert consumer.asked == ["o1"] * 3
    (dead,) = deliveries.listed(store.database, "mall", state="dead", channel=CRM, before=2**53, limit=9)
    assert (dead.attempts, dead.error) == (3, "it answered 500")
    (standing,) = delivery_channels.standing(store.database, "mall", time.time())
    assert (standing.dead, standing.queued) == (1, 0)
    consumer.ill = lambda _handler: False
    assert deliveries.replay(store.database, "mall", dead.delivery, time.time(), keep_s=60) == ""
    courier.wake()
    eventually(lambda: states(store) == ["sent"])
    assert consumer.acted == ["o1"]
    assert "only what is dead" in deliveries.replay(store.database, "mall", dead.delivery, time.time(), keep_s=60)


def test_retry_after_is_honoured_and_is_no_failure(store: Store, sending: Sending, consumer: Consumer) -> None:
    asked: list[float] = []

    def busy(handler: BaseHTTPRequestHandler) -> bool:
        asked.append(time.monotonic())
        return len(asked) == 1 and say(handler, 429, Retry_After="1") is None

    consumer.ill = busy
    make(store, "o1")
    sending.start(consumer.url)
    eventually(lambda: states(store) == ["sent"])
    assert 0.95 <= asked[1] - asked[0] < 5
    assert delivery_channels.read(store.database, "mall", CRM) is None


def test_410_ends_it_until_somebody_replays(store: Store, sending: Sending, consumer: Consumer) -> None:
    consumer.ill = lambda handler: say(handler, 410) is None
    make(store, "o1")
    courier = sending.start(consumer.url)
    eventually(lambda: states(store) == ["dead"])
    make(store, "o2")
    courier.wake()
    eventually(lambda: states(store) == ["dead", "dead"])
    assert consumer.asked == ["o1"]
    circuit = delivery_channels.read(store.database, "mall", CRM)
    assert circuit is not None
    assert circuit.state == "disabled"
    sending.stop()
    consumer.ill = lambda _handler: False
    courier = sending.start(consumer.url)  # a restart does not forget it
    make(store, "o3")
    courier.wake()
    eventually(lambda: states(store) == ["dead"] * 3)
    assert deliveries.replay(store.database, "mall", 1, time.time(), keep_s=60) == ""
    courier.wake()
    eventually(lambda: states(store)[0] == "sent")
    make(store, "o4")
    courier.wake()
    eventually(lambda: states(store) == ["sent", "dead", "dead", "sent"])


def test_a_new_address_starts_with_a_clean_slate(store: Store, sending: Sending, consumer: Consumer) -> None:
    consumer.ill = lambda handler: say(handler, 410) is None
    make(store, "o1")
    sending.start(consumer.url)
    eventually(lambda: delivery_channels.read(store.database, "mall", CRM))
    sending.stop()
    with Consumer() as moved:
        make(store, "o2")
        sending.start(moved.url)
        eventually(lambda: moved.acted == ["o2"])
    assert delivery_channels.read(store.database, "mall", CRM) is None


def test_a_hanging_endpoint_holds_up_nobody_else(store: Store, sending: Sending, consumer: Consumer) -> None:
    consumer.ill = hang
    with Consumer() as quick:
        names = [f"o{number}" for number in range(20)]
        make(store, *names, channels=(CRM, "webhook:second"))
        began = time.monotonic()
        sending.start(consumer.url, quick.url, timeout_s=5.0, concurrency=2)
        eventually(lambda: len(quick.acted) == 20)
        assert time.monotonic() - began < 2
    assert len(consumer.asked) <= 2


def test_a_dead_endpoint_is_left_alone_and_found_again(store: Store, sending: Sending) -> None:
    port = free_port()
    make(store, *(f"o{number}" for number in range(8)))
    sending.start(f"http://127.0.0.1:{port}/", attempts=50, draw=0.01)
    circuit = eventually(lambda: delivery_channels.read(store.database, "mall", CRM))
    assert circuit.state == "open"
    assert circuit.reason == "cannot be reached (ConnectError)"
    with Consumer(port) as consumer:
        eventually(lambda: states(store) == ["sent"] * 8)
        assert len(consumer.acted) == 8
    eventually(lambda: delivery_channels.read(store.database, "mall", CRM) is None)


def test_nothing_goes_out_for_who_was_erased_or_withdrew_while_it_was_queued(
    store: Store, sending: Sending, consumer: Consumer
) -> None:
    for member in ("erased", "withdrew", "never", "stays"):
        a_member(store, member, *(("offers",) if member != "never" else ()))
        make(store, f"o-{member}", member=member, facts=OFFERS_CONSENT)
    assert erase_member(store, "erased", time.time(), SECRET)
    assert withdraw_consent(store, "withdrew", "offers", time.time(), SECRET)
    sending.start(consumer.url)
    eventually(lambda: states(store) == ["void", "void", "sent"])  # the erased one's row is gone altogether
    assert consumer.asked == ["o-stays"]
    content = b"".join(file.read_bytes() for file in store.database.path.parent.glob("central.db"))
    assert b"o-erased" not in content


def test_what_has_expired_is_not_sent_nor_replayed(store: Store, sending: Sending, consumer: Consumer) -> None:
    make(store, "o1", expires_at=time.time() - 1)
    make(store, "o2", expires_at=time.time() + 600)
    sending.start(consumer.url)
    eventually(lambda: states(store) == ["dead", "sent"])
    assert consumer.asked == ["o2"]
    assert "expired" in deliveries.replay(store.database, "mall", 1, time.time(), keep_s=60)


def test_a_channel_that_is_not_configured_any_more_keeps_nothing_waiting(store: Store, sending: Sending) -> None:
    make(store, "o1", channels=("webhook:old",))
    sending.start()
    assert states(store, "webhook:old") == ["dead"]


def test_what_is_under_way_at_a_clean_end_is_due_again_at_once(
    store: Store, sending: Sending, consumer: Consumer
) -> None:
    consumer.ill = hang
    make(store, "o1")
    sending.start(consumer.url, timeout_s=30.0)
    eventually(lambda: consumer.asked == ["o1"])
    began = time.monotonic()
    sending.stop()
    assert time.monotonic() - began < 4
    consumer.ill = lambda _handler: False
    sending.start(consumer.url)
    eventually(lambda: states(store) == ["sent"])
    assert consumer.acted == ["o1"]


def test_the_environment_cannot_reroute_offers(consumer: Consumer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    with pytest.raises(httpx.ConnectError):
        httpx.post(consumer.url)
    sender = WebhookSender(Endpoint("crm", consumer.url, (KEY,)))
    assert sender.send(b"{}", "o1", time.time()).kind == "sent"
    sender.close()
