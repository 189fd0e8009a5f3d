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


def unheard_s(state: OpsState, heard: float | None) -> float | None:
    """For how many seconds we have listened without hearing; None while we cannot hear at all.

    What was said while we were away cannot be held against a box, so time counts from when we began to listen.
    """
    since = state.way_in.listening_since
    if since is None:
        return None
    return max(0.0, state.at - max(heard or 0.0, since))


def is_heard(state: OpsState, box: Box) -> bool:
    """Whether the box spoke lately, and we are there to hear it."""
    silence = unheard_s(state, box.last_heard)
    return silence is not None and box.last_heard is not None and state.at - box.last_heard <= SILENT_S


def has_health(state: OpsState, box: Box) -> bool:
    """Whether the figures of the box are of now."""
    return box.health is not None and box.health_heard is not None and state.at - box.health_heard <= HEALTH_S


def camera_health(box: Box) -> dict[str, dict[str, Any]]:
    """The box's figures by camera; empty where it has not sent any."""
    return {} if box.health is None else {one["camera"]: one for one in box.health.get("cameras", ())}
