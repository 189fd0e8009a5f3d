"""Whose word is taken about the clock: a real chronyd that never touches it, a server with another time, the kernel."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.broker import free_port
from upkeep.central_clock import central_off_s
from upkeep.clock import Tracking, ask_chrony, clock_offset, kernel_is_set

CHRONYD = shutil.which("chronyd") or "/usr/sbin/chronyd"


@contextlib.contextmanager
def chrony(folder: Path, line: str, served: int = 0) -> Iterator[tuple[str, ...]]:
    """A chronyd that leaves the clock alone (-x), and serves time at a port or nobody; the command that asks it."""
    if not Path(CHRONYD).exists():
        pytest.skip("chrony is not installed: apt-get install chrony")
    config, port = folder / "chrony.conf", free_port()
    ours = f"cmdport {port}\nbindcmdaddress 127.0.0.1\nbindcmdaddress /\npidfile {folder}/pid\n"
    config.write_text(f"{line}\nport {served}\n{ours}")
    with subprocess.Popen([CHRONYD, "-x", "-d", "-U", "-f", config], stderr=subprocess.DEVNULL) as process:
        try:
            yield ("chronyc", "-h", "127.0.0.1", "-p", str(port))
        finally:
            process.terminate()


def asked(command: tuple[str, ...], within_s: float = 5.0) -> Tracking | None:
    end = time.monotonic() + within_s
    while (found := ask_chrony(command)) is None and time.monotonic() < end:
        time.sleep(0.1)
    return found


def test_a_chrony_that_follows_a_server_is_believed(tmp_path: Path) -> None:
    port = free_port()
    for name in ("server", "client"):
        (tmp_path / name).mkdir()
    server = "local stratum 5\nallow 127.0.0.1\nbindaddress 127.0.0.1"
    client = f"server 127.0.0.1 port {port} iburst minpoll -4 maxpoll -4"
    with chrony(tmp_path / "server", server, port), chrony(tmp_path / "client", client) as command:
        end = time.monotonic() + 15
        while ((tracking := ask_chrony(command)) is None or not tracking.synchronised) and time.monotonic() < end:
            time.sleep(0.1)
    assert tracking is not None
    (found,) = clock_offset(tracking)
    assert found.level == "fine"
    assert abs(found.figures["offset_ms"]) < 10
    assert "by chrony, which follows 127.0.0.1" in found.said


def test_a_chrony_that_goes_by_its_own_clock_is_a_fault_however_well_it_agrees_with_itself(tmp_path: Path) -> None:
    with chrony(tmp_path, "local stratum 10") as command:
        tracking = asked(command)
    assert tracking is not None
    (found,) = clock_offset(tracking)
    assert found.level == "fault"
    assert "goes by this clock alone" in found.said


def test_a_chrony_that_follows_nobody_is_a_fault(tmp_path: Path) -> None:
    with chrony(tmp_path, "") as command:
        tracking = asked(command)
    assert tracking is not None
    (found,) = clock_offset(tracking)
    assert found.level == "fault"
    assert "follows nobody" in found.said


def test_no_chrony_is_no_word_of_chrony(tmp_path: Path) -> None:
    assert ask_chrony(("chronyc", "-h", "127.0.0.1", "-p", str(free_port())), timeout_s=2.0) is None
    assert ask_chrony((str(tmp_path / "absent"),)) is None


@pytest.mark.parametrize(("off_s", "level"), [(0.02, "fine"), (-0.4, "warning"), (31.0, "fault")])
def test_how_far_off_is_too_far(off_s: float, level: str) -> None:
    (found,) = clock_offset(Tracking(off_s, "10.1.0.2", synchronised=True))
    assert found.level == level
    assert ("ahead" in found.said) == (off_s > 0)


@contextlib.contextmanager
def central_that_says(off_s: float) -> Iterator[str]:
    class Says(BaseHTTPRequestHandler):
        def date_time_string(self, timestamp: float | None = None) -> str:
            return formatdate(time.time() - off_s, usegmt=True)

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with HTTPServer(("127.0.0.1", 0), Says) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_without_chrony_central_s_date_is_the_measure() -> None:
    with central_that_says(90.0) as url:
        off_s = central_off_s(url)
    assert off_s is not None
    assert abs(off_s - 90.0) <= 1.0
    (found,) = clock_offset(None, lambda: off_s)
    assert found.level == "fault"
    assert "ahead, by central's own clock" in found.said


def test_a_right_clock_that_nobody_keeps_is_a_warning() -> None:
    with central_that_says(0.0) as url:
        (found,) = clock_offset(None, lambda: central_off_s(url))
    assert found.level == "warning"
    assert "nobody keeps it" in found.said


def test_a_central_that_does_not_answer_says_nothing_of_the_time() -> None:
    assert central_off_s(f"http://127.0.0.1:{free_port()}") is None
    assert central_off_s("http://[broken") is None


@pytest.mark.parametrize(("kept", "level"), [(True, "fine"), (False, "warning"), (None, "unknown")])
def test_at_last_the_kernel_is_asked(kept: bool | None, level: str) -> None:
    assert [finding.level for finding in clock_offset(None, is_set=lambda: kept)] == [level]


def test_this_kernel_answers() -> None:
    assert kernel_is_set() in {True, False}


@pytest.mark.parametrize(("said", "kept"), [("yes", True), ("no", False), ("", None)])
def test_where_the_kernel_may_not_be_asked_systemd_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, kept: bool | None
) -> None:
    program = tmp_path / "timedatectl"
    program.write_text(f"#!/bin/sh\necho {said}\n")
    program.chmod(0o755)
    monkeypatch.setattr("upkeep.clock.TIMEDATECTL", (str(program),))
    monkeypatch.setattr("upkeep.clock.ctypes.CDLL", lambda *_, **__: object())
    assert kernel_is_set() is kept
