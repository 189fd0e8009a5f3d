"""What coupons take off a sale: pure, in whole numbers, so that every till and every month's books agree to the cent.

Coupons of one sale are taken off one after the other, lowest ``stack_order`` first, each from what the one before it
left. Every step is rounded by itself to whole minor units, half up, as tills round: 15 % of 9.90 is 1.485, so 1.49.
Half to even would spare the mall half a cent in the long run, and every shopper with a receipt and a calculator would
ask why. Presenting them in another order changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from central.offers.campaigns import Pool

HUNDRED = 100
"""Minor units of a unit of currency; percentages and hours are kept in hundredths, too."""


@dataclass(frozen=True, slots=True)
class Basket:
    """A sale at a till: ``amount`` in minor units, before any coupon; ``parking`` in hundredths of hours."""

    amount: int
    parking: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """A coupon on the counter: its serial, and its pool as of the version in which it was given."""

    coupon: str
    pool: Pool


@dataclass(frozen=True, slots=True)
class Taken:
    """What one coupon takes off.

    Attributes:
        off: minor units, of what the coupons before it left.
        hours: parking hours taken off, hundredths.
        charge: minor units that whoever funds it carries: ``off``; where no money comes off (a gift, hours of a fee
            that is not known yet) the pool's stated cost.
        left: minor units of the sale afterwards.
    """

    held: Held
    off: int
    hours: int
    charge: int
    left: int


def hundredths(value: float) -> int:
    """A decimal of a file in hundredths, half up: money in minor units, percent in basis points.

    >>> hundredths(12.345), hundredths(0.1)
    (1235, 10)
    """
    return int((Decimal(str(value)) * HUNDRED).quantize(Decimal(1), ROUND_HALF_UP))


def share(amount: int, part: int, whole: int) -> int:
    """``amount * part / whole``, half up; none may be negative.

    >>> share(990, 1500, 10_000), share(5, 1, 2)
    (149, 3)
    """
    return (2 * amount * part + whole) // (2 * whole)


def cost_of(pool: Pool) -> int:
    """Minor units that a coupon of the pool counts against a budget when it is given: an upper bound where it has one.

    >>> cost_of(Pool(id="A", title="A", kind="percent", value=10, ceiling=8.5))
    850
    """
    if pool.cost is not None:
        return hundredths(pool.cost)
    if pool.kind == "amount":
        return hundredths(pool.value)
    return hundredths(pool.ceiling or 0.0) if pool.kind == "percent" else 0


def in_order(held: Sequence[Held]) -> list[Held]:
    """The order in which coupons of one sale are taken off, whichever was shown first."""
    return sorted(held, key=lambda one: (one.pool.stack_order, one.pool.id, one.coupon))


def take_off(held: Sequence[Held], basket: Basket) -> list[Taken]:
    """What each coupon takes off the sale, in order; never more in all than the sale comes to.

    >>> card = Held("A", Pool(id="CARD", title="", kind="percent", value=20, stack="card", stack_order=10))
    >>> voucher = Held("B", Pool(id="SHOP", title="", kind="parking", value=2, stack="shop", stack_order=20))
    >>> [(one.off, one.hours, one.left) for one in take_off([voucher, card], Basket(800, 400))]
    [(160, 0, 640), (320, 200, 320)]
    """
    left, hours_left = basket.amount, basket.parking
    found = []
    for one in in_order(held):
        off, hours = _off(one.pool, left, hours_left)
        left, hours_left = left - off, hours_left - hours
        found.append(Taken(one, off, hours, _charge(one.pool, off, hours, basket), left))
    return found


def _off(pool: Pool, left: int, hours_left: int) -> tuple[int, int]:
    value = hundredths(pool.value)
    if pool.kind == "amount":
        return min(left, value), 0
    if pool.kind == "percent":
        off = share(left, min(value, HUNDRED * HUNDRED), HUNDRED * HUNDRED)
        return min(off, left if pool.ceiling is None else hundredths(pool.ceiling)), 0
    if pool.kind == "parking" and hours_left:
        hours = min(value, hours_left)
        return share(left, hours, hours_left), hours
    return 0, 0


def _charge(pool: Pool, off: int, hours: int, basket: Basket) -> int:
    cost = hundredths(pool.cost or 0.0)
    if pool.kind == "gift":
        return cost
    if pool.kind == "parking" and not basket.amount and pool.value:
        return share(cost, hours, hundredths(pool.value))
    return off
