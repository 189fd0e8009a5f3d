"""A small file system, to be filled up."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def mounted(folder: Path, megabytes: int, names: int = 0) -> Iterator[Path]:
    """A tmpfs of that size, and for so many names of files (0: plenty), in a new folder.

    Skips the test where it may not be mounted.
    """
    if os.geteuid() != 0:
        pytest.skip("needs root: a small file system is mounted")
    folder.mkdir()
    options = f"size={megabytes}m" + (f",nr_inodes={names}" if names else "")
    mount = ["mount", "-t", "tmpfs", "-o", options, "small", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"needs root: {done.stderr.strip()[:100]}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
