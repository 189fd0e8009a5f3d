"""Whether the floor's calibration may be counted by, and whether cameras still hang as they did then."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from calibration.camera import Camera
from calibration.drift.reference import load_reference
from calibration.drift.repair import read_repair, repair_path
from calibration.site import Floor
from calibration.versions.digest import camera_hash
from calibration.versions.gate import CHECK, admit, read_certificate
from contract.errors import BadInputError
from upkeep.findings import Finding


def floor_certificate(
    floor: Floor, certificate: Path, cameras: Sequence[str], accepted: Collection[str], source: Path
) -> list[Finding]:
    """Whether the floor's certificate is of its present calibration and lets its zones be counted.

    Args:
        floor: as it is now.
        certificate: its file.
        cameras: that the box watches.
        accepted: zones that count although they failed.
        source: the box's file, to be named.
    """
    try:
        lines = admit(floor, read_certificate(certificate), cameras, accepted, source)
    except BadInputError as error:
        mend = f"Run {CHECK} and mend what it lists; the box does not start before."
        return [Finding(check="calibration", subject=floor.id, level="fault", said=str(error), mend=mend)]
    if lines:
        mend = f"Run {CHECK} and mend what it lists, in order of gain."
        return [Finding(check="calibration", subject=floor.id, level="warning", said="; ".join(lines), mend=mend)]
    said = f"calibration {floor.calibration} has a certificate, and no zone that counts has failed"
    return [Finding(check="calibration", subject=floor.id, level="fine", said=said)]


def camera_drift(camera: Camera, state_dir: Path, *, watched: bool) -> list[Finding]:
    """Whether the box has noticed that a camera was moved, or can notice it at all.

    Args:
        camera: as calibrated.
        state_dir: the box's, where its watch keeps what it has learnt.
        watched: whether the box looks for it.
    """
    check, name = "camera-drift", camera.name
    if not watched:
        said = "nobody watches whether it was moved: drift is off in the box's file"
        mend = "Remove drift = false from the box's file."
        return [Finding(check=check, subject=name, level="warning", said=said, mend=mend)]
    repair, view = repair_path(state_dir, name), state_dir / f"{name}.view.npz"
    present = camera_hash(camera)
    try:
        if repair.exists() and (found := read_repair(repair)).calibration == present:
            said = f"was moved: turned by {found.turned_deg:.1f}°, {found.floor_shift_cm:.0f} cm on the floor"
            mend = f"Put it back as it hung, or confirm its new pose: atrium calibrate repair {repair} --cameras FILE."
            figures = {"turned_deg": found.turned_deg, "floor_shift_cm": found.floor_shift_cm}
            return [Finding(check=check, subject=name, level="fault", said=said, mend=mend, figures=figures)]
        reference = load_reference(view) if view.exists() else None
    except BadInputError as error:
        mend = "Remove that file; the box learns the view anew within minutes."
        return [Finding(check=check, subject=name, level="warning", said=str(error), mend=mend)]
    if reference is None or reference.calibration != present:
        said = "the box has not learnt its view yet, and could not notice that it was moved"
        mend = "Let the box run for some minutes while the hall is lit."
        return [Finding(check=check, subject=name, level="unknown", said=said, mend=mend)]
    if not reference.is_usable:
        said = f"too little steady background to tell ({len(reference.middles_px)} patches)"
        mend = "Hang it so that it sees more of walls, floor edges and fixtures, and calibrate it anew."
        return [Finding(check=check, subject=name, level="warning", said=said, mend=mend)]
    said = f"hangs as it was calibrated, by {len(reference.middles_px)} patches of background"
    figures = {"patches": float(len(reference.middles_px))}
    return [Finding(check=check, subject=name, level="fine", said=said, figures=figures)]
