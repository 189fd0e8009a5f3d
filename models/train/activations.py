"""What stands for SiLU in an inherited network: ReLU, by degrees, or a parabola."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

SHARPEST = 8.0
"""Steepness at which softened activations have become ReLU."""
LEAST, MOST = -2.5, 5.0
"""Between these runs the parabola that stands for SiLU; one is twice the other, so that zero is one of 256 levels."""
CURVATURE, SLOPE = 0.2, 0.5
"""Of the parabola: (CURVATURE x + SLOPE) x is zero at `LEAST` and at zero, where its slope is SiLU's."""
VERTEX = -SLOPE * SLOPE / (4 * CURVATURE)
"""The lowest value that the parabola takes."""


def softened(x: Tensor, sharpness: float) -> Tensor:
    """Gives x / (1 + exp(-sharpness x)), which is SiLU for 1; ReLU from `SHARPEST` on."""
    return F.relu(x) if sharpness >= SHARPEST else F.silu(x * sharpness) / sharpness


def smoothed(x: Tensor) -> Tensor:
    """The parabola that stands for SiLU, of x cut off at `LEAST` and `MOST`."""
    kept = x.clamp(LEAST, MOST)
    return kept * (kept * CURVATURE + SLOPE)
