"""Where somebody has been before anybody knew that they are a person, or who."""

from __future__ import annotations

import numpy as np

from edge.floor.sights import Sight
from edge.floor.visitors import Floats, Sample

BACKFILL_STEP_S = 0.5
"""What is told afterwards is told in such steps."""


def since_birth(sight: Sight, key: int, at: float) -> list[Sample]:
    """A person's sightings by one track from its first detection until ``at``, no better known than the track is."""
    rows = [row for row in sight.past.tolist() if sight.born_at < row[0] < at and np.isfinite(row[1])]
    known = [Sample(key, when, x, y, sight.blur_m) for when, x, y in rows]
    x, y = sight.position_m.tolist()
    first = known[0] if known else Sample(key, at, x, y, sight.blur_m)
    return [*in_steps(key, sight.born_at, sight.born_m, first), *known]


def in_steps(key: int, since: float, place_m: Floats, until: Sample) -> list[Sample]:
    """Sightings along the straight way from a place to, and without, a later one."""
    steps = int((until.at - since) / BACKFILL_STEP_S) + 1
    way = np.array([until.x, until.y]) - place_m
    samples = []
    for k in range(steps):
        x, y = (place_m + k / steps * way).tolist()
        samples.append(Sample(key, since + k / steps * (until.at - since), x, y, until.blur_m))
    return samples
