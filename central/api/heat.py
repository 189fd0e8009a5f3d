"""Routes of heat: the heatmap of a window, how it moved, and the floor as it is now, once or as a stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from central.api.broadcast import Broadcast
from central.api.document import answers
from central.api.samples import HEAT, LIVE, PLAYBACK
from central.api.shops import READERS
from central.api.window import Asking, Who, services_of
from central.insight.figure import Figure
from central.insight.heat import Counted
from central.insight.heatmap import Block
from central.insight.playback import MOST_FRAMES, frames
from central.services import Services
from contract.times import to_rfc3339

router = APIRouter(prefix="/v1", tags=["heat"])

PERIOD_S = 1.0
FloorId = Annotated[str, Query(description="a floor's id", examples=["g"])]

Square = tuple[float, float, float, float]
"""Left edge, lower edge, side (metres), density."""


@dataclass(frozen=True, slots=True)
class HeatReport:
    """Heat of a floor: squares in metres, largest first; paint them in this order.

    Attributes:
        window: what was told of; hours of days that are over for more than a day are told whole.
        counted: how often one person may be among the visitors of a square.
    """

    floor: str
    window: dict[str, str]
    k: int
    who: str
    counted: Counted
    blocks: list[Block]


class FrameReport(BaseModel):
    """One step of a playback: squares as [x, y, side, person-seconds per square metre], largest first."""

    start: Annotated[str, Field(alias="from")]
    end: Annotated[str, Field(alias="to")]
    blocks: list[Square]


@dataclass(frozen=True, slots=True)
class PlaybackReport:
    """Heat step by step; every frame is suppressed on its own."""

    floor: str
    window: dict[str, str]
    k: int
    who: str
    frames: list[FrameReport]


@dataclass(frozen=True, slots=True)
class LiveReport:
    """A floor at one second.

    Attributes:
        at: seconds since 1970.
        heard_s_ago: null where positions never came; beyond 10 the floor is silent, and its figures are withheld.
        dots: [x, y] by lot within each square, as many as people are told there; nobody's own place.
        blocks: [x, y, side, people per square metre], largest first.
    """

    at: int
    heard_s_ago: float | None
    k: int
    people: Figure
    zones: dict[str, Figure]
    dots: list[tuple[float, float]]
    blocks: list[Square]


def _json(content: Any) -> Response:
    """Tens of thousands of squares, encoded without a model of each."""
    return Response(msgspec.json.encode(content), media_type="application/json")


@router.get("/heatmap", dependencies=[READERS], response_model=HeatReport, responses=answers(HEAT))
def get_heatmap(asked: Asking, floor: FloorId) -> Response:
    """Person-seconds and visitors of a window, in squares of 0.5 to 4 m whose people may be told.

    The sum of its quarters of an hour, each told on its own; of minutes, in squares of 2 m and more, where it begins or
    ends within a quarter.
    """
    services, window = asked.services, asked.window
    found = services.insight.heat.told(floor, window.start, window.end, services.clock())
    told = {"from": to_rfc3339(found.start), "to": to_rfc3339(found.end)}
    return _json(HeatReport(floor, told, services.insight.k, asked.who, found.counted, found.heat.blocks(asked.who)))


@router.get("/playback", dependencies=[READERS], response_model=PlaybackReport, responses=answers(PLAYBACK))
def get_playback(
    asked: Asking,
    floor: FloorId,
    most: Annotated[int, Query(alias="frames", ge=1, le=MOST_FRAMES, description="most frames")] = 60,
) -> Response:
    """Heat in steps of a minute to some days, the finest that make no more than so many frames."""
    services = asked.services
    found = frames(services.insight.heat, services.site, floor, asked.window, most=most, now=services.clock())
    told = [
        {
            "from": to_rfc3339(one.start),
            "to": to_rfc3339(one.end),
            "blocks": list(zip(*(column.tolist() for column in one.heat.squares(asked.who)), strict=True)),
        }
        for one in found
    ]
    window = {"from": told[0]["from"], "to": told[-1]["to"]} if told else asked.window.told()
    return _json({"floor": floor, "window": window, "k": services.insight.k, "who": asked.who, "frames": told})


@dataclass(frozen=True, slots=True)
class MallLiveReport:
    """Every floor at one second, by its id."""

    floors: dict[str, LiveReport]


@router.get("/live", dependencies=[READERS], response_model=MallLiveReport, responses=answers({"floors": {"g": LIVE}}))
def get_mall_live(request: Request, who: Who = "shoppers") -> Response:
    """All floors at this second."""
    services = services_of(request)
    now, live = services.clock(), services.insight.live
    return _json(
        {"floors": {floor: msgspec.Raw(live.snapshot(floor, now, who).json) for floor in services.site.floors}}
    )


@router.get("/live/{floor}", dependencies=[READERS], response_model=LiveReport, responses=answers(LIVE))
def get_live(request: Request, floor: str, who: Who = "shoppers") -> Response:
    """The floor at this second."""
    services = services_of(request)
    return Response(services.insight.live.snapshot(floor, services.clock(), who).json, media_type="application/json")


@router.get(
    "/live/{floor}/stream",
    dependencies=[READERS],
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "server-sent events named `live`"}},
)
async def stream_live(
    request: Request,
    floor: str,
    who: Who = "shoppers",
    last_event_id: Annotated[str | None, Header(max_length=20)] = None,
) -> StreamingResponse:
    """The floor every second, as server-sent events; an event's id is its second.

    Who comes back gets the newest event at once, unless that is the one named by ``Last-Event-ID``: seconds that were
    missed are over, and are found in the playback.
    """
    services = services_of(request)
    services.site.floor(floor)
    return StreamingResponse(
        _events(request, _broadcast(request, services, floor, who), last_event_id or ""),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


def _broadcast(request: Request, services: Services, floor: str, who: Who) -> Broadcast:
    """The one broadcast of the floor."""
    kept: dict[tuple[str, str], Broadcast] = request.app.state.__dict__.setdefault("live", {})
    if (floor, who) not in kept:

        async def make() -> bytes:
            found = await asyncio.to_thread(services.insight.live.snapshot, floor, services.clock(), who)
            return b"id: %d\nevent: live\ndata: %s\n\n" % (found.at, found.json)

        kept[floor, who] = Broadcast(make, PERIOD_S, services.clock)
    return kept[floor, who]


async def _events(request: Request, broadcast: Broadcast, seen: str) -> AsyncIterator[bytes]:
    async def is_over() -> bool:
        return bool(request.app.state.is_ending()) or await request.is_disconnected()

    yield b"retry: 2000\n\n"
    known = b"id: %s\n" % seen.encode()
    async for message in broadcast.watch(is_over):
        if not message.startswith(known):
            yield message
