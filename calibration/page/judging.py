"""What a solution is worth, in the page's words, and its certificate as a page of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from calibration.camera import Camera
from calibration.certificate import limits as certificate_limits
from calibration.certificate.certify import certify_camera, certify_floor
from calibration.certificate.html import html_of
from calibration.certificate.limits import Limits
from calibration.certificate.records import CameraCertificate
from calibration.page.ports import CertificateView, Geometry, Image, Verdict, ZoneError
from calibration.site import Floor
from calibration.solve.solution import Solution
from calibration.versions.digest import camera_hash
from calibration.versions.gate import CertificateFile

VERDICTS: dict[certificate_limits.Verdict, Verdict] = {
    "pass": "pass",
    "pass with remarks": "remarks",
    "fail": "fail",
}


def judge(solution: Solution, geometry: Geometry, floor: Floor, limits: Limits) -> CertificateView:
    """What a certificate says of a solution, on a floor with zones as they are drawn now."""
    camera = solution.camera
    certificate = certify_camera(camera, _drawn(floor, geometry), solution, limits)
    clicks = [place for each in certificate.advice if each.kind == "click" for place in each.places_m]
    return CertificateView(
        VERDICTS[certificate.verdict],
        _headline(certificate),
        tuple(
            ZoneError(
                zone.name,
                np.nan if zone.error_cm is None else zone.error_cm / 100,
                zone.seen_share,
                VERDICTS[zone.verdict],
            )
            for zone in certificate.zones
        ),
        tuple(_sentence(finding.said) for finding in certificate.findings),
        tuple(_sentence(advice.said) for advice in certificate.advice),
        np.array(clicks[0]) if clicks else None,
    )


def report(
    solution: Solution,
    geometry: Geometry,
    image: Image | None,
    *,
    site: str,
    floor: Floor,
    cameras: Mapping[str, Camera],
    limits: Limits,
    made_at: str,
) -> str:
    """The certificate of a solution as one HTML document.

    Args:
        solution: of the camera.
        geometry: zones, lines and walls as they are drawn now.
        image: (H, W, 3) BGR, what the camera shows.
        site: the site's id.
        floor: where the camera hangs.
        cameras: of the floor as they are kept; the others see zones too.
        limits: what the camera is judged by.
        made_at: UTC, RFC 3339.
    """
    name = solution.camera.name
    drawn = replace(_drawn(floor, geometry), cameras=dict(cameras))
    certificate = certify_floor(
        site,
        drawn,
        {name: solution},
        limits,
        made_at,
        hashes={name: camera_hash(solution.camera)},
        only=name,
        is_in_use=False,
    )
    return html_of(certificate, drawn, {} if image is None else {name: np.ascontiguousarray(image[:, :, ::-1])})


def kept_verdicts(cameras: Mapping[str, Camera], certificate: CertificateFile | None) -> dict[str, Verdict]:
    """The verdict on each camera as it is kept; ``unjudged`` where the certificate is of another calibration."""
    told = {} if certificate is None else {each.camera: each for each in certificate.cameras}
    found: dict[str, Verdict] = {}
    for name, camera in cameras.items():
        is_of_it = name in told and told[name].calibration_hash == camera_hash(camera)
        found[name] = VERDICTS[told[name].verdict] if is_of_it else "unjudged"
    return found


def _drawn(floor: Floor, geometry: Geometry) -> Floor:
    return replace(floor, zones=geometry.zones, lines=geometry.lines, walls=list(geometry.walls))


def _headline(certificate: CameraCertificate) -> str:
    told = [(zone.error_cm, zone.name) for zone in certificate.zones if zone.error_cm is not None]
    if certificate.error_cm is None:
        return "The camera sees no floor of the plan; check the points."
    if not told:
        return f"Expected error {certificate.error_cm:.0f} cm; it sees next to nothing of any zone."
    error, name = max(told)
    return f"Expected error {certificate.error_cm:.0f} cm; worst zone {name}, {error:.0f} cm."


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."
