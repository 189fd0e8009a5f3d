"""Twenty minutes of a mall on two floors, beside the truth: identity, visits, and people followed across floors.

    python -m benchmarks.floors [--quick] [--json] [--minutes M] [--seed N] [--folder DIR] [--embedder FILE]

Twelve cameras, about 300 people. Each floor is followed by a box of its own, and central links who rode from one to the
other. All of it is done twice: with what the shipped detector finds, and with the boxes of one that makes no mistake,
which tells what the detector costs. Pictures and detections are kept in the folder and take two hours of one core; an
interrupted film goes on where it was. ``--quick`` is three minutes of another crowd.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from rich.console import Console
from rich.progress import track as progress
from rich.table import Table

from benchmarks.floors.film import PIECE_S, Piece, filmed, truth_of
from benchmarks.floors.links import Known, LinkScore, score_links
from benchmarks.floors.play import Eyes, Looks, Played, play
from benchmarks.floors.scores import Identity, along, identity, matched, movers, presences
from benchmarks.floors.sight import Sight, ceiling, sights, why_missed
from calibration.site import Site, load_site
from simulator.clips import quiet_threads
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

MINUTES, SEED = 20.0, 1
QUICK_MINUTES, QUICK_SEED = 3.0, 50
DEFAULT_FOLDER = Path(tempfile.gettempdir()) / "atrium-floors"
EMBEDDER = "reid/osnet_x0_25_msmt17.onnx"
"""Below the folder that ATRIUM_SHARED names."""
BARS = {
    "idf1": 0.90,
    "links_right": 0.95,
    "links_found": 0.80,
    "dwell_error_s": 2.0,
    "duplicates": 0.01,
    "estimates": 1.5,
}
"""Least, least, least, most seconds, most, and by which factor an estimate may be off."""


@dataclass(frozen=True, slots=True)
class Score:
    """One film through one pair of eyes.

    Attributes:
        live: identity by floor, from the places told as they were told;
        moving: the same without those who never walked,
        late: and from the paths of the journeys, as told in the end.
        doors: crossings.
        zones: visits.
        links: across floors.
        estimates: by floor, duplicates and fragments as the box estimates them.
        missed: by floor, why people who count had no visitor, in moments.
    """

    live: dict[str, Identity]
    moving: dict[str, Identity]
    late: dict[str, Identity]
    doors: list[DoorScore]
    zones: list[ZoneScore]
    links: LinkScore
    estimates: dict[str, tuple[float | None, float | None]]
    missed: dict[str, Counter[str]] = field(default_factory=dict)

    def figures(self) -> dict[str, Any]:
        """What it comes to."""
        visits = sum(zone.truth for zone in self.zones)
        return {
            "live": {floor: one.figures() for floor, one in self.live.items()},
            "moving": {floor: one.figures() for floor, one in self.moving.items()},
            "late": {floor: one.figures() for floor, one in self.late.items()},
            "idf1": min(one.floor.idf1 for one in self.live.values()),
            "duplicates": sum(one.double_s for one in self.live.values())
            / max(1e-9, sum(one.visitor_s for one in self.live.values())),
            "estimates": self.estimates,
            "missed": self.missed,
            "crossings": sum(door.truth for door in self.doors),
            "crossing_error": crossing_error(self.doors),
            "visits": visits,
            "visits_told": sum(zone.found for zone in self.zones),
            "visits_found": sum(zone.matched for zone in self.zones) / max(1, visits),
            "dwell_error_s": mean_dwell_error_s(self.zones),
            **self.links.figures(),
        }


@dataclass(frozen=True, slots=True)
class Best:
    """The most that could be told on one floor.

    Attributes:
        sights: who was to be seen, once for every picture.
        live: identity of one who knows everybody by name and sees what the cameras see,
        moving: and without those who never walked.
    """

    sights: list[Sight]
    live: Identity
    moving: Identity


def best(pieces: Iterable[Piece], ways: Mapping[str, Any], site: Site) -> dict[str, Best]:
    """By floor, the most that could be told."""
    people = {name: presences(way) for name, way in ways.items()}
    seen: dict[str, list[Sight]] = {name: [] for name in site.floors}
    for piece in pieces:
        for name in site.floors:
            seen[name] += sights(piece.moments[name], people[name], site.floor(name))
    most = {}
    for name, found in seen.items():
        moments = matched(ceiling(found), people[name], site.floor(name))
        without = movers(moments, people[name])
        most[name] = Best(found, identity(moments, site.floor(name)), identity(without, site.floor(name)))
    return most


def scored(played: Played, truth: Truth, ways: Mapping[str, Any], most: Mapping[str, Best], seconds: float) -> Score:
    """What was told beside the truth."""
    site = load_site(GALLERIA)
    live, moving, late, known, lost = {}, {}, {}, {}, {}
    for name, told in played.floors.items():
        floor, people = site.floor(name), presences(ways[name])
        moments = matched(told.places, people, floor)
        known[name] = Known(moments, people)
        live[name] = identity(moments, floor)
        moving[name] = identity(movers(moments, people), floor)
        lost[name] = why_missed(moments, most[name].sights, people)
        after = along(told.journeys, [at for at, _ in told.places])
        late[name] = identity(matched(after, people, floor), floor)
    real = [Passage(one.line, one.direction, one.at_s) for one in truth.crossings if one.at_s <= seconds]
    found = [each for told in played.floors.values() for each, _ in told.passages if each.at_s <= seconds]
    stays = [Stay(one.zone, one.entered_s, seconds if one.left_s is None else one.left_s) for one in truth.visits]
    visits = [stay for told in played.floors.values() for stay in told.stays.values()]
    return Score(
        live,
        moving,
        late,
        score_doors(real, found),
        score_zones(stays, visits, 0.0, seconds),
        score_links(played, truth.transfers, known, seconds),
        {name: told.estimates for name, told in played.floors.items()},
        lost,
    )


def show(scores: Mapping[str, Score], most: Mapping[str, Best], console: Console) -> None:
    """Prints what was kept, and where it went wrong."""
    for table in (_identities(scores, most), _visits(scores), _twice(scores), _misses(scores), _zones(scores)):
        console.print(table)


def _identities(scores: Mapping[str, Score], most: Mapping[str, Best]) -> Table:
    table = Table("boxes", "told", "floor", "IDF1", "MOTA", "HOTA", "count off", title="Identity")
    for column in ("presences", "visitors", "names each", "swaps", "duplicates", "fragmentation"):
        table.add_column(column)
    rows = [
        (eyes, told, found)
        for eyes, score in scores.items()
        for told, found in (("live", score.live), ("live, who walked", score.moving), ("in the end", score.late))
    ]
    rows.append(("ceiling", "live", {floor: one.live for floor, one in most.items()}))
    rows.append(("ceiling", "live, who walked", {floor: one.moving for floor, one in most.items()}))
    for eyes, told, found in rows:
        for floor, one in found.items():
            f = one.figures()
            table.add_row(
                *(eyes, told, floor, f"{f['idf1']:.3f}", f"{f['mota']:.3f}", f"{f['hota']:.3f}"),
                *(f"{f['count_error']:.2f}", f"{f['presences']}", f"{f['visitors']}"),
                *(f"{f['names_per_presence']:.2f}", f"{f['swaps']}", f"{f['duplicates']:.2%}"),
                f"{f['fragmentation']:.3f}",
            )
    return table


def _visits(scores: Mapping[str, Score]) -> Table:
    table = Table("boxes", "crossings", "off", "visits", "told", "found", "dwell off s", title="Visits and links")
    for column in ("rides", "announced out/in/both", "links", "right", "found", "undecided"):
        table.add_column(column)
    for eyes, score in scores.items():
        f, own = score.figures(), score.links
        table.add_row(
            *(eyes, f"{f['crossings']}", f"{f['crossing_error']:.1%}", f"{f['visits']}", f"{f['visits_told']}"),
            *(f"{f['visits_found']:.1%}", f"{f['dwell_error_s']:.2f}", f"{own.rides}"),
            *(f"{own.left}/{own.came}/{own.both}", f"{own.links}", f"{own.right}", f"{own.found}"),
            f"{own.undecided}",
        )
    return table


def _twice(scores: Mapping[str, Score]) -> Table:
    table = Table("boxes", "floor", "duplicates", "estimated", "fragments", "estimated", title="Followed twice")
    for eyes, score in scores.items():
        for floor, one in score.live.items():
            f, (doubles, fragments) = one.figures(), score.estimates[floor]
            table.add_row(
                *(eyes, floor, f"{f['all_duplicates']:.2%}", "-" if doubles is None else f"{doubles:.2%}"),
                *(f"{f['all_fragments']:.1%}", "-" if fragments is None else f"{fragments:.1%}"),
            )
    return table


def _misses(scores: Mapping[str, Score]) -> Table:
    table = Table("boxes", "floor", "why", "moments", title="People without a visitor")
    for eyes, score in scores.items():
        for floor, whys in score.missed.items():
            for why, count in whys.most_common():
                table.add_row(eyes, floor, why, str(count))
    return table


def _zones(scores: Mapping[str, Score]) -> Table:
    table = Table("boxes", "floor", "zone", "people s", "missed s", "double s", "ghost s", title="Where")
    for column in ("renamed", "swaps"):
        table.add_column(column)
    for eyes, score in scores.items():
        for floor, one in score.live.items():
            for zone, at in sorted(one.zones.items()):
                table.add_row(
                    *(eyes, floor, zone or "beyond the doors", f"{at.person_s:.0f}", f"{at.missed_s:.0f}"),
                    *(f"{at.double_s:.0f}", f"{at.ghost_s:.0f}", str(at.renamed), str(at.swaps)),
                )
    return table


def missed(figures: Mapping[str, Any]) -> list[str]:
    """Bars that a score does not clear, a line each.

    >>> missed({"idf1": 0.95, "links_right": 1.0, "links_found": 0.7, "dwell_error_s": 1.0, "duplicates": 0.005})
    ['links_found 0.700, at least 0.8']
    """
    low = [name for name in ("idf1", "links_right", "links_found") if figures[name] < BARS[name]]
    high = [name for name in ("dwell_error_s", "duplicates") if figures[name] >= BARS[name]]
    told = [f"{name} {figures[name]:.3f}, at least {BARS[name]:g}" for name in low]
    told += [f"{name} {figures[name]:.3f}, below {BARS[name]:g}" for name in high]
    if not figures.get("links", 1) or not figures.get("rides", 1):
        told.append("links: not measured, for nobody was linked or nobody rode")
    for floor, estimate in figures.get("estimates", {}).items():
        real = figures["live"][floor]
        for name, value in zip(("all_duplicates", "all_fragments"), estimate, strict=True):
            if value is not None and max(value, real[name]) > BARS["estimates"] * min(value, real[name]):
                told.append(f"{floor}: estimate of {name} {value:.4f}, truly {real[name]:.4f}")
    return told


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="two floors of the twin for twenty minutes, beside the truth")
    parser.add_argument("--quick", action="store_true", help="three minutes of another crowd")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    parser.add_argument("--minutes", type=float, help=f"how long, halves allowed; {MINUTES:g} unless --quick")
    parser.add_argument("--seed", type=int, help=f"the crowd; {SEED} unless --quick")
    parser.add_argument("--folder", type=Path, default=DEFAULT_FOLDER, help="keeps pictures and detections")
    parser.add_argument("--embedder", type=Path, help=f"re-identification model; ATRIUM_SHARED's {EMBEDDER} by default")
    wanted = parser.parse_args()
    quiet_threads()
    seconds = 60 * (wanted.minutes or (QUICK_MINUTES if wanted.quick else MINUTES))
    seconds = max(1, round(seconds / PIECE_S)) * PIECE_S
    seed = wanted.seed if wanted.seed is not None else QUICK_SEED if wanted.quick else SEED
    embedder = wanted.embedder or _shared()
    console = Console(width=150)
    if embedder is None:
        console.print("no re-identification model: nobody is followed across floors; name one with --embedder")
    site = load_site(GALLERIA)
    looks = None if embedder is None else Looks.of(embedder)
    truth, ways = truth_of(wanted.folder, seed, seconds)
    most = best(filmed(wanted.folder, seed, seconds), ways, site)
    scores = {}
    for eyes in get_args(Eyes):
        pieces = progress(
            filmed(wanted.folder, seed, seconds),
            eyes,
            total=round(seconds / PIECE_S),
            console=Console(stderr=True),
            transient=True,
        )
        scores[eyes] = scored(play(pieces, site, seconds, eyes, looks), truth, ways, most, seconds)
    console.print(f"seed {seed}, {seconds / 60:g} minutes, {len(truth.persons)} people, {len(truth.transfers)} rides")
    show(scores, most, console)
    for line in missed(scores["detected"].figures()):
        console.print(f"missed: {line}")
    if wanted.json:
        figures = {eyes: score.figures() for eyes, score in scores.items()}
        figures["ceiling"] = {
            "live": {floor: one.live.figures() for floor, one in most.items()},
            "moving": {floor: one.moving.figures() for floor, one in most.items()},
        }
        print(json.dumps({"seed": seed, "seconds": seconds, "people": len(truth.persons), **figures}))


def _shared() -> Path | None:
    """The embedder among the data for tests and benchmarks; None where there is none."""
    path = Path(os.environ.get("ATRIUM_SHARED", "")) / EMBEDDER
    return path if path.is_file() else None


if __name__ == "__main__":
    main()
