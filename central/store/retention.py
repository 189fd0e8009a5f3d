"""What expires and when it does; deleting it, and counting afterwards that it is gone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from central.store.database import Database
from central.store.heat.purging import EXPIRED_CHUNKS, EXPIRED_MINUTES, EXPIRED_QUARTERS, EXPIRED_VISITORS

HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of a table that have outlived their purpose.

    Attributes:
        name: as reports tell it.
        table: where they are.
        expired: SQL: which of them, given ``:cutoff`` (seconds since 1970).
        kept: the setting that says how long.
    """

    name: str
    table: str
    expired: str
    kept: str


EXPIRED_ORDER_EVENTS = "at < :cutoff AND number NOT IN (SELECT number FROM orders)"
FORGOTTEN = "visitor NOT GLOB '~*'"

RULES = (
    Rule("positions", "batches", "at < :cutoff", "positions"),
    Rule("heat by visitor and minute", "heat_chunks", EXPIRED_MINUTES, "minutes"),
    Rule("heat by visitor", "heat_chunks", EXPIRED_CHUNKS, "heat"),
    Rule("visitor numbers", "visitors", EXPIRED_VISITORS, "heat"),
    Rule("heat by quarter hour", "heat_past", EXPIRED_QUARTERS, "heat"),
    Rule("heat", "heat_past", "end < :cutoff", "history"),
    Rule("links", "links", "at < :cutoff", "links"),
    Rule("near misses", "near_misses", "at < :cutoff", "links"),
    Rule("offer counts", "offer_counts", "at < :cutoff", "history"),
    Rule("happenings", "happenings", "at < :cutoff", "happenings"),
    Rule("touchpoints", "touchpoints", "at < :cutoff", "touchpoints"),
    Rule("purchases", "purchases", "at < :cutoff", "history"),
    Rule("member days", "member_days", "at < :cutoff", "history"),
    Rule("member tags", "member_tags", "since < :cutoff", "history"),
    Rule("stitches", "stitches", "at < :cutoff", "people"),
    Rule("parties by visitor", "parties", f"at < :cutoff AND {FORGOTTEN}", "people"),
    Rule("staff by visitor", "staff", "at < :cutoff AND person NOT GLOB '~*'", "people"),
    Rule("parties", "parties", "at < :cutoff", "history"),
    Rule("staff", "staff", "at < :cutoff", "history"),
    Rule("visits", "visits", "entered_at < :cutoff", "history"),
    Rule("crossings", "crossings", "at < :cutoff", "history"),
    Rule("journeys", "journeys", "left_at < :cutoff", "history"),
    Rule("quarters", "quarters", "at < :cutoff", "history"),
    Rule("reckonings", "reckonings", "at < :cutoff", "history"),
    Rule("offers", "offers", "at < :cutoff", "history"),
    Rule("deliveries", "deliveries", "queued_at < :cutoff", "history"),
    Rule("receipts", "receipts", "at < :cutoff", "history"),
    Rule("coupons", "coupons", "expires_at < :cutoff AND state <> 'given'", "history"),
    Rule("redemptions", "redemptions", "at < :cutoff", "history"),
    Rule("redeemed coupons", "redeemed", "at < :cutoff", "history"),
    Rule("reversals", "reversals", "at < :cutoff", "history"),
    Rule("receipts of bundles", "bundle_receipts", "at < :cutoff", "history"),
    Rule("books of coupons", "coupon_books", "at < :cutoff", "history"),
    Rule("orders", "orders", "state = 'closed' AND closed_at < :cutoff", "history"),
    Rule("order history", "order_events", EXPIRED_ORDER_EVENTS, "history"),
    Rule("quarantine", "quarantine", "heard < :cutoff", "quarantine"),
    Rule("audit", "audit", "minute < :cutoff / 60", "audit"),
    Rule("purges", "purges", "hour < :cutoff / 3600", "audit"),
    Rule("erasures", "erasures", "at < :cutoff AND scrubbed_at IS NOT NULL", "audit"),
    Rule("logins", "logins", "created < :cutoff", "logins"),
    Rule("token uses", "token_uses", "used < :cutoff", "history"),
)
"""In this order: what names visitors goes before their ids."""


@dataclass(frozen=True, slots=True)
class Purge:
    """What a rule came to, in one hour of rounds.

    Attributes:
        rule: its name.
        at: when it last ran, seconds since 1970.
        cutoff: what was older than this, expired.
        expired: rows found expired.
        deleted: rows deleted.
        left_over: expired rows counted after the last deletion: none, or the promise is broken.
    """

    rule: str
    at: float
    cutoff: float
    expired: int
    deleted: int
    left_over: int


def purge(database: Database, site: str, rule: Rule, cutoff: float, now: float) -> Purge:
    """Delete what has expired by a rule, in a transaction, and count again what is left of it."""
    given = {"site": site, "cutoff": cutoff}
    count = f"SELECT count(*) FROM {rule.table} WHERE site = :site AND {rule.expired}"  # noqa: S608 - our own words
    expired = database.rows(count, given)[0][0]
    deleted, left_over = 0, 0
    if expired:
        with database.writing() as connection:
            sql = f"DELETE FROM {rule.table} WHERE site = :site AND {rule.expired}"  # noqa: S608
            deleted = connection.execute(sql, given).rowcount
        left_over = database.rows(count, given)[0][0]
    return Purge(rule.name, now, cutoff, expired, deleted, left_over)


def note(database: Database, site: str, purges: Iterable[Purge]) -> None:
    """Write down what was purged: one row a rule and hour."""
    with database.writing() as connection:
        connection.executemany(
            """INSERT INTO purges VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (site, rule, hour) DO UPDATE
               SET at = excluded.at, cutoff = excluded.cutoff, expired = expired + excluded.expired,
               deleted = deleted + excluded.deleted, left_over = excluded.left_over""",
            [
                (site, one.rule, int(one.at // HOUR_S), one.at, one.cutoff, one.expired, one.deleted, one.left_over)
                for one in purges
            ],
        )


def last_purges(database: Database, site: str) -> list[Purge]:
    """The latest hour of every rule."""
    rows = database.rows(
        """SELECT rule, max(at), cutoff, expired, deleted, left_over FROM purges
           WHERE site = ? GROUP BY rule ORDER BY rule""",
        (site,),
    )
    return [Purge(*row) for row in rows]


def deleted_since(database: Database, site: str, since: float) -> dict[str, int]:
    """Rows deleted by each rule in the hours since an instant."""
    rows = database.rows(
        "SELECT rule, sum(deleted) FROM purges WHERE site = ? AND hour >= ? GROUP BY rule",
        (site, int(since // HOUR_S)),
    )
    return {row[0]: row[1] for row in rows}
