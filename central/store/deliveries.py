"""What is owed to whoever delivers offers: one row an offer and channel, written in the offer's own transaction.

A channel is ``mqtt`` or ``webhook:<name>``. Server-sent events need no row: they read offers by number, in the order of
commits, since numbers are given inside the one transaction that SQLite lets write at a time, whichever process it is.
A row names its offer by number alone, so that nothing here must be looked for when a member is erased.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from central.store.database import Database
from central.store.offers import Offer

State = Literal["queued", "sent", "dead", "void"]
"""``dead``: given up, and may be replayed. ``void``: its member was erased or withdrew before it was sent."""
ReceiptState = Literal["delivered", "failed", "refused"]

EXPIRED = "it expired before it could be sent"
NO_CHANNEL = "its channel is not in the configuration any more"
GONE = "its member was erased or withdrew their consent"

MAY_GO_OUT = """offers.arm = 'offer' AND offers.member NOT GLOB '~*' AND offers.sentence <> 'consent withdrawn'
    AND NOT EXISTS (
        SELECT 1 FROM json_each(offers.facts, '$.consents') AS needed WHERE NOT EXISTS (
            SELECT 1 FROM consents WHERE consents.site = offers.site AND consents.member = offers.member
            AND consents.purpose = needed.value AND consents.withdrawn_at IS NULL))"""
"""Of an offer: nobody held it back, its member is there, and every consent that it was made on stands since."""

_OFFER = """offers.number, offers.offer, offers.member, offers.campaign, offers.version, offers.day, offers.coupon,
    offers.wording, offers.at, offers.sentence, offers.facts, offers.arm, offers.occasion, offers.channel,
    offers.code"""
_DELIVERY = """deliveries.delivery, deliveries.number, deliveries.channel, deliveries.state, deliveries.attempts,
    deliveries.queued_at, deliveries.next_at, deliveries.ended_at, deliveries.error"""
_LAST_MOMENT = "coalesce(offers.expires_at, deliveries.queued_at + :keep_s)"
_DUE = "deliveries.site = :site AND deliveries.channel = :channel AND state = 'queued' AND next_at <= :now"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An offer on its way out.

    Attributes:
        offer: it.
        expires_at: when its coupon does, seconds since 1970; None where nobody said.
        delivery: of which row, 0 where it is not by one.
        attempts: how often it was tried before.
        queued_at: seconds since 1970.
    """

    offer: Offer
    expires_at: float | None
    delivery: int = 0
    attempts: int = 0
    queued_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """A row as it stands; times are seconds since 1970, ``number`` is its offer's."""

    delivery: int
    number: int
    channel: str
    state: State
    attempts: int
    queued_at: float
    next_at: float
    ended_at: float | None
    error: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of trying to send a row: ``queued`` is tried again at ``next_at``."""

    delivery: int
    state: Literal["sent", "queued", "dead"]
    next_at: float = 0.0
    error: str = ""


def queue(  # noqa: PLR0917 - an event of one line at its caller
    connection: sqlite3.Connection,
    site: str,
    offer_number: int,
    offer: str,
    channels: Sequence[str],
    now: float,
    *,
    expires_at: float | None = None,
) -> int:
    """The number of rows queued within the caller's transaction: one a channel, none for what was held back.

    Args:
        connection: in the transaction that made the offer.
        site: the site.
        offer_number: as ``offers.add`` gave it.
        offer: its id, which must be that number's.
        channels: ``mqtt``, ``webhook:<name>``; may be empty.
        now: seconds since 1970.
        expires_at: when the coupon expires, after which nobody wants the offer; consumers are told, too.
    """
    if expires_at is not None:
        connection.execute(
            "UPDATE offers SET expires_at = ? WHERE site = ? AND number = ? AND offer = ?",
            (expires_at, site, offer_number, offer),
        )
    queued = 0
    for channel in channels:
        queued += connection.execute(
            """INSERT INTO deliveries (site, number, channel, state, queued_at, next_at)
               SELECT site, number, ?, 'queued', ?, ? FROM offers
               WHERE site = ? AND number = ? AND offer = ? AND arm = 'offer' ON CONFLICT DO NOTHING""",
            (channel, now, now, site, offer_number, offer),
        ).rowcount
    return queued


def channel_of(connection: sqlite3.Connection, site: str, offer_number: int) -> str:
    """By what an offer is to reach its member, as its campaign says (``app``, ``sms``, ...); empty for no offer."""
    found = connection.execute(
        "SELECT channel FROM offers WHERE site = ? AND number = ?", (site, offer_number)
    ).fetchone()
    return str(found[0]) if found else ""


def forget(connection: sqlite3.Connection, site: str, member: str) -> dict[str, int]:
    """Rows deleted by table, before a member's offers lose their name: when what was sent would tell of their day."""
    given = {"site": site, "member": member}
    connection.execute("UPDATE offers SET expires_at = NULL WHERE site = :site AND member = :member", given)
    of_member = "number IN (SELECT number FROM offers WHERE site = :site AND member = :member)"
    return {
        table: connection.execute(f"DELETE FROM {table} WHERE site = :site AND {of_member}", given).rowcount  # noqa: S608
        for table in ("deliveries", "receipts")
    }


def outgoing_after(database: Database, site: str, number: int, limit: int = 100) -> list[Outgoing]:
    """Offers of a higher number that may go out at this moment, in the order of commits."""
    rows = database.rows(
        f"""SELECT {_OFFER}, offers.expires_at FROM offers
            WHERE site = ? AND number > ? AND {MAY_GO_OUT} ORDER BY number LIMIT ?""",  # noqa: S608 - our own names
        (site, number, limit),
    )
    return [Outgoing(_offer(row), row["expires_at"]) for row in rows]


def claim(
    database: Database, site: str, channel: str, now: float, *, lease_s: float, keep_s: float, limit: int
) -> list[Outgoing]:
    """Rows that are due and may go out at this very moment, oldest first; nobody else gets them until the lease ends.

    What may not go out any more is voided, and what nobody wants any more is dead, in the same transaction.

    Args:
        database: where they are.
        site: the site.
        channel: whose rows.
        now: seconds since 1970.
        lease_s: a row whose sender dies is due again after so long.
        keep_s: an offer without an expiry is given up after so long.
        limit: at most so many.
    """
    given: dict[str, Any] = {"site": site, "channel": channel, "now": now, "keep_s": keep_s, "limit": limit}
    if not database.rows(f"SELECT 1 FROM deliveries WHERE {_DUE} LIMIT 1", given):  # noqa: S608
        return []
    joined = "deliveries LEFT JOIN offers USING (site, number)"
    with database.writing() as connection:
        for state, error, which in (
            ("void", GONE, f"offers.number IS NULL OR NOT ({MAY_GO_OUT})"),
            ("dead", EXPIRED, f"{_LAST_MOMENT} <= :now"),
        ):
            connection.execute(
                f"""UPDATE deliveries SET state = :state, error = :error, ended_at = :now WHERE delivery IN (
                    SELECT delivery FROM {joined} WHERE {_DUE} AND ({which}))""",  # noqa: S608
                given | {"state": state, "error": error},
            )
        rows = connection.execute(
            f"""SELECT {_OFFER}, offers.expires_at, delivery, attempts, queued_at FROM {joined}
                WHERE {_DUE} ORDER BY next_at, delivery LIMIT :limit""",  # noqa: S608
            given,
        ).fetchall()
        connection.executemany(
            "UPDATE deliveries SET next_at = ? WHERE delivery = ?", [(now + lease_s, row[16]) for row in rows]
        )
    return [Outgoing(_offer(row), *row[15:]) for row in rows]


def settle(database: Database, site: str, attempts: Iterable[Attempt], now: float) -> None:
    """Write down what came of rows; what somebody else has sent or replayed meanwhile stays as it is."""
    with database.writing() as connection:
        connection.executemany(
            """UPDATE deliveries SET state = :state, attempts = attempts + 1, error = :error,
               next_at = :next_at, ended_at = CASE :state WHEN 'queued' THEN NULL ELSE :now END
               WHERE site = :site AND delivery = :delivery AND state = 'queued'""",
            [
                {
                    "site": site,
                    "delivery": one.delivery,
                    "state": one.state,
                    "error": one.error,
                    "next_at": one.next_at,
                    "now": now,
                }
                for one in attempts
            ],
        )


def give_back(database: Database, site: str, rows: Sequence[int], next_at: float) -> None:
    """Claimed rows that were not tried are due at that instant, as if nobody had claimed them."""
    with database.writing() as connection:
        connection.executemany(
            "UPDATE deliveries SET next_at = ? WHERE site = ? AND delivery = ? AND state = 'queued'",
            [(next_at, site, row) for row in rows],
        )


def next_due(database: Database, site: str, channel: str) -> float | None:
    """When the channel's next row is due, seconds since 1970; None where nothing waits."""
    found: float | None = database.rows(
        "SELECT min(next_at) FROM deliveries WHERE site = ? AND channel = ? AND state = 'queued'", (site, channel)
    )[0][0]
    return found


def give_up_others(database: Database, site: str, channels: Sequence[str], now: float) -> int:
    """The number of rows given up because the configuration has no such channel any more."""
    marks = ", ".join("?" * len(channels))
    with database.writing() as connection:
        connection.execute(
            f"DELETE FROM delivery_channels WHERE site = ? AND channel NOT IN ({marks})",  # noqa: S608
            (site, *channels),
        )
        return connection.execute(
            f"""UPDATE deliveries SET state = 'dead', error = ?, ended_at = ?
                WHERE site = ? AND state = 'queued' AND channel NOT IN ({marks})""",  # noqa: S608
            (NO_CHANNEL, now, site, *channels),
        ).rowcount


def find(database: Database, site: str, delivery: int) -> Delivery | None:
    """The row of that number."""
    rows = database.rows(
        f"SELECT {_DELIVERY} FROM deliveries WHERE site = ? AND delivery = ?",  # noqa: S608
        (site, delivery),
    )
    return Delivery(*rows[0]) if rows else None


def listed(
    database: Database, site: str, *, state: State | None, channel: str | None, before: int, limit: int
) -> list[Delivery]:
    """Rows of a state and channel (None: of any), newest first, from below a number."""
    rows = database.rows(
        f"""SELECT {_DELIVERY} FROM deliveries WHERE site = :site AND delivery < :before
            AND (:state IS NULL OR state = :state) AND (:channel IS NULL OR channel = :channel)
            ORDER BY delivery DESC LIMIT :limit""",  # noqa: S608
        {"site": site, "state": state, "channel": channel, "before": before, "limit": limit},
    )
    return [Delivery(*row) for row in rows]


def replay(database: Database, site: str, delivery: int, now: float, *, keep_s: float) -> str:
    """Why a dead row cannot be sent once more; empty where it is queued again now, and its channel is tried again."""
    with database.writing() as connection:
        row = connection.execute(
            f"""SELECT state, deliveries.channel, offers.number IS NOT NULL AND {MAY_GO_OUT},
                coalesce(offers.expires_at, :now + :keep_s) <= :now
                FROM deliveries LEFT JOIN offers USING (site, number)
                WHERE deliveries.site = :site AND delivery = :delivery""",  # noqa: S608
            {"site": site, "delivery": delivery, "now": now, "keep_s": keep_s},
        ).fetchone()
        if row is None:
            return "there is no such delivery"
        state, channel, may_go_out, is_expired = row
        if state != "dead":
            return f"it is {state}; only what is dead can be replayed"
        if not may_go_out:
            return GONE
        if is_expired:
            return "its coupon has expired; nobody wants it any more"
        connection.execute(
            """UPDATE deliveries SET state = 'queued', attempts = 0, queued_at = ?, next_at = ?, ended_at = NULL,
               error = '' WHERE delivery = ?""",
            (now, now, delivery),
        )
        connection.execute("DELETE FROM delivery_channels WHERE site = ? AND channel = ?", (site, channel))
        return ""


def note_receipt(database: Database, site: str, offer: str, state: ReceiptState, at: float) -> bool:
    """Whether there is such an offer; what came of it is written down, and a later word replaces an earlier one."""
    with database.writing() as connection:
        found = connection.execute(
            "SELECT number FROM offers WHERE site = ? AND offer = ? AND arm = 'offer'", (site, offer)
        ).fetchone()
        if found is None:
            return False
        connection.execute(
            """INSERT INTO receipts VALUES (?, ?, ?, ?) ON CONFLICT (site, number) DO UPDATE
               SET state = excluded.state, at = excluded.at WHERE excluded.at > receipts.at""",
            (site, found[0], state, at),
        )
        return True


def receipts(database: Database, site: str, since: float) -> dict[int, ReceiptState]:
    """What the delivering services said of offers since an instant (seconds since 1970), by the offer's number."""
    rows = database.rows("SELECT number, state FROM receipts WHERE site = ? AND at >= ?", (site, since))
    return {row[0]: row[1] for row in rows}


def _offer(row: Any) -> Offer:
    return Offer(*(*tuple(row)[:10], json.loads(row[10]), *tuple(row)[11:15]))
