"""Posts, door frames and people: foot and top of something upright, whose height may be known.

Upright things point at one place, the vertical vanishing point, which is the camera's tilt and roll; a known height
says how high the camera hangs (Criminisi, Reid and Zisserman 2000, single view metrology).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from calibration.camera import Camera, Floats
from calibration.evidence.table import read_table
from calibration.solve.fit import HIDDEN_PX
from contract.errors import BadInputError

CLICK_PX = 1.5
"""Standard deviation of a foot or a top, pixels: edges of a body or of a plinth are found less well than a tile's."""
ROUNDS, STEP_M = 8, 0.01
SHORTEST_PX = 15.0
TALLEST_M = 12.0


@dataclass(frozen=True, slots=True, eq=False)
class Uprights:
    """Things that stand upright on the floor, evidence for `solve`.

    Attributes:
        foot_px: (U, 2) pixels where they meet the floor.
        top_px: (U, 2) pixels of their upper ends.
        height_m: (U,) their heights, NaN where unknown.
        noise_px: standard deviation of each end.
        height_noise_m: standard deviation of the heights: a door is exact, a person wears shoes.
    """

    foot_px: Floats
    top_px: Floats
    height_m: Floats
    noise_px: float = CLICK_PX
    height_noise_m: float = 0.02

    def __len__(self) -> int:
        """Number of uprights."""
        return len(self.foot_px)

    def residuals(self, camera: Camera) -> Floats:
        """(2 U,) how far tops are aside of the uprights through the feet, and above where their heights put them.

        What is aside of an upright of unknown height is asked for along the curve that the lens makes of it: at the
        height that brings it nearest. Foot and top err alike.
        """
        known = np.isfinite(self.height_m)
        floor = camera.floor_from_pixels(self.foot_px)
        high = np.where(known, self.height_m, 1.0)
        for _ in range(ROUNDS):
            shown, along = _tip(camera, floor, high)
            off = self.top_px - shown
            # The step along it is bounded: from one metre to a lamp post's twelve in a few rounds.
            nearer = np.nan_to_num((off * along).sum(1) / np.maximum((along**2).sum(1), 1e-9))
            high = np.where(known, high, np.clip(high + np.clip(nearer, -1.5, 1.5), 0.05, TALLEST_M))
            if known.all():
                break
        shown, along = _tip(camera, floor, high)
        off = self.top_px - shown
        per_m = np.hypot(*along.T)
        with np.errstate(divide="ignore", invalid="ignore"):
            along = along / per_m[:, None]
        noise = np.sqrt(2.0) * self.noise_px
        aside = (off[:, 1] * along[:, 0] - off[:, 0] * along[:, 1]) / noise
        above = np.where(known, (off * along).sum(1) / np.hypot(noise, per_m * self.height_noise_m), 0.0)
        lost = HIDDEN_PX / self.noise_px
        seen = np.isfinite(aside) & np.isfinite(above)
        return np.concatenate([np.where(seen, aside, lost), np.where(seen, above, np.where(known, lost, 0.0))])


def _tip(camera: Camera, floor: Floats, high: Floats) -> tuple[Floats, Floats]:
    """(U, 2) pixels of points above the floor, and (U, 2) pixels a metre by which they move upwards."""
    shown, lower = (camera.pixels_from_world(np.column_stack([floor, z])) for z in (high, high - STEP_M))
    return shown, (shown - lower) / STEP_M


def read_uprights(path: Path, size: tuple[int, int]) -> Uprights:
    """The uprights of a CSV file, columns ``foot_u,foot_v,top_u,top_v`` and perhaps ``height_m``.

    Raises:
        BadInputError: naming the file, the line and the mend.
    """
    found = []
    rows = read_table(path, ("foot_u", "foot_v", "top_u", "top_v"), maybe=("height_m",))
    for line, row in enumerate(rows, 2):
        foot = np.array([row["foot_u"], row["foot_v"]], np.float64)
        top = np.array([row["top_u"], row["top_v"]], np.float64)
        for what, where in (("foot", foot), ("top", top)):
            if not ((where >= 0) & (where <= np.array(size))).all():
                raise BadInputError(
                    f"{path}: line {line}: the {what} at ({where[0]:.0f}, {where[1]:.0f}) is outside the "
                    f"{size[0]} x {size[1]} picture; click both ends in this camera's picture"
                )
        if float(np.hypot(*(top - foot))) < SHORTEST_PX:
            raise BadInputError(
                f"{path}: line {line}: foot and top are less than {SHORTEST_PX:.0f} px apart; choose a nearer upright"
            )
        height = row["height_m"]
        if height is not None and not 0.2 <= float(height) <= TALLEST_M:
            mend = "centimetres? divide by 100" if float(height) > TALLEST_M else "leave it empty where unknown"
            raise BadInputError(f"{path}: line {line}: height_m {float(height):g} is not a height in metres; {mend}")
        found.append((*foot, *top, np.nan if height is None else float(height)))
    table = np.array(found, np.float64).reshape(-1, 5)
    return Uprights(table[:, :2].copy(), table[:, 2:4].copy(), table[:, 4].copy())
