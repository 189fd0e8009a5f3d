"""What ingest hands to the store: rows ready for their tables, checked so that a batch cannot trip on one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from contract.events import CameraStatus, Crossing, Envelope, Health, Journey, Positions, Status, Visit
from contract.times import from_rfc3339
from contract.topics import Topic

Table = Literal["visits", "crossings", "journeys"]


@dataclass(frozen=True, slots=True)
class Durable:
    """An event that is accounted for: its account, its number, and the row it becomes; ``row`` None was refused."""

    site: str
    floor: str
    box: str
    session: str
    seq: int
    heard: float
    table: Table | None
    row: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Live:
    """A message that may expire; ``retained`` says that the broker kept it, so that it proves nothing about now."""

    topic: Topic
    at: float
    heard: float
    retained: bool
    body: Status | CameraStatus | Health | Positions


@dataclass(frozen=True, slots=True)
class Refused:
    """A payload for the quarantine; ``kind`` is what is counted, ``account`` is set where its number could be read."""

    site: str
    heard: float
    topic: str
    kind: str
    reason: str
    size: int
    payload: bytes
    account: Durable | None = None


def durable_row(topic: Topic, message: Envelope[Any], heard: float) -> Durable:
    """The event as a row.

    Raises:
        BadInputError: where a time in it is no time, such as 30 February.
    """
    at, body = from_rfc3339(message.at), message.body
    row: tuple[Any, ...]
    table: Table
    match body:
        case Visit():
            table = "visits"
            left = None if body.left_at is None else from_rfc3339(body.left_at)
            entered = from_rfc3339(body.entered_at)
            row = (topic.site, entered, topic.box, body.visit, topic.floor, message.session, message.seq, at)
            row += (body.visitor, body.zone, body.phase, entered, left)
            row += (body.observed_s, body.bridged_s, body.unseen_s, body.confidence)
        case Crossing():
            table = "crossings"
            row = (topic.site, topic.box, message.session, message.seq, topic.floor)
            row += (body.line, body.direction, body.visitor, from_rfc3339(body.at))
        case Journey():
            table = "journeys"
            for stay in body.zones:
                from_rfc3339(stay.entered_at)
                from_rfc3339(stay.left_at)
            row = (topic.site, topic.box, message.session, message.seq, topic.floor, body.visitor)
            row += (from_rfc3339(body.entered_at), from_rfc3339(body.left_at))
            row += (msgspec.json.encode(body.path).decode(), msgspec.json.encode(body.zones).decode())
            row += (body.observed_s, body.bridged_s, body.unseen_s, body.length_m)
        case _:
            raise TypeError(f"{type(body).__name__} is no durable event")
    return Durable(topic.site, topic.floor, topic.box, message.session, message.seq, heard, table, row)
