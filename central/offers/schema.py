"""JSON Schema of the campaigns file, for editors: ``docs/campaigns.schema.json`` is this."""

from __future__ import annotations

from typing import Any

import msgspec

from central.offers.campaigns import CAMPAIGNS_SCHEMA, CampaignsFile


def campaigns_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12), self-contained."""
    (_root,), parts = msgspec.json.schema_components((CampaignsFile,), ref_template="#/$defs/{name}")
    file = parts.pop("CampaignsFile")
    file["properties"]["schema"] = {"const": CAMPAIGNS_SCHEMA}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{CAMPAIGNS_SCHEMA.replace('.', ':')}",
        **file,
        "$defs": parts,
    }


def schema_text() -> str:
    """The same as the file has it."""
    return msgspec.json.format(msgspec.json.encode(campaigns_schema(), order="sorted"), indent=1).decode() + "\n"
