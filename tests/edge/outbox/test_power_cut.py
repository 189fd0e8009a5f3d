"""What a power cut can take: the system calls of an outbox and of a store, in the order the kernel saw them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.victims import ENVIRONMENT, ROOT

TELLS = "told:"
"""What the traced process writes once an event may be published, or acknowledged."""

BOX = """
import os, sys
from pathlib import Path
from tests.edge.outbox.test_store import crossing, ORIGIN, TOKEN
from edge.outbox.store import Outbox
box = Outbox(Path(sys.argv[1]) / "outbox.db", ORIGIN, TOKEN, keep_s=3600.0)
for number in range(5):
    os.write(1, b"begin\\n")
    box.append([crossing(number)], b"state")
    os.write(1, b"told:\\n")
"""
CENTRAL = """
import os, sys
from pathlib import Path
from central.store.store import Store
from tests.central.mall import NOON
from tests.central.upkeep.test_backups import put_events
store = Store(Path(sys.argv[1]) / "central.db", "mall")
for number in range(5):
    os.write(1, b"begin\\n")
    put_events(store, NOON, 1 + 10 * number, 10)
    os.write(1, b"told:\\n")
"""


def traced(folder: Path, program: str) -> list[str]:
    """The file calls of a program, one a line, with the paths of their files."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: apt-get install strace")
    calls = folder / "calls"
    names = "write,pwrite64,fsync,fdatasync,openat,ftruncate,rename,unlink"
    done = subprocess.run(
        ["strace", "-f", "-y", "-e", f"trace={names}", "-o", str(calls), sys.executable, "-c", program, str(folder)],
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    if "ptrace" in done.stderr and done.returncode:
        pytest.skip(f"needs root: strace may not trace here ({done.stderr.strip()[:80]})")
    assert done.returncode == 0, done.stderr[-1000:]
    return calls.read_text(errors="replace").splitlines()


@pytest.mark.parametrize(("program", "name"), [(BOX, "outbox.db"), (CENTRAL, "central.db")], ids=["box", "central"])
def test_nothing_is_told_before_it_is_on_the_disk(tmp_path: Path, program: str, name: str) -> None:
    calls = traced(tmp_path, program)
    begun = [number for number, call in enumerate(calls) if '"begin' in call]
    told = [number for number, call in enumerate(calls) if f'"{TELLS}' in call]
    assert len(begun) == len(told) == 5
    for first, last in zip(begun, told, strict=True):
        part = calls[first:last]
        written = [number for number, call in enumerate(part) if "pwrite64" in call and f"/{name}-wal>" in call]
        synced = [number for number, call in enumerate(part) if re.search(rf"f(data)?sync\(.*/{name}-wal>", call)]
        assert written, "the event went nowhere"
        assert synced, "nothing was brought to the disk"
        assert synced[-1] > written[-1], "something was written after the last time the disk was waited for"


@pytest.mark.parametrize(("program", "name"), [(BOX, "outbox.db"), (CENTRAL, "central.db")], ids=["box", "central"])
def test_the_folder_knows_of_a_new_file_before_anything_in_it_is_told(tmp_path: Path, program: str, name: str) -> None:
    calls = traced(tmp_path, program)
    made = next(number for number, call in enumerate(calls) if "openat" in call and f"{name}-wal" in call)
    told = next(number for number, call in enumerate(calls) if f'"{TELLS}' in call)
    folder = [
        number
        for number, call in enumerate(calls)
        if re.search(rf"f(data)?sync\(\d+<{re.escape(str(tmp_path))}>", call)
    ]
    assert [number for number in folder if made < number < told], "a power cut could lose the log's very name"
