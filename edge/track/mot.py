"""MOTChallenge text: detections in, tracks out. Frames count from 1 there, from 0 here."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contract.errors import BadInputError
from contract.mot import malformed, numbered_rows
from edge.track.seen import Boxes

MOST_FRAMES = 10_000_000
"""Ten days at 10 frames a second; a larger frame number is a slip, and would only fill the memory."""


def read_detections(path: Path) -> list[Boxes]:
    """Detections of each frame from the first to the last that has any.

    Args:
        path: Lines of `frame,-1,x,y,w,h,score`, further columns ignored, in any order; pixels, frames from 1.

    Raises:
        BadInputError: naming the file, the line and the mend.
    """
    rows = []
    for number, row in numbered_rows(path):
        if not np.isfinite(row).all():
            raise malformed(path, number)
        if not (1 <= row[0] <= MOST_FRAMES and row[0] == int(row[0])):
            raise BadInputError(
                f"{path}: line {number}: frame {row[0]:g} must be a whole number from 1; correct that line"
            )
        if row[4] <= 0 or row[5] <= 0:
            raise BadInputError(f"{path}: line {number}: width and height must be above 0; remove that line")
        rows.append(row)
    if not rows:
        raise BadInputError(f"{path}: no detections; write some with `atrium detect`")
    table = np.array(rows)
    table = table[np.argsort(table[:, 0], kind="stable")]
    last = int(table[-1, 0])
    cuts = np.searchsorted(table[:, 0], np.arange(1, last + 2))
    boxes = np.column_stack([table[:, 2:4], table[:, 2:4] + table[:, 4:6]]).astype(np.float32)
    scores = table[:, 6].astype(np.float32)
    return [Boxes(boxes[a:b], scores[a:b]) for a, b in pairwise(cuts.tolist())]


def write_tracks(path: Path, rows: NDArray[np.float64]) -> None:
    """Writes rows of `offline.track_recording` as `frame,id,x,y,w,h,score,-1,-1,-1`.

    Raises:
        BadInputError: where the file cannot be written.
    """
    lines = [
        f"{frame + 1:.0f},{name:.0f},{x1:.2f},{y1:.2f},{x2 - x1:.2f},{y2 - y1:.2f},{score:.4f},-1,-1,-1\n"
        for frame, name, x1, y1, x2, y2, score in rows.tolist()
    ]
    try:
        path.write_text("".join(lines))
    except OSError as error:
        raise BadInputError(f"{path}: cannot be written ({error.strerror or error}); choose another place") from None
