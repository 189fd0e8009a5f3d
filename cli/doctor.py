"""`atrium doctor`: diagnose this box or this central, each finding with the mend; pack what support needs."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from contract.errors import BadInputError
from contract.times import to_rfc3339
from upkeep.bundle import told_configuration, write_bundle
from upkeep.findings import Finding, Level, exit_status
from upkeep.rounds import DEADLINE_S, Check, make_rounds

ETC = Path("/etc/atrium")
NAMES = ("box.toml", "central.toml")
SCHEMA = "atrium.doctor.v1"
COLOURS: dict[Level, str] = {"fault": "bold red", "warning": "yellow", "unknown": "cyan", "fine": "green"}
"""Worst first, as they are shown."""
MOST_SUBJECT = 30
"""Columns of the screen for a camera's name or a path."""


class _Named(msgspec.Struct, frozen=True):
    """Of a configuration, what it is of."""

    schema: str = ""


def doctor(
    config: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="BOX.toml or CENTRAL.toml; default those in /etc/atrium")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
    bundle: Annotated[
        Path | None, typer.Option(help="write what support needs, without secrets and personal data: FILE.tar.gz")
    ] = None,
) -> None:
    """Look at everything on this box or this central and say what to mend; status 0 fine, 1 a fault, 2 bad usage."""
    configs = [config] if config is not None else [ETC / name for name in NAMES if (ETC / name).exists()]
    if not configs:
        raise BadInputError(f"{ETC}: neither box.toml nor central.toml is there; name the file")
    if missing := next((path for path in configs if not path.exists()), None):
        raise BadInputError(f"{missing}: no such file; check the path")
    began = time.monotonic()
    findings = _look([check for path in configs for check in _checks(path)])
    if as_json:
        report = {
            "schema": SCHEMA,
            "at": to_rfc3339(time.time()),
            "status": exit_status(findings),
            "findings": findings,
        }
        typer.echo(msgspec.json.encode(report).decode())
    else:
        _show(findings, time.monotonic() - began)
    if bundle is not None:
        _pack(bundle, configs, findings)
        typer.echo(f"{bundle}: written; open it and look before you send it", err=True)
    raise typer.Exit(exit_status(findings))


def _is_central(path: Path) -> bool:
    """By what the file says, else by its name."""
    try:
        schema = msgspec.toml.decode(path.read_bytes(), type=_Named).schema
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        schema = ""
    return schema.startswith("atrium.central") or (not schema and "central" in path.name.lower())


def _checks(path: Path) -> list[Check]:
    if _is_central(path):
        from central.doctor.central import central_checks  # noqa: PLC0415 - a box has no need of it

        return central_checks(path)
    from edge.doctor.box import box_checks  # noqa: PLC0415 - the runtime of models loads only for this

    return box_checks(path)


def _look(checks: Sequence[Check]) -> list[Finding]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(f"looking, at most {DEADLINE_S:.0f} s", total=len(checks))
        return make_rounds(checks, on_done=lambda _: progress.advance(task))


def _show(findings: Sequence[Finding], took_s: float) -> None:
    table = Table(box=None, pad_edge=False, show_header=False, expand=False)
    for _ in range(2):
        table.add_column(no_wrap=True)
    table.add_column(max_width=MOST_SUBJECT, overflow="fold")
    table.add_column(overflow="fold")
    for level, colour in COLOURS.items():
        for finding in (one for one in findings if one.level == level):
            said = escape(finding.said) + (f"\n[bold]->[/] {escape(finding.mend)}" if finding.mend else "")
            table.add_row(f"[{colour}]{level}[/]", finding.check, escape(finding.subject), said)
    console = Console(highlight=False)
    console.print(table)
    count = Counter(finding.level for finding in findings)
    told = ", ".join(f"{count[level]} {level}" for level in COLOURS if count[level])
    console.print(f"{told}; looked for {took_s:.1f} s")


def _pack(bundle: Path, configs: Sequence[Path], findings: Sequence[Finding]) -> None:
    configurations: dict[str, Any] = {}
    databases: dict[str, Any] = {}
    words: set[str] = set()
    for path in configs:
        if _is_central(path):
            from central.doctor import telling as of_central  # noqa: PLC0415

            configurations["central"] = told_configuration(path, of_central.told_fields())
            databases |= of_central.told_databases(path)
            words |= of_central.told_words(path)
        else:
            from edge.doctor import telling as of_box  # noqa: PLC0415

            configurations["box"] = told_configuration(path, of_box.told_fields())
            databases |= of_box.told_databases(path)
            words |= of_box.told_words(path)
    write_bundle(bundle, findings, configurations, databases, known=words)
