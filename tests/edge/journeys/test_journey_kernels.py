"""Points in zones and simplified paths equal plain geometry."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, Polygon

from edge.journeys.kernels import simplify, zone_depths

SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_depth_is_the_distance_to_the_border_positive_inside(seed):
    rng = np.random.default_rng(seed)
    angles = np.sort(rng.uniform(0, 2 * np.pi, 7))
    star = np.column_stack([np.cos(angles), np.sin(angles)]) * rng.uniform(2, 5, 7)[:, None]
    hole = np.array([[-0.3, -0.3], [0.3, -0.3], [0.3, 0.3], [-0.3, 0.3]])
    shape = Polygon(star, [hole])
    if not shape.is_valid:
        return
    edges = np.vstack([np.column_stack([r, np.roll(r, -1, 0)]) for r in (star, hole)])
    points = rng.uniform(-5, 5, (50, 2))
    depth = zone_depths(points, edges, np.array([0, len(edges)]))[:, 0]
    for point, found in zip(points, depth, strict=True):
        expected = Point(point).distance(shape.boundary)
        assert np.isclose(found, expected if shape.contains(Point(point)) else -expected, atol=1e-9)


def simplify_plainly(points, tolerance):
    if len(points) < 3:
        return [True] * len(points)
    first, last = points[0], points[-1]
    share = (points[:, 0] - first[0]) / (last[0] - first[0])
    off = np.hypot(*(points[:, 1:] - first[1:] - share[:, None] * (last[1:] - first[1:])).T)
    worst = int(np.argmax(off))
    if off[worst] <= tolerance:
        return [True] + [False] * (len(points) - 2) + [True]
    left = simplify_plainly(points[: worst + 1], tolerance)
    return left[:-1] + simplify_plainly(points[worst:], tolerance)


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(0, 60), st.floats(0.05, 1.0))
def test_simplified_paths_equal_the_plain_recursion(seed, count, tolerance):
    rng = np.random.default_rng(seed)
    points = np.column_stack([np.arange(count), rng.normal(size=(count, 2)).cumsum(0)]).astype(float)
    assert simplify(points, tolerance).tolist() == simplify_plainly(points, tolerance)
