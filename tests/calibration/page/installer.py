"""An installer, nearly of flesh and blood: knows where floor points are in a picture, and clicks there to the pixel."""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from playwright.sync_api import Page

from calibration.camera import Camera, Floats
from calibration.site import Floor, load_site
from calibration.zones.sight import shows_floor
from simulator.render import Renderer
from simulator.scene import GALLERIA
from simulator.world import World
from tests.shared_data import ROOT

FLOOR = "g"
MOMENT_S = 40.0
"""So long after the doors open there are people in the rooms."""
WAIT_MS = 45_000
SERVE = "import typer; from cli.calibrate_serve import serve; typer.run(serve)"


@dataclass(slots=True)
class Served:
    """The page's own process, on a new mall: cameras hang, none is calibrated.

    Attributes:
        process: of `atrium calibrate serve`.
        url: where it answers.
        token: the installer's.
        folder: site, stills and state.
    """

    process: subprocess.Popen[str]
    url: str
    token: str
    folder: Path

    def stop(self) -> None:
        """Ends it in its own time."""
        self.process.terminate()
        self.process.wait(20)
        if self.process.stdout is not None:
            self.process.stdout.close()


def new_mall(folder: Path, cameras: tuple[str, ...], grey: tuple[str, ...]) -> None:
    """The Galleria twin without calibrations, a still of some cameras with people in it, and a grey one of others."""
    shutil.copytree(GALLERIA.parent, folder / "site")
    (folder / "site" / "g.cameras.json").unlink()
    (folder / "stills").mkdir()
    for name in grey:
        cv2.imwrite(str(folder / "stills" / f"{name}.png"), np.full((360, 640, 3), 140, np.uint8))
    world = World(load_site(GALLERIA), 3, floors=[FLOOR])
    state = world.at(MOMENT_S)[FLOOR]
    for name in cameras:
        renderer = Renderer(world.stills[FLOOR], twin_floor().cameras[name], seed=1, oversample=1)
        cv2.imwrite(str(folder / "stills" / f"{name}.png"), renderer.render(state))


def serve_page(folder: Path) -> Served:
    """Starts the page on a free port."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-c", SERVE, str(folder / "site" / "site.toml"), "--floor", FLOOR, "--port", "0"]
    command += ["--stills", str(folder / "stills"), "--state", str(folder / "state")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(2)]
    url, token = (re.search(pattern, "".join(lines)) for pattern in (r"serving (\S+)", r"token: (\S+)"))
    if not url or not token:
        process.kill()
        raise AssertionError(lines)
    return Served(process, url[1], token[1], folder)


def twin_floor() -> Floor:
    """The twin's ground floor with its true cameras."""
    return load_site(GALLERIA).floor(FLOOR)


class Installer:
    """Works on one camera through the browser, and counts every click.

    Args:
        page: a tab of the browser.
        served: the page.
        camera: the true one.
    """

    def __init__(self, page: Page, served: Served, camera: str, *, touches: bool) -> None:
        self.page, self.served, self._touches = page, served, touches
        self.floor = twin_floor()
        self.camera: Camera = self.floor.cameras[camera]
        self.clicks = 0
        page.set_default_timeout(WAIT_MS)

    def log_in(self) -> None:
        self.page.goto(self.served.url)
        self.page.fill("#token", self.served.token)
        self.page.click("form button")
        self.page.wait_for_selector(".camera")

    def tap(self, selector: str) -> None:
        self.clicks += 1
        (self.page.tap if self._touches else self.page.click)(selector)

    def choose(self) -> None:
        self.tap(f"#camera-{self.camera.name}")
        self.page.wait_for_selector("#view-picture .scene[data-ground^='/looks/']")

    def screen_point(self, side: str, at: Floats) -> tuple[float, float]:
        """CSS pixels of a place: pixels of the picture, or metres of the plan."""
        x, y = (at[0], at[1]) if side == "picture" else (at[0], self.floor.size_m[1] - at[1])
        found = self.page.evaluate(
            "([side, x, y]) => { const svg = document.querySelector(`#view-${side} .scene`);"
            "const p = new DOMPoint(x, y).matrixTransform(svg.getScreenCTM()); return [p.x, p.y]; }",
            [side, float(x), float(y)],
        )
        return found[0], found[1]

    def point(self, side: str, at: Floats) -> None:
        """One click on a place, as exact as a mouse or a finger's tip on a glass is: a CSS pixel."""
        self.clicks += 1
        x, y = self.screen_point(side, at)
        (self.page.touchscreen.tap if self._touches else self.page.mouse.click)(round(x), round(y))

    def pair(self, pixel: Floats, place: Floats) -> None:
        before = self.pairs
        self.point("picture", pixel)
        self.page.wait_for_selector("#work[data-waiting=picture]")
        self.point("plan", place)
        self.page.wait_for_function(f"document.querySelectorAll('#pairs tbody tr').length === {before + 1}")

    @property
    def pairs(self) -> int:
        return self.page.locator("#pairs tbody tr").count()

    def solved(self) -> str:
        """The verdict, once everything clicked so far is solved."""
        self.page.wait_for_selector("#finish:not([disabled])")
        return self.page.inner_text("#verdict")

    def corners(self) -> tuple[Floats, Floats]:
        """(N, 2) pixels and (N, 2) metres of the corners that the camera sees, far apart ones first."""
        floor = self.floor
        found = [ring for zone in floor.zones.values() for ring in zone.rings_m]
        found += [line.ends_m for line in floor.lines.values()] + [wall.path_m for wall in floor.walls]
        places = np.unique(np.round(np.vstack(found), 3), axis=0)
        places = places[shows_floor(self.camera, places, floor.walls)]
        pixels = self.camera.pixels_from_floor(places)
        inside = ((pixels > 4) & (pixels < np.array([self.camera.width, self.camera.height]) - 5)).all(1)
        places, pixels = places[inside], pixels[inside]
        order = [int(pixels[:, 1].argmax())]
        while len(order) < len(places):
            far = np.min([np.hypot(*(pixels - pixels[k]).T) for k in order], axis=0)
            order.append(int(far.argmax()))
        return pixels[order], places[order]

    def error_m(self, found: Camera) -> dict[str, float]:
        """Median error of a camera, metres, over what the true one sees of each zone of which it sees a tenth."""
        errors = {}
        for zone in self.floor.zones.values():
            left, low, right, high = zone.polygon.bounds
            grid = np.stack(np.meshgrid(np.arange(left + 0.1, right, 0.2), np.arange(low + 0.1, high, 0.2)), -1)
            places = grid.reshape(-1, 2)
            seen = places[shows_floor(self.camera, places, self.floor.walls)]
            if len(seen) > 0.1 * len(places):
                told = found.floor_from_pixels(self.camera.pixels_from_floor(seen))
                errors[zone.id] = float(np.median(np.hypot(*(told - seen).T)))
        assert all(math.isfinite(error) for error in errors.values())
        return errors
