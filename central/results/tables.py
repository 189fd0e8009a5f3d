"""Results as flat rows for spreadsheets: a figure as five columns, amounts in the currency."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from datetime import date
from typing import Any, Literal, get_type_hints

from central.insight.figure import Figure
from central.insight.shops import ShopSummary
from central.insight.tables import Row
from central.results.campaigns import CampaignLine
from central.results.funnel import FunnelWeek
from central.results.pairs import Pair
from central.results.results import Days, Results

What = Literal["campaigns", "funnel", "pairs", "tenants"]
_FIGURE_PARTS = ("n", "low", "high", "withheld")
_ENTRIES: dict[What, type] = {"campaigns": CampaignLine, "funnel": FunnelWeek, "pairs": Pair, "tenants": ShopSummary}
_BEFORE: dict[What, tuple[str, ...]] = {"campaigns": (), "funnel": (), "pairs": ("by",), "tenants": ()}


def columns(what: What) -> dict[str, type[str | float]]:
    """Name and kind of a table's columns, the same whether it has rows or not."""
    found: dict[str, type[str | float]] = dict.fromkeys(_BEFORE[what], str)
    for name, kind in get_type_hints(_ENTRIES[what]).items():
        if kind is Figure:
            found[name] = float
            found |= {f"{name}_{part}": str if part == "withheld" else float for part in _FIGURE_PARTS}
        else:
            found[name] = float if kind in {float, int} else str  # a claim is text
    return found


def rows(results: Results, what: What, days: Days, tenants: tuple[str, ...]) -> Iterator[Row]:
    """The table's rows.

    Args:
        results: of the site.
        what: which table.
        days: of all but the campaigns, which are of all time.
        tenants: whose shops ``tenants`` is about.
    """
    match what:
        case "campaigns":
            yield from (flat(one) for one in results.campaigns())
        case "funnel":
            yield from (flat(one) for one in results.funnel(days))
        case "pairs":
            found = results.pairs(days)
            for by, told in (("visits", found.by_visits), ("purchases", found.by_purchases)):
                yield from ({"by": by, **flat(one)} for one in told)
        case "tenants":
            for tenant in tenants:
                report = results.tenant(tenant, days)
                yield from (flat(one) for one in (report.shops if report else ()))


def flat(entry: Any) -> Row:
    """A dataclass as columns; a figure as five, days and claims as text."""
    row: Row = {}
    for field in fields(entry):
        value = getattr(entry, field.name)
        if isinstance(value, Figure):
            row[field.name] = value.value
            row |= {f"{field.name}_{part}": getattr(value, part) for part in _FIGURE_PARTS}
        elif isinstance(value, bool):
            row[field.name] = "true" if value else "false"
        else:
            row[field.name] = value.isoformat() if isinstance(value, date) else value
    return row
