"""A campaign's result as it may be told: uplift, what may be ascribed to it under which assumption, and how sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from central.insight.figure import FEW, Figure
from central.offers.campaigns import Campaign, Pool
from central.results.measure import PURPOSE, Change, Measured, asked_of, change, measure, unbalanced
from central.results.telling import crowd, members_figure, rounded, share_of_members, step_of, sum_figure
from central.store.database import Database
from central.store.result_counts import Sum, Used, spent_after, used

Verdict = Literal["more", "fewer", "no difference found", "too early", "no holdout", "few"]


@dataclass(frozen=True, slots=True)
class Ascribed:
    """A way to count what a campaign brought, with what it takes for granted.

    Attributes:
        way: ``used the coupon``, ``came after it`` or ``would not have come without``.
        assumes: in one sentence, what must be so for the figure to be the campaign's doing.
        members: how many.
        spend: minor units.
        visits: days in the mall, where this way counts them.
    """

    way: Literal["used the coupon", "came after it", "would not have come without"]
    assumes: str
    members: Figure
    spend: Figure
    visits: Figure


@dataclass(frozen=True, slots=True)
class CampaignLine:
    """A campaign in one line of a list.

    Attributes:
        reckoned: whether the uplift has been reckoned today; where not, ask for the campaign itself, or again.
        verdict: of visits.
    """

    campaign: str
    name: str
    scene: str
    enabled: bool
    holdout_percent: float
    offered: Figure
    redeemed: Figure
    reckoned: bool
    verdict: Verdict
    visits: Figure


@dataclass(frozen=True, slots=True)
class CampaignResult:
    """A campaign measured.

    Attributes:
        horizon_days: how long after the first offer what members do counts.
        as_of: the last day that is looked at: yesterday, at the site.
        currency: of ``spend``, in whole minor units.
        offered: members who were offered, whether their time is over or not.
        held: members held back.
        waiting: members whose time is not over yet.
        left: members left out of the means, since they have withdrawn a consent or have been erased.
        unbalanced: the arms' sizes are not what the holdout makes of chance; the uplift is not to be trusted then.
        verdict: of visits, the outcome that was named beforehand.
        found_on: the first day on which a difference in visits could be told; None where it never could.
        sentence: what it says.
        redeemed: members who used a coupon, out of those offered.
        changes: visits, breadth and spend.
        ascribed: three ways to count what it brought.
    """

    campaign: str
    name: str
    horizon_days: int
    as_of: date
    k: int
    currency: str
    holdout_percent: float
    offered: Figure
    held: Figure
    waiting: Figure
    left: Figure
    unbalanced: bool
    verdict: Verdict
    found_on: date | None
    sentence: str
    redeemed: Figure
    changes: list[Change]
    ascribed: list[Ascribed]


@dataclass(frozen=True, slots=True, eq=False)
class Reckoned:
    """A campaign and everything known of it inside."""

    campaign: Campaign
    horizon_days: int
    as_of: date
    measured: Measured
    used: Used
    after: dict[bool, Sum]
    shops: tuple[str, ...]


def reckon(
    database: Database, site: str, campaign: Campaign, pool: Pool | None, *, as_of: date, horizon_days: int, k: int
) -> Reckoned:
    """Everything known of the campaign at the end of that day."""
    shops = shops_of(pool)
    return Reckoned(
        campaign,
        horizon_days,
        as_of,
        measure(database, site, campaign.id, last_day=as_of, horizon_days=horizon_days, k=k),
        used(database, site, campaign.id, as_of.isoformat()),
        spent_after(database, site, asked_of(campaign.id, as_of, horizon_days), shops),
        shops,
    )


def shops_of(pool: Pool | None) -> tuple[str, ...]:
    """Tenants whose sales a campaign is credited with: where its coupon may be used, or who pays for it; () for all."""
    if pool is None:
        return ()
    return tuple(pool.shops) or ((pool.tenant,) if pool.funder == "tenant" and pool.tenant else ())


def line(campaign: Campaign, found: Reckoned | None, given: Used, k: int) -> CampaignLine:
    """The campaign in one line."""
    visits = None if found is None else change(found.measured, "visits", found.horizon_days, k)
    return CampaignLine(
        campaign.id,
        campaign.name or campaign.id,
        campaign.scene,
        campaign.enabled,
        campaign.holdout_percent,
        members_figure(given.members, k),
        share_of_members(given.used.members, given.members, k),
        found is not None,
        "too early" if visits is None else verdict_of(visits, campaign),
        FEW if visits is None else visits.relative,
    )


def result(found: Reckoned, currency: str, k: int) -> CampaignResult:
    """The campaign measured, as it may be told."""
    campaign, measured = found.campaign, found.measured
    rows = measured.standing.members
    offered, held = (sum(one[2] for one in rows if one[0] is arm) for arm in (True, False))
    stayed = sum(one[3] for one in rows)
    changes = [change(measured, metric, found.horizon_days, k) for metric in measured.looks]
    visits = changes[0]
    verdict = verdict_of(visits, campaign)
    path = measured.looks["visits"]
    first = int(path.found.argmax()) if len(path) and path.found.any() else None
    is_unbalanced = unbalanced(measured.standing, campaign.holdout_percent)
    return CampaignResult(
        campaign.id,
        campaign.name or campaign.id,
        found.horizon_days,
        found.as_of,
        k,
        currency,
        campaign.holdout_percent,
        members_figure(offered, k),
        members_figure(held, k),
        members_figure(stayed - len(measured.due), k),
        members_figure(offered + held - stayed, k),
        is_unbalanced,
        verdict,
        None if first is None else visits.looks[first].told_on,
        sentence(verdict, visits, found.horizon_days, is_unbalanced=is_unbalanced),
        share_of_members(found.used.used.members, found.used.members, k),
        changes,
        ascribed(found, changes, k),
    )


def verdict_of(visits: Change, campaign: Campaign) -> Verdict:
    """What the visits say."""
    if not campaign.holdout_percent and visits.state in {"few", "too early"}:
        return "no holdout"
    if visits.state in {"few", "too early"}:
        return "few" if visits.state == "few" else "too early"
    if visits.state == "not found" or visits.difference.value is None:
        return "no difference found"
    return "more" if visits.difference.value > 0 else "fewer"


def sentence(verdict: Verdict, visits: Change, horizon_days: int, *, is_unbalanced: bool) -> str:
    """The verdict for people."""
    if is_unbalanced:
        return (
            "More or fewer members were held back than chance explains, so the two groups are not alike. "
            "Find out why before you believe the rest: did stock or budget run out?"
        )
    span = ""
    if visits.relative.value is not None and visits.relative.low is not None and visits.relative.high is not None:
        span = f"{visits.relative.low:+.0%} to {visits.relative.high:+.0%}"
    wait = "" if visits.days_to_tell is None else f" About {visits.days_to_tell} more days at this rate would tell."
    match verdict:
        case "more" | "fewer":
            return (
                f"Members who were offered came {verdict if verdict == 'fewer' else 'more'} often than those held "
                f"back, within {horizon_days} days: {span or 'by how much is not sure'}."
            )
        case "no difference found":
            done = visits.days_to_tell == 0
            return (
                f"No difference in visits could be told{': ' + span if span else ''}. "
                + ("A tenth more or fewer would most likely have shown by now." if done else wait.strip())
            ).strip()
        case "too early":
            return "Too early to say: too few members have had their time." + wait
        case "no holdout":
            return "Nobody is held back, so nothing can be said about what the campaign caused. Set holdout_percent."
        case _:
            return "Too few members to tell of."


def ascribed(found: Reckoned, changes: Sequence[Change], k: int) -> list[Ascribed]:
    """Three ways to count, side by side; only the last says what the campaign caused."""
    measured, days = found.measured, found.horizon_days
    offered = sum(one.offered for one in measured.due)
    held = len(measured.due) - offered
    where = f"in {', '.join(found.shops)}" if found.shops else "anywhere in the mall"
    after = found.after.get(True, Sum())
    anyway = share_of_members(found.after.get(False, Sum()).members, held, k)
    same = f"{anyway.value:.0%} of those held back" if anyway.value is not None else "some of those held back"
    through = found.used.used
    by_metric = {one.metric: one for one in changes}
    return [
        Ascribed(
            "used the coupon",
            "Every sale on which the coupon was used is the campaign's: nobody would have bought without it.",
            members_figure(through.members, k),
            sum_figure(through.total, through.members, through.largest, k),
            FEW,
        ),
        Ascribed(
            "came after it",
            f"Everything that members bought {where} within {days} days after the offer is the campaign's: nobody "
            f"would have come anyway. But {same} bought there as well, without any offer.",
            members_figure(after.members, k),
            sum_figure(after.total, after.members, after.largest, k),
            FEW,
        ),
        Ascribed(
            "would not have come without",
            "The difference between offered and held back, times those offered: chance alone decided who was held "
            "back, so nothing else can be the cause. Any shop's sales count, the largest winsorised.",
            members_figure(offered, k),
            times(by_metric["spend"].difference, crowd(offered, k)),
            times(by_metric["visits"].difference, crowd(offered, k)),
        ),
    ]


def times(figure: Figure, number: int) -> Figure:
    """A mean over members as a sum over so many of them."""
    if figure.value is None or figure.low is None or figure.high is None:
        return figure
    step = step_of((figure.high - figure.low) * number / 4)
    value, low, high = (rounded(part * number, step) for part in (figure.value, figure.low, figure.high))
    return replace(figure, value=value, low=low, high=high, n=number)


__all__ = ["PURPOSE", "Ascribed", "CampaignLine", "CampaignResult", "Reckoned", "line", "reckon", "result"]
