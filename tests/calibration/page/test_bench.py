"""All cameras of a floor: their verdicts, and the floor's certificate made anew beside everything else."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from calibration.page.bench import Bench
from calibration.page.login import Logins, OneToken
from calibration.page.looks import SnapshotStore
from calibration.page.ports import Ports, Still
from calibration.page.wording import certificate_words
from contract.errors import AtriumError
from tests.calibration.page.one_hall import NOW, kept_floor, new_floor, solved


def bench(folder: Path, *, renew: Callable[[], None] | None = None) -> Bench:
    kept = kept_floor(new_floor(folder))
    ports = Ports(
        floor=kept.floor, cameras=("hall", "west"), still=lambda _: Still(np.zeros((360, 640, 3), np.uint8), NOW),
        certify=kept.certify, report=kept.report, save=kept.save, saved=kept.saved, renew=renew or kept.renew,
        verdicts=kept.verdicts, geometry=kept.geometry, write_geometry=kept.write_geometry,
        check_geometry=kept.check_geometry,
    )  # fmt: skip
    store = SnapshotStore(folder / "s")
    return Bench("Mall, g", ports, store, Logins(OneToken()), lambda: NOW, ZoneInfo("UTC"))


def test_what_is_saved_is_judged_beside_everything_else(tmp_path: Path) -> None:
    async def work() -> None:
        found = bench(tmp_path)
        told: list[str] = []
        found.listen(lambda: told.append(certificate_words(found)))
        assert (found.verdicts(), certificate_words(found)) == ({}, "")
        found.ports.save(solved(), "ana")
        found.renew()
        assert found.verdicts() == {"hall": "unjudged"}
        assert "being made anew" in certificate_words(found)
        await found.settled()
        assert told == ["The floor's certificate is up to date."]
        assert found.verdicts() == {"hall": "pass"}

    asyncio.run(work())


def test_what_is_saved_meanwhile_is_judged_too(tmp_path: Path) -> None:
    begun, may_go, times = threading.Event(), threading.Event(), []

    def renew() -> None:
        times.append(1)
        begun.set()
        assert may_go.wait(20)

    async def work() -> None:
        found = bench(tmp_path, renew=renew)
        found.renew()
        await asyncio.to_thread(begun.wait, 20)
        found.renew()
        found.renew()
        may_go.set()
        await found.settled()
        assert len(times) == 2

    asyncio.run(work())


@pytest.mark.parametrize("error", [AtriumError("disk full; make room"), ZeroDivisionError()])
def test_a_certificate_that_cannot_be_made_is_said(tmp_path: Path, error: Exception) -> None:
    def renew() -> None:
        raise error

    async def work() -> None:
        found = bench(tmp_path, renew=renew)
        found.renew()
        await found.settled()
        assert certificate_words(found).startswith("No new certificate for the floor: ")
        found.ports = replace(found.ports, renew=lambda: None)
        found.renew()
        await found.settled()
        assert certificate_words(found) == "The floor's certificate is up to date."

    asyncio.run(work())


def test_zones_are_checked_once_a_change(tmp_path: Path) -> None:
    found = bench(tmp_path)
    assert found.zone_findings() is found.zone_findings()
    found.zones.choose("shop")
    found.zones.delete()
    assert found.zone_findings() == ["No zone is drawn: draw one, or import a plan's."]


def test_a_damaged_file_leaves_the_list_of_cameras_usable(tmp_path: Path) -> None:
    found = bench(tmp_path)
    (tmp_path / "g.cameras.json").write_text("{")
    assert found.verdicts() == {}
    with pytest.raises(AtriumError, match="no camera 'cellar'"):
        found.desk("cellar")
