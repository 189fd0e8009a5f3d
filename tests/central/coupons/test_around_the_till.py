"""Bundles across shops, tills that were offline, the touchpoint of who redeems, and coupons of erased members."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from calibration.site import load_site
from central.coupons.checking import UPLOAD_S
from central.coupons.coupons import Coupons, Issued
from central.coupons.keeper import Keeper, expire
from central.coupons.sale import Answer, Refused, Sale
from central.coupons.till import Till
from central.coupons.value import Basket
from central.offers.campaigns import Bundle
from central.privacy.audit import AuditTrail
from central.privacy.erasure import erase_member
from central.privacy.retention import DAY_S, Keep, Retention
from central.store import coupon_pools, coupons, members, offers, purchases, redemptions, touchpoints
from central.store.members import Consent
from central.store.offers import Offer
from central.store.purchases import Purchase
from central.store.store import Store
from central.touchpoints.record import Spot
from tests.central.coupons.giving import coupons as giving_
from tests.central.coupons.giving import give, given, pool
from tests.central.mall import NOON

KEY = "ab" * 32
MEMBER = "MEMBER-TO-BE-FORGOTTEN-7731"


@pytest.fixture
def giving() -> Coupons:
    return giving_()


@pytest.fixture
def till(store: Store, giving: Coupons, tmp_path: Path, site: object) -> Till:
    return Till(giving, store.database, load_site(tmp_path / "site.toml"))


def sale(number: str, *codes: str, amount: int = 5000, at: float = NOON, tenant: str = "cafe", **more: object) -> Sale:
    return Sale(number, tenant, at, codes, Basket(amount), **more)  # type: ignore[arg-type]


def done(found: Answer | Refused) -> Answer:
    assert isinstance(found, Answer), found
    return found


def refused(found: Answer | Refused) -> str:
    assert isinstance(found, Refused), found
    return found.detail


def bought(store: Store, number: str, tenant: str, amount: int, *, member: str = "M-1", at: float = NOON - 60) -> None:
    one = Purchase(f"{tenant}:{number}", member, tenant, "g", "nordic", "fashion", at, "2026-01-01", amount)
    with store.database.writing() as connection:
        purchases.add(connection, "mall", one, NOON)


def someone(store: Store, member: str = "M-1", purposes: tuple[str, ...] = ("journey", "offers")) -> None:
    consents = [Consent(purpose, NOON, "2026-1", "app") for purpose in purposes]
    members.put(store.database, "mall", member, tier="", phone_hmac=None, consents=consents, now=NOON)


BUNDLE = pool("BUNDLE", value=10, ceiling=6, bundle=Bundle(shops=2, spend_each=40))


def test_a_bundle_counts_what_its_member_bought_elsewhere_today(store: Store, giving: Coupons, till: Till) -> None:
    one = given(store, giving, BUNDLE, member="M-1").code
    assert refused(till.redeem(sale("1", one), NOON)) == (
        "the bundle needs 40.00 in each of 2 shops today; 1 more to go"
    )
    bought(store, "yesterday", "nordic", 9000, at=NOON - 86_400)
    bought(store, "somebody-elses", "nordic", 9000, member="M-2")
    with store.database.writing() as connection:
        connection.execute("UPDATE purchases SET day = '2025-12-31' WHERE purchase = 'nordic:yesterday'")
    assert "1 more to go" in refused(till.redeem(sale("1", one), NOON))
    bought(store, "mine", "nordic", 4000)
    assert done(till.redeem(sale("1", one, amount=9000), NOON)).off == 600
    another = given(store, giving, BUNDLE, member="M-1").code
    assert "1 more to go" in refused(till.redeem(sale("2", another), NOON)), "a sale counts for one bundle"


def test_a_receipt_presented_completes_a_bundle_where_nobody_was_known(
    store: Store, giving: Coupons, till: Till
) -> None:
    one = given(store, giving, BUNDLE).code
    bought(store, "R-7", "nordic", 4000, member="")
    bought(store, "R-8", "atelier", 4000, member="M-9")
    shown = (("nordic", "R-7"), ("atelier", "R-8"), ("nordic", "made-up"))
    assert "1 more to go" in refused(till.redeem(sale("1", one, receipts=shown[1:]), NOON))
    first = done(till.redeem(sale("1", one, receipts=shown), NOON))
    assert first.off == 500
    again = given(store, giving, BUNDLE).code
    assert isinstance(till.redeem(sale("2", again, receipts=shown), NOON), Refused)
    till.reverse(first.redemption, "F", None, NOON)
    assert done(till.redeem(sale("2", again, receipts=shown), NOON)).off == 500


def test_a_till_that_was_offline_tells_of_its_sale_while_the_coupons_place_is_kept(
    store: Store, giving: Coupons, till: Till
) -> None:
    one = pool(stock=1, valid_hours=1)
    code = given(store, giving, one).code
    over = NOON + 3600 + UPLOAD_S
    assert expire(store, over) == 0
    assert give(store, giving, one, now=over) == "out of stock"
    assert "expired" in refused(till.redeem(sale("1", code, at=NOON + 3601), NOON + 3700))
    assert done(till.redeem(sale("1", code, at=NOON + 3600), over)).off == 750


def test_what_nobody_used_goes_back_into_the_stock(store: Store, giving: Coupons, till: Till) -> None:
    one = pool(stock=1, valid_hours=1)
    code = given(store, giving, one).code
    keeper = Keeper(store)
    assert keeper.update(NOON + 3601 + UPLOAD_S) == 1
    assert keeper.update(NOON + 3602 + UPLOAD_S) == 0
    (row,) = coupon_pools.everything(store.database, "mall")
    assert (row.given, row.left, row.expired) == (0, 1, 1)
    assert isinstance(till.redeem(sale("1", code, at=NOON + 60), NOON + 60), Refused)
    assert isinstance(give(store, giving, one, now=NOON + 7200 + UPLOAD_S), Issued)


@pytest.mark.parametrize(
    ("purposes", "told"), [(("journey", "offers"), 1), (("offers",), 0), (("journey",), 1), ((), 0)]
)
def test_who_redeems_is_at_the_till_if_they_agreed_to_be_joined(
    store: Store, giving: Coupons, till: Till, purposes: tuple[str, ...], told: int
) -> None:
    someone(store, purposes=purposes)
    code = given(store, giving, pool(), member="M-1").code
    there = sale("1", code, spot=Spot("g", "cafe", None, None))
    first = done(till.redeem(there, NOON))
    assert till.redeem(there, NOON) == first
    found = touchpoints.open_touchpoints(store.database, "mall")
    assert [(one.kind, one.member, one.zone, one.at) for one in found] == [("redemption", "M-1", "cafe", NOON)] * told
    assert "M-1" not in str(first)


def an_offer(store: Store, giving: Coupons, member: str, number: int) -> str:
    with store.database.writing() as connection:
        issued = giving.issue(connection, "mall", pool(stock=9), offer=f"offer{number}", member=member, now=NOON)
        assert isinstance(issued, Issued)
        row = (0, f"offer{number}", member, f"lunch{number}", 3, "2026-01-01", "DINE-15", "15 % off", NOON, "", {})
        offers.add(connection, "mall", Offer(*row, code=issued.code), ("offers",), linked=False)
        return issued.code


def test_the_budget_gets_back_what_was_not_used_or_was_reversed(store: Store, giving: Coupons, till: Till) -> None:
    someone(store)
    one = pool("FIVE", "amount", 5)
    codes = []
    for number in range(3):
        with store.database.writing() as connection:
            issued = giving.issue(connection, "mall", one, offer=f"o{number}", member="M-1", now=NOON)
            assert isinstance(issued, Issued)
            codes.append(issued.code)
            row = (0, f"o{number}", "M-1", "lunch", 1, "2026-01-01", "FIVE", "5 off", NOON, "", {})
            offers.add(connection, "mall", Offer(*row, occasion=f"{number}"), ("offers",), linked=False)
    connection = store.database.reading()
    assert coupons.returned(connection, "mall", "lunch") == 0
    first = done(till.redeem(sale("1", codes[0]), NOON))
    assert coupons.returned(connection, "mall", "lunch") == 0
    till.reverse(first.redemption, "F", None, NOON)
    assert coupons.returned(connection, "mall", "lunch") == 500
    expire(store, NOON + 500 * DAY_S)
    assert coupons.returned(connection, "mall", "lunch") == 1500


def test_an_erased_members_coupons_are_gone_and_only_the_books_tell_of_them(
    store: Store, giving: Coupons, till: Till
) -> None:
    someone(store, MEMBER)
    someone(store, "M-1")
    used, held = an_offer(store, giving, MEMBER, 1), an_offer(store, giving, MEMBER, 2)
    others = an_offer(store, giving, "M-1", 3)
    first = done(till.redeem(sale("SALE-OF-THEIRS", used), NOON))
    done(till.redeem(sale("SALE-OF-ANOTHER", others), NOON))
    till.reverse(first.redemption, "REFUND-OF-THEIRS", 1000, NOON)
    serials = [row[0] for row in store.database.rows("SELECT coupon FROM coupons WHERE member = ?", (MEMBER,))]
    before = redemptions.totals(store.database, "mall", "0", "9")
    assert erase_member(store, MEMBER, NOON + 100, KEY)
    Retention(store, Keep(), ZoneInfo("UTC")).update(NOON + 101)
    content = b"".join(file.read_bytes() for file in store.database.path.parent.glob("central.db*"))
    theirs = [MEMBER, used, held, "SALE-OF-THEIRS", "REFUND-OF-THEIRS", first.redemption, *serials]
    for gone in (*theirs, *(serial[:11] for serial in serials)):
        assert gone.encode() not in content, gone
    assert b"SALE-OF-ANOTHER" in content
    assert redemptions.totals(store.database, "mall", "0", "9") == before
    (row,) = coupon_pools.everything(store.database, "mall")
    assert (row.given, row.left, row.redeemed, row.expired) == (2, 7, 2, 1)
    assert "no longer known" in refused(till.redeem(sale("NEW", held), NOON))
    assert isinstance(till.reverse(first.redemption, "LATER", None, NOON), Refused)


def test_the_audit_keeps_no_number_that_a_till_or_messenger_knows_somebody_by(store: Store) -> None:
    trail = AuditTrail(store.database, "mall", KEY, ())
    assert trail.subject({"offer": "offer1", "redemption": "redemption1", "pool": "DINE-15"}) == "pool DINE-15"


def test_coupons_and_sales_expire_with_all_else_and_who_holds_one_keeps_it(
    store: Store, giving: Coupons, till: Till
) -> None:
    used, held = given(store, giving, pool(valid_hours=1)).code, given(store, giving, pool("LONG")).code
    done(till.redeem(sale("1", used), NOON))
    keep = Keep(history=30 * DAY_S)
    Retention(store, keep, ZoneInfo("UTC")).update(NOON + 31 * DAY_S)
    for table in ("redemptions", "redeemed", "coupon_books"):
        assert store.database.rows(f"SELECT * FROM {table}") == [], table  # noqa: S608
    assert [row[0] for row in store.database.rows("SELECT state FROM coupons")] == ["given"]
    later = NOON + 31 * DAY_S
    assert done(till.redeem(sale("2", held, at=later), later)).off == 750
