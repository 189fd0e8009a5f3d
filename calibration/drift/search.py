"""One picture against the reference: how the camera turned, or that this picture cannot tell.

First where the background is expected; then a few degrees around; and where that fails, by binary descriptors over the
whole view. Whatever is found is measured again in the picture turned back by it, so that patches look as they did.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.camera import Floats
from calibration.drift.motion import Motion, fit_motion
from calibration.drift.patches import SIDE_PX, find, texture
from calibration.drift.rays import Luma, View
from calibration.drift.reference import Reference, describe, is_hidden

NEAR_REACH_PX = 4
WIDE_REACH_PX = 16
ALIKE = 0.6
"""A patch is found where its correlation is so high."""
FEWEST_INLIERS = 10
AGREEING = 0.3
"""Of the patches found so many must agree, or it is chance."""
PLAIN = 0.5
"""Where so many of all patches that can be seen agree, nothing else is looked for."""
SIGMA_DEG = 0.1
"""A rotation less certain than this, about any axis, is no answer."""
CELLS = 3
"""Patches that agree must lie in so many ninths of the picture."""
AGAIN_DEG = 0.15
"""What turned by more is measured again in the picture turned back."""
DESCRIPTOR_RATIO = 0.85
"""A descriptor's match must be so much nearer than the second best (Lowe 2004)."""
FEWEST_MATCHES = 12


@dataclass(frozen=True, slots=True, eq=False)
class Guess:
    """Where to look first.

    Attributes:
        rotation: (3, 3) directions at calibration to directions now.
        zoom: focal length over the one at calibration.
    """

    rotation: Floats
    zoom: float = 1.0

    @property
    def is_still(self) -> bool:
        """Whether this is where the background was at calibration."""
        return self.zoom == 1.0 and bool((self.rotation == np.eye(3)).all())


STILL = Guess(np.eye(3))


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """What one picture says.

    Attributes:
        motion: how the background moved; None where the picture cannot tell.
        usable: patches that nobody stands before.
        scores: (N,) correlation of every patch at its best place, -1..1; NaN where it was hidden or out of the picture.
    """

    motion: Motion | None
    usable: int
    scores: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _Glance:
    """One picture beside the reference; fields as in :func:`locate`."""

    reference: Reference
    view: View
    luma: Luma
    covered: NDArray[np.bool_] | None


def locate(
    reference: Reference, view: View, luma: Luma, covered: NDArray[np.bool_] | None, guess: Guess = STILL
) -> Sighting:
    """How the camera has turned since the reference.

    Args:
        reference: of the camera.
        view: its lens at working size.
        luma: (h, w) at working size.
        covered: (h, w) where people stand or masks lie; None for nowhere.
        guess: what was found last.
    """
    glance = _Glance(reference, view, luma, covered)
    first = _measure(glance, guess, NEAR_REACH_PX)
    best: Sighting | None = None
    places = [guess] if guess.is_still else [guess, STILL]
    for reach in (NEAR_REACH_PX, WIDE_REACH_PX):
        for place in places:
            seen = first if place is guess and reach == NEAR_REACH_PX else _measure(glance, place, reach)
            best = _better(best, seen, reference)
            if best is not None and _is_plain(best):
                return _again(glance, best)
    rough = _rough(glance)
    for reach in (WIDE_REACH_PX, NEAR_REACH_PX):
        if rough is None:
            break
        seen = _measure(glance, rough, reach)
        best = _better(best, seen, reference)
        rough = Guess(seen.motion.rotation, seen.motion.zoom) if best is seen and seen.motion is not None else None
    return Sighting(None, first.usable, first.scores) if best is None else _again(glance, best)


def _better(best: Sighting | None, seen: Sighting, reference: Reference) -> Sighting | None:
    """The answer that more patches agree on; None for none."""
    if seen.motion is None or not _is_answer(seen, reference):
        return best
    return seen if best is None or best.motion is None or seen.motion.count > best.motion.count else best


def _is_plain(seen: Sighting) -> bool:
    """Whether so many agree that nothing else can: burnt-in text agrees, too, that the camera never moved."""
    return seen.motion is not None and seen.motion.count >= PLAIN * seen.usable


def _again(glance: _Glance, seen: Sighting) -> Sighting:
    """The same, measured once more where it was found, if that is elsewhere than expected."""
    motion = seen.motion
    if motion is None or (motion.angle_deg < AGAIN_DEG and motion.zoom == 1.0):
        return seen
    closer = _measure(glance, Guess(motion.rotation, motion.zoom), NEAR_REACH_PX)
    return closer if _is_answer(closer, glance.reference) else seen


def _measure(glance: _Glance, guess: Guess, reach_px: int) -> Sighting:
    """Patches about where a guess puts them, and the motion they agree on."""
    view, patches = glance.view, glance.reference.patches
    middles = glance.reference.middles_px.astype(np.float64)
    back, free = glance.luma, np.ones(len(middles), np.bool_)
    hidden = is_hidden(middles, glance.covered)
    if not guess.is_still:
        back, shown = view.turned_back(glance.luma, guess.rotation, guess.zoom)
        inside = cv2.erode(shown.astype(np.uint8), np.ones((SIDE_PX, SIDE_PX), np.uint8), borderValue=1) > 0
        free = ~is_hidden(middles, ~inside)
        hidden = is_hidden(np.nan_to_num(view.turned(middles, guess.rotation, guess.zoom)), glance.covered)
    rows = np.flatnonzero(free & ~hidden)
    scores = np.full(len(middles), np.nan)
    offsets = np.full((len(middles), 2), np.nan)
    offsets[rows], scores[rows] = find(texture(back), patches[rows], glance.reference.middles_px[rows], reach_px)
    with np.errstate(invalid="ignore"):
        offsets[~(scores >= ALIKE)] = np.nan
    before, after = view.directions(middles), view.directions(middles + offsets)
    small = fit_motion(before, after, view.focal_px, is_zoomed=guess.zoom != 1.0)
    if small is None:
        return Sighting(None, len(rows), scores)
    whole = replace(small, rotation=guess.rotation @ small.rotation, zoom=guess.zoom * small.zoom)
    return Sighting(whole, len(rows), scores)


def _is_answer(seen: Sighting, reference: Reference) -> bool:
    """Whether enough patches, well spread, agree."""
    motion = seen.motion
    if motion is None or motion.count < max(FEWEST_INLIERS, AGREEING * motion.matched):
        return False
    size = np.array(reference.size)
    cells = {tuple(cell) for cell in (3 * reference.middles_px[motion.inliers] // size).tolist()}
    return len(cells) >= CELLS and motion.sigma_deg <= SIGMA_DEG


def _rough(glance: _Glance) -> Guess | None:
    """A turn of any size, by descriptors."""
    reference, view = glance.reference, glance.view
    free = np.ones(glance.luma.shape, np.bool_) if glance.covered is None else ~glance.covered
    spots, descriptors = describe(glance.luma, free)
    if len(spots) < 2 or len(reference.spots_px) < FEWEST_MATCHES:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(reference.descriptors, descriptors, k=2)
    sure = [pair[0] for pair in pairs if len(pair) == 2 and pair[0].distance < DESCRIPTOR_RATIO * pair[1].distance]
    if len(sure) < FEWEST_MATCHES:
        return None
    before = view.directions(reference.spots_px[[match.queryIdx for match in sure]])
    after = view.directions(spots[[match.trainIdx for match in sure]])
    found = fit_motion(before, after, view.focal_px)
    return None if found is None or found.count < FEWEST_MATCHES else Guess(found.rotation, found.zoom)
