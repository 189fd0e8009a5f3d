"""Disks that are full, machines that are hot: real file systems, and the kernel's files as real machines have them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.small_disk import mounted
from upkeep.host import host_checks
from upkeep.machine import disk_room, temperature, throttling


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte and twenty names of its own."""
    with mounted(tmp_path / "disk", 1, names=20) as disk:
        yield disk


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{content}\n")
    return folder


def test_a_full_disk_is_a_fault_and_an_empty_one_is_told_by_its_own_size(small_disk: Path) -> None:
    room, names = disk_room(small_disk / "state")
    assert room.figures["total_bytes"] == 2**20
    assert room.level == "fine"
    assert names.level == "fine"
    (small_disk / "filler").write_bytes(bytes(2**20 - 8192))
    room, _ = disk_room(small_disk / "state")
    assert room.level == "fault"
    assert "0.0 of 0.0 GiB free (1%)" in room.said
    assert room.mend


def test_a_disk_without_names_of_files_left_is_a_fault_although_there_is_room(small_disk: Path) -> None:
    for number in range(19):
        (small_disk / f"{number}").touch()
    room, names = disk_room(small_disk)
    assert room.level == "fine"
    assert names.level == "fault"
    assert "0% of the names" in names.said


@pytest.mark.parametrize(("milli", "level"), [(54_300, "fine"), (88_000, "warning"), (97_000, "fault")])
def test_the_hottest_plausible_sensor_counts(tmp_path: Path, milli: int, level: str) -> None:
    sys = write(
        tmp_path,
        {
            "class/thermal/thermal_zone0/temp": "41000",
            "class/thermal/thermal_zone0/type": "acpitz",
            "class/thermal/thermal_zone1/temp": str(milli),
            "class/thermal/thermal_zone1/type": "x86_pkg_temp",
            "class/thermal/thermal_zone2/temp": "-274000",
            "class/thermal/thermal_zone3/temp": "broken",
        },
    )
    (found,) = temperature(sys)
    assert found.level == level
    assert found.figures == {"celsius": milli / 1000}
    assert "x86_pkg_temp" in found.said


def test_a_machine_without_sensors_is_unknown_not_fine(tmp_path: Path) -> None:
    assert [finding.level for finding in (*temperature(tmp_path), *throttling(tmp_path))] == ["unknown", "unknown"]


@pytest.mark.parametrize(("count", "level"), [(0, "fine"), (713, "warning")])
def test_throttling_of_any_core_counts(tmp_path: Path, count: int, level: str) -> None:
    folder = "devices/system/cpu/cpu{}/thermal_throttle/"
    sys = write(
        tmp_path,
        {
            folder.format(0) + "core_throttle_count": "0",
            folder.format(0) + "package_throttle_count": "0",
            folder.format(3) + "package_throttle_count": str(count),
        },
    )
    (found,) = throttling(sys)
    assert (found.level, found.figures["times"]) == (level, count)


@pytest.mark.parametrize(
    ("bits", "level", "words"),
    [
        ("0", "fine", "has not slowed down"),
        ("50005", "fault", "supply voltage is too low and it slows down"),
        ("80000", "warning", "soft limit"),
    ],
)
def test_a_raspberry_pi_tells_of_its_supply_and_its_heat(tmp_path: Path, bits: str, level: str, words: str) -> None:
    (found,) = throttling(write(tmp_path, {"devices/platform/soc/soc:firmware/get_throttled": bits}))
    assert found.level == level
    assert words in found.said
    assert ("power supply" in found.mend) == (bits == "50005")


def test_each_file_system_is_looked_at_once(tmp_path: Path) -> None:
    checks = host_checks([tmp_path / "a", tmp_path / "b", Path("/var/lib/atrium")])
    disks = [check for check in checks if check.name == "disk-room"]
    assert len(disks) == len({path.stat().st_dev for path in (tmp_path, Path("/var"))})
