"""Routes for offers: a page of them, and a stream with resume."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse

from central.api.gate import needs
from central.api.window import services_of
from central.services import Services
from central.store import offers
from contract.times import to_rfc3339

router = APIRouter(prefix="/v1")

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


@dataclass(frozen=True, slots=True)
class OffersReport:
    """Offers in ascending order; ask again with ``after`` = ``next``."""

    offers: list[OfferAnswer]
    next: int


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
    )


@router.get("/offers", dependencies=[needs("trigger", "manager", "admin")])
def get_offers(
    request: Request,
    after: Annotated[int, Query(ge=0, le=2**53, description="number of the last offer seen")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> OffersReport:
    """Offers after a number, oldest first."""
    store = services_of(request).store
    found = offers.offers_after(store.database, store.site, after, limit)
    return OffersReport([_told(offer) for offer in found], found[-1].number if found else after)


@router.get(
    "/offers/stream",
    dependencies=[needs("trigger", "manager", "admin")],
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "server-sent events named `offer`"}},
)
async def stream_offers(
    request: Request,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """Offers as they are made, as server-sent events; resumes after ``Last-Event-ID`` or ``after``."""
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
        found = await asyncio.to_thread(offers.offers_after, store.database, store.site, after)
        for offer in found:
            after = offer.number
            yield f"id: {offer.number}\nevent: offer\ndata: {msgspec.json.encode(_told(offer)).decode()}\n\n"
        quiet_s = 0.0 if found else quiet_s + POLL_S
        if quiet_s >= COMMENT_EVERY_S:
            quiet_s = 0.0
            yield ": still here\n\n"
        await asyncio.sleep(POLL_S)
