"""Reading ahead gives the same messages in the same order, however the bytes arrive."""

from __future__ import annotations

import socket

import paho.mqtt.client as mqtt
from hypothesis import given, settings
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from benchmarks.central.load import publish
from central.ingest.reading import BUFFER_BYTES, ReadingClient


def read_by(kind: type[mqtt.Client], payloads: list[bytes], cuts: list[int]) -> list[bytes]:
    """What a client hears of the payloads, sent in pieces of these sizes."""
    ours, theirs = socket.socketpair()
    client = kind(CallbackAPIVersion.VERSION2, "reader", protocol=MQTTProtocolVersion.MQTTv311, manual_ack=True)
    heard: list[bytes] = []
    client.on_message = lambda _client, _data, message: heard.append(bytes(message.payload))
    theirs.settimeout(0)
    client._sock = theirs
    stream = b"".join(bytes(publish("a/b", payload, ()).data) for payload in payloads)
    sizes = [*cuts, len(stream)]
    while stream:
        size = sizes.pop(0) if sizes else len(stream)
        ours.sendall(stream[:size])
        stream = stream[size:]
        client.loop_read()
    for _ in payloads:
        client.loop_read()
    client._sock = None
    ours.close()
    theirs.close()
    return heard


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=300), max_size=30), st.lists(st.integers(1, 200), max_size=30))
def test_in_any_pieces(payloads: list[bytes], cuts: list[int]) -> None:
    assert read_by(ReadingClient, payloads, cuts) == payloads == read_by(mqtt.Client, payloads, cuts)


def test_all_that_came_along_is_dealt_with_at_once() -> None:
    ours, theirs = socket.socketpair()
    client = ReadingClient(CallbackAPIVersion.VERSION2, "reader", manual_ack=True)
    heard: list[bytes] = []
    client.on_message = lambda _client, _data, message: heard.append(bytes(message.payload))
    theirs.settimeout(0)
    client._sock = theirs
    ours.sendall(b"".join(bytes(publish("a/b", b"%d" % number, ()).data) for number in range(500)))
    client.loop_read()
    assert heard == [b"%d" % number for number in range(500)]
    client._sock = None
    ours.close()
    theirs.close()


def test_a_message_larger_than_the_buffer_comes_whole() -> None:
    large = b"x" * (2 * BUFFER_BYTES + 17)
    assert read_by(ReadingClient, [b"before", large, b"after"], [50_000] * 5) == [b"before", large, b"after"]


def test_a_new_connection_begins_with_nothing() -> None:
    client = ReadingClient(CallbackAPIVersion.VERSION2, "reader")
    client._ahead, client._used = b"half a packet", 3
    client.forget()
    ours, theirs = socket.socketpair()
    theirs.settimeout(0)
    client._sock = theirs
    ours.sendall(b"\x00")
    assert client._sock_recv(1) == b"\x00"
    client._sock = None
    ours.close()
    theirs.close()
