"""A small anchor-free network for one class, person: plain ReLU convolutions, three strides, boxes as distributions.

Few and wide 3x3 convolutions: on int8 a layer's fixed cost weighs more than its arithmetic, so a plain residual trunk
(He et al. 2016) is faster than split and joined ones of the same accuracy. The stem goes to a quarter of the size at
once, because rows, not channels, are what the first layers cost. The neck goes top-down and up again by addition; the
head is decoupled (YOLOX, Ge et al. 2021) and regresses each side of a box as a distribution over bins (Generalized
Focal Loss, Li et al. 2020).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

STRIDES = (8, 16, 32)
LARGEST_LOG = 6.0
"""Of a side in strides: an untrained network must not reach infinity."""
PAD_VALUE = 114.0
"""Grey of the letterbox border."""
PIXEL_SCALE = 1.0 / 64.0
"""What pixels, 0..255, are multiplied by before the first layer."""
_PRIOR_SCORE = 0.01
"""Score of every place before training, so that the background does not drown the first steps (RetinaNet, 4.1)."""


@dataclass(frozen=True, slots=True)
class NetworkSize:
    """Widths of the four stages at strides 4, 8, 16, 32, residual blocks in each, neck, the head's two, bins a side."""

    widths: tuple[int, int, int, int] = (24, 48, 96, 160)
    depths: tuple[int, int, int, int] = (1, 1, 2, 2)
    neck: int = 48
    score: int = 32
    sides: int = 48
    bins: int = 12


SIZES = {
    "n": NetworkSize(),
}
"""Sizes by the letter that a plan names."""


class ConvBlock(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """Convolution, batch norm, ReLU."""

    def __init__(self, width_in: int, width_out: int, kernel: int = 3, stride: int = 1, padding: int = -1) -> None:
        super().__init__()
        padding = kernel // 2 if padding < 0 else padding
        self.conv = nn.Conv2d(width_in, width_out, kernel, stride, padding, bias=False)
        self.norm = nn.BatchNorm2d(width_out, eps=1e-3, momentum=0.03)

    def forward(self, x: Tensor) -> Tensor:
        """(B, width_in, H, W) to (B, width_out, H / stride, W / stride)."""
        return F.relu(self.norm(self.conv(x)), inplace=True)


class Residual(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """One 3x3 block with a shortcut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mix = ConvBlock(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Same shape as x."""
        return x + self.mix(x)


class PyramidPool(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """Repeated 5x5 max pooling widens what the coarsest stage sees (SPPF)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.enter = ConvBlock(width, width // 2, 1)
        self.leave = ConvBlock(width * 2, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Same shape as x."""
        stages = [self.enter(x)]
        for _ in range(3):
            stages.append(F.max_pool2d(stages[-1], 5, 1, 2))
        return self.leave(torch.cat(stages, 1))


class Branch(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """One task of the head at one stride: a 3x3 block, then a plain 1x1 convolution."""

    def __init__(self, width_in: int, width: int, outputs: int) -> None:
        super().__init__()
        self.block = ConvBlock(width_in, width)
        self.out = nn.Conv2d(width, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, width_in, H, W) to (B, outputs, H, W)."""
        return self.out(self.block(x))


class PersonNet(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """Raw outputs for training: scores before the sigmoid and box sides as bin logits, strides fine to coarse."""

    outputs = ("score", "sides")

    def __init__(self, size: NetworkSize | None = None) -> None:
        super().__init__()
        self.size = size = size or NetworkSize()
        w, d, n = size.widths, size.depths, size.neck
        self.stem = ConvBlock(3, w[0], 6, 4, 1)
        stages = [nn.Sequential(*(Residual(w[0]) for _ in range(d[0])))]
        stages += [
            nn.Sequential(ConvBlock(w[k - 1], w[k], 3, 2), *(Residual(w[k]) for _ in range(d[k]))) for k in (1, 2, 3)
        ]
        stages[3].append(PyramidPool(w[3]))
        self.stages = nn.ModuleList(stages)
        self.lateral = nn.ModuleList([ConvBlock(w[k], n, 1) for k in (1, 2, 3)])
        self.down_16, self.down_8 = ConvBlock(n, n), ConvBlock(n, n)
        self.shrink_8, self.shrink_16 = ConvBlock(n, n, 3, 2), ConvBlock(n, n, 3, 2)
        self.up_16, self.up_32 = ConvBlock(n, n), ConvBlock(n, n)
        self.score = nn.ModuleList([Branch(n, size.score, 1) for _ in STRIDES])
        self.sides = nn.ModuleList([Branch(n, size.sides, 4 * size.bins) for _ in STRIDES])
        self._start()

    def _start(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        for score, sides in zip(self.score, self.sides, strict=True):
            nn.init.normal_(score.out.weight, std=0.01)
            nn.init.constant_(score.out.bias, float(torch.logit(torch.tensor(_PRIOR_SCORE))))
            nn.init.normal_(sides.out.weight, std=0.01)
            with torch.no_grad():  # small boxes first: most people are only a few cells wide
                sides.out.bias.copy_((-0.3 * torch.arange(self.size.bins)).repeat(4))

    def look(self, images: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Scores (B, N), bin logits (B, N, 4, bins) and neck outputs of images (B, 3, H, W), BGR 0..255."""
        features = self._features(images)
        found = self._heads(features)
        scores = torch.cat([score.flatten(2) for score, _ in found], 2)[:, 0]
        logits = torch.cat([sides.flatten(2) for _, sides in found], 2).transpose(1, 2)
        return scores, logits.unflatten(2, (4, self.size.bins)), features

    def heads(self, images: Tensor) -> list[tuple[Tensor, ...]]:
        """Score logits (B, 1, h, w) and bin logits (B, 4 * bins, h, w), a pair for each stride."""
        return self._heads(self._features(images))

    def _features(self, images: Tensor) -> list[Tensor]:
        """Neck outputs (B, neck, H / s, W / s) at each stride s of images (B, 3, H, W), BGR 0..255."""
        x = self.stem(images * PIXEL_SCALE)
        trunk = []
        for stage in self.stages:
            x = stage(x)
            trunk.append(x)
        p8, p16, p32 = (lateral(f) for lateral, f in zip(self.lateral, trunk[1:], strict=True))
        p16 = self.down_16(p16 + F.interpolate(p32, scale_factor=2.0, mode="nearest"))
        p8 = self.down_8(p8 + F.interpolate(p16, scale_factor=2.0, mode="nearest"))
        p16 = self.up_16(p16 + self.shrink_8(p8))
        p32 = self.up_32(p32 + self.shrink_16(p16))
        return [p8, p16, p32]

    def _heads(self, features: Sequence[Tensor]) -> list[tuple[Tensor, ...]]:
        return [(self.score[k](p), self.sides[k](p)) for k, p in enumerate(features)]

    def shift_scores(self, by: float) -> None:
        """Adds to every score before its sigmoid."""
        with torch.no_grad():
            for branch in self.score:
                branch.out.bias += by


def places(height: int, width: int) -> tuple[Tensor, Tensor]:
    """Cell centres (N, 2) as x, y in pixels and their strides (N,), in the order of the network's outputs."""
    centres, strides = [], []
    for stride in STRIDES:
        y, x = torch.meshgrid(
            (torch.arange(height // stride) + 0.5) * stride,
            (torch.arange(width // stride) + 0.5) * stride,
            indexing="ij",
        )
        centres.append(torch.stack((x.flatten(), y.flatten()), 1))
        strides.append(torch.full((x.numel(),), float(stride)))
    return torch.cat(centres), torch.cat(strides)


def decode_boxes(logits: Tensor, centres: Tensor, strides: Tensor) -> Tensor:
    """Boxes (..., N, 4) as x1, y1, x2, y2 in pixels.

    Of logits (..., N, 4, bins) each side reaches to its expected bin, times the stride. One bin is no distribution but
    a box as YOLOX tells it: its centre from the cell's corner and the logarithms of its size, in strides.
    """
    if logits.shape[-1] == 1:
        place, half = logits[..., :2, 0] - 0.5, logits[..., 2:, 0].clamp(max=LARGEST_LOG).exp() / 2
        return torch.cat(((place - half), (place + half)), -1) * strides[:, None] + centres.repeat(1, 2)
    bins = torch.arange(logits.shape[-1], dtype=logits.dtype, device=logits.device)
    reach = (logits.softmax(-1) * bins).sum(-1) * strides[:, None]
    return torch.cat((centres - reach[..., :2], centres + reach[..., 2:]), -1)


class Deployed(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """The network as shipped: bytes in, raw scores and sides of each stride out, for any batch and size.

    Decoding is left to the caller, who does it for the few places that score; so the graph is convolutions only, and
    scores and sides keep scales of their own when it is quantised. The raw score ``even_score`` comes out as a logit
    of 0: scores learn the expected overlap, which is low in a small network, while trackers and users read 0.5 as more
    likely than not.
    """

    def __init__(self, network: nn.Module, even_score: float = 0.5) -> None:
        super().__init__()
        self.network = network
        network.shift_scores(-float(torch.logit(torch.tensor(even_score))))

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Images (B, H, W, 3) uint8 BGR to score_8, sides_8, score_16, ...: see PersonNet.heads."""
        found = self.network.heads(images.permute(0, 3, 1, 2).float())
        return tuple(part for parts in found for part in parts)
