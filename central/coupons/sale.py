"""The words between a till and central about a sale with coupons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from central.coupons.value import Basket
from central.touchpoints.record import Spot


@dataclass(frozen=True, slots=True)
class Sale:
    """A sale, and what was presented at the till.

    Attributes:
        sale: the till's own number of it.
        tenant: whose till.
        at: of the sale, seconds since 1970.
        codes: long or short ones.
        receipts: (tenant, number) of sales in other shops, for a bundle.
        spot: where the till is, for the touchpoint of who holds the coupon.
    """

    sale: str
    tenant: str
    at: float
    codes: tuple[str, ...]
    basket: Basket
    receipts: tuple[tuple[str, str], ...] = ()
    spot: Spot | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """Why not. ``why``: no such coupon; used, or the sale known otherwise; or not for this sale."""

    why: Literal["unknown", "used", "unfit"]
    detail: str
    code: str = ""


class TillLine(msgspec.Struct, frozen=True):
    """What one coupon takes off: minor units, hundredths of hours; of a gift its title tells.

    Attributes:
        coupon: its short code.
        payer: the tenant who pays, empty for the mall.
    """

    coupon: str
    pool: str
    title: str
    kind: str
    off: int
    hours: int
    payer: str


class Answer(msgspec.Struct, frozen=True):
    """What a till is told of a sale: minor units; ``off`` in all, ``pay`` what is left."""

    redemption: str
    sale: str
    tenant: str
    at: float
    amount: int
    off: int
    pay: int
    lines: list[TillLine]


class Returned(msgspec.Struct, frozen=True):
    """What a till is told of a refund: minor units.

    Attributes:
        refund: its own number.
        amount: of the goods given back, before coupons.
        due: what the shopper gets back: ``amount`` less what the coupons take off less now.
        kept: what is left of the sale, before coupons; ``off`` what the coupons take off it still.
        free: short codes that may be used again.
    """

    redemption: str
    refund: str
    amount: int
    due: int
    kept: int
    off: int
    free: list[str]


def money(minor: int) -> str:
    """An amount in a sentence.

    >>> money(1205)
    '12.05'
    """
    return f"{minor // 100}.{minor % 100:02d}"
