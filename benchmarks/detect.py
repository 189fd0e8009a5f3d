"""Person detectors side by side: average precision by person height, and milliseconds on one thread, in one run.

    python -m benchmarks.detect [MODEL ...] [--set NAME=ANNOTATIONS.json:IMAGES ...] [--quick] [--json]

A model is a name on the shelf or an ONNX file. Without arguments: the shelf's and the four detectors of the shared
data, on its street photographs. Every model sees every picture through the same detector class as in a box, which takes
boxes that overlap by more than half for one person and tells their mean; scores are cut at 0.01. Times are medians of
CPU time: of the session alone, on what it gets of a mall camera's 640x360 and on its whole working area, and of whole
detections of the first set's pictures with fitting, decoding and thinning; the models take turns, so that a busy
neighbour hits all.
"""

from __future__ import annotations

import itertools
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
import onnxruntime as ort
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.eval.boxes import Boxes, Figures, measure
from contract.errors import BadInputError
from edge.detect.detector import Detector
from edge.detect.sizing import choose_size
from models.registry import read_shelf, resolve
from models.train.pictures import Picture, read_pictures

DATA = Path(os.environ.get("ATRIUM_SHARED", Path(__file__).resolve().parent.parent.parent / "shared" / "data"))
PEERS = ("yolox_nano_416x416", "nanodet_m_416", "FastestDet", "light_person_detector")
REFERENCE = "yolox_nano_416x416"
"""Times are given as shares of this one's."""
LEAST_SCORE = 0.01
BORDERS = (0.0, 30.0, 60.0, 120.0, 240.0, 10_000.0)
"""Person heights, pixels of the picture as the camera gives it."""
CAMERA = (360, 640)
"""A mall camera's picture, as `benchmarks.streams` has it."""
ROUNDS = 40
QUICK_PICTURES = 12

Found = list[tuple[Boxes, np.ndarray[Any, np.dtype[np.float32]]]]


@dataclass(frozen=True, slots=True)
class Row:
    """One model on one set of pictures and one range of heights."""

    model: str
    pictures: str
    low_px: float
    high_px: float
    figures: Figures


def find(detector: Detector, pictures: Sequence[Picture]) -> Found:
    """What a detector says of each picture."""
    answers = [detector.detect([picture.pixels])[0] for picture in pictures]
    return [(np.asarray(one.xyxy, np.float32), np.asarray(one.confidence, np.float32)) for one in answers]


def rows_of(name: str, detector: Detector, sets: dict[str, list[Picture]]) -> list[Row]:
    """Figures of one model on every set, for all heights and by height."""
    rows = []
    for label, pictures in sets.items():
        found = find(detector, pictures)
        for low, high in [(BORDERS[0], BORDERS[-1]), *itertools.pairwise(BORDERS)]:
            figures = measure(found, pictures, (low, high))
            if figures.people:
                rows.append(Row(name, label, low, high, figures))
    return rows


def milliseconds(works: dict[str, Callable[[int], object]], rounds: int) -> dict[str, float]:
    """Median CPU milliseconds of each piece of work; it is told the round."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for k in range(rounds):
        for name, work in works.items():
            work(k)  # a turn to get its weights back into the caches
            began = time.thread_time()
            work(k)
            taken[name].append(1e3 * (time.thread_time() - began))
    return {name: float(np.median(values)) for name, values in taken.items()}


def session_of(detector: Detector, size: tuple[int, int]) -> Callable[[int], object]:
    """One run of a detector's model alone, on noise of a size, where it takes any."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    session = ort.InferenceSession(str(detector.model), options, providers=["CPUExecutionProvider"])
    entry = session.get_inputs()[0]
    free = iter((1, *size))
    shape = [axis if isinstance(axis, int) else next(free) for axis in entry.shape]
    noise = np.random.default_rng(0).integers(0, 256, shape)
    feed = {entry.name: noise.astype(np.uint8 if entry.type == "tensor(uint8)" else np.float32)}
    return lambda _: session.run(None, feed)


def whole_of(detector: Detector, pictures: Sequence[Picture]) -> Callable[[int], object]:
    """One detection of one of the pictures."""
    return lambda k: detector.detect([pictures[k % len(pictures)].pixels])


def read_sets(texts: Sequence[str], quick: bool) -> dict[str, list[Picture]]:
    """Picture sets from NAME=ANNOTATIONS:FOLDER.

    Raises:
        BadInputError: an argument has another form, or a set is absent.
    """
    sets = {}
    for text in texts or [f"streets={DATA / 'boxes' / 'val.json'}:{DATA / 'boxes' / 'images'}"]:
        name, _, rest = text.partition("=")
        annotations, _, folder = rest.partition(":")
        if not (name and annotations and folder):
            raise BadInputError(f"--set {text}: write NAME=ANNOTATIONS.json:IMAGE_FOLDER")
        pictures = read_pictures(Path(annotations), Path(folder))
        sets[name] = pictures[:QUICK_PICTURES] if quick else pictures
    return sets


def main(
    models: Annotated[list[str] | None, typer.Argument(help="names on the shelf, or ONNX files")] = None,
    picture_set: Annotated[list[str] | None, typer.Option("--set", help="NAME=ANNOTATIONS.json:IMAGES")] = None,
    quick: Annotated[bool, typer.Option(help=f"only {QUICK_PICTURES} pictures of each set")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object as the last line")] = False,
) -> None:
    """Compare person detectors on annotated pictures."""
    cv2.setNumThreads(1)
    names = models or [
        *(n for n, e in read_shelf().items() if e.card),
        *(str(DATA / "detectors" / f"{p}.onnx") for p in PEERS),
    ]
    detectors = {}
    for name in names:
        model = resolve(name)
        detectors[model.name] = Detector(model.path, LEAST_SCORE)
    sets = read_sets(picture_set or [], quick)
    rows = [row for name, detector in detectors.items() for row in rows_of(name, detector, sets)]
    first = next(iter(sets.values()))
    rounds = ROUNDS // 4 if quick else ROUNDS
    sizes = {
        name: choose_size(CAMERA, each.size)[0] if each.per_aspect else each.size for name, each in detectors.items()
    }
    times = {
        "camera_ms": milliseconds({name: session_of(each, sizes[name]) for name, each in detectors.items()}, rounds),
        "session_ms": milliseconds({name: session_of(each, each.size) for name, each in detectors.items()}, rounds),
        "whole_ms": milliseconds({name: whole_of(each, first) for name, each in detectors.items()}, rounds),
    }
    _print(rows, times)
    if as_json:
        typer.echo(json.dumps({"rows": [asdict(row) for row in rows], **times}))


def _print(rows: Sequence[Row], times: dict[str, dict[str, float]]) -> None:
    console = Console(width=140)
    table = Table("pictures", "heights (px)", "people", "model", "AP50", "AP50:95", "P / R at best F1")
    for row in sorted(rows, key=lambda row: (row.pictures, row.low_px, -row.high_px)):
        f, whole = row.figures, row.low_px == BORDERS[0] and row.high_px == BORDERS[-1]
        top = "" if row.high_px == BORDERS[-1] else f"{row.high_px:.0f}"
        heights = "all" if whole else f"{row.low_px:.0f}-{top}"
        scores = (f"{f.ap50:.3f}", f"{f.ap:.3f}", f"{f.precision:.2f} / {f.recall:.2f}")
        table.add_row(row.pictures, heights, str(f.people), row.model, *scores)
    console.print(table)
    shown = Table("model", *(f"{what} (ms), times" for what in ("640x360", "working area", "whole")))
    for name in times["session_ms"]:
        cells = [
            f"{ms[name]:.2f}" + (f", {ms[REFERENCE] / ms[name]:.2f}" if REFERENCE in ms else "")
            for ms in times.values()
        ]
        shown.add_row(name, *cells)
    console.print(shown)


if __name__ == "__main__":
    typer.run(main)
