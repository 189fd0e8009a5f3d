"""JSON Schema and AsyncAPI 3 files of the contract, written beside it: ``python -m contract.generate``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from contract.messages import KINDS, Kind, envelope_of
from contract.offers import OFFER_SCHEMA, OFFERS_ADDRESS, OfferMessage

HERE = Path(__file__).parent / "schemas"
CONTRACT_VERSION = "1.4.0"


def message_schema(kind: Kind) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of one kind of message, self-contained."""
    (_root,), components = msgspec.json.schema_components((envelope_of(kind),), ref_template="#/$defs/{name}")
    defs = {name: _plain(part) for name, part in components.items()}
    envelope = defs.pop(next(name for name in defs if name.startswith("Envelope")))
    envelope["properties"]["schema"] = {"const": kind.schema}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{kind.schema.replace('.', ':')}",
        **envelope,
        "title": kind.schema,
        "description": kind.summary,
        "$defs": defs,
    }


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3.0 document of all channels."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    parameters = {name: {"description": f"{name} id"} for name in ("site", "floor", "box")}
    for kind in KINDS:
        camera = kind.what == "camera_status"
        tail = "cameras/{camera}/status" if camera else kind.what
        more = {"camera": {"description": "camera id"}} if camera else {}
        channels[kind.what] = {
            "address": "atrium/{site}/{floor}/{box}/" + tail,
            "parameters": parameters | more,
            "messages": {kind.what: {"$ref": f"#/components/messages/{kind.what}"}},
            "bindings": {"mqtt": {"qos": kind.qos, "retain": kind.retained}},
        }
        operations[kind.what] = {
            "action": "receive" if kind.what == "commands" else "send",
            "channel": {"$ref": f"#/channels/{kind.what}"},
            "summary": kind.summary + (f"; expires in {kind.expires_s} s" if kind.expires_s else ""),
        }
    messages = {
        kind.what: {
            "name": kind.schema,
            "contentType": "application/json",
            "payload": {"$ref": f"./{kind.schema}.json"},
        }
        for kind in KINDS
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Atrium edge box",
            "version": CONTRACT_VERSION,
            "description": "What a box sends and hears, as seen from the box. MQTT 5 or 3.1.1, QoS 1 (handoffs 0).",
        },
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }


def offer_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of an offer as it goes out."""
    (_root,), components = msgspec.json.schema_components((OfferMessage,), ref_template="#/$defs/{name}")
    schema = _plain(components["OfferMessage"])
    schema["properties"]["schema"] = {"const": OFFER_SCHEMA}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{OFFER_SCHEMA.replace('.', ':')}",
        **schema,
        "title": OFFER_SCHEMA,
    }


def asyncapi_of_offers() -> dict[str, Any]:
    """The AsyncAPI 3.0 document of what central sends to whoever delivers offers."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Atrium offers",
            "version": CONTRACT_VERSION,
            "description": "What central sends to whoever delivers offers, as seen from central. MQTT, QoS 1, at least"
            " once: act once on each `offer`. A webhook's body is the same.",
        },
        "channels": {
            "offers": {
                "address": OFFERS_ADDRESS,
                "parameters": {"site": {"description": "site id"}},
                "messages": {"offer": {"$ref": "#/components/messages/offer"}},
                "bindings": {"mqtt": {"qos": 1, "retain": False}},
            }
        },
        "operations": {
            "offers": {"action": "send", "channel": {"$ref": "#/channels/offers"}, "summary": "an offer was made"}
        },
        "components": {
            "messages": {
                "offer": {
                    "name": OFFER_SCHEMA,
                    "contentType": "application/json",
                    "payload": {"$ref": f"./{OFFER_SCHEMA}.json"},
                }
            }
        },
    }


def documents() -> dict[str, str]:
    """File name to content of everything generated."""
    found = {f"{kind.schema}.json": message_schema(kind) for kind in KINDS}
    found["asyncapi.json"] = asyncapi()
    found[f"{OFFER_SCHEMA}.json"] = offer_schema()
    found["asyncapi-offers.json"] = asyncapi_of_offers()
    return {name: json.dumps(document, indent=1) + "\n" for name, document in found.items()}


def _plain(part: Any) -> Any:
    """The schema part without the generic's type name in its title, and with whole numbers as such.

    ``Annotated`` keeps one of two equal bounds, whoever was imported first: 1e6 here, or a 1_000_000 of elsewhere.
    """
    match part:
        case dict():
            return {key: _plain(value) for key, value in part.items() if key != "title"}
        case list():
            return [_plain(value) for value in part]
        case float() if part.is_integer():
            return int(part)
    return part


def main() -> None:
    """Write every document."""
    HERE.mkdir(exist_ok=True)
    for name, content in documents().items():
        (HERE / name).write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main()
