"""What the compiled tracker remembers of a track, and its settings, as numpy records.

All lengths in the settings are in heights of the person, all times in seconds, so that one setting serves every
resolution and every frame rate.
"""

from __future__ import annotations

from dataclasses import astuple, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.track.config import TrackerConfig

Record = Any
"""One record of `TRACK` or `PARAMS`; numpy's stubs know no fields."""

TENTATIVE, CONFIRMED, FURNITURE, STIRRING = 0, 1, 2, 3
"""Not yet known to move; has moved, is a person; has stood where it was born for so long that it is taken for a
thing; has not moved but stirs, and so is a person, too: its record says confirmed, `Tracker.hypotheses` says this."""

TRAIL = 24
"""Positions remembered of a track not yet known to move; at one in `TRAIL_STEP_S` they reach back three seconds."""

TRACK = np.dtype(
    [
        ("id", np.int64),
        ("state", np.int64),
        ("hits", np.int64),
        ("det", np.int64),  # row of the detection matched in this step, -1 for none
        ("hidden", np.int64),  # 1 where the foot of this step comes from the head
        ("firm", np.int64),  # matched detections of a high score
        ("away", np.int64),  # updates in a row in which both edges stood away from home
        ("fx", np.float64),
        ("fy", np.float64),
        ("last_x", np.float64),  # the foot when it was last seen
        ("last_y", np.float64),
        ("vx", np.float64),
        ("vy", np.float64),
        ("h", np.float64),
        ("w", np.float64),
        ("xpp", np.float64),  # covariance of position and velocity, horizontal, then vertical
        ("xpv", np.float64),
        ("xvv", np.float64),
        ("ypp", np.float64),
        ("ypv", np.float64),
        ("yvv", np.float64),
        ("hpp", np.float64),
        ("score", np.float64),
        ("best", np.float64),  # highest score so far
        ("born_at", np.float64),
        ("seen_at", np.float64),
        ("born_x", np.float64),
        ("born_y", np.float64),
        ("away_at", np.float64),  # when it was first seen away from home, this time
        ("home_at", np.float64),
        ("home_x1", np.float64),  # mean box of its first moments, from which its moving is measured
        ("home_y1", np.float64),
        ("home_x2", np.float64),
        ("home_y2", np.float64),
        ("home_foot", np.float64),  # its foot there, that of the filter
        ("place_x1", np.float64),  # mean box of the latest moments
        ("place_y1", np.float64),
        ("place_x2", np.float64),
        ("place_y2", np.float64),
        ("trail_length", np.int64),
        (
            "trail",
            np.float64,
            (TRAIL, 3),
        ),  # time, foot x, foot y of its first moments, until it is known to be a person
    ]
)

PARAMS = np.dtype(
    [(setting.name, np.float64) for setting in fields(TrackerConfig)]
    + [("image_w", np.float64), ("image_h", np.float64)]
)
"""The settings, and the picture's size where it is known, else 0."""


def compiled(config: TrackerConfig) -> NDArray[Any]:
    """The settings as the kernels take them: (1,) record of `PARAMS`, the picture's size unknown."""
    params = np.zeros(1, PARAMS)
    for setting, value in zip(fields(config), astuple(config), strict=True):
        params[0][setting.name] = value
    return params
