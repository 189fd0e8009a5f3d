"""A small floor as real files: site, two cameras' video clips of painted people, and a detector that sees paint.

The clips go through a real codec and the real capture, tracking, fusion and journeys; only finding people is made easy,
so that these tests are quick and their truth is exact.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
import supervision as sv

from edge.app import run_box
from edge.box import load_box
from edge.capture.frame import Frame
from tests.edge.floor_scene import HEIGHT_M, SIZE_PX, WIDTH_M, camera

FPS = 5
SIZE_M = (14.0, 8.0)
DOOR_X_M = 7.0
SPEED_MPS = 1.1
DWELL_S = 6.0
START_AT = "2026-03-02T12:00:00.000Z"
LEVELS = (80, 120, 160, 200, 240)
"""Shades of paint, far enough apart to survive compression."""
TILE_PX = 24
TILE_LEVELS = (12, 40)
"""The floor between people is tiled, darker than any paint: a picture of one tone is a covered lens to the box."""
CAMERAS = {
    "west": camera("west", (0.5, 0.3), (8.0, 4.5), height_m=4.0, focal_px=330.0),
    "east": camera("east", (13.5, 7.7), (6.0, 3.5), height_m=4.0, focal_px=330.0),
}


@dataclass(frozen=True)
class Shopper:
    """Walks from the corridor through the door into the shop, stays, and walks out again.

    Attributes:
        starts_s: when they appear.
        y_m: lane.
        deep_m: how far into the shop.
        shade: their paint.
    """

    starts_s: float
    y_m: float
    deep_m: float
    shade: int

    @property
    def ends_s(self):
        return self.starts_s + 2 * (DOOR_X_M + self.deep_m - 2.0) / SPEED_MPS + DWELL_S

    def at(self, t):
        """Floor position at ``t`` seconds, or None while away."""
        if not self.starts_s <= t < self.ends_s:
            return None
        walk_s = (DOOR_X_M + self.deep_m - 2.0) / SPEED_MPS
        since = t - self.starts_s
        if since <= walk_s:
            x = 2.0 + SPEED_MPS * since
        elif since <= walk_s + DWELL_S:
            x = DOOR_X_M + self.deep_m
        else:
            x = DOOR_X_M + self.deep_m - SPEED_MPS * (since - walk_s - DWELL_S)
        return x, self.y_m


def shoppers(seconds):
    """One shopper every few seconds, in lanes of their own, all gone before the end."""
    found = []
    for index in range(1000):
        each = Shopper(1.0 + 6.3 * index, 2.0 + 1.3 * (index % 4), 2.5 + 0.4 * (index % 3), LEVELS[index % len(LEVELS)])
        if each.ends_s > seconds - 3.0:
            return found
        found.append(each)
    return found


def write_mall(folder: Path, seconds: float, *, port: int = 1883, password_file: str = "", pace="fast", **more) -> Path:
    """Site, clips and BOX.toml in ``folder``; returns the path of BOX.toml."""
    folder.mkdir(parents=True, exist_ok=True)
    write_site(folder)
    for name in CAMERAS:
        write_clip(folder / f"{name}.mp4", name, seconds, shoppers(seconds))
    return write_box(folder, port=port, password_file=password_file, pace=pace, **more)


def write_site(folder: Path) -> None:
    width, height = SIZE_M

    def rectangle(x0, y0, x1, y1):
        return [[[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]]]

    features = [
        ("corridor", "zone", "circulation", rectangle(0, 0, DOOR_X_M, height)),
        ("shop", "zone", "fashion", rectangle(DOOR_X_M, 0, width, height)),
    ]
    collection = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"id": name, "kind": kind, "category": category},
                "geometry": {"type": "Polygon", "coordinates": outline},
            }
            for name, kind, category, outline in features
        ]
        + [
            {
                "type": "Feature",
                "properties": {"id": "door", "kind": "line", "zone": "shop"},
                "geometry": {"type": "LineString", "coordinates": [[DOOR_X_M, 0], [DOOR_X_M, height]]},
            }
        ],
    }
    (folder / "ground.geojson").write_text(json.dumps(collection), encoding="utf-8")
    entries = {
        name: {
            "width": view.width,
            "height": view.height,
            "K": view.matrix.tolist(),
            "dist": [],
            "R": view.rotation.tolist(),
            "t": view.translation.tolist(),
        }
        for name, view in CAMERAS.items()
    }
    (folder / "cameras.json").write_text(json.dumps(entries), encoding="utf-8")
    (folder / "site.toml").write_text(
        'schema = "atrium.site.v1"\nid = "mall"\n[[floors]]\nid = "ground"\n'
        f'size_m = [{width}, {height}]\ngeometry = "ground.geojson"\ncameras = "cameras.json"\n',
        encoding="utf-8",
    )


def write_box(
    folder: Path,
    *,
    port=1883,
    password_file="",
    pace="fast",
    protocol="5",
    cameras=CAMERAS,
    state_dir="state",
    extra="",
) -> Path:
    credentials = f'username = "atrium"\npassword_file = "{password_file}"\n' if password_file else ""
    text = (
        f'schema = "atrium.box.v1"\nid = "box-1"\nsite = "site.toml"\nfloor = "ground"\nstate_dir = "{state_dir}"\n'
        f'fps = {FPS}.0\npace = "{pace}"\n{extra}\n'
        f'[mqtt]\nhost = "127.0.0.1"\nport = {port}\nprotocol = "{protocol}"\n{credentials}'
    )
    for name in cameras:
        text += f'[[cameras]]\nname = "{name}"\nurl = "{name}.mp4"\nstart_at = "{START_AT}"\n'
    path = folder / "BOX.toml"
    path.write_text(text, encoding="utf-8")
    return path


def write_clip(path: Path, name: str, seconds: float, people) -> None:
    """A clip of one camera: people as upright rectangles in their shade, the far ones painted first."""
    view = CAMERAS[name]
    rows, columns = (np.arange(side) // TILE_PX for side in reversed(SIZE_PX))
    ground = np.array(TILE_LEVELS, np.uint8)[(rows[:, None] + columns) % 2]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "14", "preset": "veryfast", "g": "25"})
        stream.width, stream.height, stream.pix_fmt = *SIZE_PX, "yuv420p"
        for index in range(round(seconds * FPS)):
            image = np.repeat(ground[:, :, None], 3, axis=2)
            here = [(each.at(index / FPS), each.shade) for each in people]
            standing = [(xy, shade) for xy, shade in here if xy is not None]
            standing.sort(key=lambda each: -np.hypot(*(np.array(each[0]) - view.centre_m[:2])))
            for xy, shade in standing:
                box = person_box(view, xy)
                if box is not None:
                    cv2.rectangle(image, box[:2], box[2:], (shade, shade, shade), -1)
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def person_box(view, xy):
    foot = view.pixels_from_floor(np.array([xy]))[0]
    head = view.pixels_from_floor(np.array([xy]), HEIGHT_M)[0]
    if not np.isfinite([*foot, *head]).all():
        return None
    half = WIDTH_M / HEIGHT_M * (foot[1] - head[1]) / 2
    return tuple(round(v) for v in (foot[0] - half, head[1], foot[0] + half, foot[1]))


class PaintDetector:
    """Finds every shade of paint; a stage like the real one."""

    analysed = 0
    put_off = 0

    def update(
        self, now: float, frames: Sequence[Frame], go_on: Callable[[], bool] | None = None
    ) -> dict[str, sv.Detections]:
        self.analysed += len(frames)
        return {frame.camera: self._find(frame.image) for frame in frames}

    def resting(self, camera: str, now: float) -> bool:
        return False

    def _find(self, image) -> sv.Detections:
        gray = np.ascontiguousarray(image[::2, ::2, 1])  # half the size and one channel are enough to see paint
        boxes = []
        for level in LEVELS:
            mask = cv2.inRange(gray, level - 12, level + 12)
            count, _labels, stats, _centres = cv2.connectedComponentsWithStats(mask)
            for x, y, width, height, area in stats[1:count]:
                if area >= 40 and height >= 10:
                    boxes.append([2 * x, 2 * y, 2 * (x + width), 2 * (y + height)])
        xyxy = np.array(boxes, np.float32).reshape(-1, 4)
        return sv.Detections(
            xyxy=xyxy, confidence=np.full(len(xyxy), 0.9, np.float32), class_id=np.zeros(len(xyxy), int)
        )


class Running:
    """A box in a thread, with the detector that sees paint."""

    def __init__(self, config: Path) -> None:
        self.told: list[str] = []
        self.outcomes: list[object] = []
        self._stop = threading.Event()
        self._work = threading.Thread(target=self._run, args=(config,))
        self._work.start()

    def _run(self, config: Path) -> None:
        self.outcomes.append(run_box(load_box(config), self._stop, self.told.append, detector=PaintDetector()))

    def stop(self, within_s: float = 30.0) -> None:
        self._stop.set()
        self._work.join(within_s)
        assert self.outcomes, self.told
