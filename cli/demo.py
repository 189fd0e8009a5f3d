"""`atrium demo`: a whole mall on this machine, ended with a summary against the simulator's truth."""

from __future__ import annotations

import contextlib
import re
import secrets
import signal
import sys
import tempfile
import time
import webbrowser
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from calibration.site import load_site
from central.store.store import Store
from cli.demo_mall import FLOOR, GALLERIA, DemoMall, Worker, free_port
from cli.demo_report import Summary, as_json, read_truth, show, summarise
from cli.demo_till import DemoTill
from contract.times import from_rfc3339, to_rfc3339

CAMERA_FPS = 10.0
SETTLE_S = 4.0
"""Left after the last picture for its events to reach central."""
TAIL_S = 2.0
"""People walk on for so long after the count: a crossing is certain only when nobody has come back."""
LAST_MOMENTS_S = 2.0
"""So short before the end the simulator may end by itself."""
WORDING = "2026-05"
PAYS = re.compile(rb"^pays (\S+) (\S+) person \d+ at tasca$", re.MULTILINE)
CHECKIN = re.compile(rb"^check-in (\S+) (\S+) person \d+ at \S+ (\S+) (\S+)$", re.MULTILINE)


def demo(
    seconds: Annotated[
        float | None, typer.Option(help="end by itself after so many seconds of opened doors", min=5)
    ] = None,
    headless: Annotated[bool, typer.Option("--headless", help="open no browser")] = False,
    seed: Annotated[int, typer.Option(help="of the simulator: the same seed, the same people", min=0)] = 7,
    people: Annotated[float, typer.Option(help="parties that walk in a minute", min=0.5, max=20)] = 4.0,
    port: Annotated[int | None, typer.Option(help="of the pages (TCP); a free one by default")] = None,
    folder: Annotated[Path | None, typer.Option(help="keep all files here; a temporary folder by default")] = None,
    json: Annotated[bool, typer.Option("--json", help="end with the summary as one JSON object")] = False,
) -> None:
    """Run simulator, broker, one box, central and pages; Ctrl-C or --seconds ends with a summary against the truth.

    Exit status 0 when crossings are within 5 %, dwell within 3 s, no event is missing and an offer was made; else 1.
    """
    console = Console(stderr=json)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # through the stack, which ends the others
    with contextlib.ExitStack() as stack:
        place = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="atrium-demo-")))
        place.mkdir(parents=True, exist_ok=True)
        mall = stack.enter_context(DemoMall(place.resolve(), seed, people, port or free_port()))
        summary = _run(mall, seconds, console, show_pages=not headless and seconds is None)
    show(summary, console)
    if json:
        typer.echo(as_json(summary))
    if summary.shortfalls:
        raise typer.Exit(1)


def _run(mall: DemoMall, seconds: float | None, console: Console, *, show_pages: bool) -> Summary:
    cameras = list(load_site(GALLERIA / "site.toml").floor(FLOOR).cameras)
    mall.write_files(time.time(), cameras)
    console.print(f"starting a mall of {len(cameras)} cameras; files and logs in {mall.folder}", highlight=False)
    mall.start_broker()
    central = mall.atrium("central", "central", "serve", str(mall.folder / "CENTRAL.toml"))
    doors = mall.folder / "doors-open"
    doors.unlink(missing_ok=True)  # of an earlier demo in the same folder
    simulator = mall.atrium(
        *(
            "simulator",
            "simulate",
            str(mall.site_path),
            "--rtsp",
            "--floor",
            FLOOR,
            "--out",
            str(mall.truth_path.parent),
        ),
        *("--port", str(mall.rtsp_port), "--fps", str(CAMERA_FPS), "--seed", str(mall.seed), "--doors", str(doors)),
        *("--people", str(mall.people)),
        *(("--seconds", str(seconds + TAIL_S)) if seconds else ()),
    )
    mall.wait_for(simulator, lambda: b"rtsp://" in simulator.log.read_bytes())
    mall.wait_for(central, lambda: mall.get("/v1/boxes") is not None)
    box = mall.atrium("box", "edge", "run", str(mall.folder / "BOX.toml"))
    mall.wait_for(box, lambda: _cameras_online(mall) == len(cameras))
    start_s = time.time()
    doors.touch()
    console.print(f"doors open. Pages: {mall.url}  token: {mall.token}", highlight=False)
    if show_pages:
        webbrowser.open(mall.url)
    till = DemoTill(mall)
    with contextlib.suppress(KeyboardInterrupt):
        _watch(mall, simulator, till, seconds, console)
    end_s = min(time.time(), start_s + seconds) if seconds else time.time()
    mall.stop(simulator)
    time.sleep(SETTLE_S)
    mall.stop(box)
    mall.stop(central)
    with contextlib.closing(Store(mall.database, load_site(mall.site_path).id)) as store:
        truth = read_truth(mall.truth_path)
        return summarise(truth, store, FLOOR, from_rfc3339(truth.start), end_s, redeemed=till.redeemed)


def _watch(mall: DemoMall, simulator: Worker, till: DemoTill, seconds: float | None, console: Console) -> None:
    """Let time pass; check members in, and let them pay, where the simulator says so."""
    whole_s = seconds + TAIL_S if seconds else None
    deadline = time.monotonic() + (whole_s or float("inf"))
    told: set[tuple[str, str]] = set()
    paid: set[tuple[str, str]] = set()
    with Progress(console=console, transient=True, disable=whole_s is None) as progress:
        task = progress.add_task("people walk", total=whole_s)
        while (left := deadline - time.monotonic()) > 0:
            time.sleep(min(0.5, left))
            progress.update(task, completed=(whole_s or 0) - max(0.0, left))
            for at, member, x, y in _checkins(simulator):
                if (at, member) not in told:
                    told.add((at, member))
                    _check_in(mall, member, at, x, y)
            sales = [one for one in _sales(simulator) if one not in paid]
            paid.update(sales)
            till.look(sales)
            if left > LAST_MOMENTS_S:
                mall.check()


def _checkins(simulator: Worker) -> list[tuple[str, str, float, float]]:
    found = CHECKIN.findall(simulator.log.read_bytes())
    return [(at.decode(), member.decode(), float(x), float(y)) for at, member, x, y in found]


def _sales(simulator: Worker) -> list[tuple[str, str]]:
    return [(at.decode(), member.decode()) for at, member in PAYS.findall(simulator.log.read_bytes())]


def _check_in(mall: DemoMall, member: str, at: str, x_m: float, y_m: float) -> None:
    """What the mall's kiosk, which knows its place, does: the member agrees on the screen, then shows the card."""
    consents = [
        {
            "purpose": purpose,
            "given_at": to_rfc3339(from_rfc3339(at) - 1),
            "wording_version": WORDING,
            "source": "kiosk",
        }
        for purpose in ("journey", "offers")
    ]
    mall.ask("PUT", f"/v1/members/{member}", {"tier": "demo", "channels": ["app"], "consents": consents})
    touchpoint = {"kind": "checkin", "member": member, "floor": FLOOR, "x": x_m, "y": y_m, "at": at}
    mall.ask("POST", "/v1/touchpoints", touchpoint | {"id": secrets.token_hex(12)})


def _cameras_online(mall: DemoMall) -> int:
    report = mall.get("/v1/boxes")
    boxes = report["boxes"] if report else []
    return sum(camera["state"] == "online" for box in boxes for camera in box["cameras"])
