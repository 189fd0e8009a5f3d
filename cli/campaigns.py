"""``atrium campaigns``: write campaigns and know that they are right before anybody is bothered."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from calibration.site import Site, load_site
from central.offers.book import categories_of
from central.offers.campaigns import Categories
from central.offers.lint import errors, lint
from central.offers.schema import schema_text
from central.offers.templates import SUMMARIES, template
from cli.campaigns_rehearse import rehearse
from contract.errors import BadInputError
from contract.files import read_bytes

campaigns = typer.Typer(no_args_is_help=True, help="Campaigns and coupon pools: templates, linter, schema.")

campaigns.command()(rehearse)

SAMPLE_SITE = Categories({("g", "hall"): "", ("g", "shop"): "fashion", ("g", "cafe"): "dining"}, {})
SitePath = Annotated[
    Path | None, typer.Option("--site", metavar="SITE.toml", help="The site whose zones and categories are named.")
]


@campaigns.command("lint")
def lint_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The campaigns file.")],
    site: SitePath = None,
    json: Annotated[bool, typer.Option("--json", help="The findings as JSON.")] = False,
) -> None:
    """Say all that is wrong with a file, as FILE:LINE:COLUMN field: message; mend. Status 1 where there is an error.

    Without --site places are not looked up.
    """
    known = None if site is None else load_site(site)
    try:
        text = read_bytes(file).decode()
    except UnicodeDecodeError as error:
        raise BadInputError(f"{file}: not UTF-8 at byte {error.start}; save it as UTF-8") from None
    today = datetime.fromtimestamp(time.time(), None if known is None else known.timezone).date()
    categories, floors = (None, ()) if known is None else (categories_of(known), tuple(known.floors))
    findings = lint(text, categories, floors, today=today)
    if json:
        typer.echo(msgspec.json.encode({"file": str(file), "findings": findings}).decode())
    else:
        for finding in findings:
            typer.echo(f"{file}:{finding}")
        wrong = len(errors(findings))
        typer.echo(f"{file}: {_counted(wrong, 'error')}, {_counted(len(findings) - wrong, 'warning')}", err=True)
    if errors(findings):
        raise typer.Exit(1)


@campaigns.command()
def templates(
    name: Annotated[str | None, typer.Argument(help="A scene; without it all are named.")] = None,
    site: SitePath = None,
) -> None:
    """Print a commented file to start from, filled with the site's own categories."""
    if name is None:
        for scene, summary in SUMMARIES.items():
            typer.echo(f"{scene}: {summary}")
        return
    typer.echo(template(name, _categories(None if site is None else load_site(site))), nl=False)


@campaigns.command()
def schema() -> None:
    """Print the JSON Schema of the file, for editors that complete and check as you type."""
    typer.echo(schema_text(), nl=False)


def _categories(site: Site | None) -> Categories:
    return SAMPLE_SITE if site is None else categories_of(site)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
