"""From which size on a check of zones speaks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What is too small, too thin, too far; metres and square metres.

    Attributes:
        area_m2: a smaller zone holds nobody.
        width_m: a zone nowhere wider than this is a stripe that people are beside, not in.
        overlap_width_m: a common strip narrower than this is drawing inaccuracy: it is remarked, not refused.
        overlap_m: a common strip narrower than this is rounding.
        wall_m: a wall may run so far into a zone.
        beside_m: a wall this close to a zone's border is its border.
        border_m: a tripwire may lie so far beside the border of its zone.
        door_m: a shorter tripwire is no door.
        wide_door_m: doors wider than this, on the whole, are doors in feet.
        gap_m: a slit between zones narrower than this is no floor of its own.
        plan_m: a zone may reach so far beyond the plan.
        unseen: a zone may be unseen by all cameras to this share without a remark.
        person_px: people who look smaller than this are not found.
    """

    area_m2: float = 1.0
    width_m: float = 0.6
    overlap_width_m: float = 0.3
    overlap_m: float = 0.02
    wall_m: float = 0.3
    beside_m: float = 0.15
    border_m: float = 0.3
    door_m: float = 0.6
    wide_door_m: float = 6.0
    gap_m: float = 0.3
    plan_m: float = 0.02
    unseen: float = 0.2
    person_px: float = 24.0
