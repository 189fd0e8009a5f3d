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
from calibration.drift.motion import NEAR_PX, Motion, fit_motion
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
PLAIN = 0.7
"""Where so many of all patches that can be seen agree, nothing else is looked for."""
OVERRULING, OVERRULING_CELLS = 12, 5
"""So many patches that moved together, in so many ninths of the picture, overrule those that did not."""
SIGMA_DEG = 0.1
"""A rotation less certain than this, about any axis, is no answer."""
LOOSE_PX = 2.0
"""Where too few agree closely, patches need only be so near: a camera that was pushed aside besides sees parallax."""
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


def locate(  # noqa: PLR0917 - what is looked at, where, and how hard
    reference: Reference,
    view: View,
    luma: Luma,
    covered: NDArray[np.bool_] | None,
    guess: Guess = STILL,
    content: float = PLAIN,
) -> Sighting:
    """How the camera has turned since the reference.

    Args:
        reference: of the camera.
        view: its lens at working size.
        luma: (h, w) at working size.
        covered: (h, w) where people stand or masks lie; None for nowhere.
        guess: what was found last.
        content: where this share of all patches in sight agrees, nothing else is looked for, 0..1.
    """
    glance = _Glance(reference, view, luma, covered)
    first = _measure(glance, guess, NEAR_REACH_PX)
    if _is_answer(first, reference) and _is_plain(first, content):
        return _again(glance, first)
    moved = None if guess.is_still else _better(None, first, reference)
    near = first if guess.is_still else _measure(glance, STILL, NEAR_REACH_PX)
    if _is_answer(near, reference) and _is_plain(near, content):
        return _again(glance, near)
    unmoved = None
    if near.motion is not None and _is_answer(near, reference) and near.motion.angle_deg < AGAIN_DEG:
        unmoved = near.motion.inliers
    else:
        moved = _better(moved, near, reference)
    for place in [guess] if guess.is_still else [guess, STILL]:
        moved = _better(moved, _measure(glance, place, WIDE_REACH_PX, unmoved), reference)
    rough = _rough(glance, far=unmoved is not None) if moved is None else None
    for reach in (WIDE_REACH_PX, NEAR_REACH_PX):
        if rough is None:
            break
        seen = _measure(glance, rough, reach, unmoved)
        moved = _better(moved, seen, reference)
        rough = Guess(seen.motion.rotation, seen.motion.zoom) if moved is seen and seen.motion is not None else None
    if moved is not None and (unmoved is None or _overrules(moved, unmoved, reference)):
        return _again(glance, moved, unmoved)
    return Sighting(None, first.usable, first.scores) if unmoved is None else near


def _better(best: Sighting | None, seen: Sighting, reference: Reference) -> Sighting | None:
    """The answer that more patches agree on; None for none."""
    if seen.motion is None or not _is_answer(seen, reference):
        return best
    return seen if best is None or best.motion is None or seen.motion.count > best.motion.count else best


def _is_plain(seen: Sighting, content: float) -> bool:
    """Whether so many agree that nothing else can: burnt-in text agrees, too, that the camera never moved."""
    return seen.motion is not None and seen.motion.count >= content * seen.usable


def _overrules(moved: Sighting, unmoved: NDArray[np.bool_], reference: Reference) -> bool:
    """Whether patches that moved together, all over the picture, mean more than those that did not move at all.

    What moves with the picture's frame is burnt in; what moves together against it is the world, unless it is a thing.
    """
    if moved.motion is None:
        return False
    alone = moved.motion.inliers & ~unmoved
    enough = alone.sum() >= max(OVERRULING, AGREEING * unmoved.sum())
    return bool(enough and _cells(reference, alone) >= OVERRULING_CELLS)


def _cells(reference: Reference, rows: NDArray[np.bool_]) -> int:
    """In how many ninths of the picture patches lie."""
    return len({tuple(cell) for cell in (3 * reference.middles_px[rows] // np.array(reference.size)).tolist()})


def _again(glance: _Glance, seen: Sighting, without: NDArray[np.bool_] | None = None) -> Sighting:
    """The same, measured once more where it was found, if that is elsewhere than expected."""
    motion = seen.motion
    if motion is None or (motion.angle_deg < AGAIN_DEG and motion.zoom == 1.0):
        return seen
    closer = _measure(glance, Guess(motion.rotation, motion.zoom), NEAR_REACH_PX, without)
    return closer if _is_answer(closer, glance.reference) else seen


def _measure(glance: _Glance, guess: Guess, reach_px: int, without: NDArray[np.bool_] | None = None) -> Sighting:
    """Patches about where a guess puts them, some left out, and the motion they agree on."""
    view, patches = glance.view, glance.reference.patches
    middles = glance.reference.middles_px.astype(np.float64)
    back, free = glance.luma, np.ones(len(middles), np.bool_)
    hidden = is_hidden(middles, glance.covered)
    if not guess.is_still:
        back, shown = view.turned_back(glance.luma, guess.rotation, guess.zoom)
        inside = cv2.erode(shown.astype(np.uint8), np.ones((SIDE_PX, SIDE_PX), np.uint8), borderValue=1) > 0
        free = ~is_hidden(middles, ~inside)
        hidden = is_hidden(np.nan_to_num(view.turned(middles, guess.rotation, guess.zoom)), glance.covered)
    rows = np.flatnonzero(free & ~hidden & (True if without is None else ~without))
    scores = np.full(len(middles), np.nan)
    offsets = np.full((len(middles), 2), np.nan)
    offsets[rows], scores[rows] = find(texture(back), patches[rows], glance.reference.middles_px[rows], reach_px)
    with np.errstate(invalid="ignore"):
        offsets[~(scores >= ALIKE)] = np.nan
    before, after = view.directions(middles), view.directions(middles + offsets)
    seen = Sighting(None, len(rows), scores)
    for near_px in (NEAR_PX, LOOSE_PX):
        small = fit_motion(before, after, view.focal_px, is_zoomed=guess.zoom != 1.0, near_px=near_px)
        if small is None:
            break
        whole = replace(small, rotation=guess.rotation @ small.rotation, zoom=guess.zoom * small.zoom)
        seen = Sighting(whole, len(rows), scores)
        if _is_answer(seen, glance.reference):
            break
    return seen


def _is_answer(seen: Sighting, reference: Reference) -> bool:
    """Whether enough patches, well spread, agree."""
    motion = seen.motion
    if motion is None or motion.count < max(FEWEST_INLIERS, AGREEING * motion.matched):
        return False
    return _cells(reference, motion.inliers) >= CELLS and motion.sigma_deg <= SIGMA_DEG


def _rough(glance: _Glance, *, far: bool) -> Guess | None:
    """A turn of any size, by descriptors; by those alone that are no longer at their place, if need be."""
    reference, view = glance.reference, glance.view
    free = np.ones(glance.luma.shape, np.bool_) if glance.covered is None else ~glance.covered
    spots, descriptors = describe(glance.luma, free)
    if len(spots) < 2 or len(reference.spots_px) < FEWEST_MATCHES:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(reference.descriptors, descriptors, k=2)
    sure = [pair[0] for pair in pairs if len(pair) == 2 and pair[0].distance < DESCRIPTOR_RATIO * pair[1].distance]
    if len(sure) < FEWEST_MATCHES:
        return None
    one = reference.spots_px[[match.queryIdx for match in sure]]
    other = spots[[match.trainIdx for match in sure]]
    gone = np.hypot(*(other - one).T) > (NEAR_REACH_PX if far else -1)
    before, after = view.directions(one[gone]), view.directions(other[gone])
    found = fit_motion(before, after, view.focal_px, near_px=LOOSE_PX)
    return None if found is None or found.count < FEWEST_MATCHES else Guess(found.rotation, found.zoom)
