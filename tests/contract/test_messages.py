"""Messages survive the wire, and what is not one of ours is refused with a reason."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import events
from contract.events import MAX_MESSAGE_BYTES, MAX_VISITORS, Envelope
from contract.messages import BY_BODY, KINDS, MalformedMessageError, UnknownSchemaError, decode, encode
from contract.times import to_rfc3339

NOW = to_rfc3339(1_790_000_000.123)
BODIES: list[Any] = [
    events.Status("online", NOW, "0.1.0", "abcdefgh", 7),
    events.CameraStatus("c1", "blind", NOW, "no frame for 5 s"),
    events.Visit("visit001", "visitor1", "zara", "closed", NOW, 10.5, 1.0, 0.0, 0.9, NOW),
    events.Crossing("door", "in", "visitor1", NOW),
    events.Positions(NOW, [("visitor1", 1.25, -0.5)], "0123456789ab"),
    events.Journey("visitor1", NOW, NOW, [(0.0, 1.0, 2.0)], [events.ZoneStay("zara", NOW, NOW, 1, 0, 0)], 1, 0, 0, 3),
    events.Handoff("visitor1", "lift", NOW, "0" * 64, "in"),
    events.Health([events.CameraHealth("c1", "online", 25, 8, 3, 120)], 0, 3, 20.0, -1.5, 55.0),
    events.Acknowledge("abcdefgh", 12),
    events.Resend("abcdefgh", 3, 5),
    events.Reload(),
    events.RestartCamera("c1"),
    events.Report(),
    events.Reply("reload", ok=True),
]


def wrap(body: Any, **changes: Any) -> Envelope[Any]:
    fields = {
        "schema_": BY_BODY[type(body)].schema,
        "site": "mall",
        "floor": "g",
        "box": "b1",
        "session": "abcdefgh",
        "seq": 1,
        "event_id": "abcdefgh-1",
        "at": NOW,
        "body": body,
    }
    return Envelope(**(fields | changes))


@pytest.mark.parametrize("body", BODIES, ids=lambda body: type(body).__name__)
def test_a_message_survives_the_wire(body: Any) -> None:
    message = wrap(body)
    assert decode(BY_BODY[type(body)].what, encode(message)) == message


def test_every_kind_is_tried_here() -> None:
    assert {BY_BODY[type(body)].what for body in BODIES} == {kind.what for kind in KINDS}


@pytest.mark.parametrize(
    "changes",
    [
        {"seq": 0},
        {"seq": "1"},
        {"box": "a/b"},
        {"at": "2026-02-31 12:00"},
        {"session": "X"},
        {"extra": 1},
        {"body": {"line": "door", "direction": "up", "visitor": "visitor1", "at": NOW}},
        {"body": {"line": "door", "direction": "in", "visitor": "visitor1", "at": NOW, "image": "AAAA"}},
    ],
)
def test_what_the_schema_forbids_is_refused(changes: dict[str, Any]) -> None:
    payload = json.loads(encode(wrap(BODIES[3]))) | changes
    with pytest.raises(MalformedMessageError):
        decode("crossings", json.dumps(payload).encode())


def test_another_version_is_told_apart_from_garbage() -> None:
    payload = encode(wrap(BODIES[3])).replace(b"crossing.v1", b"crossing.v9")
    with pytest.raises(UnknownSchemaError, match="v9"):
        decode("crossings", payload)


def test_too_large_a_payload_is_refused_unread() -> None:
    with pytest.raises(MalformedMessageError, match="bytes"):
        decode("crossings", b" " * (MAX_MESSAGE_BYTES + 1))


def test_the_largest_batch_of_positions_fits() -> None:
    body = events.Positions(NOW, [("v" * 40, -9999.99, 9999.99)] * MAX_VISITORS)
    assert len(encode(wrap(body))) < MAX_MESSAGE_BYTES


def test_positions_name_their_calibration_once_a_batch_and_older_ones_do_not() -> None:
    told = encode(wrap(events.Positions(NOW, [("visitor1", 1.25, -0.5)] * 3, "0123456789ab")))
    older = encode(wrap(events.Positions(NOW, [("visitor1", 1.25, -0.5)] * 3)))
    assert b"calibration" not in older
    assert decode("positions", older).body.calibration == ""
    assert decode("positions", told).body.calibration == "0123456789ab"
    assert told.count(b"0123456789ab") == 1
    assert len(told) - len(older) == len(b',"calibration":"0123456789ab"')


@pytest.mark.parametrize("name", ["0123456789AB", "0123456789abc", "0123456789a", "0123456789ab\n", "a/b", 7, None])
def test_a_calibration_is_twelve_hexadecimal_digits(name: Any) -> None:
    payload = json.loads(encode(wrap(events.Positions(NOW, []))))
    payload["body"]["calibration"] = name
    with pytest.raises(MalformedMessageError):
        decode("positions", json.dumps(payload).encode())


NEWER_FIGURES = ("disk_free", "duplicate_share", "fragment_share")


def test_health_of_a_box_of_before_contract_1_4_says_nothing_of_the_newer_figures() -> None:
    payload = json.loads(encode(wrap(events.Health([], 0, 3, 20.0, disk_free=0.4, duplicate_share=0.02))))
    for name in NEWER_FIGURES:
        del payload["body"][name]
    body = decode("health", json.dumps(payload).encode()).body
    assert [getattr(body, name) for name in NEWER_FIGURES] == [None, None, None]


@pytest.mark.parametrize("name", NEWER_FIGURES)
@pytest.mark.parametrize(("value", "is_share"), [(0, True), (1.0, True), (None, True), (1.01, False), (-0.1, False)])
def test_a_share_in_health_lies_between_none_and_all(name: str, value: float | None, is_share: bool) -> None:
    payload = json.loads(encode(wrap(events.Health([], 0, 3, 20.0))))
    payload["body"][name] = value
    if is_share:
        assert getattr(decode("health", json.dumps(payload).encode()).body, name) == value
    else:
        with pytest.raises(MalformedMessageError, match=name):
            decode("health", json.dumps(payload).encode())


def test_a_handoff_of_an_older_box_is_of_somebody_who_left() -> None:
    payload = encode(wrap(events.Handoff("visitor1", "lift", NOW, "0" * 64)))
    assert b"direction" not in payload
    assert decode("handoffs", payload).body.direction == "out"
    with pytest.raises(MalformedMessageError):
        decode("handoffs", encode(wrap(events.Handoff("visitor1", "lift", NOW, "0" * 64, "up"))))  # type: ignore[arg-type]


def test_a_handoff_does_not_show_its_code() -> None:
    handoff = events.Handoff("visitor1", "lift", NOW, "0123456789abcdef" * 4)
    for shown in (repr(handoff), str(handoff), repr(wrap(handoff))):
        assert "0123" not in shown
        assert "visitor1" not in shown


@given(st.binary(max_size=200))
def test_garbage_is_refused(payload: bytes) -> None:
    with pytest.raises(MalformedMessageError):
        decode("visits", payload)


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(MalformedMessageError):
        decode("visits", b"[" * 100_000)


def test_nothing_in_the_contract_can_carry_a_picture() -> None:
    """Only a handoff's keyed code is opaque, and it is at most 512 bits."""
    opaque = [kind.what for kind in KINDS if kind.what != "handoffs" and b"code" in repr(kind.body).encode()]
    assert opaque == []
    with pytest.raises(MalformedMessageError):
        decode("handoffs", encode(wrap(events.Handoff("visitor1", "lift", NOW, "0" * 256))))
