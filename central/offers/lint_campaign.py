"""Whether a campaign makes sense as a whole: whom it is for, how it reaches them, what can be learnt from it."""

from __future__ import annotations

import math

from central.offers.campaigns import (
    ArrivedBy,
    Calendar,
    Campaign,
    Crowd,
    Dwell,
    Entered,
    InPlace,
    Members,
    Pool,
    Sequence,
    Spent,
    Visited,
    Window,
    minor,
)
from central.offers.findings import Findings, quoted
from central.offers.lint_places import Places
from central.offers.lint_pools import cost_of
from central.offers.toml_spots import Path

PRESENT = (InPlace, Dwell, Visited, Sequence, Entered, Spent, ArrivedBy)
"""Kinds that say where somebody is or has been, or how they came."""
WITHOUT_PLACE = frozenset({"life_cycle", "anniversary", "one_off"})
ON_SCREENS = (Window, Calendar, Crowd)
LONGEST = {"app": 120, "sms": 160, "message": 300, "kiosk": 120, "screen": 80}
"""Characters that a channel shows; an SMS with letters beyond its own alphabet carries less than half."""
LONGEST_SMS_BEYOND = 70
SMS_ALPHABET = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà^{}\\[~]|€"
)
"""GSM 03.38, table and extension."""
REACH_A_WEEK = 1000
"""Members whom a campaign reaches in a week, where no cap says less."""
USUAL_RATE, WORTHWHILE_RATE = 0.30, 0.33
"""What a holdout must tell apart: of 100 members 30 do it anyway, and 33 with the offer."""
POWER_Z = (1.960 + 0.842) ** 2
"""At 5 % false alarms (two sides), found in 80 % of cases."""
MOST_WEEKS = 26


def check_campaign(campaign: Campaign, path: Path, findings: Findings, places: Places, pools: dict[str, Pool]) -> None:
    """Find what contradicts audience and channel, and what nothing can be learnt from."""
    if campaign.audience == "screen":
        _for_screens(campaign, path, findings, places)
    else:
        _for_members(campaign, path, findings, places)
        _check_holdout(campaign, path, findings)
    _check_wording(campaign, path, findings)
    pool = pools.get(campaign.coupon)
    if pool is not None and campaign.budget is not None:
        cost = cost_of(pool)
        if cost is None:
            said = f"nobody knows what a coupon of {pool.id} costs, so that the budget never ends"
            findings.warning((*path, "budget"), said, f"give {pool.id} a ceiling or a cost")
        elif minor(campaign.budget) < cost:
            said = f"one coupon of {pool.id} costs {cost / 100:.2f}: there would be none"
            findings.error((*path, "budget"), said, f"write `{cost / 100:.2f}` or more")
    if campaign.caps.total and campaign.caps.per_day and campaign.caps.per_day > campaign.caps.total:
        said = "a day's cap above that of all days caps nothing"
        findings.warning((*path, "caps", "per_day"), said, f"write `{campaign.caps.total}` or less")


def _for_screens(campaign: Campaign, path: Path, findings: Findings, places: Places) -> None:
    if not campaign.zone:
        sample = next((f"{floor}/{zone}" for floor, zone in places.site.by_zone), "g/hall")
        said = "an offer on screens needs the zone in which they stand"
        findings.error((*path, "zone"), said, f"add `zone = {quoted(sample)}`", key=True)
    else:
        places.check("zone", campaign.zone, (*path, "zone"), findings)
    if campaign.channel != "screen":
        mend = 'write `"screen"`' if findings.has((*path, "channel")) else 'add `channel = "screen"`'
        findings.error((*path, "channel"), "what is for a screen goes to screens", mend)
    for number, condition in enumerate(campaign.conditions):
        if not isinstance(condition, ON_SCREENS):
            said = "a screen knows nobody: only window, calendar and crowd can hold for it"
            findings.error((*path, "conditions", number), said, "remove it")
    if campaign.holdout_percent:
        findings.warning((*path, "holdout_percent"), "who passes a screen cannot be held back", "remove it", key=True)


def _for_members(campaign: Campaign, path: Path, findings: Findings, places: Places) -> None:
    if campaign.channel == "screen":
        said = "a member's offer on a screen would be read by everybody"
        findings.error((*path, "channel"), said, 'write `"app"`, or make the audience "screen"')
    if campaign.zone:
        findings.warning((*path, "zone"), "is for screens and does nothing here", "remove it", key=True)
    for number, condition in enumerate(campaign.conditions):
        if isinstance(condition, Crowd):
            said = 'how many are there is for screens only (audience = "screen")'
            findings.error((*path, "conditions", number), said, "remove it")
    if campaign.scene not in WITHOUT_PLACE and not any(isinstance(one, PRESENT) for one in campaign.conditions):
        said = "none says where somebody is or has been (of kind dwell, say): everybody who checks in gets it"
        mend = f'add `{{ kind = "dwell", category = {quoted(places.sample(campaign))}, minutes = 10 }}`'
        findings.error((*path, "conditions"), said, mend)


def _check_holdout(campaign: Campaign, path: Path, findings: Findings) -> None:
    if campaign.scene == "one_off" or not campaign.enabled:
        return
    at = (*path, "holdout_percent")
    if campaign.holdout_percent == 0:
        mend = "write `10`" if findings.has(at) else "add `holdout_percent = 10`"
        findings.warning(at, "nobody is held back, so that nobody can say what it brings", mend, key=True)
        return
    chosen = [len(one.ids) for one in campaign.conditions if isinstance(one, Members)]
    weekly = min(REACH_A_WEEK, 7 * (campaign.caps.per_day or REACH_A_WEEK))
    most = min([campaign.caps.total or math.inf, *chosen])
    needed = members_needed(campaign.holdout_percent / 100)
    weeks = math.ceil(needed / weekly)
    better = next((one for one in (10, 20, 30, 50) if members_needed(one / 100) <= MOST_WEEKS * weekly), 50)
    told = f"to tell 33 in a hundred who come from 30, {needed} members are needed"
    if needed > most:
        findings.warning(at, f"{told}, and {most:.0f} at most are reached", "do not expect a result, or reach more")
    elif weeks > MOST_WEEKS and better > campaign.holdout_percent:
        said = f"is too small to measure much: {told}, {weeks} weeks at {weekly} a week"
        findings.warning(at, said, f"write `{better}`")
    elif weeks > MOST_WEEKS:
        findings.warning(at, f"{told}, {weeks} weeks at {weekly} a week", "be patient, or reach more")


def members_needed(held_back: float) -> int:
    """Members reached and held back together, until a worthwhile difference between the two shows.

    Two proportions, normal approximation, variance at the usual rate (Fleiss, Levin and Paik 2003, chapter 4).

    >>> members_needed(0.1), members_needed(0.5)
    (20355, 7328)
    """
    difference = WORTHWHILE_RATE - USUAL_RATE
    spread = USUAL_RATE * (1 - USUAL_RATE) / (held_back * (1 - held_back))
    return math.ceil(POWER_Z * spread / difference**2)


def _check_wording(campaign: Campaign, path: Path, findings: Findings) -> None:
    most = LONGEST[campaign.channel]
    beyond = sorted(set(campaign.wording) - SMS_ALPHABET) if campaign.channel == "sms" else []
    if beyond:
        most = LONGEST_SMS_BEYOND
    if len(campaign.wording) > most:
        why = f" (for an SMS with {''.join(beyond[:5])} in it)" if beyond else f" that {campaign.channel} shows"
        shorter = campaign.wording[: most - 3].rstrip() + "..."
        said = f"has {len(campaign.wording)} characters of {most}{why}"
        findings.error((*path, "wording"), said, f"write less, such as `{quoted(shorter)}`")
