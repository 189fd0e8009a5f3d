"""A camera's user and password, whatever is in them, reach the camera and nobody else."""

from __future__ import annotations

import base64
import socket
import threading

import av
import pytest

from edge.capture.address import redact, with_credentials
from edge.capture.live import connect


@pytest.mark.parametrize("password", ["plain", "p@ss/word?#&", "a b%20c", "密码", ":::"])
def test_the_camera_is_told_the_password_as_it_was_written(password):
    heard = []

    def serve(door):
        line, _ = door.accept()
        with line:
            while b"Authorization" not in (question := line.recv(4096)) and question:
                number = question.split(b"CSeq: ")[1].split(b"\r\n")[0].decode()
                challenge = f'CSeq: {number}\r\nWWW-Authenticate: Basic realm="cam"\r\n\r\n'
                line.sendall(b"RTSP/1.0 401 Unauthorized\r\n" + challenge.encode())
            heard.append(question.split(b"Authorization: Basic ")[1].split(b"\r\n")[0])

    with socket.create_server(("127.0.0.1", 0)) as door:
        thread = threading.Thread(target=serve, args=(door,), daemon=True)
        thread.start()
        url = with_credentials(f"rtsp://127.0.0.1:{door.getsockname()[1]}/main", "us er", password)
        with pytest.raises(av.FFmpegError):
            connect(url)
        thread.join(5)
    assert base64.b64decode(heard[0]).decode() == f"us er:{password}"
    assert redact(url) == f"rtsp://***@127.0.0.1:{door_port(url)}/main"


def door_port(url):
    return url.rpartition(":")[2].partition("/")[0]
