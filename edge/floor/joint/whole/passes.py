"""A film followed forward and backward: who took which box, as each pass has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calibration.camera import Camera, Floats
from edge.floor.joint.boxes import usable_boxes
from edge.floor.joint.ground import Ground
from edge.floor.joint.recording import moments_of
from edge.floor.joint.settings import JointSettings
from edge.floor.joint.tracker import JointTracker
from edge.track.seen import Seen

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Film:
    """All pictures of one floor.

    Attributes:
        cameras: by name.
        fps: pictures a second.
        moments: what each camera saw, picture by picture.
        boxes: of every picture (M, 4) pixels, see `usable_boxes`.
    """

    cameras: Mapping[str, Camera]
    fps: float
    moments: Sequence[Mapping[str, Seen]]
    boxes: Sequence[Floats]


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass tells: R sightings, by frame.

    Attributes:
        frame: (R,) from 0.
        name: (R,) who.
        took: (R, C) the box taken of each camera, -1 for none; no row is without a box.
        tracker: as it was left: it has learned what its cameras are off by.
    """

    frame: Integers
    name: Integers
    took: Integers
    tracker: JointTracker


def film_of(cameras: Mapping[str, Camera], frames: Mapping[str, Sequence[Seen]], fps: float) -> Film:
    """The film of every camera's detections, all from one moment."""
    moments = list(moments_of(frames))
    return Film(cameras, fps, moments, [usable_boxes(cameras, moment)[0] for moment in moments])


def follow_through(film: Film, settings: JointSettings, ground: Ground | None, *, backward: bool) -> Pass:
    """One pass over a film, from its end where backward."""
    tracker = JointTracker(film.cameras, settings, ground)
    told = []
    last = len(film.moments) - 1
    for index in range(len(film.moments)):
        told += tracker.update(index / film.fps, film.moments[last - index if backward else index])
    told += tracker.close()
    frames, names, took = [np.empty(0, np.int64)], [np.empty(0, np.int64)], [np.empty((0, len(film.cameras)), np.int64)]
    for moment in told:
        index = round(moment.at * film.fps)
        is_seen = (moment.boxes >= 0).any(1)
        names.append(moment.id[is_seen])
        took.append(moment.boxes[is_seen])
        frames.append(np.full(len(names[-1]), last - index if backward else index))
    frame = np.concatenate(frames)
    order = np.argsort(frame, kind="stable")
    return Pass(frame[order], np.concatenate(names)[order], np.concatenate(took)[order], tracker)
