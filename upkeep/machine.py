"""The machine itself: room on its disks, its temperature, and whether it slows itself down."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from upkeep.findings import Finding, Level

GIB = 2**30
LOW_SHARE, LOW_BYTES = 0.10, 5 * GIB
FULL_SHARE, FULL_BYTES = 0.02, GIB
"""Free space below the share and below the bytes; a big disk may run at 5 % in peace."""
INODES_LOW_SHARE, INODES_FULL_SHARE = 0.05, 0.01
HOT_C, TOO_HOT_C = 85.0, 95.0
"""Most small computers slow down at 85 to 95 degrees Celsius."""
PLAUSIBLE_C = (-60.0, 200.0)
"""Broken sensors say more."""
SYS = Path("/sys")
PI_NOW = {
    0: "its supply voltage is too low",
    1: "its clock is capped",
    2: "it slows down",
    3: "it is at its soft limit",
}
"""Bits of the Raspberry Pi's ``get_throttled``; the same 16 higher: has happened since it was switched on."""
PI_EVER_SHIFT = 16
PI_POWER = 0


def disk_room(path: Path) -> list[Finding]:
    """How much room there is where something is kept: bytes, and names of files (inodes).

    Args:
        path: a folder or file; where it does not exist yet, the nearest folder above is looked at.
    """
    there = next((one for one in (path, *path.parents) if one.exists()), Path("/"))
    try:
        found = os.statvfs(there)
    except OSError as error:
        said = f"cannot be read ({error.strerror})"
        mend = "Look into the disk's health (dmesg, smartctl) and replace it."
        return [Finding(check="disk-room", subject=str(path), level="fault", said=said, mend=mend)]
    total, free = found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize
    share = free / total if total else 1.0
    level: Level = "fine"
    if share < FULL_SHARE and free < FULL_BYTES:
        level = "fault"
    elif share < LOW_SHARE and free < LOW_BYTES:
        level = "warning"
    mend = "Make room: old journals (journalctl --vacuum-size=200M), old packages (apt-get clean), or a larger disk."
    findings = [
        Finding(
            check="disk-room",
            subject=str(path),
            level=level,
            said=f"{free / GIB:.1f} of {total / GIB:.1f} GiB free ({share:.0%})",
            mend=mend if level != "fine" else "",
            figures={"free_bytes": float(free), "total_bytes": float(total)},
        )
    ]
    if found.f_files:  # some file systems have no limit
        left = found.f_favail / found.f_files
        level = "fault" if left < INODES_FULL_SHARE else "warning" if left < INODES_LOW_SHARE else "fine"
        mend = "Find the folder with too many small files (du --inodes -x / | sort -n | tail) and empty it."
        findings.append(
            Finding(
                check="disk-inodes",
                subject=str(path),
                level=level,
                said=f"{left:.0%} of the names of files (inodes) are free",
                mend=mend if level != "fine" else "",
                figures={"free": float(found.f_favail), "total": float(found.f_files)},
            )
        )
    return findings


def temperature(sys: Path = SYS) -> list[Finding]:
    """The hottest sensor that the kernel knows.

    Args:
        sys: where the kernel tells of the machine.
    """
    found = sorted(_temperatures(sys), reverse=True)
    if not found:
        said = "this machine tells no temperature"
        mend = "Feel whether its fan runs; on a virtual machine look at its host."
        return [Finding(check="temperature", level="unknown", said=said, mend=mend)]
    celsius, sensor = found[0]
    level: Level = "fault" if celsius >= TOO_HOT_C else "warning" if celsius >= HOT_C else "fine"
    mend = "Clean the fan and vents, give it air, and take it out of the sun or from above a lamp."
    return [
        Finding(
            check="temperature",
            level=level,
            said=f"{celsius:.0f} °C at {sensor}",
            mend=mend if level != "fine" else "",
            figures={"celsius": round(celsius, 1)},
        )
    ]


def _temperatures(sys: Path) -> Iterator[tuple[float, str]]:
    for zone in sys.glob("class/thermal/thermal_zone*"):
        celsius = _number(zone / "temp")
        if celsius is not None and PLAUSIBLE_C[0] <= celsius / 1000 <= PLAUSIBLE_C[1]:
            yield celsius / 1000, (_text(zone / "type") or zone.name)[:40]


def throttling(sys: Path = SYS) -> list[Finding]:
    """Whether the processor slows itself down, or has since it was switched on, by heat or by a weak supply.

    Args:
        sys: where the kernel tells of the machine.
    """
    findings = [*_raspberry(sys), *_intel(sys)]
    if findings:
        return findings
    said = "this processor does not tell whether it slows itself down"
    mend = "Go by the temperature and by the model's speed."
    return [Finding(check="throttling", level="unknown", said=said, mend=mend)]


def _intel(sys: Path) -> Iterator[Finding]:
    counts = [
        count
        for path in sys.glob("devices/system/cpu/cpu*/thermal_throttle/*_throttle_count")
        if (count := _number(path)) is not None
    ]
    if not counts:
        return
    times = max(counts)
    yield Finding(
        check="throttling",
        level="warning" if times else "fine",
        said=f"slowed down {times:.0f} times by heat since it was switched on",
        mend="Clean the fan and vents and give it air, then switch it off and on and look again." if times else "",
        figures={"times": times},
    )


def _raspberry(sys: Path) -> Iterator[Finding]:
    for path in sys.glob("devices/platform/soc/*/get_throttled"):
        try:
            bits = int(_text(path) or "0", 16)
        except ValueError:
            continue
        now = [text for bit, text in PI_NOW.items() if bits >> bit & 1]
        ever = [text for bit, text in PI_NOW.items() if bits >> bit + PI_EVER_SHIFT & 1]
        power = (bits >> PI_POWER | bits >> PI_POWER + PI_EVER_SHIFT) & 1
        mend = (
            "Use the maker's own power supply and a short cable." if power else "Give it a fan or a larger heat sink."
        )
        if now:
            yield Finding(check="throttling", level="fault", said=f"at this moment {' and '.join(now)}", mend=mend)
        elif ever:
            said = f"since it was switched on it happened that {' and '.join(ever)}"
            yield Finding(check="throttling", level="warning", said=said, mend=mend)
        else:
            yield Finding(check="throttling", level="fine", said="has not slowed down since it was switched on")


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None


def _number(path: Path) -> float | None:
    try:
        return float(_text(path) or "")
    except ValueError:
        return None
