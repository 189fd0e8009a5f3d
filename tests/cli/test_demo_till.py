"""The demo's till: a coupon is used by who pays at a table, every second one is ordered ahead, none twice."""

from __future__ import annotations

from typing import Any, cast

from cli import demo_till
from cli.demo_mall import DemoMall
from cli.demo_till import AMOUNT, DemoTill

AT = "2026-01-31T12:31:00.250Z"


class Mall:
    """What the till sees of central: offers by number, and what it is told."""

    def __init__(self, status: int = 200) -> None:
        self.offers = [
            {"number": number, "member": f"m{number}", "code": code}
            for number, code in ((1, "AAA"), (2, "BBB"), (4, ""))  # the last is of a campaign without coupons
        ]
        self.status = status
        self.told: list[tuple[str, dict[str, Any]]] = []

    def get(self, path: str) -> dict[str, Any]:
        after = int(path.rpartition("=")[2])
        return {"offers": [one for one in self.offers if cast("int", one["number"]) > after]}

    def ask(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        assert method == "POST"
        self.told.append((path, body))
        return (self.status, {"detail": "used"}) if path == "/v1/redemptions" else (202, {})


def till_of(mall: Mall) -> DemoTill:
    return DemoTill(cast("DemoMall", mall))


def test_who_pays_at_a_table_uses_the_coupon_on_that_sale_and_once() -> None:
    mall = Mall()
    till = till_of(mall)
    till.look([(AT, "m2")])
    till.look([(AT, "m2")])
    sale, redemption, again = mall.told
    assert (sale[0], sale[1]["member"], sale[1]["amount"]) == ("/v1/touchpoints", "m2", AMOUNT)
    assert (redemption[0], redemption[1]["code"], redemption[1]["sale"]) == (
        "/v1/redemptions",
        "BBB",
        sale[1]["receipt"],
    )
    assert again == sale, "the same sale told again is the same receipt"
    assert till.redeemed == 1


def test_who_has_no_coupon_pays_all_the_same() -> None:
    mall = Mall()
    till = till_of(mall)
    till.look([(AT, "m9"), (AT, "m4")])
    assert [path for path, _ in mall.told] == ["/v1/touchpoints"] * 2


def test_every_second_coupon_is_ordered_ahead_after_a_while(monkeypatch: Any) -> None:
    mall = Mall()
    till = till_of(mall)
    till.look([])
    assert mall.told == []
    monkeypatch.setattr(demo_till, "ORDERS_AHEAD_AFTER_S", 0.0)
    till.look([])
    assert [(path, body["code"]) for path, body in mall.told] == [("/v1/redemptions", "AAA")]


def test_what_is_refused_is_not_counted() -> None:
    mall = Mall(409)
    till = till_of(mall)
    till.look([(AT, "m2")])
    assert (till.redeemed, till.refused) == (0, ["used"])
