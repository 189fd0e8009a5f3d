"""What an entry of ``cameras.json`` says of how it came about: its ``calibration`` block, ``atrium.calibration.v1``."""

from __future__ import annotations

import msgspec

CALIBRATION_SCHEMA = "atrium.calibration.v1"
UNITS = "m, px"


class CalibrationFile(msgspec.Struct, frozen=True, rename={"schema_": "schema"}):
    """The ``calibration`` block; everything is optional, and further fields are passed over.

    Attributes:
        schema_: which version of this block it is.
        units: of the floor and of the picture.
        made_at: UTC, RFC 3339.
        made_by: who solved it, in their own words.
        method: ``pairs``, ``walk``, ``repair``, ``board``, ``given`` or another word.
        pairs: pixel and floor point, ``[u, v, x, y]`` each, as they were given; the wrong ones too.
        terms: (T) names of the terms that may be off.
        covariance: (T, T) of them.
        noise: how many times what is expected the pairs turned out to be off.
        hash: `camera_hash` of the entry's numbers when they were written; empty: not checked.
    """

    schema_: str = CALIBRATION_SCHEMA
    units: str = UNITS
    made_at: str = ""
    made_by: str = ""
    method: str = ""
    pairs: list[tuple[float, float, float, float]] = []
    terms: list[str] = []
    covariance: list[list[float]] = []
    noise: float | None = None
    hash: str = ""
