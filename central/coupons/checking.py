"""Which of the coupons presented may be used on a sale, and why the others not; reads, and writes nothing."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace

import msgspec

from central.coupons import codes
from central.coupons.bundles import reached
from central.coupons.coupons import Coupons, pool_of
from central.coupons.sale import Refused, Sale, money
from central.coupons.value import Held, Taken, hundredths, in_order, take_off
from central.offers.campaigns import Bundle, Pool
from central.store import coupon_pools, purchases, redemptions
from central.store import coupons as store
from central.store.coupons import Coupon
from central.store.database import Database
from central.touchpoints.record import purchase_id
from contract.times import to_rfc3339

UPLOAD_S = 86_400.0
"""A till that was without network tells of its sales within a day: so long a coupon's place in the stock is kept."""
AHEAD_S = 30.0
"""Clocks of tills go ahead by so much."""
TWO_DAYS_S = 2 * 86_400.0
"""The site's day of a sale began less than this before it, whatever the clocks are put on or back by."""


@dataclass(frozen=True, slots=True)
class Presented:
    """A coupon as it was presented, and its pool in the version it was given under."""

    code: str
    coupon: Coupon
    pool: Pool

    @property
    def held(self) -> Held:
        """The coupon for the arithmetic."""
        return Held(self.coupon.coupon, self.pool)


@dataclass(frozen=True, slots=True)
class Checked:
    """What may be used, by serial, and takes something off; what not; and the sales that complete a bundle."""

    found: dict[str, Presented]
    taken: list[Taken]
    refused: list[Refused]
    receipts: tuple[str, ...]


class Checker:
    """Looks coupons up and holds them against a sale.

    Args:
        coupons: reads codes, tells days.
        database: for what was bought before.
        site: the site.
    """

    def __init__(self, coupons: Coupons, database: Database, site: str) -> None:
        self._coupons = coupons
        self._database = database
        self._site = site

    def check(self, connection: sqlite3.Connection, sale: Sale, now: float) -> Checked:
        """Each coupon of the sale by itself, then all of them beside each other."""
        if not now - UPLOAD_S <= sale.at <= now + AHEAD_S:
            said = "at: must be of the last day and not ahead; check the clock"
            return Checked({}, [], [Refused("unfit", said)], ())
        fit: dict[str, Presented] = {}
        refused: list[Refused] = []
        receipts: tuple[str, ...] = ()
        for code in sale.codes:
            one = self._find(connection, code)
            reason = one if isinstance(one, Refused) else self._reason(connection, one, sale)
            if isinstance(one, Presented) and one.coupon.coupon in fit:
                reason = Refused("unfit", "the coupon is presented twice")
            elif isinstance(one, Presented) and reason is None and one.pool.bundle is not None:
                completing = self._bundle(connection, one, one.pool.bundle, sale, receipts)
                if isinstance(completing, Refused):
                    reason = completing
                else:
                    receipts += completing
            if isinstance(one, Presented) and reason is None:
                fit[one.coupon.coupon] = one
            elif reason is not None:
                refused.append(replace(reason, code=code))
        return self._together(sale, fit, refused, receipts)

    def asked(self, sale: Sale) -> str:
        """What was presented, as 32 hexadecimal digits: the same for the same amounts and coupons, however typed."""
        content = [sorted(map(self._plain, sale.codes)), sale.basket.amount, sale.basket.parking]
        return hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:32]

    def _plain(self, code: str) -> str:
        carried = codes.unseal(self._coupons.public, code)
        return (codes.read_short(code) or code) if isinstance(carried, str) else codes.short_of(carried.serial)

    def _find(self, connection: sqlite3.Connection, code: str) -> Presented | Refused:
        short = codes.read_short(code)
        if short is not None:
            coupon = store.by_short(connection, self._site, short)
        else:
            carried = codes.unseal(self._coupons.public, code)
            if isinstance(carried, str):
                return Refused("unfit", carried)
            if carried.site != self._site:
                return Refused("unfit", f"the coupon is of another mall, {carried.site}")
            coupon = store.by_serial(connection, self._site, carried.serial)
        if coupon is None:
            return Refused("unknown", "no such coupon: mistyped, or no longer known to the mall")
        terms = coupon_pools.terms_of(connection, self._site, coupon.pool, coupon.version)
        return Presented(code, coupon, pool_of(terms))

    def _reason(self, connection: sqlite3.Connection, one: Presented, sale: Sale) -> Refused | None:
        """Why this coupon is not for this sale, whatever else is presented; None where it is."""
        coupon, pool, least = one.coupon, one.pool, hundredths(one.pool.least_spend)
        reason = ""
        if coupon.state in {"redeemed", "reversed"}:
            used = redemptions.used_at(connection, self._site, coupon.coupon)
            return Refused("used", f"the coupon was used{'' if used is None else ' at ' + to_rfc3339(used)}")
        if sale.at < coupon.valid_from:
            reason = f"the coupon is not valid before {to_rfc3339(coupon.valid_from)}"
        elif sale.at > coupon.expires_at or coupon.state == "expired":
            reason = f"the coupon expired at {to_rfc3339(coupon.expires_at)}"
        elif pool.shops and sale.tenant not in pool.shops:
            reason = f"the coupon is for {', '.join(pool.shops)}, not for {sale.tenant}"
        elif sale.basket.amount < least:
            reason = f"the coupon needs a sale of {money(least)} at least"
        return Refused("unfit", reason) if reason else None

    def _bundle(
        self, connection: sqlite3.Connection, one: Presented, bundle: Bundle, sale: Sale, taken: Sequence[str]
    ) -> tuple[str, ...] | Refused:
        """The sales that complete a coupon's bundle, this one included, or how many shops are missing."""
        member, day = one.coupon.member, self._coupons.day(sale.at)
        database, site = self._database, self._site
        presented = [purchases.find(database, site, purchase_id(*receipt)) for receipt in sale.receipts]
        bought = purchases.of_member(database, site, member, sale.at - TWO_DAYS_S)
        bought += [receipt for receipt in presented if receipt is not None and receipt.member in {"", member}]
        mine = {receipt.purchase: receipt for receipt in bought if receipt.day == day}
        used = redemptions.bundled(connection, site, list(mine)) | set(taken)
        unused = [receipt for name, receipt in mine.items() if name not in used]
        got = reached(bundle, sale.tenant, sale.basket.amount, unused)
        if got.missing:
            least = money(hundredths(bundle.spend_each))
            said = f"the bundle needs {least} in each of {bundle.shops} shops today; {got.missing} more to go"
            return Refused("unfit", said)
        return (*got.receipts, purchase_id(sale.tenant, sale.sale))

    @staticmethod
    def _together(sale: Sale, fit: dict[str, Presented], refused: list[Refused], receipts: tuple[str, ...]) -> Checked:
        for held, why in _apart([one.held for one in fit.values()]):
            refused.append(Refused("unfit", why, fit.pop(held.coupon).code))
        taken = []
        for one in take_off([one.held for one in fit.values()], sale.basket):
            if one.held.pool.kind == "gift" or one.off or one.hours:
                taken.append(one)
            else:
                said = f"{one.held.pool.title} would take nothing off this sale; keep it"
                refused.append(Refused("unfit", said, fit.pop(one.held.coupon).code))
        return Checked(fit, taken, refused, tuple(dict.fromkeys(receipts)))


def _apart(held: Sequence[Held]) -> list[tuple[Held, str]]:
    """Which coupons may not be used beside the others, and why: all but the first of a group, and who stands alone."""
    kept: list[Held] = []
    apart = []
    for one in in_order(held):
        groups = {other.pool.stack for other in kept}
        if kept and (not one.pool.stack or "" in groups):
            apart.append((one, f"{one.pool.title} cannot be combined with {kept[0].pool.title}"))
        elif one.pool.stack in groups:
            apart.append((one, f"one coupon of {one.pool.stack!r} a sale; leave {one.pool.title} away"))
        else:
            kept.append(one)
    return apart
