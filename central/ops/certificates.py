"""What the files beside the site say of each floor's calibration; read again when they change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from calibration.camera import cameras_so_far
from calibration.site import Floor, Site, cameras_path
from calibration.versions.digest import floor_hash
from calibration.versions.gate import Verdict, certificate_path, failed_zones, read_certificate, staleness
from calibration.versions.store import Calibrations
from central.ops.state import FloorCalibration
from contract.errors import BadInputError
from contract.times import from_rfc3339

WORST_FIRST: tuple[Verdict, ...] = ("fail", "pass with remarks", "pass")

Stamp = tuple[int, int] | None


class Certificates:
    """Reads every floor's ``cameras.json`` and the certificate beside it; a look at unchanged files is two ``stat``.

    Args:
        site: the site as central loaded it; cameras are read anew, as an installer may have been there since.

    Raises:
        BadInputError: ``site.toml`` cannot be read.
    """

    def __init__(self, site: Site) -> None:
        self._floors = [(floor, cameras_path(site.source, floor.id)) for floor in site.floors.values()]
        self._kept: dict[str, tuple[tuple[Stamp, Stamp], FloorCalibration]] = {}

    def floors(self) -> tuple[FloorCalibration, ...]:
        """Calibration and certificate of every floor as the files are now."""
        return tuple(self._floor(floor, cameras) for floor, cameras in self._floors)

    def _floor(self, floor: Floor, cameras: Path) -> FloorCalibration:
        certificate = certificate_path(cameras)
        stamps = (_stamp(cameras), _stamp(certificate))
        kept = self._kept.get(floor.id)
        if kept is None or kept[0] != stamps:
            kept = self._kept[floor.id] = (stamps, _read(floor, cameras, certificate))
        return kept[1]


def _read(floor: Floor, cameras: Path, certificate: Path) -> FloorCalibration:
    try:
        known = cameras_so_far(cameras)
        names, calibration = tuple(known), floor_hash(known)
        made = [
            from_rfc3339(one.calibration.made_at)
            for one in (Calibrations(cameras).read() if cameras.exists() else {}).values()
            if one.calibration is not None and one.calibration.made_at
        ]
        found = read_certificate(certificate)
    except BadInputError as error:
        return FloorCalibration(floor.id, (), "", unreadable=str(error))
    if found is None:
        return FloorCalibration(floor.id, names, calibration, min(made, default=None))
    present = replace(floor, cameras=known)
    verdicts = {one.verdict for one in found.cameras} or {zone.verdict for zone in found.zones}
    return FloorCalibration(
        floor=floor.id,
        cameras=names,
        calibration=calibration,
        made_at=min(made, default=None),
        certificate=next((one for one in WORST_FIRST if one in verdicts), "pass with remarks"),
        failed=failed_zones(present, found, names),
        is_stale=bool(staleness(present, found)),
    )


def _stamp(path: Path) -> Stamp:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size
