"""Routes for why not: what keeps a campaign from its members, and how every campaign stands for one of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request

from central.api.document import answers
from central.api.gate import needs
from central.api.members import MemberId
from central.api.window import services_of
from central.offers.explain import Explanation
from central.store import decisions, members
from contract.times import to_rfc3339

router = APIRouter(prefix="/v1")

MISSES = {
    "campaign": "lunch",
    "day": "2026-01-31",
    "k": 5,
    "offers": 41,
    "reasons": [{"failed": "dwell", "members": 23, "short_by": 210.0, "unit": "s"}],
}
WHY = {
    "member": "M-1042",
    "at": "2026-01-31T12:00:00.000Z",
    "campaigns": [
        {
            "campaign": "lunch",
            "version": 3,
            "name": "Lunch after fashion",
            "due": False,
            "had": False,
            "missing": [],
            "conditions": [
                {
                    "kind": "dwell",
                    "holds": False,
                    "clause": "spent 7 min in fashion today, 10 min needed",
                    "short_by": 180.0,
                    "unit": "s",
                }
            ],
            "held_back": None,
            "until": None,
            "sentence": "Not due: spent 7 min in fashion today, 10 min needed.",
        }
    ],
}


@dataclass(frozen=True, slots=True)
class ReasonAnswer:
    """Of how many members one thing alone kept the campaign; ``members`` null for fewer than k.

    ``failed`` is a condition's kind, or ``cap``, ``quiet``, ``stock``, ``budget``, ``cool_down``, ``group``,
    ``priority``. ``short_by`` is the mean of how far off they were.
    """

    failed: str
    members: int | None
    short_by: float | None
    unit: str


@dataclass(frozen=True, slots=True)
class MissesReport:
    """Near misses of a campaign on a day; counts have the noise of all figures about people."""

    campaign: str
    day: str
    k: int
    offers: int
    reasons: list[ReasonAnswer]


@dataclass(frozen=True, slots=True)
class ConditionAnswer:
    """A condition's verdict."""

    kind: str
    holds: bool
    clause: str
    short_by: float | None
    unit: str


@dataclass(frozen=True, slots=True)
class CampaignAnswer:
    """How a campaign stands for the member: ``missing`` consents, verdicts, what holds it back and until when."""

    campaign: str
    version: int
    name: str
    due: bool
    had: bool
    missing: list[str]
    conditions: list[ConditionAnswer]
    held_back: str | None
    until: str | None
    sentence: str


@dataclass(frozen=True, slots=True)
class WhyReport:
    """Every campaign in force and a member, as of now."""

    member: str
    at: str
    campaigns: list[CampaignAnswer]


@router.get("/campaigns/{campaign}/misses", dependencies=[needs("manager", "admin")], responses=answers(MISSES))
def get_misses(
    request: Request,
    campaign: str,
    day: Annotated[
        str | None, Query(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", description="of the site; today if absent")
    ] = None,
) -> MissesReport:
    """Of how many members one thing alone kept the campaign on a day; kept for a day."""
    services = services_of(request)
    if all(one.id != campaign for one in services.book.all):
        raise HTTPException(404, f"no campaign {campaign[:64]!r}")
    now = services.clock()
    today = datetime.fromtimestamp(now, services.site.timezone).date()
    wanted = day or today.isoformat()
    store, suppression = services.store, services.insight.suppression
    found = decisions.misses_by_reason(store.database, store.site, campaign, wanted)
    given = {one.campaign: one.offers for one in decisions.counts(store.database, store.site, wanted)}
    reasons = []
    for (failed, unit), listed in found.items():
        told = suppression.count((member for member, _ in listed), f"missed {campaign} {failed} {wanted}")
        shorts = [short for _, short in listed if short is not None]
        mean = _two_digits(fmean(shorts)) if told is not None and len(shorts) >= services.insight.k else None
        reasons.append(ReasonAnswer(failed, told, mean, unit))
    return MissesReport(campaign, wanted, services.insight.k, given.get(campaign, 0), reasons)


@router.get("/members/{member}/why", dependencies=[needs("admin")], responses=answers(WHY))
def get_why(request: Request, member: MemberId) -> WhyReport:
    """Why, or why not: every campaign and each of its conditions about a member, as of now; asking changes nothing."""
    services = services_of(request)
    if members.find(services.store.database, services.store.site, member) is None:
        raise HTTPException(404, f"no member {member!r}")
    now = services.clock()
    return WhyReport(member, to_rfc3339(now), [_told(one) for one in services.engine.why(member, now)])


def _told(one: Explanation) -> CampaignAnswer:
    hold = one.hold
    until = None if hold is None or hold.until == math.inf else to_rfc3339(hold.until)
    conditions = [
        ConditionAnswer(_kind(verdict.facts), verdict.holds, verdict.clause, verdict.short_by, verdict.unit)
        for verdict in one.verdicts
    ]
    return CampaignAnswer(
        one.campaign.id,
        one.campaign.version,
        one.campaign.name,
        one.due,
        one.had,
        list(one.missing),
        conditions,
        None if hold is None else hold.why,
        until,
        one.sentence,
    )


def _kind(facts: dict[str, Any]) -> str:
    return str(facts.get("kind", ""))


def _two_digits(value: float) -> float:
    """A mean to two digits: a quotient to more tells its numbers.

    >>> _two_digits(213.4), _two_digits(0.0)
    (210.0, 0.0)
    """
    return value if value == 0 else round(value, 1 - math.floor(math.log10(abs(value))))
