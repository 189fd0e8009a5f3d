"""Whatever comes under a topic becomes a row or a reason, never an exception."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.ingest.decode import read
from central.store.batch import Arrival
from central.store.rows import Durable, Live, Refused
from contract.events import MAX_MESSAGE_BYTES, Reply, Report
from tests.central.mall import NOON, Sender, crossing, positions, status, visit


def taken(topic: str, payload: bytes, size: int | None = None) -> Arrival | None:
    return read("mall", topic, payload, len(payload) if size is None else size, NOON, retained=False)


def changed(**fields: object) -> tuple[str, bytes]:
    topic, payload = Sender().packet(crossing(), NOON)
    return topic, json.dumps(json.loads(payload) | fields).encode()


@pytest.mark.parametrize(
    ("packet", "kind", "accounted"),
    [
        (("atrium/mall/g/box-g/visits", b"garbage"), "malformed", False),
        (("atrium/mall/g/box-g/visits", b""), "malformed", False),
        (("atrium/mall/g/box-g/visits", b"\xff\xfe"), "malformed", False),
        (("atrium/mall/g/box-g/visits", b"[" * 100_000), "malformed", False),
        (("atrium/mall/g f/box-g/visits", b"{}"), "malformed", False),
        (("elsewhere", b"{}"), "malformed", False),
        (changed(schema="atrium.crossing.v9"), "unknown schema", True),
        (changed(body={}), "malformed", True),
        (changed(at="2026-02-30T12:00:00.000Z"), "malformed", True),
        (changed(box="another"), "wrong place", False),
        (changed(site="another"), "wrong place", False),
        (changed(seq=-4), "malformed", False),
        (changed(seq=2**70), "malformed", False),
    ],
)
def test_bad_messages_are_refused_with_a_reason(packet: tuple[str, bytes], kind: str, accounted: bool) -> None:
    found = taken(*packet)
    assert isinstance(found, Refused)
    assert found.kind == kind
    assert found.reason
    assert (found.account is not None) == accounted


def test_an_oversized_message_is_refused_unread() -> None:
    found = taken("atrium/mall/g/box-g/visits", b"x" * 4096, 10_000_000)
    assert isinstance(found, Refused)
    assert (found.kind, found.size) == ("oversized", 10_000_000)
    assert str(MAX_MESSAGE_BYTES) in found.reason


def test_good_messages_are_durable_live_or_unwanted() -> None:
    sender = Sender()
    assert isinstance(taken(*sender.packet(visit(), NOON)), Durable)
    assert isinstance(taken(*sender.packet(crossing(), NOON)), Durable)
    assert isinstance(taken(*sender.packet(status(3), NOON)), Live)
    assert isinstance(taken(*sender.packet(positions(NOON, {}), NOON)), Live)
    assert isinstance(taken(*sender.packet(Reply("report", ok=True), NOON)), Live)
    assert taken("atrium/mall/g/box-g/commands", sender.packet(Report(), NOON)[1]) is None


@given(st.binary(max_size=300), st.sampled_from(["visits", "crossings", "journeys", "positions", "status", "health"]))
def test_no_payload_raises(payload: bytes, what: str) -> None:
    assert isinstance(taken(f"atrium/mall/g/box-g/{what}", payload), Refused)


@given(st.text(max_size=60))
def test_no_topic_raises(topic: str) -> None:
    assert isinstance(taken(topic, b"{}"), Refused)
