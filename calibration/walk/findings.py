"""What a walk test tells the installer in words: what is wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from calibration.camera import Camera
from calibration.walk.agreement import Agreement
from calibration.walk.bundle import Anchors, Settings
from calibration.walk.jumps import Clock
from calibration.walk.observations import Sightings, is_cut

FAIL, REMARK = 0, 1
FEET_SHARE = 0.3
"""A camera that sees fewer feet than this share of boxes is fitted by heads."""
OTHERS_LEAST_S = 5.0
FAR_OFF = 3.0
"""Poses corrected by more than so many of the deviations believed before are worth a look."""
DISAGREE_M, WORTH_MOMENTS = 0.25, 20
"""Disagreement over two seconds that is worth a line, at so many moments; less is detector and gait."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line for the installer.

    Attributes:
        gravity: `FAIL` or `REMARK`.
        camera: whom it is about, empty for the floor.
        text: what, where, and what to do.
    """

    gravity: int
    camera: str
    text: str


def about_cameras(
    cameras: Mapping[str, Camera],
    seen: Mapping[str, Sightings],
    own: Mapping[str, Sightings],
    mirrored: Sequence[str],
    tied: Sequence[str],
) -> list[Finding]:
    """Cameras that saw nobody, are mirrored, are not tied to others, or see no feet; and lines that were no boxes."""
    found = []
    for name, camera in cameras.items():
        boxes, walker = seen.get(name), own.get(name)
        if boxes is not None and boxes.left_out:
            found.append(
                Finding(REMARK, name, f"{name}: {boxes.left_out} lines are no boxes (nan or no size); left out")
            )
        if walker is None or not len(walker):
            found.append(
                Finding(FAIL, name, f"{name}: not tied: saw nobody walk; walk through its view, or check its stream")
            )
        elif name in mirrored:
            found.append(
                Finding(
                    FAIL, name, f"{name}: its picture is mirrored, left and right swapped; switch off mirroring in the "
                    "camera and walk again (left as it was)",
                )
            )  # fmt: skip
        elif name not in tied:
            others = ", ".join(tied) or ", ".join(other for other in own if other != name)
            found.append(
                Finding(
                    FAIL, name, f"{name}: not tied: no common moments that fit; let the installer walk where {name} "
                    f"and one of {others} both look" if others else f"{name}: not tied: no other camera saw the walk",
                )
            )  # fmt: skip
        else:
            share = 1 - float(is_cut(camera, walker.box_px)[2].mean())
            if share < FEET_SHARE:
                found.append(
                    Finding(
                        REMARK, name, f"{name}: feet are in view in {share:.0%} of its boxes; it is fitted by the head "
                        "alone there: walk further away from it",
                    )
                )  # fmt: skip
    return found


def about_walkers(others_s: Mapping[str, float], unlike: Sequence[str]) -> list[Finding]:
    """Views in which somebody else walked, and cameras whose boxes are nowhere near the walk."""
    found = [
        Finding(
            FAIL, name, f"{name}: not tied: what walks in its view is not the walk the others saw; check that the "
            "recording, the picture (mirrored, turned?) and the calibration are this camera's",
        )
        for name in unlike
    ]  # fmt: skip
    return found + [
        Finding(
            REMARK, name, f"{name}: somebody else walked through its view for {seconds:.0f} s; those boxes are left "
            "out: clear the floor and walk again if it disagrees",
        )
        for name, seconds in others_s.items()
        if seconds > OTHERS_LEAST_S and name not in unlike
    ]  # fmt: skip


def about_clocks(clocks: Mapping[str, Sequence[Clock]]) -> list[Finding]:
    """Clocks that jumped."""
    return [
        Finding(
            FAIL, name, f"{name}: its clock jumps by {before.offset_s - after.offset_s:+.2f} s between second "
            f"{before.last_s:.0f} and {after.first_s:.0f} of its recording; set its time server (NTP) before people "
            "are counted",
        )
        for name, own in clocks.items()
        for before, after in pairwise(own)
    ]  # fmt: skip


def about_poses(
    before: Mapping[str, Camera], after: Mapping[str, Camera], names: Sequence[str], settings: Settings
) -> list[Finding]:
    """Cameras that had to be turned or moved further than calibrations are usually off by."""
    found = []
    for name in names:
        turn, move = correction(before[name], after[name])
        if turn > FAR_OFF * settings.turn_deg or move > FAR_OFF * settings.move_m:
            found.append(
                Finding(
                    REMARK, name, f"{name}: had to be turned by {turn:.1f} degrees and moved by {move * 100:.0f} cm; "
                    "calibrate it again from measured points",
                )
            )  # fmt: skip
    return found


def about_pairs(
    after: Sequence[Agreement],
    groups: Sequence[Sequence[str]],
    anchors: Mapping[str, Anchors],
) -> list[Finding]:
    """Groups that are not tied to one another, pairs that still disagree, and what the floor's place rests on."""
    found = [
        Finding(
            FAIL, "", f"{', '.join(groups[0])} are not tied to {', '.join(other)}: let the installer walk where one "
            "of each looks",
        )
        for other in groups[1:]
    ]  # fmt: skip
    found += [
        Finding(
            REMARK, each.pair[0], f"{each.pair[0]} and {each.pair[1]} still disagree by {each.steady_m * 100:.0f} cm; "
            "walk longer where both look, or measure two points of the plan that both see",
        )
        for each in after
        if each.steady_m > DISAGREE_M and each.moments >= WORTH_MOMENTS
    ]  # fmt: skip
    if groups and not anchors:
        found.append(
            Finding(
                REMARK, "", "no measured points were given: where the floor as a whole lies rests on the calibrations "
                "as they were; give --anchors to pin it to the plan",
            )
        )  # fmt: skip
    return found


def correction(before: Camera, after: Camera) -> tuple[float, float]:
    """By how many degrees and metres a camera was corrected."""
    turn = float(np.degrees(np.linalg.norm(cv2.Rodrigues(before.rotation.T @ after.rotation)[0])))
    return turn, float(np.linalg.norm(after.centre_m - before.centre_m))
