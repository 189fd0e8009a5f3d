"""The walk test's files: a folder of recordings in; corrected cameras and a report out."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np

from calibration.camera import Camera, load_cameras
from calibration.walk.adjust import Adjusted
from calibration.walk.agreement import Agreement
from calibration.walk.bundle import Anchors
from calibration.walk.findings import FAIL, correction
from calibration.walk.observations import Sightings, read_sightings, read_times
from contract.errors import BadInputError
from contract.files import read_bytes

REPORT_SCHEMA = "atrium.walk.v1"
ANCHOR_COLUMNS = ["camera", "u", "v", "x", "y"]


class PairReport(msgspec.Struct, frozen=True):
    """How two cameras agree; centimetres, None where they shared no moment."""

    cameras: tuple[str, str]
    moments: int
    before_median_cm: float | None
    before_90_cm: float | None
    median_cm: float | None
    p90_cm: float | None
    steady_before_cm: float | None
    steady_cm: float | None


class CameraReport(msgspec.Struct, frozen=True):
    """What became of one camera; its clock's offsets, each from a second by its own clock on."""

    tied: bool
    reference: str = ""
    turned_deg: float = 0.0
    moved_cm: float = 0.0
    clock_s: list[tuple[float, float]] = []


class FindingReport(msgspec.Struct, frozen=True):
    """One line for the installer."""

    gravity: str
    camera: str
    text: str


class WalkReport(msgspec.Struct, frozen=True):
    """What a walk test found."""

    schema: str
    cameras: dict[str, CameraReport]
    pairs: list[PairReport]
    findings: list[FindingReport]


def read_walk(folder: Path, fps: float) -> tuple[dict[str, Camera], dict[str, Sightings]]:
    """Cameras and what each saw, from ``cameras.json`` and for each camera ``<camera>.det.txt``.

    A camera without a file saw nobody. Where ``<camera>.times.csv`` (``frame,time_s``) is there, its times count, by
    the camera's own clock; else frame 1 is second 0.

    Raises:
        BadInputError: naming the file and the mend.
    """
    cameras = load_cameras(folder / "cameras.json")
    texts = {path.name.removesuffix(".det.txt"): path for path in sorted(folder.glob("*.det.txt"))}
    if len(cameras) < 2:
        raise BadInputError(f"{folder / 'cameras.json'}: the walk test ties cameras to one another; it needs two")
    if strange := sorted(texts.keys() - cameras.keys()):
        raise BadInputError(f"{texts[strange[0]]}: cameras.json has no camera {strange[0]!r}; it has {sorted(cameras)}")
    if not texts:
        raise BadInputError(f"{folder}: no <camera>.det.txt; write them with `atrium detect`")
    seen = {}
    for name, path in texts.items():
        times = folder / f"{name}.times.csv"
        seen[name] = read_sightings(path, fps, read_times(times) if times.is_file() else None)
    return cameras, seen


def read_anchors(path: Path, cameras: Mapping[str, Camera]) -> dict[str, Anchors]:
    """Measured points of the plan by camera, from CSV ``camera,u,v,x,y``: pixels and metres.

    Raises:
        BadInputError: naming the file, the line and the mend.
    """
    rows: dict[str, list[list[float]]] = {}
    lines = read_bytes(path).decode("utf-8-sig", "replace").splitlines()
    for number, fields in enumerate(csv.reader(lines), 1):
        row = [field.strip() for field in fields]
        if not any(row) or row == ANCHOR_COLUMNS:
            continue
        try:
            values = [float(value) for value in row[1:5]]
        except ValueError:
            values = []
        if len(values) != 4 or not all(map(math.isfinite, values)):
            raise BadInputError(f"{path}: line {number}: expected camera,u,v,x,y (pixels, metres); correct that line")
        if row[0] not in cameras:
            raise BadInputError(f"{path}: line {number}: no camera {row[0]!r}; there are {', '.join(cameras)}")
        camera = cameras[row[0]]
        if not (0 <= values[0] <= camera.width and 0 <= values[1] <= camera.height):
            raise BadInputError(
                f"{path}: line {number}: pixel ({values[0]:g}, {values[1]:g}) lies outside {row[0]}'s picture of "
                f"{camera.width}x{camera.height}; columns are camera,u,v,x,y"
            )
        rows.setdefault(row[0], []).append(values)
    if not rows:
        raise BadInputError(f"{path}: no points; write camera,u,v,x,y in each line")
    return {name: Anchors(np.array(each)[:, :2], np.array(each)[:, 2:]) for name, each in rows.items()}


def report(before: Mapping[str, Camera], adjusted: Adjusted) -> WalkReport:
    """What a walk test found, to be kept."""
    references = {name: group.reference for group in adjusted.groups for name in group.cameras}
    cameras = {}
    for name, camera in before.items():
        if name in references:
            turn, move = correction(camera, adjusted.cameras[name])
            clocks = adjusted.clocks[name]
            times = [(round(each.first_s, 3) if k else 0.0, round(each.offset_s, 4)) for k, each in enumerate(clocks)]
            cameras[name] = CameraReport(
                tied=True,
                reference=references[name],
                turned_deg=round(turn, 3),
                moved_cm=round(move * 100, 1),
                clock_s=times,
            )
        else:
            cameras[name] = CameraReport(tied=False)
    old = {each.pair: each for each in adjusted.before}
    return WalkReport(
        REPORT_SCHEMA,
        cameras,
        [_pair(old[each.pair], each) for each in adjusted.after],
        [FindingReport("fail" if f.gravity == FAIL else "remark", f.camera, f.text) for f in adjusted.findings],
    )


def _pair(before: Agreement, after: Agreement) -> PairReport:
    def cm(metres: float) -> float | None:
        return round(metres * 100, 1) if math.isfinite(metres) else None

    return PairReport(
        after.pair, after.moments, cm(before.median_m), cm(before.worst_tenth_m), cm(after.median_m),
        cm(after.worst_tenth_m), cm(before.steady_m), cm(after.steady_m),
    )  # fmt: skip


def cameras_json(cameras: Mapping[str, Camera]) -> bytes:
    """``cameras.json`` of these cameras."""
    return msgspec.json.format(msgspec.json.encode({name: each.to_file() for name, each in cameras.items()}))
