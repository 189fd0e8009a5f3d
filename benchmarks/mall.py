"""The demo's mall without its wires: rendered, filmed, detected and followed offline, beside the simulator's truth.

    python -m benchmarks.mall [--quick] [--json] [--seeds 1-8] [--one-in N] [--folder DIR]

Each seed is another crowd of the demo's size on the demo's floor. Clips and detections are kept in the folder, so that
tracking and fusion can be measured again in seconds. ``--one-in`` is what a live box lives with that has too much to
do: it looks at one moment in so many, at irregular times, misses pictures, and its cameras' clocks differ.
"""

from __future__ import annotations

import argparse
import json
import pickle
import random
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.eval.looked import print_of_looking
from benchmarks.eval.names import Moment, matched, people_twice
from calibration.site import Floor, load_site
from contract.events import Crossing, Visit
from contract.files import read_json
from contract.times import from_rfc3339
from edge.capture.source import open_recording
from edge.detect.detector import Detector
from edge.detect.eye import DetectSettings
from edge.detect.stage import DetectStage
from edge.floor.rates import Twice
from edge.pipeline import CameraObservation, FloorPipeline, PipelineSettings, Step
from edge.playback import Playback
from models.registry import resolve
from simulator.clips import quiet_threads, write_clips
from simulator.scene import GALLERIA
from simulator.score import (
    DoorScore,
    Passage,
    Stay,
    ZoneScore,
    crossing_error,
    mean_dwell_error_s,
    score_doors,
    score_zones,
)
from simulator.truth import Truth
from simulator.world import World

Floats = NDArray[np.float64]
FLOOR, MODEL = "g", "person-mall"
PARTIES_PER_MINUTE, CAMERA_FPS, ANALYSED_FPS = 4.0, 10.0, 8.0
"""As `atrium demo` has it."""
SECONDS, TAIL_S = 120.0, 2.0
"""What is counted, and how long people walk on: a crossing is certain only when nobody has come back."""
LOST_PICTURES = 0.15
"""Share of each camera's pictures that a busy box does not get to besides."""
CLOCK_SPREAD_S = 0.03
"""Standard deviation of its cameras' clocks."""
DEFAULT_FOLDER = Path(tempfile.gettempdir()) / "atrium-mall"

Moments = list[tuple[float, dict[str, CameraObservation]]]
"""Seconds, and what each camera showed."""


@dataclass(frozen=True, slots=True)
class Played:
    """What fusion and journeys made of one crowd.

    Attributes:
        passages: crossings told, seconds.
        stays: visits told; who was still inside at the end stays until then.
        places: for every moment, its second and each visitor's token and place, metres.
        told: how often people were followed twice, as the box estimates it.
    """

    passages: list[Passage]
    stays: list[Stay]
    places: list[tuple[float, list[tuple[str, float, float]]]]
    told: Twice = field(default_factory=Twice)


@dataclass(frozen=True, slots=True)
class Score:
    """One crowd, or several added up.

    Attributes:
        doors: crossings per line and direction.
        zones: visits and dwell per zone.
        people: true people that were followed at any time.
        names: visitors that each of them was, added up; as many as people is perfect.
        swaps: how often a visitor went over from one person to another.
        twice: how often people were followed twice,
        told: and what the box itself made of that.
    """

    doors: list[DoorScore] = field(default_factory=list)
    zones: list[ZoneScore] = field(default_factory=list)
    people: int = 0
    names: int = 0
    swaps: int = 0
    twice: Twice = field(default_factory=Twice)
    told: Twice = field(default_factory=Twice)

    def plus(self, other: Score) -> Score:
        """Both together."""
        return Score(
            self.doors + other.doors,
            self.zones + other.zones,
            self.people + other.people,
            self.names + other.names,
            self.swaps + other.swaps,
            self.twice.plus(other.twice),
            self.told.plus(other.told),
        )

    def figures(self) -> dict[str, float]:
        """What it comes to."""
        real = sum(zone.truth for zone in self.zones)
        return {
            "crossings": sum(door.truth for door in self.doors),
            "crossing_error": crossing_error(self.doors),
            "dwell_error_s": mean_dwell_error_s(self.zones),
            "visits": real,
            "visits_found": sum(zone.found for zone in self.zones),
            "visits_matched": sum(zone.matched for zone in self.zones),
            "names_per_person": self.names / max(1, self.people),
            "swaps": self.swaps,
            "doubles": share(self.twice.double_s, self.twice.visitor_s),
            "doubles_told": share(self.told.double_s, self.told.visitor_s),
            "begun": self.twice.begun,
            "fragments": share(self.twice.fragments, self.twice.begun),
            "fragments_told": share(self.told.fragments, self.told.begun),
        }


def filmed(folder: Path, seed: int) -> Path:
    """The folder of a seed's clips and truth, made where it is missing."""
    place = folder / f"seed{seed}"
    if not (place / "truth.json").is_file():
        world = World(load_site(GALLERIA), seed, floors=[FLOOR], people_per_minute=PARTIES_PER_MINUTE)
        write_clips(world, place, seconds=SECONDS + TAIL_S, fps=CAMERA_FPS)
    return place


def looked_at(place: Path) -> Moments:
    """What the box's detection stage finds in a seed's clips, made where this build has not looked yet."""
    model = resolve(MODEL).path
    path = place / f"looked-{print_of_looking(model)}.pickle"
    if path.is_file():
        return pickle.loads(path.read_bytes())  # type: ignore[no-any-return]  # noqa: S301 - our own
    floor = load_site(GALLERIA).floor(FLOOR)
    recordings = {name: (open_recording(place / f"{name}.mp4", name), 0.0) for name in floor.cameras}
    ticks = Playback(recordings, ANALYSED_FPS, {}).ticks()
    stage = DetectStage(Detector(model), settings=DetectSettings(usual_interval_s=1.0 / ANALYSED_FPS))
    moments: Moments = []
    for tick in ticks:
        found = stage.update(tick.now, list(tick.frames.values()))
        seen = {
            n: CameraObservation(tick.frames[n].captured_at, each, tick.frames[n].size) for n, each in found.items()
        }
        moments.append((tick.now, seen))
    stage.close()
    part = path.with_suffix(".part")
    part.write_bytes(pickle.dumps(moments))
    part.replace(path)
    return moments


def thinned(moments: Moments, one_in: float, seed: int) -> Moments:
    """What a box sees of it that has time for one moment in so many."""
    rng = np.random.default_rng([seed, 9])
    cameras = sorted({name for _, seen in moments for name in seen})
    ahead = dict(zip(cameras, rng.normal(0, CLOCK_SPREAD_S, len(cameras)).tolist(), strict=True))
    latest_s = max(0.0, *ahead.values())
    kept: Moments = []
    for now, seen in moments:
        if rng.random() * one_in < 1:
            found = {name: each for name, each in seen.items() if rng.random() >= LOST_PICTURES}
            shifted = {n: replace(each, captured_at=each.captured_at + ahead[n]) for n, each in found.items()}
            kept.append((now + latest_s, shifted))
    return kept


def play(moments: Moments, floor: Floor, settings: PipelineSettings | None = None) -> Played:
    """What the floor's pipeline tells; like the demo's box it is stopped, not closed."""
    pipeline = FloorPipeline(floor, settings or PipelineSettings(), random.Random(0))  # noqa: S311 - names of nobody
    passages: list[Passage] = []
    stays: dict[str, Stay] = {}
    places = []
    for now, seen in moments:
        step = pipeline.update(now, seen)
        _hear(step, passages, stays)
        places.append((step.at, list(step.positions.visitors)))
    return Played(passages, list(stays.values()), places, step.twice if moments else Twice())


def _hear(step: Step, passages: list[Passage], stays: dict[str, Stay]) -> None:
    for _, body in step.bodies:
        if isinstance(body, Crossing):
            passages.append(Passage(body.line, body.direction, from_rfc3339(body.at)))
        elif isinstance(body, Visit):
            left_s = SECONDS if body.left_at is None else from_rfc3339(body.left_at)
            stays[body.visit] = Stay(body.zone, from_rfc3339(body.entered_at), left_s)


def score(played: Played, place: Path) -> Score:
    """What was told beside the truth."""
    truth = read_json(place / "truth.json", Truth)
    real = [Passage(one.line, one.direction, one.at_s) for one in truth.crossings]
    doors = score_doors(
        [one for one in real if one.at_s <= SECONDS], [one for one in played.passages if one.at_s <= SECONDS]
    )
    stays = [Stay(one.zone, one.entered_s, SECONDS if one.left_s is None else one.left_s) for one in truth.visits]
    zones = score_zones(stays, played.stays, 0.0, SECONDS)
    who = list(matched(played.places, true_places(place)))
    return Score(doors, zones, *identities(who), people_twice(who), played.told)


def true_places(place: Path) -> dict[int, Floats]:
    """(K, 3) second, x and y of everybody by id."""
    table = np.loadtxt(place / "positions.csv", delimiter=",", skiprows=1, usecols=(0, 1, 2, 3))
    return {int(person): table[table[:, 1] == person][:, [0, 2, 3]] for person in np.unique(table[:, 1])}


def identities(moments: Iterable[Moment]) -> tuple[int, int, int]:
    """True people followed, visitors that each was added up, and how often a visitor went over to somebody else."""
    names: dict[int, set[str]] = defaultdict(set)
    last: dict[str, int] = {}
    swaps = 0
    for moment in moments:
        for token, person in moment.person.items():
            names[person].add(token)
            swaps += last.get(token, person) != person
            last[token] = person
    return len(names), sum(len(each) for each in names.values()), swaps


def show(scores: Mapping[int, Score], total: Score, console: Console) -> None:
    """Print doors and zones over all seeds, and a line for each seed."""
    doors: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for door in total.doors:
        row = doors[door.line, door.direction]
        row[0] += door.truth
        row[1] += door.found
        row[2] += abs(door.truth - door.found)
    table = Table("door", "way", "truth", "counted", "wrong", title="Crossings")
    for (line, way), row in sorted(doors.items()):
        table.add_row(line, way, *map(str, row))
    console.print(table)
    table = Table("zone", "visits: truth", "measured", "matched", "mean dwell s: truth", "measured", "mean error s")
    for zone in sorted({each.zone for each in total.zones}):
        own = [each for each in total.zones if each.zone == zone]
        errors = [error for each in own for error in each.dwell_error_s]
        real, found = sum(each.truth for each in own), sum(each.found for each in own)
        table.add_row(
            *(zone, str(real), str(found), str(sum(each.matched for each in own))),
            f"{sum(each.truth * each.truth_dwell_s for each in own) / max(1, real):.1f}",
            f"{sum(each.found * each.found_dwell_s for each in own) / max(1, found):.1f}",
            f"{np.mean(errors):.2f}" if errors else "-",
        )
    console.print(table)
    table = Table("seed", "crossings", "off", "dwell off s", "visits", "found", "matched", "names/person", "swaps")
    for name, one in [*((str(seed), each) for seed, each in scores.items()), ("all", total)]:
        f = one.figures()
        table.add_row(
            *(name, f"{f['crossings']:.0f}", f"{f['crossing_error']:.1%}", f"{f['dwell_error_s']:.2f}"),
            *(f"{f['visits']:.0f}", f"{f['visits_found']:.0f}", f"{f['visits_matched']:.0f}"),
            *(f"{f['names_per_person']:.2f}", f"{f['swaps']:.0f}"),
        )
    console.print(table)
    table = Table("seed", "doubles: truth", "told", "begun", "fragments: truth", "told", title="Followed twice")
    for name, one in [*((str(seed), each) for seed, each in scores.items()), ("all", total)]:
        f = one.figures()
        table.add_row(
            *(name, f"{f['doubles']:.2%}", f"{f['doubles_told']:.2%}", f"{f['begun']:.0f}"),
            *(f"{f['fragments']:.1%}", f"{f['fragments_told']:.1%}"),
        )
    console.print(table)


def share(part: float, whole: float) -> float:
    """Part of a whole, 0 of nothing."""
    return part / whole if whole else 0.0


def seeds_of(text: str) -> list[int]:
    """Seeds of ``1-3,7``.

    >>> seeds_of("1-3,7")
    [1, 2, 3, 7]
    """
    seeds: list[int] = []
    for part in text.split(","):
        low, _, high = part.partition("-")
        seeds += range(int(low), int(high or low) + 1)
    return seeds


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="the demo's mall, offline, beside its truth")
    parser.add_argument("--quick", action="store_true", help="the demo's own seed only")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--seeds", default="1-8", help="crowds, as 1-3,7")
    parser.add_argument("--one-in", type=float, default=0.0, help="overload: look at one moment in so many, from 1")
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER, help="keeps clips and detections")
    wanted = parser.parse_args()
    quiet_threads()
    floor = load_site(GALLERIA).floor(FLOOR)
    scores: dict[int, Score] = {}
    for seed in [7] if wanted.quick else seeds_of(wanted.seeds):
        place = filmed(wanted.folder, seed)
        moments = looked_at(place)
        if wanted.one_in:
            moments = thinned(moments, wanted.one_in, seed)
        scores[seed] = score(play(moments, floor), place)
    total = Score()
    for each in scores.values():
        total = total.plus(each)
    show(scores, total, Console(width=120))
    if wanted.json:
        figures: dict[str, Any] = {str(seed): each.figures() for seed, each in scores.items()}
        print(json.dumps(figures | {"all": total.figures()}))


if __name__ == "__main__":
    main()
