"""Where people are: a batch of a box is one row with everybody in it, packed; kept for a quarter of an hour.

A visitor's id stands once in the table ``visitors``, which gives it a number; batches and heat name the number.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from central.store.database import Database
from central.store.rows import Live
from contract.events import Positions
from contract.times import from_rfc3339

MAX_AGE_S = 30.0
"""Older positions, and those from as far in the future, are not taken in."""

PERSON = np.dtype([("number", "<u4"), ("x_cm", "<i4"), ("y_cm", "<i4")])
"""One person of a batch, as it rests."""


@dataclass(frozen=True, slots=True)
class Fixes:
    """Who was where, by time.

    Attributes:
        at: (N,) seconds since 1970, ascending.
        visitor: (N,) index into ``names``.
        names: the visitors' ids.
        x: (N,) metres.
        y: (N,) metres.
    """

    at: npt.NDArray[np.float64]
    visitor: npt.NDArray[np.int32]
    names: list[str]
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Present:
    """Where each of some visitors was last.

    Attributes:
        numbers: (N,) the visitors' numbers, ascending.
        x_m: (N,) metres.
        y_m: (N,) metres.
    """

    numbers: npt.NDArray[np.uint32]
    x_m: npt.NDArray[np.float64]
    y_m: npt.NDArray[np.float64]


def take(connection: sqlite3.Connection, lives: Sequence[Live]) -> int:
    """How many of the batches were refused as late or known, once the others were stored in the caller's transaction.

    The order in which batches come makes no difference, and one that comes twice is stored once.
    """
    by_site: dict[str, list[tuple[float, Live, Positions]]] = defaultdict(list)
    late = 0
    for live in lives:
        if not isinstance(live.body, Positions):
            raise TypeError(f"{type(live.body).__name__} holds no positions")
        at = from_rfc3339(live.body.at)
        if abs(live.heard - at) > MAX_AGE_S:
            late += 1
        else:
            by_site[live.topic.site].append((at, live, live.body))
    for site, batches in by_site.items():
        newest = max(at for at, _, _ in batches)
        names = {visitor for _, _, body in batches for visitor, _, _ in body.visitors}
        numbers = _numbers(connection, site, names, newest)
        for at, live, body in batches:
            late += not _store(connection, live, at, body, numbers)
    return late


def _store(connection: sqlite3.Connection, live: Live, at: float, body: Positions, numbers: dict[str, int]) -> bool:
    """Whether the batch is new."""
    topic = live.topic
    cursor = connection.execute(
        "INSERT INTO batches (site, floor, box, at, people) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (topic.site, topic.floor, topic.box, at, _packed(body, numbers)),
    )
    if cursor.rowcount != 1:
        return False
    connection.execute(
        """INSERT INTO boxes (site, box, floor, positions_at, positions_heard, calibration)
           VALUES (:site, :box, :floor, :at, :heard, :calibration)
           ON CONFLICT (site, box) DO UPDATE SET floor = excluded.floor, positions_at = excluded.positions_at,
           positions_heard = excluded.positions_heard, calibration = excluded.calibration
           WHERE positions_at IS NULL OR positions_at < excluded.positions_at OR positions_at > :heard + :ahead""",
        {
            "site": topic.site,
            "box": topic.box,
            "floor": topic.floor,
            "at": at,
            "heard": live.heard,
            "calibration": body.calibration,
            "ahead": MAX_AGE_S,
        },
    )
    return True


def _packed(body: Positions, numbers: dict[str, int]) -> bytes:
    """Everybody of a batch; of somebody who stands in it twice, the last place."""
    visitors = body.visitors
    if not visitors:
        return b""
    names, x, y = zip(*visitors, strict=True)
    if len(set(names)) != len(names):
        names, x, y = zip(*{one[0]: one for one in visitors}.values(), strict=True)
    people = np.empty(len(names), PERSON)
    people["number"] = [numbers[name] for name in names]
    people["x_cm"] = np.rint(np.array(x, np.float64) * 100)
    people["y_cm"] = np.rint(np.array(y, np.float64) * 100)
    return people.tobytes()


def _numbers(connection: sqlite3.Connection, site: str, names: set[str], at: float) -> dict[str, int]:
    """The visitors' numbers, given where they had none."""
    if not names:
        return {}
    listed = json.dumps(list(names))
    known = "SELECT visitor, number FROM visitors WHERE site = ? AND visitor IN (SELECT value FROM json_each(?))"
    found: dict[str, int] = dict(connection.execute(known, (site, listed)).fetchall())
    fresh = names - found.keys()
    if fresh:
        connection.executemany(
            "INSERT INTO visitors (site, visitor, last_at) VALUES (?, ?, ?)",
            [(site, name, at) for name in sorted(fresh)],
        )
        found.update(connection.execute(known, (site, json.dumps(list(fresh)))).fetchall())
    return found


def unpacked(blobs: Iterable[bytes]) -> npt.NDArray[np.void]:
    """(N,) ``PERSON`` of batches one after the other."""
    return np.frombuffer(b"".join(blobs), PERSON)


def between(database: Database, site: str, floor: str, start: float, end: float) -> Fixes:
    """Who was where on a floor from ``start`` to ``end``, both included."""
    rows = database.rows(
        "SELECT at, people FROM batches WHERE site = ? AND floor = ? AND at BETWEEN ? AND ? ORDER BY at, box",
        (site, floor, start, end),
    )
    people = unpacked(row[1] for row in rows)
    at = np.repeat(np.array([row[0] for row in rows], np.float64), [len(row[1]) // PERSON.itemsize for row in rows])
    numbers, visitor = np.unique(people["number"], return_inverse=True)
    names = names_of(database, numbers.tolist())
    return Fixes(
        at,
        visitor.astype(np.int32),
        [names.get(number, "") for number in numbers.tolist()],
        people["x_cm"] / 100.0,
        people["y_cm"] / 100.0,
    )


def batches_since(
    database: Database, site: str, floor: str, after: float, until: float
) -> list[tuple[int, float, npt.NDArray[np.void]]]:
    """(id, instant, (N,) ``PERSON``) of a floor's batches after ``after`` and not after ``until``, by time."""
    rows = database.rows(
        "SELECT id, at, people FROM batches WHERE site = ? AND floor = ? AND at > ? AND at <= ? ORDER BY at, box",
        (site, floor, after, until),
    )
    return [(row[0], row[1], np.frombuffer(row[2], PERSON)) for row in rows]


def sightings(
    database: Database, site: str, floor: str, start: float, end: float
) -> list[tuple[float, str, float, float]]:
    """(instant, visitor, x, y) from ``start`` to ``end``, both included, in metres: ``between`` for few seconds."""
    found = between(database, site, floor, start, end)
    names = [found.names[index] for index in found.visitor.tolist()]
    return list(zip(found.at.tolist(), names, found.x.tolist(), found.y.tolist(), strict=True))


def names_of(database: Database, numbers: list[int]) -> dict[int, str]:
    """The visitors' ids by number."""
    found = database.rows(
        "SELECT number, visitor FROM visitors WHERE number IN (SELECT value FROM json_each(?))", (json.dumps(numbers),)
    )
    return {row[0]: row[1] for row in found}


def numbers_of(database: Database, site: str, names: Sequence[str]) -> dict[str, int]:
    """The visitors' numbers by id, of those known."""
    found = database.rows(
        "SELECT visitor, number FROM visitors WHERE site = ? AND visitor IN (SELECT value FROM json_each(?))",
        (site, json.dumps(list(names))),
    )
    return {row[0]: row[1] for row in found}


def present(database: Database, site: str, floor: str, start: float, end: float) -> Present:
    """Where everybody on a floor was last, of those who were seen between the instants."""
    rows = database.rows(
        "SELECT people FROM batches WHERE site = ? AND floor = ? AND at BETWEEN ? AND ? ORDER BY at DESC",
        (site, floor, start, end),
    )
    people = unpacked(row[0] for row in rows)
    numbers, first = np.unique(people["number"], return_index=True)  # the first of each: the newest
    return Present(numbers, people["x_cm"][first] / 100.0, people["y_cm"][first] / 100.0)


def latest_positions(
    database: Database, site: str, floor: str, start: float, end: float
) -> dict[str, tuple[float, float]]:
    """Where each visitor was last between the instants, metres by visitor."""
    found = between(database, site, floor, start, end)
    last = np.zeros(len(found.names), np.intp)
    last[found.visitor] = np.arange(len(found.visitor))  # the last one written stays
    x, y = found.x[last].tolist(), found.y[last].tolist()
    return dict(zip(found.names, zip(x, y, strict=True), strict=True))


def tracks(
    database: Database, site: str, floor: str, visitors: Sequence[str], start: float
) -> dict[str, list[tuple[float, float, float]]]:
    """(instant, x, y) of each of these visitors after ``start``, ascending, metres."""
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in visitors}
    rows = database.rows(
        "SELECT at, people FROM batches WHERE site = ? AND floor = ? AND at > ? ORDER BY at, box", (site, floor, start)
    )
    if not rows:
        return found
    listed = json.dumps(list(visitors))
    names = {
        row[0]: row[1]
        for row in database.rows(
            "SELECT number, visitor FROM visitors WHERE site = ? AND visitor IN (SELECT value FROM json_each(?))",
            (site, listed),
        )
    }
    numbers = np.array(list(names), np.uint32)
    for at, blob in rows:
        people = np.frombuffer(blob, PERSON)
        for number, x_cm, y_cm in people[np.isin(people["number"], numbers)].tolist():
            found[names[number]].append((at, x_cm / 100, y_cm / 100))
    return found
