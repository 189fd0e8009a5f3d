"""How far the machine's clock is off, by whoever knows: chrony, else central's answers, else the kernel."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from upkeep.findings import Finding, Level

OFF_S, FAR_OFF_S = 0.1, 2.0
"""Cameras of one floor are joined by time: a tenth of a second is ten centimetres of walking; beyond two seconds
central corrects the box's times."""
COARSE_OFF_S = 2.0
"""A web server's ``Date`` is rounded to a second."""
LOCAL_REFERENCE = "7F7F0101"
TIME_ERROR = 5
"""What the kernel's clock is while nobody sets it (``adjtimex``)."""
TIMEX_BYTES = 512
"""More than its structure has on any machine."""
TIMEDATECTL = ("timedatectl", "show", "--property=NTPSynchronized", "--value")
MEND = "Let chrony set the clock: check time_servers in the box's file, then systemctl restart chrony."


@dataclass(frozen=True, slots=True)
class Tracking:
    """What chrony says.

    Attributes:
        offset_s: system clock minus true time as far as it knows, seconds.
        server: whom it follows; empty for nobody.
        synchronised: whether it follows somebody, or at least itself.
    """

    offset_s: float
    server: str
    synchronised: bool
    alone: bool = False
    """Whether it follows its own clock for want of another (``local`` in its configuration)."""


def ask_chrony(command: Sequence[str] = ("chronyc",), timeout_s: float = 3.0) -> Tracking | None:
    """What chrony says of the clock; None where it does not answer."""
    try:
        done = subprocess.run(  # noqa: S603 - our own words
            [*command, "-n", "-c", "tracking"], capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    fields = done.stdout.strip().split(",")
    if done.returncode or len(fields) < 14:
        return None
    try:
        offset_s = float(fields[4])
    except ValueError:
        return None
    is_synchronised = fields[13] != "Not synchronised" and fields[0] not in {"", "00000000"}
    return Tracking(offset_s, fields[1] if is_synchronised else "", is_synchronised, fields[0] == LOCAL_REFERENCE)


def kernel_is_set() -> bool | None:
    """Whether the kernel believes that somebody keeps its clock; None where it does not say.

    A sandbox that keeps the clock from being set (``ProtectClock=``) forbids the question, too; then systemd is asked.
    """
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(TIMEX_BYTES))
    except (OSError, AttributeError):
        state = -1
    if state >= 0:
        return bool(state != TIME_ERROR)
    try:
        said = subprocess.run(TIMEDATECTL, capture_output=True, text=True, timeout=3.0, check=False).stdout.strip()  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    return {"yes": True, "no": False}.get(said)


def clock_offset(
    tracking: Tracking | None,
    central_off_s: Callable[[], float | None] = lambda: None,
    is_set: Callable[[], bool | None] = kernel_is_set,
) -> list[Finding]:
    """How far the clock is off.

    Args:
        tracking: what chrony says; None where it does not answer.
        central_off_s: this clock minus central's by its answer, seconds; None where it does not answer. Asked only
            where chrony does not answer.
        is_set: whether the kernel's clock is kept by somebody; asked last.
    """
    if tracking is not None:
        if tracking.alone:
            return [_of("fault", "chrony reaches no time server and goes by this clock alone: it drifts", MEND)]
        if not tracking.synchronised:
            return [_of("fault", "chrony runs and follows nobody: the clock drifts", MEND)]
        return [_measured(tracking.offset_s, f"by chrony, which follows {tracking.server}", OFF_S)]
    off_s = central_off_s()
    if off_s is not None:
        found = _measured(off_s, "by central's own clock, to a second; chrony does not answer", COARSE_OFF_S)
        said = found.said if found.level != "fine" else f"{found.said}: nobody keeps it"
        level = found.level if found.level != "fine" else "warning"
        return [Finding(check="clock-offset", level=level, said=said, mend=MEND, figures=found.figures)]
    return [_unmeasured(is_set())]


def _unmeasured(is_kept: bool | None) -> Finding:
    if is_kept is None:
        return _of("unknown", "nobody here can say whether the clock is right", MEND)
    if is_kept:
        return _of("fine", "the kernel says that somebody keeps the clock; how far it is off it does not say", "")
    return _of("warning", "chrony does not answer, and the kernel says that nobody keeps the clock", MEND)


def _measured(off_s: float, by: str, fine_s: float) -> Finding:
    level: Level = "fine" if abs(off_s) <= fine_s else "fault" if abs(off_s) > FAR_OFF_S else "warning"
    way = "ahead" if off_s > 0 else "behind"
    return Finding(
        check="clock-offset",
        level=level,
        said=f"{1000 * abs(off_s):.1f} ms {way}, {by}" if abs(off_s) < 1 else f"{abs(off_s):.1f} s {way}, {by}",
        mend=MEND if level != "fine" else "",
        figures={"offset_ms": round(1000 * off_s, 3)},
    )


def _of(level: Level, said: str, mend: str) -> Finding:
    return Finding(check="clock-offset", level=level, said=said, mend=mend)
