"""A run in words: a line for every kind of fault, and what became of the promises."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from benchmarks.chaos.run import Happening, Ran
from benchmarks.chaos.verdict import Verdict


def table(ran: Ran) -> list[str]:
    """Markdown: how often each fault was done, how long until it was named, and until all was calm after its end."""
    by_name: dict[str, list[Happening]] = defaultdict(list)
    for one in ran.happenings:
        by_name[one.name].append(one)
    lines = ["| fault | times | named within | calm after its end |", "|---|---|---|---|"]
    for name, found in sorted(by_name.items()):
        visible = _longest(one.visible_s for one in found)
        lines.append(f"| {name} | {len(found)} | {visible} | {_longest(one.calm_s for one in found)} |")
    return lines


def told(ran: Ran, verdict: Verdict) -> list[str]:
    """The figures, and every promise broken."""
    truth = ran.truth
    lines = [
        "",
        f"{verdict.faults} faults, {verdict.blinks} services killed on the side",
        f"{verdict.committed} events: lost {verdict.lost}, doubled {verdict.doubled}, invented {verdict.invented}",
        f"named after {verdict.visible_median_s:.1f} s (median), {verdict.visible_s:.1f} s (slowest)",
        f"calm {verdict.calm_median_s:.1f} s (median), {verdict.calm_s:.1f} s (slowest) after a fault's end",
    ]
    if truth is not None:
        lines.append(
            f"of {truth.due} crossings that the simulator knows, central has {truth.found}, and {truth.more} more: "
            "with cameras frozen, turned and boxes dead nobody sees them all"
        )
    return [*lines, "stood it" if verdict.stood else "failed: " + "; ".join(verdict.broken)]


def _longest(values: Iterable[float | None]) -> str:
    known = list(values)
    if any(one is None for one in known):
        return "not"
    return f"{max(one for one in known if one is not None):.1f} s"
