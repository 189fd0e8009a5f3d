"""What coupons take off, to the cent: never more than the sale, whichever was shown first, refunds included."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from central.coupons.bundles import reached
from central.coupons.settlement import settle
from central.coupons.value import Basket, Held, Taken, cost_of, share, take_off
from central.offers.campaigns import Bundle, Pool
from central.store.purchases import Purchase
from central.store.redemptions import Total
from tests.central.coupons.giving import pool
from tests.central.mall import NOON

MONEY = st.integers(0, 1_000_000_000)
HUNDREDTHS = st.integers(0, 1_000_000)
POOLS = st.builds(
    lambda kind, value, ceiling, cost, order: pool(
        f"P{order}-{value}",
        kind,
        value / 100 if kind != "percent" else value % 10_001 / 100,
        ceiling=None if ceiling is None or kind != "percent" else ceiling / 100,
        cost=None if cost is None else cost / 100,
        stack_order=order,
        stack="any",
    ),
    st.sampled_from(["percent", "amount", "gift", "parking"]),
    HUNDREDTHS,
    st.none() | HUNDREDTHS,
    st.none() | HUNDREDTHS,
    st.integers(0, 3),
)
SHOWN = st.lists(POOLS, max_size=5).map(lambda pools: [Held(f"C{at}", one) for at, one in enumerate(pools)])
BASKETS = st.builds(Basket, MONEY, HUNDREDTHS)


def off(taken: list[Taken]) -> int:
    return sum(one.off for one in taken)


@given(shown=SHOWN, basket=BASKETS)
def test_never_more_comes_off_than_the_sale_and_every_cent_is_somewhere(shown: list[Held], basket: Basket) -> None:
    taken = take_off(shown, basket)
    assert len(taken) == len(shown)
    assert all(min(one.off, one.hours, one.charge, one.left) >= 0 for one in taken)
    assert off(taken) + (taken[-1].left if taken else basket.amount) == basket.amount
    assert sum(one.hours for one in taken) <= basket.parking
    for one in taken:
        if one.held.pool.kind in {"percent", "amount"}:
            assert one.charge == one.off


@given(shown=SHOWN, basket=BASKETS, data=st.data())
def test_whichever_was_shown_first_makes_no_difference(shown: list[Held], basket: Basket, data: st.DataObject) -> None:
    assert take_off(data.draw(st.permutations(shown)), basket) == take_off(shown, basket)


@given(amount=MONEY, part=st.integers(0, 10_000))
def test_a_share_is_rounded_half_up(amount: int, part: int) -> None:
    exact = Fraction(amount * part, 10_000)
    assert Fraction(-1, 2) < share(amount, part, 10_000) - exact <= Fraction(1, 2)


@given(amount=MONEY, one=st.integers(0, 100), other=st.integers(0, 100), hours=st.integers(1, 500))
def test_percentages_and_hours_without_a_ceiling_could_come_in_any_order_but_for_a_cent(
    amount: int, one: int, other: int, hours: int
) -> None:
    pools = [pool("A", value=one), pool("B", value=other), pool("C", "parking", hours / 100)]
    totals = []
    for order in permutations(range(3)):
        held = [Held("X", pool(p.id, p.kind, p.value, stack_order=at)) for p, at in zip(pools, order, strict=True)]
        totals.append(off(take_off(held, Basket(amount, 500))))
    assert max(totals) - min(totals) <= 2  # of three roundings


@given(shown=SHOWN, basket=BASKETS, backs=st.lists(MONEY, min_size=1, max_size=4))
def test_refunds_give_back_what_was_paid_however_they_are_split(
    shown: list[Held], basket: Basket, backs: list[int]
) -> None:
    paid = basket.amount - off(take_off(shown, basket))
    kept, given_back = basket.amount, 0
    for wanted in [*backs, basket.amount]:
        back = min(wanted, kept)
        before = off(take_off(shown, Basket(kept, basket.parking)))
        kept -= back
        after = take_off(shown, Basket(kept, basket.parking))
        assert all(now.off <= was.off for now, was in zip(after, take_off(shown, basket), strict=True)), (
            "a coupon never takes more off less"
        )
        due = back - (before - off(after))
        assert 0 <= due <= back
        given_back += due
    assert kept == 0
    assert given_back == paid


@pytest.mark.parametrize(
    ("one", "basket", "expected"),
    [
        (pool(value=15), Basket(990), 149),  # 1.485
        (pool(value=15), Basket(1010), 152),  # 1.515
        (pool(value=12.5), Basket(100), 13),
        (pool(value=100), Basket(999), 999),
        (pool(value=50, ceiling=2), Basket(1000), 200),
        (pool(value=50, ceiling=0.01), Basket(1), 1),
        (pool("A", "amount", 5), Basket(300), 300),
        (pool("A", "amount", 0.1), Basket(300), 10),
        (pool("A", "gift", 0), Basket(300), 0),
        (pool("A", "parking", 2), Basket(800, 300), 533),
        (pool("A", "parking", 2), Basket(800, 150), 800),
        (pool("A", "parking", 2), Basket(800), 0),
    ],
)
def test_each_kind_by_hand(one: Pool, basket: Basket, expected: int) -> None:
    assert off(take_off([Held("X", one)], basket)) == expected


def test_hours_of_a_fee_that_is_not_known_yet_are_charged_at_the_stated_cost() -> None:
    (taken,) = take_off([Held("X", pool("A", "parking", 2, cost=3))], Basket(0, 100))
    assert (taken.off, taken.hours, taken.charge) == (0, 100, 150)


@given(one=POOLS, basket=BASKETS)
def test_what_a_budget_reserves_covers_what_a_coupon_with_an_upper_bound_takes_off(one: Pool, basket: Basket) -> None:
    (taken,) = take_off([Held("X", one)], basket)
    if one.cost is None and (one.kind == "amount" or one.ceiling is not None):
        assert taken.charge <= cost_of(one)


def sale(tenant: str, amount: int, at: float = NOON, refunded: int = 0) -> Purchase:
    return Purchase(f"{tenant}:{at}", "M-1", tenant, "g", "z", "c", at, "2026-01-01", amount, refunded)


TWO_SHOPS = Bundle(shops=2, spend_each=50)


@pytest.mark.parametrize(
    ("tenant", "amount", "before", "missing"),
    [
        ("a", 5000, [], 1),
        ("a", 5000, [sale("a", 9000)], 1),
        ("a", 5000, [sale("b", 4999)], 1),
        ("a", 5000, [sale("b", 5000)], 0),
        ("a", 100, [sale("b", 5000)], 1),
        ("a", 100, [sale("b", 5000), sale("c", 5000, NOON + 1)], 0),
        ("a", 5000, [sale("b", 3000), sale("b", 2000, NOON + 1)], 0),
        ("a", 5000, [sale("b", 6000, refunded=1001)], 1),
        ("a", 100, [sale("a", 100), sale("b", 5000)], 1),
        ("a", 2500, [sale("a", 2500), sale("b", 5000)], 1),
    ],
)
def test_a_bundle_needs_enough_in_each_of_different_shops(
    tenant: str, amount: int, before: list[Purchase], missing: int
) -> None:
    assert reached(TWO_SHOPS, tenant, amount, before).missing == missing


def test_a_bundle_uses_up_only_the_sales_it_needs_the_earliest_first() -> None:
    before = [sale("c", 5000, NOON + 2), sale("b", 5000, NOON + 1), sale("d", 1)]
    assert reached(TWO_SHOPS, "a", 5000, before).receipts == (f"b:{NOON + 1}",)


@given(
    st.lists(
        st.builds(
            Total,
            st.sampled_from(["a", "b"]),
            st.sampled_from(["", "a", "mall"]),
            st.just("P"),
            st.integers(0, 9),
            st.integers(0, 9),
            MONEY,
            MONEY,
        )
    )
)
def test_the_books_balance(totals: list[Total]) -> None:
    books = settle(totals)
    assert books.off == sum(one.off for one in totals)
    assert books.charge == sum(books.by_payer.values()) == sum(one.charge for one in totals)
    assert set(books.by_payer) <= {"mall", "tenant:a", "tenant:mall"}
