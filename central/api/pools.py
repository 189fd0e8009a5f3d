"""Routes for coupon pools, what became of their coupons, and who pays whom for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, HTTPException, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from central.api.document import answers
from central.api.gate import needs
from central.api.window import services_of
from central.coupons.coupons import pool_of, put_pool
from central.coupons.pools import checked
from central.coupons.settlement import Books, Due, settle
from central.coupons.value import HUNDRED
from central.offers.campaigns import Pool
from central.services import Services
from central.store import coupon_pools, redemptions
from central.store.coupon_pools import PoolRow
from contract.errors import BadInputError

router = APIRouter(prefix="/v1")

LONGEST = timedelta(days=800)

PoolId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", description="the pool's id")]
Day = Annotated[str, Field(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2})?$", description="YYYY-MM-DD, site time")]
Money = Annotated[float, Field(ge=0, le=10_000_000, allow_inf_nan=False, description="of the mall's currency")]
Short = Annotated[str, Field(max_length=64)]
SITE_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
From = Annotated[str, Query(alias="from", pattern=SITE_DAY, description="the site's day", examples=["2026-01-01"])]
To = Annotated[str, Query(alias="to", pattern=SITE_DAY, description="included as well", examples=["2026-01-31"])]

POOL = {
    "pool": "DINE-15",
    "title": "15 % off your lunch",
    "kind": "percent",
    "value": 15.0,
    "source": "api",
    "version": 1,
    "in_force": True,
    "stock": 500,
    "given": 120,
    "left": 380,
    "redeemed": 41,
    "expired": 12,
    "reversed": 1,
    "cost": 183.4,
}
SETTLEMENT = {
    "from": "2026-01-01",
    "to": "2026-01-31",
    "dues": [
        {
            "tenant": "cafe-tejo",
            "payer": "mall",
            "pool": "DINE-15",
            "redeemed": 41,
            "reversed": 1,
            "off": 183.4,
            "charge": 183.4,
        }
    ],
    "by_payer": {"mall": 183.4},
    "off": 183.4,
    "charge": 183.4,
}
REFUSED: dict[int | str, dict[str, Any]] = {
    409: {"description": "it is known otherwise, or used: the sentence says when, never by whom"}
}


class BundleBody(BaseModel):
    """Sales over so much in each of so many different shops on one day."""

    model_config = ConfigDict(extra="forbid")

    shops: Annotated[int, Field(ge=2, le=20)]
    spend_each: Money


class PoolBody(BaseModel):
    """A pool as the mall's CRM says it is; the same fields as in the campaigns file."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"title": "15 % off your lunch", "kind": "percent", "value": 15, "ceiling": 10, "stock": 500}]
        },
    )

    title: Annotated[str, Field(min_length=1, max_length=300)]
    kind: Literal["percent", "amount", "gift", "parking"]
    value: Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)] = 0.0
    ceiling: Money | None = None
    least_spend: Money = 0.0
    stock: Annotated[int, Field(ge=1, le=100_000_000)] | None = None
    funder: Literal["mall", "tenant"] = "mall"
    tenant: Short = ""
    shops: Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=1000)] = []
    valid_from: Day = ""
    valid_to: Day = ""
    valid_hours: Annotated[float, Field(gt=0, le=24 * 400, allow_inf_nan=False)] | None = None
    stack: Short = ""
    stack_order: Annotated[int, Field(ge=0, le=100)] = 50
    bundle: BundleBody | None = None
    cost: Money | None = None
    again_after_refund: bool = False


@dataclass(frozen=True, slots=True)
class PoolAnswer:
    """A pool and what became of it: ``given`` + ``left`` = ``stock``, which is null where there is no limit.

    ``given``: in somebody's hands, or used; ``expired`` ones are back in the stock. ``cost``: of all redeemed so far.
    """

    pool: str
    title: str
    kind: str
    value: float
    source: str
    version: int
    in_force: bool
    stock: int | None
    given: int
    left: int | None
    redeemed: int
    expired: int
    reversed: int
    cost: float


@dataclass(frozen=True, slots=True)
class PoolsReport:
    """All pools, of the campaigns file and of the API, by id."""

    pools: list[PoolAnswer]


class DueAnswer(BaseModel):
    """What one payer owes one shop for coupons of one pool: ``off`` was taken off there, ``charge`` is to be paid."""

    tenant: str
    payer: str
    pool: str
    redeemed: int
    reversed: int
    off: float
    charge: float


class SettlementAnswer(BaseModel):
    """The books of some days: who owes whom; ``by_payer`` adds up to ``charge``."""

    model_config = ConfigDict(populate_by_name=True)

    first: Annotated[str, Field(alias="from")]
    last: Annotated[str, Field(alias="to")]
    dues: list[DueAnswer]
    by_payer: dict[str, float]
    off: float
    charge: float


@router.put("/pools/{pool}", dependencies=[needs("admin")], responses=answers(POOL) | REFUSED)
def put_one(request: Request, pool: PoolId, body: PoolBody) -> PoolAnswer:
    """Create a pool or say anew what it is; coupons given stay as they were given. A pool of the file is the file's."""
    services = services_of(request)
    said = {name: value for name, value in body.model_dump().items() if value not in ("", None, [])}
    found = checked(msgspec.convert({"id": pool} | said, Pool))
    if not put_pool(services.store.database, services.store.site, found, services.clock()):
        raise HTTPException(409, f"pool {pool!r} is in the campaigns file; change it there")
    return next(one for one in _told(services) if one.pool == pool)


@router.get("/pools", dependencies=[needs("manager", "admin")], responses=answers({"pools": [POOL]}))
def get_pools(request: Request) -> PoolsReport:
    """Every pool: stock, given, left, redeemed, expired, and what it has cost."""
    return PoolsReport(_told(services_of(request)))


@router.get("/settlement", dependencies=[needs("manager", "admin")], responses=answers(SETTLEMENT))
def get_settlement(request: Request, first: From, last: To) -> SettlementAnswer:
    """Who owes whom for the coupons of these days. A refund is booked on its own day: past days never change."""
    days = []
    for name, text in (("from", first), ("to", last)):
        try:
            days.append(date.fromisoformat(text))
        except ValueError:
            raise BadInputError(f"{name}: {text} is no day; write 2026-01-31") from None
    if not timedelta(0) <= days[1] - days[0] <= LONGEST:
        raise BadInputError(f"to: from {first} to {last} is no stretch of up to {LONGEST.days} days; correct one")
    services = services_of(request)
    books = settle(redemptions.totals(services.store.database, services.store.site, first, last))
    return _settled(first, last, books)


def _settled(first: str, last: str, books: Books) -> SettlementAnswer:
    return SettlementAnswer(
        first=first,
        last=last,
        dues=[_due(one) for one in books.dues],
        by_payer={payer: charge / HUNDRED for payer, charge in books.by_payer.items()},
        off=books.off / HUNDRED,
        charge=books.charge / HUNDRED,
    )


def _due(one: Due) -> DueAnswer:
    return DueAnswer(
        tenant=one.tenant,
        payer=one.payer,
        pool=one.pool,
        redeemed=one.redeemed,
        reversed=one.reversed,
        off=one.off / HUNDRED,
        charge=one.charge / HUNDRED,
    )


def _told(services: Services) -> list[PoolAnswer]:
    database, site = services.store.database, services.store.site
    costs = redemptions.charged(database, site)
    return [_pool(row, costs.get(row.pool, 0)) for row in coupon_pools.everything(database, site)]


def _pool(row: PoolRow, cost: int) -> PoolAnswer:
    terms = pool_of(row.terms)
    return PoolAnswer(
        *(row.pool, terms.title, terms.kind, terms.value, row.source, row.version, row.in_force, row.stock, row.given),
        *(row.left, row.redeemed, row.expired, row.reversed, cost / HUNDRED),
    )
