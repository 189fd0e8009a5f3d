"""`atrium`: finds the sub-command, runs it, turns our errors into one line and a status (0 fine, 1 failed, 2 bad)."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from cli.lazy import lazy_group
from contract.errors import AtriumError, BadInputError

COMMANDS = {
    "box": ("cli.box:box", "A box's identity: enrol it with a one-time code, renew its certificate."),
    "calibrate": ("cli.calibrate:calibrate", "A camera's place and lens, its zones, and the certificate."),
    "cameras": ("cli.cameras:cameras", "Cameras on the camera LAN: find, try, and be told what to set."),
    "campaigns": ("cli.campaigns:campaigns", "Campaigns and coupon pools: templates, linter, schema."),
    "central": ("cli.central:central", "The mall's service: ingest, store, insight, offers, API and pages."),
    "codes": ("cli.codes:codes", "Signed codes for posters and doors, to check in at."),
    "coupons": ("cli.coupons:coupons", "Codes of coupons: the key for tills, and the check without network."),
    "demo": ("cli.demo:demo", "A whole mall on this machine, against the simulator's truth."),
    "detect": ("cli.detect:detect", "Detections of a video, image folder or stream, as MOT text."),
    "doctor": ("cli.doctor:doctor", "What is wrong with this box or central, and the mend; a support bundle."),
    "edge": ("cli.edge:edge", "One floor's box."),
    "firmware": ("cli.firmware:firmware", "A host's configuration: broker, clock, firewall, network."),
    "fuse": ("cli.fuse:fuse", "People on the floor from detections of all its cameras."),
    "members": ("cli.members:members", "The mall's members: keep them fresh from a table."),
    "models": ("cli.models:models", "The model shelf."),
    "replay": ("cli.replay:replay", "The edge pipeline on a recording, offline."),
    "simulate": ("cli.simulate:simulate", "A mall twin with ground truth: clips, or live RTSP."),
    "track": ("cli.track:track", "Tracks of MOT detection text."),
}
"""Sub-command to where it lives and one line of help."""


app = typer.Typer(
    cls=lazy_group(COMMANDS),
    name="atrium",
    help="Existing cameras to anonymous journeys, and journeys to offers that arrive in time.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _on_version(asked: bool) -> None:
    if asked:
        typer.echo(f"atrium {version('atrium-vision')}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool, typer.Option("--version", help="Say which version this is.", is_eager=True, callback=_on_version)
    ] = False,
) -> None:
    """Existing cameras to anonymous journeys, and journeys to offers that arrive in time."""


def main() -> None:
    """Run the command line and exit with its status."""
    try:
        app()
    except BadInputError as error:
        _fail(str(error), 2)
    except AtriumError as error:
        _fail(str(error), 1)
    except BrokenPipeError:
        sys.exit(1)
    except OSError as error:
        _fail(f"{error.filename or 'system'}: {error.strerror or error}", 1)


def _fail(message: str, status: int) -> None:
    print(f"atrium: {' '.join(message.split())}", file=sys.stderr)  # noqa: T201 - the one place that speaks for all
    sys.exit(status)


if __name__ == "__main__":
    main()
