"""What is looked at on every host, whatever runs on it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from upkeep.machine import SYS, disk_room, temperature, throttling
from upkeep.rounds import Check

VAR = Path("/var")
"""Where journals and packages grow."""


def host_checks(folders: Sequence[Path], sys: Path = SYS) -> list[Check]:
    """The machine's own checks.

    Args:
        folders: where the service keeps something; one finding for each file system.
        sys: where the kernel tells of the machine.
    """
    disks: dict[int, Path] = {}
    for folder in (*folders, VAR):
        there = next((one for one in (folder, *folder.parents) if one.exists()), Path("/"))
        disks.setdefault(there.stat().st_dev, folder)
    return [
        *(Check("disk-room", partial(disk_room, folder), str(folder)) for folder in disks.values()),
        Check("temperature", partial(temperature, sys)),
        Check("throttling", partial(throttling, sys)),
    ]
