"""Offers: at most one a member, campaign and occasion, which the table itself enforces."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any, Literal

from central.store.database import Database

Arm = Literal["offer", "holdout"]


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
        arm: ``offer``, or ``holdout`` for one that was due and held back, which nobody is told of.
        occasion: day, week, visit or whatever else there is one offer of at most.
        channel: by which it goes out.
        code: the coupon's, empty where it has none.
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
    arm: Arm = "offer"
    occasion: str = ""
    channel: str = "app"
    code: str = ""


_COLUMNS = "offer, member, campaign, version, day, coupon, wording, at, sentence, facts, arm, occasion, channel, code"
_MADE = "site = ? AND arm = 'offer' AND member NOT GLOB '~*'"


def make(database: Database, site: str, offer: Offer, purposes: tuple[str, ...]) -> bool:
    """Whether the offer is made now, in a transaction of its own; see ``add``."""
    with database.writing() as connection:
        return add(connection, site, offer, purposes) is not None


def add(
    connection: sqlite3.Connection, site: str, offer: Offer, purposes: tuple[str, ...], *, linked: bool = True
) -> int | None:
    """The offer's number, made within the caller's transaction; None where it must not be made.

    That is where there is one of this occasion already, or a consent or the link has gone meanwhile.

    Args:
        connection: in a transaction.
        site: the site.
        offer: its ``number`` is given by the store.
        purposes: consents that must stand at this very moment.
        linked: whether the member must be linked to a visitor at this very moment; a screen's offer has neither.
    """
    marks = ", ".join("?" * len(purposes))
    standing = connection.execute(
        f"SELECT count(*) FROM consents WHERE site = ? AND member = ? AND withdrawn_at IS NULL"  # noqa: S608
        f" AND purpose IN ({marks})",
        (site, offer.member, *purposes),
    ).fetchone()[0]
    is_linked = (
        not linked
        or connection.execute(
            "SELECT 1 FROM links WHERE site = ? AND member = ? LIMIT 1", (site, offer.member)
        ).fetchone()
    )
    if standing < len(purposes) or not is_linked:
        return None
    row = (offer.offer, offer.member, offer.campaign, offer.version, offer.day, offer.coupon, offer.wording, offer.at)
    last = (offer.arm, offer.occasion or offer.day, offer.channel, offer.code)
    cursor = connection.execute(
        f"""INSERT INTO offers (site, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (site, member, campaign, occasion) DO NOTHING""",  # noqa: S608 - our own names
        (site, *row, offer.sentence, json.dumps(offer.facts), *last),
    )
    return cursor.lastrowid if cursor.rowcount == 1 else None


def offers_after(database: Database, site: str, number: int, limit: int = 100) -> list[Offer]:
    """Offers whose number is higher, oldest first; those of erased members, which nobody is to deliver, left out."""
    return _offers(database, f"{_MADE} AND number > ? ORDER BY number LIMIT ?", (site, number, limit))


def newest(database: Database, site: str, limit: int = 100) -> list[Offer]:
    """The newest offers, newest first."""
    return _offers(database, f"{_MADE} ORDER BY number DESC LIMIT ?", (site, limit))


def _offers(database: Database, condition: str, parameters: tuple[Any, ...]) -> list[Offer]:
    rows = database.rows(f"SELECT number, {_COLUMNS} FROM offers WHERE {condition}", parameters)  # noqa: S608
    return [Offer(*(*tuple(row)[:10], json.loads(row["facts"]), *tuple(row)[11:])) for row in rows]
