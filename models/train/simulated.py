"""Renders random rooms of the simulator as an annotated picture set.

`python -m models.train.simulated OUT --rooms 150`

The rooms, cameras, light and people are drawn anew for every seed; none of them is the mall of the demo. Mannequins and
people on posters are background. A person of whom little is seen is an ignored region.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import cv2
import msgspec
import typer
from rich.progress import track

from models.train.pictures import CocoBox, CocoFile, CocoImage
from simulator.random_scenes import random_shots
from simulator.render import Boxes

LEAST_VISIBLE = 0.35
"""People seen to a smaller share are ignored; above it the box is the whole body's, for the sake of its foot point."""
JPEG_QUALITY = 93
SIZES = ((640, 360), (640, 360), (384, 288), (512, 384))
"""Widths and heights of cameras, drawn by the seed: most as the demo's, some as older cameras'."""


def truth(image_id: int, boxes: Boxes) -> list[CocoBox]:
    """The boxes of one picture as COCO annotations."""
    found = []
    for (x1, y1, x2, y2), visible in zip(boxes.xyxy_px.tolist(), boxes.visible.tolist(), strict=True):
        hidden = int(visible < LEAST_VISIBLE)
        box = (round(x1, 1), round(y1, 1), round(x2 - x1, 1), round(y2 - y1, 1))
        found.append(CocoBox(image_id, box, iscrowd=hidden, ignore=hidden))
    return found


def render_set(out: Path, first_seed: int, rooms: int, frames: int) -> int:
    """Writes rooms x frames pictures and annotations.json to out; the number of people in them."""
    out.mkdir(parents=True, exist_ok=True)
    images: list[CocoImage] = []
    annotations: list[CocoBox] = []
    for seed in track(range(first_seed, first_seed + rooms), "rendering rooms"):
        for k, shot in enumerate(random_shots(seed, frames, SIZES[seed % len(SIZES)])):
            name = f"room{seed:06d}_{k:03d}.jpg"
            cv2.imwrite(str(out / name), shot.image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
            images.append(CocoImage(len(images) + 1, name, "simulator"))
            annotations += truth(len(images), shot.boxes)
    (out / "annotations.json").write_bytes(msgspec.json.encode(CocoFile(images, annotations)))
    return sum(not box.ignore for box in annotations)


def main(
    out: Annotated[Path, typer.Argument(help="folder for the pictures and annotations.json")],
    first_seed: Annotated[
        int, typer.Option(help="seed of the first room; keep training's and evaluation's apart")
    ] = 10_000,
    rooms: Annotated[int, typer.Option(help="how many rooms")] = 150,
    frames: Annotated[int, typer.Option(help="pictures of each room")] = 16,
) -> None:
    """Render an annotated picture set with the simulator."""
    cv2.setNumThreads(1)
    people = render_set(out, first_seed, rooms, frames)
    typer.echo(f"{out}: {rooms * frames} pictures, {people} people")


if __name__ == "__main__":
    typer.run(main)
