"""Everything that can be wrong, as it was seen at one instant: plain data for `faults.find_faults`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from central.store.accounts import Account
from central.store.boxes import Box
from central.store.delivery_channels import ChannelStanding
from central.store.enrolment import Identity


@dataclass(frozen=True, slots=True)
class WayIn:
    """Broker, queue and store.

    Attributes:
        listening_since: since when the broker has been connected, seconds since 1970; None while it is not.
        broker_fault: why it is not; empty where it is.
        store_fault: why nothing can be stored now; empty where it can.
        queue_depth: messages waiting for the writer.
        queue_size: how many can.
        dropped: live messages dropped since start because the queue was full.
        late: batches of positions that came too late to count, since start.
    """

    listening_since: float | None
    broker_fault: str = ""
    store_fault: str = ""
    queue_depth: int = 0
    queue_size: int = 1
    dropped: int = 0
    late: int = 0


@dataclass(frozen=True, slots=True)
class Disk:
    """The file system that holds the database, bytes."""

    free: int
    total: int


@dataclass(frozen=True, slots=True)
class Refusals:
    """Messages refused for one reason."""

    kind: str
    count: int
    last: float


@dataclass(frozen=True, slots=True)
class FloorCalibration:
    """What the files beside the site say of a floor's calibration.

    Attributes:
        floor: its id.
        cameras: names of its calibrated cameras.
        calibration: the floor's hash; empty without cameras.
        made_at: of its oldest calibration, seconds since 1970; None where the file does not say.
        certificate: ``""`` where there is none, else ``pass``, ``pass with remarks`` or ``fail`` (its worst camera).
        failed: zones that failed, with the expected error in cm where the certificate has one.
        is_stale: whether the certificate is of another calibration.
        unreadable: why the files cannot be read; empty where they can.
    """

    floor: str
    cameras: tuple[str, ...]
    calibration: str
    made_at: float | None = None
    certificate: str = ""
    failed: Mapping[str, float | None] = field(default_factory=dict)
    is_stale: bool = False
    unreadable: str = ""


@dataclass(frozen=True, slots=True)
class Purge:
    """The last purge of what has outlived its purpose, and whether it proved itself."""

    at: float
    left_over: int


@dataclass(frozen=True, slots=True)
class OpsState:
    """The appliance as it was seen at one instant.

    Attributes:
        at: that instant, seconds since 1970.
        way_in: broker, queue and store.
        disk: None where it cannot be told.
        refusals: by kind, ever.
        boxes: their last words.
        accounts: of every durable session.
        floors: calibration of every floor of the site.
        purge: the last one; None where none is known.
        channels: how offers get out, one each.
        backup_at: instant of the last good backup, seconds since 1970; None where none are awaited.
        identities: the certificate that counts of everybody who has one.
    """

    at: float
    way_in: WayIn
    disk: Disk | None
    refusals: tuple[Refusals, ...]
    boxes: tuple[Box, ...]
    accounts: tuple[Account, ...]
    floors: tuple[FloorCalibration, ...]
    purge: Purge | None = None
    channels: tuple[ChannelStanding, ...] = ()
    backup_at: float | None = None
    identities: tuple[Identity, ...] = ()
