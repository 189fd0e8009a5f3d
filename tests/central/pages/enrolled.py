"""Members with consents, links, days and offers in a store, by the real functions."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta

from central.access import derived, phone_hmac
from central.coupons.coupons import Coupons
from central.offers.campaigns import Pool
from central.store import decisions, links, member_days, members, offers
from central.store.links import Link
from central.store.member_days import MemberDay
from central.store.members import Consent
from central.store.offers import Arm, Offer
from central.store.store import Store

SITE = "mall"
PHONE = "+351 912 345 678"
DINE = Pool(id="DINE-15", title="15 % off your lunch", kind="percent", value=15, ceiling=10.0, stock=40)
FACTS = {
    "campaign": {"id": "lunch", "version": 3},
    "link": {"confidence": 0.97, "distance_m": 0.2, "runner_up_m": None, "touchpoint": "checkin"},
    "conditions": [
        {"kind": "window", "from": "11:00", "to": "14:00", "local_time": "12:10"},
        {
            "kind": "dwell",
            "category": "fashion",
            "seconds": 660.0,
            "needed_s": 600.0,
            "zones": [{"floor": "g", "zone": "nordic", "name": "Nordic Wear", "seconds": 660.0}],
        },
        {"kind": "not_visited", "category": "dining", "seconds": 0.0},
        {"kind": "tier", "tier": "gold"},
    ],
    "consents": ["journey", "offers"],
    "holdout_percent": 10,
    "latency_s": 0.84,
}


def key(number: int) -> str:
    """Of ``secrets.json`` as the tests' central has it: 7 is the phones', 10 the offers'."""
    return f"{number:064x}"


def enrol(store: Store, member: str = "M-1042", **more: object) -> None:
    """A member who agreed to journey and offers."""
    now = time.time()
    known: dict[str, object] = {
        "tier": "gold",
        "phone_hmac": phone_hmac(key(7), PHONE) if member == "M-1042" else None,
        "tags": ["newsletter"],
        "preferred": ["dining"],
        "channels": ["app"],
        "birthday_month": 5,
        "joined_on": date(2024, 11, 2),
    }
    members.put(
        store.database,
        SITE,
        member,
        consents=[Consent(purpose, now - 86_400, "2026-1", "app") for purpose in ("journey", "offers")],
        now=now,
        **(known | more),  # type: ignore[arg-type]
    )


def link(store: Store, member: str = "M-1042") -> None:
    """Join the member to a visitor."""
    found = Link(member, f"visitor-{member}", "g", f"touch-{member}", 0.97, time.time(), {"touchpoint": "checkin"})
    assert links.link(store.database, SITE, found, "journey")


def days(store: Store, member: str = "M-1042", number: int = 3) -> None:
    """So many days in the mall, up to yesterday."""
    today = datetime.now(UTC).date()
    kept = [
        MemberDay(member, f"{today - timedelta(days=7 * ago + 1)}", {"fashion": 900.0, "dining": 2400.0}, 3, 3300.0)
        for ago in range(number)
    ]
    with store.database.writing() as connection:
        assert member_days.put(connection, SITE, kept, "journey", time.time()) == number


def offer(store: Store, member: str = "M-1042", ident: str = "o1", arm: Arm = "offer", pool: Pool = DINE) -> None:
    """An offer of the lunch campaign with its coupon, or one held back."""
    now = time.time()
    day = datetime.now(UTC).date().isoformat()
    sentence = "Checked in at 12:00; spent 11 min in fashion today (Nordic Wear)."
    made = Offer(0, ident, member, "lunch", 3, day, pool.id, "15 % off", now, sentence, FACTS, arm, day)
    with store.database.writing() as connection:
        assert offers.add(connection, SITE, made, ("journey", "offers"))
        cost = 0
        if arm == "offer":
            coupons = Coupons(derived(key(10), "coupons"))
            issued = coupons.issue(connection, SITE, pool, offer=ident, member=member, now=now)
            assert not isinstance(issued, str), issued
            cost = issued.cost
        decisions.count(connection, SITE, "lunch", day, held_out=arm == "holdout", cost=cost, now=now)
