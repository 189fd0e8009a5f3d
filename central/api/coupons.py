"""Routes for tills: quote, redeem, reverse; and for who delivers: the coupon of an offer, the key to check codes by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import APIRouter, HTTPException, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from calibration.zones.tenants import tenant_at
from central.api.document import answers
from central.api.gate import needs
from central.api.members import Text, TimeText
from central.api.window import services_of
from central.coupons import codes
from central.coupons.coupons import pool_of
from central.coupons.sale import Answer, Refused, Returned, Sale
from central.coupons.settlement import funder
from central.coupons.value import HUNDRED, Basket
from central.services import Services
from central.store import coupon_pools
from central.store import coupons as store
from central.store.coupons import Coupon
from central.touchpoints.record import Spot, spot_of
from contract.errors import BadInputError
from contract.times import from_rfc3339, to_rfc3339

router = APIRouter(prefix="/v1")

MOST_COUPONS = 10
STATUS = {"unknown": 404, "used": 409, "unfit": 422}
REFUSED: dict[int | str, dict[str, Any]] = {
    409: {"description": "used, or told otherwise before: the sentence says when, never by whom"}
}

LINE = {
    "coupon": "K7Q2-M4X9-T3B6",
    "pool": "DINE-15",
    "title": "15 % off your lunch",
    "kind": "percent",
    "off": 6.38,
    "parking_hours": 0.0,
    "funder": "mall",
}
REDEMPTION = {
    "redemption": "0f3b5c9a77e1d2c4b6a89e10",
    "sale": "R-20418",
    "tenant": "cafe-tejo",
    "at": "2026-01-31T12:31:00.000Z",
    "amount": 42.5,
    "off": 6.38,
    "pay": 36.12,
    "lines": [LINE],
}
QUOTE = REDEMPTION | {"redemption": "", "refused": [{"code": "K7Q2M4X9T3B7", "detail": "the coupon was used"}]}
REVERSAL = {
    "redemption": "0f3b5c9a77e1d2c4b6a89e10",
    "refund": "R-20418-1",
    "amount": 10.0,
    "due": 8.5,
    "kept": 32.5,
    "off": 4.88,
    "free": [],
}
COUPON = {
    "offer": "0f3b5c9a77e1d2c4b6a89e10",
    "code": "MFQWC3DFEBQXGZDG",
    "short": "K7Q2-M4X9-T3B6",
    "pool": "DINE-15",
    "title": "15 % off your lunch",
    "state": "given",
    "valid_from": "2026-01-31T12:00:00.000Z",
    "expires_at": "2026-01-31T14:00:00.000Z",
}
KEY = {
    "site": "mall",
    "algorithm": "Ed25519",
    "hex": "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
}

Amount = Annotated[
    Decimal,
    Field(ge=0, le=10_000_000, decimal_places=2, allow_inf_nan=False, description="of the mall's currency"),
]
Number = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
CodeText = Annotated[str, Field(min_length=1, max_length=codes.MOST_CODE, description="as scanned or typed")]
OfferId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class BasketBody(BaseModel):
    """What is bought: ``amount`` before any coupon; at the car park the fee, and the hours it is for."""

    model_config = ConfigDict(extra="forbid")

    amount: Amount
    parking_hours: Annotated[Decimal, Field(ge=0, le=10_000, decimal_places=2, allow_inf_nan=False)] = Decimal(0)
    other_coupons: Annotated[list[CodeText], Field(max_length=MOST_COUPONS - 1)] = []


class ReceiptBody(BaseModel):
    """A sale of another shop, shown for a bundle."""

    model_config = ConfigDict(extra="forbid")

    tenant: Text
    receipt: Number


class SaleBody(BaseModel):
    """A sale and its coupons. ``place``, or ``floor`` and ``zone``, says where; or ``tenant`` whose till it is."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "code": "K7Q2-M4X9-T3B6",
                    "sale": "R-20418",
                    "tenant": "cafe-tejo",
                    "at": "2026-01-31T12:31:00.000Z",
                    "basket": {"amount": 42.5},
                }
            ]
        },
    )

    code: CodeText
    sale: Number
    tenant: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    place: Text | None = None
    floor: Text | None = None
    zone: Text | None = None
    at: TimeText
    basket: BasketBody
    receipts: Annotated[list[ReceiptBody], Field(max_length=50)] = []


class ReversalBody(BaseModel):
    """A refund: ``amount`` of the goods given back, before coupons; all that is left where none is said."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"refund": "R-20418-1", "amount": 10}]})

    refund: Number
    amount: Annotated[Decimal, Field(gt=0, le=10_000_000, decimal_places=2, allow_inf_nan=False)] | None = None


@dataclass(frozen=True, slots=True)
class LineAnswer:
    """What one coupon takes off; ``funder`` is who pays: ``mall``, or ``tenant:NAME``."""

    coupon: str
    pool: str
    title: str
    kind: str
    off: float
    parking_hours: float
    funder: str


@dataclass(frozen=True, slots=True)
class RedemptionAnswer:
    """A sale with its coupons: ``pay`` = ``amount`` - ``off``."""

    redemption: str
    sale: str
    tenant: str
    at: str
    amount: float
    off: float
    pay: float
    lines: list[LineAnswer]


@dataclass(frozen=True, slots=True)
class RefusedAnswer:
    """A coupon that would not be taken, and why."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class QuoteAnswer(RedemptionAnswer):
    """What would be taken off by those coupons that fit, and why the others do not."""

    refused: list[RefusedAnswer]


@dataclass(frozen=True, slots=True)
class ReversalAnswer:
    """A refund: ``due`` goes back to the shopper; of the sale ``kept`` is left, and coupons take ``off`` off that.

    ``free``: coupons that may be used again.
    """

    redemption: str
    refund: str
    amount: float
    due: float
    kept: float
    off: float
    free: list[str]


@dataclass(frozen=True, slots=True)
class CouponAnswer:
    """The coupon of an offer: ``code`` for a QR code, ``short`` for typing."""

    offer: str
    code: str
    short: str
    pool: str
    title: str
    state: str
    valid_from: str
    expires_at: str


@dataclass(frozen=True, slots=True)
class KeyAnswer:
    """The public key that tills check codes by without network: 32 bytes, hex."""

    site: str
    algorithm: str
    hex: str


@router.post("/quotes", dependencies=[needs("trigger", "admin")], responses=answers(QUOTE))
def post_quote(request: Request, body: SaleBody) -> QuoteAnswer:
    """What the coupons would take off this sale; changes nothing."""
    services = services_of(request)
    answer, refused = services.till.quote(_sale(services, body), services.clock())
    told = _redemption(answer)
    return QuoteAnswer(
        *(told.redemption, told.sale, told.tenant, told.at, told.amount, told.off, told.pay, told.lines),
        [RefusedAnswer(one.code, one.detail) for one in refused],
    )


@router.post("/redemptions", dependencies=[needs("trigger", "admin")], responses=answers(REDEMPTION) | REFUSED)
def post_redemption(request: Request, body: SaleBody) -> RedemptionAnswer:
    """Use all the coupons on this sale, or none; the same sale told again gets the same answer again."""
    services = services_of(request)
    found = services.till.redeem(_sale(services, body), services.clock())
    if isinstance(found, Refused):
        raise HTTPException(STATUS[found.why], found.detail)
    return _redemption(found)


@router.post(
    "/redemptions/{redemption}/reversal",
    dependencies=[needs("trigger", "admin")],
    responses=answers(REVERSAL) | REFUSED,
)
def post_reversal(request: Request, redemption: str, body: ReversalBody) -> ReversalAnswer:
    """Give a sale back, or part of it; the same refund told again changes nothing."""
    services = services_of(request)
    amount = None if body.amount is None else _minor(body.amount)
    found = services.till.reverse(redemption, body.refund, amount, services.clock())
    if isinstance(found, Refused):
        raise HTTPException(STATUS[found.why], found.detail)
    return _reversal(found)


@router.get("/coupons/key", dependencies=[needs("trigger", "admin")], responses=answers(KEY))
def get_key(request: Request) -> KeyAnswer:
    """The key that a till checks codes by while it has no network."""
    services = services_of(request)
    raw = services.coupons.public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return KeyAnswer(services.site.id, "Ed25519", raw.hex())


@router.get("/offers/{offer}/coupon", dependencies=[needs("trigger", "admin")], responses=answers(COUPON))
def get_coupon(request: Request, offer: OfferId) -> CouponAnswer:
    """The coupon that came with an offer, and what became of it."""
    services = services_of(request)
    coupon, code, title = _of_offer(services, offer)
    return CouponAnswer(
        *(offer, code, codes.spaced(coupon.short), coupon.pool, title, coupon.state),
        *(to_rfc3339(coupon.valid_from), to_rfc3339(coupon.expires_at)),
    )


@router.get(
    "/offers/{offer}/coupon.svg",
    dependencies=[needs("trigger", "admin")],
    response_class=Response,
    responses={200: {"content": {"image/svg+xml": {}}, "description": "a QR code"}},
)
def get_coupon_picture(request: Request, offer: OfferId) -> Response:
    """The coupon's code as a QR code."""
    _, code, _ = _of_offer(services_of(request), offer)
    return Response(codes.qr_svg(code), media_type="image/svg+xml")


def _of_offer(services: Services, offer: str) -> tuple[Coupon, str, str]:
    """The coupon, its code, its title."""
    connection, site = services.store.database.reading(), services.store.site
    coupon = store.by_offer(connection, site, offer)
    if coupon is None:
        raise HTTPException(404, f"no coupon came with offer {offer!r}")
    terms = pool_of(coupon_pools.terms_of(connection, site, coupon.pool, coupon.version))
    return coupon, services.coupons.code_of(site, coupon, terms), terms.title


def _sale(services: Services, body: SaleBody) -> Sale:
    at = from_rfc3339(body.at)
    spot = None
    if body.place is not None or body.floor is not None or body.zone is not None:
        spot = spot_of(services.site, place=body.place, floor=body.floor, x=None, y=None, zone=body.zone)
    tenant = body.tenant or _tenant(services, spot, at)
    if spot is not None and spot.tenant and spot.tenant != tenant:
        raise BadInputError(f"tenant: the place is {spot.tenant}'s; leave tenant away or correct it")
    basket = Basket(_minor(body.basket.amount), _minor(body.basket.parking_hours))
    return Sale(
        sale=body.sale,
        tenant=tenant,
        at=at,
        codes=(body.code, *body.basket.other_coupons),
        basket=basket,
        receipts=tuple((one.tenant, one.receipt) for one in body.receipts),
        spot=spot,
    )


def _tenant(services: Services, spot: Spot | None, at: float) -> str:
    """Whose till it is, by its place, or by who has the zone that day."""
    if spot is None:
        raise BadInputError("tenant: say whose till it is, or name its place")
    if spot.tenant or spot.zone is None:
        return spot.tenant or spot.place
    zone = services.site.floor(spot.floor).zones[spot.zone]
    holder = tenant_at(zone.tenants, datetime.fromtimestamp(at, services.site.timezone).date())
    return holder.id if holder else zone.id


def _minor(amount: Decimal) -> int:
    return int(amount * HUNDRED)


def _redemption(found: Answer) -> RedemptionAnswer:
    lines = [
        LineAnswer(
            *(one.coupon, one.pool, one.title, one.kind, one.off / HUNDRED, one.hours / HUNDRED, funder(one.payer))
        )
        for one in found.lines
    ]
    return RedemptionAnswer(
        *(found.redemption, found.sale, found.tenant, to_rfc3339(found.at)),
        *(found.amount / HUNDRED, found.off / HUNDRED, found.pay / HUNDRED, lines),
    )


def _reversal(found: Returned) -> ReversalAnswer:
    return ReversalAnswer(
        *(found.redemption, found.refund, found.amount / HUNDRED, found.due / HUNDRED),
        *(found.kept / HUNDRED, found.off / HUNDRED, found.free),
    )
