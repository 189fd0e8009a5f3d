"""What may stand in the repository: sizes, no secrets of machines, a lock without an index."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.shared_data import ROOT

MOST_FILE_BYTES = 6 * 1024 * 1024
MOST_REPOSITORY_BYTES = 60 * 1024 * 1024


def tracked() -> list[str]:
    found = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if found.returncode:
        pytest.skip("not a git checkout")
    return [name for name in found.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def test_files_and_repository_stay_small() -> None:
    sizes = {name: (ROOT / name).stat().st_size for name in tracked()}
    assert {name: size for name, size in sizes.items() if size > MOST_FILE_BYTES} == {}
    assert sum(sizes.values()) < MOST_REPOSITORY_BYTES


def test_the_lock_has_hashes_and_no_address() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    assert "--index" not in lock
    pinned = re.findall(r"^[a-z0-9][a-z0-9._-]*==", lock, re.MULTILINE)
    assert len(pinned) > 50
    assert lock.count("--hash=sha256:") >= len(pinned)
    assert "opencv-python==" not in lock
