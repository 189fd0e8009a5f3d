"""How long `atrium edge run` takes to its first analysed picture, in a process of its own, and what it waits for.

The benchmark `start` runs it on a real RTSP stream and a real broker. As a program it is that process: it notes moments
of the box and stops it after its first picture.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import runpy
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract.errors import AtriumError

ROOT = Path(__file__).resolve().parent.parent
LONGEST_S = 600.0
"""Compiling everything on a busy machine included."""
CAMERA = "cam"
IMPORTED, LOADED, REHEARSED = "imported", "model loaded", "floor rehearsed"
DIALLED, CONNECTED, SHOWN, ANALYSED = "cameras dialled", "camera connected", "picture decoded", "picture analysed"
BROKER = "broker connected"
MOMENTS = (IMPORTED, LOADED, REHEARSED, BROKER, DIALLED, CONNECTED, SHOWN, ANALYSED)
"""What is noted, seconds after the process was begun."""


@dataclass(frozen=True, slots=True)
class FirstPicture:
    """Medians over some starts.

    Attributes:
        moments_s: seconds from the start of the process, by moment; a broker that answers after the first picture is
            left out.
        spent_s: processor seconds until then, of all threads, by moment.
        wall_s: to the first analysed picture.
        waited_s: of these, those in which the box was ready and waited for the camera alone.
        own_s: the rest.
    """

    moments_s: dict[str, float]
    spent_s: dict[str, float]
    wall_s: float
    waited_s: float
    own_s: float


def first_picture(folder: Path, rounds: int) -> FirstPicture:
    """Starts a box so often, after once that compiles, on a camera that sends a key picture every second.

    Args:
        folder: holds `cameras.json` with one camera, `cam`; takes the rest.
        rounds: so many starts count.

    Raises:
        AtriumError: without GStreamer's RTSP server, without mosquitto, or where the box ends without a picture.
    """
    with _mall(folder) as config:
        every = [_start(config) for _ in range(rounds + 1)][1:]
    noted = [what for what in MOMENTS if all(what in each for each in every)]
    moments, spent = ({what: statistics.median(each[what][k] for each in every) for what in noted} for k in range(2))
    at = [{what: each[what][0] for what in noted} for each in every]
    waited = [max(0.0, each[SHOWN] - max(each[LOADED], each[REHEARSED], each[DIALLED])) for each in at]
    walls = [each[ANALYSED] for each in at]
    own = [wall - waiting for wall, waiting in zip(walls, waited, strict=True)]
    return FirstPicture(moments, spent, *(statistics.median(each) for each in (walls, waited, own)))


@contextlib.contextmanager
def _mall(folder: Path) -> Iterator[Path]:
    """BOX.toml of a floor with one camera, which is on, and a broker, which answers."""
    from benchmarks.central.mall import PASSWORD, USERNAME, free_port, mosquitto  # noqa: PLC0415 - not in the box
    from simulator.serve import serving  # noqa: PLC0415

    (folder / "password").write_text(PASSWORD + "\n", encoding="utf-8")
    (folder / "password").chmod(0o600)
    (folder / "floor.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": []}), encoding="utf-8")
    (folder / "site.toml").write_text(
        'schema = "atrium.site.v1"\nid = "mall"\n[[floors]]\nid = "ground"\nsize_m = [20.0, 16.0]\n'
        'geometry = "floor.geojson"\ncameras = "cameras.json"\n',
        encoding="utf-8",
    )
    port = free_port()
    broker = mosquitto(folder, port)
    try:
        with serving(pattern=CAMERA) as server:
            (folder / "box.toml").write_text(
                'schema = "atrium.box.v1"\nid = "box-1"\nsite = "site.toml"\nfloor = "ground"\nstate_dir = "state"\n'
                f'fps = 8.0\n[mqtt]\nhost = "127.0.0.1"\nport = {port}\nusername = "{USERNAME}"\n'
                f'password_file = "{folder / "password"}"\n'
                f'[[cameras]]\nname = "{CAMERA}"\nurl = "{server.url(CAMERA)}"\n',
                encoding="utf-8",
            )
            yield folder / "box.toml"
    finally:
        broker.running.terminate()
        broker.running.wait()


def _start(config: Path) -> dict[str, tuple[float, float]]:
    """The moments of one start, and the processor seconds until then."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.first_picture", str(config), repr(time.monotonic())],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_S,
    )
    lines = done.stdout.splitlines()
    if not lines:
        raise AtriumError(f"the box ended without a picture: {done.stderr.strip()[-800:]}")
    return {what: (at_s, spent_s) for what, (at_s, spent_s) in json.loads(lines[-1]).items()}


class _Notes:
    """Moments of a start, seconds since it began and processor seconds until then; the first of each counts."""

    def __init__(self, began_mono: float) -> None:
        self._began_mono = began_mono
        self.taken: dict[str, tuple[float, float]] = {}

    def take(self, what: str) -> None:
        self.taken.setdefault(what, (time.monotonic() - self._began_mono, time.process_time()))

    def follow(self, owner: Any, name: str, what: str, *, before: bool = False) -> None:
        """Notes when a function of a module or class is called, or has done its work."""
        whole: Callable[..., Any] = getattr(owner, name)

        @functools.wraps(whole)
        def noted(*given: Any, **named: Any) -> Any:
            if before:
                self.take(what)
            found = whole(*given, **named)
            self.take(what)
            return found

        setattr(owner, name, noted)


def _run_box(config: Path, began_mono: float) -> None:
    """Runs a box to its first picture, and prints the moments."""
    notes = _Notes(began_mono)
    from edge import app  # noqa: PLC0415 - what importing takes is measured
    from edge.capture import live  # noqa: PLC0415
    from edge.detect.stage import DetectStage  # noqa: PLC0415
    from edge.publish.link import Link  # noqa: PLC0415

    notes.take(IMPORTED)
    notes.follow(app, "_detect_stage", LOADED)
    notes.follow(app, "rehearse", REHEARSED)
    notes.follow(Link, "_on_connect", BROKER)
    notes.follow(live.LiveCamera, "start", DIALLED, before=True)
    notes.follow(live, "connect", CONNECTED)
    notes.follow(live.LiveCamera, "_take", SHOWN)
    look = DetectStage.update

    def update(stage: Any, now: float, frames: Any, *given: Any, **named: Any) -> Any:
        found = look(stage, now, frames, *given, **named)
        is_real = any(frame.camera == CAMERA for frame in frames)  # no rehearsal
        if is_real and stage.analysed and ANALYSED not in notes.taken:
            notes.take(ANALYSED)
            os.kill(os.getpid(), signal.SIGTERM)
        return found

    DetectStage.update = update  # type: ignore[method-assign, assignment]
    sys.argv = ["atrium", "edge", "run", str(config)]
    with contextlib.suppress(SystemExit):
        runpy.run_module("cli.main", run_name="__main__")
    print(json.dumps(notes.taken))


if __name__ == "__main__":
    _run_box(Path(sys.argv[1]), float(sys.argv[2]))
