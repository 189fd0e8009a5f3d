"""A till over the API: quote, redeem, give back; and who pays whom afterwards."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from central.access import derived
from central.coupons.coupons import Coupons, Issued
from central.offers.campaigns import Pool
from central.store.store import Store
from contract.times import to_rfc3339
from contract.tokens import Role
from tests.broker import MosquittoBroker
from tests.central.coupons.giving import given, pool
from tests.central.mall import Central

OFFER_KEY = f"{10:064x}"
"""As ``tests.central.mall.Central`` writes it."""
POOLS = """schema = "atrium.campaigns.v1"
[[pools]]
id = "FILE-1"
title = "A coffee"
kind = "gift"
cost = 1.2
stock = 5
"""


class Mall:
    """A central with a second hand on its store."""

    def __init__(self, central: Central) -> None:
        self.central = central
        self.store = Store(central.folder / "central.db", "mall")
        self.coupons = Coupons(derived(OFFER_KEY, "coupons"))

    def coupon(self, one: Pool, offer: str = "", member: str = "") -> Issued:
        return given(self.store, self.coupons, one, offer, member=member, now=time.time())

    def ask(self, method: str, path: str, role: Role = "trigger", json: Any = None) -> httpx.Response:
        headers = self.central.headers(role)
        return httpx.request(method, self.central.address + path, headers=headers, json=json, timeout=30)

    def redeem(self, code: str, sale: str = "R-1", amount: float = 42.5, **more: Any) -> httpx.Response:
        return self.ask("POST", "/v1/redemptions", json=sale_of(code, sale, amount, **more))


def sale_of(code: str, sale: str, amount: float, *, basket: Any = None, **more: Any) -> dict[str, Any]:
    body = {"code": code, "sale": sale, "tenant": "cafe-tejo", "at": to_rfc3339(time.time())}
    return body | {"basket": {"amount": amount} | (basket or {})} | more


@pytest.fixture(scope="module")
def mall(tmp_path_factory: pytest.TempPathFactory, broker: MosquittoBroker) -> Iterator[Mall]:
    central = Central(tmp_path_factory.mktemp("central"), broker, POOLS)
    central.config.write_text(central.config.read_text() + "[limits]\nrequests = 1000000\n")
    central.start()
    found = Mall(central)
    yield found
    found.store.close()
    assert central.stop() == 0
    assert "Traceback" not in (central.folder / "central.log").read_text()


def test_a_coupon_is_quoted_redeemed_once_and_the_same_sale_is_told_the_same_again(mall: Mall) -> None:
    code = mall.coupon(pool("LUNCH", ceiling=6)).code
    quoted = mall.ask("POST", "/v1/quotes", json=sale_of(code, "R-10", 42.5)).json()
    assert (quoted["off"], quoted["pay"], quoted["refused"], quoted["redemption"]) == (6.0, 36.5, [], "")
    body = sale_of(code, "R-10", 42.5)
    first = mall.ask("POST", "/v1/redemptions", json=body)
    assert first.status_code == 200, first.text
    assert (first.json()["off"], first.json()["lines"][0]["funder"]) == (6.0, "mall")
    assert mall.ask("POST", "/v1/redemptions", json=body | {"at": to_rfc3339(time.time())}).json() == first.json()
    other = mall.redeem(code, "R-11")
    assert other.status_code == 409
    assert other.json()["detail"] == f"the coupon was used at {body['at']}"
    changed = mall.redeem(code, "R-10", 43)
    assert changed.status_code == 409
    assert "with other coupons or amounts" in changed.json()["detail"]
    refused = mall.ask("POST", "/v1/quotes", json=sale_of(code, "R-12", 42.5)).json()["refused"]
    assert refused == [{"code": code, "detail": f"the coupon was used at {body['at']}"}]


def test_the_short_code_is_the_same_coupon(mall: Mall) -> None:
    issued = mall.coupon(pool("TYPED", "amount", 5))
    typed = issued.short.lower()
    first = mall.redeem(f"{typed[:4]} {typed[4:8]}-{typed[8:]}", "R-20")
    assert first.json()["off"] == 5.0
    assert mall.redeem(issued.code, "R-20").json() == first.json()
    assert mall.redeem("0000-0000-0000", "R-21").status_code == 404
    assert mall.redeem("K7Q2-M4X9-T3B", "R-21").status_code == 422


def test_of_sixty_four_tills_at_once_one_redeems(mall: Mall) -> None:
    code = mall.coupon(pool("RUSH", "amount", 5, stock=9)).code
    together = threading.Barrier(64)

    def one(number: int) -> httpx.Response:
        together.wait()
        return mall.redeem(code, f"R-rush-{number}")

    with ThreadPoolExecutor(64) as tills:
        told = list(tills.map(one, range(64)))
    assert Counter(answer.status_code for answer in told) == {200: 1, 409: 63}
    found = next(one for one in mall.ask("GET", "/v1/pools", "manager").json()["pools"] if one["pool"] == "RUSH")
    assert (found["given"], found["redeemed"], found["left"], found["cost"]) == (1, 1, 8, 5.0)


def test_two_centrals_on_one_database_redeem_once_and_answer_one_sale_alike(
    mall: Mall, tmp_path: Any, broker: MosquittoBroker
) -> None:
    second = Central(tmp_path, broker, POOLS)
    text = second.config.read_text().replace('site = "site.toml"', f'site = "{mall.central.folder}/site.toml"')
    text = text.replace('site = "', f'database = "{mall.central.folder}/central.db"\nsite = "', 1)
    second.config.write_text(text.replace("[mqtt]\n", '[mqtt]\nclient_id = "second"\n'))
    second.start()
    codes = [mall.coupon(pool("BOTH", "amount", 1)).code for _ in range(4)]
    together = threading.Barrier(32)

    def one(number: int) -> tuple[str, httpx.Response]:
        central = (mall.central, second)[number % 2]
        code, sale = codes[number // 2 % 4], f"R-both-{number // 2 % 8}"
        together.wait()
        body = sale_of(code, sale, 10)
        url = f"{central.address}/v1/redemptions"
        return sale, httpx.post(url, headers=central.headers("trigger"), json=body, timeout=60)

    with ThreadPoolExecutor(32) as tills:
        told = list(tills.map(one, range(32)))
    assert second.stop() == 0
    assert {answer.status_code for _, answer in told} == {200, 409}
    won = {(sale, answer.json()["redemption"]) for sale, answer in told if answer.status_code == 200}
    assert len(won) == 4
    assert sum(answer.status_code == 200 for _, answer in told) == 16  # four tries of each of four sales


def test_a_refund_gives_back_what_was_paid_and_no_more(mall: Mall) -> None:
    code = mall.coupon(pool("PART", value=10, least_spend=40)).code
    redeemed = mall.redeem(code, "R-40", 50).json()
    assert redeemed["pay"] == 45.0
    path = f"/v1/redemptions/{redeemed['redemption']}/reversal"
    part = mall.ask("POST", path, json={"refund": "F-1", "amount": 20})
    assert part.json() | {"refund": ""} == {
        "redemption": redeemed["redemption"],
        "refund": "",
        "amount": 20.0,
        "due": 18.0,
        "kept": 30.0,
        "off": 3.0,
        "free": [],
    }
    assert mall.ask("POST", path, json={"refund": "F-1", "amount": 20}).json() == part.json()
    assert mall.ask("POST", path, json={"refund": "F-1", "amount": 21}).status_code == 409
    assert mall.ask("POST", path, json={"refund": "F-2", "amount": 30.01}).status_code == 422
    rest = mall.ask("POST", path, json={"refund": "F-2"}).json()
    assert (rest["due"], rest["kept"], rest["off"]) == (27.0, 0.0, 0.0)
    assert mall.ask("POST", path, json={"refund": "F-2"}).json() == rest
    assert mall.ask("POST", path, json={"refund": "F-3"}).status_code == 409
    assert mall.redeem(code, "R-41").status_code == 409
    assert mall.redeem(code, "R-40", 50).status_code == 409


def test_a_coupon_is_free_again_after_a_refund_where_its_pool_says_so(mall: Mall) -> None:
    issued = mall.coupon(pool("AGAIN", "amount", 5, again_after_refund=True))
    redeemed = mall.redeem(issued.code, "R-50").json()
    path = f"/v1/redemptions/{redeemed['redemption']}/reversal"
    assert mall.ask("POST", path, json={"refund": "F-1"}).json()["free"] == [redeemed["lines"][0]["coupon"]]
    assert mall.redeem(issued.code, "R-50").status_code == 409
    assert mall.redeem(issued.code, "R-51").json()["off"] == 5.0
    assert mall.redeem(issued.code, "R-52").status_code == 409


def test_several_coupons_are_taken_off_in_the_stated_order_or_not_at_all(mall: Mall) -> None:
    card = mall.coupon(pool("CARD", value=20, stack="card", stack_order=10)).code
    hours = mall.coupon(pool("HOURS", "parking", 2, stack="shop", stack_order=20)).code
    more = mall.coupon(pool("HOURS", "parking", 2, stack="shop", stack_order=20)).code
    alone = mall.coupon(pool("ALONE", "amount", 1)).code
    for others, status in (([card, more], 422), ([card, alone], 422), ([card, hours], 422), (["nonsense"], 422)):
        basket = {"parking_hours": 4, "other_coupons": others}
        assert mall.redeem(hours, "P-1", 8, basket=basket).status_code == status
    answer = mall.redeem(hours, "P-1", 8, basket={"parking_hours": 4, "other_coupons": [card]}, tenant="parking").json()
    assert [(line["pool"], line["off"], line["parking_hours"]) for line in answer["lines"]] == [
        ("CARD", 1.6, 0.0),
        ("HOURS", 3.2, 2.0),
    ]
    assert answer["pay"] == 3.2


def test_shop_spend_and_day_are_held_against_the_coupon(mall: Mall) -> None:
    one = mall.coupon(pool("STRICT", "amount", 5, shops=["nordic"], least_spend=20, valid_hours=1)).code
    for more, reason in (
        ({}, "the coupon is for nordic, not for cafe-tejo"),
        ({"tenant": "nordic", "amount": 19.99}, "the coupon needs a sale of 20.00 at least"),
        ({"at": to_rfc3339(time.time() - 86_500)}, "at: must be of the last day and not ahead; check the clock"),
        ({"at": to_rfc3339(time.time() - 3600), "tenant": "nordic"}, "the coupon is not valid before"),
    ):
        answer = mall.redeem(one, "R-60", **({"amount": 30.0} | more))
        assert answer.status_code == 422
        assert answer.json()["detail"].startswith(reason)
    assert mall.redeem(one, "R-60", 30, tenant="nordic").json()["pay"] == 25.0


def test_the_place_says_whose_till_it_is(mall: Mall) -> None:
    code = mall.coupon(pool("PLACED", "amount", 5, shops=["cafe"])).code
    body = sale_of(code, "R-70", 10) | {"floor": "g", "zone": "cafe"}
    del body["tenant"]
    assert mall.ask("POST", "/v1/redemptions", json=body).json()["tenant"] == "cafe"
    del body["floor"], body["zone"]
    assert "tenant" in mall.ask("POST", "/v1/redemptions", json=body).json()["detail"]


def test_the_coupon_of_an_offer_comes_with_a_picture(mall: Mall) -> None:
    issued = mall.coupon(pool("SEEN", "amount", 5), offer="offer-seen")
    told = mall.ask("GET", "/v1/offers/offer-seen/coupon").json()
    assert (told["code"], told["short"].replace("-", ""), told["state"]) == (issued.code, issued.short, "given")
    picture = mall.ask("GET", "/v1/offers/offer-seen/coupon.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert picture.text.startswith("<svg ")
    assert mall.ask("GET", "/v1/offers/none/coupon").status_code == 404


def test_pools_of_file_and_crm_are_one_list(mall: Mall) -> None:
    body = {"title": "5 off", "kind": "amount", "value": 5, "stock": 3, "bundle": {"shops": 2, "spend_each": 50}}
    made = mall.ask("PUT", "/v1/pools/CRM-5", "admin", body)
    assert made.status_code == 200, made.text
    assert (made.json()["stock"], made.json()["left"], made.json()["version"]) == (3, 3, 1)
    assert mall.ask("PUT", "/v1/pools/CRM-5", "admin", body | {"stock": 8}).json()["left"] == 8
    assert mall.ask("PUT", "/v1/pools/CRM-5", "admin", body | {"value": 6}).json()["version"] == 2
    in_file = mall.ask("PUT", "/v1/pools/FILE-1", "admin", body)
    assert (in_file.status_code, in_file.json()["detail"]) == (
        409,
        "pool 'FILE-1' is in the campaigns file; change it there",
    )
    listed = {one["pool"]: one["source"] for one in mall.ask("GET", "/v1/pools", "manager").json()["pools"]}
    assert (listed["FILE-1"], listed["CRM-5"]) == ("file", "api")


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"kind": "percent", "value": 120}, "value"),
        ({"kind": "percent"}, "value"),
        ({"kind": "gift", "value": 1}, "value"),
        ({"kind": "amount", "value": 5, "ceiling": 3}, "ceiling"),
        ({"kind": "amount", "value": 5, "tenant": "nordic"}, "tenant"),
        ({"kind": "amount", "value": 5, "funder": "tenant"}, "tenant"),
        ({"kind": "amount", "value": 5, "valid_to": "2026-02-31"}, "valid_to"),
        ({"kind": "amount", "value": 5, "valid_from": "2026-02-03", "valid_to": "2026-02-02"}, "valid_to"),
        ({"kind": "gift", "bundle": {"shops": 2, "spend_each": 5}}, "bundle"),
        ({"kind": "amount", "value": 5, "colour": "red"}, "body.colour"),
    ],
)
def test_a_pool_that_makes_no_sense_is_refused_naming_the_field(mall: Mall, said: dict[str, Any], field: str) -> None:
    answer = mall.ask("PUT", "/v1/pools/ODD", "admin", {"title": "odd"} | said)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(f"{field}:")


def test_settlement_says_who_owes_whom(mall: Mall) -> None:
    theirs = mall.coupon(pool("THEIRS", "amount", 5, funder="tenant", tenant="nordic")).code
    own = mall.coupon(pool("OWN", "amount", 2, funder="tenant", shops=["cafe-tejo"])).code
    gift = mall.coupon(Pool(id="FILE-1", title="", kind="gift")).code
    redeemed = [mall.redeem(code, f"R-8{at}", 20).json() for at, code in enumerate((theirs, own, gift))]
    mall.ask("POST", f"/v1/redemptions/{redeemed[0]['redemption']}/reversal", json={"refund": "F", "amount": 17})
    day = to_rfc3339(time.time())[:10]
    books = mall.ask("GET", f"/v1/settlement?from={day}&to={day}", "manager").json()
    dues = {due["pool"]: (due["payer"], due["redeemed"], due["off"], due["charge"]) for due in books["dues"]}
    assert dues["THEIRS"] == ("tenant:nordic", 1, 3.0, 3.0)
    assert dues["OWN"] == ("tenant:cafe-tejo", 1, 2.0, 2.0)
    assert dues["FILE-1"] == ("mall", 1, 0.0, 1.2)
    assert round(sum(books["by_payer"].values()), 2) == books["charge"]
    for query in ("from=2026-02-01&to=2026-01-01", "from=2026-02-31&to=2026-03-01", "from=2026-01-01&to=2030-01-01"):
        assert mall.ask("GET", f"/v1/settlement?{query}", "manager").status_code == 422


HOSTILE = [
    '{"amount": NaN}',
    '{"amount": Infinity}',
    '{"amount": -1}',
    '{"amount": 1e400}',
    '{"amount": 10000000.01}',
    '{"amount": 0.001}',
    '{"amount": ' + "9" * 5000 + "}",
    '{"amount": "NaN"}',
    '{"amount": null}',
    '{"amount": true}',
    '{"amount": [1]}',
    '{"amount": 1, "parking_hours": -1}',
    '{"amount": 1, "parking_hours": 1e9}',
    '{"amount": 1, "other_coupons": ["CODE"]}',
    '{"amount": 1, "other_coupons": [""]}',
    '{"amount": 1, "other_coupons": [null]}',
    '{"amount": 1, "other_coupons": ["' + "A" * 3000 + '"]}',
    '{"amount": 1, "other_coupons": ["\\u0000", "\\ud800"]}',
    '{"amount": 1, "free": true}',
    "[]",
    "1",
]


@pytest.mark.parametrize("basket", HOSTILE)
def test_a_hostile_basket_is_refused_and_uses_nothing_up(mall: Mall, basket: str) -> None:
    code = mall.coupon(pool("HOSTILE", "amount", 5)).code
    body = sale_of(code, "R-90", 1)
    text = httpx.Request("POST", "http://x", json=body | {"basket": 0}).content.decode()
    text = text.replace('"basket":0', f'"basket":{basket.replace("CODE", code)}')
    headers = mall.central.headers("trigger") | {"content-type": "application/json"}
    answer = httpx.post(f"{mall.central.address}/v1/redemptions", content=text, headers=headers, timeout=20)
    assert answer.status_code in {400, 422}, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert mall.ask("POST", "/v1/quotes", json=body).json()["refused"] == []
