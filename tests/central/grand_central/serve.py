"""Leaves a central running to which the hall was told: ``python -m tests.central.grand_central.serve``, for its pages.

Its clock stands at the end of what was told, so that the last moment stays the present.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from central.api.application import build_api
from central.app import listen
from central.pages.mount import mount_pages
from tests.broker import MosquittoBroker
from tests.central.grand_central.drive import played
from tests.central.grand_central.truth import read_tracks
from tests.shared_data import SHARED

FILE = SHARED / "paths" / "grand_central" / "first_half.csv"


def main(
    until_s: Annotated[float, typer.Option(help="Seconds of the file to play.")] = 900.0,
    speed: Annotated[float, typer.Option(help="At most so many times as fast as it was.")] = 40.0,
    port: Annotated[int, typer.Option(help="Where the pages are served; 0 takes a free port.")] = 0,
    file: Annotated[Path, typer.Option(help="Columns t_seconds, id, x, y.")] = FILE,
) -> None:
    """Plays, then prints the address and a manager's token, and serves until Ctrl-C."""
    with (
        tempfile.TemporaryDirectory() as folder,
        MosquittoBroker(Path(folder) / "broker") as broker,
        played(Path(folder) / "central", broker, read_tracks(file, until_s), speed) as hall,
        listen("127.0.0.1", port) as listener,
    ):
        app = build_api(hall.services)
        mount_pages(app, hall.services)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        app.state.is_ending = lambda: server.should_exit
        typer.echo(f"http://127.0.0.1:{listener.getsockname()[1]}/floor/hall")
        typer.echo(f"token {hall.mall.tokens['manager']}")
        server.run(sockets=[listener])


if __name__ == "__main__":
    typer.run(main)
