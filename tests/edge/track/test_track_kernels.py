"""The compiled kernels against plain numpy twins."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from edge.track.config import TrackerConfig
from edge.track.kernels import fill_gaps
from edge.track.matching.kernels import FORBIDDEN, assign, iou_matrix
from edge.track.motion.kernels import correct, predict
from edge.track.records import CONFIRMED, PARAMS, TRACK


def plain_iou(a, b):
    tl = np.maximum(a[:, None, :2], b[None, :, :2])
    br = np.minimum(a[:, None, 2:], b[None, :, 2:])
    inter = np.clip(br - tl, 0, None).prod(-1)
    area = lambda q: (q[:, 2:] - q[:, :2]).prod(-1)  # noqa: E731
    return inter / (area(a)[:, None] + area(b)[None] - inter)


def plain_assign(cost, unmatched):
    """The same by scipy, each row with a private column of cost `unmatched`."""
    n, m = cost.shape
    big = np.full((n, m + n), FORBIDDEN)
    big[:, :m] = np.where(cost < unmatched, cost, FORBIDDEN)
    big[np.arange(n), m + np.arange(n)] = unmatched
    rows, columns = linear_sum_assignment(big)
    return big[rows, columns].sum()


def params():
    p = np.zeros(1, PARAMS)
    for name in TrackerConfig.__dataclass_fields__:
        p[name] = getattr(TrackerConfig(), name)
    return p


@settings(deadline=None)  # the first call compiles
@given(st.integers(0, 8), st.integers(0, 8), st.integers(0, 2**31))
def test_overlap_equals_numpy(n, m, seed):
    rng = np.random.default_rng(seed)

    def boxes(k):
        corner = rng.uniform(0, 100, (k, 2))
        return np.column_stack([corner, corner + rng.uniform(1, 60, (k, 2))]).astype(np.float32)

    a, b = boxes(n), boxes(m)
    np.testing.assert_allclose(iou_matrix(a, b), plain_iou(a, b), atol=1e-5)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 2**31))
def test_assignment_costs_as_little_as_scipys(n, m, seed):
    rng = np.random.default_rng(seed)
    cost = rng.uniform(-12, 6, (n, m))
    cost[rng.random((n, m)) < 0.4] = FORBIDDEN
    unmatched = 0.5
    match = assign(cost, unmatched)
    taken = match[match >= 0]
    assert len(set(taken.tolist())) == len(taken)
    assert (cost[match >= 0, taken] < unmatched).all()
    total = cost[match >= 0, taken].sum() + unmatched * (match < 0).sum()
    assert total == pytest.approx(plain_assign(cost, unmatched) if n else 0.0)


def test_the_filter_equals_the_matrix_form():
    """Bar-Shalom et al., Estimation with Applications to Tracking and Navigation, section 6.2.3, horizontally."""
    p = params()
    tracks = np.zeros(1, TRACK)
    t = tracks[0]
    t["state"], t["fx"], t["fy"], t["vx"], t["h"], t["w"] = CONFIRMED, 100, 200, 20, 60, 20
    t["xpp"], t["xpv"], t["xvv"] = 9.0, 4.0, 400.0
    t["ypp"], t["yvv"], t["hpp"] = 9.0, 400.0, 4.0
    dt, score, z = 0.125, 0.8, 106.0
    config = TrackerConfig()
    x, cov = np.array([100.0, 20.0]), np.array([[9.0, 4.0], [4.0, 400.0]])
    f = np.array([[1, dt], [0, 1]])
    q = (config.acceleration * 60) ** 2 * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
    x, cov = f @ x, f @ cov @ f.T + q
    r = (config.noise * 60 * (1.5 - score)) ** 2
    gain = cov[:, 0] / (cov[0, 0] + r)
    x = x + gain * (z - x[0])
    cov = cov - np.outer(gain, cov[0])

    predict(tracks, 1, dt, p[0])
    correct(tracks[0], np.array([z - 10, 140, z + 10, 200], np.float32), score, 0, p[0])
    assert (t["fx"], t["vx"]) == pytest.approx(tuple(x))
    assert (t["xpp"], t["xpv"], t["xvv"]) == pytest.approx((cov[0, 0], cov[0, 1], cov[1, 1]))


def test_gaps_are_filled_along_a_straight_line_up_to_the_longest():
    row = lambda frame, name, x: [frame, name, x, 0, x + 10, 20, 0.5]  # noqa: E731
    table = np.array([row(0, 1, 0), row(3, 1, 30), row(20, 1, 0), row(0, 2, 5), row(2, 2, 9)], float)
    out = fill_gaps(table, 5)
    assert out[:, 0].tolist() == [0, 1, 2, 3, 20, 0, 1, 2]
    assert out[:, 2].tolist() == [0, 10, 20, 30, 0, 5, 7, 9]
    assert out[:, 1].tolist() == [1, 1, 1, 1, 1, 2, 2, 2]
