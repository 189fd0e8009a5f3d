"""People painted onto pictures in a shade of their own, an embedder that knows shades, and what a pipeline tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np

from contract.events import Crossing
from contract.times import to_rfc3339
from edge.capture.frame import Frame
from edge.floor.visitors import Visitors
from edge.reid.embedder import unit
from edge.track.tracks import Tracks
from tests.edge.reid.made_up import people

SIZE = (640, 360)
DIMENSION = 64
"""Few numbers, so that drawing a day's directions is quick."""
BOX = (100.0, 100.0, 150.0, 250.0)


class ShadeEmbedder:
    """Who has shade N looks like the made-up person N, a little different in every picture; nobody has shade 0."""

    def __init__(self, count=30, seed=1):
        self.rows = people(count, seed, DIMENSION)
        self.strangers = people(200, seed + 1_000_003, DIMENSION)
        self.dimension = DIMENSION
        self.looks = 0
        self.asked = []
        self.said = []

    def embed(self, crops):
        shades = [int(crop[crop.shape[0] // 2, crop.shape[1] // 2, 0]) if crop.size else 0 for crop in crops]
        self.asked.append(shades)
        passing = (self.looks + np.arange(len(crops))) % len(self.strangers)
        self.looks += len(crops)
        found = unit(0.9 * self.rows[shades] + 0.4 * self.strangers[passing])
        found[[shade == 0 for shade in shades]] = np.nan
        self.said.append(found)
        return found


@dataclass
class Person:
    """Somebody in one camera's picture: a visitor once ``token`` is given."""

    shade: int
    token: str = ""
    camera: str = "a"
    box: tuple = BOX
    score: float = 0.9
    track: int = field(default=0)

    @property
    def key(self):
        return self.camera, self.track or self.shade


def tracks_of(found):
    """Of one camera."""
    boxes = np.array([one.box for one in found], np.float32).reshape(-1, 4)
    count = len(found)
    return Tracks(
        id=np.array([one.key[1] for one in found], np.int64),
        box_px=boxes,
        foot_px=np.column_stack([(boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]]),
        velocity_px=np.zeros((count, 2), np.float32),
        score=np.array([one.score for one in found], np.float32),
        observed=np.ones(count, np.bool_),
        foot_hidden=np.zeros(count, np.bool_),
        lost_s=np.zeros(count, np.float32),
        born_at=np.zeros(count),
        born_px=np.zeros((count, 2), np.float32),
        past=np.zeros((0, 4)),
    )


def visitors(at, tokens, merged=(), gone=()):
    """By token; a visitor's key is the number at its token's end."""
    keys = sorted(int(token[-4:]) for token in tokens)
    by_key = {int(token[-4:]): token for token in tokens}
    none = np.zeros(len(keys))
    return Visitors(
        at=at, key=np.array(keys, np.int64), token=tuple(by_key[key] for key in keys),
        position_m=np.zeros((len(keys), 2)), velocity_mps=np.zeros((len(keys), 2)),
        covariance_m2=np.zeros((len(keys), 2, 2)), seen_at=none + at, cameras=none.astype(np.int64),
        confidence=none + 1, samples=(), split=(), gone=tuple(gone), merged=tuple(merged),
    )  # fmt: skip


def frames_of(now, found, cameras):
    """Pictures with everybody in their shade."""
    images = {name: np.zeros((SIZE[1], SIZE[0], 3), np.uint8) for name in cameras}
    for one in found:
        if np.isfinite(one.box).all():
            x1, y1, x2, y2 = (max(0, round(v)) for v in one.box)
            images[one.camera][y1:y2, x1:x2] = one.shade
    return {name: Frame(name, now, 0, image) for name, image in images.items()}


def moment(now, found=(), crossings=(), *, here=(), merged=(), gone=(), cameras=("a",)):
    """(frames, step) of one moment.

    Args:
        now: seconds.
        found: who is seen.
        crossings: (token, line, direction) each, at `now`; or (token, line, direction, at).
        here: tokens of visitors whom nobody sees.
        merged: as fusion tells,
        gone: likewise.
        cameras: names of those that delivered a picture.
    """
    tokens = {one.token for one in found if one.token} | set(here)
    bodies = []
    for token, line, direction, *rest in crossings:
        at = rest[0] if rest else now
        bodies.append((at, Crossing(line, direction, token, to_rfc3339(at))))
    step = SimpleNamespace(
        at=now,
        bodies=tuple(bodies),
        visitors=visitors(now, tokens, merged, gone),
        tracks={name: tracks_of([one for one in found if one.camera == name]) for name in cameras},
        owners={one.key: one.token for one in found if one.token},
    )
    return frames_of(now, found, cameras), step
