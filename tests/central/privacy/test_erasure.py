"""Who is erased is nowhere any more, not in a byte; who withdraws a consent is joined to nothing any more."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from central.access import pseudonym
from central.privacy.erasure import erase_member, withdraw_consent
from central.privacy.retention import Keep, Retention
from central.store import erasures, links, members, offers
from central.store.links import Link, Touchpoint
from central.store.members import Consent
from central.store.offers import Offer
from central.store.store import Store
from tests.central.mall import NOON

KEY = "ab" * 32
MEMBER = "MEMBER-TO-BE-FORGOTTEN-7731"
OTHER = "MEMBER-WHO-STAYS-1042"
PHONE = "f0" * 32
VISITOR = "visitorlinked0001"


def a_member(store: Store, member: str, visitor: str, phone: str | None = None) -> None:
    """Somebody who agreed, checked in, was joined to a visitor and got an offer."""
    database = store.database
    consents = [Consent(purpose, NOON, "2026-1", "app") for purpose in ("journey", "offers")]
    members.put(database, "mall", member, tier="gold", phone_hmac=phone, consents=consents, now=NOON)
    links.add(database, "mall", Touchpoint(f"touch-{member}", "checkin", member, "g", None, 5.25, 9.75, NOON))
    link = Link(member, visitor, "g", f"touch-{member}", 0.97, NOON, {"confidence": 0.97, "touchpoint": "checkin"})
    assert links.link(database, "mall", link, "journey")
    facts = {"campaign": {"id": "lunch", "version": 3}, "link": link.facts, "conditions": []}
    offer = Offer(
        *(0, f"offer-{member}", member, "lunch", 3, "2026-01-01", "DINE-15", "15 % off", NOON + 60),
        f"Checked in at 12:00; {member} spent 11 min in fashion.",
        facts,
    )
    assert offers.make(database, "mall", offer, ("journey", "offers"))


def rounds(store: Store, now: float) -> None:
    """The clerk's part in it."""
    Retention(store, Keep(), ZoneInfo("UTC")).update(now)


def files(store: Store) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(store.database.path.parent.glob("central.db*")))


def test_an_erased_member_is_in_no_byte_of_the_files(store: Store) -> None:
    a_member(store, MEMBER, VISITOR, PHONE)
    a_member(store, OTHER, "visitorlinked0002")
    assert MEMBER.encode() in files(store)
    assert erase_member(store, MEMBER, NOON + 100, KEY)
    rounds(store, NOON + 101)
    content = files(store)
    for gone in (MEMBER, PHONE, VISITOR, f"offer-{MEMBER}", "touch-MEMBER-TO"):
        assert gone.encode() not in content
    assert OTHER.encode() in content
    assert members.find(store.database, "mall", OTHER) is not None


def test_the_book_of_erasures_proves_it_without_naming_anybody(store: Store) -> None:
    a_member(store, MEMBER, VISITOR)
    erase_member(store, MEMBER, NOON + 100, KEY)
    assert erasures.are_open(store.database, "mall")
    rounds(store, NOON + 101)
    assert not erasures.are_open(store.database, "mall")
    (proof,) = erasures.newest(store.database, "mall")
    assert (proof.kind, proof.subject, proof.at) == ("erasure", pseudonym(KEY, MEMBER), NOON + 100)
    assert proof.removed == {"offers": 1, "links": 1, "touchpoints": 1, "consents": 2, "members": 1}
    assert proof.scrubbed_at is not None
    assert proof.scrubbed_at - proof.at <= 60
    assert erasures.summary(store.database, "mall") == {"erasure": (1, 1.0, 0)}


def test_that_a_coupon_was_given_stays_with_nobody_in_it(store: Store) -> None:
    a_member(store, MEMBER, VISITOR)
    erase_member(store, MEMBER, NOON + 100, KEY)
    assert store.offers() == []
    assert offers.newest(store.database, "mall") == []
    (row,) = store.database.rows("SELECT campaign, coupon, day, member, offer, at, sentence FROM offers")
    assert (row["campaign"], row["coupon"], row["day"], row["sentence"]) == ("lunch", "DINE-15", "2026-01-01", "erased")
    assert row["member"].startswith("~")
    assert row["offer"].startswith("~")
    assert row["at"] % 86_400 == 0


def test_nobody_is_erased_twice(store: Store) -> None:
    assert not erase_member(store, MEMBER, NOON, KEY)
    assert erasures.newest(store.database, "mall") == []


def test_a_reader_in_the_way_only_delays_the_proof(store: Store) -> None:
    a_member(store, MEMBER, VISITOR)
    reading = store.database.reading()
    reading.execute("BEGIN")
    reading.execute("SELECT count(*) FROM members").fetchone()
    erase_member(store, MEMBER, NOON + 100, KEY)
    assert not erasures.settle(store.database, "mall", NOON + 101)
    reading.execute("COMMIT")
    assert erasures.settle(store.database, "mall", NOON + 102)


@pytest.mark.parametrize("purpose", ["journey", "offers"])
def test_a_withdrawn_consent_takes_the_join_and_all_that_came_of_it(store: Store, purpose: str) -> None:
    a_member(store, MEMBER, VISITOR)
    assert withdraw_consent(store, MEMBER, purpose, NOON + 100, KEY)
    assert links.links(store.database, "mall", 0) == []
    touchpoint = links.find(store.database, "mall", f"touch-{MEMBER}")
    assert touchpoint is not None
    assert (touchpoint.x, touchpoint.y, touchpoint.zone, touchpoint.outcome) == (None, None, None, "consent withdrawn")
    (offer,) = store.offers()
    assert (offer.sentence, offer.facts) == ("consent withdrawn", {"campaign": {"id": "lunch", "version": 3}})
    rounds(store, NOON + 101)
    content = files(store)
    assert VISITOR.encode() not in content
    assert b"11 min in fashion" not in content
    assert MEMBER.encode() in content
    (proof,) = erasures.newest(store.database, "mall")
    assert proof.kind == "withdrawal"


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(8)), erased=st.sets(st.integers(0, 7), min_size=1, max_size=4))
def test_in_any_company_exactly_the_erased_are_gone(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], erased: set[int]
) -> None:
    store = Store(tmp_path_factory.mktemp("any") / "central.db", "mall")
    for number in order:
        a_member(store, f"PERSON{number:04d}NAMED", f"visitor{number:06d}linked")
    for number in erased:
        assert erase_member(store, f"PERSON{number:04d}NAMED", NOON + 100, KEY)
    rounds(store, NOON + 101)
    content = files(store)
    for number in range(8):
        for mark in (f"PERSON{number:04d}NAMED", f"visitor{number:06d}linked"):
            assert (mark.encode() in content) == (number not in erased), mark
    store.close()
