"""Folds batches of positions into chunks: every closed minute of a floor, and every closed quarter of an hour.

Folding is a settlement, not a running sum: for every batch the database says how long it has been counted for
(``batches.ticks``); what it should count for follows from the batches before it, whatever order they came in; the
difference is entered. So a late batch shortens the one after it, folding twice changes nothing, and a fold that was
cut off at any point goes on from the database.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from central.store.database import Database
from central.store.heat.chunk import TICKS_A_SECOND, Pairs, packed, united, unpacked
from central.store.heat.grid import codes_of_cm
from central.store.positions import PERSON
from central.store.positions import unpacked as people_of

RecordKeys = Callable[[Iterable[str]], npt.NDArray[np.uint64]]
"""Visitors' secret numbers, by which the noise of figures is chosen (``insight.suppression``)."""

MINUTE_S = 60
QUARTER = 15
"""Minutes of a quarter of an hour, the larger grain; the smaller is 1."""
GRACE_S = 3.0
"""A minute is folded this long after its end; what comes later is settled when it comes."""
USUAL_STEP_S = 1.0
"""A batch stands for this long where its box told none in the ten minutes before."""
MAX_STEP_S = 2.0
"""A batch never stands for longer, so that a silence does not paint heat."""
LOOK_BACK_S = 600.0
MOST_MINUTES = 4
"""Folded at once, so that a fold after a long rest stays small."""


MOST_PEOPLE = 1_500
"""Once so many people's minutes were folded, the other floors have the next call: the writer needs the machine too."""


@dataclass(frozen=True, slots=True)
class _Settlement:
    """What a fold of a floor is to write.

    Attributes:
        steps: (ticks, batch id, ticks as they were) of every batch whose time changes.
        seen: (latest instant, record key, number) of everybody in them.
        chunks: chunks by grain and first minute, as they are to be.
    """

    steps: list[tuple[int, int, int | None]]
    seen: list[tuple[float, int, int]]
    chunks: dict[tuple[int, int], bytes]


def fold(database: Database, site: str, now: float, record_keys: RecordKeys) -> int:
    """How many batches were settled: those of closed minutes that were not, and those that late ones cut short.

    Where many people were, some floors are left for the next call.

    Raises:
        StoreUnavailableError: where nothing can be written now; nothing is lost.
    """
    horizon = int((now - GRACE_S) // MINUTE_S)
    settled, people = 0, 0
    waiting = """SELECT floor, min(at), max(at) FROM batches INDEXED BY batches_unfolded
        WHERE site = ? AND ticks IS NULL AND at < ? GROUP BY floor"""
    while floors := database.rows(waiting, (site, horizon * MINUTE_S)):
        for floor, first, last in floors:
            if people >= MOST_PEOPLE:
                return settled
            until = min(horizon, int(first // MINUTE_S) + MOST_MINUTES)
            folds = folds_of(database, site, floor)
            steps = _steps(database, site, floor, (first, min(last, until * MINUTE_S)), (until, horizon))
            found = _settlement(database, site, floor, steps, record_keys)
            if not _enter(database, site, floor, folds, found):
                return settled  # somebody else folds this floor; the next round sees what is left
            settled, people = settled + len(steps), people + len(found.seen)
    _close_quarters(database, site, horizon)
    if folded_until(database, site) < horizon * MINUTE_S:
        with database.writing() as connection:
            connection.execute(
                "INSERT INTO heat_until VALUES (?, ?) ON CONFLICT DO UPDATE SET minute = excluded.minute",
                (site, horizon),
            )
    return settled


def folded_until(database: Database, site: str) -> float:
    """Seconds since 1970 up to which every minute was folded once; late batches are still settled after."""
    rows = database.rows("SELECT minute FROM heat_until WHERE site = ?", (site,))
    return float(rows[0][0] * MINUTE_S) if rows else 0.0


def folds_of(database: Database, site: str, floor: str) -> int:
    """How often the floor's chunks were changed."""
    rows = database.rows("SELECT folds FROM heat_folds WHERE site = ? AND floor = ?", (site, floor))
    return int(rows[0][0]) if rows else 0


def _steps(
    database: Database, site: str, floor: str, span: tuple[float, float], until: tuple[int, int]
) -> list[tuple[int, int, int | None]]:
    """(ticks, id, ticks as they were) of the batches whose time changes.

    Args:
        database: where they are.
        site: the site.
        floor: the floor.
        span: from the first to the last that was never counted.
        until: minutes before which those are counted now, and those are closed that were counted before.
    """
    rows = database.rows(
        "SELECT id, box, at, ticks FROM batches WHERE site = ? AND floor = ? AND at >= ? AND at <= ? ORDER BY at",
        (site, floor, span[0] - LOOK_BACK_S, span[1] + LOOK_BACK_S),
    )
    before: dict[str, float] = {}
    steps: list[tuple[int, int, int | None]] = []
    for ident, box, at, ticks in rows:
        if span[0] <= at < until[ticks is not None] * MINUTE_S:
            due = _ticks(before.get(box), at)
            if due != ticks:
                steps.append((due, ident, ticks))
        before[box] = at
    return steps


def _settlement(
    database: Database, site: str, floor: str, steps: list[tuple[int, int, int | None]], record_keys: RecordKeys
) -> _Settlement:
    added, seen = _pairs(database, steps)
    keys = _record_keys(database, list(seen), record_keys)
    chunks: dict[tuple[int, int], bytes] = {}
    for minute, pairs in added.items():
        quarter = minute // QUARTER * QUARTER
        for grain, start in ((1, minute), (QUARTER, quarter)):
            kept = chunks.get((grain, start)) or _chunk(database, (site, floor, grain, start))
            if kept is not None:
                before, keys_before = unpacked(kept)
                chunks[grain, start] = packed(united([before, pairs]), keys_before | keys)
            elif grain == 1:
                chunks[grain, start] = packed(pairs, keys)
    return _Settlement(steps, [(at, _signed(keys[number]), number) for number, at in seen.items()], chunks)


def _ticks(before: float | None, at: float) -> int:
    """How long a batch stands for; steps are differences of rounded instants, so that they leave no rest."""
    if before is None or at - before > LOOK_BACK_S:
        return round(USUAL_STEP_S * TICKS_A_SECOND)
    return min(round(at * TICKS_A_SECOND) - round(before * TICKS_A_SECOND), round(MAX_STEP_S * TICKS_A_SECOND))


def _pairs(database: Database, steps: list[tuple[int, int, int | None]]) -> tuple[dict[int, Pairs], dict[int, float]]:
    """Pairs to add by minute, and the latest instant of each visitor number in them."""
    change = {ident: due - (ticks or 0) for due, ident, ticks in steps}
    rows = database.rows(
        "SELECT id, at, people FROM batches WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(change)),),
    )
    by_minute: dict[int, list[tuple[int, bytes]]] = defaultdict(list)
    for ident, at, people in rows:
        if people:
            by_minute[int(at // MINUTE_S)].append((change[ident], people))
    pairs: dict[int, Pairs] = {}
    seen: dict[int, float] = {}
    for minute, batches in by_minute.items():
        people = people_of(blob for _, blob in batches)
        ticks = np.repeat(
            np.array([one for one, _ in batches], np.int64), [len(blob) // PERSON.itemsize for _, blob in batches]
        )
        codes = codes_of_cm(people["x_cm"], people["y_cm"])
        pairs[minute] = united([Pairs(codes, people["number"], ticks)])
        seen.update(dict.fromkeys(np.unique(people["number"]).tolist(), float((minute + 1) * MINUTE_S)))
    return pairs, seen


def _record_keys(database: Database, numbers: list[int], record_keys: RecordKeys) -> dict[int, int]:
    """Record keys by number, made where the table of visitors has none yet."""
    rows = database.rows(
        "SELECT number, visitor, record_key FROM visitors WHERE number IN (SELECT value FROM json_each(?))",
        (json.dumps(numbers),),
    )
    found = {row[0]: row[2] & 0xFFFF_FFFF_FFFF_FFFF for row in rows if row[2] is not None}
    fresh = [(row[0], row[1]) for row in rows if row[2] is None]
    made = record_keys(visitor for _, visitor in fresh)
    found.update(zip((number for number, _ in fresh), made.tolist(), strict=True))
    return dict.fromkeys(numbers, 0) | found


def _signed(key: int) -> int:
    """64 bits as SQLite keeps them."""
    return key - (1 << 64) if key >= 1 << 63 else key


def _enter(database: Database, site: str, floor: str, folds: int, found: _Settlement) -> bool:
    """Whether the settlement was written: not where another process has folded the floor in between."""
    with database.writing() as connection:
        fresh = connection.execute(
            """INSERT INTO heat_folds (site, floor, folds) VALUES (?, ?, 1)
               ON CONFLICT DO UPDATE SET folds = folds + 1 WHERE folds = ?""",
            (site, floor, folds),
        )
        if fresh.rowcount != 1:
            return False
        connection.executemany(
            "UPDATE batches SET ticks = ? WHERE id = ?", [(due, ident) for due, ident, _ in found.steps]
        )
        connection.executemany(
            "UPDATE visitors SET last_at = max(last_at, ?), record_key = ? WHERE number = ?", found.seen
        )
        connection.executemany(
            """INSERT INTO heat_chunks (site, floor, grain, start, pairs) VALUES (?, ?, ?, ?, ?)
               ON CONFLICT (site, floor, grain, start) DO UPDATE SET pairs = excluded.pairs""",
            [(site, floor, grain, start, blob) for (grain, start), blob in found.chunks.items()],
        )
    return True


def _chunk(database: Database, place: tuple[str, str, int, int]) -> bytes | None:
    """The chunk of a site, floor, grain and first minute."""
    rows = database.rows(
        "SELECT pairs FROM heat_chunks WHERE site = ? AND floor = ? AND grain = ? AND start = ?", place
    )
    return rows[0][0] if rows else None


def _close_quarters(database: Database, site: str, horizon: int) -> None:
    """Make the chunk of every quarter of an hour whose minutes are all closed."""
    due = database.rows(
        """SELECT DISTINCT floor, start / :quarter * :quarter AS quarter FROM heat_chunks AS minute
           WHERE site = :site AND grain = 1 AND start < :until AND NOT EXISTS (
               SELECT 1 FROM heat_chunks WHERE site = :site AND floor = minute.floor AND grain = :quarter
               AND start = minute.start / :quarter * :quarter)""",
        {"site": site, "quarter": QUARTER, "until": horizon // QUARTER * QUARTER},
    )
    for floor, quarter in due:
        folds = folds_of(database, site, floor)
        rows = database.rows(
            "SELECT pairs FROM heat_chunks WHERE site = ? AND floor = ? AND grain = 1 AND start BETWEEN ? AND ?",
            (site, floor, quarter, quarter + QUARTER - 1),
        )
        parts = [unpacked(row[0]) for row in rows]
        keys = {number: key for _, known in parts for number, key in known.items()}
        chunk = packed(united([pairs for pairs, _ in parts]), keys)
        _enter(database, site, floor, folds, _Settlement([], [], {(QUARTER, quarter): chunk}))
