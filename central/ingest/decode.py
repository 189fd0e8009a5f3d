"""From a payload on a topic to a row for the store, or to a reason why not: never an exception."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from central.store.batch import Arrival
from central.store.quarantine import MAX_PAYLOAD_BYTES
from central.store.rows import UNKNOWN_SCHEMA, Durable, Live, Refused, durable_row
from contract.errors import AtriumError
from contract.events import MAX_MESSAGE_BYTES, Envelope, Handoff
from contract.messages import BY_WHAT, MalformedMessageError, UnknownSchemaError, decode
from contract.times import from_rfc3339
from contract.topics import Topic, parse_topic

MAX_SEQ = 2**53
_topic = lru_cache(maxsize=4096)(parse_topic)
"""A mall has a few hundred topics, and each is worth 5 us; who sends under ever new ones gains nothing by it."""


class _Number(msgspec.Struct):
    """What of a broken message we need for its account."""

    site: str
    floor: str
    box: str
    session: str
    seq: int


_NUMBER = msgspec.json.Decoder(_Number)


class _MisplacedError(AtriumError):
    """The envelope contradicts the topic."""


def read(site: str, topic: str, payload: bytes, size: int, heard: float, *, retained: bool) -> Arrival | None:
    """What came, ready for the store; None where nobody here wants it.

    Args:
        site: the site we serve, under which we quarantine.
        topic: as the broker names it.
        payload: the message, or the beginning of one that is too large.
        size: bytes that the message had.
        heard: when it came, seconds since 1970.
        retained: whether the broker had kept it.
    """
    parsed: Topic | None = None
    try:
        parsed = _topic(topic)
        message = _decoded(parsed, payload, size)
        if BY_WHAT[parsed.what].durable:
            return durable_row(parsed, message, heard)
        if parsed.what not in {"status", "camera_status", "health", "positions", "replies"}:
            return None
        _check_times(message)
        return Live(parsed, from_rfc3339(message.at), heard, retained, message.body)
    except UnknownSchemaError as error:
        kind, reason = UNKNOWN_SCHEMA, str(error)
    except _MisplacedError as error:
        kind, reason = "wrong place", str(error)
    except MalformedMessageError as error:
        kind, reason = ("oversized" if size > MAX_MESSAGE_BYTES else "malformed"), str(error)
    except AtriumError as error:
        kind, reason = "malformed", str(error)
    account = _account(parsed, payload, heard) if parsed is not None and size <= MAX_MESSAGE_BYTES else None
    shown = topic.encode(errors="replace").decode()[:300]
    event_id = "" if account is None else f"{account.session}-{account.seq}"
    return Refused(site, heard, shown, kind, reason[:300], size, payload[:MAX_PAYLOAD_BYTES], account, event_id)


def read_handoff(site: str, topic: str, payload: bytes, size: int, heard: float) -> tuple[Topic, Handoff] | Refused:
    """A handoff, which nobody may keep, or a refusal that holds nothing of it: neither payload nor words from it."""
    try:
        parsed = _topic(topic)
        message = _decoded(parsed, payload, size)
        if isinstance(message.body, Handoff):
            return parsed, message.body
        kind = "malformed"
    except UnknownSchemaError:
        kind = UNKNOWN_SCHEMA
    except _MisplacedError:
        kind = "wrong place"
    except AtriumError:
        kind = "oversized" if size > MAX_MESSAGE_BYTES else "malformed"
    reason = f"handoff: {kind}; it is not shown, because it may hold a code"
    return Refused(site, heard, topic.encode(errors="replace").decode()[:300], kind, reason, size, b"")


def _decoded(topic: Topic, payload: bytes, size: int) -> Envelope[Any]:
    """The message, where it is one and belongs under that topic."""
    if size > MAX_MESSAGE_BYTES:
        raise MalformedMessageError(f"{size} bytes; at most {MAX_MESSAGE_BYTES} are read")
    message = decode(topic.what, payload)
    for name in ("site", "floor", "box"):
        if getattr(message, name) != getattr(topic, name):
            raise _MisplacedError(
                f"{name} is {getattr(message, name)!r} in the envelope, {getattr(topic, name)!r} in the topic"
            )
    if topic.what == "camera_status" and message.body.camera != topic.camera:
        raise _MisplacedError(f"camera is {message.body.camera!r} in the body, {topic.camera!r} in the topic")
    return message


def _check_times(message: Envelope[Any]) -> None:
    """Refuse 30 February before the store meets it."""
    for name in ("at", "since"):
        value = getattr(message.body, name, None)
        if isinstance(value, str):
            from_rfc3339(value)


def _account(topic: Topic, payload: bytes, heard: float) -> Durable | None:
    """The account of a refused durable message, so that its number is not asked for again and again."""
    if not BY_WHAT[topic.what].durable:
        return None
    try:
        number = _NUMBER.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    in_place = (number.site, number.floor, number.box) == (topic.site, topic.floor, topic.box)
    legal = 1 <= number.seq <= MAX_SEQ and 8 <= len(number.session) <= 40 and number.session.isalnum()
    if not (in_place and legal):
        return None
    return Durable(topic.site, topic.floor, topic.box, number.session, number.seq, 0.0, heard, None, ())
