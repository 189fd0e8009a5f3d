"""`atrium models`: the model shelf."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from contract.errors import BadInputError
from models.registry import DEFAULT_MODEL, SHELF, check_file, read_shelf

models = typer.Typer(
    name="models", help="The model shelf: what is on it, and whether it is intact.", no_args_is_help=True
)


@models.command("list")
def list_models(
    as_json: Annotated[bool, typer.Option("--json", help="print JSON instead of a table")] = False,
) -> None:
    """List the models on the shelf."""
    entries = read_shelf()
    if as_json:
        typer.echo(msgspec.json.encode(list(entries.values())).decode())
        return
    table = Table("model", "head", "input (px)", "size (kB)", "licence", "card")
    for entry in entries.values():
        path = SHELF / entry.file
        size = f"{path.stat().st_size / 1000:.0f}" if path.is_file() else "missing"
        name = f"{entry.name} (default)" if entry.name == DEFAULT_MODEL else entry.name
        table.add_row(name, entry.head, f"{entry.input_width}x{entry.input_height}", size, entry.licence, entry.card)
    Console().print(table)


@models.command("verify")
def verify_models(
    as_json: Annotated[bool, typer.Option("--json", help="print JSON instead of lines")] = False,
) -> None:
    """Check every model file against the registry's sha256; exit status 2 when one is missing or damaged."""
    verdicts: dict[str, str] = {}
    for entry in read_shelf().values():
        try:
            check_file(entry)
        except BadInputError as error:
            verdicts[entry.name] = str(error)
        else:
            verdicts[entry.name] = "intact"
    if as_json:
        typer.echo(msgspec.json.encode(verdicts).decode())
    else:
        for name, verdict in verdicts.items():
            typer.echo(f"{name}: {verdict}")
    if any(verdict != "intact" for verdict in verdicts.values()):
        raise typer.Exit(2)
