"""The campaigns and coupon pools in force, from their file."""

from __future__ import annotations

from pathlib import Path

from calibration.site import Site
from central.offers.campaigns import CAMPAIGNS_SCHEMA, Campaign, CampaignsFile, Categories, Dwell, NotVisited, Window
from contract.errors import BadInputError
from contract.files import read_toml


def categories_of(site: Site) -> Categories:
    """Categories and names of all zones of the site."""
    zones = {(one.id, zone.id): zone for one in site.floors.values() for zone in one.zones.values()}
    return Categories(
        {key: zone.category for key, zone in zones.items()}, {key: zone.name for key, zone in zones.items()}
    )


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
