"""Offers by webhook: in the book before the answer, once, and only from who has our secret."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.offers import OFFER_SCHEMA, OfferMessage
from contract.webhooks import sign
from tests.central.delivery.consumer import KEY, OTHER_KEY
from trigger.book import Book
from trigger.offer import NoOfferError, read_offer, reread, write_offer
from trigger.receiver import MOST_BODY_BYTES, Desk, Receiver


def body(name: str, number: int = 1, **other: object) -> bytes:
    told = OfferMessage(
        *(OFFER_SCHEMA, "mall", number, name, "M-1", "lunch", 3, "DINE", "C0DE", "15 %", "app"),
        *("2026-01-01T12:00:00.000Z", "2026-01-01T14:00:00.000Z", "why"),
    )
    return msgspec.json.encode(msgspec.structs.asdict(told) | other)


class Post:
    def __init__(self, folder: Path) -> None:
        self.book = Book(folder / "trigger.db")
        self.news = 0
        self.receiver = Receiver(
            ("127.0.0.1", 0), Desk("/offers", [KEY], self.book, clock=time.time, on_new=self._count)
        )
        self.receiver.start()
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.receiver.port}", trust_env=False)

    def _count(self) -> None:
        self.news += 1

    def send(self, content: bytes, name: str, *, key: bytes = KEY, ago: int = 0, path: str = "/offers") -> int:
        headers = sign([key], name, int(time.time()) - ago, content)
        return self.client.post(path, content=content, headers=headers).status_code

    def close(self) -> None:
        self.client.close()
        self.receiver.stop()
        self.book.close()


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    found = Post(tmp_path)
    yield found
    found.close()


def test_an_offer_is_in_the_book_once_when_it_is_acknowledged(post: Post) -> None:
    assert [post.send(body("o1"), "o1") for _ in range(3)] == [204] * 3
    assert (post.news, post.book.state_of("o1"), post.book.last_number) == (1, "waiting", 0)
    entry = post.book.due(time.time())
    assert entry is not None
    assert (entry.offer.member, entry.offer.code, entry.offer.expires_at) == ("M-1", "C0DE", 1_767_276_000.0)


def test_what_is_not_signed_by_us_now_for_this_offer_is_not_taken(post: Post) -> None:
    assert post.send(body("o1"), "o1", key=OTHER_KEY) == 401
    assert post.send(body("o1"), "o1", ago=301) == 401
    assert post.send(body("o1"), "o1", ago=-400) == 401
    assert post.send(body("o1"), "o2") == 400
    assert post.client.post("/offers", content=body("o1")).status_code == 401
    assert post.send(body("o1"), "o1", path="/other") == 404
    assert post.book.counts() == {}


def test_a_clock_that_is_off_by_some_minutes_is_put_up_with(post: Post) -> None:
    assert post.send(body("o1"), "o1", ago=290) == 204
    assert post.send(body("o2"), "o2", ago=-290) == 204


def test_a_book_that_cannot_be_written_is_no_acknowledgement(post: Post) -> None:
    post.book._connection.execute("PRAGMA query_only=ON")
    assert post.send(body("o1"), "o1") == 503
    post.book._connection.execute("PRAGMA query_only=OFF")
    assert post.send(body("o1"), "o1") == 204


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"POST /offers HTTP/1.1\r\nHost: x\r\n\r\n", b"411"),
        (b"POST /offers HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", b"411"),
        (b"POST /offers HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (MOST_BODY_BYTES + 1), b"413"),
        (b"POST /offers HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", b"413"),
        (b"GET /offers HTTP/1.1\r\nHost: x\r\n\r\n", b"501"),
        (b"POST /offers HTTP/1.1\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", b"431"),
        (b"\x16\x03\x01\x02\x00 not http\r\n\r\n", b"400"),
    ],
)
def test_hostile_requests_are_answered_shortly(post: Post, head: bytes, status: bytes) -> None:
    with socket.create_connection(("127.0.0.1", post.receiver.port), timeout=5) as connection:
        connection.sendall(head)
        assert status in connection.recv(300)
    assert post.send(body("o1"), "o1") == 204


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=300), st.recursive(st.none() | st.text(), st.lists).map(msgspec.json.encode)))
def test_signed_nonsense_is_refused_and_kills_nothing(post: Post, content: bytes) -> None:
    assert post.send(content, "o1") == 400


@given(st.text(min_size=1, max_size=40), st.text(max_size=200), st.integers(0, 2**53), st.none() | st.floats(0, 4e9))
def test_what_the_book_keeps_of_an_offer_is_the_offer(
    name: str, wording: str, number: int, expires_at: float | None
) -> None:
    told = {"number": number, "offer": name, "member": "M", "coupon": "C", "wording": wording, "new": [1]}
    found = read_offer(msgspec.json.encode(told))
    assert (found.offer, found.wording, found.number, found.channel) == (name, wording, number, "app")
    found = replace(found, expires_at=expires_at)
    assert reread(write_offer(found)) == found


@pytest.mark.parametrize("at", ["yesterday", "2026-02-30T00:00:00.000Z", "2026-01-01T00:00:00"])
def test_a_time_that_is_none_is_no_offer(at: str) -> None:
    with pytest.raises(NoOfferError, match="a time that is none"):
        read_offer(body("o1", at=at))
