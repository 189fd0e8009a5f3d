"""What is wrong with a campaigns file, all of it at once, each with its place and its mend."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import msgspec

from central.offers.campaigns import CAMPAIGNS_SCHEMA, CampaignsFile, Categories, Dwell, NotVisited, Window

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong (``error``: the file is refused) or doubtful (``warning``).

    Attributes:
        line: from 1; ``column`` too.
        field: as ``campaigns[0].conditions[1].minutes``; empty where the text is no TOML.
        mend: what to do, as an order.
    """

    line: int
    column: int
    field: str
    message: str
    mend: str
    severity: Severity = "error"

    def __str__(self) -> str:
        """``LINE:COLUMN field: message; mend``."""
        return f"{self.line}:{self.column} {self.field or 'file'}: {self.message}; {self.mend}"


def lint(text: str, categories: Categories, floors: Collection[str] = ()) -> list[Finding]:  # noqa: ARG001
    """All that is wrong with the text."""
    try:
        found = msgspec.toml.decode(text, type=CampaignsFile)
    except (msgspec.DecodeError, ValueError) as error:
        return [Finding(1, 1, "", str(error), "correct it")]
    if found.schema != CAMPAIGNS_SCHEMA:
        return [Finding(1, 1, "schema", f"{found.schema} is unknown to this version", f'write "{CAMPAIGNS_SCHEMA}"')]
    known = {one for one in categories.by_zone.values() if one}
    findings = []
    for number, campaign in enumerate(found.campaigns):
        at = f"campaigns[{number}].conditions"
        for place, condition in enumerate(campaign.conditions):
            match condition:
                case Window(start=start, to=to) if start in {to, "24:00"}:
                    findings.append(Finding(1, 1, f"{at}[{place}]", f"from {start} to {to} is no stretch", "correct"))
                case Dwell(category=category) | NotVisited(category=category) if category and category not in known:
                    findings.append(Finding(1, 1, f"{at}[{place}].category", f"no zone is {category!r}", "correct it"))
        if not any(isinstance(condition, Dwell) for condition in campaign.conditions):
            findings.append(Finding(1, 1, at, "needs one of kind dwell", "add one"))
    return findings
