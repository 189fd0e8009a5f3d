"""What keeps a camera, or a floor, from a plain pass."""

from __future__ import annotations

from collections.abc import Iterator

from calibration.certificate.limits import Limits
from calibration.certificate.measure import Measured, in_words
from calibration.certificate.records import Finding, FloorZone, PairCheck, ZoneCheck
from calibration.certificate.view import View
from calibration.solve.solution import Solution

NO_PAIRS = "no pairs: nothing says how good this calibration is; click 8 floor points"
FEWEST = 4
"""From so many pairs the fit always goes through all of them."""
BETTER = 0.8
"""People count as too small in a zone where less than this share of what is seen is of use."""


def findings(measured: Measured, limits: Limits) -> list[Finding]:
    """All that is to be said against a camera's calibration, the worst first."""
    view, solution = measured.view, measured.solution
    found = [*_of_camera(view, solution, limits), *_of_pairs(solution, measured.pairs, limits)]
    if measured.in_use_m is not None:
        found += _of_use(measured.in_use_m, limits)
    for zone in measured.zones:
        found += _of_zone(zone, solution is not None, limits)
    if not measured.zones and view.floor.zones:
        found.append(
            Finding("remark", f"sees less than {limits.zone_share:.0%} of every zone: turn it, or draw zones there")
        )
    found += [Finding("remark", each.said) for each in measured.agreements if each.said]
    return sorted(found, key=lambda each: each.level != "fail")


def _of_camera(view: View, solution: Solution | None, limits: Limits) -> Iterator[Finding]:
    if solution is None:
        yield Finding("fail", NO_PAIRS)
    height = float(view.camera.centre_m[2])
    if not limits.height_low_m <= height <= limits.height_high_m:
        yield Finding(
            "remark",
            f"the camera would hang {height:.1f} m above the floor: if it does not, the plan's scale or the pairs' "
            "metres are wrong",
        )
    if not view.is_useful.any():
        yield Finding(
            "fail", f"shows nowhere on the plan people of {limits.person_px:.0f} px or more: turn, zoom or move it"
        )


def _of_pairs(solution: Solution | None, pairs: list[PairCheck], limits: Limits) -> Iterator[Finding]:
    if solution is None:
        return
    for pair in pairs:
        if pair.is_suspect:
            yield Finding("remark", pair.said)
    used = int(solution.is_used.sum())
    if used < limits.pairs_remark:
        agree = " that agree" if used < len(pairs) else ""
        yield Finding("remark", f"only {used} pairs{agree}: {'hardly any' if used > FEWEST else 'no'}thing checks them")
    elif used < limits.pairs_lens and "k1" not in solution.model and solution.model != "pose":
        yield Finding(
            "remark", f"only {used} pairs: the lens's distortion is not measured, from {limits.pairs_lens} on it is"
        )
    if solution.noise > limits.noise_remark:
        yield Finding(
            "remark",
            f"the pairs are off {solution.noise:.1f} times more than a click of 1 px and a measure of 2 cm are: click "
            "in the magnifier and measure with a tape",
        )


def is_off(off_m: tuple[float, float], limits: Limits) -> bool:
    """Whether the calibration in use is farther from the pairs than their noise explains."""
    off, usual = off_m
    return 100 * off > limits.in_use_cm and off > limits.in_use_factor * usual


def _of_use(off_m: tuple[float, float], limits: Limits) -> Iterator[Finding]:
    if is_off(off_m, limits):
        yield Finding(
            "fail" if 100 * off_m[0] > limits.error_fail_cm else "remark",
            f"the calibration in use misses its pairs by {in_words(off_m[0])}: take over what they say",
        )


def _of_zone(zone: ZoneCheck, has_pairs: bool, limits: Limits) -> Iterator[Finding]:
    level = "fail" if zone.verdict == "fail" else "remark"
    if zone.useful_share < BETTER * zone.seen_share:
        part = "nowhere" if zone.useful_share == 0 else f"on {zone.useful_share / zone.seen_share:.0%} of what is seen"
        yield Finding(
            "fail" if level == "fail" and zone.useful_share == 0 else "remark",
            f"{zone.name}: people are {zone.person_px:.0f} px tall at the far end ({zone.far_m:.0f} m); {part} are "
            f"they the {limits.person_px:.0f} px it takes to find them",
            zone.id,
        )
    if not has_pairs or zone.useful_share == 0:
        return
    if zone.error_cm is None or zone.worst_cm is None:
        yield Finding(
            "fail" if level == "fail" else "remark",
            f"{zone.name}: its error cannot be told: click points in it",
            zone.id,
        )
    elif zone.error_cm > limits.error_pass_cm:
        limit = limits.error_fail_cm if zone.error_cm > limits.error_fail_cm else limits.error_pass_cm
        yield Finding(
            "fail" if level == "fail" else "remark",
            f"{zone.name}: expected error {_above(zone.error_cm, limit)}",
            zone.id,
        )
    elif zone.worst_cm > limits.worst_remark_cm and zone.worst_at_m is not None:
        x, y = zone.worst_at_m
        yield Finding(
            "remark",
            f"{zone.name}: expected error {zone.worst_cm:.0f} cm near ({x:.1f}, {y:.1f}) m: click a point there, or "
            "let another camera see that corner",
            zone.id,
        )


def _above(value_cm: float, limit_cm: float) -> str:
    digits = 1 if round(value_cm) == round(limit_cm) else 0
    return f"{value_cm:.{digits}f} cm, above {limit_cm:.{digits}f} cm"


def floor_findings(zones: list[FloorZone]) -> list[Finding]:
    """What is to be said against a floor as a whole."""
    found = []
    for zone in zones:
        if zone.seen_share == 0:
            found.append(
                Finding("remark", f"{zone.name}: no camera sees it; turn or add one, or delete the zone", zone.id)
            )
        elif zone.verdict == "fail":
            why = f"{zone.error_cm:.0f} cm with {zone.best_camera}" if zone.error_cm is not None else "not certified"
            found.append(Finding("fail", f"{zone.name}: no camera is good enough for it ({why})", zone.id))
    return sorted(found, key=lambda each: each.level != "fail")
