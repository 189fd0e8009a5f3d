"""What an attacker has of floors: every heatmap, film and present that can be asked for, in one table."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from calibration.site import Site, load_site
from central.insight.heat import Heat
from central.insight.heatmap import HeatMap, Who
from central.insight.playback import frames
from central.insight.suppression import Suppression
from central.insight.window import Window
from central.store import positions
from central.store.rows import Live
from central.store.store import Store
from contract.events import Positions
from contract.times import to_rfc3339
from contract.topics import parse_topic
from tests.central.mall import NOON, write_site

Place = tuple[float, float]
Squares = dict[tuple[int, int], tuple[int, ...]]
QUARTER_S = 900.0
QUARTERS = 3
NOW = NOON + QUARTERS * QUARTER_S + 50
WHOS: tuple[Who, ...] = ("shoppers", "everybody")


@dataclass(frozen=True)
class Fix:
    """Somebody's place at an instant."""

    name: str
    at: float
    place: Place


def told(store: Store, fixes: Iterable[Fix], floor: str = "g", gone: Collection[str] = ()) -> None:
    """Positions as a box tells them, a batch an instant, also where those who are gone would have been alone in it."""
    by_instant: dict[float, list[tuple[str, float, float]]] = {}
    for fix in fixes:
        here = by_instant.setdefault(fix.at, [])
        if fix.name not in gone:
            here.append((fix.name, *fix.place))
    topic = parse_topic(f"atrium/mall/{floor}/box-{floor}/positions")
    lives = [
        Live(topic, at, at, retained=False, body=Positions(to_rfc3339(at), here))
        for at, here in sorted(by_instant.items())
    ]
    with store.database.writing() as connection:
        assert positions.take(connection, lives) == 0


def works(store: Store, names: Iterable[str]) -> None:
    """They are staff."""
    with store.database.writing() as connection:
        connection.executemany("INSERT INTO staff VALUES ('mall', ?, 'till', 0)", [(name,) for name in names])


def quarters(last: int = QUARTERS) -> list[tuple[float, float]]:
    """Every window of whole quarter hours."""
    return list(combinations([NOON + QUARTER_S * n for n in range(last + 1)], 2))


def minutes() -> list[tuple[float, float]]:
    """Windows of the last hour that begin or end within a quarter."""
    ends = [NOON + 60 * n for n in (3, 14, 15, 29, 31, 44)]
    return [(start, end) for start, end in combinations(ends, 2) if (start % QUARTER_S, end % QUARTER_S) != (0, 0)]


class Floor:
    """A mall of its own, whose heat was folded and can be asked for.

    Args:
        folder: for the store.
        suppression: the method.
        fixes: who was where.
        staff: who works there.
        gone: who of all these is not there.
    """

    def __init__(
        self,
        folder: Path,
        suppression: Suppression,
        fixes: Sequence[Fix],
        staff: Sequence[str] = (),
        gone: Collection[str] = (),
    ) -> None:
        folder.mkdir()
        self.site: Site = load_site(write_site(folder))
        self.store = Store(folder / "central.db", "mall")
        works(self.store, [name for name in staff if name not in gone])
        told(self.store, fixes, gone=gone)
        self.heat = Heat(self.store, self.site, suppression)
        self.heat.fold(NOW)

    def ask(self, start: float, end: float) -> HeatMap:
        """The heat of a window, which is told as it was asked for."""
        found = self.heat.told("g", start, end, NOW)
        assert (found.start, found.end) == (start, end)
        return found.heat

    def answers(self) -> dict[tuple[Any, ...], str]:
        """Everything that can be asked of the heat, as told."""
        found: dict[tuple[Any, ...], str] = {}
        for who in WHOS:
            for window in (*quarters(), *minutes()):
                found[*window, who] = json.dumps([str(block) for block in self.ask(*window).blocks(who)])
            for window, most in ((Window(NOON, NOON + 2700), 60), (Window(NOON, NOON + 2700), 9)):
                film = frames(self.heat, self.site, "g", window, most=most, now=NOW)
                for one in film:
                    found["film", most, one.start, who] = json.dumps([str(block) for block in one.heat.blocks(who)])
        return found

    def close(self) -> None:
        """Let the store go."""
        self.store.close()
