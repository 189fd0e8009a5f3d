"""Rounds end in time whatever a check does, and a check that falls over is a finding."""

from __future__ import annotations

import threading
import time

import pytest

from contract.errors import BadInputError
from upkeep.databases import OutOfTimeError
from upkeep.findings import Finding, exit_status
from upkeep.rounds import Check, make_rounds

pytestmark = pytest.mark.waits


def fine(name: str, said: str = "well") -> list[Finding]:
    return [Finding(check=name, level="fine", said=said)]


def failing(error: Exception) -> list[Finding]:
    raise error


def test_findings_come_in_the_checks_order_however_long_each_takes() -> None:
    done = [threading.Event() for _ in range(4)]
    ended: list[str] = []

    def after_the_next(n: int) -> list[Finding]:
        # side by side: one after the other, the first would wait in vain
        assert n + 1 == len(done) or done[n + 1].wait(60)
        ended.append(f"c{n}")
        done[n].set()
        return fine(f"c{n}")

    findings = make_rounds([Check(f"c{n}", lambda n=n: after_the_next(n)) for n in range(4)])  # type: ignore[misc]
    assert [(finding.check, finding.level) for finding in findings] == [(f"c{n}", "fine") for n in range(4)]
    assert ended == ["c3", "c2", "c1", "c0"]


def test_a_check_that_hangs_is_given_up_and_the_others_are_told() -> None:
    for_ever = threading.Event()
    told: list[str] = []
    checks = [
        Check("hangs", lambda: fine(str(for_ever.wait())), "east", limit_s=0.3),
        Check("works", lambda: fine("works")),
    ]
    began = time.monotonic()
    hung, works = make_rounds(checks, on_done=lambda check: told.append(check.name))
    assert time.monotonic() - began < 1.0
    for_ever.set()
    assert (hung.check, hung.subject, hung.level) == ("hangs", "east", "fault")
    assert "no answer within 0 s" in hung.said
    assert works.level == "fine"
    assert told == ["works", "hangs"]


def test_the_deadline_holds_for_checks_that_have_not_begun() -> None:
    for_ever = threading.Event()
    checks = [Check("hangs", lambda: fine(str(for_ever.wait()))), Check("waits", lambda: fine("waits"))]
    began = time.monotonic()
    hung, waits = make_rounds(checks, together=1, deadline_s=0.3)
    for_ever.set()
    assert time.monotonic() - began < 1.0
    assert hung.level == "fault"
    assert waits.level in {"fine", "unknown"}
    assert [finding.check for finding in (hung, waits)] == ["hangs", "waits"]


@pytest.mark.parametrize(
    ("error", "level", "words"),
    [
        (BadInputError("box.toml: fps is -1; correct that field"), "fault", "box.toml: fps is -1"),
        (OutOfTimeError("a.db: not read through within 5 s"), "unknown", "not read through"),
        (RuntimeError("rtsp://admin:s3cret@cam/1"), "unknown", "RuntimeError"),
    ],
)
def test_a_check_that_fails_is_a_finding(error: Exception, level: str, words: str) -> None:
    (found,) = make_rounds([Check("c", lambda: failing(error))])
    assert found.level == level
    assert words in found.said
    assert found.mend
    assert "s3cret" not in found.said
    assert exit_status([found]) == int(level == "fault")


def test_a_secret_in_a_sentence_is_taken_out() -> None:
    (found,) = make_rounds([Check("c", lambda: fine("c", "rtsp://admin:s3cret@cam/1 said\nno"))])
    assert found.said == "rtsp://***@cam/1 said no"
