"""What a check of zones has to say: one line each, for the installer, with the place and the mend."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend, or to know.

    Attributes:
        code: what kind, a stable word such as ``overlap``.
        severity: an error makes numbers wrong; a warning may be meant so.
        features: the ids it is about, the one to mend first.
        place_m: where on the floor to look, metres; None where it is nowhere.
        message: what, where, how to mend.
    """

    code: str
    severity: Severity
    features: tuple[str, ...]
    place_m: tuple[float, float] | None
    message: str

    def to_json(self) -> dict[str, Any]:
        """The finding as ``--json`` prints it."""
        return {
            "code": self.code,
            "severity": self.severity,
            "features": list(self.features),
            "place_m": None if self.place_m is None else [round(value, 3) for value in self.place_m],
            "message": self.message,
        }


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """The same, errors first, then by what they are about."""
    return sorted(findings, key=lambda one: (one.severity != "error", one.features, one.code, one.message))


def at(place_m: tuple[float, float]) -> str:
    """How a place is told to people."""
    return f"at x {place_m[0]:.1f} m, y {place_m[1]:.1f} m"
