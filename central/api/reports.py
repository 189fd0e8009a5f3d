"""Routes that read: boxes, presence, quarantine, the site's geometry."""

from __future__ import annotations

import base64
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request

from central.api.cursor import CursorQuery, pack, unpack
from central.api.document import answers
from central.api.gate import needs
from central.api.samples import BOXES, PRESENCE, QUARANTINE, SITE
from central.api.window import services_of
from central.insight.insight import FloorPresence
from central.services import Services
from central.store import boxes, quarantine
from contract.times import to_rfc3339

router = APIRouter(prefix="/v1")


@dataclass(frozen=True, slots=True)
class SessionReport:
    """A durable session's account: "0 missing, 12 replayed"; abandoned where its box has another outbox now."""

    session: str
    received: int
    missing: int
    replayed: int
    refused: int
    last_seq: int
    committed_through: int
    last_heard: str
    state: Literal["open", "whole", "abandoned"]


@dataclass(frozen=True, slots=True)
class BoxReport:
    """A box: state, cameras, figures and accounts.

    ``clock_skew_s`` is how far its clock is ahead of central's; event times are corrected for it beyond 2 s.
    ``refusal`` says what it last sent of a schema that this build does not speak.
    """

    box: str
    floor: str
    state: str
    since: str | None
    version: str
    last_heard: str | None
    heard_s_ago: float | None
    positions_heard_s_ago: float | None
    calibration: str
    health: dict[str, Any] | None
    cameras: list[dict[str, Any]]
    sessions: list[SessionReport]
    clock_skew_s: float | None
    last_reply: dict[str, Any] | None
    refusal: str


@dataclass(frozen=True, slots=True)
class IngestReport:
    """The way in: broker, queue, store. ``fault`` says what is wrong now."""

    broker_fault: str
    store_fault: str
    queue_depth: int
    dropped_live: int
    late_live: int


@dataclass(frozen=True, slots=True)
class BoxesReport:
    """All boxes of the site and the way in."""

    ingest: IngestReport
    boxes: list[BoxReport]


def boxes_report(services: Services) -> BoxesReport:
    """Boxes, cameras and accounts as they are now."""
    now, store = services.clock(), services.store
    accounts = store.accounting()
    state = services.writer.state
    return BoxesReport(
        IngestReport(services.broker.fault, state.fault, services.writer.depth, state.dropped, state.late),
        [
            BoxReport(
                box=box.box,
                floor=box.floor,
                state=box.state,
                since=_told(box.since),
                version=box.version,
                last_heard=_told(box.last_heard),
                heard_s_ago=None if box.last_heard is None else round(max(0.0, now - box.last_heard), 1),
                positions_heard_s_ago=(
                    None if box.positions_heard is None else round(max(0.0, now - box.positions_heard), 1)
                ),
                calibration=box.calibration,
                health=_without_people(box.health),
                cameras=[asdict(camera) | {"since": to_rfc3339(camera.since)} for camera in box.cameras],
                sessions=[
                    SessionReport(
                        one.session,
                        one.received,
                        one.missing,
                        one.duplicates,
                        one.refused,
                        one.highest,
                        one.prefix,
                        to_rfc3339(one.last_heard),
                        one.state,
                    )
                    for one in accounts
                    if one.box == box.box
                ],
                clock_skew_s=box.skew_s,
                last_reply=None
                if box.last_reply is None
                else box.last_reply | {"at": to_rfc3339(box.last_reply["at"])},
                refusal=box.refusal,
            )
            for box in boxes.boxes(store.database, store.site)
        ],
    )


def _without_people(health: dict[str, Any] | None) -> dict[str, Any] | None:
    """A box's figures but for how many people it follows: how many are on a floor is told by ``/v1/live`` alone."""
    return None if health is None else {name: value for name, value in health.items() if name != "visitors"}


def _told(at: float | None) -> str | None:
    return None if at is None else to_rfc3339(at)


@router.get("/boxes", dependencies=[needs("installer", "ops", "manager", "admin")], responses=answers(BOXES))
def get_boxes(request: Request) -> BoxesReport:
    """Boxes, their cameras, and for every session what was received, is missing, came twice."""
    return boxes_report(services_of(request))


@dataclass(frozen=True, slots=True)
class PresenceReport:
    """People now; figures about fewer than ``k`` have a null count."""

    at: str
    k: int
    floors: list[FloorPresence]


@router.get("/presence", dependencies=[needs("ops", "manager", "admin")], responses=answers(PRESENCE))
def get_presence(request: Request) -> PresenceReport:
    """People now, by floor and zone."""
    services = services_of(request)
    now = services.clock()
    return PresenceReport(to_rfc3339(now), services.insight.k, services.insight.presence(now))


@dataclass(frozen=True, slots=True)
class QuarantinedMessage:
    """A refused message; ``payload_base64`` is its beginning, ids in it masked by stars."""

    id: int
    heard: str
    topic: str
    reason: str
    size: int
    payload_base64: str


@dataclass(frozen=True, slots=True)
class QuarantineReport:
    """How many were refused, by kind of fault, and the newest of them; ``next_cursor`` leads to older ones."""

    counts: dict[str, int]
    messages: list[QuarantinedMessage]
    next_cursor: str | None


@router.get("/quarantine", dependencies=[needs("ops", "admin")], responses=answers(QUARANTINE))
def get_quarantine(
    request: Request, limit: Annotated[int, Query(ge=1, le=1000)] = 50, cursor: CursorQuery = None
) -> QuarantineReport:
    """Messages that could not be taken in, and why."""
    services = services_of(request)
    store, key = services.store, services.secrets.cookie_key
    before = 2**62 if cursor is None else int(unpack(key, "quarantine", cursor)[0])
    kept = quarantine.newest(store.database, store.site, limit, before)
    return QuarantineReport(
        quarantine.counts(store.database, store.site),
        [
            QuarantinedMessage(
                one.id,
                to_rfc3339(one.heard),
                one.topic,
                one.reason,
                one.size,
                base64.b64encode(one.payload).decode(),
            )
            for one in kept
        ],
        pack(key, "quarantine", [kept[-1].id]) if len(kept) == limit else None,
    )


@router.get("/site", dependencies=[needs("installer", "ops", "manager", "trigger", "admin")], responses=answers(SITE))
def get_site(request: Request) -> dict[str, Any]:
    """Floors with their zones, lines and walls, in metres."""
    site = services_of(request).site
    return {
        "site": site.id,
        "name": site.name,
        "timezone": site.timezone.key,
        "floors": [
            {
                "floor": floor.id,
                "name": floor.name,
                "size_m": list(floor.size_m),
                "zones": [
                    {
                        "zone": zone.id,
                        "name": zone.name,
                        "category": zone.category,
                        "rings_m": [ring.tolist() for ring in zone.rings_m],
                    }
                    for zone in floor.zones.values()
                ],
                "lines": [
                    {"line": line.id, "name": line.name, "zone": line.zone, "ends_m": line.ends_m.tolist()}
                    for line in floor.lines.values()
                ],
                "walls": [{"wall": wall.id, "path_m": wall.path_m.tolist()} for wall in floor.walls],
            }
            for floor in site.floors.values()
        ],
    }
