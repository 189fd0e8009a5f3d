"""Is the floor's scale right? Feet or millimetres for metres, a floor of a kilometre, a plan of another shape."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from calibration.zones.drawing import Drawing
from calibration.zones.findings import Finding, Severity
from calibration.zones.limits import Limits

FOOT_M = 0.3048
UNITS = {
    FOOT_M: "feet",
    0.0254: "inches",
    0.01: "centimetres",
    0.001: "millimetres",
}
"""What people write for metres, by their length in metres."""
UNIT_TOLERANCE = 0.12
"""A ratio this near to a unit's is that unit: nothing drawn fills its plan to the last metre."""
LARGEST_M = 1000.0
"""The largest malls of the world are under a kilometre long."""
SMALLEST_M = 3.0
"""A smaller floor has no room for a zone."""
ASPECT_TOLERANCE = 0.02
"""A picture whose shape differs more from its floor's is not its plan, or not to scale."""
USUAL_DOOR_M = (0.7, 4.0)
"""Doors and the narrower shop fronts are this wide."""
SURE_DOORS = 3
"""Fewer doors may all be gates."""


def check_size(size_m: tuple[float, float]) -> Iterator[Finding]:
    """Whether a floor of that size can be one."""
    width, height = size_m
    told = f"the floor is {width:g} x {height:g} m"
    if max(size_m) > LARGEST_M:
        unit = next((name for length, name in UNITS.items() if max(size_m) * length <= LARGEST_M), "other units")
        yield _scale(f"{told}, more than a kilometre: were {unit} taken for metres? Correct size_m", "floor-too-large")
    if min(size_m) < SMALLEST_M:
        yield _scale(
            f"{told}, less than a room: was the drawing's own scale forgotten? Correct size_m", "floor-too-small"
        )


def check_picture(size_px: tuple[int, int], size_m: tuple[float, float]) -> Iterator[Finding]:
    """Whether a plan's picture has the shape of its floor."""
    across, up = size_m[0] / size_px[0], size_m[1] / size_px[1]
    if abs(math.log(across / up)) <= ASPECT_TOLERANCE:
        return
    fitting = size_m[0] * size_px[1] / size_px[0]
    yield Finding(
        "plan-aspect",
        "warning",
        (),
        None,
        f"the plan's picture is {size_px[0]} x {size_px[1]} pixels but the floor {size_m[0]:g} x {size_m[1]:g} m: one "
        f"pixel would be {across * 100:.1f} cm across and {up * 100:.1f} cm up. To scale it would be {size_m[0]:g} x "
        f"{fitting:.1f} m: crop the picture to the floor, or measure size_m again",
    )


def check_scale(drawing: Drawing, size_m: tuple[float, float], limits: Limits) -> Iterator[Finding]:
    """Whether what is drawn has the scale of its plan, and doors the width of doors."""
    yield from check_size(size_m)
    if not drawing.shapes:
        return
    points = np.concatenate([ring for shape in drawing.shapes.values() for ring in shape.rings_m])
    reach = points.max(0) / np.asarray(size_m)
    for length, unit in UNITS.items():
        if np.abs(np.log(reach * length)).max() < UNIT_TOLERANCE:
            yield _scale(
                f"what is drawn reaches {reach[0]:.3g} times as far as the plan of {size_m[0]:g} x {size_m[1]:g} m, as "
                f"{unit} for metres do: multiply the drawing by {length:g}, or correct size_m",
                "wrong-unit",
            )
            return
    yield from check_doors([line.path.length for line in drawing.of("line") if len(line.rings_m[0]) > 1], limits)


def check_doors(widths_m: list[float], limits: Limits) -> Iterator[Finding]:
    """Whether doors are as wide as doors are: the narrower ones, as shop fronts may be wide open."""
    if not widths_m:
        return
    usual = float(np.quantile(widths_m, 0.25))
    in_feet = usual * FOOT_M
    sure: Severity = "error" if len(widths_m) >= SURE_DOORS else "warning"
    if usual > limits.wide_door_m and USUAL_DOOR_M[0] <= in_feet <= USUAL_DOOR_M[1]:
        yield _scale(
            f"even the narrower doors would be {usual:.1f} m wide: in feet that is {in_feet:.1f} m, so feet were taken "
            f"for metres; multiply by {FOOT_M} and set size_m anew",
            "doors-in-feet",
            sure,
        )
    elif usual > 4 * limits.wide_door_m:
        yield _scale(
            f"even the narrower doors would be {usual:.0f} m wide: the scale is wrong; measure one and set size_m anew",
            "doors-too-wide",
            sure,
        )


def _scale(message: str, code: str, severity: Severity = "error") -> Finding:
    return Finding(code, severity, (), None, message)
