"""The demo's till at Tasca: takes the coupons of members who pay at their table, and of some who order ahead."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from cli.demo_mall import FLOOR, DemoMall
from contract.times import to_rfc3339

TENANT, ZONE = "tasca", "tasca"
AMOUNT = 24.5
"""What lunch comes to, EUR."""
ORDERS_AHEAD_AFTER_S = 8.0
"""Every second member with a coupon orders from their phone so long after it: few sit down within two minutes."""


@dataclass(slots=True)
class DemoTill:
    """Knows only the public API, as a tenant's till does.

    Attributes:
        redeemed: coupons taken.
        refused: why others were not.
    """

    mall: DemoMall
    redeemed: int = 0
    refused: list[str] = field(default_factory=list)
    _next: int = 0
    _waiting: dict[str, tuple[int, str, float]] = field(default_factory=dict)
    """Number, code and when it came, by member."""

    def look(self, paid: list[tuple[str, str]]) -> None:
        """Take what is due.

        Args:
            paid: (time, member) of those who pay at their table now, as RFC 3339.
        """
        self._hear()
        for at, member in paid:
            self._sell(at, member)
        for member, (number, code, came) in list(self._waiting.items()):
            if number % 2 and time.time() - came >= ORDERS_AHEAD_AFTER_S:
                self._redeem(member, f"A-{number}", code, to_rfc3339(time.time()), {})

    def _hear(self) -> None:
        found = self.mall.get(f"/v1/offers?after={self._next}")
        for one in found["offers"] if found else []:
            self._next = one["number"]
            if one["code"]:
                self._waiting[one["member"]] = one["number"], one["code"], time.time()

    def _sell(self, at: str, member: str) -> None:
        """A sale at a table, with the member's card and the coupon, if they have one."""
        receipt = f"T-{at[11:23].replace(':', '').replace('.', '')}-{member}"
        spot = {"floor": FLOOR, "zone": ZONE, "at": at}
        sale: dict[str, Any] = {"kind": "sale", "member": member, "amount": AMOUNT, "receipt": receipt} | spot
        self.mall.ask("POST", "/v1/touchpoints", sale)
        if member in self._waiting:
            self._redeem(member, receipt, self._waiting[member][1], at, {"floor": FLOOR, "zone": ZONE})

    def _redeem(self, member: str, sale: str, code: str, at: str, spot: dict[str, str]) -> None:
        del self._waiting[member]
        body = {"code": code, "sale": sale, "tenant": TENANT, "at": at, "basket": {"amount": AMOUNT}} | spot
        status, answer = self.mall.ask("POST", "/v1/redemptions", body)
        if status == 200:
            self.redeemed += 1
        else:
            self.refused.append(str(answer.get("detail", status)))
