"""The calibrated reference: what of the background a camera is known by, learnt from a minute of pictures.

No picture is kept: only small patches of what stays when everybody has walked on, with their places, and binary
descriptors of corners. Wherever something moved, came or went while it was learnt, there is no patch.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera, Floats
from calibration.drift.patches import SIDE_PX, Patches, choose, contrast_of, cut, find, texture
from calibration.drift.rays import Luma, view_of
from calibration.versions.digest import camera_hash
from contract.errors import BadInputError
from contract.files import read_bytes

REFERENCE_SCHEMA = "atrium.drift_reference.v1"
STEADY = 0.75
"""Patches of the background that are like themselves, by correlation, in the median picture, are steady,"""
STRAY_PX = 0.35
"""and found no farther from their place than this."""
LOOK_PX = 3
FEATURES = 400
"""Binary descriptors for the rough search after a large turn (ORB, Rublee et al. 2011)."""
FEWEST = 16
"""A reference of fewer patches cannot answer."""


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """What a camera's background looked like when its calibration was true.

    Attributes:
        camera: its name.
        calibration: hash of the calibration it belongs to.
        size: (width, height) of the working picture, pixels.
        made_at: unix seconds.
        middles_px: (N, 2) places of the patches, working pixels. They never change.
        patches: (N, 17, 17) normalised texture.
        spots_px: (M, 2) places of the descriptors.
        descriptors: (M, 32) ORB.
        contrast: of the background where it has much, of 255 levels.
    """

    camera: str
    calibration: str
    size: tuple[int, int]
    made_at: float
    middles_px: NDArray[np.int64]
    patches: Patches
    spots_px: Floats
    descriptors: NDArray[np.uint8]
    contrast: float

    @property
    def is_usable(self) -> bool:
        """Whether there is enough steady texture to tell a turn by."""
        return len(self.middles_px) >= FEWEST

    @property
    def coverage(self) -> float:
        """Share of the picture that the patches show, 0..1."""
        return len(self.patches) * SIDE_PX**2 / (self.size[0] * self.size[1])


def learn(
    camera: Camera,
    pictures: Sequence[Luma],
    at: float,
    covered: Sequence[NDArray[np.bool_]] | None = None,
    calibration: str = "",
) -> Reference:
    """The reference of a camera from some pictures of a minute or more.

    Args:
        camera: as calibrated.
        pictures: (H, W) brightness, of any one size; seven or more, seconds apart, so that people have moved on.
        at: unix seconds.
        covered: (h, w) per picture, at working size, where people stand or a privacy mask lies.
        calibration: hash; the camera's own by default.
    """
    view = view_of(camera)
    small = [view.shrink(picture) for picture in pictures]
    masks = [np.zeros((view.size[1], view.size[0]), np.bool_) for _ in small] if covered is None else list(covered)
    background = _median(small, masks)
    never = np.mean(masks, axis=0) > 0.5
    plane = texture(background)
    middles = choose(plane, ~never)
    patches, _ = cut(plane, middles.astype(np.float64))
    steady = _steady(small, masks, patches, middles)
    spots, descriptors = describe(background, ~never)
    name = calibration or camera_hash(camera)
    return Reference(
        camera.name,
        name,
        view.size,
        at,
        middles[steady],
        patches[steady],
        spots,
        descriptors,
        contrast_of(background),
    )


def describe(luma: Luma, free: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.uint8]]:
    """(M, 2) corners and their (M, 32) descriptors."""
    orb = cv2.ORB_create(FEATURES, edgeThreshold=16, patchSize=24, fastThreshold=7)  # type: ignore[attr-defined]
    points, found = orb.detectAndCompute(luma, free.astype(np.uint8) * 255)
    if found is None:
        return np.empty((0, 2)), np.empty((0, 32), np.uint8)
    return np.array([point.pt for point in points], np.float64), np.asarray(found, np.uint8)


def is_hidden(middles_px: Floats, covered: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    """(N,) whether the middle of each patch lies where somebody stands or a mask is."""
    if covered is None:
        return np.zeros(len(middles_px), np.bool_)
    height, width = covered.shape
    x, y = (np.clip(np.round(middles_px[:, k]), 0, most - 1).astype(np.int64) for k, most in ((0, width), (1, height)))
    return np.asarray(covered[y, x], np.bool_)


def _median(pictures: Sequence[Luma], masks: Sequence[NDArray[np.bool_]]) -> Luma:
    """The background: the median of what is not covered, and of everything where all is."""
    stack, hidden = np.array(pictures), np.array(masks)
    plain = np.median(stack, axis=0)
    if not hidden.any():
        return np.asarray(plain, np.uint8)
    bare = np.where(hidden, np.nan, stack.astype(np.float32))
    some = ~hidden.all(0)
    plain[some] = np.nanmedian(bare[:, some], axis=0)
    return np.asarray(plain, np.uint8)


def _steady(
    pictures: Sequence[Luma], masks: Sequence[NDArray[np.bool_]], patches: Patches, middles: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """(N,) patches that most pictures show at their place: no leaves, no screens, no clock."""
    likes, strays = [], []
    for picture, mask in zip(pictures, masks, strict=True):
        offsets, scores = find(texture(picture), patches, middles, LOOK_PX)
        hidden = is_hidden(middles.astype(np.float64), mask)
        likes.append(np.where(hidden, np.nan, scores))
        strays.append(np.where(hidden, np.nan, np.where(np.isfinite(offsets).all(1), np.hypot(*offsets.T), LOOK_PX)))
    seen = np.isfinite(likes).sum(0) >= max(1, len(pictures) // 3)
    like, stray = (_median_of(values, seen) for values in (likes, strays))
    return np.asarray(seen & (like > STEADY) & (stray < STRAY_PX), np.bool_)


def _median_of(values: Sequence[Floats], seen: NDArray[np.bool_]) -> Floats:
    middle = np.full(len(seen), np.nan)
    middle[seen] = np.nanmedian(np.array(values)[:, seen], axis=0)
    return np.asarray(np.nan_to_num(middle, nan=-1.0), np.float64)


def save_reference(reference: Reference, path: Path) -> None:
    """Writes a reference at once or not at all: NumPy's ``.npz``, readable by its owner alone."""
    told = {"schema": REFERENCE_SCHEMA, "camera": reference.camera, "calibration": reference.calibration,
            "size": reference.size, "made_at": reference.made_at, "contrast": reference.contrast}  # fmt: skip
    content = io.BytesIO()
    np.savez_compressed(
        content,
        told=np.frombuffer(json.dumps(told).encode(), np.uint8),
        middles_px=reference.middles_px.astype(np.int16),
        patches=reference.patches,
        spots_px=reference.spots_px.astype(np.float32),
        descriptors=reference.descriptors,
    )
    part = path.with_name(path.name + ".part")
    part.touch(mode=0o600)
    part.write_bytes(content.getvalue())
    part.replace(path)


def load_reference(path: Path) -> Reference:
    """The reference in a file.

    Raises:
        BadInputError: where it is missing, damaged or of another version.
    """
    mend = "remove it: the box learns the view anew"
    try:
        with np.load(io.BytesIO(read_bytes(path)), allow_pickle=False) as found:
            told = json.loads(found["told"].tobytes())
            if told["schema"] != REFERENCE_SCHEMA:
                raise BadInputError(f"{path}: schema is {told['schema']!r}, not {REFERENCE_SCHEMA!r}; {mend}")
            return Reference(
                str(told["camera"]), str(told["calibration"]), (int(told["size"][0]), int(told["size"][1])),
                float(told["made_at"]), found["middles_px"].astype(np.int64), found["patches"].astype(np.int8),
                found["spots_px"].astype(np.float64), found["descriptors"].astype(np.uint8),
                float(told["contrast"]),
            )  # fmt: skip
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise BadInputError(f"{path}: not a drift reference ({error}); {mend}") from None
