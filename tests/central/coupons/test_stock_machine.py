"""Giving, redeeming, giving back, expiring, restocking, forgetting, in any order, cut off at any statement.

Whatever happens: given + left = stock and neither is negative, a coupon stands on one sale at most, what was answered
is true, and the books add up to what tills took off.
"""

from __future__ import annotations

import atexit
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from calibration.site import load_site
from central.coupons.coupons import Issued
from central.coupons.keeper import expire
from central.coupons.sale import Answer, Returned, Sale
from central.coupons.settlement import settle
from central.coupons.till import Till
from central.coupons.value import Basket
from central.store import coupon_pools, redemptions
from central.store.store import Store
from tests.central.coupons.giving import coupons, pool
from tests.central.mall import NOON, write_site

T = TypeVar("T")
SHAPES = [
    {"name": "HALF", "value": 50, "stack": "a", "ceiling": 3, "valid_hours": 5},
    {"name": "FIVE", "kind": "amount", "value": 5, "stack": "b", "stack_order": 20, "again_after_refund": True},
    {"name": "ALONE", "kind": "gift", "value": 0, "cost": 2, "funder": "tenant", "tenant": "nordic"},
]
CUT = st.none() | st.none() | st.integers(1, 25)


class CutOffError(Exception):
    """As if the process died here."""


class Fragile:
    """A writing connection that dies before its so-many-eth statement."""

    def __init__(self, real: sqlite3.Connection, lasts: int) -> None:
        self._real, self._left = real, lasts

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def execute(self, sql: str, *more: Any) -> Any:
        self._spend(sql)
        return self._real.execute(sql, *more)

    def executemany(self, sql: str, *more: Any) -> Any:
        self._spend(sql)
        return self._real.executemany(sql, *more)

    def _spend(self, sql: str) -> None:
        self._left -= 1
        if self._left <= 0 and sql != "ROLLBACK":
            raise CutOffError


@cache
def prepared() -> Path:
    """A folder with the site and an empty store, made once, since to migrate takes longer than a story."""
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder)
    write_site(folder)
    Store(folder / "central.db", "mall").close()
    return folder


class Stock(RuleBasedStateMachine):
    """The store against what its callers were told."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.site = load_site(prepared() / "site.toml")
        shutil.copy(prepared() / "central.db", self.folder)
        self.coupons = coupons()
        self.ids = (f"redemption{number}" for number in count())
        self.now = NOON
        self.codes: list[str] = []
        self.redeemed: list[tuple[Sale, Answer]] = []
        self.off: dict[str, int] = {}
        self.forgotten = False
        self.used_by_nobody: Counter[str] = Counter()
        self.open()
        self.sync([3, 3, None], None)

    def open(self) -> None:
        self.store = Store(self.folder / "central.db", "mall")
        self.store.database._writer.execute("PRAGMA synchronous=OFF")  # programs die here, not the power
        self.till = Till(self.coupons, self.store.database, self.site, lambda: next(self.ids))

    @rule(stocks=st.lists(st.none() | st.integers(1, 6), min_size=2, max_size=3), cut=CUT)
    def sync(self, stocks: list[int | None], cut: int | None) -> None:
        pools = [pool(**shape, stock=stock) for shape, stock in zip(SHAPES, stocks, strict=False)]
        self.at_risk(cut, lambda: self.coupons.sync(self.store.database, "mall", pools, self.now))

    @rule(
        wanted=st.lists(
            st.tuples(st.sampled_from(SHAPES), st.sampled_from(["", "M-1", "M-2"])), min_size=1, max_size=4
        ),
        cut=CUT,
    )
    def issue(self, wanted: list[tuple[dict[str, Any], str]], cut: int | None) -> None:
        def act() -> list[Issued | str]:
            with self.store.database.writing() as connection:
                return [
                    self.coupons.issue(connection, "mall", pool(**shape), offer="", member=member, now=self.now)
                    for shape, member in wanted
                ]

        left = {row.pool: row.left for row in coupon_pools.everything(self.store.database, "mall") if row.in_force}
        for (shape, _), found in zip(wanted, self.at_risk(cut, act) or [], strict=False):
            still = left.get(shape["name"], 0)
            assert isinstance(found, Issued) == (still is None or still > 0)
            if isinstance(found, Issued):
                self.codes.append(found.code)
                left[shape["name"]] = None if still is None else still - 1

    @precondition(lambda self: self.codes)
    @rule(data=st.data(), amount=st.sampled_from([0, 7, 500, 999, 2000]), same=st.booleans(), cut=CUT)
    def redeem(self, data: st.DataObject, amount: int, same: bool, cut: int | None) -> None:
        shown = data.draw(st.lists(st.sampled_from(self.codes[-6:]), min_size=1, max_size=2, unique=True))
        number = data.draw(st.integers(0, len(self.redeemed)))
        told = Sale(f"R-{number}", "cafe", self.now, tuple(shown), Basket(amount))
        if same and self.redeemed:
            told = self.redeemed[data.draw(st.integers(0, len(self.redeemed) - 1))][0]
        found = self.at_risk(cut, lambda: self.till.redeem(told, self.now))
        known = {sale.sale: (sale, answer) for sale, answer in self.redeemed}.get(told.sale)
        if isinstance(found, Answer) and (known is None or known[1].redemption != found.redemption):
            assert known is None or self.forgotten
            assert 0 <= found.off <= told.basket.amount
            self.redeemed.append((told, found))
            self.off[found.redemption] = found.off
        elif isinstance(found, Answer):
            assert known is not None
            assert found == known[1]
        elif found is not None and known is not None and told == known[0] and not self.forgotten:
            assert "given back" in found.detail

    @precondition(lambda self: self.redeemed)
    @rule(data=st.data(), amount=st.none() | st.integers(1, 1500), refund=st.integers(0, 3), cut=CUT)
    def give_back(self, data: st.DataObject, amount: int | None, refund: int, cut: int | None) -> None:
        name = data.draw(st.sampled_from(self.redeemed))[1].redemption
        before = self.lines(name)
        found = self.at_risk(cut, lambda: self.till.reverse(name, f"F-{refund}", amount, self.now))
        if isinstance(found, Returned):
            assert 0 <= found.due <= found.amount
            self.off[name] += self.lines(name) - before

    @rule(hours=st.sampled_from([1, 6, 31]), cut=CUT)
    def time_passes(self, hours: int, cut: int | None) -> None:
        self.now += 3600 * hours
        self.at_risk(cut, lambda: expire(self.store, self.now))

    @precondition(lambda self: self.codes)
    @rule(member=st.sampled_from(["M-1", "M-2"]), cut=CUT)
    def forget(self, member: str, cut: int | None) -> None:
        def act() -> bool:
            with self.store.database.writing() as connection:
                redemptions.forget(connection, "mall", member)
            return True

        out = self.out()
        held = Counter(
            row[0]
            for row in self.store.database.rows(
                "SELECT pool FROM coupons WHERE member = ? AND state IN ('redeemed', 'reversed')", (member,)
            )
        )
        if self.at_risk(cut, act):
            self.forgotten = True
            for name in out:
                self.used_by_nobody[name] += held[name]

    def at_risk(self, cut: int | None, act: Callable[[], T]) -> T | None:
        """What came of it; None where it was cut off, after which the store is opened anew."""
        if cut is None:
            return act()
        real = self.store.database._writer
        self.store.database._writer = Fragile(real, cut)  # type: ignore[assignment]
        try:
            return act()
        except CutOffError:
            return None
        finally:
            self.store.database._writer = real
            if self.store.database._writer.in_transaction:
                raise AssertionError("what was cut off is not rolled back")
            self.store.close()
            self.open()

    def lines(self, redemption: str) -> int:
        found = self.store.database.rows("SELECT sum(off) FROM redeemed WHERE redemption = ?", (redemption,))
        return int(found[0][0] or 0)

    def out(self) -> dict[str, int]:
        return dict(
            tuple(row)
            for row in self.store.database.rows(
                "SELECT pool, count(*) FROM coupons WHERE state IN ('given', 'redeemed', 'reversed') GROUP BY pool"
            )
        )

    @invariant()
    def the_stock_is_balanced(self) -> None:
        out = self.out()
        for row in coupon_pools.everything(self.store.database, "mall"):
            assert row.given == out.get(row.pool, 0) + self.used_by_nobody[row.pool]
            assert row.stock is None or (row.left or 0) >= 0
            assert row.stock is None or row.given + (row.left or 0) == row.stock

    @invariant()
    def a_coupon_stands_on_one_sale_at_most(self) -> None:
        twice = "SELECT coupon FROM redeemed WHERE standing GROUP BY coupon HAVING count(*) > 1"
        assert self.store.database.rows(twice) == []
        loose = """SELECT coupon FROM redeemed LEFT JOIN coupons USING (site, coupon)
                   WHERE standing AND coalesce(state, '') NOT IN ('redeemed', 'reversed')"""
        assert self.store.database.rows(loose) == []

    @invariant()
    def the_books_are_what_tills_took_off(self) -> None:
        books = settle(redemptions.totals(self.store.database, "mall", "0000-00-00", "9999-99-99"))
        assert books.off == sum(self.off.values())
        assert books.charge == sum(books.by_payer.values())
        assert min([0, *books.by_payer.values()]) == 0
        standing = self.store.database.rows("SELECT coalesce(sum(off), 0), coalesce(sum(charge), 0) FROM redeemed")
        if not self.forgotten:
            assert (books.off, books.charge) == tuple(standing[0])

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)


TestStock = Stock.TestCase
TestStock.settings = settings(max_examples=30, stateful_step_count=35, deadline=None)
