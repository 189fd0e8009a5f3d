"""The store's commit beside bare ``executemany``: the very same rows, statements, tables and transactions."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from benchmarks.central.mall import SITE
from benchmarks.central.rows import arrivals
from central.store.batch import INSERT, commit
from central.store.store import Store

BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Ratio:
    """Rows a second of both.

    Attributes:
        ours: through ``batch.commit``: accounts kept, duplicates dropped, boxes noted.
        raw: ``sqlite3.executemany`` alone.
    """

    rows: int
    ours: float
    raw: float

    @property
    def share(self) -> float:
        """What we reach of the bare rate."""
        return self.ours / self.raw


def compare(batches: int, folder: Path | None = None) -> Ratio:
    """Both ways in turns, batch by batch, each into a database of its own."""
    ours_s, raw_s, rows = 0.0, 0.0, 0
    with tempfile.TemporaryDirectory(dir=folder) as name:
        ours, raw = Store(Path(name) / "ours.db", SITE), Store(Path(name) / "raw.db", SITE)
        for batch in islice(arrivals(BATCH), batches):
            by_table = [(sql, [one.row for one in batch if one.table == table]) for table, sql in INSERT.items()]
            began = time.perf_counter()
            commit(ours.database, batch)
            between = time.perf_counter()
            with raw.database.writing() as connection:
                for sql, found in by_table:
                    connection.executemany(sql, found)
            raw_s += time.perf_counter() - between
            ours_s += between - began
            rows += len(batch)
        count = (
            "SELECT (SELECT count(*) FROM visits) + (SELECT count(*) FROM crossings) + (SELECT count(*) FROM journeys)"
        )
        stored = [one.database.rows(count)[0][0] for one in (ours, raw)]
        if stored[0] != stored[1]:
            raise AssertionError(f"{stored[0]} rows through the store, {stored[1]} bare")
        ours.close()
        raw.close()
    return Ratio(rows, rows / ours_s, rows / raw_s)
