"""What proves that a box or a camera is at work now. A word that the broker kept proves nothing.

A box says its positions once a second, also of an empty floor, and its health every five seconds. Both are live
messages: they come from a box that runs, or not at all. A status is retained by the broker and outlives its box.
"""

from __future__ import annotations

from typing import Any

from central.ops.state import OpsState
from central.store.boxes import Box

SILENT_S = 10.0
"""Longer without any message, or without positions, is a fault."""
HEALTH_S = 10.0
"""Two reports missed; what they said of frames is of then, not of now."""
SLACK_S = 2.0
"""A message may be committed between the look's instant and the look."""


def unheard_s(state: OpsState, heard: float | None) -> float | None:
    """For how many seconds we have listened without hearing; None while we cannot hear at all.

    What was said while we were away cannot be held against a box, so time counts from when we began to listen. What
    was heard "later than now" was heard before our clock was set back, and says nothing.
    """
    since = state.way_in.listening_since
    if since is None:
        return None
    return max(0.0, state.at - max(_past(state, heard), since))


def is_within(state: OpsState, heard: float | None, seconds: float) -> bool:
    """Whether that was heard in the last so many seconds, while we listened."""
    return state.way_in.listening_since is not None and state.at - _past(state, heard) <= seconds


def is_heard(state: OpsState, box: Box) -> bool:
    """Whether the box spoke lately."""
    return is_within(state, box.last_heard, SILENT_S)


def has_health(state: OpsState, box: Box) -> bool:
    """Whether the figures of the box are of now."""
    return box.health is not None and is_within(state, box.health_heard, HEALTH_S)


def _past(state: OpsState, heard: float | None) -> float:
    """When it was heard; long ago where it never was, or seems to come yet."""
    return heard if heard is not None and heard <= state.at + SLACK_S else 0.0


def camera_health(box: Box) -> dict[str, dict[str, Any]]:
    """The box's figures by camera; empty where it has not sent any."""
    return {} if box.health is None else {one["camera"]: one for one in box.health.get("cameras", ())}
