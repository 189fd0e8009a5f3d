"""``atrium firmware``: a host's whole configuration, rendered from its one file, compared, put in place, taken back."""

from __future__ import annotations

import os
import secrets
import select
import signal
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from contract.errors import AtriumError
from firmware_configs.activate import commands
from firmware_configs.appliance import load_host
from firmware_configs.apply import Trial, apply, differences
from firmware_configs.hardware import hardware_names, load_hardware
from firmware_configs.journal import Journal
from firmware_configs.render import manifest, render_host
from firmware_configs.tree import write_tree

firmware = typer.Typer(
    no_args_is_help=True, add_completion=False, help="A host's whole configuration: broker, clock, firewall, network."
)

HostFile = Annotated[Path, typer.Argument(metavar="BOX.toml|CENTRAL.toml", help="The file that describes the host.")]
Root = Annotated[Path, typer.Option(help="Root of the host's file system, as that of a disk mounted elsewhere.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


@firmware.command()
def render(
    config: HostFile, out: Annotated[Path, typer.Option(help="A new folder: DIR/etc/... and DIR/manifest.json.")]
) -> None:
    """Write the whole configuration into a folder, to look at. The same file gives the same bytes."""
    host = load_host(config)
    files = render_host(host)
    write_tree(files, manifest(host, files), out)
    typer.echo(f"{len(files)} files in {out}")


@firmware.command()
def diff(config: HostFile, root: Root = Path("/")) -> None:
    """Show how this host is not as it would be rendered. Exit status 1 where it is not."""
    lines = differences(load_host(config), root)
    for line in lines:
        typer.echo(line)
    if lines:
        raise typer.Exit(1)


@firmware.command(name="apply")
def put(
    config: HostFile,
    root: Root = Path("/"),
    restart: Annotated[bool, typer.Option(help="Make the host go by it now; else what to run is printed.")] = False,
    health: Annotated[str, typer.Option(help="Command that has to succeed then, or the old files come back.")] = "",
    confirm_within: Annotated[
        float | None,
        typer.Option(min=5, max=3600, help="Seconds in which to press Enter, or to run `atrium firmware confirm`."),
    ] = None,
) -> None:
    """Put the whole configuration in place, all or nothing, each file read by its own program first. Needs root.

    --health and --confirm-within want --restart.
    """
    _need_root()
    if (health or confirm_within is not None) and not restart:
        raise typer.BadParameter("--health and --confirm-within try what --restart starts; add it")
    if restart and root.resolve() != Path("/"):
        raise typer.BadParameter("--restart is for this host; leave --root out")
    # A change of the network may end the very session that made it; the time to confirm runs on.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    found = apply(load_host(config), root, secrets.token_bytes, Trial(restart, health, confirm_within, _ask, _entered))
    for one in found.checked:
        if one.outcome == "unchecked":
            typer.echo(f"not checked: {one.path} ({one.said})", err=True)
    for path in found.changed:
        typer.echo(path)
    if found.number is None:
        typer.echo("everything is in place already")
    else:
        typer.echo(f"change {found.number}; take it back with: atrium firmware rollback")
    if not restart:
        _say_commands(found.commands)


@firmware.command()
def confirm(root: Root = Path("/")) -> None:
    """Say that the host is still reached: what `apply --confirm-within` waits for."""
    _need_root()
    Journal(root).confirm()


@firmware.command()
def recover(root: Root = Path("/")) -> None:
    """Take back a change that was cut short or never confirmed. Runs by itself at each start of the host."""
    _need_root()
    journal = Journal(root)
    with journal.held():
        for path in journal.recover():
            typer.echo(f"as before: {path}")


@firmware.command()
def rollback(
    root: Root = Path("/"),
    force: Annotated[bool, typer.Option(help="Also where files were edited since; the edits are lost.")] = False,
) -> None:
    """Take the latest change back; again for the one before it. Needs root."""
    _need_root()
    journal = Journal(root)
    with journal.held():
        journal.recover()
        if (edited := journal.edited()) and not force:
            raise AtriumError(f"edited since: {', '.join(edited)}; keep a copy of what you need, then add --force")
        paths = journal.roll_back()
    for path in paths:
        typer.echo(f"as before: {path}")
    _say_commands(commands(paths))


@firmware.command()
def profiles(json: AsJson = False) -> None:
    """Name the hardware profiles."""
    found = {name: load_hardware(name) for name in hardware_names()}
    if json:
        typer.echo(msgspec.json.encode(found).decode())
        return
    for name, profile in found.items():
        seen = "" if profile.seen_running else "; from documents, never run on one"
        typer.echo(f"{name}: {profile.title}, {profile.architecture}{seen}")


def _say_commands(lines: tuple[str, ...]) -> None:
    if lines:
        typer.echo("then run, as root:")
    for line in lines:
        typer.echo(f"  {line}")


def _need_root() -> None:
    if os.geteuid() != 0:
        raise AtriumError("files of the system belong to root; run it with sudo")


def _ask(seconds: float) -> None:
    typer.echo(f"still there? press Enter within {seconds:g} s, or run: atrium firmware confirm", err=True)


def _entered() -> bool:
    """Whether a line came from the terminal; a stdin that is closed says nothing."""
    if not select.select([sys.stdin], [], [], 0)[0]:
        return False
    return sys.stdin.readline() != ""
