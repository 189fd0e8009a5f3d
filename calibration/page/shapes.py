"""Zones, lines and walls between the page and a floor's GeoJSON file, which keeps more of them than the page shows."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from calibration.geometry import Line, Properties, Zone, load_geometry
from calibration.page.ports import Geometry
from calibration.zones.drawing import Drawing, Shape
from calibration.zones.geojson import read_drawing, write_drawing
from contract.errors import BadInputError


class ShapeFile:
    """A floor's GeoJSON file: only what was changed on the page is changed in it.

    So tenants, and whatever else a shape says of itself, stay; so does what another tool has drawn meanwhile.

    Args:
        path: the file's.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = Geometry({}, {}, [])

    def read(self) -> Geometry:
        """What the file holds.

        Raises:
            BadInputError: it cannot be read.
        """
        self._known = Geometry(*load_geometry(self._path))
        return self._known

    def write(self, geometry: Geometry) -> None:
        """Brings the page's changes since it was read, or last written, into the file.

        Raises:
            BadInputError: the file cannot be read any more, or a shape has no extent.
            AtriumError: it cannot be written.
        """
        write_drawing(self._path, with_changes(read_drawing(self._path), self._known, geometry))
        self._known = geometry


def with_changes(drawing: Drawing, before: Geometry, after: Geometry) -> Drawing:
    """The drawing with what differs between two states of the page.

    Shapes that are the same object before and after were not touched on the page.

    Raises:
        BadInputError: a new shape's id was given to another one meanwhile.
    """
    old, new = _by_id(before), _by_id(after)
    for name in new:
        if name not in old and name in drawing.shapes:
            raise BadInputError(f"{name}: somebody else has drawn a shape of that id meanwhile; start the page again")
    changed = [shape_of(each, drawing.shapes.get(name)) for name, each in new.items() if old.get(name) is not each]
    return drawing.without(*(name for name in old if name not in new)).having(*changed)


def drawing_of(geometry: Geometry) -> Drawing:
    """The shapes on the page as a drawing, to be checked and to snap to."""
    shapes = {name: shape_of(each, None) for name, each in _by_id(geometry).items()}
    walls = {
        wall.id: Shape(Properties(wall.id, "wall", height_m=wall.height_m), (wall.path_m,)) for wall in geometry.walls
    }
    return Drawing(shapes | walls)


def shape_of(one: Zone | Line, known: Shape | None) -> Shape:
    """A zone or line as a drawing has it, with everything else that was known of it."""
    if isinstance(one, Zone):
        own = Properties(one.id, "zone") if known is None else known.own
        name = "" if one.name == one.id and not own.name else one.name
        told = msgspec.structs.replace(own, name=name, category=one.category, tenants=list(one.tenants))
        return Shape(told, one.rings_m)
    own = Properties(one.id, "line") if known is None else known.own
    along = one.ends_m[1] - one.ends_m[0]
    is_left = float(np.array([-along[1], along[0]]) @ one.in_normal) > 0
    name = "" if one.name == one.id and not own.name else one.name
    return Shape(
        msgspec.structs.replace(own, name=name, zone=one.zone, in_side="left" if is_left else "right"), (one.ends_m,)
    )


def _by_id(geometry: Geometry) -> dict[str, Zone | Line]:
    return {**geometry.zones, **geometry.lines}
