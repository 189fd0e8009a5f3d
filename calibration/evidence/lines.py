"""Straight lines of the world traced in the picture: whatever bends them is the lens.

The plumb-line method (Brown 1971; Devernay and Faugeras 2001): with the lens taken out, a straight edge is straight.
Skirtings, shelf edges, door frames and floor joints do, best of all near the rim of the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera, Floats
from calibration.evidence.table import read_table
from calibration.lens import Kind
from calibration.solve.fit import HIDDEN_PX, Problem, fit, information
from calibration.solve.pairs import Pairs
from calibration.solve.start import Intrinsics
from calibration.solve.terms import LENS, plain_camera
from contract.errors import BadInputError

CLICK_PX = 1.0
FEWEST_POINTS, FEWEST_LINES = 3, 3
STEP = 1e-4
LONG = 0.15
"""A line shorter than this share of the picture's width bends too little to tell."""
LENS_TERMS: dict[Kind, tuple[str, ...]] = {"brown": ("across", "down", "k1", "k2"), "fisheye": ("focal", "k1")}
"""What lines tell of a lens; of an ordinary one they do not tell the focal length."""


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Points along straight edges, evidence for `solve`.

    Attributes:
        points_px: (P, 2) pixels, line after line.
        starts: (L,) where each line begins.
        noise_px: standard deviation of a click.
    """

    points_px: Floats
    starts: NDArray[np.int64]
    noise_px: float = CLICK_PX
    terms: ClassVar[tuple[str, ...]] = LENS

    def __len__(self) -> int:
        """Number of lines."""
        return len(self.starts)

    def residuals(self, camera: Camera) -> Floats:
        """(P,) how far each point is from the straight line that fits all of its line best, through the lens."""
        flat = camera.plane_from_pixels(self.points_px)
        seen = np.asarray(np.isfinite(flat).all(1), np.bool_)
        flat = np.where(seen[:, None], flat, 0.0)
        lengths = np.diff(np.append(self.starts, len(flat)))
        count = np.maximum(np.add.reduceat(seen.astype(np.float64), self.starts), 1.0)
        middle = np.repeat(np.add.reduceat(flat, self.starts) / count[:, None], lengths, axis=0)
        off = np.where(seen[:, None], flat - middle, 0.0)
        xx, yy, xy = (np.add.reduceat(each, self.starts) for each in (off[:, 0] ** 2, off[:, 1] ** 2, off.prod(1)))
        angle = np.repeat(0.5 * np.arctan2(2 * xy, xx - yy), lengths)
        normal = np.column_stack([-np.sin(angle), np.cos(angle)])
        miss = (off * normal).sum(1)
        # One pixel is not the same everywhere once the lens is out: measured at each point, across its line.
        nearest = flat - miss[:, None] * normal
        wide = camera.pixels_from_plane(nearest + STEP * normal) - camera.pixels_from_plane(nearest)
        misses = np.where(seen, miss * np.hypot(*wide.T) / STEP, HIDDEN_PX)
        return np.asarray(misses / self.noise_px, np.float64)


def straight(lines: Sequence[Floats], noise_px: float = CLICK_PX) -> Lines:
    """Evidence of (P, 2) pixels along each of some straight edges."""
    lengths = [len(each) for each in lines]
    points = np.concatenate(lines) if lines else np.empty((0, 2))
    return Lines(np.asarray(points, np.float64), np.cumsum([0, *lengths])[:-1].astype(np.int64), noise_px)


@dataclass(frozen=True, slots=True, eq=False)
class LensFromLines:
    """A lens found without a single pair.

    Attributes:
        intrinsics: the lens; of an ordinary one the focal length is only what such lenses mostly have.
        terms: (T,) what was found.
        deviation: (T,) how sure that is, one standard deviation, as `solve.terms` counts them.
        bend_px: how far the lines bend without the lens taken out, root mean square.
        rest_px: and with it.
    """

    intrinsics: Intrinsics
    terms: tuple[str, ...]
    deviation: Floats
    bend_px: float
    rest_px: float


def read_lines(path: Path, size: tuple[int, int]) -> Lines:
    """The lines of a CSV file with columns ``line,u,v``: points of one line share its name.

    Raises:
        BadInputError: naming the file, the line and the mend.
    """
    points: dict[str, list[tuple[float, float]]] = {}
    for row in read_table(path, ("u", "v"), ("line",)):
        points.setdefault(str(row["line"]), []).append((float(row["u"] or 0), float(row["v"] or 0)))
    for name, own in points.items():
        if len(own) < FEWEST_POINTS:
            raise BadInputError(
                f"{path}: line {name!r} has {len(own)} point{'s' * (len(own) > 1)}; trace it with at least "
                f"{FEWEST_POINTS}, five are better"
            )
        reach = np.ptp(np.array(own), axis=0)
        if float(np.hypot(*reach)) < LONG * size[0]:
            raise BadInputError(
                f"{path}: line {name!r} is only {np.hypot(*reach):.0f} px long and would not show what the lens does; "
                f"trace an edge of {LONG * size[0]:.0f} px or more"
            )
    return straight([np.array(own, np.float64) for own in points.values()])


def lens_from_lines(lines: Lines, size: tuple[int, int], lens: Kind = "brown") -> LensFromLines:
    """The lens that makes the lines straight, and how sure that is.

    Raises:
        BadInputError: where there are too few lines, or they do not become straight.
    """
    if len(lines) < FEWEST_LINES:
        raise BadInputError(
            f"lines: {len(lines)} traced; at least {FEWEST_LINES} are needed, near different edges of the picture"
        )
    focal = size[0] * (0.8 if lens == "brown" else 0.45)
    camera = plain_camera("lens", size, focal, lens, np.diag([1.0, -1.0, -1.0]), np.array([0.0, 0.0, 3.0]))
    none = Pairs(np.empty((0, 2)), np.empty((0, 2)))
    problem = Problem(none, np.empty(0), (lines,))
    terms = LENS_TERMS[lens]
    before = _rms(lines, plain_camera("lens", size, 100.0 * size[0], "brown", camera.rotation, camera.translation))
    found, _ = fit(camera, problem, terms)
    rest = _rms(lines, found)
    if rest > 4 * CLICK_PX:
        raise BadInputError(
            f"lines: no lens makes these straight, they stay {rest:.1f} px off; is one of them bent in the world?"
        )
    deviation = np.sqrt(np.diag(np.linalg.inv(information(found, problem, terms))))
    own = Intrinsics(found.matrix, found.distortion, lens, size)
    return LensFromLines(own, terms, np.asarray(deviation, np.float64), before, rest)


def _rms(lines: Lines, camera: Camera) -> float:
    return float(np.sqrt((lines.residuals(camera) ** 2).mean())) * lines.noise_px
