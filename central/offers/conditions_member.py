"""Conditions about who a member is, what they bought and how they came."""

from __future__ import annotations

from datetime import timedelta

from central.offers.campaigns import ArrivedBy, Members, Prefers, Spent, Tags, Tier, minor
from central.offers.conditions_clock import midnight
from central.offers.conditions_days import UNKNOWN
from central.offers.situation import Situation, Verdict, no, yes
from central.store.purchases import Purchase


def tags(condition: Tags, now: Situation) -> Verdict:
    """Of the mall's file and computed ones, in one set."""
    facts: dict[str, object] = {"kind": "tags"}
    if now.profile is None:
        return no(facts, UNKNOWN)
    theirs = now.profile.tags
    missing = [tag for tag in condition.all_of if tag not in theirs]
    shut_out = [tag for tag in condition.none_of if tag in theirs]
    of_any = [tag for tag in condition.any_of if tag in theirs]
    facts |= {"has": sorted({*of_any, *(tag for tag in condition.all_of if tag in theirs)})}
    if missing:
        facts["missing"] = missing
        return no(facts, f"is not {', '.join(missing)}", float(len(missing)), "tags")
    if shut_out:
        facts["shut_out_by"] = shut_out
        return no(facts, f"is {', '.join(shut_out)}, which is left out", float(len(shut_out)), "tags")
    if condition.any_of and not of_any:
        return no(facts, f"is none of {', '.join(condition.any_of)}", 1.0, "tags")
    has = [*of_any, *condition.all_of]
    clause = f"is {', '.join(has)}" if has else f"is not {' or '.join(condition.none_of)}"
    return yes(facts, clause)


def tier(condition: Tier, now: Situation) -> Verdict:
    """As the mall's file has it."""
    theirs = now.profile.tier if now.profile else ""
    facts = {"kind": "tier", "tier": theirs}
    if now.profile is None:
        return no(facts, UNKNOWN)
    if theirs in condition.any_of:
        return yes(facts, f"has tier {theirs}")
    return no(facts, f"has {'tier ' + theirs if theirs else 'no tier'}, not {' or '.join(condition.any_of)}")


def prefers(condition: Prefers, now: Situation) -> Verdict:
    """What they said themselves."""
    holds = now.profile is not None and condition.category in now.profile.preferred
    facts = {"kind": "prefers", "category": condition.category}
    return Verdict(holds, facts, f"{'prefers' if holds else 'did not name'} {condition.category}")


def spent(condition: Spent, now: Situation) -> Verdict:
    """What was kept of the sales there; a sale given back in whole is none."""
    today = now.local.date()
    days = max(condition.within_days, 1)
    since = (today - timedelta(days=days - 1)).isoformat()
    sales = [one for one in now.purchases if one.day >= since and one.kept > 0 and _is_there(condition, one)]
    total, needed = sum(one.kept for one in sales), minor(condition.at_least)
    facts = {
        "kind": "spent",
        "amount": total / 100,
        "needed": needed / 100,
        "receipts": len(sales),
        "needed_receipts": condition.receipts,
        "within_days": days,
    }
    where = condition.tenant or condition.zone or condition.category
    when = "today" if days == 1 else f"in {days} days"
    clause = f"bought for {total / 100:.2f}" + (f" in {where}" if where else "") + f" {when}"
    if total < needed:
        return no(facts, f"{clause}, {needed / 100:.2f} needed", float(needed - total), "minor units")
    if len(sales) < condition.receipts:
        clause = f"{clause} on {len(sales)} receipts, {condition.receipts} needed"
        return no(facts, clause, float(condition.receipts - len(sales)), "receipts")
    for number, sale in enumerate(sales):  # the oldest falls out of the days first
        total -= sale.kept
        if total < needed or len(sales) - number - 1 < condition.receipts:
            gone = today.fromisoformat(sale.day) + timedelta(days=days)
            return yes(facts, clause, midnight(gone, now.local.tzinfo))
    return yes(facts, clause)


def arrived_by(condition: ArrivedBy, now: Situation) -> Verdict:
    """The sources of all of today's touchpoints."""
    by = [one for one in condition.any_of if one in now.sources]
    facts = {"kind": "arrived_by", "sources": by}
    if by:
        return yes(facts, f"came by {', '.join(by)}")
    return no(facts, f"did not come by {' or '.join(condition.any_of)}")


def members(condition: Members, now: Situation) -> Verdict:
    """By id; the ids stay out of the facts."""
    holds = now.profile is not None and now.profile.member in condition.ids
    return Verdict(holds, {"kind": "members"}, f"is {'' if holds else 'not '}one of those chosen")


def _is_there(condition: Spent, sale: Purchase) -> bool:
    return (
        (not condition.category or sale.category == condition.category)
        and (not condition.tenant or sale.tenant == condition.tenant)
        and (not condition.zone or condition.zone in {sale.zone, f"{sale.floor}/{sale.zone}"})
    )
