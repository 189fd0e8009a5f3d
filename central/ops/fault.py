"""What a fault is, and how each kind of it is treated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["critical", "warning", "note"]
"""``critical``: figures are wrong or stand still now. ``warning``: a part of them does, or soon will. ``note``: worth
knowing; nobody is called for it, and it opens no order."""
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "note")
"""Worst first."""

Facts = Mapping[str, str | float]
"""Values for the sentence about a fault; numbers in the units that the catalogue of words names."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it should be.

    Attributes:
        key: names the fault as long as it lasts: kind and subject.
        kind: one of `KINDS`; the catalogue of words has a sentence and a mend for each.
        severity: how bad it is now.
        since: seconds since 1970; None where what was looked at does not tell, and the first look counts.
        floor: its id; empty where it is about no floor.
        box: likewise.
        camera: likewise.
        facts: what the sentence tells.
    """

    key: str
    kind: str
    severity: Severity
    since: float | None
    floor: str = ""
    box: str = ""
    camera: str = ""
    facts: Facts = field(default_factory=dict)

    @property
    def rank(self) -> int:
        """0 for the worst severity."""
        return SEVERITIES.index(self.severity)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long something must be seen before it counts as there, or as gone: what keeps a fault from flapping.

    Attributes:
        raise_s: seconds that it must last before it is a fault.
        clear_s: seconds that it must be absent before the fault is gone.
        reopens: whether an order that was closed while its fault still stood comes back after a day. Not where what
            happened cannot be undone, and somebody has taken note of it.
    """

    raise_s: float = 0.0
    clear_s: float = 15.0
    reopens: bool = True


KINDS: Mapping[str, Patience] = {
    # the way in
    "broker": Patience(5.0),
    "store": Patience(0.0),
    "queue": Patience(5.0, 30.0),
    "disk": Patience(0.0, 60.0),
    "quarantine": Patience(0.0, 0.0),  # the quarter of an hour that is looked back on is patience enough
    "purge": Patience(0.0),
    "purge_late": Patience(120.0),  # a central that was off purges at its first round
    "backup_late": Patience(),
    # the way out
    "delivery_open": Patience(10.0, 5.0),  # a lost packet or two is no dead endpoint
    "delivery_disabled": Patience(0.0, 5.0),
    "delivery_dead": Patience(0.0, 0.0, reopens=False),
    # boxes
    "box_silent": Patience(),  # ten seconds of silence are in the rule itself
    "box_stopped": Patience(),
    "box_no_positions": Patience(),
    "box_no_health": Patience(5.0),
    "box_outbox": Patience(30.0, 60.0),
    "box_missing": Patience(60.0, 5.0),  # most gaps are closed by one request to send again
    "box_abandoned": Patience(0.0, 0.0, reopens=False),
    "box_forgone": Patience(10.0, 0.0, reopens=False),
    "box_disk": Patience(0.0, 10.0),
    "box_disk_low": Patience(0.0, 10.0),
    "box_link": Patience(0.0, 20.0),  # the box counts over half a minute itself
    "box_lost": Patience(0.0, 0.0, reopens=False),
    "box_clock": Patience(20.0, 60.0),
    "box_hot": Patience(30.0, 120.0),
    "box_calibration": Patience(30.0, 15.0),
    "box_says": Patience(20.0, 30.0),
    # certificates of boxes and broker
    "identity_expiring": Patience(),
    "identity_expired": Patience(),
    "identity_revoked": Patience(),
    "identity_revoked_heard": Patience(),
    # cameras
    "camera_offline": Patience(5.0, 20.0),
    "camera_stopped": Patience(5.0, 5.0),
    "camera_moved": Patience(0.0, 20.0),
    "camera_blind": Patience(0.0, 20.0),
    "camera_dead_stream": Patience(5.0, 20.0),  # after one report of five seconds without a frame
    "camera_starved": Patience(10.0, 20.0),
    "camera_late": Patience(30.0, 60.0),
    "camera_unwatched": Patience(60.0, 5.0),
    # floors
    "floor_no_box": Patience(60.0, 5.0),
    "certificate_missing": Patience(),
    "certificate_stale": Patience(),
    "certificate_failed": Patience(),
    "certificate_unreadable": Patience(5.0),
    "calibration_old": Patience(),
}
"""Every kind of fault."""
