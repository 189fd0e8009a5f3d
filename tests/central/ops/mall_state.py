"""A healthy mall as ops sees it, and ways to spoil it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from central.ops.state import Disk, FloorCalibration, OpsState, WayIn
from central.store.boxes import Box, Camera
from tests.central.mall import NOON

HASH = "0123456789ab"


def camera_figures(camera: str, **other: Any) -> dict[str, Any]:
    figures = {"state": "online", "received_fps": 8.0, "analysed_fps": 8.0, "detected_fps": 2.0, "latency_ms": 120.0}
    return {"camera": camera} | figures | other


def health(*cameras: dict[str, Any], **other: Any) -> dict[str, Any]:
    figures = {"outbox_depth": 3, "events_lost": 0, "clock_offset_ms": 12.0, "temperature_c": 55.0, "warnings": []}
    return {"cameras": list(cameras)} | figures | other


def healthy_box(now: float = NOON, **other: Any) -> Box:
    box = Box(
        box="box-g",
        floor="g",
        state="online",
        since=now - 3600,
        version="1.0.0",
        last_heard=now - 0.4,
        positions_at=now - 0.5,
        positions_heard=now - 0.4,
        calibration=HASH,
        health=health(camera_figures("north"), camera_figures("south")),
        health_at=now - 3,
        cameras=(Camera("north", "online", now - 3600, ""), Camera("south", "online", now - 3600, "")),
        health_heard=now - 3,
    )
    return replace(box, **other)


def healthy_state(now: float = NOON, **other: Any) -> OpsState:
    state = OpsState(
        at=now,
        way_in=WayIn(now - 3600, queue_size=20_000),
        disk=Disk(400 * 2**30, 500 * 2**30),
        refusals=(),
        boxes=(healthy_box(now),),
        accounts=(),
        floors=(FloorCalibration("g", ("north", "south"), HASH, now - 86_400, "pass"), FloorCalibration("u", (), "")),
    )
    return replace(state, **other)


def with_box(now: float = NOON, **other: Any) -> OpsState:
    """A mall whose one box differs in this from a healthy one."""
    return healthy_state(now, boxes=(healthy_box(now, **other),))
