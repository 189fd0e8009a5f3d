"""What all certified cameras of a floor are good for together."""

from __future__ import annotations

import numpy as np

from calibration.certificate.records import ErrorGrid, FloorCertificate


def best_grid(certificate: FloorCertificate) -> ErrorGrid | None:
    """At each place the smallest expected error of all cameras; None where none has pairs."""
    grids = [camera.grid for camera in certificate.cameras if camera.grid is not None]
    if not grids:
        return None
    errors = np.array([[np.inf if each is None else each for each in grid.error_cm] for grid in grids])
    best = errors.min(0)
    found = [float(each) if np.isfinite(each) else None for each in best]
    return ErrorGrid(grids[0].step_m, grids[0].columns, grids[0].rows, found)
