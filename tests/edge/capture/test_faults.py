"""What cameras answer when they are wrong, from a server of a few lines that says exactly that."""

from __future__ import annotations

import random
import socket
import threading
import time

import av
import pytest

from edge.capture.faults import StreamFault, describe_fault
from edge.capture.live import LiveCamera

SDP = (
    "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=x\r\nt=0 0\r\n"
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 {codec}/90000\r\na=control:v\r\n"
)


class Answering:
    """An RTSP server that answers DESCRIBE as told, and every connection after with the same."""

    def __init__(self, status="200 OK", body="", raw=None):
        self._status, self._body, self._raw = status, body, raw
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"rtsp://admin:s3cret@127.0.0.1:{self._socket.getsockname()[1]}/main"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._socket.close()

    def _serve(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        with connection:
            try:
                while request := connection.recv(4096).decode("latin-1"):
                    connection.sendall(self._raw if self._raw is not None else self._answer(request))
            except OSError:
                return

    def _answer(self, request):
        number = next(line.split(":")[1].strip() for line in request.splitlines() if line.lower().startswith("cseq"))
        method = request.split(" ", 1)[0]
        status, head, body = "200 OK", "Public: OPTIONS, DESCRIBE, SETUP, PLAY\r\n", ""
        if method == "DESCRIBE":
            status, body = self._status, self._body
            head = 'Content-Type: application/sdp\r\nWWW-Authenticate: Basic realm="cam"\r\n'
        elif method == "SETUP":
            head = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1\r\n"
        return f"RTSP/1.0 {status}\r\nCSeq: {number}\r\n{head}Content-Length: {len(body)}\r\n\r\n{body}".encode()


def detail_of(url, within_s=15.0):
    with LiveCamera(url, "cam", rng=random.Random(1)) as camera:
        began = time.monotonic()
        while camera.status().detail == "connecting":
            assert time.monotonic() - began < within_s
            time.sleep(0.05)
        assert camera.status().state == "offline"
        return camera.status().detail


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"status": "401 Unauthorized"}, "user name or password refused"),
        ({"status": "404 Not Found"}, "no such stream"),
        ({"status": "503 Service Unavailable"}, "refuses"),
        ({"body": SDP.format(codec="X-MYSTERY")}, "codec is not supported"),
        ({"raw": b"SSH-2.0-OpenSSH_9.2\r\n" * 50}, ""),
        ({"raw": b""}, "no answer"),
    ],
)
def test_wrong_cameras_are_told_in_one_line_without_the_password(answer, words):
    with Answering(**answer) as server:
        detail = detail_of(server.url)
    assert words in detail
    assert "\n" not in detail
    assert "s3cret" not in detail
    assert "127.0.0.1" in detail
    assert len(detail) <= 400


def test_a_host_that_does_not_exist_is_told():
    assert "not reachable" in detail_of("rtsp://camera.invalid/main")


def test_every_fault_has_a_line():
    faults = [StreamFault("the stream ended"), ConnectionResetError(), TimeoutError(), RuntimeError("odd")]
    faults += [av.error.ExitError(1, "exit"), av.error.InvalidDataError(2, "bad")]
    for fault in faults:
        line = describe_fault(fault, "rtsp://u:p@cam/1", 2.5, 2.0)
        assert line.startswith("rtsp://***@cam/1: ")
        assert "\n" not in line
