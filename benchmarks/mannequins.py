"""Boxes on mannequins and clothes racks in real mall footage, at the same recall of people who walk.

    python -m benchmarks.mannequins [MODEL ...] [--crops N] [--sheet DIR] [--json]

Sixty frames of the CAVIAR clips, looked at one by one: `tests/data/caviar/people.json` has everybody who walks, and
places where one cannot tell. What a detector finds elsewhere is a mannequin, a rack or a reflection; a second box on
somebody who walks is neither. Each threshold is set where it finds the same share of the people; then its boxes
elsewhere are counted. A sheet shows them all: red what is no person, green who is found, yellow who is not.

Six people decide between two recalls, and a shift by a pixel decides over them. With crops the frames are shown again,
each time cut by up to `MOST_CUT` pixels at each edge, as by a camera mounted a hair to the side; told is the mean.

A box looks closer at whom one look leaves in doubt (`edge.detect.closer`): our models are told both ways. And a box
has mostly seen what came before: with `--film` seconds of it are shown first, `FILM_HZ` pictures each, so that it looks
at parts and skips pictures as its gate and pace have it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import cv2
import msgspec
import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.eval.boxes import match, overlaps
from contract.errors import BadInputError
from edge.capture.frame import Frame, Image
from edge.capture.source import open_recording
from edge.detect.detector import Detector
from edge.detect.stage import DetectStage
from edge.track.seen import Boxes
from models.registry import resolve

DATA = Path(os.environ.get("ATRIUM_SHARED", Path(__file__).resolve().parent.parent.parent / "shared" / "data"))
NOTES = Path(__file__).resolve().parent.parent / "tests" / "data" / "caviar" / "people.json"
IOU = 0.4
"""Boxes by hand are some pixels loose, and the people are small."""
RECALLS = (0.7, 0.8, 0.85, 0.9)
LEAST_SCORE = 0.02
MAGNIFIED = 1.5
MOST_CUT = 8
CROP_SEED = 5
CLIP_HZ, FILM_HZ = 25.0, 8.0
Film = Sequence[Image]
"""What comes before a noted frame, and last the frame."""
Look = Callable[[Film], Boxes]
Cut = tuple[int, int, int, int]
"""Pixels off the left, top, right and bottom."""
WHOLE: Cut = (0, 0, 0, 0)


class Noted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One frame by hand: boxes x1, y1, x2, y2 in its pixels."""

    clip: str
    frame: int
    people: list[tuple[float, float, float, float]]
    unclear: list[tuple[float, float, float, float]]


class Notes(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    about: str
    frames: list[Noted]


@dataclass(frozen=True, slots=True)
class Judged:
    """All of a model's boxes: scores, verdicts (1 person, 0 none, -1 unclear), the frame of each."""

    scores: NDArray[np.float32]
    verdicts: NDArray[np.int8]
    frame: NDArray[np.int64]
    boxes: NDArray[np.float32]

    def threshold(self, recall: float, people: int) -> float:
        """The highest score at which so many are found; 0 where they never are."""
        hits = np.sort(self.scores[self.verdicts == 1])[::-1]
        wanted = int(np.ceil(recall * people))
        return float(hits[wanted - 1]) if 0 < wanted <= len(hits) else 0.0


def read_films(notes: Notes, data: Path, seconds: float = 0.0) -> list[Film]:
    """For each noted frame so much of what comes before it, as far as its clip goes back, and the frame.

    Raises:
        BadInputError: a clip is missing or shorter than noted.
    """
    back = [round(k * CLIP_HZ / FILM_HZ) for k in range(round(seconds * FILM_HZ), -1, -1)]
    shown = [(noted.clip, [noted.frame - b for b in back if b <= noted.frame]) for noted in notes.frames]
    wanted: dict[str, dict[int, Image]] = {clip: {} for clip, _ in shown}
    for clip, pictures in wanted.items():
        numbers = {number for of, each in shown if of == clip for number in each}
        path = next(iter(sorted((data / "caviar").glob(f"{clip}.*"))), None)
        if path is None:
            raise BadInputError(f"{data / 'caviar'}: no clip {clip}; set ATRIUM_SHARED to the data folder")
        for frame in open_recording(path, clip).frames():
            if frame.index in numbers:
                pictures[frame.index] = frame.image
            if len(pictures) == len(numbers):
                break
    try:
        return [[wanted[clip][number] for number in each] for clip, each in shown]
    except KeyError as error:
        raise BadInputError(f"frame {error} is noted, but its clip ends before; is it the whole clip?") from None


def judge(look: Look, notes: Notes, films: Sequence[Film], cut: Cut = WHOLE) -> Judged:
    """What is found by a look at each film's end, and what each box is, in pixels of the whole frames."""
    left, top, right, bottom = cut
    scores, verdicts, frames, boxes = [], [], [], []
    for number, (noted, film) in enumerate(zip(notes.frames, films, strict=True)):
        found = look([np.ascontiguousarray(p[top : p.shape[0] - bottom, left : p.shape[1] - right]) for p in film])
        xyxy = np.asarray(found.xyxy, np.float32) + np.array([left, top, left, top], np.float32)
        people = np.array(noted.people, np.float32).reshape(-1, 4)
        unclear = np.array(noted.unclear, np.float32).reshape(-1, 4)
        verdict = match(xyxy, people, unclear, IOU)
        if len(people) and len(xyxy):
            # a second box on somebody who walks is a double, and on no mannequin
            verdict[(verdict == 0) & (overlaps(xyxy, people).max(1) >= IOU)] = -1
        verdicts.append(verdict)
        scores.append(np.asarray(found.confidence, np.float32))
        frames.append(np.full(len(xyxy), number))
        boxes.append(xyxy)
    return Judged(np.concatenate(scores), np.concatenate(verdicts), np.concatenate(frames), np.concatenate(boxes))


def once(detector: Detector) -> Look:
    """The model's own answer."""
    return lambda film: detector.detect([film[-1]])[0]


def as_a_box_looks(detector: Detector) -> Look:
    """What a box makes of a film's end: whom it tells there, or, where it skips that picture, told last."""

    def look(film: Film) -> Boxes:
        stage = DetectStage(detector)
        told = [stage.update(k / FILM_HZ, [Frame("", k / FILM_HZ, k, picture)]) for k, picture in enumerate(film)]
        return [found[""] for found in told if found][-1]

    return look


def mean_count(every: Sequence[Judged], recall: float, people: int) -> float | None:
    """Mean number of boxes on no person at a recall; None where one of the showings does not reach it."""
    counts = []
    for judged in every:
        at = judged.threshold(recall, people)
        if not at:
            return None
        counts.append(int(((judged.verdicts == 0) & (judged.scores >= at)).sum()))
    return float(np.mean(counts))


def sheet(judged: Judged, threshold: float, notes: Notes, films: Sequence[Film], out: Path) -> None:
    """Writes all frames with what the model says at a threshold: PNGs of ten frames each."""
    out.mkdir(parents=True, exist_ok=True)
    tiles = []
    for number, (noted, film) in enumerate(zip(notes.frames, films, strict=True)):
        tile = np.asarray(cv2.resize(film[-1], None, fx=MAGNIFIED, fy=MAGNIFIED), np.uint8)
        for box in noted.people:
            _draw(tile, box, (0, 220, 255), 1)
        mine = (judged.frame == number) & (judged.scores >= threshold) & (judged.verdicts >= 0)
        for box, verdict in zip(judged.boxes[mine].tolist(), judged.verdicts[mine].tolist(), strict=True):
            _draw(tile, box, (0, 200, 0) if verdict else (40, 40, 255), 2)
        cv2.putText(
            tile, f"{noted.clip} {noted.frame}", (6, tile.shape[0] - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255,) * 3
        )
        tiles.append(tile)
    for k in range(0, len(tiles), 10):
        rows = [np.hstack(tiles[k + r : k + r + 5]) for r in (0, 5) if len(tiles[k + r : k + r + 5]) == 5]
        cv2.imwrite(str(out / f"{k // 10}.png"), np.vstack(rows))


def _draw(tile: Image, box: Sequence[float], colour: tuple[int, int, int], width: int) -> None:
    x1, y1, x2, y2 = (round(MAGNIFIED * v) for v in box)
    cv2.rectangle(tile, (x1, y1), (x2, y2), colour, width)


def main(  # noqa: PLR0917 - a command's options
    models: Annotated[list[str] | None, typer.Argument(help="names on the shelf, or ONNX files")] = None,
    sheets: Annotated[Path | None, typer.Option("--sheet", help="folder for pictures of all frames")] = None,
    sheet_recall: Annotated[float, typer.Option(help="recall that the sheet is drawn at", min=0.1, max=1.0)] = 0.8,
    crops: Annotated[
        int, typer.Option(help="how often the frames are shown; each but the first cut at random", min=1)
    ] = 1,
    film: Annotated[float, typer.Option(help="seconds of film that a box sees before each frame", min=0.0)] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object as the last line")] = False,
) -> None:
    """Count boxes on mannequins at the same recall of people."""
    cv2.setNumThreads(1)
    notes = msgspec.json.decode(NOTES.read_bytes(), type=Notes)
    films = read_films(notes, DATA, film)
    people = sum(len(noted.people) for noted in notes.frames)
    names = models or ["person-n", "person-s", str(DATA / "detectors" / "yolox_nano_416x416.onnx")]
    table = Table(
        "model", *(f"recall {recall:.0%}" for recall in RECALLS), title=f"{people} people in {len(films)} frames"
    )
    random = np.random.default_rng(CROP_SEED)
    cuts = [WHOLE, *(tuple(random.integers(0, MOST_CUT + 1, 4).tolist()) for _ in range(crops - 1))]
    figures: dict[str, dict[str, float | None]] = {}
    for name in names:
        model = resolve(name)
        detector = Detector(model.path, LEAST_SCORE)
        ways = {model.name: once(detector)}
        if detector.per_aspect or film:
            ways[f"{model.name}, as a box looks"] = as_a_box_looks(detector)
        for way, look in ways.items():
            judged = judge(look, notes, films)
            every = [judged, *(judge(look, notes, films, cut) for cut in cuts[1:])]
            counts = {f"{recall:.2f}": mean_count(every, recall, people) for recall in RECALLS}
            figures[way] = counts
            table.add_row(way, *("not reached" if n is None else f"{n:.3g} on no person" for n in counts.values()))
            if sheets is not None:
                sheet(judged, judged.threshold(sheet_recall, people), notes, films, sheets / way)
    Console(width=130).print(table)
    if as_json:
        typer.echo(json.dumps(figures))


if __name__ == "__main__":
    typer.run(main)
