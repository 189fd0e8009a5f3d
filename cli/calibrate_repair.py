"""`atrium calibrate repair REPAIR.json --cameras cameras.json`: the pose proposed for a camera that moved."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def repair(
    proposal: Annotated[
        Path, typer.Argument(metavar="REPAIR.json", help="The proposal, STATE_DIR/CAMERA.repair.json of a box.")
    ],
    cameras: Annotated[Path, typer.Option(help="The cameras.json that the camera is calibrated in.")],
    confirm: Annotated[bool, typer.Option("--confirm", help="Write the new pose into cameras.json.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object of figures instead of sentences.")] = False,
) -> None:
    """Show how a camera was moved and the pose proposed for it, in degrees, pixels and centimetres; write it if told.

    The old pose stays in the calibration's history. Restart the box afterwards: its camera's zones go on with the new
    pose. Make the floor's certificate anew where it has one.
    """
    import json  # noqa: PLC0415 - OpenCV loads only when the command runs
    import time  # noqa: PLC0415

    import msgspec  # noqa: PLC0415

    from calibration.drift.repair import check_repair, confirm_repair, read_repair  # noqa: PLC0415
    from cli.calibrate_history import login  # noqa: PLC0415

    found = read_repair(proposal)
    check_repair(found, cameras)
    version = confirm_repair(found, cameras, time.time(), login()) if confirm else None
    if as_json:
        typer.echo(json.dumps(msgspec.to_builtins(found) | {"confirmed": confirm}))
        return
    zoom = "" if found.zoom == 1.0 else f", zoom {found.zoom:.3f}"
    typer.echo(
        f"{found.camera}: turned {found.turned_deg:.2f} degrees (right {found.right_deg:.2f}, up {found.up_deg:.2f}, "
        f"clockwise {found.clockwise_deg:.2f}{zoom}); the picture moved {found.shift_px:.1f} px at 640 wide\n"
        f"the old pose is {found.floor_shift_cm:.0f} cm off on the floor; the new one should add at most "
        f"{max(0.1, 2 * found.expected_cm):.1f} cm to the error it had\n"
        f"{found.agreeing} of {found.in_sight} patches of background agree to {found.residual_px:.2f} px"
    )
    if not found.sure:
        typer.echo("not sure: after confirming, check the camera against two known points on the floor")
    if version is None:
        typer.echo(f"to accept it: add --confirm; {cameras} is unchanged")
    else:
        typer.echo(f"{cameras} has the new pose as version {version.number}; check it, then restart the box")
