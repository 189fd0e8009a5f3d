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
    content = msgspec.json.encode(_plain(campaigns_schema()), order="sorted")
    return msgspec.json.format(content, indent=1).decode() + "\n"


def _plain(part: Any) -> Any:
    """With whole numbers as such.

    Of two bounds that are equal, 1000000 and 1000000.0, ``typing`` keeps the one that some module wrote first.
    """
    if isinstance(part, dict):
        return {name: _plain(one) for name, one in part.items()}
    if isinstance(part, list):
        return [_plain(one) for one in part]
    return int(part) if isinstance(part, float) and part.is_integer() else part
