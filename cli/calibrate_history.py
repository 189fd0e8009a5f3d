"""`atrium calibrate history` and `atrium calibrate rollback`: earlier calibrations of a floor, and back to one."""

from __future__ import annotations

import getpass
import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape

from calibration.site import cameras_path
from calibration.versions.store import Calibrations, Version
from cli.model_work import AsJson, plain_table

SITE = Annotated[Path, typer.Argument(metavar="SITE.toml", help="the site")]
FLOOR = Annotated[str, typer.Option(help="the floor's id")]


def history(site: SITE, floor: FLOOR, as_json: AsJson = False) -> None:
    """List the versions of a floor's calibration, oldest first; the last 100 are kept."""
    path = cameras_path(site, floor)
    versions = Calibrations(path).history()
    if as_json:
        typer.echo(msgspec.json.encode(versions).decode())
        return
    if not versions:
        typer.echo(f"{path}: no history yet; it begins when a camera is calibrated")
        return
    table = plain_table("version", "", "calibration", "made at (UTC)")
    table.add_column("why (by whom)", overflow="fold")
    for one in versions:
        why = escape(f"{one.why} ({one.who})" if one.who else one.why)
        moment = one.at[:19].replace("T", " ")
        table.add_row(str(one.number), "in force" if one.is_in_force else "", one.hash or "none", moment, why)
    Console().print(table)


def rollback(
    site: SITE,
    version: Annotated[
        int, typer.Argument(metavar="VERSION", help="its number, as `atrium calibrate history` lists it")
    ],
    floor: FLOOR,
    who: Annotated[str, typer.Option("--by", help="who does it, for the history; default: your login")] = "",
    as_json: AsJson = False,
) -> None:
    """Put an earlier version of a floor's calibration in force again, as a new version."""
    path = cameras_path(site, floor)
    made: Version = Calibrations(path).roll_back(version, time.time(), who or login())
    if as_json:
        typer.echo(msgspec.json.encode(made).decode())
        return
    typer.echo(f"{path}: version {made.number} is version {version} again (calibration {made.hash or 'none'})")
    typer.echo("restart the floor's box to run on it; run atrium calibrate check for its certificate")


def login() -> str:
    """Who is at the keyboard, for the history."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in containers
        return ""
