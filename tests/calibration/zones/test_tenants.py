"""A zone's tenants: who had it on a day, and what does not fit together."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from calibration.zones.tenants import Tenancy, category_at, flaws, in_order, tenant_at

SOLA = Tenancy("sola", "Sola", "shoes", None, date(2024, 3, 1))
LINHO = Tenancy("linho", "Linho", "fashion", date(2024, 3, 1), None)


def test_history_stays_with_the_tenant_who_earned_it() -> None:
    assert tenant_at([SOLA, LINHO], date(2024, 2, 29)) is SOLA
    assert tenant_at([SOLA, LINHO], date(2024, 3, 1)) is LINHO
    assert category_at("", [SOLA, LINHO], date(2020, 1, 1)) == "shoes"
    assert category_at("service", [LINHO], date(2020, 1, 1)) == "service"
    assert tenant_at([], date(2024, 1, 1)) is None


def test_the_file_form_is_from_and_to() -> None:
    text = b'{"id":"linho","name":"Linho","category":"fashion","from":"2024-03-01"}'
    assert msgspec.json.decode(text, type=Tenancy) == LINHO
    assert msgspec.json.encode(LINHO) == text


def test_overlaps_gaps_and_turned_intervals_are_told() -> None:
    late = msgspec.structs.replace(LINHO, start=date(2024, 5, 1))
    early = msgspec.structs.replace(LINHO, start=date(2024, 2, 1))
    turned = Tenancy("x", "X", "", date(2024, 2, 1), date(2024, 1, 1))
    assert not list(flaws([LINHO, SOLA]))
    assert [(one.code, one.start, one.to) for one in flaws([SOLA, late])] == [
        ("gap", date(2024, 3, 1), date(2024, 5, 1))
    ]
    assert [(one.code, one.start, one.to, one.tenants) for one in flaws([early, SOLA])] == [
        ("overlap", date(2024, 2, 1), date(2024, 3, 1), ("Sola", "Linho"))
    ]
    assert [one.code for one in flaws([turned])] == ["empty"]


DAYS = st.none() | st.dates(date(2020, 1, 1), date(2020, 3, 1))
TENANCIES = st.lists(st.builds(Tenancy, st.sampled_from("abc"), st.just(""), st.just(""), DAYS, DAYS), max_size=5)


@given(TENANCIES)
def test_flaws_are_just_the_days_that_do_not_have_one_tenant(tenancies: list[Tenancy]) -> None:
    found = list(flaws(tenancies))
    days = [date(2019, 12, 31) + timedelta(days=count) for count in range(64)]

    def told(code: str, day: date) -> bool:
        return any(one.code == code and Tenancy("", "", "", one.start, one.to).holds(day) for one in found)

    real = [one for one in tenancies if (one.start or date.min) < (one.to or date.max)]
    for day in days:
        holders = sum(one.holds(day) for one in real)
        assert told("overlap", day) == (holders > 1)
        before = any((one.to or date.max) <= day for one in real)
        after = any((one.start or date.min) > day for one in real)
        assert told("gap", day) == (holders == 0 and before and after)
    assert sum(one.code == "empty" for one in found) == len(tenancies) - len(real)
    assert sorted(map(str, in_order(tenancies))) == sorted(map(str, tenancies))
