"""Drawings from and to GeoJSON files in floor metres, the form that `calibration.geometry` reads."""

from __future__ import annotations

from pathlib import Path

import msgspec

from calibration.geometry import Feature, FeatureCollection, Geometry, points_of, rings_of
from calibration.zones.drawing import Drawing, Shape, canonical
from contract.disk import write_whole
from contract.errors import BadInputError
from contract.files import read_json
from contract.ids import check_id


def read_drawing(path: Path) -> Drawing:
    """What a floor's GeoJSON file holds, self-crossing zones and lost tripwires too: the checks speak of those.

    Raises:
        BadInputError: where the file is no such GeoJSON, an id is none or stands twice, or a shape has no points.
    """
    shapes: dict[str, Shape] = {}
    for feature in read_json(path, FeatureCollection).features:
        own = feature.properties
        name = check_id(own.id, f"{path}: feature")
        if name in shapes:
            raise BadInputError(f"{path}: feature {name!r} stands twice; give each its own id")
        if own.kind == "zone":
            shapes[name] = Shape(own, rings_of(path, feature))
        elif feature.geometry.type != "LineString":
            raise BadInputError(f"{path}: {own.kind} {name}: its geometry must be a LineString")
        else:
            shapes[name] = Shape(own, (points_of(path, feature, feature.geometry.coordinates, 2),))
    return Drawing(shapes)


def to_geojson(drawing: Drawing) -> bytes:
    """The file's content: one feature a line, always the same for the same drawing.

    Raises:
        BadInputError: where a shape has no extent left in whole millimetres.
    """
    lines = [msgspec.json.encode(_feature(shape)).decode() for shape in canonical(drawing).shapes.values()]
    return ('{"type":"FeatureCollection","features":[\n' + ",\n".join(lines) + "\n]}\n").encode()


def write_drawing(path: Path, drawing: Drawing) -> None:
    """Replaces the file at once: whoever reads it finds the old or the new drawing, after a power cut too.

    Raises:
        BadInputError: where a shape has no extent left in whole millimetres.
        AtriumError: where the file cannot be written.
    """
    write_whole(path, to_geojson(drawing))


def _feature(shape: Shape) -> Feature:
    if shape.own.kind == "zone":
        closed = [[*ring.tolist(), ring[0].tolist()] for ring in shape.rings_m]
        return Feature(shape.own, Geometry("Polygon", closed))
    return Feature(shape.own, Geometry("LineString", shape.rings_m[0].tolist()))
