"""Everything that is wrong, or doubtful, in what is drawn on a floor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from calibration.camera import Camera
from calibration.zones.area_checks import check_areas
from calibration.zones.drawing import Drawing
from calibration.zones.findings import Finding, in_order
from calibration.zones.limits import Limits
from calibration.zones.line_checks import check_lines
from calibration.zones.scale_checks import check_scale
from calibration.zones.shape_checks import check_shapes
from calibration.zones.sight import ZoneSight
from calibration.zones.sight_checks import check_sight, sight_of


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check came to.

    Attributes:
        findings: errors first.
        sights: how much of each zone is seen, by zone; empty where no cameras were given.
    """

    findings: list[Finding]
    sights: dict[str, ZoneSight]

    @property
    def errors(self) -> int:
        """How many findings make numbers wrong."""
        return sum(finding.severity == "error" for finding in self.findings)


def check_drawing(
    drawing: Drawing,
    size_m: tuple[float, float],
    cameras: Mapping[str, Camera] | None = None,
    limits: Limits | None = None,
) -> Verdict:
    """All findings about a floor's drawing.

    Args:
        drawing: zones, tripwires and walls.
        size_m: width and height of the plan, metres.
        cameras: the floor's calibrated cameras by name; None leaves out what they see.
        limits: from which size on to speak; the usual ones by default.
    """
    limits = limits or Limits()
    found = [
        *check_scale(drawing, size_m, limits),
        *check_shapes(drawing, limits),
        *check_areas(drawing, size_m, limits),
        *check_lines(drawing, limits),
    ]
    if not drawing.of("zone"):
        found.append(Finding("no-zones", "warning", (), None, "no zone is drawn: draw one, or import a plan's"))
    if not cameras:
        return Verdict(in_order(found), {})
    sights = sight_of(drawing, cameras, limits)
    return Verdict(in_order([*found, *check_sight(drawing, sights, cameras, limits)]), sights)
