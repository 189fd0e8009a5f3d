"""A track that goes over from one person to another takes nobody along."""

from __future__ import annotations

import random

import numpy as np

from edge.floor.coverage import Coverage
from edge.floor.footing import Footing
from edge.floor.fusion import Fusion
from tests.edge.floor_scene import camera, floor, wall

STEP_S = 0.2


def footing(at, places_m):
    """A camera's tracks, by id, at certain places."""
    count = len(places_m)
    ids = np.array(list(places_m), np.int64)
    return Footing(
        track=ids,
        position_m=np.array(list(places_m.values()), np.float64).reshape(-1, 2),
        covariance_m2=np.tile(0.01 * np.eye(2), (count, 1, 1)),
        bias_m2=np.tile(0.01 * np.eye(2), (count, 1, 1)),
        velocity_mps=np.zeros((count, 2)),
        reported=np.ones(count, np.bool_),
        observed=np.ones(count, np.bool_),
        from_head=np.zeros(count, np.bool_),
        score=np.full(count, 0.9),
        born_at=np.zeros(count),
        born_m=np.full((count, 2), np.nan),
        past=np.empty((0, 4)),
        at=at,
        alive=ids,
    )


def follow(path, *, walls=()):
    """Who is seen where by the one track of one camera: the token at each place of its path."""
    scene = floor([camera("a", (0, 0), (8, 6))], walls=walls)
    fusion = Fusion(Coverage(scene), random.Random(1))
    seen = []
    for k, place in enumerate(path):
        visitors = fusion.update(k * STEP_S, {"a": footing(k * STEP_S, {1: place})})
        now = [t for t, at in zip(visitors.token, visitors.seen_at, strict=True) if at > k * STEP_S - 0.01]
        seen.append(now[0] if now else None)
    return seen


def test_a_track_that_walks_is_one_visitor():
    seen = follow([(4.0 + 0.24 * k, 5.0) for k in range(30)])
    assert len({token for token in seen if token}) == 1
    assert seen[-1]


def test_a_track_that_leaps_goes_on_as_somebody_else():
    seen = follow([*[(4.0, 5.0)] * 10, *[(8.0, 5.0)] * 20])
    assert seen[9]
    assert seen[-1]
    assert seen[9] != seen[-1]


def test_a_track_that_goes_through_a_wall_does_too_and_one_through_a_door_does_not():
    path = [*[(5.0, 4.0)] * 5, *[(5.0, 4.0 + 0.2 * k) for k in range(11)], *[(5.0, 6.0)] * 20]
    shut = follow(path, walls=[wall("front", (2, 5), (8, 5))])
    assert shut[4]
    assert shut[-1]
    assert shut[4] != shut[-1]
    open_door = follow(path, walls=[wall("left", (2, 5), (4, 5)), wall("right", (6, 5), (8, 5))])
    assert len({token for token in open_door if token}) == 1
