"""What is wrong with a campaigns file, all of it at once, each with its place and its mend."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection
from datetime import date
from typing import Any, TypeVar

import msgspec

from central.offers.campaigns import CAMPAIGNS_SCHEMA, Birthday, Campaign, CampaignsFile, Categories, Condition, Pool
from central.offers.findings import Finding, Findings, nearest, quoted
from central.offers.lint_campaign import check_campaign
from central.offers.lint_member import check_member
from central.offers.lint_places import Places, check_places
from central.offers.lint_pools import check_pool
from central.offers.lint_shape import check_shape
from central.offers.lint_time import check_time
from central.offers.toml_spots import Path

__all__ = ["Finding", "errors", "lint"]

T = TypeVar("T")

CONDITION: Any = Condition
NEUTRAL = Birthday()
"""Stands where a condition could not be read: it contradicts nothing."""

SYNTAX = {
    "Unclosed array": "close the list with ]",
    "Expected ']' at the end of a table declaration": "close the table's name with ]",
    "Expected ']]' at the end of an array declaration": "close the table's name with ]]",
    "Unclosed inline table": "close the table with }, on the line on which it begins",
    "Unterminated string": "close the text with a quote",
    "Illegal character": "close the text with a quote, or write it on one line",
    "Expected '=' after a key": "write key = value",
    "Expected newline or end of document": "begin a new line, or put quotes around text",
    "Invalid initial character for a key part": "write a name of letters, digits, - and _",
    "Invalid value": "write a number, true, false, or text between quotes",
    "Cannot overwrite a value": "remove one of the two, the key stands here before",
    "Cannot declare": "remove one of the two, the table stands here before",
    "Duplicate inline table key": "remove one of the two keys",
    "Unescaped": "write \\\\ for a backslash",
}
"""What to do by what the parser says."""


def lint(
    text: str,
    categories: Categories | None,
    floors: Collection[str] = (),
    *,
    today: date | None = None,
    tiers: Collection[str] | None = None,
) -> list[Finding]:
    """All that is wrong with a text that would be a campaigns file, by line.

    Args:
        text: TOML.
        categories: the site's zones; None where no site is at hand, and places are not looked up.
        floors: ids of the site's floors; those that have zones where empty.
        today: to find what is over; None where it does not matter.
        tiers: that members have; None where nobody knows.
    """
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return [_syntax(text, str(error))]
    findings = Findings(text)
    check_shape(data, findings)
    schema = data.get("schema")
    if isinstance(schema, str) and schema != CAMPAIGNS_SCHEMA:
        findings.error(("schema",), f"{schema!r} is unknown to this version", f"write `{quoted(CAMPAIGNS_SCHEMA)}`")
    campaigns = _sound(data, "campaigns", Campaign, findings)
    pools = _sound(data, "pools", Pool, findings)
    by_id = {pool.id: pool for pool in pools.values()}
    places = Places(categories, tuple(floors))
    _check_ids(data, "campaigns", findings)
    _check_ids(data, "pools", findings)
    for number, pool in pools.items():
        check_pool(pool, ("pools", number), findings, today)
    for number, table in enumerate(_tables(data, "campaigns")):
        path = ("campaigns", number)
        campaign = campaigns.get(number) or _as_far_as_sound(table, path, findings)
        check_time(campaign, path, findings, today if campaign.enabled else None)
        check_places(campaign, path, findings, places)
        check_member(campaign, path, findings, tiers)
        if number in campaigns:
            check_campaign(campaign, path, findings, places, by_id)
    _check_coupons(data, campaigns, findings)
    _check_groups(campaigns, findings)
    found = findings.all()
    return found or _undecodable(data)


def errors(findings: Collection[Finding]) -> list[Finding]:
    """Those for which a file is refused."""
    return [finding for finding in findings if finding.severity == "error"]


def _syntax(text: str, said: str) -> Finding:
    place = re.search(r"\(at line (\d+), column (\d+)\)", said)
    lines = text.splitlines() or [""]
    line, column = (int(place[1]), int(place[2])) if place else (len(lines), len(lines[-1]) + 1)
    what = re.sub(r" *\(at .*\)$", "", said)
    mend = next((mend for start, mend in SYNTAX.items() if what.startswith(start)), "correct it")
    return Finding(line, column, "", f"is not TOML: {what[:1].lower()}{what[1:]}", mend)


def _sound(data: dict[str, Any], name: str, kind: type[T], findings: Findings) -> dict[int, T]:
    """By number, those of the tables whose fields are right."""
    found = {}
    for number, table in enumerate(_tables(data, name)):
        if findings.is_sound((name, number)):
            found[number] = msgspec.convert(table, kind)
    return found


def _as_far_as_sound(table: Any, path: Path, findings: Findings) -> Campaign:
    """Of a campaign with wrong fields its right conditions, in their places, so that all is found at once."""
    given = table.get("conditions") if isinstance(table, dict) else None
    conditions: list[Condition] = [
        msgspec.convert(one, CONDITION) if findings.is_sound((*path, "conditions", number)) else NEUTRAL
        for number, one in enumerate(given if isinstance(given, list) else [])
    ]
    return Campaign(id="unsound", coupon="-", wording="-", conditions=conditions)


def _tables(data: dict[str, Any], name: str) -> list[Any]:
    tables = data.get(name)
    return tables if isinstance(tables, list) else []


def _ids(data: dict[str, Any], name: str) -> list[tuple[int, str]]:
    given = [(number, one.get("id")) for number, one in enumerate(_tables(data, name)) if isinstance(one, dict)]
    return [(number, one) for number, one in given if isinstance(one, str)]


def _check_ids(data: dict[str, Any], name: str, findings: Findings) -> None:
    given = _ids(data, name)
    taken = {one for _, one in given}
    seen: set[str] = set()
    for number, one in given:
        if one in seen:
            free = next(f"{one[:60]}-{count}" for count in range(2, 10_000) if f"{one[:60]}-{count}" not in taken)
            taken.add(free)
            findings.error((name, number, "id"), f"{one!r} stands twice", f"write another, such as `{quoted(free)}`")
        seen.add(one)


def _check_coupons(data: dict[str, Any], campaigns: dict[int, Campaign], findings: Findings) -> None:
    pools = _ids(data, "pools")
    known = [one for _, one in pools]
    for number, campaign in campaigns.items():
        if campaign.coupon in known:
            continue
        path = ("campaigns", number, "coupon")
        said = f"no pool of this file is {campaign.coupon!r}"
        if known:
            meant = nearest(campaign.coupon, known) or known[0]
            findings.error(path, f"{said}; there are {', '.join(known)}", f"write `{quoted(meant)}`")
        else:
            findings.error(path, said, f"add a [[pools]] table with id = {quoted(campaign.coupon)}, title and kind")
    named = {table.get("coupon") for table in _tables(data, "campaigns") if isinstance(table, dict)}
    for number, one in pools:
        if one not in named:
            findings.warning(("pools", number), "no campaign gives its coupons", "remove it, or name it in a campaign")


def _check_groups(campaigns: dict[int, Campaign], findings: Findings) -> None:
    taken: dict[tuple[str, int], str] = {}
    for number, campaign in campaigns.items():
        if not campaign.group or not campaign.enabled:
            continue
        before = taken.get((campaign.group, campaign.priority))
        if before is not None:
            free = next(one for one in range(campaign.priority - 1, -200, -1) if (campaign.group, one) not in taken)
            at: Path = ("campaigns", number, "priority")
            said = f"group {campaign.group!r} has {before!r} at {campaign.priority} too: the first in the file wins"
            number_free = free if free >= 0 else min(campaign.priority + 1, 100)
            mend = f"write `{number_free}`" if findings.has(at) else f"add `priority = {number_free}`"
            findings.warning(at, said, mend, key=not findings.has(at))
        taken[campaign.group, campaign.priority] = campaign.id


def _undecodable(data: dict[str, Any]) -> list[Finding]:
    """What only the decoder sees; a file without findings is one that can be read."""
    try:
        msgspec.convert(data, CampaignsFile)
    except msgspec.ValidationError as error:
        return [Finding(1, 1, "", str(error), "correct that field")]
    return []
