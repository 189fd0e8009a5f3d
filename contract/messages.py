"""The catalogue: which body travels under which topic word and schema name; encoding and strict decoding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from contract import events
from contract.errors import AtriumError
from contract.events import MAX_MESSAGE_BYTES, Envelope


class MalformedMessageError(AtriumError):
    """A payload that is not a message of ours; ``reason`` is one short line."""


class UnknownSchemaError(MalformedMessageError):
    """A message of a schema or version that this build does not speak."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of message.

    Attributes:
        what: the topic's last word.
        schema: name and version, such as ``atrium.visit.v1``.
        body: the body's type.
        summary: one line for the documentation.
        retained: whether the broker keeps the last one.
        durable: whether it goes through the outbox and is accounted for by sequence number.
        expires_s: seconds after which nobody wants it, or None.
        qos: 1; 0 for what no broker may keep for somebody who is away, on its disk at last.
    """

    what: str
    schema: str
    body: Any
    summary: str
    retained: bool = False
    durable: bool = False
    expires_s: int | None = None
    qos: Literal[0, 1] = 1


KINDS: tuple[Kind, ...] = (
    Kind("status", "atrium.status.v1", events.Status, "birth, rest and last will of a box", retained=True),
    Kind("camera_status", "atrium.camera_status.v1", events.CameraStatus, "a camera's state", retained=True),
    Kind("visits", "atrium.visit.v1", events.Visit, "a visit to a zone opened, continued, closed", durable=True),
    Kind("crossings", "atrium.crossing.v1", events.Crossing, "somebody crossed a line", durable=True),
    Kind("positions", "atrium.positions.v1", events.Positions, "where everybody is, once a second", expires_s=30),
    Kind("journeys", "atrium.journey.v1", events.Journey, "a visitor left the floor", durable=True),
    Kind(
        "handoffs",
        "atrium.handoff.v1",
        events.Handoff,
        "keyed code of somebody who left or came by an exit",
        expires_s=120,
        qos=0,
    ),
    Kind("health", "atrium.health.v1", events.Health, "a box's figures", expires_s=120),
    Kind("commands", "atrium.command.v1", events.Command, "from central to a box", expires_s=120),
    Kind("replies", "atrium.reply.v1", events.Reply, "what came of a command", expires_s=120),
)
BY_WHAT = {kind.what: kind for kind in KINDS}
BY_BODY: dict[type, Kind] = {kind.body: kind for kind in KINDS if isinstance(kind.body, type)} | dict.fromkeys(
    (events.Acknowledge, events.Resend, events.Reload, events.RestartCamera, events.Report), BY_WHAT["commands"]
)


def envelope_of(kind: Kind) -> Any:
    """The envelope type with that kind's body."""
    return Envelope[kind.body]  # type: ignore[name-defined]


_DECODERS = {kind.what: msgspec.json.Decoder(envelope_of(kind), strict=True) for kind in KINDS}
_ENCODER = msgspec.json.Encoder()


class _Peek(msgspec.Struct):
    schema: str = ""


_PEEK = msgspec.json.Decoder(_Peek)


def encode(message: Envelope[Any]) -> bytes:
    """The message as UTF-8 JSON."""
    return _ENCODER.encode(message)


def decode(what: str, payload: bytes | bytearray | memoryview) -> Envelope[Any]:
    """The message in a payload that came under topic word ``what``.

    Raises:
        UnknownSchemaError: it is a message of a schema or version that this build does not speak.
        MalformedMessageError: it is too large, no JSON, or not what the schema allows.
    """
    if len(payload) > MAX_MESSAGE_BYTES:
        raise MalformedMessageError(f"{len(payload)} bytes; at most {MAX_MESSAGE_BYTES} are read")
    kind = BY_WHAT.get(what)
    if kind is None:
        raise MalformedMessageError(f"no message travels under {what[:40]!r}")
    try:
        message: Envelope[Any] = _DECODERS[what].decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        _refuse_other_schema(kind, payload)
        raise MalformedMessageError(str(error)[:300]) from None
    if message.schema_ != kind.schema:
        raise UnknownSchemaError(f"schema {message.schema_!r} under {what!r}; this build speaks {kind.schema!r}")
    return message


def _refuse_other_schema(kind: Kind, payload: bytes | bytearray | memoryview) -> None:
    """Tell a message of another version apart from garbage."""
    try:
        schema = _PEEK.decode(payload).schema
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    if schema.startswith("atrium.") and schema != kind.schema:
        raise UnknownSchemaError(f"schema {schema[:64]!r} under {kind.what!r}; this build speaks {kind.schema!r}")
