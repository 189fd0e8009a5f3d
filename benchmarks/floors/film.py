"""Films both floors of the twin and detects people with the shipped model, piece by piece; what is done is kept."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.eval.looked import print_of_looking
from calibration.site import Site, load_site
from contract.files import read_json
from contract.times import from_rfc3339
from edge.capture.frame import Frame
from edge.capture.source import open_recording
from edge.detect.detector import Detector
from edge.detect.eye import DetectSettings
from edge.detect.stage import DetectStage
from edge.detect.stir import Stir
from edge.pipeline import CameraObservation
from edge.playback import Playback
from edge.reid.looks import LOOK
from edge.reid.stripes import describe
from edge.track.seen import STIR
from edge.track.seen import Boxes as Found
from models.registry import resolve
from simulator.clips import EPOCH, choose_cameras, make_renderers
from simulator.encode import ClipWriter
from simulator.render import Boxes
from simulator.scene import GALLERIA
from simulator.truth import Truth, write_positions, write_truth
from simulator.world import World

Floats = NDArray[np.float64]
MODEL = "person-mall"
FPS = 8.0
"""Pictures that each camera takes a second, all of them analysed; the demo's box analyses as many."""
PARTIES_PER_MINUTE = 13.0
"""About 300 people in 20 minutes, over both floors."""
PIECE_S = 30.0
TAIL_S = 2.0
"""Truth goes on for so long: a crossing is certain only when nobody has come back."""
START_S = from_rfc3339(EPOCH)
"""When the first picture is taken, seconds since 1970."""
LEAST_SEEN = 0.3
"""A detector that makes no mistake finds whoever is seen to this share,"""
SURE = 0.9
"""with this score."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Pictures of one moment.

    Attributes:
        now: seconds since 1970.
        detected: what the shipped model found, by camera,
        true: and what one would that makes no mistake.
    """

    now: float
    detected: dict[str, CameraObservation]
    true: dict[str, CameraObservation]


@dataclass(frozen=True, slots=True)
class Piece:
    """Some seconds of all cameras.

    Attributes:
        folder: of its clips.
        start_s: seconds since the first picture.
        moments: by floor.
    """

    folder: Path
    start_s: float
    moments: dict[str, list[Moment]]

    def frames(self, cameras: Mapping[str, object]) -> Iterator[dict[str, Frame]]:
        """The pictures of a floor's moments, in the same order, by camera."""
        for tick in _playback(self.folder, list(cameras), self.start_s).ticks():
            yield tick.frames


def world_of(seed: int) -> World:
    """The twin, nobody has moved yet."""
    return World(load_site(GALLERIA), seed, people_per_minute=PARTIES_PER_MINUTE)


def filmed(folder: Path, seed: int, seconds: float) -> Iterator[Piece]:
    """A seed's pieces, those that this build has not looked at made first: an interrupted film goes on where it was.

    Twenty minutes take some 115,000 pictures: about two hours of one core, and half a gigabyte.
    """
    site = load_site(GALLERIA)
    world = world_of(seed)
    shooting: _Shooting | None = None
    for number in range(round(seconds / PIECE_S)):
        place = folder / f"seed{seed}" / f"{number:03d}"
        kept = place / kept_as()
        if not kept.is_file():
            shooting = shooting or _Shooting(world, site)
            shooting.shoot(kept, number * PIECE_S)
        yield Piece(place, number * PIECE_S, pickle.loads(kept.read_bytes()))  # noqa: S301 - our own


def kept_as() -> str:
    """The file of a piece's moments: another where the model or the code that looks is another."""
    return f"moments-{print_of_looking(resolve(MODEL).path)}.pickle"


def truth_of(folder: Path, seed: int, seconds: float) -> tuple[Truth, dict[str, dict[int, Floats]]]:
    """What happened, and by floor and person (K, 3) second, x and y; kept in the folder.

    Who is on a floor twice stands between the two at neither: the table has a gap there.
    """
    place = folder / f"seed{seed}"
    truth, table = place / f"truth-{seconds:g}s.json", place / f"positions-{seconds:g}s.csv"
    if not truth.is_file():
        world = world_of(seed)
        world.advance(seconds + TAIL_S)
        place.mkdir(parents=True, exist_ok=True)
        write_positions(table, world.positions)
        write_truth(truth, world.truth(EPOCH, FPS))
    return read_json(truth, Truth), _ways(table)


def _ways(table: Path) -> dict[str, dict[int, Floats]]:
    rows = np.genfromtxt(table, delimiter=",", skip_header=1, dtype=None, encoding="ascii", names="s,id,x,y,floor")
    found: dict[str, dict[int, Floats]] = {}
    for floor in np.unique(rows["floor"]).tolist():
        own = rows[rows["floor"] == floor]
        found[floor] = {
            int(person): np.stack([each["s"], each["x"], each["y"]], 1)
            for person in np.unique(own["id"])
            for each in [own[own["id"] == person]]
        }
    return found


class _Shooting:
    """The cameras, and a box for each floor, as far as it looks at pictures."""

    def __init__(self, world: World, site: Site) -> None:
        self._world = world
        self._chosen = choose_cameras(world, None)
        self._renderers = make_renderers(world, self._chosen)
        self._floors = {floor: list(site.floor(floor).cameras) for floor in world.floors}
        detector = Detector(resolve(MODEL).path)
        settings = DetectSettings(usual_interval_s=1.0 / FPS)
        self._stages = {floor: DetectStage(detector, settings=settings) for floor in self._floors}
        self._stirs = {name: Stir() for name in self._chosen}

    def shoot(self, kept: Path, start_s: float) -> None:
        """Writes what is to be seen in a piece, and its clips beside it."""
        place = kept.parent
        place.mkdir(parents=True, exist_ok=True)
        boxes = self._film(place, start_s)
        moments = {floor: self._look(place, start_s, floor, boxes) for floor in self._floors}
        part = place / "moments.part"
        part.write_bytes(pickle.dumps(moments))
        part.replace(kept)

    def _film(self, place: Path, start_s: float) -> list[dict[str, Boxes]]:
        found: list[dict[str, Boxes]] = []
        with ExitStack() as stack:
            clips = {
                name: stack.enter_context(ClipWriter(place / f"{name}.mp4", camera.width, camera.height, FPS))
                for name, (_, camera) in self._chosen.items()
            }
            for frame in range(round(PIECE_S * FPS)):
                states = self._world.at(start_s + frame / FPS)
                shots = {name: self._renderers[name].shoot(states[floor]) for name, (floor, _) in self._chosen.items()}
                for name, shot in shots.items():
                    clips[name].write(shot.image)
                found.append({name: shot.boxes for name, shot in shots.items()})
        return found

    def _look(self, place: Path, start_s: float, floor: str, boxes: list[dict[str, Boxes]]) -> list[Moment]:
        moments = []
        for number, tick in enumerate(_playback(place, self._floors[floor], start_s).ticks()):
            true = {name: _seen(frame, boxes[number][name], self._stirs[name]) for name, frame in tick.frames.items()}
            found = self._stages[floor].update(tick.now, list(tick.frames.values()))
            seen = {
                name: CameraObservation(tick.frames[name].captured_at, each, tick.frames[name].size)
                for name, each in found.items()
            }
            moments.append(Moment(tick.now, seen, true))
        return moments


def _playback(place: Path, cameras: list[str], start_s: float) -> Playback:
    return Playback(
        {name: (open_recording(place / f"{name}.mp4", name), START_S + start_s) for name in cameras}, FPS, {}
    )


def _seen(frame: Frame, boxes: Boxes, stir: Stir) -> CameraObservation:
    """What a detector would tell that makes no mistake."""
    rows = np.flatnonzero(boxes.visible >= LEAST_SEEN)
    found = Found(boxes.xyxy_px[rows].astype(np.float32).reshape(-1, 4), np.full(len(rows), SURE, np.float32))
    found.data[LOOK] = describe(frame.image, found.xyxy)
    found.data[STIR] = stir.look(frame.captured_at, frame.luma, found.xyxy, found.confidence, frame.size)
    return CameraObservation(frame.captured_at, found, frame.size)
