"""Who is streamed or queued: nobody held back, erased, or without the consent. An erasure takes all of delivery."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from central.privacy.erasure import erase_member, withdraw_consent
from central.privacy.retention import DAY_S, Keep, Retention
from central.store import deliveries, members
from central.store.members import Consent
from central.store.store import Store
from tests.central.delivery.queueing import CRM, OFFERS_CONSENT, a_member, make, states

KEY = "ab" * 32


def streamed(store: Store, after: int = 0) -> list[str]:
    return [one.offer.offer for one in deliveries.outgoing_after(store.database, "mall", after)]


def test_the_stream_resumes_after_any_number_and_leaves_out_who_is_gone(store: Store) -> None:
    for member in ("a", "b", "c", "d"):
        a_member(store, member, "offers")
        make(store, f"o-{member}", member=member, facts=OFFERS_CONSENT)
    make(store, "held-back", member="e", arm="holdout")
    assert streamed(store) == ["o-a", "o-b", "o-c", "o-d"]
    erase_member(store, "b", time.time(), KEY)
    withdraw_consent(store, "c", "offers", time.time(), KEY)
    assert streamed(store) == ["o-a", "o-d"]
    assert streamed(store, after=1) == ["o-d"]
    assert streamed(store, after=4) == []


def test_a_holdout_is_queued_nowhere_nor_is_an_offer_under_a_wrong_id(store: Store) -> None:
    make(store, "held-back", arm="holdout")
    assert states(store) == []
    (number,) = make(store, "o1", channels=())
    with store.database.writing() as connection:
        assert deliveries.queue(connection, "mall", number, "another", [CRM], 0.0) == 0
        assert deliveries.queue(connection, "mall", number, "o1", [CRM, CRM, "mqtt"], 0.0) == 2


def test_a_consent_given_anew_does_not_bring_old_offers_back(store: Store) -> None:
    a_member(store, "a", "offers")
    make(store, "o1", member="a", facts=OFFERS_CONSENT)
    withdraw_consent(store, "a", "offers", time.time(), KEY)
    consents = [Consent("offers", time.time(), "2026-2", "app")]
    members.put(store.database, "mall", "a", tier="", phone_hmac=None, consents=consents, now=time.time())
    assert streamed(store) == []


def test_however_a_consent_went_its_offers_go_nowhere(store: Store) -> None:
    a_member(store, "a", "offers")
    make(store, "o1", member="a", facts=OFFERS_CONSENT)
    with store.database.writing() as connection:
        connection.execute("UPDATE consents SET withdrawn_at = 1.0")
    assert streamed(store) == []
    assert deliveries.claim(store.database, "mall", CRM, time.time(), lease_s=5, keep_s=60, limit=9) == []
    assert states(store) == ["void"]


def test_a_transaction_that_fails_owes_nothing(store: Store) -> None:
    (number,) = make(store, "o1", channels=())
    with suppress(InterruptedError), store.database.writing() as connection:
        assert deliveries.queue(connection, "mall", number, "o1", [CRM], time.time()) == 1
        raise InterruptedError
    assert states(store) == []


def test_an_erasure_leaves_no_time_of_a_members_day(store: Store) -> None:
    a_member(store, "MEMBER-TO-FORGET", "offers")
    soon = time.time() + 600
    make(store, "o-to-forget", member="MEMBER-TO-FORGET", facts=OFFERS_CONSENT, channels=(CRM, "mqtt"), expires_at=soon)
    make(store, "o-stays")
    for offer in ("o-to-forget", "o-stays"):
        assert deliveries.note_receipt(store.database, "mall", offer, "delivered", time.time())
    erase_member(store, "MEMBER-TO-FORGET", time.time(), KEY)
    assert [row[0] for row in store.database.rows("SELECT number FROM deliveries")] == [2]
    assert [row[0] for row in store.database.rows("SELECT number FROM receipts")] == [2]
    assert not deliveries.note_receipt(store.database, "mall", "o-to-forget", "delivered", time.time())
    Retention(store, Keep(), ZoneInfo("UTC")).update(time.time())
    content = b"".join(file.read_bytes() for file in store.database.path.parent.glob("central.db*"))
    for gone in (b"MEMBER-TO-FORGET", b"o-to-forget"):
        assert gone not in content
    assert b"o-stays" in content
    assert next(row[0] for row in store.database.rows("SELECT expires_at FROM offers")) is None


def test_deliveries_and_receipts_expire_with_the_offers(store: Store) -> None:
    make(store, "o1")
    deliveries.note_receipt(store.database, "mall", "o1", "delivered", time.time())
    Retention(store, Keep(), ZoneInfo("UTC")).update(time.time() + 401 * DAY_S)
    for table in ("offers", "deliveries", "receipts"):
        assert store.database.rows(f"SELECT * FROM {table}") == []  # noqa: S608


STEPS = st.lists(
    st.tuples(st.sampled_from(["make", "claim", "claim", "sent", "fail", "dead", "later"]), st.integers(1, 5)),
    min_size=10,
    max_size=40,
)


SITES = count()


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store that does not wait for the disk."""
    found = Store(tmp_path_factory.mktemp("any") / "central.db", "mall")
    found.database._writer.execute("PRAGMA synchronous=OFF")
    yield found
    found.close()


@settings(max_examples=60)
@given(STEPS)
def test_through_any_history_no_row_is_lost_and_none_is_with_two_senders(
    quick: Store, steps: list[tuple[str, int]]
) -> None:
    store, quick.site = quick, f"mall-{next(SITES)}"
    now, made, lease = time.time(), 0, 10.0
    held: dict[int, float] = {}
    for what, which in steps:
        held = {row: until for row, until in held.items() if until > now}
        rows = sorted(held)
        if what == "make":
            made += 1
            make(store, f"{store.site}-{made}")
            now = max(now, time.time())
        elif what == "claim":
            claimed = deliveries.claim(store.database, store.site, CRM, now, lease_s=lease, keep_s=DAY_S, limit=which)
            assert not {one.delivery for one in claimed} & set(rows)
            held |= {one.delivery: now + lease for one in claimed}
        elif what in {"sent", "fail", "dead"} and rows:
            row = rows[which % len(rows)]
            state = {"sent": "sent", "fail": "queued", "dead": "dead"}[what]
            attempt = deliveries.Attempt(row, state, now + which, "it answered 500")  # type: ignore[arg-type]
            deliveries.settle(store.database, store.site, [attempt], now)
            del held[row]
        elif what == "later":
            now += which * 3
        assert len(states(store)) == made
    now += lease + 10
    owed = states(store).count("queued")
    claimed = deliveries.claim(store.database, store.site, CRM, now, lease_s=lease, keep_s=DAY_S, limit=1000)
    assert len(claimed) == owed
