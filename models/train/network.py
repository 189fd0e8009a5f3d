"""A small anchor-free network for one class, person: plain ReLU convolutions, three strides, boxes as distributions.

The backbone is CSP-like (Wang et al. 2020), the neck goes top-down and up again, the head is decoupled (YOLOX, Ge et
al. 2021) and regresses each side of a box as a distribution over bins (Generalized Focal Loss, Li et al. 2020).
Only dense convolutions with batch norm and ReLU: they train fast on a CPU with bf16 tiles and quantise well.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

STRIDES = (8, 16, 32)
PAD_VALUE = 114.0
"""Grey of the letterbox border; the network sees it as zero."""
_PIXEL_SCALE = 1.0 / 64.0
_PRIOR_SCORE = 0.01
"""Score of every place before training, so that the background does not drown the first steps (RetinaNet, 4.1)."""


@dataclass(frozen=True, slots=True)
class NetworkSize:
    """Widths of the five backbone stages, depths of the last four, width of neck and head, bins per box side."""

    widths: tuple[int, int, int, int, int] = (16, 24, 48, 96, 128)
    depths: tuple[int, int, int, int] = (1, 1, 2, 1)
    neck: int = 48
    head: int = 48
    bins: int = 12


class ConvBlock(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """Convolution, batch norm, ReLU."""

    def __init__(self, width_in: int, width_out: int, kernel: int = 3, stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width_in, width_out, kernel, stride, kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(width_out, eps=1e-3, momentum=0.03)

    def forward(self, x: Tensor) -> Tensor:
        """(B, width_in, H, W) to (B, width_out, H / stride, W / stride)."""
        return F.relu(self.norm(self.conv(x)), inplace=True)


class Residual(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """Two convolutions around a shortcut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.squeeze = ConvBlock(width, width, 1)
        self.mix = ConvBlock(width, width, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Same shape as x."""
        return x + self.mix(self.squeeze(x))


class CrossStage(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """Half the channels go through residual blocks, half pass by, both are joined."""

    def __init__(self, width_in: int, width_out: int, depth: int) -> None:
        super().__init__()
        half = width_out // 2
        self.deep = ConvBlock(width_in, half, 1)
        self.short = ConvBlock(width_in, half, 1)
        self.blocks = nn.Sequential(*(Residual(half) for _ in range(depth)))
        self.join = ConvBlock(2 * half, width_out, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, width_in, H, W) to (B, width_out, H, W)."""
        return self.join(torch.cat((self.blocks(self.deep(x)), self.short(x)), 1))


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
        self.block = ConvBlock(width_in, width, 3)
        self.out = nn.Conv2d(width, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, width_in, H, W) to (B, outputs, H, W)."""
        return self.out(self.block(x))


class PersonNet(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """Raw outputs for training: scores before the sigmoid and box sides as bin logits, strides fine to coarse."""

    def __init__(self, size: NetworkSize | None = None) -> None:
        super().__init__()
        self.size = size = size or NetworkSize()
        w, n = size.widths, size.neck
        self.stem = ConvBlock(3, w[0], 3, 2)
        stages = [
            nn.Sequential(ConvBlock(w[k], w[k + 1], 3, 2), CrossStage(w[k + 1], w[k + 1], size.depths[k]))
            for k in range(4)
        ]
        stages[3].append(PyramidPool(w[4]))
        self.stages = nn.ModuleList(stages)
        self.lateral = nn.ModuleList([ConvBlock(w[k], n, 1) for k in (2, 3, 4)])
        self.down_16 = CrossStage(2 * n, n, 1)
        self.down_8 = CrossStage(2 * n, n, 1)
        self.shrink_8 = ConvBlock(n, n, 3, 2)
        self.up_16 = CrossStage(2 * n, n, 1)
        self.shrink_16 = ConvBlock(n, n, 3, 2)
        self.up_32 = CrossStage(2 * n, n, 1)
        self.score = nn.ModuleList([Branch(n, size.head, 1) for _ in STRIDES])
        self.sides = nn.ModuleList([Branch(n, size.head, 4 * size.bins) for _ in STRIDES])
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

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Scores (B, N) before the sigmoid and bin logits (B, N, 4, bins) of images (B, 3, H, W), BGR 0..255."""
        x = self.stem((images - PAD_VALUE) * _PIXEL_SCALE)
        features = []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        p8, p16, p32 = (lateral(f) for lateral, f in zip(self.lateral, features[1:], strict=True))
        p16 = self.down_16(torch.cat((p16, F.interpolate(p32, scale_factor=2.0, mode="nearest")), 1))
        p8 = self.down_8(torch.cat((p8, F.interpolate(p16, scale_factor=2.0, mode="nearest")), 1))
        p16 = self.up_16(torch.cat((self.shrink_8(p8), p16), 1))
        p32 = self.up_32(torch.cat((self.shrink_16(p16), p32), 1))
        scores, sides = [], []
        for k, p in enumerate((p8, p16, p32)):
            scores.append(self.score[k](p).flatten(2))
            sides.append(self.sides[k](p).flatten(2))
        logits = torch.cat(sides, 2).transpose(1, 2)
        return torch.cat(scores, 2)[:, 0], logits.unflatten(2, (4, self.size.bins))


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
    """Boxes (B, N, 4) as x1, y1, x2, y2 in pixels: the expected bin of each side, times the stride."""
    bins = torch.arange(logits.shape[-1], dtype=logits.dtype, device=logits.device)
    reach = (logits.softmax(-1) * bins).sum(-1) * strides[:, None]
    return torch.cat((centres - reach[..., :2], centres + reach[..., 2:]), -1)


class Deployed(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """The network as shipped: decoded boxes and scores in one tensor, for one input size and any batch.

    The raw score ``even_score`` comes out as 0.5: scores learn the expected overlap, which is low in a small network,
    while trackers and users read 0.5 as more likely than not.
    """

    def __init__(self, network: PersonNet, height: int, width: int, even_score: float = 0.5) -> None:
        super().__init__()
        self.network = network
        self.shift = -float(torch.logit(torch.tensor(even_score)))
        centres, strides = places(height, width)
        self.register_buffer("centres", centres)
        self.register_buffer("strides", strides)

    def forward(self, images: Tensor) -> Tensor:
        """(B, N, 5): x1, y1, x2, y2 in input pixels and the score 0..1 of images (B, 3, H, W), BGR 0..255."""
        scores, logits = self.network(images)
        boxes = decode_boxes(logits, self.centres, self.strides)
        return torch.cat((boxes, (scores + self.shift).sigmoid()[..., None]), -1)
