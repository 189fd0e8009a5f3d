"""Snapshots end after a day, one is kept a camera, nobody else may read them, and each look is logged."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import numpy as np
import pytest

from calibration.page.looks import LIFE_S, LOG, SnapshotStore
from calibration.page.ports import Still
from contract.errors import AtriumError, BadInputError

NOW = 1_780_000_000.0


def still(level: int = 90, at: float = NOW) -> Still:
    return Still(np.full((36, 64, 3), level, np.uint8), at)


def log_of(folder: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (folder / LOG).read_text().splitlines()]


def test_a_snapshot_lives_for_a_day_and_no_longer(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path / "s")
    kept = store.keep("hall", still(), "ana", NOW)
    assert store.shown(kept.id, "ana", NOW + LIFE_S - 1) is not None
    assert store.shown(kept.id, "ana", NOW + LIFE_S) is None
    assert store.newest("hall", NOW + LIFE_S) is None
    assert store.image(kept) is None
    assert list((tmp_path / "s").glob("*.jpg")) == []


def test_what_an_earlier_run_left_ends_on_time_too(tmp_path: Path) -> None:
    SnapshotStore(tmp_path).keep("hall", still(), "ana", NOW)
    again = SnapshotStore(tmp_path)
    assert again.expire(NOW + 60) == 0
    assert again.expire(NOW + LIFE_S) == 1
    assert list(tmp_path.glob("*.jpg")) == []


def test_a_picture_from_the_future_or_without_a_time_goes_at_once(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    store.keep("hall", still(), "ana", NOW + 3600)
    (tmp_path / "stray.jpg").write_bytes(b"x")
    assert store.expire(NOW) == 2


def test_a_cameras_clock_does_not_decide_how_long_a_picture_lives(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    kept = store.keep("hall", still(at=0.0), "ana", NOW)
    assert store.shown(kept.id, "ana", NOW + 10) is not None


def test_only_the_newest_of_a_camera_is_kept(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    first = store.keep("hall", still(), "ana", NOW)
    second = store.keep("hall", still(200), "ana", NOW + 1)
    store.keep("door", still(), "ana", NOW + 1)
    assert len(list(tmp_path.glob("*.jpg"))) == 2
    assert store.shown(first.id, "ana", NOW + 2) is None
    image = store.image(second)
    assert image is not None
    assert abs(int(image.mean()) - 200) <= 2


def test_every_look_is_logged_with_who_when_and_which(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    kept = store.keep("hall", still(), "ana", NOW)
    store.shown(kept.id, "ben", NOW + 5)
    store.shown("no-such-picture", "eve", NOW + 6)
    again = SnapshotStore(tmp_path)
    again.keep("hall", still(), "ana", NOW + 7)
    lines = log_of(tmp_path)
    assert [(line["who"], line["what"], line["camera"]) for line in lines] == [
        ("ana", "taken", "hall"), ("ben", "shown", "hall"), ("ana", "taken", "hall"),
    ]  # fmt: skip
    assert lines[1]["snapshot"] == kept.id
    assert lines[1]["at"] == "2026-05-28T20:26:45.000Z"


def test_nobody_else_on_the_box_may_read_them(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path / "s")
    kept = store.keep("hall", still(), "ana", NOW)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "s", kept.path, tmp_path / "s" / LOG)]
    assert modes == [0o700, 0o600, 0o600]


def test_no_name_leads_out_of_the_folder(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path / "s")
    for name in ("../hall", "/etc/hall", "a/b", "..", "hall.1.x", ""):
        with pytest.raises(BadInputError):
            store.keep(name, still(), "ana", NOW)
    assert store.shown("../s/looks.jsonl", "ana", NOW) is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s"]


def test_no_picture_without_its_log(tmp_path: Path) -> None:
    store = SnapshotStore(tmp_path)
    (tmp_path / LOG).mkdir()
    with pytest.raises(AtriumError, match="no picture without its log"):
        store.keep("hall", still(), "ana", NOW)
    assert list(tmp_path.glob("*.jpg")) == []
