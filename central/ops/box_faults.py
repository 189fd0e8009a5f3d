"""Faults of one box and its cameras. A status alone never makes anything healthy: only what was heard now does."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from central.ops import limits
from central.ops.evidence import HEALTH_S, SILENT_S, camera_health, has_health, unheard_s
from central.ops.fault import Fault, Severity
from central.ops.state import OpsState
from central.store.boxes import Box, Camera

MOST_WARNINGS_TOLD = 3


def box_faults(state: OpsState, box: Box, standing: Collection[str]) -> Iterator[Fault]:
    """What is wrong with the box and its cameras; nothing can be said of them while we hear nobody.

    Args:
        state: all that was seen.
        box: one of its boxes.
        standing: keys of the faults that were there before.
    """
    yield from _account_faults(state, box)
    silence = unheard_s(state, box.last_heard)
    if silence is None:
        return
    if silence > SILENT_S:
        if box.state == "stopped":
            yield _of(box, "box_stopped", "warning", box.since)
        else:
            yield _of(box, "box_silent", "critical", box.last_heard, state=box.state)
        return
    if box.state != "stopped" and _owed_s(state, box, box.positions_heard) > SILENT_S:
        yield _of(box, "box_no_positions", "critical", box.positions_heard)
    if has_health(state, box):
        yield from _figures(state, box, standing)
    elif _owed_s(state, box, box.health_heard) > HEALTH_S:
        yield _of(box, "box_no_health", "warning", box.health_heard)
    for camera in box.cameras:
        yield from _camera_faults(state, box, camera, standing)


def _owed_s(state: OpsState, box: Box, heard: float | None) -> float:
    """For how many seconds a box that speaks has owed us that: a box that has just begun owes nothing from before."""
    return min(unheard_s(state, one) or 0.0 for one in (heard, box.since))


def _account_faults(state: OpsState, box: Box) -> Iterator[Fault]:
    for account in state.accounts:
        if account.box != box.box or not account.missing:
            continue
        if account.state == "abandoned" and account.forgone and not account.gaps:
            # The number is in the key, as for events that were given up.
            yield _of(box, "box_forgone", "warning", part=str(account.missing), missing=account.missing)
        elif account.state != "abandoned":
            yield _of(box, "box_missing", "warning", part=account.session, missing=account.missing)
        elif state.at - account.last_heard < limits.ABANDONED_S:
            yield _of(
                box, "box_abandoned", "warning", account.last_heard, part=account.session, missing=account.missing
            )


def _figures(state: OpsState, box: Box, standing: Collection[str]) -> Iterator[Fault]:
    health: dict[str, Any] = box.health or {}
    depth = health.get("outbox_depth", 0)
    if _is_beyond(box, "box_outbox", limits.OUTBOX, depth, standing):
        yield _of(box, "box_outbox", "warning", waiting=depth)
    yield from _disk(box, health, standing)
    yield from _link(box, health, standing)
    if lost := health.get("events_lost", 0):
        # The number is in the key: more of them later is another fault, and another order.
        yield _of(box, "box_lost", "warning", part=str(lost), lost=lost)
    if box.skew_s is not None and _is_beyond(box, "box_clock", limits.SKEW_S, abs(box.skew_s), standing):
        yield _of(box, "box_clock", "warning", off_s=round(box.skew_s, 1))
    heat = health.get("temperature_c")
    if heat is not None and _is_beyond(box, "box_hot", limits.HOT_C, heat, standing):
        yield _of(box, "box_hot", "warning", celsius=heat)
    floor = next((one for one in state.floors if one.floor == box.floor), None)
    if floor is not None and floor.calibration and box.calibration and box.calibration != floor.calibration:
        yield _of(box, "box_calibration", "warning", theirs=box.calibration, ours=floor.calibration)
    if warnings := health.get("warnings", ()):
        more = len(warnings) - MOST_WARNINGS_TOLD
        told = "; ".join(warnings[:MOST_WARNINGS_TOLD]) + (f" (+{more})" if more > 0 else "")
        yield _of(box, "box_says", "note", told=told)


def _disk(box: Box, health: dict[str, Any], standing: Collection[str]) -> Iterator[Fault]:
    if reason := health.get("store_fault", ""):
        yield _of(box, "box_disk", "critical", reason=reason)
    free = health.get("disk_free")
    if free is not None and _is_beyond(box, "box_disk_low", limits.BOX_DISK_USED, 1 - free, standing):
        yield _of(box, "box_disk_low", "warning", percent=round(100 * free, 1))


def _link(box: Box, health: dict[str, Any], standing: Collection[str]) -> Iterator[Fault]:
    rtt_ms, share = health.get("link_rtt_ms") or 0.0, health.get("link_lost") or 0.0
    bands = ((limits.LINK_RTT_MS, rtt_ms), (limits.LINK_LOST, share))
    if any(_is_beyond(box, "box_link", band, value, standing) for band, value in bands):
        yield _of(box, "box_link", "warning", ms=round(rtt_ms), percent=round(100 * share, 1))


def _is_beyond(box: Box, kind: str, band: limits.Band, value: float, standing: Collection[str]) -> bool:
    return band.holds(value, standing=f"{kind}:{box.box}" in standing)


def _camera_faults(state: OpsState, box: Box, camera: Camera, standing: Collection[str]) -> Iterator[Fault]:
    if camera.state == "offline":
        yield _camera(box, camera, "camera_offline", "warning", camera.since, detail=camera.detail)
    elif camera.state == "stopped":
        yield _camera(box, camera, "camera_stopped", "note", camera.since)
    elif camera.state == "blind" and camera.moved_deg is not None:
        yield _camera(box, camera, "camera_moved", "warning", camera.since, degrees=camera.moved_deg)
    elif camera.state == "blind":
        yield _camera(box, camera, "camera_blind", "warning", camera.since, detail=camera.detail)
    if camera.state not in {"online", "blind"} or not has_health(state, box):
        return
    figures = camera_health(box).get(camera.camera)
    if figures is None:
        yield _camera(box, camera, "camera_dead_stream", "critical")
        return
    if figures["received_fps"] <= 0:
        yield _camera(box, camera, "camera_dead_stream", "critical")
    elif figures["analysed_fps"] <= 0:
        yield _camera(box, camera, "camera_starved", "warning", fps=figures["received_fps"])
    late = f"camera_late:{box.box}/{camera.camera}" in standing
    if limits.LATENCY_MS.holds(figures["latency_ms"], standing=late):
        yield _camera(box, camera, "camera_late", "warning", seconds=figures["latency_ms"] / 1000)


def _of(
    box: Box, kind: str, severity: Severity, since: float | None = None, *, part: str = "", **facts: str | float
) -> Fault:
    key = f"{kind}:{box.box}" + (f":{part}" if part else "")
    return Fault(key, kind, severity, since, box.floor, box.box, facts=facts)


def _camera(
    box: Box, camera: Camera, kind: str, severity: Severity, since: float | None = None, **facts: str | float
) -> Fault:
    key = f"{kind}:{box.box}/{camera.camera}"
    return Fault(key, kind, severity, since, box.floor, box.box, camera.camera, facts)
