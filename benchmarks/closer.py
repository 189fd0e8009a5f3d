"""Whether a closer look tells people from what is none better than one look does, by how tall one look shows them.

    python -m benchmarks.closer [MODEL ...] [--pictures N] [--json]

Training photographs, each shrunk by chance to 1, 0.7, 0.5 or 0.35 of its size, are looked at as wholes; whoever scores
within the closer look's doubt is looked at again as a box does, whatever their height. Told is how often a person
scores above what is none (the area under the curve), by the first look and by the mean of both. Both models learned
from these photographs, so that it is the difference that counts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Annotated

import cv2
import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.eval.boxes import match
from benchmarks.streams.footage import DATA
from edge.detect.closer import CloserSettings, look_again, region_around
from edge.detect.detector import Detector
from models.registry import resolve
from models.train.pictures import Picture, read_pictures

SHRUNK = (1.0, 0.7, 0.5, 0.35)
HEIGHTS_PX = (0.0, 50.0, 75.0, 100.0, 130.0, 180.0, np.inf)
IOU = 0.5
SEED = 5


@dataclass(frozen=True, slots=True)
class Doubts:
    """Boxes in doubt, D of them.

    Attributes:
        tall: (D,) how tall the first look showed them, pixels of its input.
        person: (D,) whether somebody is there.
        first: (D,) their score at the first look.
        mean: (D,) of both looks.
    """

    tall: NDArray[np.float64]
    person: NDArray[np.bool_]
    first: NDArray[np.float64]
    mean: NDArray[np.float64]


def area_under_curve(person: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """How often a person scores above what is none, ties counted half; not a number where one of both is missing."""
    with_somebody, without = score[person], score[~person]
    if not len(with_somebody) or not len(without):
        return float("nan")
    above = (with_somebody[:, None] > without) + 0.5 * (with_somebody[:, None] == without)
    return float(above.mean())


def shrunk(picture: Picture, share: float) -> Picture:
    """A picture and its boxes at a share of its size."""
    if share == 1:
        return picture
    pixels = np.asarray(cv2.resize(picture.pixels, None, fx=share, fy=share, interpolation=cv2.INTER_AREA), np.uint8)
    return replace(picture, pixels=pixels, boxes=picture.boxes * np.float32(share))


def doubts_of(detector: Detector, pictures: list[Picture]) -> Doubts:
    """Whoever one look leaves in doubt, looked at again."""
    how = CloserSettings()
    rows: list[tuple[float, bool, float, float]] = []
    for picture in pictures:
        image = picture.pixels
        size = (image.shape[1], image.shape[0])
        scale = detector.whole_scale(size)
        (found,) = detector.detect([image])
        people, ignored = picture.boxes[~picture.ignored], picture.boxes[picture.ignored]
        verdict = match(found.xyxy, people, ignored, IOU)
        in_doubt = (found.confidence >= how.low) & (found.confidence < how.high) & (verdict >= 0)
        for j in np.flatnonzero(in_doubt)[: how.most].tolist():
            first, box = float(found.confidence[j]), found.xyxy[j]
            again = look_again(detector, image, region_around(box, size, scale, how), box, scale, how)
            tall = scale * float(box[3] - box[1])
            rows.append((tall, verdict[j] == 1, first, (first + again) / 2))
    table = np.array(rows).reshape(-1, 4)
    return Doubts(table[:, 0], table[:, 1] > 0, table[:, 2], table[:, 3])


def main(
    models: Annotated[list[str] | None, typer.Argument(help="names on the shelf, or ONNX files of ours")] = None,
    pictures: Annotated[int, typer.Option(help="so many photographs, drawn by chance", min=1)] = 3000,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON object as the last line")] = False,
) -> None:
    """Judge the closer look by how tall the first look shows people."""
    cv2.setNumThreads(1)
    random = np.random.default_rng(SEED)
    every = read_pictures(DATA / "train" / "annotations.json", DATA / "train" / "images")
    drawn = [shrunk(every[k], float(random.choice(SHRUNK))) for k in random.permutation(len(every))[:pictures].tolist()]
    figures: dict[str, dict[str, tuple[int, float, float]]] = {}
    table = Table("model", "pixels tall", "in doubt", "of them people", "one look", "mean of both")
    for name in models or ["person-n", "person-s"]:
        model = resolve(name)
        found = doubts_of(Detector(model.path), drawn)
        figures[model.name] = {}
        for low, high in [*pairwise(HEIGHTS_PX), (0.0, np.inf)]:
            those = (found.tall >= low) & (found.tall < high)
            person, count = found.person[those], int(those.sum())
            first, mean = (area_under_curve(person, each[those]) for each in (found.first, found.mean))
            figures[model.name][f"{low:g}-{high:g}"] = (count, first, mean)
            share = f"{person.mean():.2f}" if count else ""
            table.add_row(model.name, f"{low:g} to {high:g}", str(count), share, f"{first:.3f}", f"{mean:.3f}")
    Console(width=100).print(table)
    if as_json:
        typer.echo(json.dumps(figures))


if __name__ == "__main__":
    typer.run(main)
