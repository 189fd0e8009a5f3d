"""`atrium edge`: one floor's box."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy loads: the box's cores belong to its cameras

import signal
import threading
from pathlib import Path
from typing import Annotated

import cv2
import typer

from edge.app import run_box
from edge.box import load_box

edge = typer.Typer(name="edge", help="One floor's box.", no_args_is_help=True)


@edge.callback()
def _root() -> None:
    """One floor's box."""


@edge.command("run")
def run(
    config: Annotated[Path, typer.Argument(metavar="BOX.toml", help="the box's configuration")],
    wait_s: Annotated[
        float, typer.Option("--wait", help="at the end of recordings, wait so long for central to have it all (s)")
    ] = 60.0,
) -> None:
    """Watch a floor until stopped (SIGTERM, Ctrl-C), or until its recordings are through."""
    cv2.setNumThreads(1)
    box = load_box(config)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    def tell(line: str) -> None:
        typer.echo(f"{box.id}: {line}", err=True)

    outcome = run_box(box, stop, tell, wait_s=wait_s)
    if outcome.unacknowledged:
        tell(f"{outcome.unacknowledged} events are not at central yet; they stay in {box.state_dir}")
        if outcome.ended:
            raise typer.Exit(1)
    elif outcome.ended:
        tell(f"recordings are through: {outcome.events} events, all of them at central")
