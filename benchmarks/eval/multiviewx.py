"""Crops of the synthetic MultiviewX frames: who, in which camera, in which frame."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from contract.errors import BadInputError
from edge.capture.frame import Image
from edge.reid.embedder import crops
from edge.reid.kernels import MOST_COVERED, covered

LEAST_HEIGHT_PX = 64
EDGE_PX = 1


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """N crops.

    Attributes:
        crops: (H, W, 3) uint8 BGR each.
        person: (N,) ids.
        camera: (N,) numbers.
        frame: (N,) numbers, from 0.
    """

    crops: list[Image]
    person: NDArray[np.int64]
    camera: NDArray[np.int64]
    frame: NDArray[np.int64]

    def __len__(self) -> int:
        """How many crops."""
        return len(self.crops)


def read_people(folder: Path, frames: int = 10) -> People:
    """People of at least 64 pixels, whole in the picture and not hidden by more than a third behind another.

    Args:
        folder: with `Image_subsets` and `annotations_positions`.
        frames: how many, from the first.

    Raises:
        BadInputError: a picture is missing or there are no annotations.
    """
    found: list[Image] = []
    who: list[tuple[int, int, int]] = []
    # the picture 0000 belongs to the annotations 00001
    for frame, path in enumerate(sorted((folder / "annotations_positions").glob("*.json"))[:frames]):
        people = json.loads(path.read_text())
        cameras = sorted({view["viewNum"] for person in people for view in person["views"]})
        for camera in cameras:
            picture_path = folder / "Image_subsets" / f"C{camera + 1}" / f"{int(path.stem) - 1:04d}.jpg"
            picture = cv2.imread(str(picture_path), cv2.IMREAD_COLOR)
            if picture is None:
                raise BadInputError(f"{picture_path}: no readable picture; is the folder complete?")
            boxes, ids = _boxes(people, camera)
            height, width = picture.shape[:2]
            for i, crop in enumerate(crops(np.asarray(picture, np.uint8), boxes)):
                x1, y1, x2, y2 = boxes[i]
                inside = x1 >= EDGE_PX and y1 >= EDGE_PX and x2 < width - EDGE_PX and y2 < height - EDGE_PX
                if inside and y2 - y1 >= LEAST_HEIGHT_PX and covered(boxes, i) <= MOST_COVERED:
                    found.append(crop.copy())
                    who.append((ids[i], camera, frame))
    if not who:
        raise BadInputError(f"{folder}: no people; give the folder of MultiviewX frames")
    table = np.array(who, np.int64)
    return People(found, table[:, 0], table[:, 1], table[:, 2])


def _boxes(people: list[dict[str, object]], camera: int) -> tuple[NDArray[np.float32], list[int]]:
    """Boxes (N, 4) x1, y1, x2, y2 of one view, and whose they are."""
    boxes, ids = [], []
    for person in people:
        views = person["views"]
        assert isinstance(views, list)  # noqa: S101 - as annotated
        for view in views:
            if view["viewNum"] == camera and view["xmax"] > view["xmin"] >= 0:
                boxes.append([view["xmin"], view["ymin"], view["xmax"], view["ymax"]])
                ids.append(int(str(person["personID"])))
    return np.array(boxes, np.float32).reshape(-1, 4), ids
