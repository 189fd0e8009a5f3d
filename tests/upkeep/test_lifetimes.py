"""Certificates that are good, end soon, have ended, have not begun, or are somebody else's."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.upkeep.papers import Authority
from upkeep.lifetimes import AUTHORITY_LATE_DAYS, OF_A_BOX, OF_THE_SITE, certificate_belongs, certificate_life


@pytest.mark.parametrize(
    ("from_days", "to_days", "level", "words"),
    [
        (-1, 90, "fine", "90 days"),
        (-65, 25, "fine", "25 days"),
        (-75, 15, "warning", "should be renewed by now"),
        (-91, -1, "fault", "expired"),
        (2, 92, "fault", "clock is behind"),
    ],
)
def test_how_long_a_certificate_is_good_for(
    tmp_path: Path, from_days: float, to_days: float, level: str, words: str
) -> None:
    certificate, _ = Authority(tmp_path).issue("box", from_days=from_days, to_days=to_days)
    (found,) = certificate_life(certificate, time.time(), OF_A_BOX)
    assert found.level == level
    assert words in found.said
    assert bool(found.mend) == (level != "fine")


@pytest.mark.parametrize(("days", "level"), [(200.0, "fine"), (100.0, "warning"), (-1.0, "fault")])
def test_an_authority_is_late_by_days_and_not_by_a_share_of_ten_years(tmp_path: Path, days: float, level: str) -> None:
    certificate, _ = Authority(tmp_path).issue("site", from_days=-3000, to_days=days)
    (found,) = certificate_life(certificate, time.time(), OF_THE_SITE, AUTHORITY_LATE_DAYS)
    assert found.level == level
    assert found.mend in {"", OF_THE_SITE}


def test_a_file_that_is_missing_or_none_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "odd.pem").write_text("hello")
    for name in ("absent.pem", "odd.pem"):
        assert [one.level for one in certificate_life(tmp_path / name, time.time(), OF_A_BOX)] == ["fault"]


def test_key_and_authority_must_be_its_own(tmp_path: Path) -> None:
    ours, theirs = Authority(tmp_path), Authority(tmp_path, "other")
    certificate, key = ours.issue("box")
    _, other_key = ours.issue("other-box")
    broken = tmp_path / "broken.key"
    broken.write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    assert certificate_belongs(certificate, key, ours.path)[0].level == "fine"
    for pair, words in (
        ((other_key, ours.path), "is not this certificate's"),
        ((key, theirs.path), "was not signed by"),
        ((broken, ours.path), "cannot be read as PEM"),
        ((tmp_path / "absent.key", ours.path), "cannot be read"),
    ):
        (found,) = certificate_belongs(certificate, *pair)
        assert found.level == "fault"
        assert words in found.said
