"""Trains the person detector by a plan.

`python -m models.train.recipe PLAN.toml --set photographs=annotations.json:images --out DIR`

Seeded and resumable: `--resume` goes on from the last checkpoint, also into phases added to the plan since. Samples are
drawn, and shown to the teacher, in a process of their own while the network learns from the ones before.
"""

from __future__ import annotations

import csv
import math
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import torch
import typer
from numpy.typing import NDArray

from contract.errors import AtriumError, BadInputError
from models.train.augment import draw_sample
from models.train.feeder import Drawn, Feeder
from models.train.pictures import Picture, read_pictures
from models.train.plan import INHERITED, Phase, Plan, read_plan
from models.train.teacher import moments
from models.train.trainer import Inherited, Progress, Trainer, asks_here

CHECKPOINT_STEPS = 200
LOG_STEPS = 20
MEASURED_BATCHES, MEASURED = 6, 16
"""Batches of the first phase, and pictures of each, over which an inherited network's teacher is measured."""


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
    device: str = "cpu",
    workers: int = 1,
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
        device: that the network learns on, as PyTorch names it.
        workers: processes that draw samples.
    """
    torch.set_num_threads(plan.threads)
    cv2.setNumThreads(1)
    out.mkdir(parents=True, exist_ok=True)
    drawn = [mixed(phase, sets, plan) for phase in plan.phases]
    last = out / "last.pt"
    # its processes are forked before a GPU is touched
    with Feeder(plan, drawn, None if asks_here(plan, device) else teacher, workers) as feeder:
        trainer = _prepared(plan, drawn[0], teacher, last if resume and last.exists() else None, start, device)
        _run(trainer, feeder, out)
    return trainer


def _run(trainer: Trainer, feeder: Feeder, out: Path) -> None:
    plan, at, last = trainer.plan, trainer.progress, out / "last.pt"
    _forget_after(out / "log.csv", at.total)
    todo = [
        (k, step)
        for k, phase in enumerate(plan.phases)
        for step in range(at.step if k == at.phase else 0, phase.steps)
        if k >= at.phase
    ]
    with (out / "log.csv").open("a", newline="") as log:
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


def _prepared(  # noqa: PLR0917 - what a run may begin with
    plan: Plan, drawn: Drawn, teacher: Path | None, last: Path | None, start: Path | None, device: str
) -> Trainer:
    """A trainer at its plan's start, or where it went on from."""
    inherited = None
    if plan.size == INHERITED and teacher is not None:
        inherited = Inherited(teacher, moments(teacher, first_batches(plan, drawn)))
    trainer = Trainer(plan, inherited, device)
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
        each = [draw_sample(pictures, weights, height, width, phase.mosaic, rng) for _ in range(min(batch, MEASURED))]
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
    device: Annotated[str, typer.Option(help="cpu, or cuda where there is a GPU")] = "cpu",
    workers: Annotated[int, typer.Option(help="processes that draw samples", min=1)] = 1,
) -> None:
    """Train a person detector by a plan."""
    try:
        sets = read_sets(picture_set)
        train(read_plan(plan), sets, out, resume=resume, teacher=teacher, start=start, device=device, workers=workers)
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
