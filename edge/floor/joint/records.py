"""What the compiled joint tracker remembers, as numpy records.

A hypothesis is a list of people; a person in one of its possible states is one record, shared by all hypotheses that
agree about them. What many hypotheses agree about is computed once.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from edge.floor.joint.settings import JointSettings

Record = Any
"""One record; numpy's stubs know no fields."""

STATE = 5
"""Somebody's state: x, y in metres, their speeds in metres a second, body height in metres."""

PERSON = np.dtype(
    [
        ("id", np.int64),
        ("mean", np.float64, (STATE,)),
        ("cov", np.float64, (STATE, STATE)),
        ("evidence", np.float64),  # log-odds of being there
        ("seen_at", np.float64),
        ("born_at", np.float64),
        ("lost_at", np.float64),  # NaN while followed
        ("hits", np.int64),  # steps in which some camera saw them
        ("sure", np.int64),  # 1 once they count
        ("views", np.int64),  # cameras that saw them in this step
        ("due", np.int64),  # cameras that should have
        ("found", np.int64),  # 1 where this step found them again: their way here is unknown
    ]
)

CAMERA = np.dtype(
    [
        ("matrix", np.float64, (3, 4)),  # floor metres to pixels, without the lens
        ("floor", np.float64, (3, 3)),  # pixels of the floor to metres
        ("width", np.float64),
        ("height", np.float64),
        ("x", np.float64),
        ("y", np.float64),
        ("bias", np.float64, (3, 3)),  # middle, top, foot: share of height; constant, across and down the picture
        ("bias_cov", np.float64, (3, 3, 3)),
    ]
)

RULES = np.dtype([(setting.name, np.float64) for setting in fields(JointSettings)])
