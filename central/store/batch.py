"""One transaction for a batch of arrivals: all of it or nothing, each durable event once."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from central.store import accounts, boxes, clocks, happenings, positions, quarantine
from central.store.clocks import Correction
from central.store.database import Database
from central.store.rows import Durable, Live, Refused, Table
from contract.events import Positions, Status

Arrival = Durable | Live | Refused


@dataclass(frozen=True, slots=True)
class ClockNews:
    """What was learnt of boxes' clocks: corrections of event times, and skews by (site, box), seconds."""

    corrections: Sequence[Correction] = ()
    skews: Mapping[tuple[str, str], float] = field(default_factory=dict)


NO_NEWS = ClockNews()

INSERT: dict[Table, str] = {
    "visits": """
        INSERT INTO visits (site, told, box, visit, floor, session, seq, at, visitor, zone, phase, entered_at, left_at,
            observed_s, bridged_s, unseen_s, confidence)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (site, told, box, visit) DO UPDATE SET floor = excluded.floor, session = excluded.session,
            seq = excluded.seq, at = excluded.at, zone = excluded.zone, phase = excluded.phase,
            left_at = excluded.left_at, observed_s = excluded.observed_s, bridged_s = excluded.bridged_s,
            unseen_s = excluded.unseen_s, confidence = excluded.confidence
        WHERE CASE WHEN excluded.session = visits.session THEN excluded.seq > visits.seq
            ELSE excluded.at > visits.at END""",
    "crossings": """
        INSERT INTO crossings (site, box, session, seq, floor, line, direction, visitor, at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING""",
    "journeys": """
        INSERT INTO journeys (site, box, session, seq, floor, visitor, entered_at, left_at, path, zones,
            observed_s, bridged_s, unseen_s, length_m)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING""",
}

VISITOR, ENTERED = 8, 11
"""Where a visit's row says whose it is, and since when."""
HOUR_S = 3600

_ROW_IS_AT_FAULT = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.ProgrammingError,
    sqlite3.InterfaceError,
    OverflowError,
    UnicodeError,
)


@dataclass(frozen=True, slots=True)
class Committed:
    """What a batch came to, in messages."""

    fresh: int = 0
    duplicates: int = 0
    live: int = 0
    late: int = 0
    refused: int = 0


def commit(database: Database, arrivals: Sequence[Arrival], news: ClockNews = NO_NEWS) -> Committed:
    """Store the batch in one transaction.

    A row that SQLite itself refuses does not take its batch along: the batch is then stored one by one and the culprit
    quarantined.

    Raises:
        StoreUnavailableError: where nothing can be written now; nothing of the batch is stored.
    """
    try:
        with database.writing() as connection:
            return _store(connection, arrivals, news)
    except _ROW_IS_AT_FAULT as error:
        if len(arrivals) == 1:
            with database.writing() as connection:
                return _store(connection, [_refusal(arrivals[0], error)], news)
    parts = [commit(database, [arrival], news) for arrival in arrivals]
    return Committed(
        sum(part.fresh for part in parts),
        sum(part.duplicates for part in parts),
        sum(part.live for part in parts),
        sum(part.late for part in parts),
        sum(part.refused for part in parts),
    )


def _store(connection: sqlite3.Connection, arrivals: Sequence[Arrival], news: ClockNews) -> Committed:
    refused = [one for one in arrivals if isinstance(one, Refused)]
    durable = [one for one in arrivals if isinstance(one, Durable)]
    durable += [one.account for one in refused if one.account is not None]
    fresh = accounts.fold(connection, durable)
    for table, sql in INSERT.items():
        rows = [event.row for event in fresh if event.table == table]
        if rows:
            connection.executemany(sql, rows)
    visits = [event for event in fresh if event.table == "visits"]
    visited = {(int(one.row[ENTERED] // HOUR_S), one.site, one.row[VISITOR]): one.heard for one in visits}
    connection.executemany(
        happenings.FROM_VISITS, [(hour, heard, site, visitor) for (hour, site, visitor), heard in visited.items()]
    )
    live = [one for one in arrivals if isinstance(one, Live)]
    late = positions.take(connection, [one for one in live if isinstance(one.body, Positions)])
    for one in live:
        if not isinstance(one.body, Positions):
            boxes.apply(connection, one)
    quarantine.add(connection, refused)
    last_words = {(event.site, event.box): (event.floor, event.heard) for event in durable}
    last_words |= {(one.topic.site, one.topic.box): (one.topic.floor, one.heard) for one in live if _is_its_own(one)}
    for (site, box), (floor_id, heard) in last_words.items():
        boxes.heard(connection, site, box, floor_id, heard)
    boxes.refuse(connection, refused)
    clocks.add(connection, news.corrections)
    clocks.note_skews(connection, news.skews)
    return Committed(len(fresh), len(durable) - len(fresh), len(live) - late, late, len(refused))


def _is_its_own(live: Live) -> bool:
    """Whether the box said it just now: not what the broker kept, nor a last will."""
    return not live.retained and not (isinstance(live.body, Status) and live.body.state == "offline")


def _refusal(arrival: Arrival, error: Exception) -> Refused:
    """The arrival as a quarantined message, its number still accounted for."""
    reason = f"the store refuses it: {error}"[:300]
    match arrival:
        case Durable():
            topic = f"{arrival.site}/{arrival.floor}/{arrival.box}/{arrival.table}"
            account = Durable(
                arrival.site,
                arrival.floor,
                arrival.box,
                arrival.session,
                arrival.seq,
                arrival.at,
                arrival.heard,
                None,
                (),
            )
            content = repr(arrival.row).encode(errors="replace")
            return Refused(arrival.site, arrival.heard, topic, "store", reason, len(content), content, account)
        case Live():
            content = repr(arrival.body).encode(errors="replace")
            return Refused(
                arrival.topic.site, arrival.heard, str(arrival.topic), "store", reason, len(content), content
            )
        case Refused():
            return Refused(arrival.site, arrival.heard, "?", "store", reason, arrival.size, b"", arrival.account)
