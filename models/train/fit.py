"""Fits an inherited network to its teacher layer by layer, by least squares: minutes instead of hours of descent.

`python -m models.train.fit CHECKPOINT.pt PLAN.toml OUT.pt --teacher YOLOX_NANO.onnx --set annotations.json:images`

One convolution after the other, in the order in which they run, gets the weights with which what it passes on, given
what ours before it pass on, is nearest to what the teacher's passes on for the same pictures (Zhang et al. 2015,
arXiv:1505.06798, section 3.3). Where a parabola stands for SiLU this is a linear problem, each channel
first stretched by what brings the one nearest to the other. Behind ReLU it is one wherever either is positive, and no
matter elsewhere: the part that does not matter is asked to stay as it is, and the problem is solved again for what then
does (each solution majorises the next, so none is worse).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import torch.nn.functional as F
import typer
from numpy.typing import NDArray
from torch import Tensor

from contract.errors import AtriumError, BadInputError
from models.train.activations import smoothed
from models.train.augment import draw_sample
from models.train.checkpoint import read_averaged, write_start
from models.train.inherited import InheritedNet, Op
from models.train.network import PIXEL_SCALE
from models.train.pictures import Picture, read_pictures
from models.train.plan import Plan, read_plan
from models.train.recipe import weight_of
from models.train.teacher import moments
from models.train.trainer import Inherited, network_of

PICTURES = 128
MEASURED = 16
"""Pictures of these over which the teacher's norms are taken."""
PLACES = 120_000
"""Places that a layer is fitted at, in all pictures together; at least `LEAST_PLACES` of each."""
LEAST_PLACES = 160
PEOPLE_SHARE = 0.3
"""Share of the places that are drawn by the teacher's score, which is where people are; the rest anywhere."""
RIDGE = 1e-3
"""Weights stay by so much of a typical input's square where they were."""
ROUNDS = 25
STRETCHES = tuple(0.5 + 0.05 * k for k in range(19))
"""Factors that are tried for what goes into a parabola."""
CHUNK = 16
"""Pictures that run at once."""
SCORE_FLOOR = -6.0
"""Logits below are as good as this."""
_TINY = 1e-6


@dataclass(frozen=True, slots=True)
class Fit:
    """A convolution's difference from the teacher, as a share of the teacher's variance, before and after."""

    name: str
    before: float
    after: float


class LayerFit:
    """Both networks side by side on the same pictures, layer by layer; values are dropped when nobody reads them."""

    def __init__(self, network: InheritedNet, twin: InheritedNet, pixels: NDArray[np.uint8], seed: int = 0) -> None:
        """Runs nothing yet.

        Args:
            network: is changed in place; in evaluation mode.
            twin: the teacher in the same form, with SiLU everywhere.
            pixels: pictures (N, H, W, 3), BGR.
            seed: of the places that are drawn.
        """
        self._network, self._twin = network.eval(), twin.eval()
        self._images = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()
        self._random = torch.Generator().manual_seed(seed)
        self._mine: dict[str, Tensor] = {}
        self._theirs: dict[str, Tensor] = {}
        self._people = self._chunked(self._likely, self._images)

    def run(self, first: int = 0) -> Iterator[Fit]:
        """Fits the convolutions from number ``first`` on, counted behind the first two; 0 fits these, too."""
        with torch.no_grad():
            begins, start = self._network.begins, self._network.start
            pixels = self._images.float() * PIXEL_SCALE
            yield from self._part(begins, pixels, pixels, fitted=first == 0)
            edge = (1, 0, 1, 0)
            mine = F.pad(self._network.activate(self._mine.pop(begins), begins), edge)
            theirs = F.pad(F.silu(self._theirs.pop(begins)), edge)
            yield from self._part(start, mine, theirs, fitted=first == 0)
            count = 0
            last = {name: op for op in self._network.ops for name in op.inputs}
            kept = {name for ends in self._network.tower_ends for name in ends}
            for op in self._network.ops:
                if op.kind == "part":
                    given = op.inputs[0]
                    yield from self._part(op.argument, self._mine[given], self._theirs[given], fitted=count >= first)
                    count += 1
                else:
                    self._follow(op)
                for name in op.inputs:
                    if last[name] is op and name not in kept:
                        del self._mine[name], self._theirs[name]
            yield from self._heads()

    def _follow(self, op: Op) -> None:
        mine, theirs = ([values[name] for name in op.inputs] for values in (self._mine, self._theirs))
        if op.kind == "activate":
            self._mine[op.output] = self._network.activate(mine[0], op.inputs[0])
            self._theirs[op.output] = F.silu(theirs[0])
        else:
            self._mine[op.output], self._theirs[op.output] = op.of(mine), op.of(theirs)

    def _part(self, name: str, mine: Tensor, theirs: Tensor, *, fitted: bool) -> Iterator[Fit]:
        """Runs a convolution of both, ours fitted first where that is asked for."""
        part = self._network.parts[name]
        wanted = self._chunked(self._twin.parts[name], theirs)
        if fitted:
            conv, norm = part
            scale = norm.weight / (norm.running_var + norm.eps).sqrt()
            start = torch.cat(
                (
                    (conv.weight * scale[:, None, None, None]).flatten(1),
                    (norm.bias - norm.running_mean * scale)[:, None],
                ),
                1,
            )
            places = self._places(wanted.shape[2], wanted.shape[3])
            smooth = name in self._network.smooth
            target = torch.cat([w.flatten(1)[:, at] for w, at in zip(wanted, places, strict=True)], 1)
            target = _stretched(target) if smooth else F.silu(target).relu_()
            columns = [_columns(x[None], conv, at) for x, at in zip(mine, places, strict=True)]
            solve = _fitted_each if conv.groups > 1 else _fitted
            weight, before, after = solve(torch.cat(columns, 1), target, start, None if smooth else 0.0)
            conv.weight.copy_(weight[:, :-1].view_as(conv.weight))
            self._norm(name, weight[:, -1], self._chunked(conv, mine))
            yield Fit(name, before, after)
        self._mine[name], self._theirs[name] = self._chunked(part, mine), wanted

    def _norm(self, name: str, bias: Tensor, made: Tensor) -> None:
        """Sets a norm to add the bias, and to have the deviations that its convolution now has."""
        part = self._network.parts[name]
        norm = part[1]
        mean, variance = made.mean((0, 2, 3)), made.var((0, 2, 3)).clamp(min=1e-8)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
        norm.weight.copy_((variance + norm.eps).sqrt())
        norm.bias.copy_(mean + bias)
        part.bias_taken = bias.clone()

    def _heads(self) -> Iterator[Fit]:
        network, twin = self._network, self._twin
        for level, ends in enumerate(network.tower_ends):
            (classes, boxes), (their_classes, their_boxes) = (
                [values[name] for name in ends] for values in (self._mine, self._theirs)
            )
            both, their_both = torch.cat((classes, boxes), 1), torch.cat((their_classes, their_boxes), 1)
            places = self._places(both.shape[2], both.shape[3])

            def gathered(values: Tensor, at: list[Tensor] = places) -> Tensor:
                return torch.cat([v.flatten(1)[:, p] for v, p in zip(values, at, strict=True)], 1)

            score = network.score[level]
            wanted = gathered(twin.score[level](their_both)).clamp(min=SCORE_FLOOR)
            start = torch.cat((score.weight.flatten(1), score.bias[:, None]), 1)
            weight, before, after = _fitted(gathered(both), wanted, start, SCORE_FLOOR)
            score.weight.copy_(weight[:, :-1].view_as(score.weight))
            score.bias.copy_(weight[:, -1])
            yield Fit(f"score {level}", before, after)
            people = wanted.sigmoid() + RIDGE  # boxes matter where people are
            for kind in ("place", "extent"):
                conv, theirs = (getattr(n, kind)[level] for n in (network, twin))
                start = torch.cat((conv.weight.flatten(1), conv.bias[:, None]), 1)
                given, asked = gathered(boxes), gathered(theirs(their_boxes))
                weight, before, after = _fitted(given, asked, start, None, people)
                conv.weight.copy_(weight[:, :-1].view_as(conv.weight))
                conv.bias.copy_(weight[:, -1])
                yield Fit(f"{kind} {level}", before, after)

    def _places(self, rows: int, columns: int) -> list[Tensor]:
        """For each picture numbers of places in a grid of this size, more of them where people are."""
        every = rows * columns
        count = min(every, max(LEAST_PLACES, PLACES // len(self._images)))
        finer = rows > self._people.shape[1]
        resized = F.interpolate if finer else F.adaptive_max_pool2d
        people = resized(self._people[:, None], (rows, columns)).flatten(1)
        chance = (1 - PEOPLE_SHARE) / every + PEOPLE_SHARE * people / (people.sum(1, keepdim=True) + _TINY)
        return list(torch.multinomial(chance, count, replacement=False, generator=self._random))

    def _likely(self, images: Tensor) -> Tensor:
        """The twin's score at stride 8, the highest of all strides: (B, H / 8, W / 8)."""
        scores = [found[0].sigmoid() for found in self._twin.heads(images)]
        size = scores[0].shape[2:]
        return torch.stack([F.interpolate(s, size, mode="nearest")[:, 0] for s in scores]).amax(0)

    @staticmethod
    def _chunked(run: Any, x: Tensor) -> Tensor:
        with torch.no_grad():
            return torch.cat([run(part.float()) for part in x.split(CHUNK)])


def _stretched(values: Tensor) -> Tensor:
    """Values (C, P) before SiLU, each channel times what brings the parabola of it nearest to their SiLU."""
    wanted = F.silu(values)
    best, least = torch.ones(len(values)), torch.full((len(values),), torch.inf)
    for factor in STRETCHES:
        error = (smoothed(values * factor) - wanted).square().mean(1)
        best = torch.where(error < least, factor, best)
        least = torch.minimum(error, least)
    return values * best[:, None]


def _columns(x: Tensor, conv: Any, places: Tensor) -> Tensor:
    """What a convolution reads of x (1, C, h, w) at places (P,) of its output: (C k k, P)."""
    if conv.kernel_size[0] == 1:
        return x[0].flatten(1)[:, places]
    return F.unfold(x, conv.kernel_size, padding=conv.padding, stride=conv.stride)[0][:, places]


def _fitted(
    given: Tensor, wanted: Tensor, start: Tensor, floor: float | None, importance: Tensor | None = None
) -> tuple[Tensor, float, float]:
    """Weights (O, K + 1), the last a bias, by which (K, P) inputs give (O, P) outputs; errors before and after.

    Args:
        given: (K, P).
        wanted: (O, P).
        start: (O, K + 1).
        floor: outputs at or below matter only where what is wanted lies above; None where all matter.
        importance: (1, P) of the places.
    """
    x = torch.cat((given, torch.ones(1, given.shape[1])))
    weighed = x if importance is None else x * importance
    squares = weighed @ x.T
    diagonal = squares.diagonal()
    hold = RIDGE * (diagonal.mean() + diagonal)
    factor = torch.linalg.cholesky((squares + hold.diag()).double())

    def step(weight: Tensor, apart: Tensor) -> Tensor:
        pull = apart @ weighed.T - (weight - start) * hold
        return torch.cholesky_solve(pull.T.double(), factor).T.float()

    return _descended(start, wanted, floor, lambda weight: weight @ x, step)


def _fitted_each(given: Tensor, wanted: Tensor, start: Tensor, floor: float | None) -> tuple[Tensor, float, float]:
    """As `_fitted` for a depthwise convolution: channel by channel, given (O K, P)."""
    channels, taps = start.shape[0], start.shape[1] - 1
    x = torch.cat((given.view(channels, taps, -1), torch.ones(channels, 1, given.shape[1])), 1)
    squares = x @ x.transpose(1, 2)
    diagonal = squares.diagonal(dim1=1, dim2=2)
    hold = RIDGE * diagonal.mean(1, keepdim=True).expand_as(diagonal) + _TINY * diagonal.mean()
    factor = torch.linalg.cholesky((squares + torch.diag_embed(hold)).double())

    def step(weight: Tensor, apart: Tensor) -> Tensor:
        pull = (x @ apart[..., None])[..., 0] - (weight - start) * hold
        return torch.cholesky_solve(pull.double()[..., None], factor)[..., 0].float()

    return _descended(start, wanted, floor, lambda weight: (weight[:, None] @ x)[:, 0], step)


def _descended(start: Tensor, wanted: Tensor, floor: float | None, made: Any, step: Any) -> tuple[Tensor, float, float]:
    """Steps, with Nesterov's momentum, until what is made is what is wanted; never worse than the start."""

    def error(weight: Tensor) -> float:
        found = made(weight)
        found = found if floor is None else found.clamp(min=floor)
        return float((found - wanted).square().mean() / wanted.var().clamp(min=_TINY))

    before = error(start)
    ahead, weight, pace = start, start, 1.0
    for _ in range(1 if floor is None else ROUNDS):
        found = made(ahead)
        apart = wanted - found
        if floor is not None:
            apart = apart * ((wanted > floor) | (found > floor))
        moved = ahead + step(ahead, apart)
        faster = (1 + (1 + 4 * pace * pace) ** 0.5) / 2
        ahead, weight, pace = moved + (pace - 1) / faster * (moved - weight), moved, faster
    after = error(weight)
    return (weight, before, after) if after <= before else (start, before, before)


def drawn(plan: Plan, pictures: list[Picture], count: int) -> NDArray[np.uint8]:
    """Samples (count, H, W, 3) as the plan's first phase draws them, at the plan's size."""
    phase = plan.phases[0]
    weights = np.array([0.0 if p.source in phase.without else weight_of(p, plan) for p in pictures])
    each = []
    for k in range(count):
        rng = np.random.default_rng((plan.seed, 55, k))
        sample = draw_sample(pictures, weights / weights.sum(), plan.height, plan.width, phase.mosaic, rng)
        each.append(sample.pixels)
    return np.stack(each)


def fit(
    checkpoint: Path, plan: Plan, out: Path, *, teacher: Path, pixels: NDArray[np.uint8], first: int = 0
) -> Iterator[Fit]:
    """Fits a checkpoint's averaged weights to pictures (N, H, W, 3) and writes one that training begins from.

    Raises:
        BadInputError: the plan's network is not inherited, or the checkpoint is from a phase in eight bits.
    """
    measured = moments(teacher, [pixels[:MEASURED]])
    network, mimic = network_of(plan, Inherited(teacher, measured))
    if not isinstance(network, InheritedNet):
        raise BadInputError(f"plan {plan.name}: only inherited networks are fitted to their teacher")
    state = read_averaged(checkpoint)
    network.load_state_dict(state["averaged"])
    twin = InheritedNet(teacher)
    twin.adopt(measured)
    twin.soften(1.0)
    yield from LayerFit(network, twin, pixels, plan.seed).run(first)
    write_start(out, state, network.state_dict(), mimic.state_dict())


def main(  # noqa: PLR0917 - a command's options
    checkpoint: Annotated[Path, typer.Argument(help="checkpoint of models.train.recipe")],
    plan: Annotated[Path, typer.Argument(help="plan whose first phase draws the samples; its network")],
    out: Annotated[Path, typer.Argument(help="checkpoint to write, for models.train.recipe --start")],
    teacher: Annotated[Path, typer.Option(help="YOLOX-nano as ONNX")],
    picture_set: Annotated[list[str], typer.Option("--set", help="ANNOTATIONS.json:IMAGES, repeatable")],
    first: Annotated[int, typer.Option(help="first convolution to fit, counted behind the first two", min=0)] = 0,
    pictures: Annotated[int, typer.Option(help="pictures to fit on; 128 take up to 5 GB", min=MEASURED)] = PICTURES,
) -> None:
    """Fit a person detector to its teacher, layer by layer."""
    try:
        made = read_plan(plan)
        torch.set_num_threads(made.threads)
        torch.manual_seed(made.seed)
        read: list[Picture] = []
        for text in picture_set:
            annotations, _, folder = text.partition(":")
            read += read_pictures(Path(annotations), Path(folder))
        pixels = drawn(made, read, pictures)
        for done in fit(checkpoint, made, out, teacher=teacher, pixels=pixels, first=first):
            typer.echo(f"{done.name:24} {done.before:8.4f} -> {done.after:.4f}")
    except AtriumError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2 if isinstance(error, BadInputError) else 1) from error


if __name__ == "__main__":
    typer.run(main)
