"""``atrium codes``: signed codes to check in at, as pictures to print."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import segno
import typer

from calibration.site import load_site
from central.access import derived, load_secrets
from central.config import load_config
from central.touchpoints.codes import LONGEST_DAYS, make_code
from contract.errors import BadInputError

codes = typer.Typer(no_args_is_help=True, help="Signed codes for posters and doors, to check in at.")

QUIET_MODULES = 4
"""White around a QR code, in modules, as ISO/IEC 18004 asks for."""


@codes.callback()
def _root() -> None:
    """Signed codes for posters and doors, to check in at."""


@codes.command()
def make(
    config: Annotated[Path, typer.Argument(metavar="CENTRAL.toml", help="Configuration of the central that reads it.")],
    source: Annotated[str, typer.Option(help="Where the paper hangs, as campaigns name it: housing-estate, office.")],
    place: Annotated[str, typer.Option(help="The place of the site file that it checks in at.")],
    out: Annotated[Path, typer.Option(help="The picture, SVG.")],
    valid_days: Annotated[int, typer.Option(min=1, max=LONGEST_DAYS, help="Days that it holds.")] = 365,
) -> None:
    """Make a code, write its picture, print its text."""
    found = load_config(config)
    site = load_site(found.site)
    if place not in site.places:
        raise BadInputError(
            f"{found.site}: no place {place!r}; it has {', '.join(site.places) or 'none: add [[places]]'}"
        )
    if out.suffix.lower() != ".svg":
        raise BadInputError(f"{out}: the picture is SVG; name it {out.stem}.svg")
    key = derived(load_secrets(found.secrets).offer_key, "check-in codes")
    text = make_code(key, site.id, source=source, place=place, now=time.time(), valid_days=valid_days)
    picture = segno.make_qr(text, error="m")
    picture.save(str(out), kind="svg", scale=8, border=QUIET_MODULES, title=f"{source} {place}")
    typer.echo(text)
