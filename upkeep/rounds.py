"""A doctor's rounds: many checks side by side, each with a time limit, so that none keeps the others waiting."""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from contract.errors import AtriumError
from upkeep.databases import OutOfTimeError
from upkeep.findings import Finding
from upkeep.redaction import scrub

TOGETHER = 64
"""Checks that run at a time: nearly all of them wait for something, few of them count. A large box has 40 cameras."""
DEADLINE_S = 28.0
"""Of all the rounds: who stands beside a box waits for half a minute, not for more."""


@dataclass(frozen=True, slots=True)
class Check:
    """Something to be looked at.

    Attributes:
        name: its finding's ``check`` where it cannot be finished.
        run: looks, and says what it found.
        subject: which one.
        limit_s: it is given up after so many seconds.
    """

    name: str
    run: Callable[[], Sequence[Finding]]
    subject: str = ""
    limit_s: float = 10.0


def make_rounds(
    checks: Sequence[Check],
    *,
    together: int = TOGETHER,
    deadline_s: float = DEADLINE_S,
    on_done: Callable[[Check], None] = lambda _: None,
    monotonic: Callable[[], float] = time.monotonic,
) -> list[Finding]:
    """What all checks found, in the checks' order; secrets that strayed into a sentence are taken out.

    A check that hangs is left behind in its thread, which does not keep the process alive.

    Args:
        checks: in the order in which they begin.
        together: how many run at a time.
        deadline_s: of everything, seconds; what has not begun by then is not looked at.
        on_done: told of each check that is finished or given up.
        monotonic: seconds that never jump.
    """
    done: queue.SimpleQueue[tuple[int, list[Finding]]] = queue.SimpleQueue()
    waiting = deque(range(len(checks)))
    given_up_at: dict[int, float] = {}
    found: dict[int, list[Finding]] = {}
    end = monotonic() + deadline_s
    while waiting or given_up_at:
        while waiting and len(given_up_at) < together:
            index = waiting.popleft()
            given_up_at[index] = min(monotonic() + checks[index].limit_s, end)
            _begin(index, checks[index], done)
        try:
            index, findings = done.get(timeout=max(0.0, min(given_up_at.values()) - monotonic()))
        except queue.Empty:
            late = [index for index, at in given_up_at.items() if at <= monotonic()]
            answers = [(index, [_unfinished(checks[index])]) for index in late]
        else:
            answers = [(index, findings)] if index in given_up_at else []
        for index, findings in answers:
            del given_up_at[index]
            found[index] = findings
            on_done(checks[index])
        if monotonic() >= end:
            while waiting:
                index = waiting.popleft()
                found[index] = [_unbegun(checks[index])]
                on_done(checks[index])
    return [finding for index in sorted(found) for finding in found[index]]


def _begin(index: int, check: Check, done: queue.SimpleQueue[tuple[int, list[Finding]]]) -> None:
    def work() -> None:
        done.put((index, carry_out(check)))

    threading.Thread(target=work, name=f"check {check.name}", daemon=True).start()


def carry_out(check: Check) -> list[Finding]:
    """What one check found; that it failed itself is a finding, too, and never an exception."""
    try:
        return [clean(finding) for finding in check.run()]
    except OutOfTimeError as error:
        return [clean(_of(check, "unknown", str(error), "look again while the service has less to do"))]
    except AtriumError as error:
        said, _, mend = str(error).partition("; ")
        return [clean(_of(check, "fault", said, mend or "correct what it names"))]
    except Exception as error:  # noqa: BLE001 - a doctor that falls over helps nobody
        said = f"could not be looked at ({type(error).__name__})"
        return [_of(check, "unknown", said, "send a support bundle: atrium doctor --bundle FILE")]


def clean(finding: Finding) -> Finding:
    """The finding with whatever looks like a secret taken out of its sentences, each on one line."""
    said, mend, subject = (scrub(" ".join(text.split())) for text in (finding.said, finding.mend, finding.subject))
    return Finding(
        check=finding.check, level=finding.level, said=said, subject=subject, mend=mend, figures=finding.figures
    )


def _unfinished(check: Check) -> Finding:
    said = f"gave no answer within {check.limit_s:.0f} s: what it looks at hangs"
    return _of(check, "fault", said, "run the doctor again; where it stays so, restart the service, then the machine")


def _unbegun(check: Check) -> Finding:
    return _of(check, "unknown", "was not begun: there was no time left", "run the doctor again when less is at fault")


def _of(check: Check, level: str, said: str, mend: str) -> Finding:
    return Finding(check=check.name, subject=check.subject, level=level, said=said, mend=mend)  # type: ignore[arg-type]
