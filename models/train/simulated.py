"""Renders the simulator as annotated picture sets: random rooms, a mall rebuilt, or a mall as it is (for evaluation).

`python -m models.train.simulated rooms OUT --first-seed 10000`, `... rebuilt OUT`, `... asis OUT`.

Rooms are drawn anew for every seed. A rebuilt mall keeps the floor plan, and gets other coverings, colours, light,
people and cameras. Mannequins and people on posters are background; a person of whom little is seen is ignored.
"""

from __future__ import annotations

import colorsys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import cv2
import msgspec
import numpy as np
import typer
from rich.progress import track

from calibration.camera import Camera
from calibration.site import load_site
from models.train.pictures import CocoBox, CocoFile, CocoImage
from simulator.installer import hang_camera
from simulator.random_scenes import DINING_ROOMS, random_people, random_sensor, random_shots
from simulator.render import Boxes, Renderer, Shot
from simulator.scene import GALLERIA, FloorScene, Ground, Scene, Surface, load_scene
from simulator.textures import FLOORS, WALLS
from simulator.world import World

LEAST_VISIBLE = 0.35
"""People seen to a smaller share are ignored; above it the box is the whole body's, for the sake of its foot point."""
LEAST_NOTED = 0.03
"""Below this a person is not there at all: a wall hides them, and what stands before it must not be ignored."""
JPEG_QUALITY = 93
SIZES = ((640, 360), (640, 360), (384, 288), (512, 384))
"""Widths and heights of cameras, drawn by the seed: most as the demo's, some as older cameras'."""
BUSIEST = (6.0, 40.0)
"""Parties that walk in a minute in rebuilt malls, drawn by the seed: the demo's and up to ten times as many."""
MOST_SCATTERED = 90
"""Scattered people on one floor, most of them out of any one camera's sight."""
FIRST_MOMENT_S = 25.0
"""A mall starts empty; pictures are taken from here on."""

app = typer.Typer(help="Render annotated picture sets with the simulator.", no_args_is_help=True)


class PictureSet:
    """A folder of pictures with annotations.json."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.images: list[CocoImage] = []
        self.boxes: list[CocoBox] = []

    def add(self, name: str, source: str, shot: Shot) -> None:
        """Writes one picture."""
        file = f"{name}.jpg"
        cv2.imwrite(str(self.folder / file), shot.image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        self.images.append(CocoImage(len(self.images) + 1, file, source))
        self.boxes += truth(len(self.images), shot.boxes)

    def finish(self) -> int:
        """Writes the annotations; the number of people that count."""
        (self.folder / "annotations.json").write_bytes(msgspec.json.encode(CocoFile(self.images, self.boxes)))
        return sum(not box.ignore for box in self.boxes)


def truth(image_id: int, boxes: Boxes) -> list[CocoBox]:
    """The boxes of one picture as COCO annotations."""
    found = []
    for (x1, y1, x2, y2), visible in zip(boxes.xyxy_px.tolist(), boxes.visible.tolist(), strict=True):
        if visible < LEAST_NOTED:
            continue
        hidden = int(visible < LEAST_VISIBLE)
        box = (round(x1, 1), round(y1, 1), round(x2 - x1, 1), round(y2 - y1, 1))
        found.append(CocoBox(image_id, box, iscrowd=hidden, ignore=hidden))
    return found


def render_rooms(out: Path, seeds: Iterable[int], frames: int, dining: float = DINING_ROOMS) -> int:
    """Writes some pictures of each seed's random room, a share of them food courts; the number of people in them.

    As in photographs, boxes are of what is seen: at tables that is much less than the body.
    """
    pictures = PictureSet(out)
    for seed in seeds:
        for k, shot in enumerate(random_shots(seed, frames, SIZES[seed % len(SIZES)], dining=dining, seen_only=True)):
            pictures.add(f"room{seed:06d}_{k:03d}", "rooms", shot)
    return pictures.finish()


def render_rebuilt(
    out: Path, seeds: Iterable[int], frames: int, site_file: Path = GALLERIA, *, scattered: bool = False
) -> int:
    """Writes some pictures from every camera of the mall, rebuilt for each seed; the number of people in them.

    People walk, shop and rest as the simulator has them; scattered, they are many, anywhere and new in each picture.
    """
    pictures = PictureSet(out)
    site = load_site(site_file)
    for seed in seeds:
        rng = np.random.default_rng([seed, 5])
        world = World(site, seed, scene=rebuilt(load_scene(site), rng), people_per_minute=float(rng.uniform(*BUSIEST)))
        views = [
            (name, floor.id, Renderer(world.stills[floor.id], moved(camera, rng), random_sensor(rng), seed, 1))
            for floor in world.floors.values()
            for name, camera in floor.cameras.items()
        ]
        for k in range(frames):
            states = world.at(FIRST_MOMENT_S + 7.0 * k)
            for name, floor_id, renderer in views:
                state = states[floor_id]
                if scattered:
                    room, taken = world.floors[floor_id].size_m, list(world.stills[floor_id].obstacles_m)
                    state = random_people(rng, (float(room[0]), float(room[1])), taken, state.time_s, MOST_SCATTERED)
                pictures.add(f"rebuilt{seed:06d}_{name}_{k:03d}", "rebuilt", renderer.shoot(state))
    return pictures.finish()


def render_as_is(out: Path, seed: int, frames: int, site_file: Path = GALLERIA) -> int:
    """Writes some pictures from every camera of the mall as its files describe it; the number of people in them."""
    pictures = PictureSet(out)
    world = World(load_site(site_file), seed)
    views = [
        (name, floor.id, Renderer(world.stills[floor.id], camera))
        for floor in world.floors.values()
        for name, camera in floor.cameras.items()
    ]
    for k in range(frames):
        states = world.at(FIRST_MOMENT_S + 9.0 * k)
        for name, floor_id, renderer in views:
            pictures.add(f"{name}_{k:03d}", "as-is", renderer.shoot(states[floor_id]))
    return pictures.finish()


def rebuilt(scene: Scene, rng: np.random.Generator) -> Scene:
    """The scene with other coverings, colours and light."""
    floors = {name: _redecorated(floor, rng) for name, floor in scene.floors.items()}
    return msgspec.structs.replace(scene, floors=floors)


def _redecorated(floor: FloorScene, rng: np.random.Generator) -> FloorScene:
    return msgspec.structs.replace(
        floor,
        ground=_ground(rng),
        wall=_surface(rng),
        grounds={name: _ground(rng) for name in floor.grounds},
        walls={name: _surface(rng) for name in floor.walls},
        ambient=float(rng.uniform(0.3, 0.75)),
        lamps=[(x, y, strength * float(rng.uniform(0.5, 1.5))) for x, y, strength in floor.lamps],
        things=[thing for thing in floor.things if rng.random() < 0.8],
    )


def _colour(rng: np.random.Generator) -> str:
    red, green, blue = colorsys.hsv_to_rgb(rng.random(), float(rng.beta(1.2, 4.0)), float(rng.uniform(0.25, 0.95)))
    return f"#{round(255 * red):02x}{round(255 * green):02x}{round(255 * blue):02x}"


def _ground(rng: np.random.Generator) -> Ground:
    mirror = float(rng.choice([0.0, 0.1, 0.2]))
    return Ground(str(rng.choice(FLOORS)), _colour(rng), float(rng.uniform(0.6, 3.0)), mirror)


def _surface(rng: np.random.Generator) -> Surface:
    return Surface(str(rng.choice(WALLS)), _colour(rng))


def moved(camera: Camera, rng: np.random.Generator) -> Camera:
    """A camera some way off the given one, aimed elsewhere, through another lens."""
    centre = camera.centre_m
    ahead = camera.rotation[2]
    target = centre + ahead * (centre[2] - 0.9) / max(0.15, -float(ahead[2]))
    at = centre + rng.normal(0, 0.7, 3) * (1.0, 1.0, 0.5)
    aim = target + rng.normal(0, 1.0, 3) * (1.0, 1.0, 0.3)
    barrel = float(rng.uniform(-0.18, -0.02))
    return hang_camera(
        camera.name,
        (float(at[0]), float(at[1]), float(np.clip(at[2], 2.3, 3.8))),
        (float(aim[0]), float(aim[1]), float(aim[2])),
        float(rng.uniform(70, 104)),
        (640, 360),
        (barrel, 0.15 * barrel * barrel, 0.0, 0.0, 0.0),
        float(rng.normal(0, 1.5)),
    )


Out = Annotated[Path, typer.Argument(help="folder for the pictures and annotations.json")]
FirstSeed = Annotated[int, typer.Option(help="first seed; keep training's and evaluation's apart")]
Count = Annotated[int, typer.Option(help="how many seeds")]
Frames = Annotated[int, typer.Option(help="pictures of each seed (of each camera in a mall)")]


@app.command()
def rooms(
    out: Out,
    first_seed: FirstSeed = 10_000,
    count: Count = 300,
    frames: Frames = 8,
    dining: Annotated[float, typer.Option(help="share of rooms with tables and chairs all over")] = DINING_ROOMS,
) -> None:
    """Random rooms."""
    _report(out, render_rooms(out, track(range(first_seed, first_seed + count), "rooms"), frames, dining))


@app.command(name="rebuilt")
def rebuilt_malls(
    out: Out,
    first_seed: FirstSeed = 20_000,
    count: Count = 8,
    frames: Frames = 12,
    scattered: Annotated[bool, typer.Option(help="many people anywhere, instead of shoppers")] = False,
) -> None:
    """The demo's floor plan with other coverings, light, people and cameras."""
    seeds = track(range(first_seed, first_seed + count), "malls")
    _report(out, render_rebuilt(out, seeds, frames, scattered=scattered))


@app.command(name="asis")
def mall_as_is(out: Out, seed: FirstSeed = 900_000, frames: Frames = 12) -> None:
    """The demo's mall and cameras with another seed's people: to evaluate on, not to train on."""
    _report(out, render_as_is(out, seed, frames))


def _report(out: Path, people: int) -> None:
    typer.echo(f"{out}: {people} people")


if __name__ == "__main__":
    cv2.setNumThreads(1)
    app()
