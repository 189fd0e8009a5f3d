"""Routes for touchpoints: somebody was somewhere, because a till, a code, a kiosk or a barrier said so."""

from __future__ import annotations

import secrets
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field

from central.access import derived
from central.api.document import answers
from central.api.gate import needs
from central.api.members import NOBODYS_PHONE, Text, TimeText, member_of_phone
from central.api.window import services_of
from central.identity.principal import Principal
from central.services import Services
from central.store import members, purchases, touchpoints
from central.touchpoints.codes import Code, read_code
from central.touchpoints.record import Kind, Spot, Told, minor_units, record, spot_of
from contract.errors import BadInputError
from contract.times import from_rfc3339

router = APIRouter(prefix="/v1")

TOUCHPOINT = {"id": "f3a0c1d2e4b5", "state": "closed", "outcome": "linked", "confidence": 0.97, "purchase": ""}
REFUND = {"purchase": "nordic-wear:R-20418", "amount": "79.90", "refunded": "79.90"}

Amount = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=2, description="of the mall's currency")]
Metres = Annotated[float, Field(ge=-10_000, le=10_000, description="metres")]


class TouchpointBody(BaseModel):
    """Somebody was at a named place, at a point in metres, or alone in a zone; a code says all that itself."""

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
                },
                {
                    "kind": "sale",
                    "phone": "+351 912 345 678",
                    "place": "nordic-till-1",
                    "at": "2026-01-31T12:04:11.000Z",
                    "amount": 79.9,
                    "receipt": "R-20418",
                },
            ]
        },
    )

    kind: Kind
    member: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")] | None = None
    phone: Annotated[str, Field(pattern=r"^\+?[0-9 ()./-]{5,30}$", description="instead of member")] | None = None
    place: Text | None = None
    code: Annotated[str, Field(max_length=300, description="a signed code as scanned, for a checkin")] | None = None
    floor: Text | None = None
    at: TimeText
    x: Metres | None = None
    y: Metres | None = None
    zone: Text | None = None
    amount: Amount | None = None
    receipt: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", description="the till's own number of the sale")
    ] = ""
    source: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")] = ""
    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$", description="repeat it safely")] | None = None


class TouchpointAnswer(BaseModel):
    """What became of a touchpoint: ``open`` until positions tell, then ``closed`` with its outcome."""

    id: str
    state: str
    outcome: str
    confidence: float | None
    purchase: str


class RefundBody(BaseModel):
    """Of a sale, how much was given back in all; everything where no amount is given."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"amount": 79.9}]})

    amount: Amount | None = None


class RefundAnswer(BaseModel):
    """The sale afterwards, decimals of the mall's currency."""

    purchase: str
    amount: str
    refunded: str


@router.post(
    "/touchpoints",
    status_code=202,
    responses=answers(TOUCHPOINT | {"state": "open", "outcome": "", "confidence": None}, 202),
)
def post_touchpoint(
    request: Request, body: TouchpointBody, who: Annotated[Principal, needs("trigger", "admin")]
) -> TouchpointAnswer:
    """Somebody was there; a member who agreed to it is joined within seconds to the visitor they were.

    A sale of nobody known counts for its shop. A receipt makes such a sale the member's. The same id, or the same
    receipt of the same shop, counts once. Up to a day late is taken, but positions are kept for a quarter of an hour.
    """
    services = services_of(request)
    now = services.clock()
    code = _code(services, body, now)
    spot = _spot(services, body, code)
    member = _member(services, who, body)
    if not member and body.kind != "sale":
        raise BadInputError(f"member or phone: a {body.kind} is somebody's; only a sale may be nobody's")
    if body.amount is not None and body.kind not in {"sale", "receipt"}:
        raise BadInputError(f"amount: a {body.kind} has none; leave it away")
    told = Told(
        body.id or secrets.token_hex(12),
        body.kind,
        member,
        spot,
        from_rfc3339(body.at),
        body.source if code is None else code.source,
        None if body.amount is None else minor_units(body.amount),
        body.receipt,
    )
    with services.store.database.writing() as connection:
        record(connection, services.site, told, now)
    return _touchpoint_answer(services, told.touchpoint)


def _code(services: Services, body: TouchpointBody, now: float) -> Code | None:
    if body.code is None:
        return None
    if body.kind != "checkin":
        raise BadInputError(f"code: a {body.kind} has none; only a checkin")
    key = derived(services.secrets.offer_key, "check-in codes")
    return read_code(key, services.site.id, body.code, now)


def _spot(services: Services, body: TouchpointBody, code: Code | None) -> Spot:
    place = body.place
    if code is not None:
        if (body.place or code.place) != code.place or body.source:
            raise BadInputError("code: says place and source itself; leave them away")
        place = code.place
    return spot_of(services.site, place=place, floor=body.floor, x=body.x, y=body.y, zone=body.zone)


def _member(services: Services, who: Principal, body: TouchpointBody) -> str:
    database, site = services.store.database, services.store.site
    if body.member is not None and body.phone is not None:
        raise BadInputError("member or phone: give one of them")
    if body.phone is not None:
        found = member_of_phone(services, who, body.phone, is_braked=body.kind != "sale")
        if not found and body.kind != "sale":
            raise HTTPException(404, NOBODYS_PHONE)
        return found
    if body.member is not None and members.find(database, site, body.member) is None:
        raise HTTPException(404, f"no member {body.member!r}; put /v1/members/{body.member} first")
    return body.member or ""


@router.get("/touchpoints/{touchpoint}", dependencies=[needs("trigger", "admin")], responses=answers(TOUCHPOINT))
def get_touchpoint(request: Request, touchpoint: str) -> TouchpointAnswer:
    """What became of a touchpoint."""
    return _touchpoint_answer(services_of(request), touchpoint)


@router.post("/touchpoints/{touchpoint}/refund", dependencies=[needs("trigger", "admin")], responses=answers(REFUND))
def post_refund(request: Request, touchpoint: str, body: RefundBody) -> RefundAnswer:
    """Give a sale back, or part of it: say what was given back in all, so that it may be repeated safely."""
    services = services_of(request)
    database, site = services.store.database, services.store.site
    found = touchpoints.find(database, site, touchpoint)
    sale = purchases.find(database, site, found.purchase) if found and found.purchase else None
    if sale is None:
        raise HTTPException(404, f"no sale {touchpoint[:64]!r}")
    refunded = sale.amount if body.amount is None else minor_units(body.amount)
    with database.writing() as connection:
        purchases.refund(connection, site, sale.purchase, refunded, services.clock())
    return RefundAnswer(purchase=sale.purchase, amount=_decimals(sale.amount), refunded=_decimals(refunded))


def _decimals(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"


def _touchpoint_answer(services: Services, touchpoint: str) -> TouchpointAnswer:
    found = touchpoints.find(services.store.database, services.store.site, touchpoint)
    if found is None:
        raise HTTPException(404, f"no touchpoint {touchpoint[:64]!r}")
    return TouchpointAnswer(
        id=found.touchpoint,
        state=found.state,
        outcome=found.outcome,
        confidence=found.confidence,
        purchase=found.purchase,
    )
