"""The clerk's duty about coupons: what nobody used goes back into the stock."""

from __future__ import annotations

from central.coupons.checking import UPLOAD_S
from central.store import coupons
from central.store.store import Store

EXPIRE_EVERY_S = 30.0


class Keeper:
    """Ends coupons that have expired; no truth of its own.

    Args:
        store: where they are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._expired_at = -1e18

    def update(self, now: float) -> int:
        """Put back into the stock what expired unused, every half minute; how many."""
        if abs(now - self._expired_at) < EXPIRE_EVERY_S:
            return 0
        self._expired_at = now
        return expire(self._store, now)


def expire(store: Store, now: float) -> int:
    """End the coupons that nobody used and that no till may tell of any more; how many went back into the stock."""
    if not coupons.are_due(store.database, store.site, now - UPLOAD_S):
        return 0
    with store.database.writing() as connection:
        return coupons.expire(connection, store.site, now - UPLOAD_S)
