"""`atrium models`: what is on the shelf, pulling more, and what it does on this box."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.progress import DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

from cli.model_work import AsJson, bar, bench_models, plain_table, quantize_model
from contract.errors import AtriumError, BadInputError
from models.cache import store
from models.registry import (
    DEFAULT_MODEL,
    SHELF,
    Download,
    ShelfEntry,
    check_file,
    is_whole,
    pulled,
    read_downloads,
    read_shelf,
)

models = typer.Typer(
    name="models",
    help="The model shelf: what ships, what can be pulled, and what it does on this box.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@models.command("list")
def list_models(as_json: AsJson = False) -> None:
    """List the models that ship with Atrium, that have been pulled, and that can be."""
    rows = [*map(_shipped, read_shelf().values()), *map(_pullable, read_downloads().values())]
    if as_json:
        typer.echo(msgspec.json.encode(rows).decode())
        return
    table = plain_table("model", "state", "input (px)", "size (MB)", "precision", "licence")
    for row in rows:
        size = "-" if row["size"] is None else f"{row['size'] / 1e6:.1f}"
        name = f"{row['name']} (default)" if row["name"] == DEFAULT_MODEL else row["name"]
        sides = f"{row['input_width']}x{row['input_height']}"
        table.add_row(name, row["state"], sides, size, row["precision"], row["licence"])
    console = Console()
    console.print(table)
    for row in rows:
        if row["good_for"]:
            console.print(f"{row['name']}: {row['good_for']}", highlight=False)


def _shipped(entry: ShelfEntry) -> dict[str, Any]:
    path = SHELF / entry.file
    there = path.is_file()
    size = path.stat().st_size if there else None
    return {"state": "ships" if there else "missing", "path": str(path), "size": size} | msgspec.structs.asdict(entry)


def _pullable(entry: Download) -> dict[str, Any]:
    path = pulled(entry)
    state = {"state": "to pull" if path is None else "pulled", "path": None if path is None else str(path)}
    return state | msgspec.structs.asdict(entry)


@models.command("pull")
def pull_models(
    names: Annotated[list[str], typer.Argument(help="models to pull, as `atrium models list` names them")],
    source: Annotated[
        Path | None,
        typer.Option("--from", help="folder that holds the files (or one file), for a site with no internet"),
    ] = None,
    to: Annotated[
        Path | None, typer.Option(help="folder to keep them in; default ATRIUM_MODELS, or the system's or user's own")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Bring models to this machine, checked byte by byte; an interrupted pull goes on where it was."""
    from models.pull import pull  # noqa: PLC0415 - an HTTP client loads only for this

    entries = [_download(name) for name in names]
    folder = to or store()
    found: dict[str, str] = {}
    with bar(DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()) as progress:
        for entry in entries:
            show = _shown(progress, entry)
            try:
                found[entry.name] = str(pull(entry, folder, source=source, progress=show))
            except KeyboardInterrupt:
                raise AtriumError(
                    f"{entry.name}: stopped; what has come is kept in {folder}, and the same command goes on"
                ) from None
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
        return
    for name, at in found.items():
        typer.echo(f"{name}: {at}")


def _shown(progress: Progress, entry: Download) -> Callable[[int, int], None]:
    task = progress.add_task(entry.name, total=entry.size)

    def show(have: int, _size: int) -> None:
        progress.update(task, completed=have)

    return show


def _download(name: str) -> Download:
    downloads = read_downloads()
    if name in downloads:
        return downloads[name]
    if name in read_shelf():
        raise BadInputError(f"model {name!r} ships with Atrium; nothing to pull")
    raise BadInputError(f"no model {name!r} to pull; choose of {', '.join(downloads)}")


@models.command("verify")
def verify_models(as_json: AsJson = False) -> None:
    """Check every model file present against the registry's sha256; exit status 2 when one is missing or damaged."""
    verdicts: dict[str, str] = {}
    for entry in read_shelf().values():
        try:
            check_file(entry)
        except BadInputError as error:
            verdicts[entry.name] = str(error)
        else:
            verdicts[entry.name] = "intact"
    for download in read_downloads().values():
        path = pulled(download)
        if path is not None:
            damaged = f"{path}: damaged or replaced; remove it and run: atrium models pull {download.name}"
            verdicts[download.name] = "intact" if is_whole(path, download) else damaged
    if as_json:
        typer.echo(msgspec.json.encode(verdicts).decode())
    else:
        for name, verdict in verdicts.items():
            typer.echo(f"{name}: {verdict}")
    if any(verdict != "intact" for verdict in verdicts.values()):
        raise typer.Exit(2)


models.command("bench")(bench_models)
models.command("quantize")(quantize_model)
