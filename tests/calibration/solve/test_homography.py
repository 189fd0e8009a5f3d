"""Plane to plane: exactly through four, and the one most agree with."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from calibration.solve.homography import agreed, homographies, mapped
from calibration.solve.kernels import exact_homographies

seeds = st.integers(0, 10_000)


@given(seeds)
def test_the_exact_map_is_the_linear_transforms(seed: int) -> None:
    rng = np.random.default_rng(seed)
    source = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]]) + rng.uniform(-0.2, 0.2, (4, 2))
    target = 400 * (np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]]) + rng.uniform(-0.2, 0.2, (4, 2)))
    exact = exact_homographies(source, target, np.arange(4)[None])[0]
    assert np.allclose(mapped(exact, source), target, atol=1e-6)
    assert np.allclose(mapped(homographies(source[None], target[None])[0], source), target, atol=1e-6)


def test_three_points_in_a_line_have_no_exact_map() -> None:
    source = np.array([[0.0, 0], [1, 0], [2, 0], [0, 1]])
    target = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
    through = mapped(exact_homographies(source, target, np.arange(4)[None])[0], source)
    assert not (np.isfinite(through).all() and np.allclose(through, target))


@given(seeds)
def test_a_third_of_wild_points_changes_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = np.array([[300.0, 30, 200], [-20, 180, 90], [0.02, 0.05, 1]])
    source = rng.uniform(0, 10, (12, 2))
    target = mapped(truth, source)
    target[:4] += rng.choice([-1, 1], (4, 2)) * rng.uniform(50, 300, (4, 2))
    _, off = agreed(source, target, np.random.default_rng(0))[0]
    assert off[4:].max() < 1e-3
    assert off[:4].min() > 1.0
