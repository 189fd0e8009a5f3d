"""A lens read from a file: our own, OpenCV's, ROS's, or what the data sheet says.

Four forms are understood: an entry of ``cameras.json`` (its pose is passed over); OpenCV's FileStorage (YAML, XML or
JSON with ``camera_matrix``, ``distortion_coefficients`` and ``image_width``); ROS ``camera_info`` YAML, which is nearly
the same; and TOML with ``focal_mm`` and ``sensor_mm``, or ``hfov_deg``.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np

from calibration.camera import CameraFile, Floats, camera_from_file
from calibration.lens import BROWN_LENGTHS, FISHEYE_LENGTHS, Kind
from calibration.solve.start import Intrinsics
from contract.errors import BadInputError
from contract.files import read_bytes, read_toml

MATRIX = ("camera_matrix", "Camera_Matrix", "cameraMatrix", "M1", "K")
TERMS = ("distortion_coefficients", "Distortion_Coefficients", "distCoeffs", "D1", "D")
WIDTH = ("image_width", "image_Width", "imageWidth", "width")
HEIGHT = ("image_height", "image_Height", "imageHeight", "height")
MODEL = ("distortion_model", "camera_model", "lens", "fisheye_model")
FISHEYE = {"fisheye", "equidistant", "kannala_brandt", "1"}
WIDEST_BROWN_DEG = 140.0
SHAPE = 0.01
"""Pictures of one shape differ by no more in their ratio of width to height."""


class SheetFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a data sheet says of a lens."""

    width: int
    height: int
    focal_mm: float | None = None
    sensor_mm: list[float] | None = None
    hfov_deg: float | None = None
    lens: Kind = "brown"


def read_intrinsics(path: Path, camera: str | None = None) -> Intrinsics:
    """The lens that a file describes.

    Args:
        path: ``.toml``, ``.json``, ``.yaml``, ``.yml`` or ``.xml``.
        camera: which camera, where the file has several.

    Raises:
        BadInputError: naming the file, the field and the mend.
    """
    kind = path.suffix.lower()
    if kind == ".toml":
        return _from_sheet(read_toml(path, SheetFile), str(path))
    text = _text(path)
    if kind == ".json" and "opencv_storage" not in text[:200] and '"type_id"' not in text:
        return _from_entry(path, text, camera)
    if kind not in {".json", ".yaml", ".yml", ".xml"}:
        raise BadInputError(f"{path}: a lens is read from .toml, .json, .yaml, .yml or .xml; convert the file")
    return _from_storage(path, text)


def _text(path: Path) -> str:
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInputError(f"{path}: not text; a lens is read from TOML, JSON, YAML or XML") from None


def _from_sheet(sheet: SheetFile, source: str) -> Intrinsics:
    if sheet.width < 1 or sheet.height < 1:
        raise BadInputError(f"{source}: width and height must be the picture's, in pixels")
    if sheet.hfov_deg is not None:
        most = WIDEST_BROWN_DEG if sheet.lens == "brown" else 200.0
        if not 5 < sheet.hfov_deg < most:
            raise BadInputError(
                f"{source}: hfov_deg must be 5 to {most:g} for a {sheet.lens} lens; a wider one needs lens = 'fisheye'"
            )
        half = np.radians(sheet.hfov_deg) / 2
        focal = sheet.width / 2 / (np.tan(half) if sheet.lens == "brown" else half)
        return _plain(focal, focal, sheet)
    if sheet.focal_mm is None or sheet.sensor_mm is None:
        raise BadInputError(f"{source}: give hfov_deg, or both focal_mm and sensor_mm = [width, height]")
    if len(sheet.sensor_mm) != 2 or min(sheet.sensor_mm) <= 0 or sheet.focal_mm <= 0:
        raise BadInputError(f"{source}: sensor_mm must be [width, height] and focal_mm a length, all above 0")
    across, down = (sheet.focal_mm / s * p for s, p in zip(sheet.sensor_mm, (sheet.width, sheet.height), strict=True))
    if abs(across / down - 1) > 0.02:
        raise BadInputError(
            f"{source}: sensor_mm {sheet.sensor_mm} has not the shape of {sheet.width} x {sheet.height} pictures; "
            "give the part of the sensor that is read out, or hfov_deg"
        )
    return _plain(across, down, sheet)


def _plain(across: float, down: float, sheet: SheetFile) -> Intrinsics:
    matrix = np.array([[across, 0, (sheet.width - 1) / 2], [0, down, (sheet.height - 1) / 2], [0, 0, 1.0]])
    return Intrinsics(matrix, np.zeros(0), sheet.lens, (sheet.width, sheet.height))


def _from_entry(path: Path, text: str, camera: str | None) -> Intrinsics:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise BadInputError(f"{path}: not JSON ({error}); correct the file") from None
    if not isinstance(found, dict) or not found:
        raise BadInputError(f"{path}: must be an object with width, height, K and dist")
    if "K" not in found and all(isinstance(value, dict) for value in found.values()):
        if camera is None and len(found) > 1:
            raise BadInputError(f"{path}: holds {', '.join(map(str, found))}; say which camera's lens it is")
        name = camera if camera is not None else next(iter(found))
        if name not in found:
            raise BadInputError(f"{path}: no camera {name!r}; it holds {', '.join(map(str, found))}")
        found = found[name]
    found = {"R": np.eye(3).tolist(), "t": [0.0, 0.0, 0.0]} | found
    try:
        entry = msgspec.convert(found, CameraFile)
    except msgspec.ValidationError as error:
        raise BadInputError(f"{path}: {error}; correct that field") from None
    own = camera_from_file("lens", entry, str(path))
    return Intrinsics(own.matrix, own.distortion, own.lens, (own.width, own.height))


def _from_storage(path: Path, text: str) -> Intrinsics:
    fields = _fields(path, text)

    def first(names: tuple[str, ...], what: str) -> Any:
        for name in names:
            if name in fields:
                return fields[name]
        raise BadInputError(f"{path}: no {names[0]} ({what}); write it there, as OpenCV and ROS do")

    matrix = _array(first(MATRIX, "the 3 x 3 K"), path, MATRIX[0])
    terms = _array(first(TERMS, "the lens's distortion"), path, TERMS[0]).ravel()
    width, height = (int(_array(first(n, "of the pictures"), path, n[0]).ravel()[0]) for n in (WIDTH, HEIGHT))
    model = next((str(fields[name]).lower() for name in MODEL if name in fields), "plumb_bob")
    lens: Kind = "fisheye" if model in FISHEYE else "brown"
    if matrix.size != 9:
        raise BadInputError(f"{path}: {MATRIX[0]} must have 3 x 3 numbers, not {matrix.size}")
    lengths = BROWN_LENGTHS if lens == "brown" else FISHEYE_LENGTHS
    if len(terms) not in lengths:
        raise BadInputError(f"{path}: {TERMS[0]} has {len(terms)} terms; a {lens} lens takes one of {lengths}")
    matrix = matrix.reshape(3, 3)
    if width < 1 or height < 1 or not (matrix[0, 0] > 0 and matrix[1, 1] > 0):
        raise BadInputError(f"{path}: {WIDTH[0]}, {HEIGHT[0]} and the focal lengths must be above 0")
    return Intrinsics(matrix, terms, lens, (width, height))


def _array(value: Any, path: Path, field: str) -> Floats:
    try:
        found = np.array(value, np.float64)
    except (TypeError, ValueError):
        found = np.array(np.nan)
    if not np.isfinite(found).all():
        raise BadInputError(f"{path}: {field} must be finite numbers")
    return found


def _fields(path: Path, text: str) -> dict[str, Any]:
    """The file's fields: numbers, words, and matrices as lists; by OpenCV's reader, or ROS's few lines of YAML."""
    is_ros = path.suffix.lower() in {".yaml", ".yml"} and not re.search(r"!!opencv", text)
    if is_ros:
        return _ros_fields(text)
    try:
        storage = cv2.FileStorage(text, cv2.FILE_STORAGE_READ | cv2.FILE_STORAGE_MEMORY)
        names = storage.root().keys()
    except (cv2.error, SystemError):
        raise BadInputError(f"{path}: not OpenCV's FileStorage; correct the file") from None
    fields: dict[str, Any] = {}
    for name in names:
        node = storage.getNode(name)
        if node.isMap() and (matrix := node.mat()) is not None:
            fields[name] = matrix.tolist()
        elif node.isInt() or node.isReal():
            fields[name] = node.real()
        elif node.isString():
            fields[name] = node.string()
        elif node.isSeq():
            fields[name] = [node.at(k).real() for k in range(node.size())]
    storage.release()
    return fields


def _ros_fields(text: str) -> dict[str, Any]:
    """Fields of a ROS ``camera_info``: ``name: value``, and ``data: [...]`` beneath a name, which may span lines."""
    fields: dict[str, Any] = {}
    text = re.sub(r"#.*", "", text)
    for name, value in re.findall(r"^([A-Za-z_]\w*):[ \t]*([^\s\[{][^\n]*)$", text, re.MULTILINE):
        fields[name] = value.strip().strip("'\"")
    pattern = r"^([A-Za-z_]\w*):[ \t]*(?:\n(?:[ \t]+\w+:[^\n\[]*\n)*?[ \t]+data:[ \t]*)?\[([^\]]*)\]"
    for name, values in re.findall(pattern, text, re.MULTILINE):
        fields[name] = [part.strip() for part in values.split(",") if part.strip()]
    return fields


def fitting(known: Intrinsics, size: tuple[int, int], source: str = "lens") -> Intrinsics:
    """The lens itself where it can belong to pictures of that size.

    Raises:
        BadInputError: where their shapes differ: then it was measured in another mode of the camera.
    """
    if abs((known.size[0] / known.size[1]) / (size[0] / size[1]) - 1) > SHAPE:
        raise BadInputError(
            f"{source}: holds for {known.size[0]} x {known.size[1]} pictures, which {size[0]} x {size[1]} are not a "
            "scaled copy of; measure it in the mode the camera runs in"
        )
    return known
