"""What conditions may know of a member, and of whom nothing."""

from __future__ import annotations

from datetime import date

from central.store import member_days, member_tags, members
from central.store.member_days import MemberDay
from central.store.members import Consent
from central.store.store import Store
from tests.central.mall import NOON


def enrol(store: Store, *purposes: str) -> None:
    consents = [Consent(purpose, NOON - 1e6, "2026-1", "app") for purpose in purposes]
    members.put(
        store.database,
        "mall",
        "M-1",
        tier="gold",
        phone_hmac=None,
        consents=consents,
        now=NOON,
        tags=["vip"],
        preferred=["dining"],
        channels=["app"],
        birthday_month=1,
        joined_on=date(2025, 1, 1),
    )
    with store.database.writing() as connection:
        days = [MemberDay("M-1", day, {"fashion": 60.0}, 1, 60.0) for day in ("2025-12-30", "2026-01-01")]
        member_days.put(connection, "mall", days, "journey", NOON)
    member_tags.replace(store.database, "mall", {"M-1": {"regular"}}, "journey", NOON)


def test_tags_of_file_and_visits_are_one_set_and_days_end_before_today(store: Store) -> None:
    enrol(store, "journey", "offers")
    found = members.profile(store.database, "mall", "M-1", date(2026, 1, 1))
    assert found is not None
    assert found.tags == {"vip", "regular"}
    assert (found.tier, found.preferred, found.channels, found.consents) == (
        "gold",
        {"dining"},
        {"app"},
        {"journey", "offers"},
    )
    assert (found.birthday_month, found.joined_on) == (1, date(2025, 1, 1))
    assert found.days_before == (date(2025, 12, 30),)
    whole = members.profile(store.database, "mall", "M-1")
    assert whole is not None
    assert whole.days_before[-1] == date(2026, 1, 1)


def test_without_the_consent_to_be_joined_visits_give_nothing(store: Store) -> None:
    enrol(store, "offers")
    found = members.profile(store.database, "mall", "M-1")
    assert found is not None
    assert (found.tags, found.days_before) == ({"vip"}, ())


def test_of_who_agrees_to_nothing_nothing_is_known(store: Store) -> None:
    enrol(store)
    found = members.profile(store.database, "mall", "M-1")
    assert found is not None
    assert (found.tier, found.tags, found.birthday_month, found.days_before) == ("", frozenset(), None, ())
    assert members.profile(store.database, "mall", "nobody") is None


def test_a_withdrawal_reaches_the_profile_at_once(store: Store) -> None:
    enrol(store, "journey", "offers")
    members.withdraw(store.database, "mall", "M-1", "journey", NOON + 1)
    found = members.profile(store.database, "mall", "M-1")
    assert found is not None
    assert (found.tags, found.days_before, found.consents) == ({"vip"}, (), {"offers"})
