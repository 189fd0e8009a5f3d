"""One run's network, its average and its optimiser, a gradient step at a time."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from contract.errors import BadInputError
from models.train.activations import SHARPEST
from models.train.augment import Sample
from models.train.consensus import TorchTeacher, consensus, draw_views
from models.train.distil import FeatureMimic, Taught
from models.train.equalise import equalise
from models.train.feeder import Batch
from models.train.inherited import InheritedNet
from models.train.losses import Losses, People, detection_losses, imitation_losses
from models.train.network import SIZES, STRIDES, PersonNet, places
from models.train.plan import INHERITED, Phase, Plan
from models.train.teacher import Moments
from models.train.twin_mimic import TwinMimic

CLIP_NORM = 10.0
TEACHER_WIDTH = 64
"""Channels of the teacher's features: YOLOX-nano's."""


@dataclass(slots=True)
class Progress:
    """Where a run stands: phase, step within it, steps in all."""

    phase: int = 0
    step: int = 0
    total: int = 0


class Trainer:
    """Network, averaged network and optimiser of one run, one step at a time.

    On a GPU an inherited network's teacher runs there, too; so it does wherever a phase asks for views.
    """

    def __init__(self, plan: Plan, inherited: Inherited | None = None, device: str = "cpu") -> None:
        torch.manual_seed(plan.seed)
        self.plan = plan
        self.device = torch.device(device)
        network, mimic = network_of(plan, inherited)
        self.network = network.to(self.device, memory_format=torch.channels_last)
        self.averaged = copy.deepcopy(self.network).eval()
        self.mimic = mimic.to(self.device)
        self.teacher: TorchTeacher | None = None
        if inherited is not None and asks_here(plan, device):
            self.teacher = TorchTeacher(inherited.teacher, inherited.moments).to(
                self.device, memory_format=torch.channels_last
            )
        learned = [*self.network.parameters(), *self.mimic.parameters()]
        decayed = [p for p in learned if p.ndim > 1]
        others = [p for p in learned if p.ndim <= 1]
        groups = [{"params": decayed, "weight_decay": plan.weight_decay}, {"params": others, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=1e-3, fused=self.device.type == "cuda")
        self.progress = Progress()

    def step(self, batch: Batch, rate: float) -> Losses:
        """One gradient step on samples of one size, at the learning rate, in the phase that is on; losses before it.

        Raises:
            BadInputError: the phase has neither labels nor a teacher.
        """
        phase = self.plan.phases[self.progress.phase]
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        # NHWC is channels_last already
        images = torch.from_numpy(batch.pixels).to(self.device).permute(0, 3, 1, 2).float()
        centres, strides = (each.to(self.device) for each in places(*images.shape[2:]))
        taught = self._taught(batch, images)
        if isinstance(self.network, InheritedNet):
            for part in (self.network, self.mimic):
                part.soften(sharpness(self.progress.total, self.plan.relu_steps))
            self.network.round_off(phase.eight_bits)
        self.network.train()
        # bfloat16 has fewer levels between 128 and 255 than eight bits have
        halved = self.plan.bf16 and not phase.eight_bits
        with torch.autocast(self.device.type, torch.bfloat16, enabled=halved):
            scores, sides, inner = self.network.look(images)
        answers = scores.float(), sides.float(), centres, strides
        if phase.labels != "all" and taught is None:
            raise BadInputError(f"phase {phase.name}: labels = {phase.labels!r} needs a teacher; give --teacher")
        if phase.labels == "none" and taught is not None:
            losses = imitation_losses(*answers, taught)
        else:
            losses = detection_losses(
                *answers, people_of(batch.samples, self.device), taught, scores_too=phase.labels == "all"
            )
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

    def _taught(self, batch: Batch, images: Tensor) -> Taught | None:
        if batch.lesson is not None:
            return taught_of(batch, self.device)
        if self.teacher is None:
            return None
        phase, total = self.plan.phases[self.progress.phase], self.progress.total
        views = draw_views(phase.views, np.random.default_rng((self.plan.seed, 55, total)))
        regions = flat([s.exact for s in batch.samples], self.device)
        found: Taught = consensus(self.teacher, images, views, regions, dtype=torch.bfloat16, enabled=self.plan.bf16)
        return found

    def _average(self) -> None:
        total = self.progress.total
        keep = min(1 - 1 / self.plan.average_steps, (1 + total) / (10 + total))
        theirs = self.network.state_dict()
        # counters of batches serve norms without a momentum, and ours have one
        pairs = [(v, theirs[name]) for name, v in self.averaged.state_dict().items() if v.is_floating_point()]
        get_ema_multi_avg_fn(keep)([mine for mine, _ in pairs], [his for _, his in pairs], None)

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
        self.network.cpu().adopt_shipped(path, batches)
        self.network.to(self.device)
        self.averaged.load_state_dict(self.network.state_dict())

    def load(self, path: Path) -> None:
        """Goes on from a checkpoint."""
        state: dict[str, Any] = torch.load(path, map_location=self.device, weights_only=True)
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


def asks_here(plan: Plan, device: str) -> bool:
    """Whether the learner's own process asks the teacher, not the one that draws samples."""
    return plan.size == INHERITED and (device != "cpu" or any(phase.views for phase in plan.phases))


def flat(boxes: list[NDArray[np.float32]], device: torch.device) -> tuple[Tensor, Tensor]:
    """Boxes of a batch in one tensor (n, 4), and the image of each (n,)."""
    image = np.repeat(np.arange(len(boxes)), [len(b) for b in boxes])
    return (
        torch.from_numpy(np.concatenate(boxes).astype(np.float32)).to(device),
        torch.from_numpy(image).to(device),
    )


def people_of(samples: list[Sample], device: torch.device) -> People:
    """Truth of a batch, flattened."""
    return People(*flat([s.people for s in samples], device), *flat([s.ignored for s in samples], device))


def taught_of(batch: Batch, device: torch.device) -> Taught:
    """The teacher's answers as tensors."""
    lesson = batch.lesson
    assert lesson is not None  # noqa: S101 - the caller asked
    return Taught(
        torch.from_numpy(lesson.scores).to(device),
        torch.from_numpy(lesson.boxes).to(device),
        [torch.from_numpy(f).to(device) for f in lesson.features],
        *flat([s.exact for s in batch.samples], device),
    )
