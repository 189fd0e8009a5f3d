"""Pools and coupons for tests."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from central.coupons.coupons import Coupons, Issued
from central.offers.campaigns import Pool
from central.store.store import Store
from tests.central.mall import NOON

KEY = bytes(range(32))


def counted() -> Callable[[int], bytes]:
    """Bytes as the source of randomness would give, other ones every time."""
    numbers = count(1)
    return lambda size: (next(numbers) * 0x9E3779B97F4A7C15F39CC % (1 << 8 * size)).to_bytes(size, "big")


def coupons() -> Coupons:
    return Coupons(KEY, random=counted())


def pool(name: str = "DINE-15", kind: Any = "percent", value: float = 15, **more: Any) -> Pool:
    return Pool(id=name, title=name, kind=kind, value=value, **more)


def give(store: Store, giving: Coupons, one: Pool, offer: str = "", *, member: str = "", now: float = NOON) -> Any:
    """What the pool gives, an ``Issued`` or why not."""
    with store.database.writing() as connection:
        return giving.issue(connection, store.site, one, offer=offer, member=member, now=now)


def given(store: Store, giving: Coupons, one: Pool, offer: str = "", *, member: str = "", now: float = NOON) -> Issued:
    found = give(store, giving, one, offer, member=member, now=now)
    assert isinstance(found, Issued), found
    return found
