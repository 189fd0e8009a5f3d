"""The pace's kernel, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.detect.pace_kernels import fast_heights


@given(n=st.integers(1, 12), m=st.integers(1, 12), share=st.floats(0, 1), seed=st.integers(0, 2**31))
def test_a_crowds_speed_is_numpys(n, m, share, seed):
    rng = np.random.default_rng(seed)
    corner, sides = rng.uniform(0, 300, (n + m, 2)), rng.uniform(0, 90, (n + m, 2))
    boxes = np.column_stack([corner, corner + sides]).astype(np.float32)
    before, after = boxes[:n], boxes[n:]
    feet_before, feet = (np.column_stack([(b[:, 0] + b[:, 2]) / 2, b[:, 3]]) for b in (before, after))
    away = np.linalg.norm(feet[:, None] - feet_before[None], axis=2).min(1)
    heights = away / np.maximum(after[:, 3] - after[:, 1], 1.0)
    assert fast_heights(before, after, share) == pytest.approx(float(np.quantile(heights, share)), rel=1e-4, abs=1e-4)
