"""Takes in what a till, code, kiosk or barrier told: checks it against the site, and writes touchpoint and sale."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

import numpy as np

from calibration.site import Site
from calibration.zones.tenants import category_at, tenant_at
from central.store import purchases, touchpoints
from central.store.purchases import Purchase
from central.store.touchpoints import Touchpoint
from contract.errors import BadInputError

Kind = Literal["sale", "receipt", "checkin", "parking_in", "parking_out", "kiosk", "redemption"]

LATEST_S = 86_400.0
"""What is told later than this is refused: a till that was offline has caught up by then."""
POSITIONS_KEPT_S = 840.0
"""Later than this nobody can be found by positions any more: they are kept for a quarter of an hour."""
AHEAD_S = 30.0
"""Clocks of tills go ahead by so much."""
TOO_LATE = "told too late: positions of that time are gone"
ANONYMOUS = "nobody said who"
NO_PLACE = "its place says nothing of where somebody is"
"""Of a receipt: it is scanned anywhere, later."""
LARGEST_SALE = Decimal(10_000_000)


@dataclass(frozen=True, slots=True)
class Spot:
    """Where somebody was: a named place, a point in metres, or a zone."""

    floor: str
    zone: str | None
    x: float | None
    y: float | None
    place: str = ""
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """A touchpoint as told; ``amount`` in minor units for sales and receipts, ``receipt`` the till's number of it."""

    touchpoint: str
    kind: Kind
    member: str
    spot: Spot
    at: float
    source: str = ""
    amount: int | None = None
    receipt: str = ""


def spot_of(
    site: Site, *, place: str | None, floor: str | None, x: float | None, y: float | None, zone: str | None
) -> Spot:
    """Where that is on the site: a place, or a floor with a point or a zone.

    Raises:
        BadInputError: naming the field and the mend.
    """
    if place is not None:
        if (floor, x, y, zone) != (None, None, None, None):
            raise BadInputError("place: says where it is; leave floor, x, y and zone away")
        known = site.places.get(place)
        if known is None:
            names = ", ".join(site.places) or "none; add [[places]]"
            raise BadInputError(f"place: the site has no place {place[:64]!r}; it has {names}")
        return Spot(known.floor, known.zone, known.x, known.y, known.id, known.tenant)
    if floor is None:
        raise BadInputError("place or floor: say where it was")
    on = site.floor(floor)
    if (x is None) != (y is None) or (x is None) == (zone is None):
        raise BadInputError("x, y or zone: give a point or a zone, one of them")
    if zone is not None and zone not in on.zones:
        raise BadInputError(f"zone: floor {on.id!r} has no zone {zone!r}; it has {', '.join(on.zones)}")
    return Spot(on.id, zone, x, y)


def minor_units(amount: Decimal) -> int:
    """Whole minor units of an amount with two decimals.

    Raises:
        BadInputError: where it is negative, too large or has more decimals.
    """
    if not (amount.is_finite() and 0 <= amount <= LARGEST_SALE) or amount != amount.quantize(Decimal("0.01")):
        raise BadInputError(f"amount: {amount} is no amount; give 0 to {LARGEST_SALE} with two decimals at most")
    return int(amount * 100)


def purchase_id(tenant: str, receipt: str) -> str:
    """The sale's id: the till's number is unique only within its tenant."""
    return f"{tenant}:{receipt}"


def record(connection: sqlite3.Connection, site: Site, told: Told, now: float) -> Touchpoint:
    """The touchpoint as it is kept now, the sale with it, written within the caller's transaction; repeatable.

    Raises:
        BadInputError: where ``at`` is out of its limits, or a sale has no amount or is in no shop.
    """
    if not now - LATEST_S <= told.at <= now + AHEAD_S:
        raise BadInputError("at: must be of the last day and not ahead; check the clock")
    sale = _sale(site, told) if told.kind in {"sale", "receipt"} else None
    outcome = ""
    if told.kind == "receipt":
        outcome = NO_PLACE
    elif not told.member:
        outcome = ANONYMOUS
    elif told.at < now - POSITIONS_KEPT_S:
        outcome = TOO_LATE
    spot = told.spot
    touchpoint = Touchpoint(
        *(told.touchpoint, told.kind, told.member, spot.floor, None if spot.x is not None else spot.zone),
        *(spot.x, spot.y, told.at, "closed" if outcome else "open", outcome),
        place=spot.place,
        source=told.source or (touchpoints.PARKING if told.kind.startswith("parking") else ""),
        purchase="" if sale is None else sale.purchase,
        heard=now,
    )
    if not touchpoints.add_within(connection, site.id, touchpoint) or sale is None:
        return touchpoint
    if not purchases.add(connection, site.id, sale, now) and sale.member:
        fresh = told.at >= now - POSITIONS_KEPT_S
        if touchpoints.claim(connection, site.id, sale.purchase, sale.member, reopen=fresh):
            purchases.note_claimed(connection, site.id, sale, now)
    return touchpoint


def _sale(site: Site, told: Told) -> Purchase:
    if told.amount is None:
        raise BadInputError(f"amount: a {told.kind} needs one")
    zone = told.spot.zone or _zone_at(site, told.spot)
    local = datetime.fromtimestamp(told.at, site.timezone)
    if zone is None:
        raise BadInputError("place: a sale is made in a shop; this point lies in no zone")
    shop = site.floor(told.spot.floor).zones[zone]
    holder = tenant_at(shop.tenants, local.date())
    tenant = told.spot.tenant or (holder.id if holder else zone)
    category = category_at(shop.category, shop.tenants, local.date())
    number = purchase_id(tenant, told.receipt or told.touchpoint)
    return Purchase(
        *(number, told.member, tenant, told.spot.floor, zone, category, told.at, f"{local:%Y-%m-%d}", told.amount)
    )


def _zone_at(site: Site, spot: Spot) -> str | None:
    if spot.x is None or spot.y is None:
        return None
    xy = np.array([[spot.x, spot.y]])
    around = [zone for zone in site.floor(spot.floor).zones.values() if zone.contains(xy)[0]]
    smallest = min(around, key=lambda zone: zone.polygon.area, default=None)
    return None if smallest is None else smallest.id
