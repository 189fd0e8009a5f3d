"""Annotated pictures in memory: read once, kept as bytes, so that a training step never waits for a decoder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from contract.errors import BadInputError


class CocoImage(msgspec.Struct):
    """One picture of an annotations file."""

    id: int
    file_name: str
    source: str = ""


class CocoBox(msgspec.Struct):
    """One box, x, y, w, h in pixels; ignored ones are left out of loss and score."""

    image_id: int
    bbox: tuple[float, float, float, float]
    iscrowd: int = 0
    ignore: int = 0


class CocoFile(msgspec.Struct):
    """The part of a COCO file that the recipe reads."""

    images: list[CocoImage]
    annotations: list[CocoBox]


@dataclass(frozen=True, slots=True)
class Picture:
    """Pixels (H, W, 3) BGR, people's boxes (n, 4) as x1, y1, x2, y2 in pixels, and which of them to ignore (n,)."""

    name: str
    source: str
    pixels: NDArray[np.uint8]
    boxes: NDArray[np.float32]
    ignored: NDArray[np.bool_]


def read_pictures(annotations: Path, images: Path, sources: frozenset[str] | None = None) -> list[Picture]:
    """Every picture of a COCO file, decoded; with sources, only those of the named sources.

    Raises:
        BadInputError: the file is no COCO file, or a picture is missing or unreadable.
    """
    try:
        coco = msgspec.json.decode(annotations.read_bytes(), type=CocoFile)
    except (OSError, msgspec.DecodeError) as error:
        raise BadInputError(f"{annotations}: {error}; give a COCO annotations file") from error
    boxes: dict[int, list[CocoBox]] = {}
    for box in coco.annotations:
        boxes.setdefault(box.image_id, []).append(box)
    found = []
    for image in coco.images:
        if sources is not None and image.source not in sources:
            continue
        pixels = cv2.imread(str(images / image.file_name), cv2.IMREAD_COLOR)
        if pixels is None:
            raise BadInputError(f"{images / image.file_name}: no readable picture; is the image folder complete?")
        mine = boxes.get(image.id, [])
        xywh = np.array([b.bbox for b in mine], np.float32).reshape(-1, 4)
        xyxy = np.concatenate((xywh[:, :2], xywh[:, :2] + xywh[:, 2:]), 1)
        skipped = np.array([bool(b.iscrowd or b.ignore) for b in mine], np.bool_)
        found.append(Picture(image.file_name, image.source, np.asarray(pixels, np.uint8), xyxy, skipped))
    return found
