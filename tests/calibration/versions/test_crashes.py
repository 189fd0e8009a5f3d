"""Power cuts, full disks and two writers: the file is whole, it is one of the versions, and none is lost."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from calibration.camera import load_cameras
from calibration.versions.store import Calibrations
from contract.errors import AtriumError
from tests.calibration.versions.versioned_floor import NOW, block, camera
from tests.shared_data import ROOT

KILLS = 60


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "g.cameras.json"


def focal(path: Path) -> float:
    return float(load_cameras(path)["c1"].matrix[0, 0])


def test_killed_at_any_moment_the_file_is_whole_and_a_version(path: Path) -> None:
    command = [sys.executable, "-m", "tests.calibration.versions.versioned_floor", str(path), str(KILLS)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    kept = Calibrations(path).history()
    assert kept[-1].number >= KILLS
    assert all(one.hash for one in kept)
    # what a kill left beside is written over, never piled up
    Calibrations(path).write("c1", camera(), block(), NOW, "")
    beside = [each.name for each in path.parent.rglob(".*new")]
    assert len(beside) <= 1, beside


class PowerCutError(BaseException):
    """Nothing after this runs: no handler of ours catches it."""


def at_step(monkeypatch: pytest.MonkeyPatch, step: int, fault: Callable[[], BaseException]) -> list[str]:
    """Raises at the ``step``-th of the calls that reach the disk; the list tells which were made."""
    made: list[str] = []

    def watched(name: str, call: Callable[..., object]) -> Callable[..., object]:
        def wrapper(*arguments: object, **named: object) -> object:
            made.append(name)
            if len(made) == step:
                raise fault()
            return call(*arguments, **named)

        return wrapper

    monkeypatch.setattr(os, "fsync", watched("fsync", os.fsync))
    monkeypatch.setattr(Path, "replace", watched("replace", Path.replace))
    return made


STEPS = 9
"""Of one write: file, rename and folder of the version, of the index, and of the file itself."""


@pytest.mark.parametrize("step", range(1, STEPS + 2))
def test_cut_off_at_every_step(path: Path, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    store = Calibrations(path)
    store.write("c1", camera(focal_px=500.0), block(), NOW, "first")
    with monkeypatch.context() as patch:
        made = at_step(patch, step, PowerCutError)
        if step <= STEPS:
            with pytest.raises(PowerCutError):
                store.write("c1", camera(focal_px=510.0), block(), NOW, "second")
        else:
            store.write("c1", camera(focal_px=510.0), block(), NOW, "second")
            assert len(made) == STEPS, "a step is not tried here"
    assert focal(path) == (510.0 if step >= STEPS else 500.0)
    (current,) = [one for one in store.history() if one.is_in_force]
    assert current.who == ("second" if step >= STEPS else "first")
    store.write("c1", camera(focal_px=520.0), block(), NOW, "third")
    assert focal(path) == 520.0
    found = store.history()
    assert [one.number for one in found] == sorted({one.number for one in found})
    assert [one.who for one in found if one.number in {1, found[-1].number}] == ["first", "third"]
    store.roll_back(1, NOW, "")
    assert focal(path) == 500.0


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_a_full_disk_leaves_everything_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    store = Calibrations(path)
    store.write("c1", camera(focal_px=500.0), block(), NOW, "first")
    before, kept = path.read_bytes(), store.history()
    with monkeypatch.context() as patch:
        at_step(patch, step, lambda: OSError(errno.ENOSPC, "No space left on device"))
        with pytest.raises(AtriumError, match=r"g.cameras.json: not written \(No space left on device\)"):
            store.write("c1", camera(focal_px=510.0), block(), NOW, "second")
    if step < STEPS:
        assert path.read_bytes() == before
        assert store.history() == kept
    else:
        # The rename was made and only its coming to the disk is unknown: old or new, both are whole and in the history.
        assert [one.who for one in store.history()] == ["first", "second"]
    assert list(path.parent.rglob(".*new")) == []


def test_no_room_for_a_byte_more_leaves_the_old_file(path: Path) -> None:
    """The kernel itself refuses the write: a limit on file size stands in for a full disk."""
    Calibrations(path).write("c1", camera(focal_px=500.0), block(), NOW, "first")
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, hard))
    try:
        with pytest.raises(AtriumError, match=r"not written \(File too large\), what stood there stands"):
            Calibrations(path).write("c1", camera(focal_px=510.0), block(), NOW, "second")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before
    assert [one.who for one in Calibrations(path).history()] == ["first"]


def test_writers_at_once_lose_nothing(path: Path) -> None:
    def work(name: str) -> None:
        for k in range(10):
            Calibrations(path).write(name, camera(name, 500.0 + k), block(), NOW, f"{name} {k}")

    threads = [threading.Thread(target=work, args=(name,)) for name in ("c1", "c2", "c3")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name: one.matrix[0, 0] for name, one in load_cameras(path).items()} == dict.fromkeys(
        ("c1", "c2", "c3"), 509.0
    )
    found = Calibrations(path).history()
    assert [one.number for one in found] == list(range(1, 31))
    assert {one.who for one in found} == {f"{name} {k}" for name in ("c1", "c2", "c3") for k in range(10)}


def test_processes_at_once_lose_nothing(path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from calibration.versions.store import Calibrations\n"
        "from tests.calibration.versions.versioned_floor import NOW, block, camera\n"
        "path, name = Path(sys.argv[1]), sys.argv[2]\n"
        "for k in range(15): Calibrations(path).write(name, camera(name, 500.0 + k), block(), NOW, '')"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", script, str(path), name], cwd=ROOT, env=environment())
        for name in ("c1", "c2")
    ]
    assert [process.wait(120) for process in running] == [0, 0]
    assert [one.number for one in Calibrations(path).history()] == list(range(1, 31))
    assert {name: one.matrix[0, 0] for name, one in load_cameras(path).items()} == {"c1": 514.0, "c2": 514.0}


def test_mode_stays_and_a_link_stays_a_link(path: Path) -> None:
    Calibrations(path).write("c1", camera(), block(), NOW, "")
    path.chmod(0o640)
    link = path.with_name("cameras.json")
    link.symlink_to(path.name)
    Calibrations(link).write("c1", camera(focal_px=510.0), block(), NOW, "")
    assert path.stat().st_mode & 0o777 == 0o640
    assert link.is_symlink()
    assert focal(path) == 510.0
    assert len(Calibrations(path).history()) == 2


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(AtriumError, match="not written"):
        Calibrations(tmp_path / "nowhere" / "cameras.json").write("c1", camera(), block(), NOW, "")
