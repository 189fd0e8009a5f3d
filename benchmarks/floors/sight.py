"""Who is to be seen at all: which true box is whose, what the detector made of it, and the best that could be told.

No box can tell of people whom no camera sees. The *ceiling* is the score of one who knows everybody by name and is
told by the cameras where they are: whoever some camera saw within the time that a box shows them for, where it saw them
last. What lies above is the mall's; what lies below, ours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from benchmarks.eval.names import people_at
from benchmarks.floors.film import START_S, Moment
from benchmarks.floors.scores import Moment as Who
from benchmarks.floors.scores import Places, Presence
from calibration.camera import Camera
from calibration.site import Floor
from edge.pipeline import PipelineSettings
from edge.track.config import TrackerConfig
from edge.track.matching.kernels import iou_matrix

Boxes = NDArray[np.float32]
OFF_SHARE = 0.6
"""The foot of somebody's box is no farther from where they stand than this share of the box's height."""
SAME_IOU = 0.4
"""A detected box that overlaps a true one, hidden parts included, by this much found its person."""
SHOWN_S = PipelineSettings().present_s
FIRM = TrackerConfig().birth_score


@dataclass(frozen=True, slots=True)
class Sight:
    """Who is to be seen at one moment.

    Attributes:
        at: seconds since the first picture.
        score: by presence, the highest score of a detected box on them in any camera, 0 where there is none. Whom no
            camera sees is left out.
        place: by presence, where they are, metres.
    """

    at: float
    score: Mapping[int, float]
    place: Mapping[int, tuple[float, float]]


def sights(moments: Iterable[Moment], people: Sequence[Presence], floor: Floor) -> Iterator[Sight]:
    """Who of a floor's people is to be seen, moment by moment."""
    ways = {number: one.way for number, one in enumerate(people)}
    for moment in moments:
        at = moment.now - START_S
        here = people_at(ways, at)
        keys, places = list(here), np.array(list(here.values())).reshape(-1, 2)
        score: dict[int, float] = {}
        for name, seen in moment.true.items():
            boxes = np.asarray(seen.detections.xyxy, np.float32).reshape(-1, 4)
            found = _found(boxes, moment, name)
            for row, whose in enumerate(owners(floor.cameras[name].scaled(*seen.size), boxes, places)):
                if whose >= 0:
                    score[keys[whose]] = max(score.get(keys[whose], 0.0), float(found[row]))
        yield Sight(at, score, here)


def owners(camera: Camera, boxes_px: Boxes, places_m: NDArray[np.float64]) -> list[int]:
    """Whose each of (M, 4) true boxes is, as a row of (N, 2) places; -1 for somebody who stands elsewhere.

    Boxes are of whole bodies, cut off at the picture's border, where feet may be, too.
    """
    whose = np.full(len(boxes_px), -1)
    if len(boxes_px) and len(places_m):
        foot = np.clip(camera.pixels_from_floor(places_m), 0, [camera.width, camera.height])
        ends = np.column_stack([(boxes_px[:, 0] + boxes_px[:, 2]) / 2, boxes_px[:, 3]])
        off = np.linalg.norm(ends[:, None] - foot[None], axis=2) / (boxes_px[:, 3] - boxes_px[:, 1])[:, None]
        off = np.nan_to_num(off, nan=np.inf)
        rows, columns = linear_sum_assignment(np.minimum(off, 2 * OFF_SHARE))
        is_near = off[rows, columns] <= OFF_SHARE
        whose[rows[is_near]] = columns[is_near]
    return [int(one) for one in whose]


def ceiling(seen: Iterable[Sight]) -> Places:
    """What one would tell, about once a second, who knows by name whom the cameras see."""
    told: list[tuple[float, list[tuple[str, float, float]]]] = []
    last: dict[int, tuple[float, tuple[float, float]]] = {}
    second = -1
    for sight in seen:
        last |= {whom: (sight.at, sight.place[whom]) for whom in sight.score}
        if int(sight.at) > second:
            second = int(sight.at)
            told.append((sight.at, [(str(w), x, y) for w, (at, (x, y)) in last.items() if sight.at - at <= SHOWN_S]))
    return told


def why_missed(told: Sequence[Who], seen: Iterable[Sight], people: Sequence[Presence]) -> Counter[str]:
    """Moments at which somebody who counts had no visitor, by the reason."""
    whys: Counter[str] = Counter()
    by_time = {round(sight.at, 3): sight for sight in seen}
    for moment in told:
        sight = by_time.get(round(moment.at, 3))
        for whom in moment.counted - set(moment.is_whom.values()) if sight else ():
            assert sight is not None  # noqa: S101 - tells mypy
            score = sight.score.get(whom)
            if people[whom].is_still:
                whys["never walked"] += 1
            elif score is None:
                whys["hidden from all cameras"] += 1
            elif score == 0:
                whys["no box"] += 1
            else:
                whys["a clear box" if score >= FIRM else "faint boxes only"] += 1
    return whys


def _found(boxes: Boxes, moment: Moment, camera: str) -> NDArray[np.float64]:
    """(M,) the highest score of a detected box upon each true one, 0 for none."""
    if camera not in moment.detected or not len(moment.detected[camera].detections) or not len(boxes):
        return np.zeros(len(boxes))
    found = moment.detected[camera].detections
    scores = np.ones(len(found)) if found.confidence is None else np.asarray(found.confidence, np.float64)
    overlap = iou_matrix(boxes, np.asarray(found.xyxy, np.float32))
    return np.asarray(np.where(overlap >= SAME_IOU, scores[None], 0.0).max(1), np.float64)
