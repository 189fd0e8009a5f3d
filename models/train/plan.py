"""What a training run does, phase by phase, as read from its TOML file."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from contract.errors import BadInputError

INHERITED = "inherited"
"""Size of a network that begins with its teacher's weights."""


class Phase(msgspec.Struct, forbid_unknown_fields=True):
    """One stretch of training: how long, at which input size (multiples of 32), on which mix of picture sets."""

    name: str
    steps: int
    height: int
    width: int
    learning_rate: float
    mix: dict[str, float]
    """Share of samples from each named picture set."""
    without: list[str] = []
    """Sources left out of this phase."""
    batch: int = 16
    turns: list[tuple[int, int, int]] = []
    """(height, width, batch) that the steps take in turn instead, so that no size is forgotten for another."""
    mosaic: float = 0.5
    """Probability of a mosaic."""
    paste: float = 0.0
    """Probability that people are cut out and set into a sample."""
    mimic: float = 2.0
    """Weight of agreeing with the teacher inside."""
    labels: Literal["all", "boxes", "none"] = "all"
    """Where labels count: everywhere; for boxes alone, the teacher telling scores but in rendered regions and pictures
    without anybody; or nowhere, so that the teacher's answers are all there is to learn."""
    views: list[float] = []
    """Scales, against the sample, of views besides it over which the teacher's scores are averaged
    (`models.train.consensus`)."""
    eight_bits: bool = False
    """Whether an inherited network, evened out at the phase's start, learns to live with rounding."""
    warmup: int = 150
    final_rate: float = 0.03
    """Learning rate at the end, as a share of the highest."""

    def shape(self, step: int) -> tuple[int, int, int]:
        """Height, width and batch of a step."""
        return self.turns[step % len(self.turns)] if self.turns else (self.height, self.width, self.batch)


class Plan(msgspec.Struct, forbid_unknown_fields=True):
    """A whole run. The same plan, pictures and seed give the same samples in the same order."""

    name: str
    height: int
    width: int
    phases: list[Phase]
    size: str = "n"
    """Letter of the network's size, or "inherited": the teacher's own, with its weights to begin with."""
    smooth: list[tuple[int, int]] = []
    """Convolutions of an inherited network with a parabola for SiLU: numbers, first to last, behind the first two."""
    relu_steps: int = 0
    """Steps over which the others of an inherited network's SiLU turn into ReLU."""
    seed: int = 1
    weight_decay: float = 0.02
    average_steps: int = 500
    """Steps over which the averaged weights, the ones that ship, forget."""
    bf16: bool = True
    threads: int = 1
    source_weights: dict[str, float] = {}
    """Weight of a source's pictures against 1 for the others; 0 leaves them out."""
    empty_weight: float = 1.0
    """Factor on the weight of pictures without people: what there is in rooms that is not to be taken for one."""


def read_plan(path: Path) -> Plan:
    """The plan in a TOML file.

    Raises:
        BadInputError: the file is missing, no TOML, or has a wrong field.
    """
    try:
        plan = msgspec.toml.decode(path.read_bytes(), type=Plan)
    except (OSError, msgspec.DecodeError) as error:
        raise BadInputError(f"{path}: {error}; mend the training plan") from error
    for phase in plan.phases:
        for height, width, _ in phase.turns or [phase.shape(0)]:
            if height % 32 or width % 32:
                raise BadInputError(f"{path}: phase {phase.name}: {width}x{height} is not in multiples of 32")
        if not phase.mix:
            raise BadInputError(f"{path}: phase {phase.name}: mix names no picture set")
    return plan
