"""Why an offer was made, and why one was not: facts for programs, a sentence for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, tzinfo
from typing import Any

from central.offers.campaigns import Campaign
from central.offers.counting import Standing
from central.offers.facts import Due, Hold
from central.offers.situation import Verdict
from central.store.links import Link

LINKING_PURPOSE = "journey"
"""The consent without which no member is ever joined to a visitor."""

_CAME_BY = {
    "checkin": "Checked in",
    "sale": "Bought something",
    "receipt": "Scanned a receipt",
    "parking_in": "Drove in",
    "parking_out": "Drove out",
    "kiosk": "Used a kiosk",
    "redemption": "Redeemed a coupon",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a campaign stands for a member now.

    Attributes:
        due: whether everything holds, and it is made or about to be.
        had: whether the member has had it on this occasion, as an offer or held out.
        missing: consents and links that it needs and that are not there.
        verdicts: one a condition, in the order of the file; none where the member may not be looked at.
        hold: what it is held back by; None where nothing does.
    """

    campaign: Campaign
    due: bool
    had: bool
    missing: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    hold: Hold | None

    @property
    def sentence(self) -> str:
        """Why, or why not, in one sentence without a name."""
        if self.missing:
            return f"Not looked at: {' and '.join(self.missing)}."
        failing = [verdict.clause for verdict in self.verdicts if not verdict.holds]
        if self.had:
            return "They have had it on this occasion."
        if failing:
            return f"Not due: {'; '.join(failing)}."
        if self.hold is not None:
            return f"Due, but held back: {HELD_BACK.get(self.hold.why, self.hold.why)}."
        return f"Due: {'; '.join(verdict.clause for verdict in self.verdicts)}."


HELD_BACK = {
    "cap": "as many were given as the campaign allows",
    "quiet": "these are its quiet hours",
    "stock": "no coupon is left",
    "budget": "its budget is spent",
    "cool_down": "the member had an offer too recently",
    "group": "the member had another campaign of its group today",
    "priority": "the member had an offer a moment ago",
}


def sentence(due: Due, link: Link, timezone: tzinfo) -> str:
    """Why the offer is made, for people."""
    came = _CAME_BY.get(str(link.facts.get("touchpoint", "checkin")), "Was known")
    at = datetime.fromtimestamp(link.at, timezone)
    clauses = "; ".join(verdict.clause for verdict in due.verdicts)
    return (
        f"{came} at {at:%H:%M} and was matched to one visitor with {link.confidence:.0%} confidence; {clauses};"
        " agreed to this kind of offer."
    )


def facts(due: Due, links: Sequence[Link], standing: Standing, now: float, *, pool: str, cost: int) -> dict[str, Any]:
    """Why the offer is made, for programs: every verdict, the link, the caps as they stood, how long it took.

    Args:
        due: the decision.
        links: whom the member was linked to, oldest first.
        standing: what had been given before.
        now: when it was decided, seconds since 1970.
        pool: where the coupon comes from.
        cost: of it, minor units.
    """
    campaign = due.campaign
    caps = {name: most for name, most in limits(campaign).items() if most is not None}
    newest = links[-1]
    return {
        "campaign": {"id": campaign.id, "version": campaign.version, "name": campaign.name, "scene": campaign.scene},
        "link": {"confidence": round(newest.confidence, 3)} | newest.facts,
        "links": len(links),
        "conditions": [verdict.facts for verdict in due.verdicts],
        "consents": [LINKING_PURPOSE, campaign.purpose],
        "once": campaign.once,
        "caps": caps,
        "given_before": {
            name: value for name, value in asdict(standing).items() if name in {"of_member", "today", "total", "cost"}
        },
        "holdout_percent": campaign.holdout_percent,
        "pool": pool,
        "cost": cost,
    } | latency(due.camera_at, due.heard_at, now)


def latency(camera_at: float, heard_at: float, now: float) -> dict[str, Any]:
    """From the camera's instant to the decision: seconds in all, and until central heard of it."""
    return {
        "latency_s": round(max(now - camera_at, 0.0), 3),
        "latency": {"camera_at": round(camera_at, 3), "heard_at": round(heard_at, 3), "decided_at": round(now, 3)},
    }


def limits(campaign: Campaign) -> dict[str, Any]:
    """What limits the campaign, as its file says it."""
    caps = campaign.caps
    return {
        "per_member": caps.per_member,
        "per_day": caps.per_day,
        "total": caps.total,
        "budget": campaign.budget,
        "cool_down_hours": campaign.cool_down_hours or None,
        "group": campaign.group or None,
    }
