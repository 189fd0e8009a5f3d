"""Faults of central's upkeep: backups that are awaited and do not come."""

from __future__ import annotations

from collections.abc import Iterator

from central.ops import limits
from central.ops.fault import Fault
from central.ops.state import OpsState


def upkeep_faults(state: OpsState) -> Iterator[Fault]:
    """What is wrong with backups; nothing where none are awaited."""
    if state.backup_at is not None and state.at - state.backup_at > limits.BACKUP_LATE_S:
        hours = int((state.at - state.backup_at) / 3600)
        yield Fault("backup_late", "backup_late", "warning", state.backup_at, facts={"hours": hours})
