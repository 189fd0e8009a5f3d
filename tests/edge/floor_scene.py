"""A small virtual floor for tests: cameras with true pose, people walking, boxes with noise and misses."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import supervision as sv

from calibration.camera import Camera
from calibration.geometry import Line, Wall, Zone
from calibration.site import Floor, Site
from edge.pipeline import CameraObservation, FloorPipeline, PipelineSettings, Step

SIZE_PX = (640, 360)
HEIGHT_M = 1.7
WIDTH_M = 0.5


def camera(name, at_m, looks_at_m, height_m=3.2, focal_px=420.0):
    """A camera hanging at ``at_m`` that looks at a floor point."""
    centre = np.array([*at_m, height_m], float)
    ahead = np.array([*looks_at_m, 0.0]) - centre
    ahead /= np.linalg.norm(ahead)
    right = np.cross(ahead, [0, 0, 1.0])
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(ahead, right), ahead])
    matrix = np.array([[focal_px, 0, SIZE_PX[0] / 2], [0, focal_px, SIZE_PX[1] / 2], [0, 0, 1.0]])
    return Camera(name, *SIZE_PX, matrix, np.zeros(0), rotation, -rotation @ centre)


def zone(name, x0, y0, x1, y1):
    return Zone(name, name, "shop", (np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], float),))


def line(name, zone_id, a, b, in_normal):
    return Line(name, name, zone_id, np.array([a, b], float), np.array(in_normal, float))


def floor(cameras, zones=(), lines=(), walls=(), size_m=(20.0, 12.0)):
    return Floor(
        "ground", "Ground", size_m, {z.id: z for z in zones}, {each.id: each for each in lines}, list(walls),
        {c.name: c for c in cameras},
    )  # fmt: skip


def wall(name, *points, height_m=3.0):
    return Wall(name, np.array(points, float), height_m)


def site(one_floor):
    return Site("mall", "Mall", ZoneInfo("UTC"), {one_floor.id: one_floor}, Path("site.toml"))


@dataclass
class Walker:
    """Somebody on the floor from ``start`` to ``end``, at ``where(t)`` metres."""

    start: float
    end: float
    where: Callable[[float], tuple[float, float]]
    hidden: list[tuple[float, float]] = field(default_factory=list)

    def here(self, t):
        return self.start <= t < self.end

    def visible(self, t):
        return self.here(t) and not any(a <= t < b for a, b in self.hidden)


def along(points, start, speed=1.2):
    """A walker along way points, each optionally (x, y, pause seconds)."""
    times, places = [start], [points[0][:2]]
    now = start
    for before, point in itertools.pairwise(points):
        now += float(np.hypot(point[0] - before[0], point[1] - before[1])) / speed
        times.append(now)
        places.append(point[:2])
        if len(point) > 2:
            now += point[2]
            times.append(now)
            places.append(point[:2])
    array = np.array(places, float)
    return Walker(
        start, now, lambda t: (float(np.interp(t, times, array[:, 0])), float(np.interp(t, times, array[:, 1])))
    )


def box_of(cam, xy):
    """The true box of somebody at a floor point, or None where fewer than half of them are in the picture."""
    foot = cam.pixels_from_world(np.array([[xy[0], xy[1], 0.0]]))[0]
    head = cam.pixels_from_world(np.array([[xy[0], xy[1], HEIGHT_M]]))[0]
    if not (np.isfinite(foot).all() and np.isfinite(head).all()) or foot[1] <= head[1]:
        return None
    half = 0.5 * WIDTH_M / HEIGHT_M * (foot[1] - head[1])
    box = np.array([foot[0] - half, head[1], foot[0] + half, foot[1]])
    inside = np.clip(box, 0, [*SIZE_PX, *SIZE_PX])
    area = (box[2] - box[0]) * (box[3] - box[1])
    if area <= 0 or (inside[2] - inside[0]) * (inside[3] - inside[1]) < 0.6 * area:
        return None
    return inside


@dataclass
class Scene:
    """A floor, its walkers and what its cameras report."""

    floor: Floor
    walkers: list[Walker]
    fps: float = 10.0
    noise_px: float = 1.5
    miss: float = 0.05
    seed: int = 0
    skew: dict[str, float] = field(default_factory=dict)

    def observations(self, start, end):
        """Yields (now, observations) tick by tick."""
        rng = np.random.default_rng(self.seed)
        for k in range(int(start * self.fps), int(end * self.fps)):
            now = k / self.fps
            seen = {}
            for name, cam in self.floor.cameras.items():
                at = now - self.skew.get(name, 0.0)
                boxes = []
                for walker in self.walkers:
                    box = box_of(cam, walker.where(at)) if walker.visible(at) else None
                    lost = rng.random() < self.miss
                    noise = rng.normal(0, self.noise_px, 4)
                    if box is not None and not lost:
                        boxes.append(np.clip(box + noise, 0, [*SIZE_PX, *SIZE_PX]))
                xyxy = np.array(boxes, np.float32).reshape(-1, 4)
                detections = sv.Detections(xyxy, confidence=np.full(len(xyxy), 0.8, np.float32))
                seen[name] = CameraObservation(at, detections, SIZE_PX)
            yield now, seen

    def pipeline(self, settings=None, seed=1):
        return FloorPipeline(self.floor, settings or PipelineSettings(), random.Random(seed))

    def run(self, end, pipeline=None, start=0.0) -> list[Step]:
        pipe = pipeline or self.pipeline()
        steps = [pipe.update(now, seen) for now, seen in self.observations(start, end)]
        return [*steps, pipe.close(end)]


def bodies(steps, kind):
    return [body for step in steps for _, body in step.bodies if isinstance(body, kind)]
