"""One chaos run: faults drawn from a seed, each held until Ops names it, undone, and waited for until all is calm."""

from __future__ import annotations

import contextlib
import random
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.chaos.faults import Draw, Fault, Round, every_fault
from benchmarks.chaos.lookout import Lookout, Sample
from benchmarks.chaos.mall import CAMERAS, DATABASE, FLOOR, OUTBOX, Mall
from benchmarks.chaos.truth import Truth, keep
from benchmarks.chaos.witness import Reckoning, Witness
from contract.errors import AtriumError

VISIBLE_S = 30.0
"""Every fault must be named within so many seconds."""
RECOVERS_S = 120.0
"""All must be calm so many seconds after a fault was undone."""
APART_S = 1.5
HOLDS_S = (1.0, 8.0)
"""A fault lasts so much longer than Ops took to name it."""
BEGINS_S = 180.0
SETTLES_S = 90.0
POLL_S = 0.25
BLINK_SHARE = 0.4
"""In this share of rounds something else is killed and started again at once, while the fault still stands."""
BLINKS = ("edge", "central", "mall_broker", "box_broker")

Tell = Callable[[str], None]


@dataclass(slots=True)
class Happening:
    """A fault that was done.

    Attributes:
        name: of it.
        at_s: when, seconds after the run began.
        visible_s: how long until Ops named it; None where it did not.
        undone_at_s: when it ended.
        calm_s: how long from then until all was calm; None where it never was.
    """

    name: str
    at_s: float
    visible_s: float | None = None
    undone_at_s: float = 0.0
    calm_s: float | None = None


@dataclass(slots=True)
class Ran:
    """A run.

    Attributes:
        happenings: in order.
        blinks: name and second of every kill that was healed at once.
        samples: a half second each.
        reckoning: every event against central; None where it did not come so far.
        truth: central's crossings against the simulator's; None where it did not come so far.
        trouble: why it ended early; empty where it did not.
    """

    happenings: list[Happening] = field(default_factory=list)
    blinks: list[tuple[str, float]] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    reckoning: Reckoning | None = None
    truth: Truth | None = None
    trouble: str = ""


class Chaos:
    """Does it.

    Args:
        mall: running.
        lookout: looking.
        rng: draws.
        tell: takes one line for whoever waits.
        blinks: whether other services are killed on the side.
    """

    def __init__(self, mall: Mall, lookout: Lookout, rng: random.Random, tell: Tell, *, blinks: bool = True) -> None:
        self._mall = mall
        self._lookout = lookout
        self._rng = rng
        self._tell = tell
        self._blinks = blinks
        self.ran = Ran(samples=lookout.samples)

    def run(self, seconds: float, wanted: frozenset[str] = frozenset()) -> None:
        """Draws rounds for so long; ``wanted`` leaves only faults of these names.

        Raises:
            AtriumError: all is not calm before anything was done, or ever again.
        """
        draw_rng = random.Random(self._rng.random())  # noqa: S311 - chaos, no secret
        faults = [one for one in every_fault(draw_rng) if not wanted or one.name in wanted]
        draw = Draw(faults, draw_rng)
        if self._wait(lambda: self._is_calm(0.0), BEGINS_S) is None:
            raise AtriumError(f"not calm {BEGINS_S:g} s after the start: {self._last()}")
        ends_s = self._lookout.now_s + seconds
        while self._lookout.now_s < ends_s:
            self._play(draw.next_round(self._lookout.now_s))

    def settle(self) -> None:
        """The cameras stand still, so that nothing new happens; waits until central has acknowledged everything."""
        for name in CAMERAS:
            self._mall.tell_cameras(f"stall {name}")

        def is_done() -> bool:
            found = [one for one in self._lookout.since(self._lookout.now_s - 5.0) if one.outbox is not None]
            told = {(one.outbox.depth, one.outbox.last_seq) for one in found if one.outbox is not None}
            return len(found) > 5 and len(told) == 1 and not next(iter(told))[0]

        if self._wait(is_done, SETTLES_S) is None:
            self.ran.trouble = self.ran.trouble or f"events still wait {SETTLES_S:g} s after the end"

    def _play(self, plan: Round) -> None:
        standing: list[tuple[Fault, Happening]] = []
        for fault in plan.faults:
            happening = Happening(fault.name, self._lookout.now_s)
            self._tell(f"{happening.at_s:6.0f} s  {fault.name}")
            fault.do(self._mall)
            standing.append((fault, happening))
            self.ran.happenings.append(happening)
            self._pause(APART_S)
        self._wait(lambda: self._are_named(standing), VISIBLE_S + 5.0)
        if self._blinks and self._rng.random() < BLINK_SHARE:
            self._blink()
        self._pause(self._rng.uniform(*HOLDS_S))
        for fault, happening in standing:
            fault.undo(self._mall)
            happening.undone_at_s = self._lookout.now_s
        undone_s = self._lookout.now_s
        calm_at_s = self._wait(lambda: self._is_calm(undone_s), RECOVERS_S)
        for _, happening in standing:
            happening.calm_s = None if calm_at_s is None else calm_at_s - happening.undone_at_s
            seen = "never named" if happening.visible_s is None else f"named after {happening.visible_s:.1f} s"
            calm = "not calm again" if happening.calm_s is None else f"calm {happening.calm_s:.1f} s after its end"
            self._tell(f"          {happening.name}: {seen}, {calm}")
        if calm_at_s is None:
            raise AtriumError(
                f"not calm {RECOVERS_S:g} s after {', '.join(one.name for one in plan.faults)}: {self._last()}"
            )
        self._pause(plan.calm_s)

    def _blink(self) -> None:
        """Kills something that runs; systemd starts it again."""
        running = [name for name in BLINKS if self._mall.services[name].runs]
        name = self._rng.choice(running)
        self._tell(f"{self._lookout.now_s:6.0f} s  {name} killed, started again at once")
        self.ran.blinks.append((name, self._lookout.now_s))
        self._mall.services[name].kill()

    def _are_named(self, standing: Sequence[tuple[Fault, Happening]]) -> bool:
        return sum(self._is_named(*one) for one in standing) == len(standing)  # every one is looked at

    def _is_named(self, fault: Fault, happening: Happening) -> bool:
        if happening.visible_s is None:
            for sample in self._lookout.since(happening.at_s):
                if sample.kinds & fault.named:
                    happening.visible_s = sample.at_s - happening.at_s
                    break
        return happening.visible_s is not None

    def _is_calm(self, since_s: float) -> bool:
        """Whether the last three samples after that are calm."""
        found = self._lookout.since(since_s)[-3:]
        return len(found) == 3 and all(one.is_calm for one in found)

    def _wait(self, until: Callable[[], bool], most_s: float) -> float | None:
        """Tends the services until that is so; when it was, None where it took too long."""
        ends = time.monotonic() + most_s
        while time.monotonic() < ends:
            self._mall.tend()
            if until():
                return self._lookout.now_s
            time.sleep(POLL_S)
        return None

    def _pause(self, seconds: float) -> None:
        self._wait(lambda: False, seconds)

    def _last(self) -> str:
        last = self._lookout.samples[-1] if self._lookout.samples else None
        return (
            "nothing was seen" if last is None else f"{sorted(last.kinds)}, lights {list(last.lights)}, {last.outbox}"
        )


def chaos(
    folder: Path, seconds: float, seed: int, tell: Tell, *, wanted: frozenset[str] = frozenset(), blinks: bool = True
) -> Ran:
    """Runs it in a mall of its own and reckons; always comes to an end, and takes everything down.

    Args:
        folder: for logs, configuration, truth and samples.
        seconds: for which faults are drawn; bringing up, settling and taking down come on top, about two minutes.
        seed: of everything that is drawn.
        tell: takes one line for whoever waits.
        wanted: names of faults; all where empty.
        blinks: whether services are killed on the side.

    Raises:
        AtriumError: the hosts cannot be brought up.
    """
    rng = random.Random(seed)  # noqa: S311 - chaos, no secret
    with Mall(folder, seed) as mall:
        witness = _witness(mall)
        with Lookout(mall.central.pid, mall.token, witness) as lookout:
            work = Chaos(mall, lookout, rng, tell, blinks=blinks)
            try:
                work.run(seconds, wanted)
            except AtriumError as error:
                work.ran.trouble = str(error)
            work.settle()
            lookout.write(folder / "samples.csv")
        work.ran.reckoning = mall.central.inside(lambda: witness.reckon_at_rest(Path(DATABASE), SETTLES_S))
        if work.ran.reckoning is None:
            work.ran.trouble = work.ran.trouble or f"events still wait {SETTLES_S:g} s after the last faults"
        witness.close()
        mall.central.inside(lambda: keep(Path(DATABASE), folder / "central.db"))
        truth = mall.folder / "truth" / "truth.json"
    work.ran.truth = Truth.of(truth, folder / "central.db", FLOOR)
    return work.ran


def _witness(mall: Mall) -> Witness:
    """The witness, once the box has begun its outbox."""
    path = mall.box.path(OUTBOX)
    ends = time.monotonic() + BEGINS_S
    while time.monotonic() < ends:
        mall.tend()
        if path.exists() and path.stat().st_size:
            with contextlib.suppress(sqlite3.OperationalError):  # it is being begun
                return mall.box.inside(lambda: Witness(Path(OUTBOX)))
        time.sleep(POLL_S)
    raise AtriumError(f"the box did not begin its outbox in {BEGINS_S:g} s; see {mall.services['edge'].log}")
