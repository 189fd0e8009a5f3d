"""A room for tests of joint tracking: people as ellipsoids, cameras in the corners, boxes that tremble."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import supervision as sv
from scipy.optimize import linear_sum_assignment

from edge.floor.joint.boxes import camera_record
from edge.floor.joint.ground import open_ground
from edge.floor.joint.records import PERSON, RULES
from edge.floor.joint.settings import JointSettings
from tests.edge.floor_scene import Walker, camera

RADIUS_M = 0.22
ROOM_M = (10.0, 8.0)
OPEN = open_ground(4)
CORNERS = {"sw": (0, 0), "se": (10, 0), "ne": (10, 8), "nw": (0, 8)}


def corner_cameras(names=tuple(CORNERS), focal_px=330.0):
    """Cameras at 2.6 m in the corners of a room of 10 by 8 m."""
    middle = (ROOM_M[0] / 2, ROOM_M[1] / 2)
    return {name: camera(name, CORNERS[name], middle, 2.6, focal_px) for name in names}


def rules_of(**changes):
    """(1,) record of settings."""
    record = np.zeros(1, RULES)
    settings = JointSettings(**changes)
    for name in RULES.names:
        record[name] = getattr(settings, name)
    return record


def records_of(cameras, settings=None):
    """(C,) records of cameras that have learned nothing."""
    return np.concatenate([camera_record(each, settings or JointSettings()) for each in cameras.values()])


def people_of(*states, room=64, evidence=18.0):
    """Records of people who are sure, with `room` for more; ids from 1."""
    people = np.zeros(room, PERSON)
    people["lost_at"] = np.nan
    for k, state in enumerate(states):
        people[k]["id"], people[k]["sure"], people[k]["evidence"] = k + 1, 1, evidence
        people[k]["mean"] = state
        people[k]["cov"] = np.diag([0.02, 0.02, 0.1, 0.1, 0.005])
    return people


def whole_boxes(cam, xy, tall, radius=RADIUS_M):
    """(N, 4) boxes around ellipsoids that stand at (N, 2) metres, not cut; NaN where somebody is not before the lens.

    By the dual of the quadric, with matrices of 4 by 4.
    """
    matrix = cam.matrix @ np.column_stack([cam.rotation, cam.translation])
    out = np.full((len(xy), 4), np.nan)
    for k, ((x, y), height) in enumerate(zip(xy, np.broadcast_to(tall, len(xy)), strict=True)):
        shift = np.eye(4)
        shift[:3, 3] = x, y, height / 2
        if (matrix @ shift[:, 3])[2] < 0.8:
            continue
        dual = matrix @ shift @ np.diag([radius**2, radius**2, height**2 / 4, -1.0]) @ shift.T @ matrix.T
        for axis in range(2):
            out[k, axis], out[k, axis + 2] = sorted(
                np.roots([dual[2, 2], -2 * dual[axis, 2], dual[axis, axis]]).real.tolist()
            )
    return out


def cut(cam, boxes):
    """Boxes cut at the picture's border."""
    return np.clip(boxes, 0, [cam.width, cam.height, cam.width, cam.height])


def share_inside(cam, boxes):
    """(N,) shares of boxes inside the picture; 0 for NaN."""
    inside, area = cut(cam, boxes), np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return np.nan_to_num(np.prod(inside[:, 2:] - inside[:, :2], axis=1) / area)


def hidden(boxes, covered=0.7):
    """(N,) whether most of a box is behind that of somebody nearer, whose feet are lower in the picture."""
    low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=2) / np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)[:, None]
    return ((shared > covered) & (boxes[None, :, 3] > boxes[:, None, 3])).any(axis=1)


@dataclass
class Room:
    """People walking in a room, and what its cameras report of them; who is behind somebody gets no box.

    Attributes:
        walkers: who walks where, with
        heights_m: each one's height.
        cameras: by name.
        fps: pictures a second.
        tremble: standard deviation of a box's edges, share of its height.
        miss: how often somebody in full view gets no box.
        off: by camera, how much too far down all its boxes are, share of the height.
        seed: of chance.
    """

    walkers: list[Walker]
    heights_m: tuple[float, ...] = (1.7,)
    cameras: dict = field(default_factory=corner_cameras)
    fps: float = 10.0
    tremble: float = 0.02
    miss: float = 0.05
    off: dict[str, float] = field(default_factory=dict)
    seed: int = 0

    def tall(self):
        return np.resize(np.array(self.heights_m), len(self.walkers))

    def seen_by(self, name, now, rng):
        """What a camera reports at a moment."""
        cam = self.cameras[name]
        there = [(walker.where(now), tall) for walker, tall in zip(self.walkers, self.tall(), strict=True)
                 if walker.visible(now)]  # fmt: skip
        if not there:
            return sv.Detections.empty()
        boxes = whole_boxes(cam, np.array([at for at, _ in there]), np.array([tall for _, tall in there]))
        boxes = boxes[(share_inside(cam, boxes) > 0.5) & ~hidden(boxes)]
        boxes = boxes[rng.random(len(boxes)) >= self.miss]
        high = boxes[:, 3] - boxes[:, 1]
        boxes += rng.normal(0, self.tremble, boxes.shape) * high[:, None]
        boxes[:, 1::2] += self.off.get(name, 0.0) * high[:, None]
        return seen(cut(cam, boxes))

    def pictures(self, end, start=0.0, moments=None):
        """Yields (now, boxes by camera) from `start` to before `end`, or at given moments."""
        rng = np.random.default_rng(self.seed)
        for now in np.arange(start, end - 1e-6, 1 / self.fps) if moments is None else moments:
            yield float(now), {name: self.seen_by(name, float(now), rng) for name in self.cameras}


def seen(boxes, score=0.9):
    """Detections of (N, 4) boxes."""
    xyxy = np.asarray(boxes, np.float32).reshape(-1, 4)
    return sv.Detections(xyxy, confidence=np.full(len(xyxy), score, np.float32))


def follow(tracker, pictures):
    """All that a tracker tells of pictures, to the end."""
    told = [moment for now, boxes in pictures for moment in tracker.update(now, boxes)]
    return told + tracker.close()


def names_of(told, walkers, after_s=2.0, near_m=0.5):
    """By walker, the set of ids told at their place, where they are followed from `after_s` after they appear.

    Returns:
        The sets; how many of their moments were told of, as a share; and how many were told of who are nobody.
    """
    names = [set() for _ in walkers]
    due, met, nobody = 0, 0, 0
    for moment in told:
        here = [k for k, walker in enumerate(walkers) if walker.here(moment.at)]
        if not here:
            nobody += len(moment)
            continue
        places = np.array([walkers[k].where(moment.at) for k in here])
        far = np.hypot(*(places[:, None] - moment.position_m[None]).transpose(2, 0, 1))
        rows, columns = linear_sum_assignment(far)
        near = far[rows, columns] < near_m
        nobody += len(moment) - int(near.sum())
        due += sum(moment.at - walkers[k].start > after_s for k in here)
        for row, column in zip(rows[near], columns[near], strict=True):
            if moment.at - walkers[here[row]].start > after_s:
                names[here[row]].add(int(moment.id[column]))
                met += 1
    return names, met / max(due, 1), nobody
