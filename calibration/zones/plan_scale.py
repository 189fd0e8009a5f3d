"""How many metres a pixel of a plan is, from distances measured on the floor; plans are not always to scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibration.zones.findings import Finding
from contract.errors import BadInputError

LEAST_PX = 20.0
"""A shorter distance in the picture is lost in the click."""
AGREE = 0.02
"""Two measurements that differ less are one scale: clicks and tape are no better."""
SKEW = 0.2
"""Two distances whose directions differ less than this (sine of twice the angle between them and the diagonals) cannot
tell a stretched plan from a wrong measurement."""
MOST_STRETCH = 3.0
"""A plan stretched more than this is a wrong measurement."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A distance known on the floor and in the picture.

    Attributes:
        from_px: one end, pixels.
        to_px: the other.
        metres: how long it is.
    """

    from_px: tuple[float, float]
    to_px: tuple[float, float]
    metres: float


@dataclass(frozen=True, slots=True)
class PlanScale:
    """Metres a pixel.

    Attributes:
        x_m: across.
        y_m: up.
        disagreement: how much the two measurements differ, as one scale: 0.12 is 12 %.
        findings: what to know or mend about it.
    """

    x_m: float
    y_m: float
    disagreement: float
    findings: tuple[Finding, ...]

    def size_m(self, size_px: tuple[int, int]) -> tuple[float, float]:
        """Width and height of a floor that fills a picture of that size, metres."""
        return self.x_m * size_px[0], self.y_m * size_px[1]


def scale_from(one: Measured, other: Measured) -> PlanScale:
    """Metres a pixel, across and up, from two distances.

    Where both tell the same scale it is that, the longer counting more. Where they differ and their directions do too,
    the plan is stretched: (x dx)^2 + (y dy)^2 = d^2 for both gives its two scales.

    Raises:
        BadInputError: where a distance is none, or no plan fits both.
    """
    spans = np.array([_span(measured, place) for place, measured in enumerate((one, other), 1)])
    metres = np.array([one.metres, other.metres])
    lengths = np.hypot(*spans.T)
    each = metres / lengths
    disagreement = float(each.max() / each.min() - 1)
    if disagreement <= AGREE:
        same = float(lengths @ metres / (lengths @ lengths))
        return PlanScale(same, same, disagreement, ())
    says = f"the two distances disagree by {disagreement:.0%} ({each[0] * 100:.2f} and {each[1] * 100:.2f} cm a pixel)"
    shares = spans**2 / lengths[:, None] ** 2
    if abs(np.linalg.det(shares)) < SKEW:
        raise BadInputError(
            f"{says} though they run alike: one is measured wrong; measure again, one across and one up"
        )
    squares = np.linalg.solve(shares, each**2)
    if squares.min() <= 0 or squares.max() / squares.min() > MOST_STRETCH**2:
        raise BadInputError(f"{says}: no plan is stretched like that; measure again, and in metres")
    across, up = (float(value) for value in np.sqrt(squares))
    finding = Finding(
        "not-to-scale",
        "warning",
        (),
        None,
        f"{says}: measure again, or the plan is not to scale (a pixel is then {across * 100:.2f} cm across and "
        f"{up * 100:.2f} cm up)",
    )
    return PlanScale(across, up, disagreement, (finding,))


def _span(measured: Measured, place: int) -> Sequence[float]:
    span = np.subtract(measured.to_px, measured.from_px)
    told = f"distance {place}"
    if not np.isfinite([*span, measured.metres]).all() or measured.metres <= 0:
        raise BadInputError(f"{told}: needs two points in pixels and a positive length in metres")
    if np.hypot(*span) < LEAST_PX:
        raise BadInputError(f"{told}: its ends are {np.hypot(*span):.0f} pixels apart; measure something longer")
    return [float(value) for value in span]
