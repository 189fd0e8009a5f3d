"""The twin's cameras as hosts of the camera LAN show them, and a hand that freezes, covers and turns them.

    python -m benchmarks.chaos.cameras SITE --out DIR --address 10.2.0.11 --cameras g_west,g_east

serves them over RTSP and takes a command a line on standard input: ``freeze`` and ``thaw`` stop the server in
mid-sentence while its connections stay; ``stall NAME`` and ``go NAME`` stop one camera's pictures alone; ``turn NAME
DEGREES`` lets the camera look elsewhere (0: as it was calibrated). It ends when its standard input does.
"""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer

from calibration.camera import Camera
from calibration.site import load_site
from simulator.clips import choose_cameras, make_renderers, quiet_threads
from simulator.encode import Encoder
from simulator.live import TRUTH_EVERY_S, rfc3339
from simulator.render import Renderer
from simulator.rtsp import RtspServer
from simulator.truth import write_truth
from simulator.world import World


class Hand:
    """What somebody does to the cameras.

    Attributes:
        stalled: cameras whose pictures stop.
        turned_deg: how far a camera looks aside.
        ended: whether it is over.
    """

    def __init__(self, server: RtspServer) -> None:
        self._server = server
        self.stalled: set[str] = set()
        self.turned_deg: dict[str, float] = {}
        self.ended = threading.Event()

    def listen(self) -> None:
        """Obey standard input until it ends."""
        for line in sys.stdin:
            match line.split():
                case ["freeze"]:
                    self._server.freeze()
                case ["thaw"]:
                    self._server.thaw()
                case ["stall", name]:
                    self.stalled.add(name)
                case ["go", name]:
                    self.stalled.discard(name)
                case ["turn", name, degrees]:
                    self.turned_deg[name] = float(degrees)
                case other:
                    print(f"no command: {other}", file=sys.stderr)
        self._server.thaw()
        self.ended.set()


class Eyes:
    """Renders what cameras see, also where they were turned; a view is made when it is first asked for."""

    def __init__(self, world: World, cameras: dict[str, tuple[str, Camera]]) -> None:
        self._world = world
        self._cameras = cameras
        self._views = {(name, 0.0): eye for name, eye in make_renderers(world, cameras).items()}

    def view(self, name: str, degrees: float) -> Renderer:
        """The renderer of a camera that was turned aside by so much."""
        key = name, degrees
        if key not in self._views:
            floor, camera = self._cameras[name]
            made = make_renderers(self._world, {name: (floor, turned(camera, degrees))})
            self._views[key] = made[name]
        return self._views[key]


def turned(camera: Camera, degrees: float) -> Camera:
    """The camera, turned aside about its own upright axis."""
    by, _ = cv2.Rodrigues(np.array([0.0, np.radians(degrees), 0.0]))
    return replace(camera, rotation=by @ camera.rotation, translation=by @ camera.translation)


def main(
    *,
    site: Annotated[Path, typer.Argument(help="site.toml with a scene.toml beside it")],
    out: Annotated[Path, typer.Option(help="folder where truth.json is kept up to date")],
    cameras: Annotated[str, typer.Option(help="names, separated by commas")],
    floor: Annotated[str, typer.Option(help="floor id")],
    address: Annotated[str, typer.Option(help="where to listen")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="TCP port")] = 554,
    fps: Annotated[float, typer.Option(help="pictures a second and camera")] = 5.0,
    people: Annotated[float, typer.Option(help="parties that arrive a minute")] = 6.0,
    seed: Annotated[int, typer.Option(help="the same seed gives the same people")] = 0,
    turns_deg: Annotated[str, typer.Option(help="NAME:DEGREES whose view is made at once")] = "",
) -> None:
    """Serves the cameras until standard input ends."""
    quiet_threads()
    world = World(load_site(site), seed, floors=[floor], people_per_minute=people)
    chosen = choose_cameras(world, cameras.split(","))
    eyes = Eyes(world, chosen)
    for name, (where, _) in chosen.items():  # compiles the kernels before time starts
        eyes.view(name, 0.0).shoot(world.at(0.0)[where])
    if turns_deg:
        name, degrees = turns_deg.split(":")
        eyes.view(name, float(degrees))
    encoders = {name: Encoder(camera.width, camera.height, fps) for name, (_, camera) in chosen.items()}
    with RtspServer(list(chosen), port=port, address=address) as server:
        hand = Hand(server)
        threading.Thread(target=hand.listen, daemon=True).start()
        print("ready", flush=True)
        start_ns, frame, written_s = time.time_ns(), 0, 0.0
        while not hand.ended.is_set():
            now_s = (time.time_ns() - start_ns) / 1e9
            if now_s < frame / fps:
                time.sleep(min(frame / fps - now_s, 0.2))
                continue
            frame = max(frame, int(now_s * fps))
            states = world.at(frame / fps)
            for name, (where, _) in chosen.items():
                if name not in hand.stalled:
                    picture = eyes.view(name, hand.turned_deg.get(name, 0.0)).render(states[where])
                    server.push(name, encoders[name].encode(picture), start_ns + round(frame / fps * 1e9))
            frame += 1
            if now_s - written_s > TRUTH_EVERY_S:
                written_s = now_s
                write_truth(out / "truth.json", world.truth(rfc3339(start_ns), fps, list(chosen)))
        write_truth(out / "truth.json", world.truth(rfc3339(start_ns), fps, list(chosen)))


if __name__ == "__main__":
    typer.run(main)
