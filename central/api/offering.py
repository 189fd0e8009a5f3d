"""Routes for offers: a page of them, and a stream with resume."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from central.api.cursor import CursorQuery, pack, unpack
from central.api.document import answers
from central.api.gate import needs
from central.api.window import services_of
from central.services import Services
from central.store import deliveries, offers
from contract.times import to_rfc3339

router = APIRouter(prefix="/v1")

OFFERS = {
    "offers": [
        {
            "number": 17,
            "offer": "0f3b5c9a77e1d2c4b6a89e10",
            "member": "M-1042",
            "campaign": "lunch",
            "version": 3,
            "day": "2026-01-31",
            "coupon": "DINE-15",
            "wording": "15 % off your lunch",
            "at": "2026-01-31T12:00:00.000Z",
            "sentence": "Checked in at 11:58; spent 11 min in fashion today; agreed to this kind of offer.",
            "facts": {"campaign": {"id": "lunch", "version": 3}},
            "code": "7Q2M-XK4D-9TRB",
            "channel": "app",
        }
    ],
    "next": 17,
    "next_cursor": "WzE3XQ.Zm9v",
}

POLL_S = 0.25
"""The stream looks for new offers this often."""
COMMENT_EVERY_S = 15.0
"""A comment keeps proxies from closing a quiet stream."""


@dataclass(frozen=True, slots=True)
class OfferAnswer:
    """An offer: ``number`` is where to resume, ``offer`` the idempotency key, ``sentence`` and ``facts`` the reason."""

    number: int
    offer: str
    member: str
    campaign: str
    version: int
    day: str
    coupon: str
    wording: str
    at: str
    sentence: str
    facts: dict[str, Any]
    code: str = ""
    channel: str = "app"


@dataclass(frozen=True, slots=True)
class OffersReport:
    """Offers in ascending order; ask again with ``after`` = ``next``, or with ``cursor`` = ``next_cursor``."""

    offers: list[OfferAnswer]
    next: int
    next_cursor: str | None


def _told(offer: offers.Offer) -> OfferAnswer:
    return OfferAnswer(
        offer.number,
        offer.offer,
        offer.member,
        offer.campaign,
        offer.version,
        offer.day,
        offer.coupon,
        offer.wording,
        to_rfc3339(offer.at),
        offer.sentence,
        offer.facts,
        offer.code,
        offer.channel,
    )


def _streamed(outgoing: deliveries.Outgoing) -> bytes:
    """The offer as it is listed, and when its coupon expires."""
    expires_at = None if outgoing.expires_at is None else to_rfc3339(outgoing.expires_at)
    return msgspec.json.encode(asdict(_told(outgoing.offer)) | {"expires_at": expires_at})


@router.get("/offers", dependencies=[needs("trigger", "manager", "admin")], responses=answers(OFFERS))
def get_offers(
    request: Request,
    after: Annotated[int, Query(ge=0, le=2**53, description="number of the last offer seen")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    cursor: CursorQuery = None,
) -> OffersReport:
    """Offers after a number or cursor, oldest first."""
    services = services_of(request)
    store, key = services.store, services.secrets.cookie_key
    start = after if cursor is None else int(unpack(key, "offers", cursor)[0])
    found = offers.offers_after(store.database, store.site, start, limit)
    last = found[-1].number if found else start
    return OffersReport([_told(offer) for offer in found], last, pack(key, "offers", [last]) if found else None)


@router.get(
    "/offers/stream",
    dependencies=[needs("trigger", "manager", "admin")],
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {"text/event-stream": {"example": 'id: 17\nevent: offer\ndata: {"number": 17}\n\n'}},
            "description": "server-sent events named `offer`",
        }
    },
)
async def stream_offers(
    request: Request,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """Offers as they are made, as server-sent events; resumes after ``Last-Event-ID`` or ``after``.

    Whoever was erased, or withdrew a consent meanwhile, is not in it any more.
    """
    resume = int(last_event_id) if last_event_id and last_event_id.isdecimal() and len(last_event_id) < 16 else after
    return StreamingResponse(
        _events(services_of(request), request, resume),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _events(services: Services, request: Request, after: int) -> AsyncIterator[str]:
    store = services.store
    quiet_s = 0.0
    yield ": offers\n\n"
    while not (request.app.state.is_ending() or await request.is_disconnected()):
        found = await asyncio.to_thread(deliveries.outgoing_after, store.database, store.site, after)
        for outgoing in found:
            after = outgoing.offer.number
            yield f"id: {after}\nevent: offer\ndata: {_streamed(outgoing).decode()}\n\n"
        quiet_s = 0.0 if found else quiet_s + POLL_S
        if quiet_s >= COMMENT_EVERY_S:
            quiet_s = 0.0
            yield ": still here\n\n"
        await asyncio.sleep(POLL_S)
