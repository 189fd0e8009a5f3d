"""Plain ways to keep cameras, pairs and zones, and to judge a solution: enough to work with files alone."""

from __future__ import annotations

import os
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from calibration.camera import Camera, Floats, load_cameras
from calibration.geometry import Line, Wall, Zone
from calibration.page.ports import CertificateView, Geometry, Image, Verdict, ZoneError
from calibration.page.sight import in_sight, places_in
from calibration.solve.pairs import Pairs, read_pairs
from calibration.solve.solution import Solution
from contract.errors import AtriumError
from contract.files import read_json
from contract.ids import check_id

PASS_M, REMARKS_M = 0.15, 0.30
"""Median error, metres, up to which a zone passes, and passes with remarks."""
ENOUGH_PAIRS = 8
LEAST_SEEN = 0.1
"""A zone of which the camera sees less is another camera's."""
WORD: dict[Verdict, str] = {
    "pass": "Pass",
    "remarks": "Pass with remarks",
    "fail": "Fail",
    "unjudged": "Calibrated, without a certificate",
    "none": "No calibration",
}


def judge(solution: Solution, geometry: Geometry) -> CertificateView:
    """What a solution is worth in every zone that the camera sees."""
    zones, places, errors = [], [np.empty((0, 2))], [np.empty(0)]
    for zone in geometry.zones.values():
        grid = places_in(zone)
        seen = in_sight(solution.camera, grid, geometry.walls)
        error = solution.expected_error_m(grid[seen])
        share = float(seen.mean()) if len(seen) else 0.0
        if share >= LEAST_SEEN:
            median = float(np.nanmedian(error))
            zones.append(ZoneError(zone.name, median, share, _verdict(median)))
            places.append(grid[seen])
            errors.append(error)
    wrong = np.flatnonzero(~solution.is_used)
    advice = [f"Pair {k + 1} is {_centimetres(solution.left_out_m[k])} off: move or delete it." for k in wrong]
    missing = ENOUGH_PAIRS - int(solution.is_used.sum())
    if missing > 0:
        advice.append(f"Add {missing} more pair{'s' * (missing > 1)}: {ENOUGH_PAIRS} show how good the result is.")
    worst = max(zones, key=lambda each: each.error_m, default=None)
    verdict: Verdict = "fail" if worst is None else worst.verdict
    if verdict == "pass" and (len(wrong) or missing > 0):
        verdict = "remarks"
    if worst is None:
        headline = "The camera sees none of the zones; check the points, or draw zones where it looks."
    else:
        headline = (
            f"Expected error {_centimetres(float(np.median(np.concatenate(errors))))}; "
            f"worst zone {worst.name}, {_centimetres(worst.error_m)}."
        )
        if worst.error_m > PASS_M:
            advice.append(f"Click a pair in {worst.name}, near the orange ring.")
    order = sorted(zones, key=lambda each: each.error_m)
    following = None if verdict == "pass" else _neediest(np.concatenate(places), np.concatenate(errors))
    return CertificateView(verdict, headline, tuple(order), tuple(advice), following)


def plain_report(solution: Solution, geometry: Geometry, _image: Image | None) -> str:
    """The judgement as one HTML page without script."""
    found = judge(solution, geometry)
    rows = "".join(
        f"<tr><td>{escape(zone.name)}<td>{_centimetres(zone.error_m)}<td>{zone.seen:.0%}<td>{WORD[zone.verdict]}"
        for zone in found.zones
    )
    pairs = "".join(
        f"<tr><td>{k + 1}<td>{_centimetres(off)}<td>{'used' if used else 'left out'}"
        for k, (off, used) in enumerate(zip(solution.left_out_m.tolist(), solution.is_used.tolist(), strict=True))
    )
    advice = "".join(f"<li>{escape(line)}" for line in found.advice)
    name = escape(solution.camera.name)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{name}: certificate</title><style>'
        "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}"
        "table{border-collapse:collapse}td,th{padding:.2rem .8rem;border-bottom:1px solid #ccc;text-align:left}</style>"
        f"<h1>Camera {name}: {WORD[found.verdict]}</h1><p>{escape(found.headline)}</p><ul>{advice}</ul>"
        f"<h2>Zones</h2><table><tr><th>Zone<th>Expected error<th>Seen<th>Verdict{rows}</table>"
        f"<h2>Pairs</h2><table><tr><th>Pair<th>Off from the others<th>Use{pairs}</table></html>"
    )


def save_camera(camera: Camera, path: Path) -> None:
    """Puts one camera into a ``cameras.json``; the file is replaced in one step, the others stay as they are.

    Raises:
        AtriumError: where the file is damaged or cannot be written.
    """
    check_id(camera.name, "camera")
    entries = read_json(path, dict[str, Any]) if path.exists() else {}
    entries[camera.name] = msgspec.to_builtins(camera.to_file())
    replace_file(path, msgspec.json.format(msgspec.json.encode(entries), indent=1) + b"\n")


def saved_cameras(path: Path) -> dict[str, Camera]:
    """The cameras of a ``cameras.json``, none where there is no such file yet."""
    return load_cameras(path) if path.exists() else {}


def save_pairs(pairs: Pairs, path: Path) -> None:
    """Writes pairs as the CSV that `read_pairs` reads."""
    rows = np.column_stack([pairs.pixel_px, pairs.floor_m]).tolist()
    text = "u,v,x,y\n" + "".join(f"{u:.2f},{v:.2f},{x:.4f},{y:.4f}\n" for u, v, x, y in rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, text.encode())


def pairs_reader(folder: Path) -> Callable[[str], Pairs | None]:
    """Reads ``<camera>.pairs.csv`` of a folder, None where there is none."""

    def read(camera: str) -> Pairs | None:
        path = folder / f"{check_id(camera, 'camera')}.pairs.csv"
        return read_pairs(path) if path.exists() else None

    return read


def save_geometry(geometry: Geometry, path: Path) -> None:
    """Writes zones, lines and walls as GeoJSON in metres; the file is replaced in one step."""
    features = [_zone_feature(zone) for zone in geometry.zones.values()]
    features += [_line_feature(line) for line in geometry.lines.values()]
    features += [_wall_feature(wall) for wall in geometry.walls]
    whole = {"type": "FeatureCollection", "features": features}
    replace_file(path, msgspec.json.format(msgspec.json.encode(whole), indent=1) + b"\n")


def replace_file(path: Path, content: bytes) -> None:
    """The file has the new content or the old one, whatever happens.

    Raises:
        AtriumError: where it cannot be written.
    """
    fresh = path.with_name(path.name + ".new")
    try:
        with fresh.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise AtriumError(f"{path}: cannot be written ({error.strerror}); check the folder's permissions") from None


def _feature(properties: dict[str, Any], kind: str, coordinates: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": {"type": kind, "coordinates": coordinates}}


def _zone_feature(zone: Zone) -> dict[str, Any]:
    rings = [np.vstack([ring, ring[:1]]).round(4).tolist() for ring in zone.rings_m]
    own = {"id": zone.id, "kind": "zone", "name": zone.name, "category": zone.category}
    return _feature(own, "Polygon", rings)


def _line_feature(line: Line) -> dict[str, Any]:
    along = line.ends_m[1] - line.ends_m[0]
    is_left = float(np.array([-along[1], along[0]]) @ line.in_normal) > 0
    own = {"id": line.id, "kind": "line", "name": line.name, "zone": line.zone}
    return _feature(own | {"in_side": "left" if is_left else "right"}, "LineString", line.ends_m.round(4).tolist())


def _wall_feature(wall: Wall) -> dict[str, Any]:
    own = {"id": wall.id, "kind": "wall", "height_m": wall.height_m}
    return _feature(own, "LineString", wall.path_m.round(4).tolist())


def _centimetres(metres: float) -> str:
    return f"{metres * 100:.0f} cm" if np.isfinite(metres) else "beyond the horizon"


def _verdict(error_m: float) -> Verdict:
    if error_m <= PASS_M:
        return "pass"
    return "remarks" if error_m <= REMARKS_M else "fail"


def _neediest(places_m: Floats, error_m: Floats) -> Floats | None:
    """(2,) the place with the largest error of all that are seen."""
    return places_m[int(np.nanargmax(error_m))] if np.isfinite(error_m).any() else None
