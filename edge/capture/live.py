"""A camera's live stream: one decoding thread, the newest frame wins, and it comes back by itself.

Liveness is that frames advance, not that a socket is open: a stream that stops is reported after ``STALL_S`` whatever
the decoding thread is doing, and the thread itself is woken by timeouts and connects again.
"""

from __future__ import annotations

import logging
import random
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self

import av

from contract.errors import BadInputError
from edge.capture.address import is_live, redact
from edge.capture.clock import TRUST_S, Arrivals, StreamClock
from edge.capture.convert import Converter, Decoded
from edge.capture.faults import ENDED, StreamFault, describe_fault
from edge.capture.frame import Frame, Image
from edge.capture.rest import Resting
from edge.capture.skip import EXPIRED_S, STALE_S, Skipping

log = logging.getLogger(__name__)

# A stream without a frame for this long is reported; with it a fault is noticed within the promised 5 s.
STALL_S = 4.0
# A first picture may take longer: cameras with "smart" codecs send a key picture every 10 s only.
FIRST_PICTURE_S = 15.0
# Where all that comes is thrown away as late, a new connection finds out whether that is the stream's delay now. It
# costs more than throwing packets away, and a box that has no time must not hurry to spend it on that.
SKIPPING_PATIENCE_S = 15.0
OPEN_TIMEOUT_S = 5.0
# FFmpeg's RTSP reader gives up at about twice what PyAV is told (measured: 2.0 set, 4.0 seen).
READ_TIMEOUT_S = 2.0
# After this much steady picture the next fault is a new one, and waiting starts small again.
HEALTHY_S = 10.0
# Below this spread of grey levels a picture shows nothing: lens covered, lights out, sensor dead.
BLIND_SPREAD = 4.0
BLIND_FOR_S = 3.0
BLIND_LOOK_EVERY_S = 0.5
BLIND_STRIDE_PX = 8

CameraStateName = Literal["online", "stopped", "offline", "blind"]


@dataclass(frozen=True, slots=True)
class CameraState:
    """How a camera is: ``online``, ``blind`` (frames come and show nothing), ``offline``, ``stopped`` (by us).

    Attributes:
        state: one of these.
        since: unix seconds since when.
        detail: one line for people, without credentials; empty when online.
    """

    state: CameraStateName
    since: float
    detail: str


class Backoff:
    """Waits between attempts: doubling, capped, each shortened by up to half at random so that boxes do not march."""

    def __init__(self, rng: random.Random, first_s: float = 0.5, most_s: float = 8.0) -> None:
        """Starts with ``first_s`` seconds and never exceeds ``most_s``."""
        self._rng = rng
        self._first_s = first_s
        self._most_s = most_s
        self._next_s = first_s

    def wait_s(self) -> float:
        """How long to wait before the next attempt, seconds."""
        wait_s = self._next_s * self._rng.uniform(0.5, 1.0)
        self._next_s = min(self._most_s, self._next_s * 2.0)
        return wait_s

    def reset(self) -> None:
        """After success: the next fault starts small again."""
        self._next_s = self._first_s


class LiveCamera:
    """Watches one stream until closed; a context manager.

    Only frames whose colour somebody asks for are converted, so that a camera that sends 25 a second and is looked at
    8 times costs 25 decodings and 8 conversions. ``newest`` is for one thread, and a frame's picture is good until the
    next frame's is made.
    """

    def __init__(
        self,
        url: str,
        camera: str,
        *,
        rng: random.Random,
        size: tuple[int, int] | None = None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        fresh: threading.Event | None = None,
    ) -> None:
        """Prepares; ``start`` connects.

        Args:
            url: ``rtsp://`` (over TCP), ``rtsps://`` or ``http(s)://``.
            camera: the name its frames bear.
            rng: jitters the waits between attempts.
            size: (width, height) that frames are scaled to while they are converted; None keeps the camera's.
            clock: unix seconds.
            monotonic: seconds that never jump.
            fresh: set whenever a frame arrives; may be shared by many cameras.

        Raises:
            BadInputError: where the address is not a live stream's.
        """
        if not is_live(url):
            raise BadInputError(f"{redact(url)}: not a live stream; use rtsp://HOST/PATH")
        self.camera = camera
        self.size = size
        self.fresh = fresh or threading.Event()
        self._url = url
        self._clock = clock
        self._monotonic = monotonic
        self._backoff = Backoff(rng)
        self._converter = Converter(size)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._pending: tuple[Any, float, int, float] | None = None
        self._resting: Resting[Any] = Resting()
        self._skipping = Skipping()
        self._late_s = 0.0
        self._turned_mono = monotonic()
        self._count = 0
        self._last_at: float | None = None
        self._changed_at = clock()
        self._arrived_at: float | None = None
        self._arrived_mono: float | None = None
        self._fault: str | None = "connecting"
        self._notice = ""
        self._flat_since: float | None = None
        self._looked_mono = -BLIND_LOOK_EVERY_S

    def start(self) -> Self:
        """Starts the decoding thread."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"capture {self.camera}", daemon=True)
            self._thread.start()
        return self

    def close(self) -> None:
        """Ends the thread; at the latest when its timeouts fire."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(OPEN_TIMEOUT_S + 2 * READ_TIMEOUT_S)
        with self._lock:
            self._pending = None
            self._changed_at = self._clock()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def newest(self) -> Frame | None:
        """The newest frame, once; None where none has come since the last call. Frames in between are gone.

        None, too, where it came so late and then waited so long that nothing could be made of it in time.
        """
        with self._lock:
            pending, self._pending = self._pending, None
        if pending is None:
            return None
        picture, captured_at, index, due_mono = pending
        if self._monotonic() - due_mono > STALE_S:
            return None
        frame = Frame(self.camera, captured_at, index, Decoded(picture, self._converter), due_mono + EXPIRED_S)
        self._look(frame.luma)
        return frame

    def rest(self, asked: bool) -> None:
        """Asks the camera to rest: only key pictures are decoded, until packets' sizes say that something moves."""
        self._resting.asked = asked

    def shed(self, asked: bool) -> None:
        """Asks for key pictures only, for the box has no time; unlike at rest, nothing that moves wakes the camera."""
        self._skipping.asked = asked

    @property
    def late_s(self) -> float:
        """How much later than its stream's undelayed packets the newest has come, seconds."""
        return self._late_s

    @property
    def turned_mono(self) -> float:
        """When the thread last came round, monotonic seconds: a packet came, or an attempt began or ended."""
        return self._turned_mono

    @property
    def skipped(self) -> int:
        """Packets thrown away undecoded so far, because they came late or the camera was asked to shed."""
        return self._skipping.skipped

    def status(self) -> CameraState:
        """How the camera is at this moment."""
        with self._lock:
            if self._stop.is_set():
                return CameraState("stopped", self._changed_at, "stopped by the box")
            quiet_since = self._arrived_at if self._arrived_at is not None else self._changed_at
            if self._fault is not None:
                return CameraState("offline", quiet_since, self._fault)
            if self._arrived_mono is None or self._monotonic() - self._arrived_mono > STALL_S:
                return CameraState("offline", quiet_since, f"{redact(self._url)}: connected, but no frames advance")
            if self._flat_since is not None and self._arrived_at is not None:
                flat_s = self._arrived_at - self._flat_since
                if flat_s >= BLIND_FOR_S:
                    return CameraState("blind", self._flat_since, "the picture shows nothing; is the lens covered?")
            return CameraState("online", self._changed_at, self._notice)

    def _look(self, luma: Image) -> None:
        """Remembers since when pictures have shown nothing."""
        now = self._monotonic()
        if now - self._looked_mono < BLIND_LOOK_EVERY_S:
            return
        self._looked_mono = now
        flat = float(luma[::BLIND_STRIDE_PX, ::BLIND_STRIDE_PX].std()) < BLIND_SPREAD
        with self._lock:
            if not flat:
                if self._flat_since is not None:
                    self._changed_at = self._clock()
                self._flat_since = None
            elif self._flat_since is None:
                self._flat_since = self._arrived_at

    def _run(self) -> None:
        while not self._stop.is_set():
            began = self._turned_mono = self._monotonic()
            try:
                self._watch()
            except Exception as error:  # noqa: BLE001 - whatever a stream does, the camera is tried again
                ended = self._turned_mono = self._monotonic()
                self._late_s = 0.0  # nothing comes, and nothing is late
                with self._lock:
                    heard_mono = self._arrived_mono if self._arrived_mono is not None else began
                waited_s = ended - max(began, heard_mono)
                if heard_mono - began >= HEALTHY_S:
                    self._backoff.reset()
                self._set_fault(describe_fault(error, self._url, waited_s, READ_TIMEOUT_S))
            self._stop.wait(self._backoff.wait_s())

    def _set_fault(self, detail: str) -> None:
        with self._lock:
            known = detail == self._fault
            self._fault = detail
        if not known:
            log.warning("camera %s: %s; trying again", self.camera, detail)

    def _watch(self) -> None:
        """One connection, until it fails or the camera is closed."""
        with connect(self._url) as container:
            stream = video_of(container)
            stream_clock, arrivals = StreamClock(self._last_at), Arrivals()
            advanced_mono = self._monotonic()
            patience_s = FIRST_PICTURE_S
            reorders = stream.codec_context.has_b_frames
            resting, skipping = self._resting, self._skipping
            resting.restart()
            skipping.restart()
            for packet in container.demux(stream):
                if self._stop.is_set():
                    return
                if packet.size == 0:  # how PyAV tells the end
                    break
                # lateness goes by the monotonic clock: box time may be leaning towards a system clock that was set
                arrival_s, arrival_mono = self._clock(), self._monotonic()
                self._turned_mono = arrival_mono
                hear_sender(stream_clock, packet, arrival_s)
                self._count += 1
                media_s = None if packet.pts is None else float(packet.pts * packet.time_base)
                if media_s is not None:
                    arrivals.hear(media_s, arrival_mono)
                self._late_s = late_s = arrivals.late_s(media_s, arrival_mono)
                # pictures that refer ahead come out late, and a key picture alone would not come out at all
                due = [packet] if reorders else resting.offer(packet, packet.size, packet.is_keyframe, arrival_mono)
                thrown_away = False
                for each in due:
                    if not reorders and not skipping.passes(each.is_keyframe, media_s, late_s):
                        thrown_away = True
                        continue
                    for picture in decode(each):
                        advanced_mono = self._monotonic()
                        patience_s = STALL_S
                        due_mono = arrival_mono - arrivals.late_s(picture.time, arrival_mono)
                        self._take(picture, stream_clock, arrival_s, due_mono)
                silent_s = self._monotonic() - advanced_mono
                if silent_s > (SKIPPING_PATIENCE_S if thrown_away else patience_s):
                    raise StreamFault(_no_picture(silent_s, late_s))
        raise StreamFault(ENDED)

    def _take(self, picture: Any, stream_clock: StreamClock, arrival_s: float, due_mono: float) -> None:
        """Keeps a picture as the newest; without delays it would have come at monotonic ``due_mono``."""
        captured_at = stream_clock.stamp(picture.time, arrival_s)
        error_s = stream_clock.sender_error_s
        off = error_s is not None and abs(error_s) > TRUST_S
        with self._lock:
            self._notice = f"camera clock off by {error_s:.0f} s, not used; set its NTP server" if off else ""
            self._pending = (picture, captured_at, self._count - 1, due_mono)
            self._last_at = captured_at
            stalled = self._arrived_mono is not None and self._monotonic() - self._arrived_mono > STALL_S
            if self._fault is not None or stalled:
                self._changed_at = arrival_s
            self._fault = None
            self._arrived_at = arrival_s
            self._arrived_mono = self._monotonic()
        self.fresh.set()


def connect(url: str) -> Any:
    """An open ``av`` container of a live stream, RTSP over TCP.

    Raises:
        Exception: whatever FFmpeg says; ``describe_fault`` puts it into words.
    """
    options = {"fflags": "nobuffer", "analyzeduration": "500000"}
    if url.lower().startswith("rtsp"):
        # "timeout" is in microseconds, for every read and write of the socket
        options |= {"rtsp_transport": "tcp", "timeout": str(int(READ_TIMEOUT_S * 1e6))}
    timeout = (OPEN_TIMEOUT_S, READ_TIMEOUT_S)
    return av.open(url, mode="r", options=options, timeout=timeout, metadata_errors="ignore")


def video_of(container: Any) -> Any:
    """The container's video stream.

    Raises:
        StreamFault: where it has none that can be decoded.
    """
    if not container.streams.video:
        kinds = " and ".join(sorted({stream.type for stream in container.streams})) or "nothing"
        raise StreamFault(f"answers with {kinds} only, no video; choose the camera's video stream")
    stream = container.streams.video[0]
    if stream.codec_context is None:
        raise StreamFault("its video codec is not supported; set the camera to H.264")
    stream.thread_count = 1  # frame threads would hold pictures back
    return stream


def _no_picture(silent_s: float, late_s: float) -> str:
    if late_s > STALE_S:
        return f"pictures come {late_s:.1f} s late; does the network, or this box, keep up?"
    return f"data, but no picture for {silent_s:.0f} s; restart the camera"


def hear_sender(stream_clock: StreamClock, packet: Any, arrival_s: float) -> None:
    """Takes the sender's wall clock that FFmpeg derives from RTCP sender reports (``AVProducerReferenceTime``)."""
    if packet.pts is None or not packet.has_sidedata("prft"):
        return
    (wall_us,) = struct.unpack_from("=q", bytes(packet.get_sidedata("prft")))
    stream_clock.hear_sender(float(packet.pts * packet.time_base), wall_us / 1e6, arrival_s)


def decode(packet: Any) -> list[Any]:
    """The pictures that come out as the packet goes in; none of a damaged one."""
    try:
        return list(packet.decode())
    except av.error.InvalidDataError:
        return []  # a damaged picture; the stall clock counts if they all are
