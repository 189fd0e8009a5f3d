"""Against truth, where there is one: rendered streams know everybody's box."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.eval.boxes import average_precision, match
from benchmarks.streams.atrium import scoring_detector
from benchmarks.streams.footage import FPS, Clip
from benchmarks.streams.plain import Yolox
from benchmarks.streams.race import WARM_TICKS, Ran
from benchmarks.streams.recall import Recall, Rows, recall
from edge.capture.frame import Image
from edge.capture.source import open_recording

LEAST_HEIGHT_PX = 24.0
LEAST_VISIBLE = 0.4
"""Smaller or more hidden people count neither as found nor as missed."""
EVERY = 4
"""Frames apart: neighbours look alike."""
SCORE_MIN = 0.02
IOU_MIN = 0.5

Detect = Callable[[Image], tuple[NDArray[np.float32], NDArray[np.float32]]]


@dataclass(frozen=True, slots=True)
class Truth:
    """Both ways against the true boxes.

    Attributes:
        people: boxes counted for average precision.
        plain_ap50: of the plain way's detector, every picture looked at.
        atrium_ap50: of ours, likewise.
        plain: of the true tracks, what the plain way's tracks have as they ran.
        atrium: what ours have.
    """

    people: int
    plain_ap50: float
    atrium_ap50: float
    plain: Recall
    atrium: Recall


def against_truth(clips: Sequence[Clip], ran: Ran, *, peer: Path, model: str | Path | None) -> Truth:
    """Detectors and tracks of a race on rendered clips against their truth."""
    plain = Yolox(peer)

    def plain_detect(image: Image) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        found = plain.detect(image, SCORE_MIN)
        return found.xyxy.astype(np.float32), np.asarray(found.confidence, np.float32)

    unique = {clip.path: clip for clip in clips}
    (plain_ap50, people), (atrium_ap50, _) = (
        ap50(detect, list(unique.values())) for detect in (plain_detect, scoring_detector(model, SCORE_MIN))
    )
    ticks = WARM_TICKS + round(ran.race.seconds * FPS)
    wanted = [unrolled(clip, ticks) for clip in clips]
    return Truth(
        people,
        plain_ap50,
        atrium_ap50,
        sum(map(recall, wanted, ran.plain_rows), Recall()),
        sum(map(recall, wanted, ran.atrium_rows), Recall()),
    )


def ap50(detect: Detect, clips: Sequence[Clip]) -> tuple[float, int]:
    """Average precision at an overlap of a half over every ``EVERY``-th picture, and the people in them."""
    verdicts, scores, people = [], [], 0
    for clip in clips:
        rows, counted = read_truth(clip)
        for frame in open_recording(clip.path, "truth").frames():
            if frame.index % EVERY:
                continue
            here = rows[:, 0] == frame.index
            boxes, score = detect(frame.image)
            order = np.argsort(-score, kind="stable")
            wanted = rows[here & counted, 2:6].astype(np.float32)
            ignored = rows[here & ~counted, 2:6].astype(np.float32)
            verdicts.append(match(boxes[order], wanted, ignored, IOU_MIN))
            scores.append(score[order])
            people += len(wanted)
    order = np.argsort(-np.concatenate(scores), kind="stable")
    return average_precision(np.concatenate(verdicts)[order], people), people


def read_truth(clip: Clip) -> tuple[Rows, NDArray[np.bool_]]:
    """Rows (R, 6) of frame from 0, id, x1, y1, x2, y2, and which of them are tall and visible enough to count."""
    if clip.truth is None:
        raise ValueError(f"{clip.name}: has no truth")
    table = np.loadtxt(clip.truth, delimiter=",", ndmin=2).reshape(-1, 9)
    rows = np.column_stack((table[:, 0] - 1, table[:, 1:4], table[:, 2:4] + table[:, 4:6]))
    return rows, (table[:, 5] >= LEAST_HEIGHT_PX) & (table[:, 8] >= LEAST_VISIBLE)


def unrolled(clip: Clip, ticks: int) -> Rows:
    """The countable true rows tick by tick while the clip is played in a loop; each round has people of its own."""
    rows, counted = read_truth(clip)
    rows = rows[counted]
    rounds = []
    for number in range((clip.start + ticks) // clip.frames + 1):
        shown = rows.copy()
        shown[:, 0] += number * clip.frames - clip.start
        shown[:, 1] += number * 1e6
        rounds.append(shown)
    every = np.concatenate(rounds)
    return every[(every[:, 0] >= 0) & (every[:, 0] < ticks)]
