"""Who owes whom for coupons: what was taken off in whose shop, and who funds it. Pure, whole minor units."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from central.store.redemptions import Total

MALL = "mall"


@dataclass(frozen=True, slots=True)
class Due:
    """What ``payer`` (``mall``, or ``tenant:NAME``) owes the shop ``tenant`` for a pool's coupons; minor units."""

    tenant: str
    payer: str
    pool: str
    redeemed: int
    reversed: int
    off: int
    charge: int


@dataclass(frozen=True, slots=True)
class Books:
    """The dues, and their sums: by payer, and in all."""

    dues: list[Due]
    by_payer: dict[str, int]
    off: int
    charge: int


def funder(payer: str) -> str:
    """Who pays, as it is told: ``mall``, or ``tenant:NAME``, so that a tenant called mall is nobody else."""
    return f"tenant:{payer}" if payer else MALL


def settle(totals: Sequence[Total]) -> Books:
    """The books of some days. A shop that pays for its own coupons is told so: it owes nobody."""
    dues = [
        Due(
            *(one.tenant, funder(one.payer), one.pool, one.redeemed, one.reversed),
            *(one.off, one.charge),
        )
        for one in totals
    ]
    by_payer: Counter[str] = Counter()
    for due in dues:
        by_payer[due.payer] += due.charge
    return Books(dues, dict(sorted(by_payer.items())), sum(due.off for due in dues), sum(due.charge for due in dues))
