"""Whether there can be a member of whom all is true that a campaign asks."""

from __future__ import annotations

from collections.abc import Collection

from central.offers.campaigns import Absent, Campaign, NthVisit, Tags, Tier, Visits
from central.offers.findings import Findings, nearest, quoted
from central.offers.toml_spots import Path


def check_member(campaign: Campaign, path: Path, findings: Findings, tiers: Collection[str] | None) -> None:
    """Find what no member can be.

    Args:
        campaign: of the file.
        path: where it stands.
        findings: takes what is found.
        tiers: that members have, None where nobody knows.
    """
    numbers: list[int] = []
    absences: list[int] = []
    for number, condition in enumerate(campaign.conditions):
        at = (*path, "conditions", number)
        match condition:
            case Tags():
                _tags(condition, at, findings)
            case Tier(any_of=names):
                _tier(names, at, findings, tiers)
            case Visits():
                _visits(condition, at, findings)
            case NthVisit():
                if numbers and condition.number not in numbers:
                    findings.error((*at, "number"), "no visit has two numbers", f"write `{numbers[0]}`")
                numbers.append(condition.number)
            case Absent():
                absences.append(number)
    if 1 in numbers:
        for number in absences:
            said = "who is here for the first time was never away"
            findings.error((*path, "conditions", number), said, "remove it")
    _check_tiers(campaign, path, findings)
    _check_together(campaign, path, findings, numbers)


def _tags(condition: Tags, path: Path, findings: Findings) -> None:
    none_of = set(condition.none_of)
    if not (condition.any_of or condition.all_of or condition.none_of):
        mend = 'write `["regular"]`' if findings.has((*path, "any")) else 'add `any = ["regular"]`'
        findings.error((*path, "any"), "names no tag", mend, key=True)
    for number, tag in enumerate(condition.all_of):
        if tag in none_of:
            findings.error((*path, "all", number), f"nobody is {tag!r} and is not", "remove it")
    if condition.any_of and set(condition.any_of) <= none_of:
        findings.error((*path, "any"), "all of these are left out by none", "remove it", key=True)


def _tier(names: list[str], path: Path, findings: Findings, tiers: Collection[str] | None) -> None:
    for number, name in enumerate(names):
        if tiers and name not in tiers:
            meant = nearest(name, tiers) or min(tiers)
            said = f"no member has tier {name!r}; there are {', '.join(sorted(tiers))}"
            findings.warning((*path, "any", number), said, f"write `{quoted(meant)}`")


def _check_tiers(campaign: Campaign, path: Path, findings: Findings) -> None:
    allowed: set[str] | None = None
    for number, condition in enumerate(campaign.conditions):
        if not isinstance(condition, Tier):
            continue
        both = set(condition.any_of) if allowed is None else allowed & set(condition.any_of)
        if not both:
            said = "no tier is left by this and the condition on tiers before it"
            findings.error((*path, "conditions", number), said, "remove it")
        allowed = both or allowed


def _visits(condition: Visits, path: Path, findings: Findings) -> None:
    if condition.at_least > condition.within_days:
        said = f"there are only {condition.within_days} days in {condition.within_days} days"
        findings.error((*path, "at_least"), said, f"write `{condition.within_days}` or less")
    elif condition.at_least > condition.at_most:
        said = f"at least {condition.at_least} and at most {condition.at_most} is nobody"
        findings.error((*path, "at_most"), said, f"write `{condition.at_least}` or more")
    elif condition.at_least == 0 and condition.at_most >= condition.within_days:
        said = "holds for everybody"
        findings.warning((*path, "at_least"), said, "add `at_least = 2`", key=True)


def _check_together(campaign: Campaign, path: Path, findings: Findings, numbers: list[int]) -> None:
    away = max((one.days for one in campaign.conditions if isinstance(one, Absent)), default=0)
    for number, condition in enumerate(campaign.conditions):
        at = (*path, "conditions", number, "at_least")
        if not isinstance(condition, Visits) or not findings.is_sound((*path, "conditions", number)):
            continue
        if numbers and condition.at_least > min(numbers):
            said = f"it cannot be visit number {min(numbers)} and one of {condition.at_least}"
            findings.error(at, said, f"write `{min(numbers)}` or less")
        most = max(condition.within_days - away, 0) + 1
        if away and condition.at_least > most:
            said = f"who was away for {away} days came on {most} of the last {condition.within_days} at most"
            findings.error(at, said, f"write `{most}` or less")
