"""Coupons come out of their pool with the offer's own transaction; pools follow the file and the API."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from central.coupons import codes
from central.coupons.codes import Carried
from central.coupons.coupons import LONGEST, NOT_IN_FORCE, OUT_OF_STOCK, OVER, Coupons, pools_in_force, put_pool
from central.store import coupon_pools
from central.store import coupons as store_coupons
from central.store.coupon_pools import PoolRow
from central.store.store import Store
from tests.central.coupons.giving import KEY, coupons, give, given, pool
from tests.central.mall import NOON


def row(store: Store, name: str = "DINE-15") -> PoolRow:
    return next(one for one in coupon_pools.everything(store.database, "mall") if one.pool == name)


def test_a_coupon_carries_its_pools_terms_and_names_no_member(store: Store) -> None:
    giving = coupons()
    one = pool(stock=10, ceiling=12.5, least_spend=20, valid_hours=2, shops=["cafe-tejo"])
    giving.sync(store.database, "mall", [one], NOON)
    issued = given(store, giving, one, "offer-1", member="MEMBER-1042")
    assert (issued.expires_at, issued.cost) == (NOON + 7200, 1250)
    carried = codes.check(giving.public, issued.code, site="mall", at=NOON, tenant="cafe-tejo")
    assert isinstance(carried, Carried)
    assert (carried.pool, carried.value, carried.ceiling, carried.least_spend) == ("DINE-15", 1500, 1250, 2000)
    assert codes.read_short(issued.short) == codes.short_of(carried.serial)
    assert "1042" not in str(carried)
    with store.database.writing() as connection:
        kept = store_coupons.by_offer(connection, "mall", "offer-1")
        assert kept is not None
        assert giving.code_of("mall", kept, one) == issued.code


def test_the_stock_is_never_overdrawn(store: Store) -> None:
    giving, one = coupons(), pool(stock=2)
    assert [isinstance(give(store, giving, one), str) for _ in range(4)] == [False, False, True, True]
    assert give(store, giving, one) == OUT_OF_STOCK
    assert (row(store).given, row(store).left, row(store).stock) == (2, 0, 2)


def test_what_is_rolled_back_was_never_given(store: Store) -> None:
    giving, one = coupons(), pool(stock=2)
    giving.sync(store.database, "mall", [one], NOON)

    def cut_off() -> None:
        with store.database.writing() as connection:
            giving.issue(connection, "mall", one, offer="offer-1", member="M-1", now=NOON)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        cut_off()
    assert (row(store).given, row(store).left) == (0, 2)
    assert store.database.rows("SELECT * FROM coupons") == []


def test_what_the_file_says_more_is_added_and_never_less_than_is_given(store: Store) -> None:
    giving = coupons()
    for stock, left in ((3, 2), (5, 4), (5, 4), (0, 0), (4, 3), (None, None), (2, 1)):
        giving.sync(store.database, "mall", [pool(stock=stock)], NOON)
        if row(store).given == 0:
            given(store, giving, pool())
        assert row(store).left == left
        found = row(store)
        assert found.stock is None or found.given + (found.left or 0) == found.stock


def test_a_version_is_kept_for_the_coupons_given_under_it(store: Store) -> None:
    giving = coupons()
    first, second = pool(stock=5), pool(value=10, stock=5)
    assert giving.sync(store.database, "mall", [first], NOON) == 1
    assert giving.sync(store.database, "mall", [first], NOON) == 0
    given(store, giving, first)
    assert giving.sync(store.database, "mall", {"DINE-15": second}, NOON) == 1
    assert row(store).version == 2
    given(store, giving, second)
    with store.database.writing() as connection:
        terms = [coupon_pools.terms_of(connection, "mall", "DINE-15", version) for version in (1, 2)]
    assert [msgspec.json.decode(one)["value"] for one in terms] == [15, 10]
    versions = store.database.rows("SELECT version FROM coupons ORDER BY version")
    assert [one[0] for one in versions] == [1, 2]


def test_a_pool_that_the_file_drops_gives_nothing_and_comes_back_as_it_was(store: Store) -> None:
    giving = coupons()
    giving.sync(store.database, "mall", [pool(stock=5)], NOON)
    given(store, giving, pool())
    giving.sync(store.database, "mall", [], NOON)
    assert give(store, giving, pool()) == NOT_IN_FORCE
    assert pools_in_force(store.database, "mall") == {}
    giving.sync(store.database, "mall", [pool(stock=5)], NOON)
    assert (row(store).given, row(store).left, row(store).version) == (1, 4, 1)


def test_the_crms_pools_stand_beside_the_files_which_go_first(store: Store) -> None:
    giving = coupons()
    giving.sync(store.database, "mall", [pool(stock=5)], NOON)
    assert put_pool(store.database, "mall", pool("CRM-1", "amount", 5, stock=7), NOON)
    assert not put_pool(store.database, "mall", pool(value=90), NOON)
    giving.sync(store.database, "mall", [pool(stock=5)], NOON)
    found = pools_in_force(store.database, "mall")
    assert {name: one.stock for name, one in found.items()} == {"DINE-15": 5, "CRM-1": 7}
    assert found["DINE-15"].value == 15
    given(store, giving, found["CRM-1"])
    giving.sync(store.database, "mall", [pool(stock=5), pool("CRM-1", "amount", 6, stock=7)], NOON)
    assert (row(store, "CRM-1").source, row(store, "CRM-1").given) == ("file", 1)


def test_days_are_the_sites_own_and_the_last_one_is_included(store: Store) -> None:
    giving = Coupons(KEY, ZoneInfo("Asia/Shanghai"))
    one = pool(valid_from="2026-01-02", valid_to="2026-01-03")
    start, end = giving.validity(one, NOON)
    local = [datetime.fromtimestamp(at, ZoneInfo("Asia/Shanghai")) for at in (start, end)]
    assert [f"{at:%Y-%m-%d %H:%M:%S}" for at in local] == ["2026-01-02 00:00:00", "2026-01-03 23:59:59"]
    assert give(store, giving, one, now=end + 1) == OVER
    assert giving.validity(pool(), NOON) == (NOON, NOON + LONGEST.total_seconds())
    assert giving.validity(pool(valid_to="2026-01-01", valid_hours=400), NOON)[1] < NOON + 13 * 3600
