"""``atrium members``: keep central's members fresh from a customer system's table."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from central.members.importing import Central, Report, find_missing, send, withdraw_missing
from central.members.mapping import load_mapping
from central.members.reading import Reader
from central.members.table import open_table
from contract.errors import BadInputError
from contract.files import read_bytes

members = typer.Typer(no_args_is_help=True, help="The mall's members.")
SHOWN = 20


@members.callback()
def _root() -> None:
    """The mall's members."""


@members.command("import")
def import_members(
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="The table; its first line has the titles.")],
    mapping: Annotated[Path, typer.Option(help="MAPPING.toml: which column is what; see docs/members.md.")],
    central: Annotated[str, typer.Option(help="Where central answers, as https://central.mall.example.")],
    token_file: Annotated[Path, typer.Option(help="File with an admin token, confined with --scope members.")],
    ca: Annotated[Path | None, typer.Option(help="Certificate authority of central's address.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    withdraw_missing_consents: Annotated[
        bool,
        typer.Option("--withdraw-missing-consents", help="Members who are not in the table agree to nothing any more."),
    ] = False,
    most_missing: Annotated[
        float, typer.Option(min=0, max=100, help="Percent of all members; where more are missing, none is withdrawn.")
    ] = 5.0,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Create and change members by a CSV file; good rows go in, bad ones are named by line and column.

    The same file a second time changes nothing. Exit status 2 where a row was wrong.
    """
    rules = load_mapping(mapping)
    table = open_table(file, rules.titles, rules.encoding, rules.delimiter)
    caller = Central(central, read_bytes(token_file).decode().strip(), None if ca is None else str(ca))
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
            task = bar.add_task("members", total=max(table.count, 1))
            report, named = send(
                table,
                Reader(rules, time.time()),
                caller,
                dry_run=dry_run,
                told=lambda line: bar.update(task, completed=line),
            )
        missing = find_missing(report, named, caller)
        if withdraw_missing_consents:
            _refuse_to_withdraw(file, report, named, most_missing)
            withdraw_missing(report, missing, caller, dry_run=dry_run)
    finally:
        caller.close()
        if "report" in locals():
            typer.echo(msgspec.json.encode(report).decode() if as_json else _told(report, dry_run=dry_run))
    lines = {fault.line for fault in report.faults}
    if lines:
        raise BadInputError(f"{file}: {len(lines)} rows were not taken, or not whole; correct them and run it again")


def _refuse_to_withdraw(file: Path, report: Report, named: set[str], most_percent: float) -> None:
    """Raises a BadInputError where so many are missing that the table may be cut short."""
    if not report.is_whole:
        raise BadInputError(f"{file}: could not be read to its end, so nobody's consent was withdrawn; correct it")
    share = 100 * len(report.missing) / max(len(report.missing) + len(named), 1)
    if share > most_percent:
        raise BadInputError(
            f"{file}: {share:.1f} % of all members are missing, so nobody's consent was withdrawn; "
            f"if that is right, say --most-missing {share + 1:.0f}"
        )


def _told(report: Report, *, dry_run: bool) -> str:
    lines = [str(fault) for fault in report.faults[:SHOWN]]
    if len(report.faults) > SHOWN:
        lines.append(f"... and {len(report.faults) - SHOWN} more; --json tells all")
    lines.append(
        f"{'would be ' if dry_run else ''}created {report.created}, changed {report.changed}, "
        f"unchanged {report.unchanged}, refused {report.refused} of {report.rows} rows ({report.encoding})"
    )
    if report.missing:
        lines.append(f"{len(report.missing)} members are not in the table; consents withdrawn of {report.withdrawn}")
    return "\n".join(lines)
