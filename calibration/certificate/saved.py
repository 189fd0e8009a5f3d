"""The certificate of a floor from pairs, and, from those saved with its calibrations, the one that its box goes by."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from calibration.certificate.certify import certify_floor
from calibration.certificate.files import save_certificate
from calibration.certificate.limits import Limits
from calibration.certificate.records import FloorCertificate
from calibration.site import Floor, cameras_path, load_site
from calibration.solve.pairs import Pairs
from calibration.solve.solver import solve
from calibration.versions.digest import camera_hash
from calibration.versions.gate import certificate_path
from calibration.versions.provenance import pairs_of
from calibration.versions.store import Calibrations
from contract.errors import BadInputError


def saved_pairs(cameras: Path) -> dict[str, Pairs]:
    """The pairs that were saved with the calibrations of a ``cameras.json``, by camera; those without are left out.

    Raises:
        BadInputError: the file cannot be read.
    """
    found = {name: pairs_of(each.calibration) for name, each in Calibrations(cameras).read().items()}
    return {name: pairs for name, pairs in found.items() if pairs is not None}


def certify_pairs(
    site: str,
    floor: Floor,
    pairs: Mapping[str, Pairs],
    limits: Limits,
    made_at: str,
    *,
    sources: Mapping[str, Path],
    only: str = "",
) -> FloorCertificate:
    """What pairs say of the calibrations that a floor has in use.

    Args:
        site: the site's id.
        floor: with the calibrations in use.
        pairs: by camera; cameras without fail.
        limits: what the cameras are judged by.
        made_at: UTC, RFC 3339.
        sources: the files that the pairs came from, by camera.
        only: certify only this camera.
    """
    solutions, refused, again = {}, {}, {}
    for name, each in pairs.items():
        size = (floor.cameras[name].width, floor.cameras[name].height)
        again[name] = partial(solve, size=size, name=name, source=str(sources[name]), floor_size_m=floor.size_m)
        try:
            solutions[name] = again[name](each)
        except BadInputError as error:
            refused[name] = str(error)
    hashes = {name: camera_hash(camera) for name, camera in floor.cameras.items()}
    return certify_floor(
        site, floor, solutions, limits, made_at, hashes=hashes, only=only, refused=refused, solve_again=again
    )


def renew_certificate(site_file: Path, floor_id: str, limits: Limits, made_at: str) -> FloorCertificate:
    """Judges a floor's calibrations by the pairs saved with them, and puts the certificate where its box looks for it.

    Args:
        site_file: ``site.toml``; it and all its files are read anew.
        floor_id: of the floor.
        limits: what the cameras are judged by.
        made_at: UTC, RFC 3339.

    Raises:
        BadInputError: a file of the site cannot be read.
        AtriumError: the certificate cannot be written.
    """
    path = cameras_path(site_file, floor_id)
    saved = saved_pairs(path)
    site = load_site(site_file, calibrating=True)
    floor = site.floor(floor_id)
    # a roll-back in between may have taken cameras away
    pairs = {name: each for name, each in saved.items() if name in floor.cameras}
    certificate = certify_pairs(site.id, floor, pairs, limits, made_at, sources=dict.fromkeys(pairs, path))
    save_certificate(certificate_path(path), certificate)
    return certificate
