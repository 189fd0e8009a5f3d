"""What tills, codes and kiosks tell: counted once, somebody's or nobody's, given back, and gone with the member."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from calibration.site import Site, load_site
from central.access import derived, load_secrets
from central.privacy.erasure import erase_member, withdraw_consent
from central.store import happenings, members, purchases, touchpoints
from central.store.members import Consent
from central.store.store import Store
from central.store.touchpoints import Touchpoint
from central.touchpoints.codes import read_code
from central.touchpoints.record import TOO_LATE, Told, minor_units, record, spot_of
from cli.codes import codes
from contract.errors import BadInputError
from tests.central.mall import NOON, write_site

PLACES = """
[[places]]
id = "nordic-till"
kind = "till"
floor = "g"
x = 4.0
y = 15.0
tenant = "nordic-wear"
[[places]]
id = "atelier-till"
kind = "till"
floor = "g"
x = 20.0
y = 15.0
"""


@pytest.fixture
def site(tmp_path: Path) -> Site:
    path = write_site(tmp_path)
    path.write_text(path.read_text(encoding="utf-8") + PLACES, encoding="utf-8")
    return load_site(path)


class Mall:
    def __init__(self, store: Store, site: Site) -> None:
        self.store, self.site = store, site
        consents = [Consent("journey", NOON - 1e6, "1", "app")]
        members.put(store.database, "mall", "M-1", tier="", phone_hmac=None, consents=consents, now=NOON - 1e6)

    def tells(
        self, name: str = "touch0001", *, now: float = NOON + 5, place: str = "nordic-till", **change: Any
    ) -> str:
        spot = spot_of(self.site, place=place, floor=None, x=None, y=None, zone=None)
        fields = {"kind": "sale", "member": "M-1", "at": NOON, "amount": 7990, "receipt": "R-1"} | change
        with self.store.database.writing() as connection:
            return record(connection, self.site, Told(name, spot=spot, **fields), now).outcome

    def find(self, name: str = "touch0001") -> Touchpoint:
        found = touchpoints.find(self.store.database, "mall", name)
        assert found is not None
        return found

    def sales(self) -> list[purchases.Purchase]:
        return purchases.between(self.store.database, "mall", 0, 1e12)

    def kinds(self) -> list[str]:
        return [one.kind for one in happenings.after(self.store.database, "mall", 0) if one.member == "M-1"][1:]


@pytest.fixture
def mall(store: Store, site: Site) -> Mall:
    return Mall(store, site)


def test_a_sale_is_its_tenants_and_counts_once(mall: Mall) -> None:
    for name in ("touch0001", "touch0001", "touch0002"):
        mall.tells(name)
    (sale,) = mall.sales()
    assert (sale.purchase, sale.tenant, sale.zone, sale.category) == (
        "nordic-wear:R-1",
        "nordic-wear",
        "nordic",
        "fashion",
    )
    assert (sale.member, sale.amount, sale.day) == ("M-1", 7990, "2026-01-01")
    assert mall.kinds().count("purchase") == 1
    mall.tells("touch0003", place="atelier-till")
    assert {one.tenant for one in mall.sales()} == {"nordic-wear", "atelier"}


def test_nobodys_sale_becomes_a_members_by_its_receipt(mall: Mall) -> None:
    mall.tells(member="")
    assert (mall.find().state, mall.sales()[0].member, mall.kinds()) == ("closed", "", [])
    mall.tells("touch0002", kind="receipt", now=NOON + 300, at=NOON + 290)
    assert mall.sales()[0].member == "M-1"
    assert (mall.find().member, mall.find().state) == ("M-1", "open")
    assert "purchase" in mall.kinds()
    members.put(mall.store.database, "mall", "M-2", tier="", phone_hmac=None, consents=[], now=NOON)
    mall.tells("touch0003", kind="receipt", member="M-2", now=NOON + 400, at=NOON + 390)
    assert mall.sales()[0].member == "M-1"


def test_what_comes_too_late_counts_and_is_not_linked_and_a_day_later_is_refused(mall: Mall) -> None:
    assert mall.tells(now=NOON + 3600) == TOO_LATE
    assert len(mall.sales()) == 1
    for now in (NOON + 90_000, NOON - 60):
        with pytest.raises(BadInputError, match="at:"):
            mall.tells("touch0002", now=now)


def test_a_refund_is_told_in_all_and_never_above_the_sale(mall: Mall) -> None:
    mall.tells()
    for total in (3000, 3000, 7990):
        with mall.store.database.writing() as connection:
            assert purchases.refund(connection, "mall", "nordic-wear:R-1", total, NOON + 10)
    assert mall.sales()[0].kept == 0
    assert mall.kinds().count("purchase") == 3
    with pytest.raises(BadInputError, match="amount"), mall.store.database.writing() as connection:
        purchases.refund(connection, "mall", "nordic-wear:R-1", 7991, NOON + 10)


@pytest.mark.parametrize("amount", ["-1", "1.005", "NaN", "1e9"])
def test_an_amount_that_is_none_is_refused(amount: str) -> None:
    with pytest.raises(BadInputError, match="amount"):
        minor_units(Decimal(amount))
    assert minor_units(Decimal("79.9")) == 7990


def test_sources_are_those_of_the_members_own_touchpoints(mall: Mall) -> None:
    mall.tells("touch0001", kind="checkin", amount=None, source="housing-estate")
    mall.tells("touch0002", kind="parking_in", amount=None)
    mall.tells("touch0003", member="", receipt="R-9")
    assert touchpoints.sources_of(mall.store.database, "mall", "M-1", NOON) == {"housing-estate", "parking"}
    assert touchpoints.sources_of(mall.store.database, "mall", "M-1", NOON + 1) == frozenset()
    assert touchpoints.sources_of(mall.store.database, "mall", "", NOON) == frozenset()


def test_a_withdrawn_consent_takes_the_place_and_an_erasure_everything(mall: Mall) -> None:
    mall.tells()
    withdraw_consent(mall.store, "M-1", "journey", NOON + 10, "ab" * 32)
    found = mall.find()
    assert (found.place, found.zone, found.x, found.state) == ("", None, None, "closed")
    erase_member(mall.store, "M-1", NOON + 20, "ab" * 32)
    assert touchpoints.find(mall.store.database, "mall", "touch0001") is None
    assert mall.sales() == []


def test_a_code_is_made_by_the_command_and_read_by_central(tmp_path: Path, site: Site) -> None:
    config = tmp_path / "CENTRAL.toml"
    config.write_text('schema = "atrium.central.v1"\nsite = "site.toml"\n', encoding="utf-8")
    out = tmp_path / "code.svg"
    asked = ["make", str(config), "--source", "housing-estate", "--place", "nordic-till", "--out", str(out)]
    told = CliRunner().invoke(codes, asked)
    assert told.exit_code == 0, told.output
    key = derived(load_secrets(tmp_path / "secrets.json").offer_key, "check-in codes")
    code = read_code(key, site.id, told.output.strip(), NOON)
    assert (code.source, code.place) == ("housing-estate", "nordic-till")
    assert out.read_text(encoding="utf-8").startswith("<?xml")
    refused = CliRunner().invoke(codes, [*asked[:5], "attic", *asked[6:]])
    assert "no place 'attic'" in str(refused.exception)
