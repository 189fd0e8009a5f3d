"""Coupons at a till: quoted, redeemed exactly once, given back with the sale; told again, answered the same again."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import replace

import msgspec

from calibration.site import Site
from central.coupons import codes
from central.coupons.checking import Checked, Checker
from central.coupons.coupons import Coupons, pool_of
from central.coupons.sale import Answer, Refused, Returned, Sale, TillLine, money
from central.coupons.value import Basket, Held, take_off
from central.offers.campaigns import Pool
from central.store import coupon_pools, redemptions
from central.store import coupons as store
from central.store.database import Database
from central.store.redemptions import Entry, Line, Redemption
from central.touchpoints.linker import LINKING_PURPOSE
from central.touchpoints.record import Told, record
from contract.times import to_rfc3339

_ANSWER = msgspec.json.Decoder(Answer)
_RETURNED = msgspec.json.Decoder(Returned)


class Till:
    """What tills may do. Keeps nothing: each call is one transaction.

    Args:
        coupons: reads codes.
        database: where they are.
        site: where, and in which time zone.
        new_id: a fresh unguessable id.
    """

    def __init__(
        self,
        coupons: Coupons,
        database: Database,
        site: Site,
        new_id: Callable[[], str] = lambda: secrets.token_hex(12),
    ) -> None:
        self._coupons = coupons
        self._database = database
        self._site = site
        self._new_id = new_id
        self._checker = Checker(coupons, database, site.id)

    def quote(self, sale: Sale, now: float) -> tuple[Answer, list[Refused]]:
        """What the coupons would take off now, and which would be refused, each with why; changes nothing."""
        checked = self._checker.check(self._database.reading(), sale, now)
        return _answer("", sale, checked), checked.refused

    def redeem(self, sale: Sale, now: float) -> Answer | Refused:
        """Use all the coupons on the sale, or none and why; the same sale again gets the same answer again."""
        with self._database.writing() as connection:
            known = redemptions.of_sale(connection, self._site.id, sale.tenant, sale.sale)
            if known is not None:
                return self._again(known, sale)
            checked = self._checker.check(connection, sale, now)
            if checked.refused:
                return checked.refused[0]
            answer = _answer(self._new_id(), sale, checked)
            self._write(connection, sale, checked, answer)
            self._tell_linker(connection, sale, checked, answer.redemption, now)
            return answer

    def reverse(self, redemption: str, refund: str, amount: int | None, now: float) -> Returned | Refused:
        """Give a sale back, all that is left of it where no amount is said; a refund told again changes nothing.

        Every coupon of the sale is worked out anew on what is kept, in the same order and with the same rounding; its
        least spend is not held against the shopper afterwards.

        Args:
            redemption: its id.
            refund: the till's own number of the refund.
            amount: of the goods given back, before coupons, minor units.
            now: seconds since 1970.
        """
        with self._database.writing() as connection:
            known = redemptions.find(connection, self._site.id, redemption)
            if known is None:
                return Refused("unknown", f"no redemption {redemption[:64]!r}")
            told = redemptions.reversal(connection, self._site.id, redemption, refund)
            if told is not None:
                if amount is None or told[0] == amount:
                    return _RETURNED.decode(told[1])
                return Refused("used", f"refund {refund!r} was told with another amount; give it its own number")
            left = known.amount - known.refunded
            if known.closed:
                return Refused("used", f"sale {known.sale!r} has been given back in full already")
            if amount is not None and amount > left:
                return Refused("unfit", f"amount: of sale {known.sale!r} only {money(left)} is left to give back")
            return self._give_back(connection, known, refund, left if amount is None else amount, now=now)

    def _again(self, known: Redemption, sale: Sale) -> Answer | Refused:
        """What a till is told of a sale that is known."""
        if known.closed:
            return Refused("used", f"sale {sale.sale!r} has been given back; a new sale needs its own number")
        if known.asked == self._checker.asked(sale):
            return _ANSWER.decode(known.answer)
        said = f"sale {sale.sale!r} was redeemed at {to_rfc3339(known.at)} with other coupons or amounts"
        return Refused("used", f"{said}; reverse that first, or give this sale its own number")

    def _write(self, connection: sqlite3.Connection, sale: Sale, checked: Checked, answer: Answer) -> None:
        site, day, basket = self._site.id, self._coupons.day(sale.at), sale.basket
        versions = {serial: one.coupon.version for serial, one in checked.found.items()}
        lines = [
            Line(*(one.held.coupon, one.held.pool.id, versions[one.held.coupon]), one.off, one.charge, one.hours)
            for one in checked.taken
        ]
        redemption = Redemption(
            *(answer.redemption, sale.tenant, sale.sale, self._checker.asked(sale), sale.at, day),
            *(basket.amount, basket.parking, 0, msgspec.json.encode(answer).decode()),
        )
        redemptions.add(connection, site, redemption, lines)
        for line in lines:
            store.set_state(connection, site, line.coupon, "given", "redeemed")
            coupon_pools.count(connection, site, line.pool, redeemed=1)
        entries = [
            Entry(
                *(day, "redeemed", sale.tenant, payer(one.held.pool, sale.tenant), one.held.pool.id),
                *(1, one.off, one.charge),
            )
            for one in checked.taken
        ]
        redemptions.book(connection, site, entries, sale.at)
        redemptions.mark_bundled(connection, site, answer.redemption, checked.receipts, sale.at)

    def _tell_linker(
        self, connection: sqlite3.Connection, sale: Sale, checked: Checked, redemption: str, now: float
    ) -> None:
        """Whoever holds the coupon is at the till now: a touchpoint, of those who agreed to be linked."""
        holders = sorted({one.coupon.member for one in checked.found.values()} - {""})
        for number, member in enumerate(holders):
            if sale.spot is not None and store.agreed(connection, self._site.id, member, LINKING_PURPOSE):
                told = Told(f"redemption-{redemption}-{number}", "redemption", member, sale.spot, sale.at)
                record(connection, self._site, told, now)

    def _give_back(
        self, connection: sqlite3.Connection, known: Redemption, refund: str, back: int, *, now: float
    ) -> Returned:
        site, kept = self._site.id, known.amount - known.refunded - back
        before = redemptions.lines_of(connection, site, known.redemption)
        pools = {
            line.coupon: pool_of(coupon_pools.terms_of(connection, site, line.pool, line.version)) for line in before
        }
        after = _recomputed(before, pools, Basket(kept, known.parking))
        free = [] if kept else self._end(connection, known, before, pools)
        entries = [
            Entry(
                *(self._coupons.day(now), "reversed", known.tenant, payer(pools[was.coupon], known.tenant), was.pool),
                *(0 if kept else -1, one.off - was.off, one.charge - was.charge),
            )
            for was, one in zip(before, after, strict=True)
        ]
        off = sum(line.off for line in after)
        due = back - (sum(line.off for line in before) - off)
        answer = Returned(known.redemption, refund, back, due, kept, off, free)
        content = msgspec.json.encode(answer).decode()
        redemptions.change(connection, site, known.redemption, known.refunded + back, after, closed=not kept)
        redemptions.add_reversal(connection, site, known.redemption, refund, amount=back, at=now, answer=content)
        redemptions.book(connection, site, entries, now)
        return answer

    def _end(
        self, connection: sqlite3.Connection, known: Redemption, lines: list[Line], pools: dict[str, Pool]
    ) -> list[str]:
        """What becomes of the coupons of a sale given back in full; the short codes of those that are free again."""
        site, free = self._site.id, []
        redemptions.unmark_bundled(connection, site, known.redemption)
        for line in lines:
            coupon_pools.count(connection, site, line.pool, reversed_=1)
            if pools[line.coupon].again_after_refund:
                store.set_state(connection, site, line.coupon, "redeemed", "given")
                redemptions.free(connection, site, known.redemption, line.coupon)
                free.append(codes.spaced(codes.short_of(line.coupon)))
            else:
                store.set_state(connection, site, line.coupon, "redeemed", "reversed")
        return free


def payer(pool: Pool, tenant: str) -> str:
    """Which tenant pays for a coupon: the one named, or the shop itself where none is; empty where the mall does."""
    return "" if pool.funder == "mall" else pool.tenant or tenant


def _recomputed(lines: list[Line], pools: dict[str, Pool], basket: Basket) -> list[Line]:
    """What the coupons of a sale take off what is kept of it; nothing where nothing is."""
    if not basket.amount:
        return [replace(line, off=0, charge=0, hours=0) for line in lines]
    taken = take_off([Held(line.coupon, pools[line.coupon]) for line in lines], basket)
    fresh = {one.held.coupon: one for one in taken}
    return [
        replace(line, off=fresh[line.coupon].off, charge=fresh[line.coupon].charge, hours=fresh[line.coupon].hours)
        for line in lines
    ]


def _answer(redemption: str, sale: Sale, checked: Checked) -> Answer:
    lines = [
        TillLine(
            coupon=codes.spaced(codes.short_of(one.held.coupon)),
            pool=one.held.pool.id,
            title=one.held.pool.title,
            kind=one.held.pool.kind,
            off=one.off,
            hours=one.hours,
            payer=payer(one.held.pool, sale.tenant),
        )
        for one in checked.taken
    ]
    off, amount = sum(line.off for line in lines), sale.basket.amount
    return Answer(redemption, sale.sale, sale.tenant, sale.at, amount, off, amount - off, lines)
