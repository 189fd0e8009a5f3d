"""Routes for touchpoints: somebody known was somewhere."""

from __future__ import annotations

import secrets
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field

from central.api.document import answers
from central.api.gate import needs
from central.api.members import MAX_CLOCK_AHEAD_S, Text, TimeText
from central.api.window import services_of
from central.services import Services
from central.store import links, members
from contract.errors import BadInputError
from contract.times import from_rfc3339

router = APIRouter(prefix="/v1")

MAX_TOUCHPOINT_AGE_S = 600.0
"""A check-in older than this meets no positions any more."""

TOUCHPOINT = {"id": "f3a0c1d2e4b5", "state": "closed", "outcome": "linked", "confidence": 0.97}


class TouchpointBody(BaseModel):
    """A member was somewhere: at a point in metres, or alone in a zone."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "kind": "checkin",
                    "member": "M-1042",
                    "floor": "g",
                    "at": "2026-01-31T12:00:00.000Z",
                    "zone": "nordic",
                }
            ]
        },
    )

    kind: Literal["checkin"]
    member: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
    floor: Text
    at: TimeText
    x: Annotated[float, Field(ge=-10_000, le=10_000, description="metres")] | None = None
    y: Annotated[float, Field(ge=-10_000, le=10_000, description="metres")] | None = None
    zone: Text | None = None
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$", description="repeat it safely")] | None = None


class TouchpointAnswer(BaseModel):
    """What became of a touchpoint: ``open`` until positions tell, then ``closed`` with its outcome."""

    id: str
    state: str
    outcome: str
    confidence: float | None


@router.post(
    "/touchpoints",
    dependencies=[needs("trigger", "admin")],
    status_code=202,
    responses=answers(TOUCHPOINT | {"state": "open", "outcome": "", "confidence": None}, 202),
)
def post_touchpoint(request: Request, body: TouchpointBody) -> TouchpointAnswer:
    """A member checked in; within seconds they are joined to the visitor who was there, if they consent to that."""
    services = services_of(request)
    floor = services.site.floor(body.floor)
    if (body.x is None) != (body.y is None) or (body.x is None) == (body.zone is None):
        raise BadInputError("x, y or zone: give a point or a zone, one of them")
    if body.zone is not None and body.zone not in floor.zones:
        raise BadInputError(f"zone: floor {floor.id!r} has no zone {body.zone!r}; it has {', '.join(floor.zones)}")
    at, now = from_rfc3339(body.at), services.clock()
    if not now - MAX_TOUCHPOINT_AGE_S <= at <= now + MAX_CLOCK_AHEAD_S:
        raise BadInputError("at: must be of the last ten minutes; check the clock")
    store = services.store
    if members.find(store.database, store.site, body.member) is None:
        raise HTTPException(404, f"no member {body.member!r}; put /v1/members/{body.member} first")
    touchpoint = links.Touchpoint(
        body.id or secrets.token_hex(12), body.kind, body.member, floor.id, body.zone, body.x, body.y, at
    )
    links.add(store.database, store.site, touchpoint)
    return _touchpoint_answer(services, touchpoint.touchpoint)


@router.get("/touchpoints/{touchpoint}", dependencies=[needs("trigger", "admin")], responses=answers(TOUCHPOINT))
def get_touchpoint(request: Request, touchpoint: str) -> TouchpointAnswer:
    """What became of a touchpoint."""
    return _touchpoint_answer(services_of(request), touchpoint)


def _touchpoint_answer(services: Services, touchpoint: str) -> TouchpointAnswer:
    found = links.find(services.store.database, services.store.site, touchpoint)
    if found is None:
        raise HTTPException(404, f"no touchpoint {touchpoint[:64]!r}")
    return TouchpointAnswer(id=found.touchpoint, state=found.state, outcome=found.outcome, confidence=found.confidence)
