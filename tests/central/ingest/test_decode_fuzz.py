"""Real messages bent in every way: each becomes a row that the store takes, or a reason; never an exception."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from central.ingest.decode import read
from central.store import quarantine
from central.store.batch import Arrival, commit
from central.store.rows import Durable, Live, Refused
from central.store.store import Store
from contract.events import CameraStatus, Journey, ZoneStay
from contract.times import to_rfc3339
from tests.central.mall import NOON, Sender, crossing, positions, status, visit

STAY = ZoneStay("nordic", to_rfc3339(NOON), to_rfc3339(NOON + 60), 50.0, 5.0, 1.0)
BODIES = (
    visit(),
    visit(phase="opened"),
    crossing(),
    positions(NOON, {"visitor00001": (1.0, 2.0), "visitor00002": (3.0, 4.0)}),
    status(3),
    CameraStatus("north", "online", to_rfc3339(NOON), ""),
    Journey("visitor00001", to_rfc3339(NOON), to_rfc3339(NOON + 60), [(0.0, 1.0, 2.0)], [STAY], 50.0, 5.0, 1.0, 12.0),
)
PACKETS = [Sender().packet(body, NOON, seq) for seq, body in enumerate(BODIES, start=1)]

WEIRD: list[Any] = [
    *(None, True, -1, 0, 2**53, 2**63, 2**70, -0.0, 1e308, 1e-320, "", "\0", "\ud800", "x" * 5000, "g/../u", "a b"),
    *([], {}, [[]], [None] * 3, {"a": {"b": []}}, "9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00.000Z"),
    *("2026-02-30T12:00:00.000Z", "2026-01-01T24:00:00.000Z", "1969-12-31T23:59:59.999Z"),
]


@st.composite
def bent_bytes(draw: st.DrawFn) -> tuple[str, bytes]:
    """A real packet with bytes changed, cut, doubled or put in."""
    topic, payload = draw(st.sampled_from(PACKETS))
    content = bytearray(payload)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(len(content) - 1, 0)))
        until = draw(st.integers(at, min(at + 30, len(content))))
        match draw(st.sampled_from(["change", "cut", "double", "insert", "end"])):
            case "change":
                content[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
            case "cut":
                del content[at:until]
            case "double":
                content[at:at] = content[at:until]
            case "insert":
                content[at:at] = draw(st.binary(max_size=6))
            case "end":
                del content[at:]
    return topic, bytes(content)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a value of JSON."""
    yield path
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield from places(inner, (*path, key))


@st.composite
def bent_values(draw: st.DrawFn) -> tuple[str, bytes]:
    """A real packet with values put in the place of others, or fields taken away and added."""
    topic, payload = draw(st.sampled_from(PACKETS))
    message = json.loads(payload)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(message))[1:]))
        holder = message
        for key in path[:-1]:
            holder = holder[key]
        if draw(st.booleans()):
            holder[path[-1]] = deepcopy(draw(st.sampled_from(WEIRD)))
        elif isinstance(holder, dict):
            holder.pop(path[-1])
            holder[draw(st.text(max_size=8))] = deepcopy(draw(st.sampled_from(WEIRD)))
        if not list(places(message))[1:]:
            break
    return topic, json.dumps(message).encode("utf-8", "surrogatepass")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store(tmp_path_factory.mktemp("fuzz") / "central.db", "mall")
    yield store
    store.close()


def taken(topic: str, payload: bytes) -> Arrival | None:
    found = read("mall", topic, payload, len(payload), NOON, retained=False)
    assert found is None or isinstance(found, Durable | Live | Refused)
    if isinstance(found, Refused):
        assert found.reason
        assert len(found.reason) <= 300
        assert len(found.payload) <= quarantine.MAX_PAYLOAD_BYTES
    return found


@settings(max_examples=300)
@given(packet=st.one_of(bent_bytes(), bent_values()))
def test_a_bent_message_is_taken_whole_or_refused_with_a_reason(packet: tuple[str, bytes], shared: Store) -> None:
    found = taken(*packet)
    if found is not None:
        before = len(quarantine.newest(shared.database, "mall", 2000))
        done = commit(shared.database, [found])
        kept = len(quarantine.newest(shared.database, "mall", 2000))
        assert done.refused == 0 or kept > before or kept >= quarantine.MAX_KEPT
    for row in shared.database.rows("SELECT entered_at, left_at, observed_s, confidence FROM visits"):
        assert all(value is None or math.isfinite(value) for value in tuple(row))


@settings(max_examples=100)
@given(packet=st.one_of(bent_bytes(), bent_values()))
def test_what_is_kept_of_a_bent_message_names_no_visitor(packet: tuple[str, bytes], shared: Store) -> None:
    found = taken(*packet)
    if not isinstance(found, Refused):
        return
    commit(shared.database, [found])
    (kept, *_) = quarantine.newest(shared.database, "mall", 1)
    assert b"visitor0000" not in kept.payload
    assert "visitor0000" not in kept.reason


def test_unbent_they_are_all_taken(shared: Store) -> None:
    for topic, payload in PACKETS:
        assert not isinstance(taken(topic, payload), Refused | None)
