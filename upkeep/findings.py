"""What a diagnosis says: one finding a thing looked at, in plain words, with the mend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

Level = Literal["fine", "unknown", "warning", "fault"]
"""``unknown``: it could not be looked at here, which is neither good nor bad."""
_FAILED: tuple[Level, ...] = ("fault",)


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at.

    Attributes:
        check: what was looked at, in lower case with hyphens, as ``clock-offset``; the same for the whole life of the
            product, since programs read it.
        subject: which one, as a camera's name or a path; empty where there is only one.
        level: how it is.
        said: one sentence in plain words, with figures and units; no secret and nothing personal.
        mend: what to do now, as a sentence that begins with a verb; empty where ``level`` is ``fine``.
        figures: what was measured, by name with its unit, as ``offset_ms``.
    """

    check: str
    level: Level
    said: str
    subject: str = ""
    mend: str = ""
    figures: dict[str, float] = {}


def exit_status(findings: Sequence[Finding]) -> int:
    """0 where nothing is at fault, else 1: a warning does not fail a diagnosis."""
    return int(any(finding.level in _FAILED for finding in findings))
