"""The ray caster equals plain numpy: marching for cones, plane by plane for quads."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.kernels import FAR, cast_cone, cast_quads
from simulator.kernels import draw as draw_shapes

coordinate = st.floats(-1.0, 1.0)
radius = st.floats(0.05, 0.4)


def distance_to_cone(p, b, ra, rb):
    """Signed distance to the hull of two spheres: the least over all spheres between them (a dense sweep)."""
    share = np.linspace(0, 1, 2001)
    return float(np.min(np.linalg.norm(p - share[:, None] * b, axis=1) - (ra + share * (rb - ra))))


def march(o, d, b, ra, rb):
    t = 0.0
    for _ in range(400):
        step = distance_to_cone(o + t * d, b, ra, rb)
        if step < 1e-6:
            return t
        t += step
        if t > 20:
            return FAR
    return None  # grazing: neither hit nor miss


@settings(max_examples=80, deadline=None)
@given(
    b=st.tuples(coordinate, coordinate, coordinate),
    ra=radius,
    rb=radius,
    aim=st.tuples(coordinate, coordinate, coordinate),
)
def test_a_round_cone_is_hit_where_marching_hits_it(b, ra, rb, aim):
    b, o = np.array(b), np.array([3.0, -2.5, 2.0])
    if abs(ra - rb) > 0.9 * np.linalg.norm(b):
        return  # one sphere swallows the other
    d = np.array(aim) * 0.7 - o
    d /= np.linalg.norm(d)
    expected = march(o, d, b, ra, rb)
    found = cast_cone(*o, *d, *b, ra, rb)
    if expected is None:
        return
    if FAR in {expected, found}:
        nearest = min(distance_to_cone(o + t * d, b, ra, rb) for t in np.linspace(0, 8, 400))
        assert (expected == FAR) == (found == FAR) or nearest < 0.02
    else:
        assert found == pytest.approx(expected, abs=2e-3)


def test_a_sphere_is_a_cone_of_no_length():
    assert cast_cone(0, 0, -5, 0, 0, 1, 0, 0, 0, 1.0, 1.0) == pytest.approx(4.0)
    assert cast_cone(0, 2, -5, 0, 0, 1, 0, 0, 0, 1.0, 1.0) == FAR


def test_quads_are_hit_nearest_first_and_only_inside():
    rng = np.random.default_rng(4)
    corner, u = rng.uniform(-3, 3, (40, 3)), rng.uniform(-2, 2, (40, 3))
    v = np.cross(u, rng.uniform(-1, 1, (40, 3)))
    normal = np.cross(u, v)
    normal /= np.linalg.norm(normal, axis=1)[:, None]
    quads = np.hstack([corner, normal, u / (u**2).sum(1)[:, None], v / (v**2).sum(1)[:, None]])
    for _ in range(200):
        o, d = rng.uniform(-4, 4, 3), rng.normal(size=3)
        d /= np.linalg.norm(d)
        t = ((corner - o) * normal).sum(1) / (normal @ d)
        p = o + t[:, None] * d - corner
        inside = (t > 1e-4) & np.all([((p * e).sum(1) >= 0) & ((p * e).sum(1) <= (e**2).sum(1)) for e in (u, v)], 0)
        found, index = cast_quads(o, d, quads, -1, FAR, False)  # noqa: FBT003 - compiled code takes no keywords
        if inside.any():
            expected = int(np.argmin(np.where(inside, t, np.inf)))
            assert (index, found) == (expected, pytest.approx(t[expected]))
        else:
            assert index == -1


def test_drawing_counts_what_would_be_seen_and_leaves_its_scratch_clean():
    height, width = 40, 60
    x, y = np.meshgrid(np.arange(width) - 29.5, np.arange(height) - 19.5)
    rays = np.stack([x, y, np.full_like(x, 60.0)], -1)
    rays /= np.linalg.norm(rays, axis=2)[..., None]
    ends = np.array([[0.0, 0, 3.0], [0.0, 0, 5.0]])
    ones = np.ones(2)
    depth, winner = np.full((height, width), FAR), np.full((height, width), -1, np.int32)
    own_t, own_i = np.full((height, width), FAR), np.zeros((height, width), np.int32)
    counts = np.zeros((2, 2), np.int64)
    draw_shapes(
        rays, np.zeros(3), ends, ends, np.full((2, 2), 0.5), np.tile([1.0, 0, 0], (2, 1)), ones, np.ones(2, np.bool_),
        np.tile([0, 0, width, height], (2, 1)), np.array([0, 1, 2]), depth, winner, own_t, own_i, counts,
    )  # fmt: skip
    discriminant = (rays @ ends[0]) ** 2 - ends[0] @ ends[0] + 0.25
    assert counts[0, 0] == (discriminant > 0).sum()
    assert counts[1, 0] == ((rays @ ends[1]) ** 2 - 25 + 0.25 > 0).sum() > 0
    assert set(np.unique(winner)) == {-1, 0}  # the second hides behind the first
    assert (own_t == FAR).all()
