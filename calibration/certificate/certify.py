"""The certificate of a camera, and of a floor: measured, judged, advised."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from calibration.camera import Camera
from calibration.certificate.agreement import agreements
from calibration.certificate.judge import NO_PAIRS, findings, floor_findings, is_off
from calibration.certificate.limits import Limits, Verdict, worst_of
from calibration.certificate.measure import (
    Measured,
    check_pairs,
    check_zones,
    error_grid,
    in_use_off_m,
    median_error_m,
    to_cm,
)
from calibration.certificate.mends import Case, Solve, advise, advise_first_pairs, advise_replacing
from calibration.certificate.records import (
    CERTIFICATE_SCHEMA,
    Advice,
    Agreement,
    CameraCertificate,
    Finding,
    FloorCertificate,
    FloorZone,
)
from calibration.certificate.view import View
from calibration.site import Floor
from calibration.solve.solution import Solution
from calibration.zones.sight import places_in


def certify_camera(
    camera: Camera,
    floor: Floor,
    solution: Solution | None,
    limits: Limits,
    *,
    calibration_hash: str = "",
    in_use: Camera | None = None,
    agree: list[Agreement] | None = None,
    solve_again: Solve | None = None,
) -> CameraCertificate:
    """What a camera's calibration is worth.

    Args:
        camera: the calibration; where there is a solution, the solution's.
        floor: where it hangs.
        solution: what its pairs say; None where it has none: then only its geometry is told, and it fails.
        limits: what it is judged by.
        calibration_hash: of the calibration, as the versioned files have it.
        in_use: the calibration that the box runs with, where it is to be held against the pairs.
        agree: see `agreements`.
        solve_again: how other pairs of this camera are solved; see `mends.Case`.
    """
    view = View(camera if solution is None else solution.camera, floor, limits.person_px)
    return _certificate(
        view,
        solution,
        limits,
        calibration_hash=calibration_hash,
        in_use=in_use,
        agree=agree or [],
        solve_again=solve_again,
    )


def certify_floor(
    site: str,
    floor: Floor,
    solutions: Mapping[str, Solution],
    limits: Limits,
    made_at: str,
    *,
    hashes: Mapping[str, str] | None = None,
    refused: Mapping[str, str] | None = None,
    solve_again: Mapping[str, Solve] | None = None,
    only: str = "",
    is_in_use: bool = True,
) -> FloorCertificate:
    """What the calibration of a floor's cameras is worth.

    Args:
        site: the site's id.
        floor: with the calibrations in use; a camera that is solved but not in use yet is certified too.
        solutions: by camera; cameras without one fail.
        limits: what they are judged by.
        made_at: UTC, RFC 3339.
        hashes: of calibrations, by camera.
        refused: why no camera could be solved from the pairs, by camera; such a camera fails for that.
        solve_again: how other pairs are solved, by camera; see `mends.Case`.
        only: certify only this camera; the others still count as seeing zones.
        is_in_use: whether the floor's calibrations are to be held against the pairs.
    """
    cameras = dict(floor.cameras) | {name: solution.camera for name, solution in solutions.items()}
    views = {name: View(camera, floor, limits.person_px) for name, camera in cameras.items()}
    certified = [
        _certificate(
            views[name],
            solutions.get(name),
            limits,
            calibration_hash=(hashes or {}).get(name, ""),
            in_use=floor.cameras.get(name) if is_in_use else None,
            agree=agreements(name, views, dict(solutions), limits),
            refused=(refused or {}).get(name, ""),
            solve_again=(solve_again or {}).get(name),
        )
        for name in cameras
        if name == only or not only
    ]
    zones = _floor_zones(floor, views, certified, is_whole=not only)
    found = floor_findings(zones)
    verdicts: list[Verdict] = [each.verdict for each in certified]
    verdicts += ["fail" if each.level == "fail" else "pass with remarks" for each in found]
    return FloorCertificate(
        CERTIFICATE_SCHEMA, site, floor.id, floor.name, made_at, limits, worst_of(verdicts), found, zones, certified
    )


def _certificate(
    view: View,
    solution: Solution | None,
    limits: Limits,
    *,
    calibration_hash: str,
    in_use: Camera | None,
    agree: list[Agreement],
    refused: str = "",
    solve_again: Solve | None = None,
) -> CameraCertificate:
    pairs = [] if solution is None else check_pairs(solution, limits)
    zones = check_zones(view, solution, limits)
    places = view.zone_places_m
    off = None if solution is None or in_use is None else in_use_off_m(solution, in_use)
    found = findings(Measured(view, solution, pairs, zones, agree, off), limits)
    if refused:
        found = [Finding("fail", refused), *(each for each in found if each.said != NO_PAIRS)]
    error = np.nan
    advice: list[Advice] = []
    if solution is None:
        advice = advise_first_pairs(view, limits)
    elif len(places):
        error = median_error_m(solution, places)
        advice = advise(Case(view, solution, pairs, zones, limits, bool(found), solve_again))
        if in_use is not None and off is not None and is_off(off, limits):
            advice = advise_replacing(advice, solution, in_use, places)
    return CameraCertificate(
        view.camera.name,
        calibration_hash,
        view.camera.to_file(),
        "" if solution is None else solution.model,
        None if solution is None else round(float(solution.noise), 2),
        round(float(view.camera.centre_m[2]), 2),
        to_cm(error),
        None if off is None else to_cm(off[0]),
        pairs,
        zones,
        view.cover(),
        view.horizon(),
        None if solution is None else error_grid(view, solution),
        agree,
        _verdict(found),
        found,
        advice,
    )


def _verdict(found: list[Finding]) -> Verdict:
    if any(each.level == "fail" for each in found):
        return "fail"
    return "pass with remarks" if found else "pass"


def _floor_zones(
    floor: Floor, views: Mapping[str, View], certified: list[CameraCertificate], *, is_whole: bool
) -> list[FloorZone]:
    """Every zone with the best camera for it: of those that see enough of it, the one that errs least."""
    found = []
    for zone in floor.zones.values():
        places = places_in(zone.polygon)
        useful = np.zeros(len(places), np.bool_)
        for view in views.values():
            seen = view.sees(places)
            seen[seen] = view.person_px(places[seen]) >= view.person_limit_px
            useful |= seen
        share = round(float(useful.mean()), 3)
        checks = [(each, check) for each in certified for check in each.zones if check.id == zone.id]
        sure = [(each, check) for each, check in checks if check.error_cm is not None and check.useful_share > 0]
        if sure:
            most = max(check.useful_share for _, check in sure)
            fair = [(each, check) for each, check in sure if check.useful_share >= most / 2]
            best, own = min(fair, key=lambda pair: pair[1].error_cm or 0.0)
            verdict: Verdict = own.verdict
            found.append(FloorZone(zone.id, zone.name, share, best.camera, own.error_cm, verdict))
        elif is_whole or checks:
            found.append(FloorZone(zone.id, zone.name, share, "", None, "fail" if checks else "pass with remarks"))
    return found
