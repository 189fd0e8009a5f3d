"""What a service tells its manager, by the datagrams that arrive at a real socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.errors import AtriumError
from contract.service import SAY_EVERY_S, Lifeline, notify, watchdog_s


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        heard.settimeout(0.0)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "20000000")
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
        yield heard


def heard(manager: socket.socket) -> list[str]:
    found = []
    while True:
        try:
            found.append(manager.recv(4096).decode())
        except BlockingIOError:
            return found


def test_without_a_manager_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert not notify(READY="1")
    Lifeline().ready("well")


def test_a_line_cannot_hold_another(manager: socket.socket) -> None:
    assert notify(STATUS="one\nREADY=1")
    assert heard(manager) == ["STATUS=one READY=1"]


def test_an_abstract_socket_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as abstract:
        abstract.bind("\0atrium-test-notify")
        monkeypatch.setenv("NOTIFY_SOCKET", "@atrium-test-notify")
        assert notify(READY="1")
        assert abstract.recv(100) == b"READY=1"


def test_a_manager_that_is_gone_is_an_error_at_the_start_and_none_later(manager: socket.socket, tmp_path: Path) -> None:
    lifeline = Lifeline()
    lifeline.ready("well")
    (tmp_path / "notify").unlink()
    with pytest.raises(AtriumError, match="NOTIFY_SOCKET: No such file"):
        notify(READY="1")
    lifeline.advanced()
    lifeline.say("still well")
    lifeline.stopping()


@pytest.mark.parametrize(
    ("usec", "pid", "expected"),
    [("20000000", "", 20.0), ("0", "", None), ("x", "", None), ("20000000", "1", None), ("", "", None)],
)
def test_the_watchdog_is_ours_only_where_it_names_us(
    monkeypatch: pytest.MonkeyPatch, usec: str, pid: str, expected: float | None
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", usec)
    monkeypatch.setenv("WATCHDOG_PID", pid)
    assert watchdog_s() == expected


def test_a_life(manager: socket.socket) -> None:
    now = [100.0]
    lifeline = Lifeline(lambda: now[0])
    lifeline.starting("loading", 30.0)
    lifeline.say("not before it is ready")
    lifeline.ready("serving")
    lifeline.ready("serving")
    lifeline.starting("too late", 30.0)
    assert heard(manager) == ["STATUS=loading\nEXTEND_TIMEOUT_USEC=30000000", "READY=1\nSTATUS=serving"]
    for _ in range(81):  # twenty seconds: a feed every quarter of what the watchdog allows
        lifeline.advanced()
        now[0] += 0.25
    assert heard(manager) == ["WATCHDOG=1"] * 5
    for _ in range(10):
        lifeline.say(f"it is {now[0]:.0f}")
        now[0] += SAY_EVERY_S / 2
    assert len(heard(manager)) == 5
    lifeline.stopping("closing")
    assert heard(manager) == ["STOPPING=1\nSTATUS=closing"]
