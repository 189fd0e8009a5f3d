"""Figures as tables for spreadsheets: one row a zone, link, sequence, line or quarter-hour, never one a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from itertools import chain, islice
from typing import Any, Literal, get_type_hints

from central.insight.crowds import Who
from central.insight.doors import Doors, LineCount
from central.insight.dwell import Bin, ZoneDwell
from central.insight.figure import Figure
from central.insight.flows import Flows, Link, Sources, ZoneSequence
from central.insight.shops import Quarter, Shops, ShopSummary
from central.insight.window import Window
from contract.times import to_rfc3339

What = Literal["zones", "dwell", "bins", "quarters", "flows", "categories", "sequences", "crossings"]

Row = dict[str, str | float | None]

_PLACE = ("zone", "name")
_OF: dict[What, tuple[tuple[str, ...], type]] = {
    "zones": ((), ShopSummary),
    "dwell": ((), ZoneDwell),
    "bins": (_PLACE, Bin),
    "quarters": (_PLACE, Quarter),
    "flows": ((), Link),
    "categories": ((), Link),
    "sequences": ((), ZoneSequence),
    "crossings": ((), LineCount),
}
_FIGURE_PARTS = ("n", "low", "high", "withheld")
_TIMES = frozenset({"start", "minute"})


def columns(what: What) -> dict[str, type[str | float]]:
    """Name and kind of a table's columns, the same whether it has rows or not."""
    more, entry = _OF[what]
    found: dict[str, type[str | float]] = dict.fromkeys(more, str)
    for name, kind in get_type_hints(entry).items():
        if kind is Figure:
            found[name] = float
            found |= {f"{name}_{part}": str if part == "withheld" else float for part in _FIGURE_PARTS}
        else:
            found[name] = float if kind in {float, float | None} and name not in _TIMES else str
    return found


class Tables:
    """The same figures as the reports', flat.

    Args:
        services: see ``Sources``.
    """

    def __init__(self, services: Sources) -> None:
        self._shops = Shops(services)
        self._flows = Flows(services)
        self._doors = Doors(services)

    def rows(self, what: What, window: Window, who: Who) -> Iterator[Row]:
        """The table's rows; every row has the same columns in the same order.

        The first is reckoned at once: what must be refused is refused before an answer has begun.

        Raises:
            BadInputError: where the window is too long for the table, or too much lies in it.
        """
        make: dict[What, Callable[[], Iterator[Row]]] = {
            "zones": lambda: (_flat(one) for one in self._shops.all(window, who)),
            "dwell": lambda: (_flat(one) for one in self._shops.dwell(window, who)),
            "bins": lambda: self._bins(window, who),
            "quarters": lambda: self._quarters(window, who),
            "flows": lambda: (_flat(one) for one in self._flows.zones(window, "zone", who).links),
            "categories": lambda: (_flat(one) for one in self._flows.zones(window, "category", who).links),
            "sequences": lambda: (_flat(one) for one in self._flows.sequences(window, 3, who)),
            "crossings": lambda: (_flat(one) for one in self._doors.crossings(window, who, by_step=True)),
        }
        rows = make[what]()
        return chain(list(islice(rows, 1)), rows)

    def _bins(self, window: Window, who: Who) -> Iterator[Row]:
        for place, bins in self._shops.bins(window, who):
            for one in bins:
                yield {"zone": place.id, "name": place.name, **_flat(one)}

    def _quarters(self, window: Window, who: Who) -> Iterator[Row]:
        for place, quarters in self._shops.quarters(window, who):
            for one in quarters:
                yield {"zone": place.id, "name": place.name, **_flat(one)}


def _flat(entry: Any) -> Row:
    """A dataclass as columns; a figure as five, times as text."""
    row: Row = {}
    for field in fields(entry):
        value = getattr(entry, field.name)
        if isinstance(value, Figure):
            row[field.name] = value.value
            row |= {f"{field.name}_{part}": getattr(value, part) for part in _FIGURE_PARTS}
        elif field.name in _TIMES:
            row[field.name] = to_rfc3339(value)
        elif isinstance(value, tuple):
            row[field.name] = " > ".join(value)
        else:
            row[field.name] = value
    return row
