"""Offers: at most one a member, campaign and day, which the table itself enforces."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from central.store.database import Database


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer and why it was made.

    Attributes:
        number: counts up; a consumer resumes after the last it saw.
        offer: random id, the idempotency key for whoever delivers.
        day: day in the site's time zone, as 2026-01-31.
        coupon: what is offered, as the coupon service knows it.
        wording: what the member reads.
        at: seconds since 1970.
        sentence: why, for people.
        facts: why, for programs.
    """

    number: int
    offer: str
    member: str
    campaign: str
    version: int
    day: str
    coupon: str
    wording: str
    at: float
    sentence: str
    facts: dict[str, Any]


def make(database: Database, site: str, offer: Offer, purposes: tuple[str, ...]) -> bool:
    """Whether the offer is made now: not where there is one already, or a consent or the link has gone meanwhile.

    Args:
        database: where to.
        site: the site.
        offer: its ``number`` is given by the store.
        purposes: consents that must stand at this very moment.
    """
    marks = ", ".join("?" * len(purposes))
    with database.writing() as connection:
        standing = connection.execute(
            f"SELECT count(*) FROM consents WHERE site = ? AND member = ? AND withdrawn_at IS NULL"  # noqa: S608
            f" AND purpose IN ({marks})",
            (site, offer.member, *purposes),
        ).fetchone()[0]
        linked = connection.execute(
            "SELECT 1 FROM links WHERE site = ? AND member = ? LIMIT 1", (site, offer.member)
        ).fetchone()
        if standing < len(purposes) or linked is None:
            return False
        cursor = connection.execute(
            """INSERT INTO offers (site, offer, member, campaign, version, day, coupon, wording, at, sentence, facts)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (site, member, campaign, day) DO NOTHING""",
            (
                site,
                offer.offer,
                offer.member,
                offer.campaign,
                offer.version,
                offer.day,
                offer.coupon,
                offer.wording,
                offer.at,
                offer.sentence,
                json.dumps(offer.facts),
            ),
        )
        return cursor.rowcount == 1


def made_today(database: Database, site: str, day: str) -> set[tuple[str, str]]:
    """(member, campaign) of every offer of the day."""
    rows = database.rows("SELECT member, campaign FROM offers WHERE site = ? AND day = ?", (site, day))
    return {(row[0], row[1]) for row in rows}


def offers_after(database: Database, site: str, number: int, limit: int = 100) -> list[Offer]:
    """Offers whose number is higher, oldest first; those of erased members, which nobody is to deliver, left out."""
    return _offers(
        database, "site = ? AND number > ? AND member NOT GLOB '~*' ORDER BY number LIMIT ?", (site, number, limit)
    )


def newest(database: Database, site: str, limit: int = 100) -> list[Offer]:
    """The newest offers, newest first."""
    return _offers(database, "site = ? AND member NOT GLOB '~*' ORDER BY number DESC LIMIT ?", (site, limit))


def _offers(database: Database, condition: str, parameters: tuple[Any, ...]) -> list[Offer]:
    rows = database.rows(
        "SELECT number, offer, member, campaign, version, day, coupon, wording, at, sentence, facts"  # noqa: S608
        f" FROM offers WHERE {condition}",
        parameters,
    )
    return [Offer(*(*tuple(row)[:-1], json.loads(row["facts"]))) for row in rows]
