"""What became of each campaign's coupons: counts and sums, nobody in them."""

from __future__ import annotations

from dataclasses import dataclass

from central.store.database import Database


@dataclass(frozen=True, slots=True)
class CouponCounts:
    """Of one campaign.

    Attributes:
        redeemed: coupons used and not reversed.
        spent: minor units that its coupons hold of a budget: those out or used, not those expired or reversed.
    """

    redeemed: int = 0
    spent: int = 0


def coupon_counts(database: Database, site: str) -> dict[str, CouponCounts]:
    """Counts by campaign."""
    rows = database.rows(
        """SELECT campaign, sum(coupons.state = 'redeemed'),
                  sum(coupons.cost * (coupons.state IN ('given', 'redeemed')))
           FROM coupons JOIN offers USING (site, offer) WHERE site = ? GROUP BY campaign""",
        (site,),
    )
    return {row[0]: CouponCounts(*tuple(row)[1:]) for row in rows}
