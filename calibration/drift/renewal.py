"""Patches that look different for good, such as after the decorator was there, learn their new look; never a new place.

The new look is cut out where the other patches say that the place is by now: a camera that sags by a hundredth of a
degree a day stays as far from its calibration as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Floats
from calibration.drift.motion import Motion
from calibration.drift.patches import CONTRAST, SIDE_PX, Patches, cut, likeness, texture
from calibration.drift.rays import Luma, View
from calibration.drift.reference import Reference
from calibration.drift.search import ALIKE, Sighting

RENEW_S = 1800.0
"""A look that has stayed the same for so long is the place's new look, seconds,"""
RENEW_CHECKS = 60
"""if it was seen so often."""
SAME = 0.8
"""Correlation of looks that are the same."""
SURE_DEG = 0.03
"""Only a motion known so well says where a place is: a tenth of a pixel."""
SURE_SHARE = 0.5
"""Of the patches in sight so many must agree, too."""


@dataclass(slots=True)
class Renewal:
    """How each patch has looked since it no longer looks as it did.

    Attributes:
        looks: (N, 17, 17).
        since: (N,) seconds; infinity where a patch looks as it always did.
        checks: (N,) how often it has looked like this.
        renewed: patches replaced so far.
    """

    looks: Patches = field(default_factory=lambda: np.empty((0, SIDE_PX, SIDE_PX), np.int8))
    since: Floats = field(default_factory=lambda: np.empty(0))
    checks: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    renewed: int = 0

    def update(self, at: float, reference: Reference, view: View, luma: Luma, seen: Sighting) -> Reference:
        """The reference, with looks renewed that are due."""
        motion = seen.motion
        count = len(reference.patches)
        if len(self.since) != count:
            self.looks, self.since = np.zeros_like(reference.patches), np.full(count, np.inf)
            self.checks = np.zeros(count, np.int64)
        if motion is None or not is_sure(motion, seen.usable):
            return reference
        self.since[seen.scores >= ALIKE] = np.inf
        stale = np.flatnonzero(seen.scores < ALIKE)
        if not len(stale):
            return reference
        places = view.turned(reference.middles_px[stale].astype(np.float64), motion.rotation, motion.zoom)
        looks, contrast = cut(texture(luma), places)
        kept = (likeness(looks, self.looks[stale]) >= SAME) & np.isfinite(self.since[stale]) & (contrast >= CONTRAST)
        fresh = stale[~kept]
        self.looks[fresh], self.since[fresh], self.checks[fresh] = looks[~kept], at, 0
        self.checks[stale] += 1
        due = stale[(at - self.since[stale] >= RENEW_S) & (self.checks[stale] >= RENEW_CHECKS)]
        if not len(due):
            return reference
        patches = reference.patches.copy()
        patches[due] = self.looks[due]
        self.since[due] = np.inf
        self.renewed += len(due)
        return replace(reference, patches=patches)


def is_sure(motion: Motion, usable: int) -> bool:
    """Whether a motion is known well enough to say where each patch's place is by now."""
    return motion.sigma_deg <= SURE_DEG and motion.count >= SURE_SHARE * usable and motion.zoom == 1.0
