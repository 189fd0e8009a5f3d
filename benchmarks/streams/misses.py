"""Pictures of the tracks that one side has and the other has not: a figure of recall says how many, not who."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from benchmarks.streams.footage import Clip
from benchmarks.streams.race import Ran
from benchmarks.streams.recall import Rows, missed, moving_only
from edge.capture.frame import Image
from edge.capture.source import open_recording

WANTED, GIVEN = (60, 60, 230), (220, 140, 40)


def write_misses(mix: str, clips: Sequence[Clip], ran: Ran, out: Path) -> list[Path]:
    """One picture for every walking track of the plain way that Atrium does not have, in the middle of its life.

    The track is red and Atrium's boxes are blue.
    """
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for number, clip in enumerate(clips):
        theirs, ours = moving_only(ran.plain_rows[number]), ran.atrium_rows[number]
        for identity in missed(theirs, ours):
            own = theirs[theirs[:, 1] == identity]
            row = own[len(own) // 2]
            path = out / f"{mix}-camera{number}-track{identity:.0f}.png"
            image = _picture(clip, (clip.start + int(row[0])) % clip.frames)
            _draw(image, ours[ours[:, 0] == row[0]], GIVEN)
            _draw(image, row[None], WANTED)
            text = f"{clip.name}: frames {own[0, 0]:.0f} to {own[-1, 0]:.0f}"
            cv2.putText(image, text, (8, image.shape[0] - 10), cv2.FONT_HERSHEY_SIMPLEX, 0.5, WANTED, 1, cv2.LINE_AA)
            cv2.imwrite(str(path), image)
            written.append(path)
    return written


def _picture(clip: Clip, index: int) -> Image:
    return next(iter(open_recording(clip.path, "miss").frames(start_frame=index))).image


def _draw(image: Image, rows: Rows, colour: tuple[int, int, int]) -> None:
    for x1, y1, x2, y2 in np.round(rows[:, 2:6]).astype(int).tolist():
        cv2.rectangle(image, (x1, y1), (x2, y2), colour, 2)
