"""What of a box may stand in a support bundle: fields of its file, and the tables of its outbox."""

from __future__ import annotations

import ipaddress
import sqlite3
from collections.abc import Iterator
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

from contract.errors import AtriumError, BadInputError
from contract.files import read_toml
from edge.app import OUTBOX_NAME
from edge.box import BoxFile, load_box
from edge.doctor.box import mall_ways, way_of
from edge.doctor.looking import address_of
from edge.outbox.figures import outbox_figures
from edge.pipeline import PipelineSettings
from upkeep.redaction import Fields

TEXTS = frozenset(
    {
        "schema",
        "id",
        "floor",
        "pace",
        "model",
        "accept_failed_zones",
        "mqtt.host",
        "mqtt.protocol",
        "cameras.name",
        "cameras.start_at",
        "appliance.hardware",
        "appliance.uplink.interface",
        "appliance.uplink.address",
        "appliance.cameras.interface",
        "appliance.cameras.address",
        "appliance.mall.broker",
    }
)
NUMBERS = frozenset(
    {"fps", "score_min", "drift", "outbox_limit_mb", "outbox_keep_hours", "mqtt.port", "appliance.mall.port"}
)
LIMIT_S = 5.0


def told_fields() -> Fields:
    """The fields of ``BOX.toml`` that may be told; all of the pipeline's settings are numbers."""
    return Fields(NUMBERS | set(_settings("pipeline", PipelineSettings)), TEXTS)


def _settings(where: str, kind: type) -> Iterator[str]:
    for name, hint in get_type_hints(kind).items():
        if is_dataclass(hint) and isinstance(hint, type):
            yield from _settings(f"{where}.{name}", hint)
        else:
            yield f"{where}.{name}"


def told_words(path: Path) -> frozenset[str]:
    """Names that findings about a box may show: its site's, and its cameras' where they are plain addresses.

    Args:
        path: ``BOX.toml``.
    """
    try:
        box, found = load_box(path), read_toml(path, BoxFile)
    except BadInputError:
        return frozenset()
    cameras = [address_of(one.url) for one in box.cameras if one.live]
    brokers = (f"{way.host}:{way.port}" for way in (way_of(box), *mall_ways(path, found, box)))
    return frozenset({box.site.id, *box.floor.zones, *brokers, *(one for one in cameras if _is_plain(one))})


def _is_plain(address: str) -> bool:
    try:
        ipaddress.ip_address(address.rpartition(":")[0].strip("[]"))
    except ValueError:
        return False
    return True


def told_databases(path: Path) -> dict[str, Any]:
    """The outbox in figures.

    Args:
        path: ``BOX.toml``.
    """
    try:
        found = outbox_figures(load_box(path).state_dir / OUTBOX_NAME, LIMIT_S)
    except (AtriumError, sqlite3.DatabaseError, TypeError):
        return {"outbox": "cannot be read"}
    return {
        "outbox": {
            "last_seq": found.last_seq,
            "acknowledged": found.acknowledged,
            "waiting": found.waiting,
            "lost": found.lost,
            "used_bytes": found.used_bytes,
        }
    }
