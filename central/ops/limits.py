"""Where things begin to be faults. Pairs are the limit that raises a fault and the lower one below which it is gone."""

from __future__ import annotations

from typing import NamedTuple

DAY_S = 86_400.0


class Band(NamedTuple):
    """A fault comes above ``high`` and stays until the value is below ``low``, so that it cannot flap between."""

    high: float
    low: float

    def holds(self, value: float, *, standing: bool) -> bool:
        """Whether the value is a fault, given whether it was one.

        >>> [Band(10, 5).holds(7, standing=standing) for standing in (False, True)]
        [False, True]
        """
        return value > (self.low if standing else self.high)


QUEUE_SHARE = Band(0.5, 0.1)
"""Share of the writer's queue that is taken."""
OUTBOX = Band(2_000, 500)
"""Events that a box keeps because we have not taken them; a busy box makes ten a second."""
SKEW_S = Band(2.0, 1.0)
"""A box's clock against ours; beyond it its times are corrected here."""
HOT_C = Band(85.0, 78.0)
"""Most small computers throttle at 85 to 95 degrees Celsius."""
LINK_RTT_MS = Band(150.0, 75.0)
"""Round trip from a box to the broker; a mall's own network takes a few milliseconds."""
LINK_LOST = Band(0.01, 0.005)
"""Share of packets sent again; a good wire loses none."""
BOX_DISK_USED = Band(0.90, 0.88)
"""Share of a box's disk that is taken; its events, models and logs need a few gigabytes, and it has tens."""
LATENCY_MS = Band(2_000, 1_000)
"""Age of a frame when its events are written; offers are to be made within a second."""

DISK_LOW_SHARE, DISK_LOW_BYTES = 0.10, 5 * 2**30
DISK_FULL_SHARE, DISK_FULL_BYTES = 0.02, 2**30
"""Free space below the share and below the bytes; a big disk may run at 5 % in peace."""
DISK_RELIEF = 1.2
"""A standing fault of the disk is gone at so many times the limit."""

EXPIRING_S = 20 * DAY_S
"""A certificate is renewed 30 days before it ends; ten days later something keeps it from being."""
REVOKED_WITHIN_S = 60.0
"""So long after a revocation the broker has started anew, and nothing of the box can be heard any more."""
REVOKED_S = 30 * DAY_S
"""A revocation is news for so long."""

REFUSED_S = 900.0
"""Refusals are news for so long."""
ABANDONED_S = DAY_S
"""An account that was given up is news for so long."""
PURGE_LATE_S = 900.0
"""A purge runs every minute; without one for so long a promise is being broken."""
OLD_CALIBRATION_S = 365 * DAY_S
"""After a year a walk test is due: floors settle, brackets sag."""
BACKUP_LATE_S = 26 * 3600.0
"""A backup is made every night; boxes keep what central had for 36 hours."""
