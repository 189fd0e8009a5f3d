"""``atrium central backup``, ``backup-key``, ``restore``: sealed copies of everything, and a central out of one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.progress import Progress

from central.config import load_config
from central.upkeep.backup import back_up
from central.upkeep.keys import make_keys
from central.upkeep.restore import restore as restore_central
from central.upkeep.standing import note_backup
from contract.times import to_rfc3339
from upkeep.sealed import read_secret

ConfigPath = Annotated[
    Path, typer.Argument(metavar="CENTRAL.toml", help="Configuration; paths in it are relative to it.")
]


def backup(
    config: ConfigPath,
    to: Annotated[Path | None, typer.Option(help="Folder for it, instead of [backup] folder.")] = None,
    keep: Annotated[int | None, typer.Option(min=1, max=400, help="Backups kept there, the newest.")] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Make a sealed backup while central runs, and see that it opens; the oldest give way."""
    with Progress(transient=True, disable=json) as progress:
        task = progress.add_task("copying", total=None)
        made = back_up(
            config,
            time.time(),
            to=to,
            keep=keep,
            on_progress=lambda done, pages: progress.update(task, completed=done, total=pages),
        )
    if json:
        told = {"path": str(made.path), "bytes": made.size, "at": to_rfc3339(made.manifest.at)}
        told |= {"rows": made.manifest.rows, "removed": [str(path) for path in made.removed]}
        typer.echo(msgspec.json.encode(told).decode())
        return
    rows, files = sum(made.manifest.rows.values()), len(made.manifest.files)
    typer.echo(f"{made.path}: {made.size / 1e6:.1f} MB, {rows} rows and {files} files, opened again and compared: good")
    for path in made.removed:
        typer.echo(f"{path.name} gave way")


def backup_key(
    config: ConfigPath,
    secret: Annotated[Path, typer.Option(help="Where the half that opens backups goes; take it off this machine.")],
) -> None:
    """Make the key pair of backups: the machine keeps the half that seals, you keep the half that opens."""
    plan = load_config(config)
    recipient = plan.backup.recipient
    name = make_keys(recipient, secret)
    note_backup(plan.database, time.time())
    typer.echo(
        f"key {name}\n"
        f"  {recipient} seals; it stays on this machine\n"
        f"  {secret} opens; copy it to two places outside this machine, print it for the safe, then delete it here.\n"
        "Without it no backup can be opened, by nobody; whoever has it can open them all."
    )


def restore(
    sealed: Annotated[Path, typer.Argument(metavar="BACKUP", help="The sealed backup.")],
    key: Annotated[Path, typer.Option(help="File with the half of the key that opens.")],
    into: Annotated[Path, typer.Option(metavar="CENTRAL.toml", help="Where; what is missing comes from the backup.")],
    without_erasures: Annotated[
        bool, typer.Option("--without-erasures", help="There is no book of erasures anywhere.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Put a destroyed central in place again, all or nothing; boxes then send what came after the backup."""
    done = restore_central(sealed, read_secret(key), into, time.time(), books=[] if without_erasures else None)
    if json:
        told = {"database": str(done.database), "backup_at": to_rfc3339(done.manifest.at), "erased": done.erased}
        told |= {"withdrawn": done.withdrawn, "replaced": [str(path) for path in done.replaced]}
        typer.echo(msgspec.json.encode(told).decode())
        return
    typer.echo(f"{done.database}: as of {to_rfc3339(done.manifest.at)}, {sum(done.manifest.rows.values())} rows")
    typer.echo(f"done again since: {done.erased} erasures, {done.withdrawn} withdrawals; everybody is logged out")
    for path in done.replaced:
        typer.echo(f"what differed is kept as {path}")
    typer.echo(
        "Start central: boxes send what came after. Then look through users, tokens and boxes' certificates: what was\n"
        "taken back after the backup is valid again."
    )
