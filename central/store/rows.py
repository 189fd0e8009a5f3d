"""What ingest hands to the store: rows ready for their tables, checked so that a batch cannot trip on one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import msgspec

from contract.events import CameraStatus, Crossing, Envelope, Health, Journey, Positions, Reply, Status, Visit, ZoneStay
from contract.times import from_rfc3339, to_rfc3339
from contract.topics import Topic

Table = Literal["visits", "crossings", "journeys"]
UNKNOWN_SCHEMA = "unknown schema"
"""The kind of what is refused for a schema or version that this build does not speak."""


@dataclass(frozen=True, slots=True)
class Durable:
    """An event that is accounted for: its account, its number, its times and the row it becomes.

    Attributes:
        at: the envelope's time, seconds since 1970; 0 where it could not be read.
        heard: when it came.
        table: where its row goes; None where it was refused.
        row: in the order of the table's insertion.
    """

    site: str
    floor: str
    box: str
    session: str
    seq: int
    at: float
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
    body: Status | CameraStatus | Health | Positions | Reply


@dataclass(frozen=True, slots=True)
class Refused:
    """A payload for the quarantine.

    Attributes:
        kind: what is counted.
        account: set where its number could be read.
        event_id: for the log, where it could be read.
    """

    site: str
    heard: float
    topic: str
    kind: str
    reason: str
    size: int
    payload: bytes
    account: Durable | None = None
    event_id: str = ""


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
    return Durable(topic.site, topic.floor, topic.box, message.session, message.seq, at, heard, table, row)


_TIMES: dict[Table, tuple[int, ...]] = {"visits": (7, 11, 12), "crossings": (8,), "journeys": (6, 7)}
"""Where the times of a row stand; a visit's ``told`` stays as its box told it."""
_STAYS = 9
"""Where a journey's zones stand."""
_STAYS_DECODER = msgspec.json.Decoder(list[ZoneStay])


def shifted(event: Durable, by_s: float) -> Durable:
    """The same event with all its times later by so many seconds, but for the name a visit has by its told entry."""
    if event.table is None:
        return event
    row = list(event.row)
    for index in _TIMES[event.table]:
        if row[index] is not None:
            row[index] = round(row[index] + by_s, 3)
    if event.table == "journeys":
        stays = [
            msgspec.structs.replace(
                stay,
                entered_at=to_rfc3339(from_rfc3339(stay.entered_at) + by_s),
                left_at=to_rfc3339(from_rfc3339(stay.left_at) + by_s),
            )
            for stay in _STAYS_DECODER.decode(row[_STAYS])
        ]
        row[_STAYS] = msgspec.json.encode(stays).decode()
    return replace(event, at=event.at + by_s, row=tuple(row))
