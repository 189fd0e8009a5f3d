"""The clerk's duty about coupons: pools as the file says, and the stock of what nobody used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from central.coupons.checking import UPLOAD_S
from central.coupons.coupons import Coupons
from central.offers.campaigns import CampaignsFile, Pool
from central.store import coupons as store
from central.store.store import Store
from contract.files import read_toml

EXPIRE_EVERY_S = 30.0


class Shelf(Protocol):
    """What the campaigns file says of pools; ``stamp`` grows with every change."""

    @property
    def pools(self) -> Mapping[str, Pool]:
        """By id."""

    @property
    def stamp(self) -> int:
        """Of the file in force."""


@dataclass(frozen=True, slots=True)
class Shelved:
    """Pools that stay as they are."""

    pools: Mapping[str, Pool]
    stamp: int = 1

    @classmethod
    def of(cls, path: Path | None) -> Shelved:
        """Those of a campaigns file; none where there is none."""
        found = [] if path is None else read_toml(path, CampaignsFile).pools
        return cls({pool.id: pool for pool in found})


class Keeper:
    """Keeps pools and stock up to date; no truth of its own.

    Args:
        coupons: gives them.
        store: where they are.
        shelf: what the file says.
    """

    def __init__(self, coupons: Coupons, store: Store, shelf: Shelf) -> None:
        self._coupons = coupons
        self._store = store
        self._shelf = shelf
        self._stamp: int | None = None
        self._expired_at = -1e18

    def update(self, now: float) -> int:
        """Bring the file's pools in where it changed, and back into the stock what expired; how many expired."""
        stamp = self._shelf.stamp
        if stamp != self._stamp:
            self._coupons.sync(self._store.database, self._store.site, self._shelf.pools, now)
            self._stamp = stamp
        if abs(now - self._expired_at) < EXPIRE_EVERY_S:
            return 0
        self._expired_at = now
        return expire(self._store, now)


def expire(of: Store, now: float) -> int:
    """End the coupons that nobody used and that no till may tell of any more; how many went back into the stock."""
    if not store.are_due(of.database, of.site, now - UPLOAD_S):
        return 0
    with of.database.writing() as connection:
        return store.expire(connection, of.site, now - UPLOAD_S)
