"""What became of the coupons of offers."""

from __future__ import annotations

from collections.abc import Sequence

from central.services import Services


def coupon_states(services: Services, offers: Sequence[str]) -> dict[str, str]:
    """``given``, ``redeemed``, ``expired``, ``reversed`` or ``withdrawn`` by offer; those without a coupon left out."""
    return {}
