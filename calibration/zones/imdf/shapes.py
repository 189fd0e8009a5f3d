"""Coordinates of IMDF features, checked to be degrees on the earth."""

from __future__ import annotations

from typing import Any

import numpy as np

from calibration.camera import Floats
from calibration.zones.imdf.words import Feature
from contract.errors import BadInputError


def outlines_of(feature: Feature, where: str) -> list[list[Floats]]:
    """The polygons of a POLYGONAL geometry: for each its outline and holes, (V, 2) degrees, not closed.

    Raises:
        BadInputError: where it has none, or coordinates are no degrees.
    """
    shape = feature.geometry
    if shape is None or shape.type not in {"Polygon", "MultiPolygon"}:
        raise BadInputError(f"{where}: {feature.id}: its geometry must be a Polygon or MultiPolygon")
    polygons = [shape.coordinates] if shape.type == "Polygon" else shape.coordinates
    found = [[_opened(points_of(ring, feature, where, 3)) for ring in polygon] for polygon in polygons if polygon]
    if not found:
        raise BadInputError(f"{where}: {feature.id}: its geometry is empty")
    return found


def path_of(feature: Feature, where: str) -> Floats:
    """(V, 2) degrees along a LINEAL geometry, its parts one behind the other.

    Raises:
        BadInputError: where it has none, or coordinates are no degrees.
    """
    shape = feature.geometry
    if shape is None or shape.type not in {"LineString", "MultiLineString"}:
        raise BadInputError(f"{where}: {feature.id}: its geometry must be a LineString")
    parts = [shape.coordinates] if shape.type == "LineString" else shape.coordinates
    return np.concatenate([points_of(part, feature, where, 2) for part in parts])


def points_of(values: Any, feature: Feature, where: str, least: int) -> Floats:
    """(V, 2) degrees of longitude and latitude.

    Raises:
        BadInputError: where fewer than ``least``, or none on the earth.
    """
    try:
        points = np.array([[pair[0], pair[1]] for pair in values], np.float64)
    except (TypeError, ValueError, IndexError, KeyError):
        points = np.empty((0, 2))
    if len(points) < least or not np.isfinite(points).all():
        raise BadInputError(f"{where}: {feature.id}: needs at least {least} points [longitude, latitude]")
    if (np.abs(points) > (180.0, 90.0)).any():
        raise BadInputError(
            f"{where}: {feature.id}: {points[0].tolist()} is no longitude and latitude: IMDF is in degrees of WGS 84; "
            "export it anew in EPSG:4326"
        )
    return points


def _opened(ring: Floats) -> Floats:
    return ring[:-1] if len(ring) > 3 and (ring[0] == ring[-1]).all() else ring
