"""The twin live: cameras over RTSP, people in wall-clock time, truth for whoever asks."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from simulator.clips import choose_cameras, make_renderers
from simulator.encode import Encoder
from simulator.rtsp import RtspServer
from simulator.truth import Checkin, Sale, write_positions, write_truth
from simulator.world import World

TRUTH_EVERY_S = 5.0
"""How often ``truth.json`` is brought up to date."""


def rfc3339(unix_ns: int) -> str:
    """A moment of Unix time as RFC 3339 with milliseconds."""
    return datetime.fromtimestamp(unix_ns / 1e9, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class LiveTwin:
    """Cameras of a world being shown over RTSP, and how far its truth has been told.

    Args:
        world: at time 0.
        fps: pictures a second and camera.
        cameras: names, all of the world's floors where None.
        out: folder where ``truth.json`` is kept up to date, with ``positions.csv`` at the end; None for no truth.
    """

    def __init__(self, world: World, fps: float, cameras: Sequence[str] | None, out: Path | None) -> None:
        self.chosen = choose_cameras(world, cameras)
        self._world, self._fps, self._out = world, fps, out
        self._renderers = make_renderers(world, self.chosen)
        self._encoders = {n: Encoder(camera.width, camera.height, fps) for n, (_, camera) in self.chosen.items()}
        self._told, self._told_sales, self._written_s = 0, 0, 0.0
        for name, (floor, _) in self.chosen.items():  # compiles the kernels before time starts
            self._renderers[name].shoot(world.at(0.0)[floor])

    def show(self, server: RtspServer, moment_s: float, captured_ns: int) -> None:
        """Every camera's picture of a moment of the world, as captured at a Unix time."""
        states = self._world.at(moment_s)
        for name, (floor, _) in self.chosen.items():
            server.push(name, self._encoders[name].encode(self._renderers[name].render(states[floor])), captured_ns)

    def checkins(self) -> list[Checkin]:
        """Check-ins since the last call."""
        found = self._world.recorder.checkins[self._told :]
        self._told += len(found)
        return found

    def sales(self) -> list[Sale]:
        """Sales since the last call."""
        found = self._world.recorder.sales[self._told_sales :]
        self._told_sales += len(found)
        return found

    def write_truth(self, start: str, now_s: float, *, last: bool = False) -> None:
        """Bring ``truth.json`` up to date when it is due, and write the positions at the end."""
        if self._out is None or not (last or now_s - self._written_s > TRUTH_EVERY_S):
            return
        self._written_s = now_s
        write_truth(self._out / "truth.json", self._world.truth(start, self._fps, list(self.chosen)))
        if last:
            write_positions(self._out / "positions.csv", self._world.positions)


def serve_live(
    world: World,
    *,
    fps: float,
    cameras: Sequence[str] | None = None,
    port: int = 8554,
    out: Path | None = None,
    seconds: float | None = None,
    stopping: Callable[[], bool] = lambda: False,
    opened: Callable[[], bool] = lambda: True,
    ready: Callable[[dict[str, str]], None] = lambda _urls: None,
    on_checkin: Callable[[Checkin, str], None] = lambda _checkin, _at: None,
    on_sale: Callable[[Sale, str], None] = lambda _sale, _at: None,
) -> str:
    """Serves the cameras until ``seconds`` have passed or ``stopping()``; returns the start as RFC 3339.

    Simulated time is wall-clock time since the doors opened; until then the cameras show the first moment. Where
    rendering falls behind, moments are left out; those that are shown carry their true time in RTCP sender reports.

    Args:
        world: at time 0.
        fps: pictures a second and camera.
        cameras: names, all of the world's floors by default.
        port: of the RTSP server, 0 for a free one.
        out: folder where ``truth.json`` is kept up to date, with ``positions.csv`` at the end.
        seconds: how long; None for ever.
        stopping: asked between pictures.
        opened: asked between pictures until it is true: the doors open, and time starts.
        ready: called once with every camera's URL.
        on_checkin: called with every check-in and its time (RFC 3339).
        on_sale: called with every sale and its time.
    """
    twin = LiveTwin(world, fps, cameras, out)
    with RtspServer(list(twin.chosen), port=port) as server:
        ready({name: server.url(name) for name in twin.chosen})
        while not opened() and not stopping():
            twin.show(server, 0.0, time.time_ns())
            time.sleep(1 / fps)
        start_ns = time.time_ns()
        start = rfc3339(start_ns)
        frame, now_s = 0, 0.0
        try:
            while not stopping() and (seconds is None or now_s < seconds):
                now_s = (time.time_ns() - start_ns) / 1e9
                if now_s < frame / fps:
                    time.sleep(min(frame / fps - now_s, 0.2))
                    continue
                frame = max(frame, int(now_s * fps))
                twin.show(server, frame / fps, start_ns + round(frame / fps * 1e9))
                frame += 1
                for one in twin.checkins():
                    on_checkin(one, rfc3339(start_ns + round(one.at_s * 1e9)))
                for sale in twin.sales():
                    on_sale(sale, rfc3339(start_ns + round(sale.at_s * 1e9)))
                twin.write_truth(start, now_s)
        finally:
            twin.write_truth(start, now_s, last=True)
        for name in twin.chosen:
            server.end(name)
    return start
