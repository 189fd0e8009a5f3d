"""What somebody may do in the browser, and what it does to zones."""

from __future__ import annotations

import math
from typing import Literal

import msgspec
import numpy as np

from calibration.camera import Camera
from calibration.page.workspace import Point, Side
from calibration.page.zoning import ZoneWork
from contract.errors import BadInputError

FURTHEST = 1e6
MOST_TEXT = 200


class Act(msgspec.Struct, frozen=True):
    """What somebody did.

    Attributes:
        do: which.
        camera: to open.
        side: the view a point is on.
        index: a pair or corner, from 0; None is the point that waits.
        x: pixels or metres; of a nudge, by how much.
        y: the same.
        text: a name, or the id of a zone or line.
        category: of a zone.
    """

    do: Literal[
        "open", "place", "move", "nudge", "select", "rest", "remove", "delete", "undo", "redo", "clear", "picture",
        "people", "see", "finish", "unfinish", "save",
        "zones", "choose", "draw_zone", "draw_line", "close", "name", "turn", "keep",
    ]  # fmt: skip
    camera: str = ""
    side: Side = "picture"
    index: int | None = None
    x: float = 0.0
    y: float = 0.0
    text: str = ""
    category: str = ""

    @property
    def at(self) -> Point:
        """Where, within reason."""
        return (min(max(self.x, -FURTHEST), FURTHEST), min(max(self.y, -FURTHEST), FURTHEST))


def read_act(raw: object) -> Act | None:
    """The act that a browser sent, None where it makes no sense."""
    try:
        act = msgspec.convert(raw, Act)
    except msgspec.ValidationError:
        return None
    makes_sense = math.isfinite(act.x) and math.isfinite(act.y) and max(len(act.text), len(act.category)) < MOST_TEXT
    return act if makes_sense else None


def act_on_zones(act: Act, work: ZoneWork, camera: Camera | None, size_m: tuple[float, float]) -> None:
    """Does to zones and lines what was asked.

    Args:
        act: the same acts that place, move and delete pairs, and those of zones alone.
        work: the zones.
        camera: through whose picture somebody points, None where it is not calibrated.
        size_m: the floor's.

    Raises:
        BadInputError: where the result would be no zone or line.
    """
    if act.do == "place":
        work.click(_on_floor(act, camera, size_m))
    elif act.do == "move" and act.index is not None:
        work.move(act.index, _on_floor(act, camera, size_m))
    elif act.do == "nudge":
        work.nudge(_nudge(act, work, camera))
    elif act.do == "select":
        work.grab(act.index)
    elif act.do == "rest":
        work.choose(None)
    elif act.do in {"draw_zone", "draw_line"}:
        work.draw("zone" if act.do == "draw_zone" else "line")
    elif act.do == "choose":
        work.choose(act.text)
    elif act.do == "name":
        work.name(act.text, act.category)
    elif act.do in {"delete", "undo", "redo", "close", "turn"}:
        {"delete": work.delete, "undo": work.undo, "redo": work.redo, "close": work.close, "turn": work.turn}[act.do]()


def _on_floor(act: Act, camera: Camera | None, size_m: tuple[float, float]) -> Point:
    x, y = act.at
    if act.side == "picture":
        if camera is None:
            raise BadInputError("this camera is not calibrated yet: draw on the plan")
        x, y = camera.floor_from_pixels(np.array([act.at]))[0].tolist()
        if not (math.isfinite(x) and math.isfinite(y)):
            raise BadInputError("that is above the horizon: click on the floor")
    return (round(min(max(x, 0.0), size_m[0]), 3), round(min(max(y, 0.0), size_m[1]), 3))


def _nudge(act: Act, work: ZoneWork, camera: Camera | None) -> Point:
    """The step in metres; one of pixels is taken where the corner is."""
    if act.side == "plan" or camera is None or work.corner is None:
        return act.at
    before = work.corners_m[work.corner]
    after = camera.floor_from_pixels(camera.pixels_from_floor(before[None]) + np.array(act.at))[0] - before
    return (float(after[0]), float(after[1])) if np.isfinite(after).all() else (0.0, 0.0)
