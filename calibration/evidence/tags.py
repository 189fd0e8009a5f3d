"""AprilTags laid on the floor become pairs: four corners each, no clicking (Olson 2011; family 36h11).

Where the tags' places are known they are the pairs. Where only their size is, they still tell, together, how the floor
lies, up to where the plan's origin is: the first tag is taken for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from calibration.camera import Camera, Floats
from calibration.evidence.edges import square_corners
from calibration.evidence.table import read_table
from calibration.solve.fit import HIDDEN_PX
from calibration.solve.pairs import Pairs
from contract.errors import BadInputError

SMALLEST_PX = 20.0
"""A tag whose shorter side is less cannot be read to a fraction of a pixel."""
LARGEST_M = 3.0
CLICK_PX = 0.5
ENDS = np.array([[0, 1, 2, 3, 0, 1], [1, 2, 3, 0, 2, 3]])
SIDES = np.array([1.0, 1, 1, 1, np.sqrt(2), np.sqrt(2)])
"""Corners between which a square's sides and diagonals run, and how long these are, sides."""


@dataclass(frozen=True, slots=True)
class Tag:
    """Where a tag lies.

    Attributes:
        name: the number printed, 0 to 586.
        x_m: its centre on the floor.
        y_m: the same upwards on the plan.
        heading_deg: where its upper edge points on the plan, counter-clockwise from plan x; 90 is up the plan.
        size_m: side of the black square.
    """

    name: int
    x_m: float
    y_m: float
    heading_deg: float
    size_m: float

    def corners_m(self) -> Floats:
        """(4, 2) its corners on the floor: upper left, upper right, lower right, lower left, as printed."""
        turn = np.radians(self.heading_deg)
        ahead = np.array([np.cos(turn), np.sin(turn)])
        right = np.array([np.sin(turn), -np.cos(turn)])
        half = self.size_m / 2
        return np.array(
            [np.array([self.x_m, self.y_m]) + half * (i * right + j * ahead)
             for i, j in ((-1, 1), (1, 1), (1, -1), (-1, -1))]
        )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """Tags of one picture.

    Attributes:
        corners_px: by number, (4, 2) pixels: upper left, upper right, lower right, lower left, as printed.
        small: numbers of tags too small in the picture to be of use.
    """

    corners_px: dict[int, Floats]
    small: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class TagPairs:
    """Pairs of the corners of tags.

    Attributes:
        pairs: four for each tag that is both seen and on the list.
        names: (N,) tag of each pair.
        remarks: what the installer should know, one sentence each.
    """

    pairs: Pairs
    names: tuple[int, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class LooseTags:
    """Tags of known size anywhere on the floor, evidence for `solve`: their sides are equal, and so long.

    Attributes:
        corners_px: (T, 4, 2) pixels in order around each.
        size_m: side of the black squares.
        noise_px: standard deviation of a corner.
    """

    corners_px: Floats
    size_m: float
    noise_px: float = CLICK_PX

    def __len__(self) -> int:
        """Number of tags."""
        return len(self.corners_px)

    def residuals(self, camera: Camera) -> Floats:
        """(6 T,) by how much four sides and two diagonals on the floor are too long, in standard deviations."""
        floor = camera.floor_from_pixels(self.corners_px.reshape(-1, 2)).reshape(-1, 4, 2)
        long = np.linalg.norm(floor[:, ENDS[1]] - floor[:, ENDS[0]], axis=2)
        pixels = np.linalg.norm(self.corners_px[:, ENDS[1]] - self.corners_px[:, ENDS[0]], axis=2)
        off = (long / (SIDES * self.size_m) - 1) * pixels / (np.sqrt(2) * self.noise_px)
        return np.asarray(np.where(np.isfinite(off), off, HIDDEN_PX).ravel(), np.float64)


def read_tags(path: Path) -> dict[int, Tag]:
    """The tags of a CSV file with columns ``id,x,y,heading,size``: metres, degrees.

    Raises:
        BadInputError: naming the file, the line and the mend.
    """
    tags: dict[int, Tag] = {}
    for line, row in enumerate(read_table(path, ("id", "x", "y", "heading", "size")), 2):
        number, x, y, heading, size = (float(row[name] or 0) for name in ("id", "x", "y", "heading", "size"))
        if number != int(number) or not 0 <= number < 587:
            raise BadInputError(f"{path}: line {line}: id {number:g} is no tag of family 36h11; they are 0 to 586")
        if not 0 < size <= LARGEST_M:
            mend = "millimetres? divide by 1000" if size > LARGEST_M else "measure the black square's side"
            raise BadInputError(f"{path}: line {line}: size {size:g} is not a tag's side in metres; {mend}")
        if int(number) in tags:
            raise BadInputError(f"{path}: line {line}: tag {number:.0f} is listed twice; delete one")
        tags[int(number)] = Tag(int(number), x, y, heading, size)
    return tags


def find_tags(image: cv2.typing.MatLike) -> Seen:
    """The tags of a picture, (H, W) or (H, W, 3), corners to a fraction of a pixel."""
    grey = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    settings = cv2.aruco.DetectorParameters()
    settings.adaptiveThreshWinSizeMax = 53
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h11)
    corners, names, _ = cv2.aruco.ArucoDetector(dictionary, settings).detectMarkers(grey)
    found: dict[int, Floats] = {}
    small = []
    numbers = [] if names is None else [int(name) for name in np.ravel(names)]
    for name, own in zip(numbers, corners, strict=True):
        points = np.asarray(own, np.float64).reshape(4, 2)
        sides = np.linalg.norm(points - np.roll(points, -1, 0), axis=1)
        if sides.min() < SMALLEST_PX / 2 or sides.max() < SMALLEST_PX:
            small.append(name)
        else:
            found[name] = square_corners(np.asarray(grey, np.uint8), points)
    return Seen(found, tuple(sorted(small)))


def tag_pairs(seen: Seen, tags: dict[int, Tag], source: str = "tags") -> TagPairs:
    """Pairs of the corners of all tags that are seen and whose place is known.

    Raises:
        BadInputError: where there is none.
    """
    both = [name for name in sorted(seen.corners_px) if name in tags]
    if not both:
        found = ", ".join(map(str, sorted(seen.corners_px))) or "none"
        raise BadInputError(
            f"{source}: no tag of the list is seen in the picture (seen: {found}; listed: "
            f"{', '.join(map(str, sorted(tags))) or 'none'}); use family 36h11, larger tags, or more light"
        )
    remarks = []
    strange = sorted(set(seen.corners_px) - set(tags))
    if strange:
        remarks.append(f"tag{'s' * (len(strange) > 1)} {_listed(strange)} seen but not on the list: add or remove")
    hidden = sorted(set(tags) - set(seen.corners_px) - set(seen.small))
    if hidden:
        remarks.append(f"tag{'s' * (len(hidden) > 1)} {_listed(hidden)} on the list but not seen")
    if seen.small:
        remarks.append(f"tag{'s' * (len(seen.small) > 1)} {_listed(seen.small)} too small in the picture to be used")
    pixel = np.concatenate([seen.corners_px[name] for name in both])
    floor = np.concatenate([tags[name].corners_m() for name in both])
    return TagPairs(Pairs(pixel, floor), tuple(name for name in both for _ in range(4)), tuple(remarks))


def loose_pairs(seen: Seen, size_m: float) -> tuple[TagPairs, LooseTags]:
    """Pairs of the largest tag, which becomes the plan's origin and directions, and all others as evidence.

    Raises:
        BadInputError: where no tag is seen.
    """
    if not seen.corners_px:
        raise BadInputError("tags: none is seen in the picture; use family 36h11, larger tags, or more light")
    first = max(seen.corners_px, key=lambda name: float(cv2.contourArea(seen.corners_px[name].astype(np.float32))))
    origin = tag_pairs(Seen({first: seen.corners_px[first]}, ()), {first: Tag(first, 0.0, 0.0, 90.0, size_m)})
    remark = f"no places are known: the middle of tag {first} is taken for the plan's origin, its upper edge for up"
    others = [corners for name, corners in sorted(seen.corners_px.items()) if name != first]
    return TagPairs(origin.pairs, origin.names, (remark,)), LooseTags(np.array(others).reshape(-1, 4, 2), size_m)


def _listed(names: tuple[int, ...] | list[int]) -> str:
    words = [str(name) for name in names]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
