"""The repair of a camera that moved: its lens in the new pose, and what to expect of it, ready to confirm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta

from calibration.camera import Camera, CameraFile, Floats, camera_from_file, load_cameras
from calibration.drift.judging import parts_deg, shift_px
from calibration.drift.motion import Motion, rotation_of
from calibration.drift.rays import view_of
from calibration.solve.pairs import Pairs
from calibration.versions.digest import camera_hash
from calibration.versions.provenance import pairs_of
from calibration.versions.record import CalibrationFile
from calibration.versions.store import Calibrations, Version
from contract.disk import write_whole
from contract.errors import BadInputError
from contract.files import read_json

REPAIR_SCHEMA = "atrium.repair.v1"
FLOOR_REACH_M = 25.0
"""Floor farther from the camera than this is left out of the figures."""
SURE_SHARE, SURE_DEG, SURE_TURN_DEG = 0.5, 0.05, 20.0
"""A proposal is sure where this share of the background agrees, on a turn known so well and no larger than this."""


class RepairFile(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """``<camera>.repair.json``."""

    schema: str
    camera: str
    calibration: str
    """Hash of the calibration that it repairs."""
    at: str
    """When it was worked out, RFC 3339."""
    entry: CameraFile
    """The new entry of ``cameras.json``."""
    turned_deg: float
    right_deg: float
    up_deg: float
    clockwise_deg: float
    zoom: float
    shift_px: float
    """How far the picture moved on average, pixels at 640 wide."""
    floor_shift_cm: float
    """How far off the old pose is on the floor, the median of what the camera sees within 25 m."""
    agreeing: Annotated[int, Meta(ge=0)]
    """Patches of background that agree,"""
    in_sight: Annotated[int, Meta(ge=0)]
    """of so many that were found."""
    residual_px: float
    """Root mean square distance of those patches from where the new pose puts them, pixels of the camera's picture."""
    sigma_deg: float
    """Standard deviation of the turn about its worst axis."""
    expected_cm: float
    """What that comes to on the floor, one standard deviation; the old calibration's own error comes on top."""
    sure: bool
    """Whether it may be confirmed without another look at known points."""


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """A new pose and what is known of it; figures as in :class:`RepairFile`."""

    camera: Camera
    motion: Motion
    floor_shift_cm: float
    expected_cm: float
    residual_px: float
    in_sight: int
    sure: bool


def propose(camera: Camera, motions: Sequence[Motion]) -> Proposal:
    """The camera as it hangs by now.

    Args:
        camera: as calibrated.
        motions: the latest answers that agree, at least one.
    """
    motion = _mean(motions)
    moved = turned_camera(camera, motion)
    pixels = np.stack(
        np.meshgrid(np.linspace(0, camera.width - 1, 16), np.linspace(0, camera.height - 1, 12)), -1
    ).reshape(-1, 2)
    now = moved.floor_from_pixels(pixels)
    with np.errstate(invalid="ignore"):
        near = np.hypot(*(now - moved.centre_m[:2]).T) <= FLOOR_REACH_M
    pixels, now = pixels[near], now[near]
    shift = np.hypot(*(camera.floor_from_pixels(pixels) - now).T)
    scale = camera.width / view_of(camera).size[0]
    share = motion.count / max(1, motion.matched)
    return Proposal(
        moved,
        motion,
        100 * _median(shift),
        100 * _expected_m(moved, motion.covariance_rad2, pixels, now),
        motion.residual_px * scale,
        motion.matched,
        share >= SURE_SHARE and motion.sigma_deg <= SURE_DEG and motion.angle_deg <= SURE_TURN_DEG,
    )


def turned_camera(camera: Camera, motion: Motion) -> Camera:
    """The camera after the background moved like that before its lens; it stays where it hangs."""
    matrix = camera.matrix.copy()
    matrix[:2, :2] *= motion.zoom
    return replace(
        camera,
        matrix=matrix,
        rotation=motion.rotation @ camera.rotation,
        translation=motion.rotation @ camera.translation,
    )


def file_of(proposal: Proposal, before: Camera, at: str) -> RepairFile:
    """The proposal as a file's content.

    Args:
        proposal: what is proposed.
        before: the camera as calibrated.
        at: now, RFC 3339.
    """
    motion = proposal.motion
    right, up, clockwise = (round(part, 3) + 0.0 for part in parts_deg(motion))
    return RepairFile(
        REPAIR_SCHEMA, before.name, camera_hash(before), at, proposal.camera.to_file(),
        turned_deg=round(motion.angle_deg, 3), right_deg=right, up_deg=up, clockwise_deg=clockwise,
        zoom=round(motion.zoom, 4), shift_px=round(shift_px(view_of(before), motion), 2),
        floor_shift_cm=round(proposal.floor_shift_cm, 1), agreeing=motion.count, in_sight=proposal.in_sight,
        residual_px=round(proposal.residual_px, 3), sigma_deg=round(motion.sigma_deg, 4),
        expected_cm=round(proposal.expected_cm, 2), sure=proposal.sure,
    )  # fmt: skip


def repair_path(folder: Path, camera: str) -> Path:
    """Where a box keeps a camera's proposal."""
    return folder / f"{camera}.repair.json"


def write_repair(found: RepairFile, path: Path) -> None:
    """Writes a proposal at once or not at all."""
    write_whole(path, msgspec.json.format(msgspec.json.encode(found), indent=1))


def read_repair(path: Path) -> RepairFile:
    """The proposal in a file.

    Raises:
        BadInputError: where it is missing, damaged or of another version.
    """
    found = read_json(path, RepairFile)
    if found.schema != REPAIR_SCHEMA:
        raise BadInputError(f"{path}: schema is {found.schema!r}; this version reads {REPAIR_SCHEMA!r}")
    camera_from_file(found.camera, found.entry, str(path))
    return found


def check_repair(found: RepairFile, cameras: Path) -> None:
    """Makes sure that a proposal is for a calibration in that ``cameras.json``.

    Raises:
        BadInputError: where the file lacks the camera, or its calibration is not the one that the proposal repairs.
    """
    known = load_cameras(cameras)
    if found.camera not in known:
        raise BadInputError(f"{cameras}: no camera {found.camera!r}; it has {', '.join(known) or 'none'}")
    if camera_hash(known[found.camera]) != found.calibration:
        raise BadInputError(
            f"{cameras}: camera {found.camera!r} was calibrated anew since this repair was proposed; discard the repair"
        )


def confirm_repair(found: RepairFile, cameras: Path, now: float, who: str) -> Version:
    """Makes a proposal's pose the one in force; the pairs go along to where their floor points are seen now.

    Args:
        found: the proposal.
        cameras: the ``cameras.json`` that the camera is calibrated in.
        now: seconds since 1970.
        who: confirms it.

    Raises:
        BadInputError: as `check_repair`.
        AtriumError: it cannot be written; the file is as it was.
    """
    check_repair(found, cameras)
    store = Calibrations(cameras)
    known = store.read()[found.camera]
    camera = camera_from_file(found.camera, found.entry, str(cameras))
    block = known.calibration or CalibrationFile()
    pairs = pairs_of(block)
    kept = [] if pairs is None else _moved(pairs, known.camera, camera)
    block = msgspec.structs.replace(block, method="repair", pairs=kept, terms=[], covariance=[], noise=None)
    return store.write(found.camera, camera, block, now, who)


def _moved(pairs: Pairs, before: Camera, after: Camera) -> list[tuple[float, float, float, float]]:
    """Pairs as they would have been clicked in the new pose; without those now out of sight."""
    pixel = after.pixels_from_floor(before.floor_from_pixels(pairs.pixel_px))
    inside = ((pixel >= 0) & (pixel < [after.width, after.height])).all(1)
    rows = zip(pixel[inside].tolist(), pairs.floor_m[inside].tolist(), strict=True)
    return [(u, v, x, y) for (u, v), (x, y) in rows]


def _mean(motions: Sequence[Motion]) -> Motion:
    """One motion of several that agree; pictures of one minute share their errors, so it is no more certain."""
    last = motions[-1]
    apart = [np.asarray(each.rotation @ last.rotation.T, np.float64) for each in motions]
    vectors = np.array([_vector(each) for each in apart])
    spread = np.cov(vectors.T, ddof=0) if len(motions) > 1 else np.zeros((3, 3))
    return replace(
        last,
        rotation=rotation_of(vectors.mean(0)) @ last.rotation,
        zoom=float(np.mean([each.zoom for each in motions])),
        covariance_rad2=np.mean([each.covariance_rad2 for each in motions], axis=0) + spread,
    )


def _vector(rotation: Floats) -> Floats:
    """(3,) rotation vector of a small rotation, radians."""
    return (
        np.array([rotation[2, 1] - rotation[1, 2], rotation[0, 2] - rotation[2, 0], rotation[1, 0] - rotation[0, 1]])
        / 2
    )


def _expected_m(camera: Camera, covariance_rad2: Floats, pixels: Floats, floor_m: Floats) -> float:
    """How far off the floor is, one standard deviation of the turn; the median over the pixels."""
    squares = np.zeros(len(pixels))
    values, axes = np.linalg.eigh(covariance_rad2)
    for value, axis in zip(values, axes.T, strict=True):
        turn = rotation_of(axis * np.sqrt(max(float(value), 0.0)))
        other = replace(camera, rotation=turn @ camera.rotation, translation=turn @ camera.translation)
        squares += ((other.floor_from_pixels(pixels) - floor_m) ** 2).sum(1)
    return _median(np.sqrt(squares))


def _median(values: Floats) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else 0.0
