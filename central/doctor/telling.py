"""What of central may stand in a support bundle: fields of its file, and its tables without a row of them."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import msgspec

from calibration.site import load_site
from central.config import DeliveryFile, JourneysFile, LimitsFile, RetentionFile, load_config
from central.store.diagnosis import outline
from contract.errors import AtriumError, BadInputError
from upkeep.redaction import Fields

TEXTS = frozenset(
    {
        "schema",
        "mqtt.host",
        "mqtt.protocol",
        "http.host",
        "appliance.hardware",
        "appliance.uplink.interface",
        "appliance.uplink.address",
    }
)
NUMBERS = frozenset({"k", "mqtt.port", "http.port", "webhooks.timeout_s", "webhooks.concurrency"})
TABLES: dict[str, type[msgspec.Struct]] = {
    "limits": LimitsFile,
    "journeys": JourneysFile,
    "retention": RetentionFile,
    "delivery": DeliveryFile,
}
"""Tables of numbers alone."""
LIMIT_S = 10.0


def told_fields() -> Fields:
    """The fields of ``CENTRAL.toml`` that may be told."""
    within = {f"{table}.{one.name}" for table, kind in TABLES.items() for one in msgspec.structs.fields(kind)}
    return Fields(NUMBERS | within, TEXTS)


def told_words(path: Path) -> frozenset[str]:
    """Names that findings about central may show: its site's, its floors', and where it listens.

    Args:
        path: ``CENTRAL.toml``.
    """
    try:
        config = load_config(path)
        site = load_site(config.site)
    except BadInputError:
        return frozenset()
    broker = f"{config.broker.host}:{config.broker.port}"
    return frozenset({site.id, *site.floors, broker, f"{config.host}:{config.port}", f"127.0.0.1:{config.port}"})


def told_databases(path: Path) -> dict[str, Any]:
    """Central's tables: columns and number of rows.

    Args:
        path: ``CENTRAL.toml``.
    """
    try:
        return {"central": outline(load_config(path).database, LIMIT_S)}
    except (AtriumError, sqlite3.DatabaseError):
        return {"central": "cannot be read"}
