"""One camera's work: solved at every change, judged anew when zones change, and told to everybody who looks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calibration.page.desk import Desk
from calibration.page.looks import SnapshotStore
from calibration.page.ports import Ports, Still
from calibration.page.workspace import Workspace
from calibration.page.zoning import ZoneWork
from contract.errors import AtriumError
from tests.calibration.page.one_hall import NOW, PLACES, kept_floor, new_floor, solved, true_camera


class Bench:
    """A desk over a floor's files, whose zones and camera can be changed from outside."""

    def __init__(self, folder: Path, *, people: Any = None, size: tuple[int, int] = (640, 360)) -> None:
        self.kept = kept_floor(new_floor(folder))
        self.zones, self.size, self.seen, self.fault = ZoneWork(self.kept.geometry()), size, 0, ""
        ports = Ports(
            floor=self.kept.floor, cameras=("hall",), still=self._still, certify=self.kept.certify,
            report=self.kept.report, save=self.kept.save, saved=self.kept.saved, renew=self.kept.renew,
            verdicts=self.kept.verdicts, geometry=self.kept.geometry, people=people,
        )  # fmt: skip
        self.desk = Desk("hall", ports, SnapshotStore(folder / "s"), lambda: NOW, lambda: self.zones.geometry)
        self.desk.listen(lambda: setattr(self, "seen", self.seen + 1))

    def _still(self, _camera: str) -> Still:
        if self.fault:
            raise AtriumError(self.fault)
        return Still(np.full((self.size[1], self.size[0], 3), 120, np.uint8), NOW)


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(work())


def click(desk: Desk, count: int) -> None:
    pixels = true_camera().pixels_from_floor(PLACES[:count])
    for pixel, place in zip(pixels.round().tolist(), PLACES[:count].tolist(), strict=True):
        desk.place("picture", tuple(pixel))
        desk.place("plan", tuple(place))


def test_from_the_fourth_pair_on_there_is_a_solution_and_it_can_be_saved(tmp_path: Path) -> None:
    async def work() -> None:
        bench = Bench(tmp_path)
        await bench.desk.open("ana")
        click(bench.desk, 3)
        await bench.desk.settled()
        assert bench.desk.findings.solution is None
        with pytest.raises(AtriumError, match="no calibration yet"):
            await bench.desk.save("ana")
        bench.desk.change(Workspace.clear)
        click(bench.desk, 8)
        assert bench.desk.is_solving
        with pytest.raises(AtriumError, match="wait until it is solved"):
            await bench.desk.save("ana")
        await bench.desk.settled()
        assert not bench.desk.is_solving
        assert bench.desk.findings.certificate is not None
        assert bench.desk.findings.certificate.verdict == "pass"
        assert len(bench.desk.findings.residuals) == 8
        await bench.desk.save("ana")
        assert bench.desk.is_saved
        assert bench.desk.said == "Saved as version 1."
        assert len(bench.kept.saved()["hall"].calibration.pairs) == 8
        assert "<h1>hall</h1>" in bench.desk.report()
        bench.desk.change(lambda points: points.delete())
        assert not bench.desk.is_saved
        await bench.desk.settled()

    run(work)


def test_a_refusal_is_a_sentence_and_goes_with_its_cause(tmp_path: Path) -> None:
    async def work() -> None:
        bench = Bench(tmp_path)
        await bench.desk.open("ana")
        for k in range(4):
            bench.desk.place("picture", (100.0 + 90 * k, 300.0))
            bench.desk.place("plan", (2.0 + k, 2.0))
        await bench.desk.settled()
        assert "one line" in bench.desk.findings.fault
        bench.desk.change(Workspace.undo)
        await bench.desk.settled()
        assert bench.desk.findings.fault == ""

    run(work)


def test_zones_that_change_are_judged_without_solving_again(tmp_path: Path) -> None:
    async def work() -> None:
        bench = Bench(tmp_path)
        await bench.desk.open("ana")
        click(bench.desk, 8)
        await bench.desk.settled()
        before, seen = bench.desk.findings, bench.seen
        bench.zones.choose("shop")
        bench.zones.move(2, (9.0, 8.0))
        bench.desk.redraw()
        await bench.desk.settled()
        after = bench.desk.findings
        assert after.solution is before.solution
        assert after.certificate is not None
        assert before.certificate is not None
        assert after.certificate.zones[0].error_m != before.certificate.zones[0].error_m
        assert bench.seen > seen

    run(work)


def test_an_earlier_days_pairs_are_there_and_solved_when_the_camera_is_opened(tmp_path: Path) -> None:
    async def work() -> None:
        Bench(tmp_path).kept.save(solved(), "rui")
        bench = Bench(tmp_path)
        await bench.desk.open("ana")
        await bench.desk.settled()
        assert bench.desk.findings.certificate is not None
        assert bench.desk.findings.certificate.verdict == "pass"

    run(work)


def test_pairs_of_a_smaller_picture_are_where_they_were(tmp_path: Path) -> None:
    async def work() -> None:
        Bench(tmp_path).kept.save(solved(), "rui")
        bench = Bench(tmp_path, size=(1280, 720))
        await bench.desk.open("ana")
        await bench.desk.settled()
        assert bench.desk.workspace.marks.pairs[0].picture == tuple(solved().pairs.pixel_px[0] * 2)
        assert bench.desk.camera is not None
        told = bench.desk.camera.floor_from_pixels(true_camera().scaled(1280, 720).pixels_from_floor(PLACES))
        assert np.hypot(*(told - PLACES).T).max() < 0.1

    run(work)


def test_no_picture_is_said_and_put_right_by_the_next_one(tmp_path: Path) -> None:
    async def work() -> None:
        bench = Bench(tmp_path)
        bench.fault = "rtsp://hall: no picture in 15 s"
        await bench.desk.open("ana")
        assert bench.desk.picture_fault == bench.fault
        bench.fault = ""
        await bench.desk.take_picture("ana")
        assert bench.desk.picture_fault == ""
        assert bench.desk.snapshot is not None

    run(work)


def test_whatever_fails_the_page_does_not_wait_for_ever(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    async def work() -> None:
        bench = Bench(tmp_path, people=broken)
        await bench.desk.open("ana")
        bench.desk._ports = replace(bench.desk._ports, certify=broken)  # type: ignore[arg-type]
        click(bench.desk, 5)
        await bench.desk.settled()
        assert not bench.desk.is_solving
        assert "could not be solved" in bench.desk.findings.fault
        await bench.desk.take_picture("ana", with_people=True)
        assert "detector failed" in bench.desk.picture_fault
        await bench.desk.settled()

    run(work)
    assert "ZeroDivisionError" in caplog.text


def test_a_damaged_file_of_an_earlier_day_is_said_and_work_goes_on(tmp_path: Path) -> None:
    async def work() -> None:
        bench = Bench(tmp_path)
        (tmp_path / "g.cameras.json").write_text("{")
        await bench.desk.open("ana")
        assert "cameras.json" in bench.desk.said
        assert bench.desk.snapshot is not None
        await bench.desk.settled()

    run(work)


def test_people_stand_where_their_feet_are_or_below_their_heads_where_feet_are_cut_off(tmp_path: Path) -> None:
    camera = true_camera()
    places = np.array([[6.0, 5.0], [7.0, 2.2]])
    feet, heads = camera.pixels_from_floor(places), camera.pixels_from_floor(places, 1.7)
    boxes = np.column_stack([feet[:, 0] - 20, heads[:, 1], feet[:, 0] + 20, np.minimum(feet[:, 1], 360)])
    boxes[1, [0, 2]] = heads[1, 0] - 20, heads[1, 0] + 20
    assert feet[1, 1] > 360

    async def work() -> None:
        bench = Bench(tmp_path, people=lambda _still: boxes)
        bench.kept.save(replace(solved(), camera=camera), "ana")
        await bench.desk.open("ana")
        await bench.desk.take_picture("ana", with_people=True)
        assert bench.desk.people is not None
        assert np.hypot(*(bench.desk.people.floor_m - places).T).max() < 0.05
        await bench.desk.settled()

    run(work)


def test_a_click_stays_within_plan_and_picture(tmp_path: Path) -> None:
    async def work() -> None:
        bench = Bench(tmp_path)
        await bench.desk.open("ana")
        bench.desk.place("picture", (-5.0, 1e6))
        bench.desk.place("plan", (1e6, -3.0))
        pair = bench.desk.workspace.marks.pairs[0]
        assert pair.picture == (0.0, 359.0)
        assert pair.plan == (12.0, 0.0)
        bench.desk.place("picture", (300.0, 200.0))
        bench.desk.place("plan", (4.1, 5.95))
        assert bench.desk.workspace.marks.pairs[1].plan == (4.0, 6.0), "near a corner it is the corner"
        bench.desk.place("picture", (300.0, 220.0))
        bench.desk.place("plan", (4.1, 5.0))
        assert bench.desk.workspace.marks.pairs[2].plan == (4.1, 5.0), "and beside a border it stays"
        await bench.desk.settled()

    run(work)
