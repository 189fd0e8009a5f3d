"""An RTSP server for pictures that somebody else renders: stand-alone, only the standard library and ``gi``.

Runs under the system's python3, which has ``gi`` where our environment has not, so it imports nothing of ours.
``rtsp_server.py '{"port": 0, "video": ["cam1"], "audio": ["hum"]}'`` prints ``ready PORT`` and reads H.264 access
units (with ``"codec": "mpeg4"`` MPEG-4 pictures) from standard input, each after a header ``<BHqI``: what (0 delta
picture, 1 key picture, 2 end of stream), index of the mount in ``video``, capture time in nanoseconds of Unix time,
size in bytes. It ends when its input ends.

The presentation time of every access unit is its capture time, so that RTCP sender reports (RFC 3550, 6.4.1) tell a
client when each picture was taken, however late it was sent.
"""

from __future__ import annotations

import json
import struct
import sys
import threading
import time
from typing import Any, BinaryIO

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

HEADER = struct.Struct("<BHqI")
DELTA, KEY, END = 0, 1, 2
QUEUE_BYTES = 4_000_000
"""A mount whose clients read slower than this much picture drops pictures instead of growing."""
SOURCE = "( appsrc name=source is-live=true format=time block=false leaky-type=downstream max-bytes={bytes} "
VIDEO = {
    "h264": SOURCE + "caps=video/x-h264,stream-format=byte-stream,alignment=au"
    " ! h264parse config-interval=-1 ! rtph264pay name=pay0 pt=96 config-interval=-1 aggregate-mode=zero-latency )",
    "mpeg4": SOURCE + "caps=video/mpeg,mpegversion=4,systemstream=false"
    " ! mpeg4videoparse config-interval=-1 ! rtpmp4vpay name=pay0 pt=96 config-interval=-1 )",
}
AUDIO = (
    "( audiotestsrc is-live=true wave=ticks ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay name=pay0 pt=0 )"
)


class Mount:
    """One video mount: hands access units to the pipeline that all its clients share, while there is one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._source: Any = None
        self._offset_ns: int | None = None
        self._group: list[tuple[int, bytes]] = []
        self._ended = False

    def attach(self, source: Any) -> None:
        """The pipeline's source, when a first client has asked for the mount."""
        with self._lock:
            self._source, self._offset_ns = source, None
            if self._ended:
                source.emit("end-of-stream")
                return
            # a client gets the current group of pictures at once, not only the next key picture
            for captured_ns, data in self._group:
                self._push(captured_ns, data)

    def detach(self) -> None:
        """Nobody watches any more."""
        with self._lock:
            self._source = None

    def feed(self, what: int, captured_ns: int, data: bytes) -> None:
        """One access unit, or the end."""
        with self._lock:
            if what == END:
                self._ended = True
                if self._source is not None:
                    self._source.emit("end-of-stream")
                return
            self._ended = False
            if what == KEY:
                self._group = []
            if what == KEY or self._group:
                self._group.append((captured_ns, data))
            self._push(captured_ns, data)

    def _push(self, captured_ns: int, data: bytes) -> None:
        source = self._source
        if source is None:
            return
        if self._offset_ns is None:
            self._offset_ns = _wall_minus_running_ns(source)
        pts = captured_ns - self._offset_ns
        buffer = Gst.Buffer.new_wrapped(data)
        if pts >= 0:
            buffer.pts = buffer.dts = pts
        else:  # taken before the pipeline ran: parameter sets and reference pictures for what follows
            buffer.pts = buffer.dts = 0
        source.emit("push-buffer", buffer)


def _wall_minus_running_ns(source: Any) -> int:
    clock = source.get_clock() or Gst.SystemClock.obtain()
    base = source.get_base_time()
    running = clock.get_time() - base if base else 0
    return time.time_ns() - running


class Factory(GstRtspServer.RTSPMediaFactory):  # type: ignore[misc]
    """Builds the shared pipeline of a mount."""

    def __init__(self, launch: str, mount: Mount | None) -> None:
        super().__init__()
        self.set_launch(launch)
        self.set_shared(True)
        self.set_latency(0)
        # capture times, not send times, in sender reports
        self.set_publish_clock_mode(GstRtspServer.RTSPPublishClockMode.NONE)
        self._mount = mount
        self.connect("media-configure", self._configure)

    def _configure(self, _factory: Any, media: Any) -> None:
        mount = self._mount
        if mount is None:
            return
        source = media.get_element().get_by_name("source")
        mount.attach(source)
        media.connect("unprepared", lambda _media: mount.detach())
        media.connect("prepared", _send_capture_times)


def _send_capture_times(media: Any) -> None:
    """Sender reports map RTP time to capture time (rtpbin counts from sending otherwise)."""
    element = media.get_element()
    pipeline = element
    while pipeline.get_parent() is not None:
        pipeline = pipeline.get_parent()
    iterator = pipeline.iterate_recurse()
    while True:
        result, found = iterator.next()
        if result != Gst.IteratorResult.OK:
            return
        if found.get_factory() is not None and found.get_factory().get_name() == "rtpbin":
            found.set_property("rtcp-sync-send-time", False)  # noqa: FBT003


def _read(stream: BinaryIO, mounts: list[Mount], loop: Any) -> None:
    while True:
        header = stream.read(HEADER.size)
        if len(header) < HEADER.size:
            break
        what, index, captured_ns, size = HEADER.unpack(header)
        data = stream.read(size) if size else b""
        if len(data) < size:
            break
        mounts[index].feed(what, captured_ns, data)
    loop.quit()


def main() -> int:
    """Serves until standard input ends."""
    wanted = json.loads(sys.argv[1])
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address(wanted.get("address", "127.0.0.1"))
    server.set_service(str(wanted.get("port", 0)))
    mounts: list[Mount] = []
    points = server.get_mount_points()
    for name in wanted.get("video", []):
        mounts.append(Mount())
        points.add_factory(
            "/" + name, Factory(VIDEO[wanted.get("codec", "h264")].format(bytes=QUEUE_BYTES), mounts[-1])
        )
    for name in wanted.get("audio", []):
        points.add_factory("/" + name, Factory(AUDIO, None))
    if server.attach(None) == 0:
        sys.stderr.write(f"cannot listen on port {wanted.get('port')}\n")
        return 1
    loop = GLib.MainLoop()
    threading.Thread(target=_read, args=(sys.stdin.buffer, mounts, loop), daemon=True).start()
    sys.stdout.write(f"ready {server.get_bound_port()}\n")
    sys.stdout.flush()
    loop.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
