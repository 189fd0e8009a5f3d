"""The faults: how each is done to the mall and undone, and by which words Ops must name it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.chaos.mall import CAMERAS, Mall
from benchmarks.chaos.wire import GOOD, Quality

FILLER = "/var/lib/atrium/filler"
CHUNK = b"\0" * (1 << 20)
NO_ANSWER = "no answer"
"""What is seen of a central that is dead: whoever looks at its pages is told that they are not connected."""
LEARNT_S = 90.0
"""A box takes a minute to learn what its cameras see; before that nobody can say whether one was moved."""
TURN_DEG = 5.0
TURNED = CAMERAS[0]
STEPS_S = (-3600.0, -90.0, 90.0, 3600.0)
LOSS = 0.05
DELAY_MS = 300.0

Act = Callable[[Mall], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is done to the mall.

    Attributes:
        name: of it.
        named: kinds of Ops's faults that name it; one is enough.
        do: does it.
        undo: ends it, touching nothing of the product but what was done.
        alone: whether it stops word of other faults, so that it is done by itself.
        from_s: earliest, seconds after the run began.
    """

    name: str
    named: frozenset[str]
    do: Act
    undo: Act
    alone: bool = False
    from_s: float = 0.0


def every_fault(rng: random.Random) -> list[Fault]:
    """All that this machine can do."""
    step_s = rng.choice(STEPS_S)
    return [
        _killed("edge", "box_silent", "box_stopped"),
        _killed("central", NO_ANSWER),
        _killed("mall_broker", "broker"),
        _killed("box_broker", "box_silent", "box_stopped"),
        Fault(
            "mall_broker restarted",
            frozenset({"broker"}),
            lambda mall: mall.services["mall_broker"].stop(),
            lambda mall: mall.services["mall_broker"].start(),
            alone=True,
        ),
        _cable("link cut", Quality(cut=True), "box_silent"),
        _cable("5 % of packets lost", Quality(loss=LOSS), "box_link"),
        _cable("300 ms of delay", Quality(delay_ms=DELAY_MS), "box_link"),
        Fault(
            "box's disk full", frozenset({"box_disk", "box_disk_low"}), lambda m: _fill(m.box.path(FILLER)), _empty_box
        ),
        Fault(
            "central's disk full",
            frozenset({"disk", "store"}),
            lambda mall: _fill(mall.central.path(FILLER)),
            _empty_central,
            alone=True,
        ),
        Fault(
            "cameras' server frozen",
            frozenset({"camera_offline", "camera_dead_stream"}),
            lambda mall: mall.tell_cameras("freeze"),
            lambda mall: mall.tell_cameras("thaw"),
        ),
        Fault(
            "a camera's pictures stop",
            frozenset({"camera_offline", "camera_dead_stream"}),
            lambda mall: mall.tell_cameras(f"stall {CAMERAS[1]}"),
            lambda mall: mall.tell_cameras(f"go {CAMERAS[1]}"),
        ),
        Fault(
            "box's clock stepped",
            frozenset({"box_clock"}),
            lambda mall: mall.step_clock(step_s),
            lambda mall: mall.step_clock(0.0),
        ),
        Fault(
            "camera turned",
            frozenset({"camera_moved"}),
            lambda mall: mall.tell_cameras(f"turn {TURNED} {TURN_DEG:g}"),
            lambda mall: mall.tell_cameras(f"turn {TURNED} 0"),
            from_s=LEARNT_S,
        ),
    ]


def _killed(service: str, *named: str) -> Fault:
    return Fault(
        f"{service} killed",
        frozenset(named),
        lambda mall: mall.services[service].kill(hold=True),
        lambda mall: mall.services[service].start(),
        alone=True,
    )


def _cable(name: str, quality: Quality, *named: str) -> Fault:
    return Fault(
        name, frozenset(named), lambda mall: mall.wire.become(quality), lambda mall: mall.wire.become(GOOD), alone=True
    )


def _fill(path: Path) -> None:
    """Takes the file system's last byte."""
    chunk = CHUNK
    with path.open("ab", buffering=0) as filler:
        while chunk:
            try:
                filler.write(chunk)
            except OSError:
                chunk = chunk[: len(chunk) // 2]


def _empty_box(mall: Mall) -> None:
    mall.box.path(FILLER).unlink(missing_ok=True)


def _empty_central(mall: Mall) -> None:
    mall.central.path(FILLER).unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Round:
    """Faults done together, some seconds apart; after them a calm of so many seconds."""

    faults: Sequence[Fault]
    calm_s: float


EXCLUSIVE = frozenset({"cameras' server frozen", "a camera's pictures stop", "camera turned"})
"""One at a time: a camera that sends nothing cannot be seen to look aside."""


class Draw:
    """Draws rounds: every fault once before any comes again, in an order that the seed gives."""

    def __init__(self, faults: Sequence[Fault], rng: random.Random) -> None:
        self._faults = list(faults)
        self._rng = rng
        self._bag: list[Fault] = []

    def next_round(self, at_s: float) -> Round:
        """The next one, at ``at_s`` seconds after the run began."""
        chosen = [one for one in [self._take(at_s, [])] if one is not None]
        if chosen and not chosen[0].alone and self._rng.random() < 0.5:
            chosen += [one for one in [self._take(at_s, chosen)] if one is not None]
        return Round(chosen, self._rng.uniform(2.0, 6.0))

    def _take(self, at_s: float, beside: Sequence[Fault]) -> Fault | None:
        if not any(one.from_s <= at_s for one in self._bag):
            self._bag += self._rng.sample(self._faults, len(self._faults))
        for index, one in enumerate(self._bag):
            if one.from_s <= at_s and not any(_clash(one, other) for other in beside):
                return self._bag.pop(index)
        return None


def _clash(one: Fault, other: Fault) -> bool:
    return one.alone or other.alone or one.name == other.name or {one.name, other.name} <= EXCLUSIVE
