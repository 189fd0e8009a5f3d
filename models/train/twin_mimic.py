"""How an inherited network is held to its teacher inside: what both pass on at the same places, compared."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.train.activations import smoothed, softened
from models.train.teacher import Moments

CLASS_WEIGHT = 3.0
"""Weight, against other inner values, of what the class towers end in: it differs most, and scores come from it."""
FAINT = 0.03
"""Added to the variance of what a channel passes on, as a share of that before activation: some pass on little."""
_TINY = 1e-6


class TwinMimic(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """What inner values pass on beside what the teacher's do: mean square difference as a share of their variance.

    Negative values do not count where ReLU takes them away; behind a parabola they do. Compared before activation they
    were half of the difference, and what is learned there is learned for nothing.
    """

    def __init__(
        self,
        moments: Moments,
        taps: Sequence[str],
        heavy: Sequence[str] = (),
        smooth: Collection[str] = (),
    ) -> None:
        """Begins with activations as ReLU.

        Args:
            moments: of the teacher's values before activation.
            taps: names of the values, in the order in which they will come.
            heavy: those of them that weigh `CLASS_WEIGHT`.
            smooth: those behind which the parabola stands.
        """
        super().__init__()
        self.sharpness = math.inf
        self.smooth = [name in smooth for name in taps]
        self.weights = [CLASS_WEIGHT if name in heavy else 1.0 for name in taps]
        for k, name in enumerate(taps):
            least = torch.from_numpy(moments[name][1]).square().add(_TINY) * FAINT
            self.register_buffer(f"least_{k}", least)

    def soften(self, sharpness: float) -> None:
        """As `InheritedNet.soften`, for ours."""
        self.sharpness = sharpness

    def forward(self, mine: Sequence[Tensor], theirs: Sequence[Tensor]) -> Tensor:
        """A scalar of values before activation: 0 where all agree, about 1 where nothing but the means does."""
        parts = [
            weight * _Apart.apply(m, t, getattr(self, f"least_{k}"), None if smooth else self.sharpness)
            for k, (weight, smooth, m, t) in enumerate(zip(self.weights, self.smooth, mine, theirs, strict=True))
        ]
        return torch.stack(parts).sum() / sum(self.weights)


class _Apart(torch.autograd.Function):  # type: ignore[misc]  # torch is untyped here
    """Mean squared difference behind activation, a channel's as a share of its variance.

    Of what is positive alone, unless a parabola stands there. The gradient takes the activation's slope for 1 wherever
    either is positive: through ReLU's own, a value that has become negative where the teacher's is positive would never
    come back.
    """

    @staticmethod
    def forward(ctx: Any, mine: Tensor, theirs: Tensor, least: Tensor, sharpness: float | None) -> Tensor:
        """A scalar of values (B, C, h, w) before activation; least (C,) is added to the variance.

        No sharpness is the parabola.
        """
        given = F.silu(theirs.to(mine.dtype, memory_format=torch.channels_last))
        if sharpness is None:
            made, counted = smoothed(mine.detach()), None
        else:
            given.relu_()
            made, counted = softened(mine.detach(), sharpness).relu_(), (mine.detach() > 0) | (given > 0)
        weight = (given.float().var((0, 2, 3)) + least).reciprocal()[:, None, None].to(mine.dtype)
        apart = made - given
        weighted = apart * weight
        ctx.save_for_backward(weighted if counted is None else weighted * counted)
        return (apart * weighted).sum(dtype=torch.float32) / apart.numel()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        """Towards mine."""
        (weighted,) = ctx.saved_tensors
        return weighted * (2 * gradient / weighted.numel()).to(weighted.dtype), None, None, None
