"""`atrium calibrate`: from a camera on a ladder to one with a certificate."""

from __future__ import annotations

import typer

from cli.lazy import lazy_group

PARTS = {
    "check": ("cli.calibrate_check:check", "The certificate: how good each camera is, in centimetres, and what to do."),
    "history": ("cli.calibrate_history:history", "Earlier calibrations of a floor."),
    "project": ("cli.calibrate_project:project", "Pixels to floor metres, or back."),
    "repair": ("cli.calibrate_repair:repair", "The new pose that a box proposes for a camera that was knocked."),
    "rollback": ("cli.calibrate_history:rollback", "An earlier calibration becomes the newest."),
    "serve": ("cli.calibrate_serve:serve", "The installer's page, for a laptop or a phone."),
    "solve": ("cli.calibrate_solve:solve", "A camera from pairs of pixel and floor point, and what else is known."),
    "walk": ("cli.calibrate_walk:walk", "Poses and clocks of all cameras from one person's walk."),
    "zones": ("cli.calibrate_zones:zones", "Zones: check, import, export."),
}
"""Part to where it lives and one line of help."""

calibrate = typer.Typer(
    cls=lazy_group(PARTS),
    name="calibrate",
    help="A camera's place and lens, its zones, and the certificate.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@calibrate.callback()
def _root() -> None:
    """A camera's place and lens, its zones, and the certificate."""
