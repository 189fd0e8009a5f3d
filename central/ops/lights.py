"""Lights: green only for what has proved itself now, grey for what nobody knows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from central.ops.evidence import SILENT_S, camera_health, has_health, is_heard, is_within
from central.ops.fault import Fault
from central.ops.state import OpsState
from central.store.boxes import Box, Camera

Light = Literal["good", "warning", "bad", "off", "unknown"]
"""``off``: stopped by somebody. ``unknown``: nothing proves anything about now."""


def box_light(state: OpsState, box: Box, faults: Iterable[Fault]) -> Light:
    """The light of a box; faults of its cameras are its cameras'."""
    own = [fault for fault in faults if fault.box == box.box and not fault.camera]
    if any(fault.kind == "box_stopped" for fault in own):
        return "off"
    if light := _worst(own):
        return light
    proves_itself = is_heard(state, box) and is_within(state, box.positions_heard, SILENT_S)
    return "good" if proves_itself else "unknown"


def camera_light(state: OpsState, box: Box, camera: Camera, faults: Iterable[Fault]) -> Light:
    """The light of a camera: its word counts while its box is heard, and is green while frames come."""
    if not is_heard(state, box):
        return "unknown"
    if light := _worst(fault for fault in faults if fault.box == box.box and fault.camera == camera.camera):
        return light
    if camera.state == "stopped":
        return "off"
    figures = camera_health(box).get(camera.camera) if has_health(state, box) else None
    if figures is None or camera.state != "online":
        return "unknown"
    return "good" if figures["received_fps"] > 0 else "unknown"


def _worst(faults: Iterable[Fault]) -> Light | None:
    severities = {fault.severity for fault in faults}
    if "critical" in severities:
        return "bad"
    return "warning" if "warning" in severities else None
