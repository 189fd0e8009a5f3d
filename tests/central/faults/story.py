"""What happens on a floor, and the tables it must leave whatever breaks on the way: the faults' one yardstick."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import msgspec

from benchmarks.central.traffic import events
from contract.events import ZoneStay
from contract.times import from_rfc3339
from edge.outbox.store import Event

ZONES = ["concourse", "nordic", "atelier", "cafe"]
EVENTS_A_SECOND = 5.0
AT_ONCE = 20
"""Visitors; each lives for about 80 seconds."""


def story(count: int, start: float, seed: int = 3) -> list[Event]:
    """So many durable events of a floor, visits, crossings and journeys, five a second from ``start`` on."""
    return [
        Event(said.at, said.body)
        for said in islice(events(seed, ZONES, start, EVENTS_A_SECOND, at_once=AT_ONCE), count)
    ]


@dataclass(frozen=True)
class Tables:
    """What central holds, without what a session's number or a time of arrival adds to it.

    Attributes:
        visits: by visit: visitor, zone, phase, seconds, and the times apart.
        crossings: line, direction, visitor, and the time apart.
        journeys: visitor, path, zones, totals, and the times apart.
        received: by session: the numbers in the account, as runs.
        missing: numbers that the accounts lack.
    """

    visits: list[tuple[tuple[object, ...], tuple[float, ...]]]
    crossings: list[tuple[tuple[object, ...], tuple[float, ...]]]
    journeys: list[tuple[tuple[object, ...], tuple[float, ...]]]
    received: dict[str, list[list[int]]]
    missing: int

    @property
    def rows(self) -> list[list[tuple[tuple[object, ...], tuple[float, ...]]]]:
        return [self.visits, self.crossings, self.journeys]


def tables(database: Path) -> Tables:
    """The final tables of a store."""
    db = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    visits = [
        ((*row[:7],), (row[7], row[8] or 0.0))
        for row in db.execute(
            "SELECT visit, visitor, zone, phase, observed_s, bridged_s, unseen_s, entered_at, left_at"
            " FROM visits ORDER BY visit"
        )
    ]
    crossings = [
        (tuple(row[:3]), (row[3],))
        for row in db.execute(
            "SELECT visitor, line, direction, at FROM crossings ORDER BY visitor, line, direction, at"
        )
    ]
    journeys = []
    for visitor, path, zones, length_m, *times in db.execute(
        "SELECT visitor, path, zones, length_m, entered_at, left_at FROM journeys ORDER BY visitor"
    ):
        stays = msgspec.json.decode(zones, type=list[ZoneStay])
        times += [from_rfc3339(at) for stay in stays for at in (stay.entered_at, stay.left_at)]
        journeys.append(((visitor, path, tuple(stay.zone for stay in stays), length_m), tuple(times)))
    accounts = db.execute("SELECT session, runs, highest - received FROM sessions WHERE highest > 0").fetchall()
    db.close()
    return Tables(
        visits,
        crossings,
        journeys,
        {session: json.loads(runs) for session, runs, _ in accounts},
        sum(missing for *_, missing in accounts),
    )


def assert_same(found: Tables, calm: Tables, apart_s: float = 0.0005) -> None:
    """The same rows, each time within so many seconds, and nothing missing."""
    for one, other in zip(found.rows, calm.rows, strict=True):
        assert [what for what, _ in one] == [what for what, _ in other]
        worst = max(
            (abs(a - b) for (_, x), (_, y) in zip(one, other, strict=True) for a, b in zip(x, y, strict=True)),
            default=0.0,
        )
        assert worst <= apart_s
    assert found.missing == 0
