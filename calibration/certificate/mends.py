"""What to do about a calibration, each with what it brings, in order of gain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from calibration.camera import Camera, Floats
from calibration.certificate.limits import Limits
from calibration.certificate.measure import in_words, median_error_m, own_covariance_m2, to_cm, to_point
from calibration.certificate.records import Advice, PairCheck, Point, Work, ZoneCheck
from calibration.certificate.view import View
from calibration.geometry import Zone
from calibration.solve.advice import NextClick, clickable, next_clicks, thinned, with_clicks, without_pair
from calibration.solve.pairs import Pairs
from calibration.solve.solution import Solution, median_distance
from calibration.solve.terms import LENS, POSE, spread
from contract.errors import BadInputError

Solve = Callable[[Pairs], Solution]
"""Pairs to what they say, as the camera's own were solved."""
MOST_TRIALS = 2
"""So many pairs at most are left out for a trial, the worst first: solving takes a second."""
WORTH_CM, WORTH_SHARE = 1.0, 0.05
"""Nobody climbs a ladder for less than this, or for less than this share of the error."""
MOST_CLICKS = 3
MOST_NAMED = 4
"""More places than this are marked in the picture, not written in the sentence."""
LARGEST_ZOOM = 3.0
LEAST_ZOOM = 1.05
TURN_UNKNOWN, PLACE_UNKNOWN_M = 0.5, 3.0
"""Standard deviations of a pose of which nothing is known but what is written, radians and metres."""
MOST_PLACES = 300
TENTHS_BELOW_M = 0.095
FROM_WALL_M = 0.3
"""Nearer to a wall its foot is hidden, or hard to tell."""


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """What advice is sought for.

    Attributes:
        view: the camera on its floor.
        solution: what its pairs say.
        pairs: each held against the others.
        zones: what the camera is worth there.
        limits: what it is judged by.
        needs_help: whether anything keeps it from a plain pass.
        solve_again: how other pairs of this camera are solved, for a trial; None where that is not known, then what a
            deletion brings is told to first order.
    """

    view: View
    solution: Solution
    pairs: list[PairCheck]
    zones: list[ZoneCheck]
    limits: Limits
    needs_help: bool
    solve_again: Solve | None = None


def advise(case: Case) -> list[Advice]:
    """What to do, what brings most first; empty where nothing is worth the ladder."""
    places = case.view.zone_places_m
    if not len(places):
        return []
    before = median_error_m(case.solution, places)
    found = [
        *_about_pairs(case, places, before),
        *_about_clicks(case, places, before),
        *_about_zoom(case, places, before),
    ]
    return sorted(found, key=lambda each: -(each.gain_cm or 0.0))


def advise_first_pairs(view: View, limits: Limits) -> list[Advice]:
    """Where to click when there are no pairs yet: what the written pose is good for is to say where."""
    unknown = _unknown(view.camera)
    places = view.zone_places_m
    clicks = next_clicks(unknown, places, limits.pairs_lens, _candidates(view))
    if not clicks:
        return []
    after = 100 * median_error_m(with_clicks(unknown, np.stack([click.place_m for click in clicks])), places)
    said = f"click {len(clicks)} floor points, best near {_listed(clicks)}: expected error {after:.0f} cm"
    return [Advice("click", said, None, round(after, 1), None, 0, *_places(clicks))]


def _about_pairs(case: Case, places: Floats, before: float) -> list[Advice]:
    found: list[Advice] = []
    trials = 0
    suspects = sorted((p for p in case.pairs if p.is_suspect), key=lambda p: -(p.left_out_cm or np.inf))
    for pair in suspects:
        off = f"{in_words(pair.left_out_cm / 100)} off" if pair.left_out_cm is not None else "shows no floor"
        if not pair.is_used:
            after = median_error_m(with_clicks(case.solution, np.array(pair.place_m)[None]), places)
            said = f"click pair {pair.number} again ({off}, left out till then)"
            found.append(_advice("move", said, before, after, pair=pair.number))
        elif trials < MOST_TRIALS:
            trials += 1
            after = _without(case, pair.number - 1, places)
            if before > after:
                found.append(_advice("delete", f"delete pair {pair.number} ({off})", before, after, pair=pair.number))
    return found


def _without(case: Case, index: int, places: Floats) -> float:
    """Median expected error with one pair deleted; infinite where the rest cannot be solved."""
    if case.solve_again is None:
        return median_error_m(without_pair(case.solution, index), places)
    keep = np.arange(len(case.solution.pairs)) != index
    try:
        return median_error_m(case.solve_again(case.solution.pairs.only(keep)), places)
    except BadInputError:
        return float("inf")


def _about_clicks(case: Case, places: Floats, before: float) -> list[Advice]:
    solution, limits = case.solution, case.limits
    used = int(solution.is_used.sum())
    few = max(0, limits.pairs_lens - used)
    clicks = next_clicks(solution, places, max(few, MOST_CLICKS if case.needs_help else 1), _candidates(case.view))
    if few:
        clicks = clicks[:few]
        if not clicks:
            return []
        why = "nothing checks them" if used < limits.pairs_remark else "more show the lens"
        said = f"only {used} pair{'s' * (used != 1)}, {why}: add {len(clicks)} near {_listed(clicks)}"
        helped = with_clicks(solution, np.stack([click.place_m for click in clicks]))
        return [_advice("click", said, before, median_error_m(helped, places), clicks=clicks)]
    found: list[Advice] = []
    for click in clicks:
        helped = with_clicks(solution, click.place_m[None])
        after = median_error_m(helped, places)
        if 100 * (before - after) < max(WORTH_CM, WORTH_SHARE * 100 * before):
            break
        said = f"click one more point near {_listed([click])}{'' if not found else ', then'}"
        zone = _most_helped(case, click) if not found else ""
        found.append(_advice("click", said, before, after, clicks=[click], more=zone))
        solution, before = helped, after
    return found


def _most_helped(case: Case, click: NextClick) -> str:
    """The zone whose median falls most with a click, in words; empty where there is none."""
    after = with_clicks(case.solution, click.place_m[None])
    best, words = 0.0, ""
    for check in case.zones:
        asked = _zone_places(case.view, case.view.floor.zones[check.id])
        if not len(asked):
            continue
        now, then = (float(np.nanmedian(each.expected_error_m(asked))) for each in (case.solution, after))
        if now - then > best:
            best, words = now - then, f"; in {check.name} {100 * now:.0f} -> {100 * then:.0f} cm"
    return words


def _about_zoom(case: Case, places: Floats, before: float) -> list[Advice]:
    """A longer lens, where people are too small or a pixel is too much floor; all of a zone then counts."""
    found = []
    for check in case.zones:
        if check.seen_share < case.limits.zone_own_share or check.verdict == "pass" or check.person_px <= 0:
            continue
        asked = _zone_places(case.view, case.view.floor.zones[check.id])
        if not len(asked):
            continue
        coarse = float(np.nanmedian(median_distance(own_covariance_m2(case.solution, asked))))
        zoom = max(case.limits.person_px / check.person_px, 100 * coarse / case.limits.error_pass_cm)
        if zoom <= LEAST_ZOOM:
            continue
        zoom = float(np.ceil(10 * min(zoom, LARGEST_ZOOM)) / 10)
        camera = case.view.camera
        now = float(np.nanmedian(case.solution.expected_error_m(asked)))
        then = float(np.nanmedian(_zoomed_error_m(case.solution, asked, zoom)))
        after = float(np.nanmedian(_zoomed_error_m(case.solution, thinned(places, MOST_PLACES), zoom)))
        said = (
            f"{check.name} is too far for this picture (people {check.person_px:.0f} px at {check.far_m:.0f} m): zoom "
            f"in {zoom:.1f} times, or deliver {int(round(camera.width * zoom, -1))} pixels across, or hang it nearer"
        )
        more = f"; in {check.name} {100 * now:.0f} -> {100 * then:.0f} cm, people {check.person_px * zoom:.0f} px"
        found.append(_advice("zoom", said, before, after, more=more))
    return sorted(found, key=lambda each: -(each.gain_cm or 0.0))[:1]


def _zoomed_error_m(solution: Solution, places: Floats, zoom: float) -> Floats:
    """(K,) expected error with a lens so many times longer, the same pairs clicked as well in its picture."""
    before, after = (own_covariance_m2(solution, places, each) for each in (1.0, zoom))
    small = np.linalg.eigvalsh(after).sum(1) / np.maximum(np.linalg.eigvalsh(before).sum(1), 1e-12)
    return median_distance(solution.map_covariance_m2(places) * small[:, None, None] + after)


def _unknown(camera: Camera) -> Solution:
    """A camera of which only roughly is known where it hangs and looks."""
    terms = (*POSE, *LENS)
    sharp = [TURN_UNKNOWN] * 3 + [PLACE_UNKNOWN_M] * 3 + [spread(term, camera.lens) for term in LENS]
    none = np.empty((0, 2))
    flags, covariance = np.empty(0, np.bool_), np.diag(np.square(sharp))
    return Solution(camera, "", Pairs(none, none), flags, np.empty(0), np.empty(0), 1.0, terms, covariance)


def _candidates(view: View) -> Floats:
    """Where an installer can click: floor in the picture, well inside, and not under a wall."""
    places = clickable(view.camera, view.cells_m[view.is_seen])
    walls = shapely.MultiLineString([wall.path_m for wall in view.floor.walls])
    if walls.is_empty or not len(places):
        return places
    return np.asarray(places[shapely.distance(walls, shapely.points(places)) >= FROM_WALL_M], np.float64)


def _zone_places(view: View, zone: Zone) -> Floats:
    _, seen, useful = view.zone_places(zone.polygon)
    return thinned(useful if len(useful) else seen, MOST_PLACES)


def _advice(
    kind: Work,
    said: str,
    before_m: float,
    after_m: float,
    *,
    pair: int = 0,
    clicks: Sequence[NextClick] = (),
    more: str = "",
) -> Advice:
    digits = 0 if min(before_m, after_m) >= TENTHS_BELOW_M else 1
    sentence = f"{said}: expected error {100 * before_m:.{digits}f} -> {100 * after_m:.{digits}f} cm{more}"
    gain = to_cm(before_m - after_m)
    return Advice(kind, sentence, to_cm(before_m), to_cm(after_m), gain, pair, *_places(clicks))


def _places(clicks: Sequence[NextClick]) -> tuple[list[Point], list[Point]]:
    return [to_point(each.place_m) for each in clicks], [to_point(each.pixel_px) for each in clicks]


def _listed(clicks: Sequence[NextClick]) -> str:
    if len(clicks) == 1:
        (x, y), (u, v) = clicks[0].place_m, clicks[0].pixel_px
        return f"({x:.1f}, {y:.1f}) m [pixel ({u:.0f}, {v:.0f})]"
    named = ", ".join(f"({x:.1f}, {y:.1f})" for x, y in (click.place_m for click in clicks[:MOST_NAMED]))
    return f"{named} m{' and as marked in the picture' if len(clicks) > MOST_NAMED else ''}"


def advise_replacing(advice: list[Advice], solution: Solution, in_use: Camera, places: Floats) -> list[Advice]:
    """The advice with, in its place by gain, that of taking over the solved calibration; asked where they differ."""
    asked = thinned(places, MOST_PLACES)
    pixel = solution.camera.pixels_from_floor(asked)
    camera = in_use.scaled(solution.camera.width, solution.camera.height)
    off = np.linalg.norm(camera.floor_from_pixels(pixel) - asked, axis=1)
    after = median_error_m(solution, places)
    before = float(np.nanmedian(np.hypot(off, after))) if np.isfinite(off).any() else after
    taken = _advice("replace", "take over the calibration that the pairs say", before, after)
    return sorted([*advice, taken], key=lambda each: -(each.gain_cm or 0.0))
