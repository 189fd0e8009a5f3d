"""Routes for offers on their way out: what became of them, trying again, and what the delivering service says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from central.api.cursor import CursorQuery, pack, unpack
from central.api.document import answers
from central.api.gate import needs
from central.api.members import MAX_CLOCK_AHEAD_S, TimeText
from central.api.window import services_of
from central.services import Services
from central.store import deliveries, delivery_channels
from contract.errors import BadInputError
from contract.times import from_rfc3339, to_rfc3339

router = APIRouter(prefix="/v1")

NEWEST = 2**53
MOST_REPLAYED = 10_000

DELIVERY = {
    "delivery": 52,
    "number": 17,
    "channel": "webhook:crm",
    "state": "dead",
    "attempts": 12,
    "queued_at": "2026-01-31T12:00:00.000Z",
    "next_at": None,
    "ended_at": "2026-01-31T12:31:07.000Z",
    "error": "it answered 500",
}
QUEUED = DELIVERY | {
    "state": "queued",
    "attempts": 0,
    "next_at": "2026-01-31T12:40:00.000Z",
    "ended_at": None,
    "error": "",
}
DELIVERIES = {
    "deliveries": [DELIVERY],
    "next_cursor": None,
    "channels": [
        {
            "channel": "webhook:crm",
            "circuit": "open",
            "reason": "it answered 500",
            "since": "2026-01-31T12:20:00.000Z",
            "queued": 3,
            "oldest": "2026-01-31T12:28:00.000Z",
            "dead": 1,
        }
    ],
}

ChannelName = Annotated[str, Field(pattern=r"^(mqtt|webhook:[a-z0-9][a-z0-9_-]{0,31})$", examples=["webhook:crm"])]


@dataclass(frozen=True, slots=True)
class DeliveryAnswer:
    """One offer on one channel; ``number`` is the offer's, ``error`` why the last attempt failed.

    ``void``: its member was erased or withdrew a consent before it was sent.
    """

    delivery: int
    number: int
    channel: str
    state: deliveries.State
    attempts: int
    queued_at: str
    next_at: str | None
    ended_at: str | None
    error: str


@dataclass(frozen=True, slots=True)
class ChannelAnswer:
    """How a channel stands: an ``open`` circuit tries one offer now and then, a ``disabled`` one none."""

    channel: str
    circuit: str
    reason: str
    since: str | None
    queued: int
    oldest: str | None
    dead: int


@dataclass(frozen=True, slots=True)
class DeliveriesReport:
    """Deliveries, newest first, and the channels as they stand."""

    deliveries: list[DeliveryAnswer]
    next_cursor: str | None
    channels: list[ChannelAnswer]


class ReplayBody(BaseModel):
    """Which of the dead are to be sent once more."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"channel": "webhook:crm"}]})

    channel: ChannelName


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """How many are queued again, and how many nobody wants any more: expired, or their member is gone."""

    replayed: int
    left: int


class ReceiptBody(BaseModel):
    """What came of an offer at the member: ``refused`` where they do not want such messages."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"state": "delivered", "at": "2026-01-31T12:00:04.000Z"}]}
    )

    state: deliveries.ReceiptState
    at: TimeText


@router.get("/deliveries", dependencies=[needs("ops", "admin")], responses=answers(DELIVERIES))
def get_deliveries(
    request: Request,
    state: Annotated[deliveries.State | None, Query(description="only these")] = None,
    channel: Annotated[ChannelName | None, Query(description="only of this channel")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: CursorQuery = None,
) -> DeliveriesReport:
    """What became of offers on their way out, newest first; nothing here names a member."""
    services = services_of(request)
    store, key, name = services.store, services.secrets.cookie_key, f"deliveries {state} {channel}"
    before = NEWEST if cursor is None else int(unpack(key, name, cursor)[0])
    found = deliveries.listed(store.database, store.site, state=state, channel=channel, before=before, limit=limit)
    more = pack(key, name, [found[-1].delivery]) if len(found) == limit else None
    return DeliveriesReport([_told(one) for one in found], more, _channels(services))


@router.post(
    "/deliveries/{delivery}/replay",
    dependencies=[needs("ops", "admin")],
    responses={**answers(QUEUED), 409: {"description": "it is not dead, or nobody wants it any more"}},
)
def replay_delivery(request: Request, delivery: Annotated[int, Path(ge=0, le=NEWEST)]) -> DeliveryAnswer:
    """Send a dead one once more; its channel is tried again, too. 409 where nobody wants it any more."""
    services = services_of(request)
    why_not = _replay(services, delivery)
    found = deliveries.find(services.store.database, services.store.site, delivery)
    if found is None:
        raise HTTPException(404, f"no delivery {delivery}; GET /v1/deliveries lists them")
    if why_not:
        raise HTTPException(409, f"delivery {delivery}: {why_not}")
    services.courier.wake()
    return _told(found)


@router.post("/deliveries/replay", dependencies=[needs("ops", "admin")], responses=answers({"replayed": 40, "left": 2}))
def replay_channel(request: Request, body: ReplayBody) -> ReplayReport:
    """Send all of a channel once more that are dead, and still wanted."""
    services = services_of(request)
    store = services.store
    found = deliveries.listed(
        store.database, store.site, state="dead", channel=body.channel, before=NEWEST, limit=MOST_REPLAYED
    )
    replayed = sum(not _replay(services, one.delivery) for one in reversed(found))
    services.courier.wake()
    return ReplayReport(replayed, len(found) - replayed)


@router.post("/offers/{offer}/receipt", dependencies=[needs("trigger", "admin")], status_code=204)
def post_receipt(
    request: Request, offer: Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")], body: ReceiptBody
) -> Response:
    """Say what came of an offer at the member; saying it twice changes nothing, and the latest word counts."""
    services = services_of(request)
    at = from_rfc3339(body.at)
    if at > services.clock() + MAX_CLOCK_AHEAD_S:
        raise BadInputError("at: it lies in the future; correct it, or your clock")
    if not deliveries.note_receipt(services.store.database, services.store.site, offer, body.state, at):
        raise HTTPException(404, f"no offer {offer!r}; it may be of a member who was erased")
    return Response(status_code=204)


def _replay(services: Services, delivery: int) -> str:
    store, keep_s = services.store, services.courier.outlets.keep_s
    return deliveries.replay(store.database, store.site, delivery, services.clock(), keep_s=keep_s)


def _channels(services: Services) -> list[ChannelAnswer]:
    store, channels = services.store, services.courier.outlets.channels
    return [
        ChannelAnswer(
            one.channel,
            one.circuit.state,
            one.circuit.reason,
            to_rfc3339(one.circuit.since) if one.circuit.since else None,
            one.queued,
            None if one.oldest is None else to_rfc3339(one.oldest),
            one.dead,
        )
        for one in delivery_channels.standing(store.database, store.site, services.clock(), channels)
    ]


def _told(found: deliveries.Delivery) -> DeliveryAnswer:
    return DeliveryAnswer(
        found.delivery,
        found.number,
        found.channel,
        found.state,
        found.attempts,
        to_rfc3339(found.queued_at),
        to_rfc3339(found.next_at) if found.state == "queued" else None,
        None if found.ended_at is None else to_rfc3339(found.ended_at),
        found.error,
    )
