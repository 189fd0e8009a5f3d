"""Thousands of members at once: a verdict on each, nothing twice, and no old file brings anything back."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from central.access import phone_hmac, plain_phone, pseudonym
from central.privacy.erasure import erase_member, withdraw_consent
from central.store import happenings, members
from central.store.member_batch import MemberRow, Outcome, put_many
from central.store.members import Consent
from central.store.store import Store
from tests.central.mall import NOON

KEY = "ab" * 32
OFFERS = Consent("offers", NOON - 1000, "2026-1", "till")
ROW = MemberRow(
    "M-1",
    "gold",
    "f0" * 32,
    ("newsletter",),
    ("dining",),
    ("app", "sms"),
    5,
    date(2024, 11, 2),
    (OFFERS, replace(OFFERS, purpose="journey")),
)


def put(store: Store, *rows: MemberRow, now: float = NOON) -> list[Outcome]:
    return put_many(store.database, "mall", rows, now, lambda member: pseudonym(KEY, member))


def states(outcomes: list[Outcome]) -> list[str]:
    return [one.state for one in outcomes]


def standing(store: Store, member: str = "M-1") -> set[str]:
    found = members.find(store.database, "mall", member)
    assert found is not None
    return {one.purpose for one in found.consents if one.withdrawn_at is None}


def test_a_member_is_kept_with_all_that_the_file_says(store: Store) -> None:
    assert states(put(store, ROW)) == ["created"]
    found = members.find(store.database, "mall", "M-1")
    assert found is not None
    assert (found.tier, found.tags, found.preferred, found.channels) == (
        "gold",
        ("newsletter",),
        ("dining",),
        ("app", "sms"),
    )
    assert (found.birthday_month, found.joined_on, found.has_phone) == (5, date(2024, 11, 2), True)
    assert found.consents == ROW.given
    assert members.find_by_phone(store.database, "mall", "f0" * 32) == "M-1"
    assert members.find_by_phone(store.database, "mall", "f1" * 32) is None


def test_the_same_rows_a_second_time_change_nothing_and_wake_nobody(store: Store) -> None:
    rows = [replace(ROW, member=f"M-{number}", phone_hmac=f"{number:064x}") for number in range(50)]
    put(store, *rows)
    before = happenings.newest(store.database, "mall")
    assert states(put(store, *rows, now=NOON + 60)) == ["unchanged"] * 50
    assert happenings.newest(store.database, "mall") == before
    assert store.database.rows("SELECT max(updated) FROM members")[0][0] == NOON


def test_what_a_row_leaves_out_stays(store: Store) -> None:
    put(store, ROW)
    assert states(put(store, MemberRow("M-1", tier="silver"))) == ["changed"]
    found = members.find(store.database, "mall", "M-1")
    assert found is not None
    assert (found.tier, found.tags, found.birthday_month, found.has_phone) == ("silver", ("newsletter",), 5, True)
    assert standing(store) == {"offers", "journey"}


def test_a_purpose_no_longer_agreed_to_is_withdrawn_and_written_into_the_book(store: Store) -> None:
    put(store, ROW)
    assert states(put(store, MemberRow("M-1", withdrawn=("offers",)), now=NOON + 60)) == ["changed"]
    assert standing(store) == {"journey"}
    (proof,) = store.database.rows("SELECT kind, subject FROM erasures")
    assert tuple(proof) == ("withdrawal", pseudonym(KEY, "M-1"))
    assert states(put(store, MemberRow("M-1", withdrawn=("offers", "never-given")))) == ["unchanged"]


def test_last_nights_file_does_not_bring_a_withdrawn_consent_back(store: Store) -> None:
    put(store, ROW)
    withdraw_consent(store, "M-1", "offers", NOON + 10, KEY)
    (outcome,) = put(store, ROW, now=NOON + 3600)
    assert outcome.state == "unchanged"
    assert "offers was withdrawn" in outcome.detail
    assert standing(store) == {"journey"}
    anew = replace(ROW, given=(replace(OFFERS, given_at=NOON + 20), ROW.given[1]))
    assert states(put(store, anew, now=NOON + 3600)) == ["changed"]
    assert standing(store) == {"journey", "offers"}


def test_last_nights_file_does_not_bring_an_erased_member_back(store: Store) -> None:
    put(store, ROW)
    erase_member(store, "M-1", NOON + 10, KEY)
    (outcome,) = put(store, ROW, now=NOON + 3600)
    assert outcome.state == "refused"
    assert "erased" in outcome.detail
    assert members.find(store.database, "mall", "M-1") is None
    assert states(put(store, replace(ROW, given=(replace(OFFERS, given_at=NOON + 20),)))) == ["created"]


def test_a_consent_to_a_new_wording_takes_the_place_of_the_old_one(store: Store) -> None:
    put(store, ROW)
    newer = replace(OFFERS, wording="2026-2", given_at=NOON)
    assert states(put(store, replace(ROW, given=(newer,)))) == ["changed"]
    found = members.find(store.database, "mall", "M-1")
    assert found is not None
    told = [(one.wording, one.withdrawn_at) for one in found.consents if one.purpose == "offers"]
    assert told == [("2026-1", NOON), ("2026-2", None)]
    assert states(put(store, ROW)) == ["unchanged"], "the older consent is no news"


def test_a_phone_belongs_to_one_member_and_moves_when_it_is_given_up(store: Store) -> None:
    other = MemberRow("M-2", phone_hmac=ROW.phone_hmac)
    first, second = put(store, ROW, other)
    assert (first.state, second.state) == ("created", "refused")
    assert "phone" in second.detail
    assert states(put(store, replace(ROW, phone_hmac="aa" * 32), other)) == ["changed", "created"]


def test_a_member_twice_in_one_request_is_refused_the_second_time(store: Store) -> None:
    assert states(put(store, ROW, replace(ROW, tier="silver"))) == ["created", "refused"]


def test_a_dry_run_says_it_and_does_nothing(store: Store) -> None:
    outcomes = put_many(store.database, "mall", [ROW], NOON, dry_run=True)
    assert states(outcomes) == ["created"]
    assert members.find(store.database, "mall", "M-1") is None


def test_many_who_write_the_same_members_at_once_leave_one_truth(store: Store) -> None:
    rows = [replace(ROW, member=f"M-{number}", phone_hmac=f"{number:064x}") for number in range(200)]
    told: list[list[str]] = []
    threads = [
        threading.Thread(target=lambda at=at: told.append(states(put(store, *rows[at:], *rows[:at]))))
        for at in range(0, 200, 25)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(state for one in told for state in one) == ["created"] * 200 + ["unchanged"] * 1400
    assert store.database.rows("SELECT count(*) FROM consents")[0][0] == 400


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    acts=st.lists(
        st.tuples(st.sampled_from(["give", "withdraw", "delete"]), st.integers(0, 2), st.integers(0, 20)), max_size=12
    )
)
def test_whatever_happens_a_consent_stands_only_if_it_was_given_after_it_was_last_withdrawn(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[str, int, int]]
) -> None:
    store = Store(tmp_path_factory.mktemp("any") / "central.db", "mall")
    given: dict[int, float] = {}
    ended: dict[int, float] = {}
    for step, (act, who, age) in enumerate(acts):
        now, member = NOON + 10 * step, f"M-{who}"
        at = now - age * 10
        if act == "give":
            put(store, MemberRow(member, given=(replace(OFFERS, given_at=at),)), now=now)
            if who not in given and at > ended.get(who, -1):
                given[who] = at
        elif act == "withdraw":
            put(store, MemberRow(member, withdrawn=("offers",)), now=now)
        else:
            withdraw_consent(store, member, "offers", now, KEY)
        if act != "give" and who in given:
            del given[who]
            ended[who] = now
    kept = {row[0] for row in store.database.rows("SELECT member FROM consents WHERE withdrawn_at IS NULL")}
    assert kept == {f"M-{who}" for who in given}
    store.close()


@pytest.mark.parametrize(
    "written", ["+351 912 345 678", "00351912345678", "912 345 678", "0912345678", "\uff0b351-912.345/678"]
)
def test_the_same_phone_however_written_is_one_phone(written: str) -> None:
    assert phone_hmac(KEY, written, "351") == phone_hmac(KEY, "+351912345678", "351")


def test_without_a_calling_code_a_number_stays_as_it_is_written() -> None:
    assert plain_phone("138 0013 8000") == "13800138000"
    assert plain_phone("138 0013 8000", "86") == "+8613800138000"
