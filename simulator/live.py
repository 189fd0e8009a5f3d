"""The twin live: cameras over RTSP, people in wall-clock time, truth for whoever asks."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from simulator.clips import choose_cameras, make_renderers
from simulator.encode import Encoder
from simulator.rtsp import RtspServer
from simulator.truth import write_positions, write_truth
from simulator.world import World

TRUTH_EVERY_S = 5.0
"""How often ``truth.json`` is brought up to date."""


def rfc3339(unix_ns: int) -> str:
    """A moment of Unix time as RFC 3339 with milliseconds."""
    return datetime.fromtimestamp(unix_ns / 1e9, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


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
    on_checkin: Callable[[str, int, str, str], None] = lambda _member, _person, _zone, _at: None,
) -> str:
    """Serves the cameras until ``seconds`` have passed or ``stopping()``; returns the start as RFC 3339.

    Simulated time is wall-clock time since the doors opened; until then the cameras show the first moment. Where rendering falls behind, moments are left out; those that are
    shown carry their true time in RTCP sender reports.

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
        on_checkin: called with member, person, zone and time (RFC 3339) of every check-in.
    """
    chosen = choose_cameras(world, cameras)
    renderers = make_renderers(world, chosen)
    encoders = {name: Encoder(camera.width, camera.height, fps) for name, (_, camera) in chosen.items()}
    for name, (floor, _) in chosen.items():  # compiles the kernels before time starts
        renderers[name].shoot(world.at(0.0)[floor])
    with RtspServer(list(chosen), port=port) as server:
        ready({name: server.url(name) for name in chosen})

        def show(moment_s: float, captured_ns: int) -> None:
            states = world.at(moment_s)
            for name, (floor, _) in chosen.items():
                server.push(name, encoders[name].encode(renderers[name].render(states[floor])), captured_ns)

        while not opened() and not stopping():
            show(0.0, time.time_ns())
            time.sleep(1 / fps)
        start_ns = time.time_ns()
        start = rfc3339(start_ns)
        frame, told, written_s = 0, 0, 0.0
        try:
            while not stopping():
                now_s = (time.time_ns() - start_ns) / 1e9
                if seconds is not None and now_s >= seconds:
                    break
                due_s = frame / fps
                if now_s < due_s:
                    time.sleep(min(due_s - now_s, 0.2))
                    continue
                frame = max(frame, int(now_s * fps))
                moment_s = frame / fps
                show(moment_s, start_ns + round(moment_s * 1e9))
                frame += 1
                for checkin in world.recorder.checkins[told:]:
                    on_checkin(
                        checkin.member, checkin.person, checkin.zone, rfc3339(start_ns + round(checkin.at_s * 1e9))
                    )
                told = len(world.recorder.checkins)
                if out is not None and now_s - written_s > TRUTH_EVERY_S:
                    written_s = now_s
                    write_truth(out / "truth.json", world.truth(start, fps, list(chosen)))
        finally:
            if out is not None:
                write_truth(out / "truth.json", world.truth(start, fps, list(chosen)))
                write_positions(out / "positions.csv", world.positions)
        for name in chosen:
            server.end(name)
    return start
