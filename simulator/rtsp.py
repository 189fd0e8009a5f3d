"""Serves H.264 or MPEG-4 over RTSP through GStreamer's server in a process of its own."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import signal
import struct
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from contract.encoders import video_encoder
from contract.errors import AtriumError
from simulator.encode import AccessUnit

SYSTEM_PYTHON = "/usr/bin/python3"
HEADER = struct.Struct("<BHqI")
DELTA, KEY, END = 0, 1, 2
"""As in rtsp_server.py, which cannot share them: it runs where nothing of ours can be imported."""
SERVER = Path(__file__).with_name("rtsp_server.py")
PROBE = (
    "import gi; gi.require_version('Gst', '1.0'); gi.require_version('GstRtspServer', '1.0');"
    " from gi.repository import Gst, GstRtspServer; Gst.init(None);"
    " raise SystemExit(not all(Gst.ElementFactory.find(e) for e in"
    " ('rtph264pay', 'h264parse', 'rtpmp4vpay', 'mpeg4videoparse', 'mulawenc')))"
)
MEND = "apt-get install gstreamer1.0-rtsp gir1.2-gst-rtsp-server-1.0 python3-gi gstreamer1.0-plugins-{good,bad}"


@functools.cache
def available() -> bool:
    """Whether this machine has GStreamer's RTSP server under the system's python3."""
    try:
        found = subprocess.run([SYSTEM_PYTHON, "-c", PROBE], capture_output=True, timeout=30, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False
    return found.returncode == 0


class RtspServer:
    """A running RTSP server on this machine; a context manager.

    Args:
        video: names of mounts that are fed with ``push``.
        audio: names of mounts that carry a ticking tone and no picture.
        port: TCP port, 0 for a free one.
        address: where to listen.
        codec: of all pictures pushed, ``h264`` or ``mpeg4``; None for what our own encoder makes here.

    Raises:
        AtriumError: on entering, where GStreamer's server is missing or the port is taken.
    """

    def __init__(
        self,
        video: Sequence[str],
        *,
        audio: Sequence[str] = (),
        port: int = 0,
        address: str = "127.0.0.1",
        codec: str | None = None,
    ) -> None:
        self._video = list(video)
        self._audio = list(audio)
        self._address = address
        self._codec = codec or video_encoder().codec
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self.port = port

    def __enter__(self) -> Self:
        if not available():
            raise AtriumError(f"no RTSP server on this machine; as root: {MEND}")
        wanted = {
            "port": self.port,
            "address": self._address,
            "codec": self._codec,
            "video": self._video,
            "audio": self._audio,
        }
        self._process = subprocess.Popen(  # noqa: S603
            [SYSTEM_PYTHON, str(SERVER), json.dumps(wanted)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        assert self._process.stdout is not None  # noqa: S101
        ready = self._process.stdout.readline().split()
        if len(ready) != 2 or ready[0] != b"ready":
            self.__exit__(None, None, None)
            raise AtriumError(f"the RTSP server did not start on port {self.port}; is the port taken?")
        self.port = int(ready[1])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGCONT)
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def url(self, name: str) -> str:
        """Where clients find the mount."""
        return f"rtsp://{self._address}:{self.port}/{name}"

    def push(self, name: str, unit: AccessUnit, captured_ns: int) -> None:
        """Hands a picture, taken at ``captured_ns`` of Unix time, to everybody who watches ``name``.

        Raises:
            AtriumError: where the server has died.
        """
        self._send(KEY if unit.is_key else DELTA, name, captured_ns, unit.data)

    def end(self, name: str) -> None:
        """Ends the stream: clients see end of file."""
        self._send(END, name, 0, b"")

    def freeze(self) -> None:
        """Stops the server in mid-sentence: its connections stay open and say nothing (a half-open stream)."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Undoes ``freeze``."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """Kills the server without a word to its clients."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _send(self, what: int, name: str, captured_ns: int, data: bytes) -> None:
        process = self._process
        if process is None or process.stdin is None:
            raise AtriumError("the RTSP server is not running; enter it first")
        try:
            with self._lock:
                process.stdin.write(HEADER.pack(what, self._video.index(name), captured_ns, len(data)) + data)
                process.stdin.flush()
        except (BrokenPipeError, ValueError):
            raise AtriumError("the RTSP server has died; start it again") from None
