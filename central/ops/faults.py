"""All faults of an instant: a pure function from what was seen to what is wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from central.ops import limits
from central.ops.box_faults import box_faults
from central.ops.evidence import SILENT_S
from central.ops.fault import Facts, Fault, Severity
from central.ops.identity_faults import identity_faults
from central.ops.state import Disk, FloorCalibration, OpsState
from central.ops.upkeep_faults import upkeep_faults

NOTHING: frozenset[str] = frozenset()


def find_faults(state: OpsState, standing: Collection[str] = NOTHING) -> list[Fault]:
    """What is wrong at that instant, worst first.

    Args:
        state: what was seen.
        standing: keys of the faults that were there before; limits have a lower end for them.
    """
    found = [
        *_way_in(state, standing),
        *_store(state, standing),
        *upkeep_faults(state),
        *_way_out(state),
        *(fault for box in state.boxes for fault in box_faults(state, box, standing)),
        *identity_faults(state),
        *(fault for floor in state.floors for fault in _floor(state, floor)),
    ]
    return sorted(found, key=lambda fault: (fault.rank, fault.key))


def is_judged(state: OpsState, fault_box: str) -> bool:
    """Whether a look of now says anything about faults of that box (empty: of none): not while we hear nobody."""
    since = state.way_in.listening_since
    return not fault_box or (since is not None and state.at - since >= SILENT_S)


def _way_in(state: OpsState, standing: Collection[str]) -> Iterator[Fault]:
    way = state.way_in
    if way.broker_fault:
        yield Fault("broker", "broker", "critical", None, facts={"reason": way.broker_fault})
    if way.store_fault:
        yield Fault("store", "store", "critical", None, facts={"reason": way.store_fault})
    share = way.queue_depth / way.queue_size
    if limits.QUEUE_SHARE.holds(share, standing="queue" in standing):
        facts: Facts = {"waiting": way.queue_depth, "percent": round(100 * share)}
        yield Fault("queue", "queue", "critical" if share > 0.9 else "warning", None, facts=facts)


def _store(state: OpsState, standing: Collection[str]) -> Iterator[Fault]:
    if state.disk is not None and (fault := _disk(state.disk, "disk" in standing)) is not None:
        yield fault
    for refused in state.refusals:
        if state.at - refused.last < limits.REFUSED_S:
            facts: Facts = {"reason": refused.kind, "count": refused.count}
            yield Fault(f"quarantine:{refused.kind}", "quarantine", "warning", None, facts=facts)
    purge = state.purge
    if purge is not None and purge.left_over:
        yield Fault("purge", "purge", "critical", purge.at, facts={"left_over": purge.left_over})
    if purge is not None and state.at - purge.at > limits.PURGE_LATE_S:
        minutes = int((state.at - purge.at) / 60)
        yield Fault("purge_late", "purge_late", "warning", purge.at, facts={"minutes": minutes})


def _way_out(state: OpsState) -> Iterator[Fault]:
    """Offers that do not reach whoever delivers them."""
    for one in state.channels:
        told: dict[str, str | float] = {"channel": one.channel.removeprefix("webhook:"), "waiting": one.queued}
        circuit = one.circuit
        if circuit.state != "closed":
            kind = "delivery_open" if circuit.state == "open" else "delivery_disabled"
            facts = told | {"reason": circuit.reason}
            yield Fault(f"{kind}:{one.channel}", kind, "warning", circuit.since, facts=facts)
        if one.dead:
            facts = told | {"n": one.dead, "reason": one.error}
            yield Fault(f"delivery_dead:{one.channel}", "delivery_dead", "warning", None, facts=facts)


def _disk(disk: Disk, was: bool) -> Fault | None:
    """A full disk, or one that is filling up; the limits lie higher while the fault stands."""
    relief = limits.DISK_RELIEF if was else 1.0
    share = disk.free / max(disk.total, 1)
    facts = {"free_gb": round(disk.free / 2**30, 1), "percent": round(100 * share, 1)}
    if share < limits.DISK_FULL_SHARE * relief and disk.free < limits.DISK_FULL_BYTES * relief:
        return Fault("disk", "disk", "critical", None, facts=facts)
    if share < limits.DISK_LOW_SHARE * relief and disk.free < limits.DISK_LOW_BYTES * relief:
        return Fault("disk", "disk", "warning", None, facts=facts)
    return None


def _floor(state: OpsState, floor: FloorCalibration) -> Iterator[Fault]:
    if floor.cameras:
        yield from _watched(state, floor)
    if floor.unreadable:
        yield _of(floor, "certificate_unreadable", "warning", reason=floor.unreadable)
    elif floor.cameras:
        yield from _certified(state, floor)


def _watched(state: OpsState, floor: FloorCalibration) -> Iterator[Fault]:
    """Cameras that nobody counts with."""
    boxes = [box for box in state.boxes if box.floor == floor.floor]
    if not boxes:
        yield _of(floor, "floor_no_box", "warning", n=len(floor.cameras))
    watched = {camera.camera for box in boxes for camera in box.cameras}
    for name in floor.cameras:
        if watched and name not in watched:
            key = f"camera_unwatched:{floor.floor}/{name}"
            yield Fault(key, "camera_unwatched", "note", None, floor.floor, camera=name)


def _certified(state: OpsState, floor: FloorCalibration) -> Iterator[Fault]:
    """What says how far off the floor's places are."""
    if not floor.certificate:
        yield _of(floor, "certificate_missing", "note")
    elif floor.is_stale:
        yield _of(floor, "certificate_stale", "warning")
    elif floor.failed:
        zones = (zone if error is None else f"{zone} ({error:.0f} cm)" for zone, error in sorted(floor.failed.items()))
        yield _of(floor, "certificate_failed", "warning", zones=", ".join(zones))
    age_s = 0.0 if floor.made_at is None else state.at - floor.made_at
    if age_s > limits.OLD_CALIBRATION_S:
        yield _of(floor, "calibration_old", "note", floor.made_at, days=int(age_s / limits.DAY_S))


def _of(
    floor: FloorCalibration, kind: str, severity: Severity, since: float | None = None, **facts: str | float
) -> Fault:
    return Fault(f"{kind}:{floor.floor}", kind, severity, since, floor.floor, facts=facts)
