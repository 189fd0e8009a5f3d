"""What the boxes of a busy mall say: visitors come in, walk through shops and leave, one event after another.

Every visitor's life is the same script with drawn zones: per zone a visit opened, a crossing in, the visit continued,
closed, a crossing out; at the end a journey.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from contract.events import Crossing, Journey, Positions, Visit, ZoneStay
from contract.times import to_rfc3339

PATH_POINTS = 12
FLOOR_M = (120.0, 60.0)
AT_ONCE = 200
"""Visitors a box follows at the same time."""


@dataclass(frozen=True, slots=True)
class Script:
    """A visitor's life: ``zones`` visits, each continued so many times."""

    zones: int = 3
    continued: int = 2

    @property
    def phases(self) -> tuple[str, ...]:
        """What is told of one visit, in order."""
        return ("opened", "in", *("continued",) * self.continued, "closed", "out")

    @property
    def length(self) -> int:
        """Events of a life."""
        return self.zones * len(self.phases) + 1


SHORT = Script()
"""Of 19 events 12 are about visits, 6 crossings, one a journey: much that is new, for the store's own measures."""
FULL_MALL = Script(5, 20)
"""Of 121 events 110 are about visits, 10 crossings, one a journey."""


@dataclass(frozen=True, slots=True)
class Said:
    """A durable event of a box: its time, seconds since 1970, and its body."""

    at: float
    body: Visit | Crossing | Journey


def token(dice: random.Random) -> str:
    """A random name as boxes draw them: 20 hexadecimal digits."""
    return f"{dice.getrandbits(80):020x}"


def _life(
    dice: random.Random, zones: list[str], born: float, *, pace_s: float, script: Script, begun: int = 0
) -> Iterator[Said]:
    """One visitor from entry to exit, an event every ``pace_s``; ``begun`` events were told before."""
    visitor, now, told = token(dice), born, 0
    stays = []
    for zone in dice.sample(zones, script.zones):
        visit, entered = token(dice), now
        for phase in script.phases:
            if told >= begun:
                yield Said(now, _body(phase, (visit, visitor, zone), entered, now))
            told += 1
            now += pace_s
        seconds = now - entered
        stays.append(ZoneStay(zone, to_rfc3339(entered), to_rfc3339(now), 0.8 * seconds, 0.2 * seconds, 0.0))
    path = [(round(step * (now - born) / PATH_POINTS, 1), *place(dice)) for step in range(PATH_POINTS)]
    seen = 0.8 * (now - born)
    yield Said(now, Journey(visitor, to_rfc3339(born), to_rfc3339(now), path, stays, seen, 0.0, 0.0, 210.5))


def _body(phase: str, names: tuple[str, str, str], entered: float, now: float) -> Visit | Crossing:
    visit, visitor, zone = names
    if phase in {"in", "out"}:
        return Crossing(f"{zone}-door", "in" if phase == "in" else "out", visitor, to_rfc3339(now))
    seen = 0.8 * (now - entered)
    left = to_rfc3339(now) if phase == "closed" else None
    return Visit(visit, visitor, zone, phase, to_rfc3339(entered), seen, 0.25 * seen, 0.0, 0.9, left)  # type: ignore[arg-type]


def place(dice: random.Random) -> tuple[float, float]:
    """A point of the floor, metres, to the centimetre."""
    return round(dice.uniform(0, FLOOR_M[0]), 2), round(dice.uniform(0, FLOOR_M[1]), 2)


def events(
    seed: int, zones: list[str], start: float, per_s: float, *, at_once: int = AT_ONCE, script: Script = SHORT
) -> Iterator[Said]:
    """Endless events of one box with so many visitors at once, in the order of their telling, so many a second."""
    dice = random.Random(seed)  # noqa: S311 - a benchmark's crowd
    pace_s = at_once / per_s
    lives = []
    for index in range(at_once):  # so that not everybody comes in at the same moment
        begun = index % (script.length - 1)
        lives.append(
            _life(dice, zones, start + index / per_s - begun * pace_s, pace_s=pace_s, script=script, begun=begun)
        )
    told = 0
    while True:
        for index in range(at_once):
            at = start + told / per_s
            said = next(lives[index], None)
            if said is None:
                lives[index] = _life(dice, zones, at, pace_s=pace_s, script=script)
                said = next(lives[index])
            told += 1
            yield Said(at, said.body)


def positions(seed: int, people: int, start: float, every_s: float) -> Iterator[Positions]:
    """Endless batches of one box: the same people, a step further each time."""
    dice = random.Random(seed)  # noqa: S311 - a benchmark's crowd
    names = [token(dice) for _ in range(people)]
    places = [place(dice) for _ in range(people)]
    number = 0
    while True:
        index = number % people
        names[index], places[index] = token(dice), place(dice)  # somebody leaves, somebody comes
        places = [(round((x + 0.13) % FLOOR_M[0], 2), round((y + 0.07) % FLOOR_M[1], 2)) for x, y in places]
        at = to_rfc3339(start + number * every_s)
        yield Positions(at, [(name, x, y) for name, (x, y) in zip(names, places, strict=True)], "0123456789ab")
        number += 1
