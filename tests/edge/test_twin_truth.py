"""The pipeline against the simulator's truth: its people's boxes, trembling and with misses, from all cameras."""

from __future__ import annotations

import itertools
import random

import numpy as np
import supervision as sv

from calibration.site import load_site
from contract.events import Crossing, Visit
from contract.times import from_rfc3339
from edge.floor.coverage import Coverage
from edge.pipeline import CameraObservation, FloorPipeline, PipelineSettings
from simulator.scene import GALLERIA
from simulator.score import Passage, Stay, crossing_error, mean_dwell_error_s, score_doors, score_zones
from simulator.world import World

SECONDS, FPS = 90, 5
MISSED = 0.08
SMALLEST_PX = 18
HALF_WIDTH_M = 0.22


def boxes_of(camera, state, watched, rng):
    """Boxes of those watched at least half in the picture, trembling by 2 % of their height and a pixel."""
    xy = state.xy_m[watched]
    height = np.asarray(state.looks["height"], float)[watched] * (1 - 0.25 * state.sitting[watched])
    if not len(xy):
        return np.empty((0, 4), np.float32)
    foot = camera.pixels_from_floor(xy)
    head = camera.pixels_from_world(np.column_stack([xy, height]))
    tall = foot[:, 1] - head[:, 1]
    half = HALF_WIDTH_M / height * tall
    box = np.column_stack([foot[:, 0] - half, head[:, 1], foot[:, 0] + half, foot[:, 1]])
    seen = np.clip(box, 0, [camera.width, camera.height] * 2)
    share = np.prod(seen[:, 2:] - seen[:, :2], 1) / np.maximum(np.prod(box[:, 2:] - box[:, :2], 1), 1e-6)
    keep = (share > 0.5) & (tall > SMALLEST_PX) & (rng.random(len(box)) > MISSED)
    noise = rng.normal(size=box.shape) * (1.0 + 0.02 * tall)[:, None]
    return np.clip(seen + noise, 0, [camera.width, camera.height] * 2)[keep].astype(np.float32)


SEEDS = range(4)


def watch(world, floor, rng):
    """Scores of doors and zones of one floor after some time of a world."""
    coverage = Coverage(floor)
    pipe = FloorPipeline(floor, PipelineSettings(), random.Random(0))
    told = []
    for k in range(SECONDS * FPS):
        now = k / FPS
        state = world.at(now)[floor.id]
        seen = {}
        for name, camera in floor.cameras.items():
            boxes = boxes_of(camera, state, coverage.watched_by(name, state.xy_m), rng)
            scores = rng.uniform(0.5, 0.95, len(boxes)).astype(np.float32)
            seen[name] = CameraObservation(now, sv.Detections(boxes, confidence=scores), (camera.width, camera.height))
        told += pipe.update(now, seen).bodies
    told += pipe.close(SECONDS).bodies
    truth = world.truth("1970-01-01T00:00:00.000Z")
    passages = [Passage(c.line, c.direction, c.at_s) for c in truth.crossings if c.floor == floor.id]
    stays = [
        Stay(v.zone, v.entered_s, SECONDS if v.left_s is None else v.left_s)
        for v in truth.visits
        if v.floor == floor.id
    ]
    crossings = [Passage(b.line, b.direction, from_rfc3339(b.at)) for _, b in told if isinstance(b, Crossing)]
    visits = [
        Stay(b.zone, from_rfc3339(b.entered_at), from_rfc3339(b.left_at))
        for _, b in told
        if isinstance(b, Visit) and b.phase == "closed"
    ]
    return score_doors(passages, crossings), score_zones(stays, visits, 0.0, SECONDS)


def test_crossings_and_dwell_are_true():
    """Over several worlds: with nothing but places to go by, two who brush past each other may swap names."""
    site = load_site(GALLERIA)
    doors, zones = [], []
    for seed, floor_id in itertools.product(SEEDS, site.floors):
        found = watch(World(site, seed), site.floor(floor_id), np.random.default_rng(0))
        doors += found[0]
        zones += found[1]
    assert sum(door.truth for door in doors) >= 100
    assert crossing_error(doors) <= 0.03
    assert mean_dwell_error_s(zones) < 0.75
    assert sum(zone.matched for zone in zones) >= 0.95 * sum(zone.truth for zone in zones)
