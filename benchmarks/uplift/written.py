"""A rigged story as a real store holds it: members, consents, offers by arm, days and sales."""

from __future__ import annotations

import sqlite3
from datetime import date, timedelta

import numpy as np

from central.offers.holdout import arm
from central.store import member_days, offers, purchases
from central.store.member_days import MemberDay
from central.store.offers import Offer
from central.store.purchases import Purchase
from central.store.store import Store
from simulator.campaign_effect import Mask, Story

FIRST_DAY = date(2026, 1, 5)
CAMPAIGN = "rigged"
HOLDOUT_PERCENT = 10.0
PURPOSES = ("journey", "offers")
NOON_S = 12 * 3600.0
DAY_S = 86_400.0


def arms(story: Story, key: bytes, percent: float = HOLDOUT_PERCENT) -> Mask:
    """(N,) who is offered, as the engine chooses them."""
    return np.array([arm(key, CAMPAIGN, name(n), percent) == "offer" for n in range(story.world.members)], np.bool_)


def name(member: int) -> str:
    """What the mall calls a member."""
    return f"M-{member:06d}"


def day_text(day: int) -> str:
    """A day of the story."""
    return (FIRST_DAY + timedelta(days=day)).isoformat()


def noon_of(day: int) -> float:
    """Noon (UTC) of a day of the story, seconds since 1970."""
    return ((FIRST_DAY + timedelta(days=day)).toordinal() - date(1970, 1, 1).toordinal()) * DAY_S + NOON_S


def write(store: Store, story: Story, offered: Mask, *, sales: bool = True) -> None:
    """Write all of it down, by the ways that central itself writes; without sales it takes half the time."""
    due = np.flatnonzero(story.first_due >= 0).tolist()
    rows = sorted((int(days[member]), member) for days in (story.first_due, story.again) for member in due)
    with store.database.writing() as connection:
        connection.executemany(
            "INSERT INTO members (site, member, tier, updated) VALUES (?, ?, '', 0)",
            [(store.site, name(member)) for member in range(story.world.members)],
        )
        connection.executemany(
            "INSERT INTO consents (site, member, purpose, given_at, wording, source) VALUES (?, ?, ?, 0, 'v1', 'app')",
            [(store.site, name(member), purpose) for member in range(story.world.members) for purpose in PURPOSES],
        )
        for day, member in rows:
            if day >= 0:
                offers.add(
                    connection, store.site, _offer(day, member, offered=bool(offered[member])), PURPOSES, linked=False
                )
        add_days(connection, store.site, story, story.came(offered))
        if sales:
            for member, day, _, spend in story.days_of(story.came(offered)):
                if spend:
                    sale = _sale(member, day, spend)
                    purchases.add(connection, store.site, sale, sale.at)


def add_days(connection: sqlite3.Connection, site: str, story: Story, came: Mask) -> None:
    """Write the days down on which members came."""
    days = [
        MemberDay(name(member), day_text(day), dict.fromkeys(categories, 600.0), len(categories), 600.0)
        for member, day, categories, _ in story.days_of(came)
    ]
    member_days.put(connection, site, days, PURPOSES[0], 0.0)


def _offer(day: int, member: int, *, offered: bool) -> Offer:
    return Offer(
        number=0,
        offer=f"{day}-{member}",
        member=name(member),
        campaign=CAMPAIGN,
        version=1,
        day=day_text(day),
        coupon="DINE-15",
        wording="15 % off your lunch",
        at=noon_of(day),
        sentence="rigged",
        facts={},
        arm="offer" if offered else "holdout",
    )


def _sale(member: int, day: int, spend: int) -> Purchase:
    at = noon_of(day) + 1800.0
    return Purchase(f"{day}-{member}", name(member), "cafe-tejo", "g", "cafe", "dining", at, day_text(day), spend)
