"""Campaigns as their TOML file describes them, read strictly.

::

    schema = "atrium.campaigns.v1"

    [[campaigns]]
    id = "lunch"
    version = 1
    coupon = "DINE-15"
    wording = "15 % off your lunch"
    conditions = [
        { kind = "window", from = "11:00", to = "14:00" },
        { kind = "dwell", category = "fashion", minutes = 10.0 },
        { kind = "not_visited", category = "dining" },
    ]
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from contract.errors import BadInputError
from contract.events import Id
from contract.files import read_toml

CAMPAIGNS_SCHEMA = "atrium.campaigns.v1"
DAY_MINUTES = 24 * 60

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
ClockTime = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$", description="HH:MM, site time")]
Words = Annotated[str, Meta(min_length=1, max_length=300)]
Category = Annotated[str, Meta(min_length=1, max_length=64)]


class Window(
    msgspec.Struct, tag_field="kind", tag="window", forbid_unknown_fields=True, frozen=True, rename={"start": "from"}
):
    """It is between ``from`` and ``to`` (site time; past midnight where ``to`` is earlier), on one of the days."""

    start: ClockTime
    to: ClockTime
    days: list[Day] = []


class Dwell(msgspec.Struct, tag_field="kind", tag="dwell", forbid_unknown_fields=True, frozen=True):
    """The visitor has spent that long in zones of the category today: observed and bridged, not unseen."""

    category: Category
    minutes: Annotated[float, Meta(gt=0, le=DAY_MINUTES)]


class NotVisited(msgspec.Struct, tag_field="kind", tag="not_visited", forbid_unknown_fields=True, frozen=True):
    """The visitor has not been in a zone of the category today, beyond walking through within ``grace_s``."""

    category: Category
    grace_s: Annotated[float, Meta(ge=0, le=3600)] = 0.0


Condition = Window | Dwell | NotVisited


class Campaign(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """An offer, and every condition that must hold for it."""

    id: Id
    coupon: Words
    wording: Words
    conditions: Annotated[list[Condition], Meta(min_length=1)]
    name: str = ""
    version: Annotated[int, Meta(ge=1)] = 1
    purpose: Annotated[str, Meta(min_length=1, max_length=64)] = "offers"
    """The consent that the offer needs, beside the one for linking."""
    enabled: bool = True


class CampaignsFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The campaigns file."""

    schema: str
    campaigns: list[Campaign] = []


@dataclass(frozen=True, slots=True)
class Categories:
    """What a site's zones are: category by (floor, zone), and names for the sentences."""

    by_zone: dict[tuple[str, str], str]
    names: dict[tuple[str, str], str]


def load_campaigns(path: Path, categories: Categories) -> list[Campaign]:
    """The enabled campaigns of the file.

    Raises:
        BadInputError: naming the file, the campaign, the field and the mend.
    """
    found = read_toml(path, CampaignsFile)
    if found.schema != CAMPAIGNS_SCHEMA:
        raise BadInputError(f"{path}: schema is {found.schema!r}; this version reads {CAMPAIGNS_SCHEMA!r}")
    known = sorted({category for category in categories.by_zone.values() if category})
    seen: set[str] = set()
    for campaign in found.campaigns:
        where = f"{path}: campaign {campaign.id!r}"
        if campaign.id in seen:
            raise BadInputError(f"{where}: id: stands twice; give each campaign its own")
        seen.add(campaign.id)
        _check(where, campaign, known)
    return [campaign for campaign in found.campaigns if campaign.enabled]


def _check(where: str, campaign: Campaign, known: list[str]) -> None:
    for number, condition in enumerate(campaign.conditions):
        field = f"{where}: conditions[{number}]"
        match condition:
            case Window(start=start, to=to):
                if start in {to, "24:00"}:
                    raise BadInputError(f"{field}: from {start} to {to} is no stretch of time; correct one of them")
            case Dwell(category=category) | NotVisited(category=category):
                if category not in known:
                    raise BadInputError(
                        f"{field}: category: no zone of the site is {category!r}; it has {', '.join(known) or 'none'}"
                    )
    if not any(isinstance(condition, Dwell) for condition in campaign.conditions):
        raise BadInputError(f"{where}: conditions: needs one of kind dwell; else everybody who checks in gets it")
