"""`atrium edge run` as a process: one line for what is wrong, a clean end on SIGTERM."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.broker import free_port
from tests.chaos.victims import ENVIRONMENT, ROOT, python
from tests.edge.painted_mall import write_box, write_mall


def edge_run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = python("-m", "cli.main", "edge", "run", *map(str, arguments))
    return subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def mall(tmp_path_factory) -> Path:
    return write_mall(tmp_path_factory.mktemp("mall"), 8.0, port=free_port())


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('id = "box-1"', 'id = "box/1"', "box id 'box/1' is no id"),
        ("[mqtt]", 'model = "yolo-99"\n[mqtt]', "model 'yolo-99' is not on the shelf; choose"),
    ],
)
def test_what_is_wrong_is_one_line_and_status_2(mall: Path, old: str, new: str, line: str) -> None:
    config = mall.with_name("WRONG.toml")
    config.write_text(mall.read_text().replace(old, new))
    done = edge_run(config)
    assert done.returncode == 2, done.stderr
    (said,) = done.stderr.splitlines()
    assert said.startswith("atrium: ")
    assert line in said


def test_recordings_without_central_end_with_status_0_when_nothing_is_owed(mall: Path) -> None:
    """The model on the shelf sees no people in paint, so there is nothing to acknowledge."""
    done = edge_run(mall, "--wait", "0")
    assert "Traceback" not in done.stderr
    assert done.returncode == 0 or "events are not at central yet" in done.stderr


def test_sigterm_ends_it_cleanly_and_the_next_start_goes_on(mall: Path) -> None:
    config = write_box(mall.parent, port=free_port(), pace="realtime", state_dir="stopped")
    command = python("-m", "cli.main", "edge", "run", str(config))
    process = subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)
    database = mall.parent / "stopped" / "outbox.db"
    deadline = time.monotonic() + 60
    while not database.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1.0)
    process.send_signal(signal.SIGTERM)
    _out, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    again = edge_run(config, "--wait", "0")
    assert "Traceback" not in again.stderr
