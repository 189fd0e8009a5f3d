"""Why a camera is not believed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Blindness:
    """A camera whose foot points are not to be trusted.

    Attributes:
        since: unix seconds.
        reason: one line for people.
        turned_deg: how far it turned, degrees; None where the view is another altogether.
    """

    since: float
    reason: str
    turned_deg: float | None = None
