"""Whether a box may count on its floor's zones: what the certificate beside ``cameras.json`` says of them.

A box that watches all the floor's cameras goes by the certificate's verdict on the zone. One that watches some, or
where there is no such verdict, goes by those on its own cameras: a zone fails where one of them fails in it and none
passes, as two cameras on one zone are one zone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal

import msgspec

from calibration.site import Floor
from calibration.versions.digest import camera_hash
from contract.errors import BadInputError
from contract.files import read_json

CERTIFICATE_SCHEMA = "atrium.certificate.v1"
EVERY_ZONE = "*"
CHECK = "atrium calibrate check"
Verdict = Literal["pass", "pass with remarks", "fail"]


class ZoneVerdict(msgspec.Struct, frozen=True):
    """What a certificate says of a zone, as far as a box needs it."""

    id: str
    verdict: Verdict
    error_cm: float | None = None


class CameraVerdict(msgspec.Struct, frozen=True):
    """What a certificate says of a camera: the numbers it holds for, and the zones it sees."""

    camera: str
    verdict: Verdict
    calibration_hash: str = ""
    zones: list[ZoneVerdict] = []


class CertificateFile(msgspec.Struct, frozen=True, rename={"schema_": "schema"}):
    """A certificate, as far as a box needs it; further fields are passed over.

    Attributes:
        schema_: ``atrium.certificate.v1``.
        floor: its id.
        calibration: the floor's hash when it was checked; empty: each camera's own hash tells.
        cameras: each that was checked.
        zones: of all cameras together.
    """

    schema_: str
    floor: str
    calibration: str = ""
    cameras: list[CameraVerdict] = []
    zones: list[ZoneVerdict] = []


def certificate_path(cameras: Path) -> Path:
    """Where the certificate of a ``cameras.json`` stands: ``g.cameras.json``, ``g.cameras.certificate.json``."""
    return cameras.with_name(f"{cameras.stem}.certificate.json")


def read_certificate(path: Path) -> CertificateFile | None:
    """The certificate; None where there is none.

    Raises:
        BadInputError: it cannot be read, or is of another schema.
    """
    if not path.exists():
        return None
    found = read_json(path, CertificateFile)
    if found.schema_ != CERTIFICATE_SCHEMA:
        raise BadInputError(
            f"{path}: schema is {found.schema_!r}; this version reads {CERTIFICATE_SCHEMA!r}: run {CHECK}"
        )
    return found


def failed_zones(floor: Floor, certificate: CertificateFile, cameras: Collection[str]) -> dict[str, float | None]:
    """Zones of the floor that failed, with the expected error in cm where the certificate has one.

    Args:
        floor: as it is now; a zone that it no longer has cannot fail.
        certificate: of its present calibration.
        cameras: that the box watches; what others see is not for it to refuse.
    """
    failed: dict[str, float | None] = {}
    of_all = {word.id: word for word in certificate.zones}
    watches_all = set(cameras) >= set(floor.cameras)
    for zone in floor.zones:
        words = [
            word for each in certificate.cameras if each.camera in cameras for word in each.zones if word.id == zone
        ]
        if zone in of_all and watches_all:
            words = [of_all[zone]]
        if words and all(word.verdict == "fail" for word in words):
            failed[zone] = min((word.error_cm for word in words if word.error_cm is not None), default=None)
    return failed


def admit(
    floor: Floor, certificate: CertificateFile | None, cameras: Collection[str], accepted: Collection[str], source: Path
) -> list[str]:
    """Lines an operator should read before the box starts; none where all is well.

    Args:
        floor: as it is now.
        certificate: of the floor; None where it has none.
        cameras: that the box watches.
        accepted: zones that count although they failed; ``*`` for all.
        source: the box's file, to be named.

    Raises:
        BadInputError: a zone failed that is not accepted, or the certificate is of another floor or calibration.
    """
    if certificate is None:
        return [f"floor {floor.id} has no certificate, so nobody knows how far off its places are; run {CHECK}"]
    every = EVERY_ZONE in accepted
    if stale := staleness(floor, certificate):
        if not every:
            raise BadInputError(
                f'{stale}, or accept that at the top of {source}: accept_failed_zones = ["{EVERY_ZONE}"]'
            )
        return [f"{stale}; accepted in {source}"]
    failed = failed_zones(floor, certificate, cameras)
    if refused := {zone: error for zone, error in failed.items() if not every and zone not in accepted}:
        names = ", ".join(f'"{zone}"' for zone in (*accepted, *refused))
        raise BadInputError(
            f"floor {floor.id}: {_listed(refused)} failed the certificate: mend what it lists and run {CHECK}, "
            f"or accept that at the top of {source}: accept_failed_zones = [{names}]"
        )
    lines = []
    if failed:
        lines.append(f"floor {floor.id}: {_listed(failed)} failed the certificate; accepted in {source}")
    told = {word.id for words in (certificate.zones, *(each.zones for each in certificate.cameras)) for word in words}
    unknown = [zone for zone in floor.zones if zone not in told]
    if unknown:
        lines.append(f"floor {floor.id}: the certificate says nothing of zone {', '.join(unknown)}; run {CHECK}")
    return lines


def staleness(floor: Floor, certificate: CertificateFile) -> str:
    """Why the certificate is not of this floor as it is; empty where it is."""
    if certificate.floor != floor.id:
        return f"floor {floor.id}: the certificate is of floor {certificate.floor}: run {CHECK}"
    hashes = {each.camera: each.calibration_hash for each in certificate.cameras}
    changed = [
        name
        for name, camera in floor.cameras.items()
        # where the floor's name is told, a camera without one of its own may be as it was
        if hashes.get(name) != camera_hash(camera) and not (certificate.calibration and hashes.get(name) == "")
    ]
    changed += [name for name in hashes if name not in floor.cameras]
    if certificate.calibration == floor.calibration or (not certificate.calibration and not changed):
        return ""
    which = f" ({', '.join(changed)} changed since, or not in it)" if changed else ""
    return f"floor {floor.id}: the certificate is of another calibration{which}: run {CHECK}"


def _listed(zones: Mapping[str, float | None]) -> str:
    """``zone a (expected error 84 cm), zone b``."""
    return ", ".join(
        f"zone {zone}" + ("" if error is None else f" (expected error {error:.0f} cm)") for zone, error in zones.items()
    )
