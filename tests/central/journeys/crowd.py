"""A drawn crowd on two floors, with codes as far apart as those of real embedders, and the truth about who is who."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from calibration.site import Site, load_site
from contract.events import Handoff
from contract.times import to_rfc3339
from contract.topics import Topic
from tests.central.mall import _along, _zone

START = 1_767_268_800.0
COMMON, OWN, VIEW, PICTURE = 0.15, 0.36, 0.12, 0.37
"""Parts of an embedding that all people share, that a person keeps, that a camera keeps of a person, and that is new in
every picture. A box announces means of about six looks of who leaves and two of who comes. Their codes of 512 bits then
differ in 0.270 of the bits for one person (standard deviation 0.065), and in 0.438 for two, in the median (0.065).
Measured for osnet_x0_25_msmt17 on MultiviewX, three keys, 27 November 2026: 0.268 (0.065) and 0.438 (0.060)."""
LOOKS = {"out": 6, "in": 2}
DIMENSIONS = 26
NOISE_SPREAD = 0.55


@dataclass(slots=True)
class Codes:
    """Codes of one day's key.

    Args:
        random: draws everything.
        bits: 256 or 512.
        sharpness: how much less is new in every picture than with today's embedders.
    """

    random: np.random.Generator
    bits: int = 512
    sharpness: float = 1.0
    _common: npt.NDArray[np.float64] = field(init=False)
    _directions: npt.NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        self._common = self.random.normal(0, 1, DIMENSIONS)
        self._directions = self.random.normal(0, 1, (DIMENSIONS, self.bits))

    def person(self) -> npt.NDArray[np.float64]:
        """What stays of somebody."""
        return self.random.normal(0, 1, DIMENSIONS)

    def words(self, person: npt.NDArray[np.float64], looks: int = 1) -> npt.NDArray[np.uint64]:
        """(W,) a code of them, from the mean of so many pictures."""
        noise = (VIEW + PICTURE / looks) * self.random.lognormal(0.0, NOISE_SPREAD) / self.sharpness
        seen = np.sqrt(COMMON) * self._common + np.sqrt(OWN) * person
        seen = seen + np.sqrt(noise) * self.random.normal(0, 1, DIMENSIONS)
        return np.packbits(seen @ self._directions > 0, bitorder="little").view("<u8").astype(np.uint64)

    def text(self, person: npt.NDArray[np.float64], looks: int = 1) -> str:
        """The same as a handoff carries it."""
        return self.words(person, looks).astype("<u8").tobytes().hex()


def two_floors(folder: Path) -> Site:
    """Two floors with two doors each, an escalator of 20 s, and a lift for which people wait."""
    features = [
        _zone("hall", "Hall", "corridor", 5, 5, 30, 10),
        _zone("lift_car", "Lift", "transit", 20, 15, 3, 3),
        _zone("stair", "Escalator", "transit", 10, 15, 3, 4),
        _along("line", "west", [[5, 8], [5, 12]], zone="hall"),
        _along("line", "east", [[35, 8], [35, 12]], zone="hall"),
        _along("line", "lift", [[20.5, 15], [22.5, 15]], zone="lift_car"),
        _along("line", "escalator", [[10, 15], [13, 15]], zone="stair"),
    ]
    (folder / "hall.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    (folder / "cameras.json").write_text("{}", "utf-8")
    floors = "".join(
        f'[[floors]]\nid = "{floor}"\nsize_m = [40.0, 20.0]\ngeometry = "hall.geojson"\ncameras = "cameras.json"\n'
        for floor in ("g", "u")
    )
    passages = "".join(
        f'[[passages]]\nends = ["g/{line}", "u/{line}"]\nusual_s = {usual}\nspread_s = {spread}\n'
        for line, usual, spread in (("escalator", 20.0, 2.0), ("lift", 35.0, 12.0))
    )
    path = folder / "site.toml"
    path.write_text(f'schema = "atrium.site.v1"\nid = "mall"\n{floors}{passages}', "utf-8")
    return load_site(path)


@dataclass(frozen=True, slots=True)
class Announcement:
    """A handoff on its way: when central hears it, and where from."""

    heard: float
    floor: str
    handoff: Handoff

    @property
    def topic(self) -> Topic:
        """As ingest names it."""
        return Topic("mall", self.floor, f"box-{self.floor}", "handoffs")


@dataclass(slots=True)
class Crowd:
    """Announcements in the order they are heard.

    Attributes:
        followed: who had left before by the visitor who came, of everybody who changed floors and was announced twice.
        returned: the same of those who came back by a door.
    """

    announcements: list[Announcement] = field(default_factory=list)
    followed: dict[str, str] = field(default_factory=dict)
    returned: dict[str, str] = field(default_factory=dict)


def draw_crowd(
    random: np.random.Generator, per_minute: float, minutes: float, *, missed: float = 0.04, codes: Codes | None = None
) -> Crowd:
    """People who come by doors, change floors by escalator or lift, and leave; a few come back within two minutes.

    Args:
        random: draws everything.
        per_minute: how many come a minute, each of whom changes floors about once; every fourth minute three times as
            many.
        minutes: how long people come.
        missed: share of announcements that are never made.
        codes: theirs, by default of 512 bits and today's sharpness.
    """
    codes, crowd = codes or Codes(random), Crowd()
    at = START
    while at < START + 60 * minutes:
        peak = 3.0 if int((at - START) / 60) % 4 == 3 else 1.0
        at += random.exponential(60 / (per_minute * peak))
        _walk(random, codes, crowd, at, missed)
    crowd.announcements.sort(key=lambda one: one.heard)
    return crowd


def _walk(random: np.random.Generator, codes: Codes, crowd: Crowd, at: float, missed: float) -> None:
    person, floor = codes.person(), str(random.choice(["g", "u"], p=[0.8, 0.2]))
    visitor = _token(random)
    announced = _announce(random, codes, crowd, missed, person, visitor, floor, _door(random), at, "in")
    for _ in range(int(random.choice([0, 1, 2], p=[0.3, 0.45, 0.25]))):
        at += random.uniform(60, 600)
        line = str(random.choice(["escalator", "lift"], p=[0.75, 0.25]))
        announced = _announce(random, codes, crowd, missed, person, visitor, floor, line, at, "out")
        floor, before, visitor = ("u" if floor == "g" else "g"), visitor, _token(random)
        at += _way_s(random, line)
        if _announce(random, codes, crowd, missed, person, visitor, floor, line, at, "in") and announced:
            crowd.followed[visitor] = before
    at += random.uniform(60, 600)
    door = _door(random)
    announced = _announce(random, codes, crowd, missed, person, visitor, floor, door, at, "out")
    if random.random() < 0.04:
        before, visitor = visitor, _token(random)
        at += 5 + random.exponential(30)
        back = door if random.random() < 0.7 else _door(random)
        if _announce(random, codes, crowd, missed, person, visitor, floor, back, at, "in") and announced:
            crowd.returned[visitor] = before


def _way_s(random: np.random.Generator, line: str) -> float:
    """Somebody's time on the way; one in twenty ties a shoe on it."""
    usual, sigma = (21.0, 0.08) if line == "escalator" else (32.0, 0.35)
    pause = random.uniform(2, 20) if random.random() < 0.05 else 0.0
    return float(usual * np.exp(sigma * random.normal()) + pause)


def _door(random: np.random.Generator) -> str:
    return str(random.choice(["west", "east"]))


def _token(random: np.random.Generator) -> str:
    return random.bytes(10).hex()


def _announce(  # noqa: PLR0917 - one argument a fact
    random: np.random.Generator, codes: Codes, crowd: Crowd, missed: float,
    person: npt.NDArray[np.float64], visitor: str, floor: str, line: str, at: float, direction: str,
) -> bool:  # fmt: skip
    """Whether it was made."""
    if random.random() < missed:
        return False
    handoff = Handoff(visitor, line, to_rfc3339(at), codes.text(person, LOOKS[direction]), direction)  # type: ignore[arg-type]
    crowd.announcements.append(Announcement(at + random.uniform(0.3, 2.0), floor, handoff))
    return True
