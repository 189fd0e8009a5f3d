"""Gives coupons out of their pools, and keeps the pools as the campaigns file and the mall's CRM say they are."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from central.coupons import codes
from central.coupons.value import cost_of, hundredths
from central.offers.campaigns import Pool
from central.store import coupon_pools
from central.store import coupons as store
from central.store.coupon_pools import Source
from central.store.coupons import Coupon
from central.store.database import Database

LONGEST = timedelta(days=400)
"""A coupon is valid no longer, whatever its pool says: as long as anything about a member is kept at all."""
OUT_OF_STOCK = "out of stock"
NOT_IN_FORCE = "its pool is not in force"
OVER = "its pool's last day is over"
TRIES = 5


@dataclass(frozen=True, slots=True)
class Issued:
    """A coupon just given.

    Attributes:
        code: signed, for a QR code; names no member.
        expires_at: seconds since 1970.
        cost: minor units that it counts against a budget.
        short: for typing, 12 signs.
    """

    code: str
    expires_at: float
    cost: int
    short: str = ""


class Coupons:
    """Gives coupons; keeps nothing: pools and coupons are in the store.

    Args:
        key: 32 bytes, ``derived(offer_key, "coupons")``.
        timezone: of the site, in which pools' first and last days are told.
        random: unguessable bytes, so many.
    """

    def __init__(
        self, key: bytes, timezone: tzinfo = UTC, random: Callable[[int], bytes] = secrets.token_bytes
    ) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(key)
        self._timezone = timezone
        self._random = random
        self.public = self._key.public_key()

    def issue(
        self, connection: sqlite3.Connection, site: str, pool: Pool, *, offer: str, member: str, now: float
    ) -> Issued | str:
        """A coupon of the pool within the caller's transaction, or why there is none.

        Args:
            connection: in a transaction: coupon and offer are both written, or neither.
            site: the site.
            pool: by its id; its terms are those of the store, which ``sync`` brings up to date.
            offer: what it comes with.
            member: who gets it; empty for nobody known.
            now: seconds since 1970.
        """
        row = coupon_pools.find(connection, site, pool.id)
        if row is None:
            _put(connection, site, pool, "file", now)
            row = coupon_pools.find(connection, site, pool.id)
        if row is None or not row.in_force:
            return NOT_IN_FORCE
        terms = pool_of(row.terms)
        valid_from, expires_at = self.validity(terms, now)
        if expires_at < now:
            return OVER
        if not coupon_pools.take_one(connection, site, pool.id):
            return OUT_OF_STOCK
        cost = cost_of(terms)
        for _ in range(TRIES):
            serial = codes.new_serial(self._random(codes.SERIAL_BYTES))
            short = codes.short_of(serial)
            coupon = Coupon(serial, short, pool.id, row.version, offer, member, now, valid_from, expires_at, cost)
            if store.add(connection, site, coupon):
                return Issued(self.code_of(site, coupon, terms), expires_at, cost, short)
        raise RuntimeError("five random serials in a row are taken: the source of randomness is broken")

    def code_of(self, site: str, coupon: Coupon, terms: Pool) -> str:
        """The signed code of a coupon; the same whenever it is asked for."""
        ceiling = None if terms.ceiling is None else hundredths(terms.ceiling)
        return codes.seal(
            self._key,
            codes.Carried(
                *(site, coupon.pool, coupon.coupon, terms.kind, hundredths(terms.value), ceiling),
                *(hundredths(terms.least_spend), int(coupon.valid_from), int(coupon.expires_at)),
                codes.told_shops(terms.shops),
            ),
        )

    def validity(self, pool: Pool, now: float) -> tuple[float, float]:
        """The first and the last second in which a coupon given now may be used, seconds since 1970."""
        ends = [now + LONGEST.total_seconds()]
        if pool.valid_hours is not None:
            ends.append(now + pool.valid_hours * 3600)
        if pool.valid_to:
            ends.append(self._midnight(date.fromisoformat(pool.valid_to) + timedelta(days=1)) - 1)
        first = self._midnight(date.fromisoformat(pool.valid_from)) if pool.valid_from else now
        return float(int(max(first, now))), float(int(min(ends)))

    def day(self, at: float) -> str:
        """The site's day of an instant, as 2026-01-31."""
        return f"{datetime.fromtimestamp(at, self._timezone):%Y-%m-%d}"

    def sync(self, database: Database, site: str, pools: Iterable[Pool] | Mapping[str, Pool], now: float) -> int:
        """Bring the file's pools into the store; how many are new or other than before.

        What the file says more is added to the stock; never does a pool have less than what is given of it. A pool that
        the file names no more gives no coupons; those given stay good. Pools of the API stay as they are, unless the
        file names one too: then it is the file's.
        """
        found = list(pools.values() if isinstance(pools, Mapping) else pools)
        with database.writing() as connection:
            changed = sum(_put(connection, site, pool, "file", now) for pool in found)
            return changed + coupon_pools.retire(connection, site, {pool.id for pool in found}, now)

    def _midnight(self, day: date) -> float:
        return datetime.combine(day, time(), self._timezone).timestamp()


def pool_of(terms: str) -> Pool:
    """The pool as the store keeps its terms; their ``stock`` is None, as that is counted apart."""
    return msgspec.json.decode(terms, type=Pool)


def put_pool(database: Database, site: str, pool: Pool, now: float) -> bool:
    """Whether a pool of the API is new or other than before; False, too, where the file has one of this id."""
    with database.writing() as connection:
        known = coupon_pools.find(connection, site, pool.id)
        if known is not None and known.source == "file" and known.in_force:
            return False
        _put(connection, site, pool, "api", now)
        return True


def pools_in_force(database: Database, site: str) -> dict[str, Pool]:
    """Every pool that coupons are given from, of file and API, by id; with the stock declared."""
    return {
        row.pool: msgspec.structs.replace(pool_of(row.terms), stock=row.declared)
        for row in coupon_pools.everything(database, site)
        if row.in_force
    }


def _put(connection: sqlite3.Connection, site: str, pool: Pool, source: Source, now: float) -> bool:
    return coupon_pools.put(connection, site, pool.id, source, terms=_terms(pool), declared=pool.stock, now=now)


def _terms(pool: Pool) -> str:
    """What the pool says beyond the defaults, so that a field that is new in a later release makes no new version."""
    plain = Pool(id=pool.id, title=pool.title, kind=pool.kind)
    said = msgspec.to_builtins(msgspec.structs.replace(pool, stock=None))
    unsaid = msgspec.to_builtins(plain)
    own = ("id", "title", "kind")
    return msgspec.json.encode(
        {name: said[name] for name in said if name in own or said[name] != unsaid[name]}
    ).decode()
