"""The real processes, heard by a socket in systemd's place: READY comes when they serve, feeds while work advances."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from simulator.rtsp import available
from simulator.serve import serving
from tests.broker import MosquittoBroker, free_port
from tests.central.mall import ROOT, Central
from tests.edge.painted_mall import START_AT, write_box, write_mall
from tests.systemd.listener import Listener

pytestmark = pytest.mark.waits
EDGE = """
import pathlib, sys, time
import edge.app, edge.capture.live, edge.progress
from cli.main import main
from tests.edge.painted_mall import PaintDetector

edge.progress.HUNG_S = edge.progress.QUIET_S = 3.0
here = pathlib.Path(sys.argv[-1]).parent

def stands_still(name):
    while (here / name).exists():
        time.sleep(0.05)

class Detector(PaintDetector):
    def update(self, *arguments):
        stands_still("pipeline")
        return super().update(*arguments)

decode = edge.capture.live.decode
def decode_or_hang(packet):
    stands_still("decoder")
    return decode(packet)

edge.capture.live.decode = decode_or_hang
edge.app._detect_stage = lambda box: Detector()
main()
"""
CENTRAL = """
import pathlib, sys, time
import central.app
from central.clerk import Clerk
from cli.main import main

central.app.ROUND_S = 2.0
still = pathlib.Path(sys.argv[3]).with_name("still")
make_round = Clerk.round

def round(self, now):
    while still.exists():
        time.sleep(0.05)
    make_round(self, now)

Clerk.round = round
main()
"""
TRIGGER = "import sys, trigger.__main__ as service; service.STUCK_S = 2.0; sys.exit(service.main())"


@contextmanager
def process(listener: Listener, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    running = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=listener.environment)
    try:
        yield running
    finally:
        if running.poll() is None:
            running.kill()
        running.wait()


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    with Listener(tmp_path / "notify") as found:
        yield found


@pytest.mark.skipif(not available(), reason="GStreamer's RTSP server is not installed")
def test_an_edge_is_fed_by_pictures_or_by_cameras_known_to_be_dead_and_by_nothing_else(
    tmp_path: Path, listener: Listener
) -> None:
    write_mall(tmp_path, 20.0)
    port = free_port()
    config = write_box(tmp_path, port=free_port(), cameras=["west"])  # no broker: no reason to restart a box
    text = config.read_text().replace(f'start_at = "{START_AT}"\n', "")
    config.write_text(text.replace('"west.mp4"', f'"rtsp://127.0.0.1:{port}/west"'))
    with process(listener, "-c", EDGE, "edge", "run", str(config)) as edge:
        assert listener.until(lambda line: line.startswith("EXTEND_TIMEOUT_USEC="))
        assert listener.until(lambda line: line == "READY=1")
        assert listener.until(lambda line: "0 of 1 cameras online" in line)
        assert listener.is_fed()
        with serving({"west": tmp_path / "west.mp4"}, port=port):
            assert listener.until(lambda line: "1 of 1 cameras online" in line, 120)  # kernels may compile first
            assert listener.is_fed()
            (tmp_path / "decoder").touch()
            assert listener.starves()
            (tmp_path / "decoder").unlink()
            assert listener.until(lambda line: line == "WATCHDOG=1")
            (tmp_path / "pipeline").touch()
            assert listener.starves()
            (tmp_path / "pipeline").unlink()
            assert listener.until(lambda line: line == "WATCHDOG=1")
        edge.terminate()
        assert listener.until(lambda line: line == "STOPPING=1")
        assert edge.wait(30) == 0


def test_central_is_fed_while_all_its_parts_come_round(
    tmp_path: Path, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC"):
        monkeypatch.setenv(name, listener.environment[name])
    with MosquittoBroker(tmp_path / "broker") as broker:
        central = Central(tmp_path / "central", broker)
        central.command = ["-c", CENTRAL]
        central.start()
        try:
            assert listener.until(lambda line: line == "READY=1")
            assert listener.until(lambda line: "STATUS=connected to the broker" in line)
            assert listener.is_fed()
            broker.kill()
            assert listener.until(lambda line: line.startswith("STATUS=broker "))
            assert listener.is_fed()
            (central.folder / "still").touch()
            assert listener.until(lambda line: line == "STATUS=stands still: the clerk")
            assert listener.starves()
            (central.folder / "still").unlink()
            assert listener.until(lambda line: line == "WATCHDOG=1")
            assert central.stop() == 0
            assert listener.until(lambda line: line == "STOPPING=1")
        finally:
            central.kill()


def test_a_trigger_is_fed_while_it_tries_and_not_once_its_stream_stands_still(
    tmp_path: Path, listener: Listener
) -> None:
    port = free_port()
    (tmp_path / "token").write_text("x")
    config = tmp_path / "TRIGGER.toml"
    config.write_text(f'central = "http://127.0.0.1:{port}"\ntoken_file = "token"\ndeliveries = "out.jsonl"\n')
    with process(listener, "-c", TRIGGER, str(config)) as trigger:
        assert listener.until(lambda line: line == "READY=1")
        assert listener.until(lambda line: line.startswith("STATUS=trying again: "))
        assert listener.is_fed()
        with socket.create_server(("127.0.0.1", port)):  # takes the connection, and never answers
            assert listener.starves()
        trigger.terminate()
        assert listener.until(lambda line: line == "STOPPING=1")
        assert trigger.wait(30) == 0
