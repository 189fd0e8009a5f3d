"""Trains the person detector by a plan.

`python -m models.train.recipe PLAN.toml --set photographs=annotations.json:images --out DIR`

Seeded and resumable: `--resume` goes on from the last checkpoint, also into phases added to the plan since. Samples are
drawn, and shown to the teacher, in a process of their own while the network learns from the ones before.
"""

from __future__ import annotations

import copy
import csv
import math
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import torch
import typer
from numpy.typing import NDArray
from torch import nn

from contract.errors import AtriumError, BadInputError
from models.train.activations import SHARPEST
from models.train.augment import Sample, draw_sample
from models.train.distil import FeatureMimic, Taught
from models.train.equalise import equalise
from models.train.feeder import Batch, Drawn, Feeder
from models.train.inherited import InheritedNet
from models.train.losses import Losses, People, detection_losses, imitation_losses
from models.train.network import SIZES, STRIDES, PersonNet, places
from models.train.pictures import Picture, read_pictures
from models.train.plan import INHERITED, Phase, Plan, read_plan
from models.train.teacher import Moments, moments
from models.train.twin_mimic import TwinMimic

CHECKPOINT_STEPS = 200
LOG_STEPS = 20
CLIP_NORM = 10.0
MEASURED_BATCHES = 6
"""Of the first phase, over which an inherited network's teacher is measured."""
TEACHER_WIDTH = 64
"""Channels of the teacher's features: YOLOX-nano's."""


@dataclass(slots=True)
class Progress:
    """Where a run stands: phase, step within it, steps in all."""

    phase: int = 0
    step: int = 0
    total: int = 0


class Trainer:
    """Network, averaged network and optimiser of one run, one step at a time."""

    def __init__(self, plan: Plan, inherited: Inherited | None = None) -> None:
        torch.manual_seed(plan.seed)
        self.plan = plan
        network, mimic = network_of(plan, inherited)
        self.network = network.to(memory_format=torch.channels_last)
        self.averaged = copy.deepcopy(self.network).eval()
        self.mimic = mimic
        learned = [*self.network.parameters(), *self.mimic.parameters()]
        decayed = [p for p in learned if p.ndim > 1]
        others = [p for p in learned if p.ndim <= 1]
        groups = [{"params": decayed, "weight_decay": plan.weight_decay}, {"params": others, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=1e-3)
        self.progress = Progress()

    def step(self, batch: Batch, rate: float) -> Losses:
        """One gradient step on samples of one size, at the learning rate, in the phase that is on; losses before it.

        Raises:
            BadInputError: the phase has neither labels nor a teacher.
        """
        phase = self.plan.phases[self.progress.phase]
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        samples = batch.samples
        pixels = torch.from_numpy(np.stack([s.pixels for s in samples]))  # NHWC is channels_last already
        images = pixels.permute(0, 3, 1, 2).float()
        centres, strides = places(*images.shape[2:])
        taught = None if batch.lesson is None else taught_of(batch)
        if isinstance(self.network, InheritedNet):
            for part in (self.network, self.mimic):
                part.soften(sharpness(self.progress.total, self.plan.relu_steps))
            self.network.round_off(phase.eight_bits)
        self.network.train()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.plan.bf16):
            scores, sides, inner = self.network.look(images)
        answers = scores.float(), sides.float(), centres, strides
        if phase.labels != "all" and taught is None:
            raise BadInputError(f"phase {phase.name}: labels = {phase.labels!r} needs a teacher; give --teacher")
        if phase.labels == "none" and taught is not None:
            losses = imitation_losses(*answers, taught)
        else:
            losses = detection_losses(*answers, people_of(samples), taught, scores_too=phase.labels == "all")
        total = losses.total
        if taught is not None:
            mimic = self.mimic(inner, taught.features)
            total = total + phase.mimic * mimic
            losses = replace(losses, mimic=float(mimic.detach()))
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), CLIP_NORM)
        self.optimiser.step()
        self._average()
        return losses

    def _average(self) -> None:
        total = self.progress.total
        keep = min(1 - 1 / self.plan.average_steps, (1 + total) / (10 + total))
        with torch.no_grad():
            mine, theirs = self.averaged.state_dict(), self.network.state_dict()
            for name, value in mine.items():
                if value.is_floating_point():
                    value.lerp_(theirs[name], 1 - keep)
                else:
                    value.copy_(theirs[name])

    def enter(self, phase: Phase) -> None:
        """Prepares for a phase's first step."""
        if phase.eight_bits:
            if not isinstance(self.network, InheritedNet):
                raise BadInputError(
                    f"phase {phase.name}: eight_bits is for inherited networks; take it out of the plan"
                )
            equalise(self.averaged)
            self.network.load_state_dict(self.averaged.state_dict())
            self.network.evened = self.averaged.evened
            self.optimiser.state.clear()  # its measures are of channels as they were

    def save(self, path: Path) -> None:
        """Writes everything that resuming needs; a kill in the middle leaves the old file."""
        state: dict[str, Any] = {
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "mimic": self.mimic.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "progress": [self.progress.phase, self.progress.step, self.progress.total],
        }
        if isinstance(self.network, InheritedNet):
            state["evened"] = self.network.evened
        part = path.with_suffix(".part")
        torch.save(state, part)
        part.replace(path)

    def adopt(self, path: Path, batches: Iterable[NDArray[np.uint8]]) -> None:
        """Goes on from a shipped 32-bit file, measured over pictures (B, H, W, 3).

        Raises:
            BadInputError: the plan's network is not inherited, or the file is of another one.
        """
        if not isinstance(self.network, InheritedNet):
            raise BadInputError(
                f"plan {self.plan.name}: only an inherited network goes on from {path}; give a checkpoint"
            )
        self.network.soften(SHARPEST)
        self.network.adopt_shipped(path, batches)
        self.averaged.load_state_dict(self.network.state_dict())

    def load(self, path: Path) -> None:
        """Goes on from a checkpoint."""
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self.mimic.load_state_dict(state["mimic"])
        if isinstance(self.network, InheritedNet):
            self.network.evened = self.averaged.evened = state.get("evened", {})
        self.optimiser.load_state_dict(state["optimiser"])
        self.progress = Progress(*state["progress"])


def sharpness(step: int, steps: int) -> float:
    """Of activations on their way from SiLU, 1, to ReLU over so many steps: as much sharper in each as in the last."""
    return SHARPEST ** min(1.0, step / steps) if steps else SHARPEST


@dataclass(frozen=True, slots=True)
class Inherited:
    """What an inherited network begins with: the teacher's file, and what its convolutions put out."""

    teacher: Path
    moments: Moments


def network_of(plan: Plan, inherited: Inherited | None = None) -> tuple[nn.Module, nn.Module]:
    """The network that a plan names, untrained or as it is inherited, and how it is held to its teacher inside.

    Raises:
        BadInputError: it is to be inherited, and nothing is given to inherit.
    """
    if plan.size != INHERITED:
        network = PersonNet(SIZES[plan.size])
        return network, FeatureMimic(network.size.neck, TEACHER_WIDTH, len(STRIDES))
    if inherited is None:
        raise BadInputError(f"plan {plan.name}: an inherited network needs --teacher YOLOX_NANO.onnx")
    heir = InheritedNet(inherited.teacher)
    heir.keep_smooth(plan.smooth)
    heir.adopt(inherited.moments)
    return heir, TwinMimic(inherited.moments, heir.taps, heir.class_taps, heir.smooth)


def people_of(samples: list[Sample]) -> People:
    """Truth of a batch, flattened."""

    def flat(boxes: list[NDArray[np.float32]]) -> tuple[Any, Any]:
        image = np.repeat(np.arange(len(boxes)), [len(b) for b in boxes])
        return torch.from_numpy(np.concatenate(boxes).astype(np.float32)), torch.from_numpy(image)

    return People(*flat([s.people for s in samples]), *flat([s.ignored for s in samples]))


def taught_of(batch: Batch) -> Taught:
    """The teacher's answers as tensors."""
    lesson = batch.lesson
    assert lesson is not None  # noqa: S101 - the caller asked
    exact = [s.exact for s in batch.samples]
    return Taught(
        torch.from_numpy(lesson.scores),
        torch.from_numpy(lesson.boxes),
        [torch.from_numpy(f) for f in lesson.features],
        torch.from_numpy(np.concatenate(exact)),
        torch.from_numpy(np.repeat(np.arange(len(exact)), [len(e) for e in exact])),
    )


def learning_rate(phase: Phase, step: int) -> float:
    """Linear warm-up, then a cosine down to the phase's final share."""
    warm = min(1.0, (step + 1) / max(1, phase.warmup))
    cosine = 0.5 * (1 + math.cos(math.pi * step / max(1, phase.steps)))
    return phase.learning_rate * warm * (phase.final_rate + (1 - phase.final_rate) * cosine)


def weight_of(picture: Picture, plan: Plan) -> float:
    """How often a picture is drawn, against 1 for one with people of a source that the plan does not name."""
    return plan.source_weights.get(picture.source, 1.0) * (1.0 if len(picture.boxes) else plan.empty_weight)


def mixed(phase: Phase, sets: Mapping[str, list[Picture]], plan: Plan) -> tuple[list[Picture], NDArray[np.float64]]:
    """All pictures of a phase and the probability of each.

    Raises:
        BadInputError: the phase names a set that was not given, or nothing is left to draw from.
    """
    pictures: list[Picture] = []
    weights: list[NDArray[np.float64]] = []
    for name, share in phase.mix.items():
        if name not in sets:
            raise BadInputError(f"phase {phase.name}: picture set {name!r} is not given; add --set {name}=FILE:FOLDER")
        each = np.array([0.0 if p.source in phase.without else weight_of(p, plan) for p in sets[name]])
        if each.sum() <= 0:
            raise BadInputError(f"phase {phase.name}: picture set {name!r} has nothing to draw from")
        pictures += sets[name]
        weights.append(share * each / each.sum())
    joined = np.concatenate(weights)
    return pictures, joined / joined.sum()


def train(
    plan: Plan,
    sets: Mapping[str, list[Picture]],
    out: Path,
    *,
    resume: bool = False,
    teacher: Path | None = None,
    start: Path | None = None,
) -> Trainer:
    """Runs the plan from its start or its last checkpoint; writes last.pt, log.csv and a file per finished phase.

    Args:
        plan: what to do.
        sets: pictures by set.
        out: folder.
        resume: go on from the last checkpoint there.
        teacher: YOLOX-nano as ONNX to learn from besides; None learns from labels alone.
        start: checkpoint of the same size of network to begin with, its counters not taken over; for an inherited
            network the shipped 32-bit ONNX does, too.
    """
    torch.set_num_threads(plan.threads)
    cv2.setNumThreads(1)
    out.mkdir(parents=True, exist_ok=True)
    drawn = [mixed(phase, sets, plan) for phase in plan.phases]
    last = out / "last.pt"
    trainer = _prepared(plan, drawn[0], teacher, last if resume and last.exists() else None, start)
    at = trainer.progress
    _forget_after(out / "log.csv", at.total)
    todo = [
        (k, step)
        for k, phase in enumerate(plan.phases)
        for step in range(at.step if k == at.phase else 0, phase.steps)
        if k >= at.phase
    ]
    with (out / "log.csv").open("a", newline="") as log, Feeder(plan, drawn, teacher) as feeder:
        writer = csv.writer(log)
        started, first, drawn_since = time.monotonic(), at.phase, 0
        for (k, step), batch in feeder.batches(todo):
            phase = plan.phases[k]
            if k != first:
                started, first, drawn_since = time.monotonic(), k, 0
            if step == 0:
                trainer.enter(phase)
            losses = trainer.step(batch, learning_rate(phase, step))
            at.phase, at.step = k, step + 1
            at.total += 1
            drawn_since += len(batch.samples)
            if at.step % LOG_STEPS == 0:
                speed = drawn_since / (time.monotonic() - started)
                row = [at.total, phase.name, f"{losses.score:.4f}", f"{losses.box:.4f}", f"{losses.sides:.4f}"]
                writer.writerow([*row, f"{speed:.1f}", f"{losses.mimic:.4f}"])
                log.flush()
            if at.step % CHECKPOINT_STEPS == 0:
                trainer.save(last)
            if at.step == phase.steps:
                at.phase, at.step = k + 1, 0
                trainer.save(out / f"{phase.name}.pt")
                trainer.save(last)
    return trainer


def _prepared(plan: Plan, drawn: Drawn, teacher: Path | None, last: Path | None, start: Path | None) -> Trainer:
    """A trainer at its plan's start, or where it went on from."""
    inherited = None
    if plan.size == INHERITED and teacher is not None:
        inherited = Inherited(teacher, moments(teacher, first_batches(plan, drawn)))
    trainer = Trainer(plan, inherited)
    if last is not None:
        trainer.load(last)
    elif start is not None and start.suffix == ".onnx":
        trainer.adopt(start, first_batches(plan, drawn))
    elif start is not None:
        trainer.load(start)
        trainer.progress = Progress()
    return trainer


def first_batches(plan: Plan, drawn: Drawn) -> Iterator[NDArray[np.uint8]]:
    """Pictures (B, H, W, 3) as the first phase draws them."""
    phase, (pictures, weights) = plan.phases[0], drawn
    for k in range(MEASURED_BATCHES):
        rng = np.random.default_rng((plan.seed, 99, k))
        height, width, batch = phase.shape(k)
        each = [draw_sample(pictures, weights, height, width, phase.mosaic, rng) for _ in range(batch)]
        yield np.stack([sample.pixels for sample in each])


def _forget_after(log: Path, total: int) -> None:
    """Drops rows of steps that the checkpoint does not know."""
    rows = log.read_text().splitlines(keepends=True) if log.exists() else []
    log.write_text("".join(row for row in rows if int(row.split(",")[0]) <= total))


def read_sets(named: list[str]) -> dict[str, list[Picture]]:
    """Picture sets from NAME=ANNOTATIONS:FOLDER arguments.

    Raises:
        BadInputError: an argument has another form.
    """
    sets = {}
    for text in named:
        name, _, rest = text.partition("=")
        annotations, _, folder = rest.partition(":")
        if not (name and annotations and folder):
            raise BadInputError(f"--set {text}: write NAME=ANNOTATIONS.json:IMAGE_FOLDER")
        sets[name] = read_pictures(Path(annotations), Path(folder))
    return sets


def main(  # noqa: PLR0917 - a command's options
    plan: Annotated[Path, typer.Argument(help="training plan, TOML")],
    out: Annotated[Path, typer.Option(help="folder for checkpoints and the log")],
    picture_set: Annotated[list[str], typer.Option("--set", help="NAME=ANNOTATIONS.json:IMAGE_FOLDER, repeatable")],
    resume: Annotated[bool, typer.Option(help="go on from the last checkpoint in the folder")] = False,
    teacher: Annotated[Path | None, typer.Option(help="YOLOX-nano as ONNX, to learn from beside the labels")] = None,
    start: Annotated[
        Path | None, typer.Option(help="checkpoint to begin with, or an inherited one's 32-bit ONNX")
    ] = None,
) -> None:
    """Train a person detector by a plan."""
    try:
        train(read_plan(plan), read_sets(picture_set), out, resume=resume, teacher=teacher, start=start)
    except AtriumError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2 if isinstance(error, BadInputError) else 1) from error


if __name__ == "__main__":
    # glibc hands big tensors back to the system after every step otherwise; measured: half the speed
    if "MALLOC_TRIM_THRESHOLD_" not in os.environ:
        typer.echo(
            "for speed: MALLOC_MMAP_MAX_=0 MALLOC_TRIM_THRESHOLD_=100000000000 MALLOC_TOP_PAD_=268435456", err=True
        )
    typer.run(main)
