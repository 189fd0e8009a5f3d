"""Faults of the certificates by which the broker knows boxes, and boxes know the broker."""

from __future__ import annotations

from collections.abc import Iterator

from central.ops import limits
from central.ops.fault import Facts, Fault, Severity
from central.ops.state import OpsState
from central.store.enrolment import Identity


def identity_faults(state: OpsState) -> Iterator[Fault]:
    """Certificates that are about to end or have, and boxes whose certificate was revoked; those may still speak."""
    for one in state.identities:
        if one.revoked_at is None:
            yield from _ends(state, one)
        elif one.box:
            yield from _revoked(state, one, one.revoked_at)


def _ends(state: OpsState, one: Identity) -> Iterator[Fault]:
    left_s = one.not_after - state.at
    if left_s <= 0:
        yield _of(one, "identity_expired", "critical", one.not_after, name=one.name)
    elif left_s < limits.EXPIRING_S:
        begun = one.not_after - limits.EXPIRING_S
        yield _of(one, "identity_expiring", "warning", begun, name=one.name, days=int(left_s / limits.DAY_S))


def _revoked(state: OpsState, one: Identity, at: float) -> Iterator[Fault]:
    heard = max((box.last_heard or 0.0 for box in state.boxes if box.box == one.box), default=0.0)
    if heard > at + limits.REVOKED_WITHIN_S:
        # Nothing that was heard later than the broker's restart can be a leftover of the old connection.
        yield _of(one, "identity_revoked_heard", "critical", at, name=one.name)
    elif state.at - at < limits.REVOKED_S:
        yield _of(one, "identity_revoked", "note", at, name=one.name)


def _of(one: Identity, kind: str, severity: Severity, since: float, **facts: str | float) -> Fault:
    told: Facts = facts
    return Fault(f"{kind}:{one.name}", kind, severity, since, one.floor, one.box, facts=told)
