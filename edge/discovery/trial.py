"""A stream watched for a few seconds: what it really sends, whatever the camera's settings say."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from edge.capture.clock import TRUST_S, Arrivals, StreamClock
from edge.capture.faults import ENDED, StreamFault, describe_fault
from edge.capture.live import FIRST_PICTURE_S, READ_TIMEOUT_S, STALL_S, connect, decode, hear_sender, video_of
from edge.discovery.advice import FPS, KEY_INTERVAL_MOST_S, KEY_INTERVAL_S
from upkeep.findings import Finding

# A box sleeps through still scenes where key pictures come at least this often; see edge.capture.rest.
RESTS_WITHIN_S = 1.25
# Later than this than its fellows a picture is thrown away; see edge.capture.skip.
LATE_MS = 550.0
LATE_HINT_MS = 200.0
# FFmpeg decodes what any CPU does cheaply; the others cost a box several times as much.
CHEAP_CODECS = ("h264",)
_LATENESS_SHARE = 95


class Trial(msgspec.Struct, frozen=True):
    """What a stream sent.

    Attributes:
        codec: FFmpeg's name, such as ``h264``.
        width, height: pixels of the last picture.
        pictures: decoded.
        damaged: packets that gave no picture though they should have.
        seconds: watched since the first packet.
        fps: pictures a second by the stream's own time.
        key_interval_s: the longest time between two key pictures; None where fewer than two came.
        jitter_ms: 95 % of packets came no later than this after one that nothing delayed.
        gap_s: the longest time without a packet.
        kbit_s: bits a second, in thousands.
        clock_error_s: the camera's clock, by its RTCP sender reports, minus ours; None where it sends none.
        reorders: whether pictures refer to later ones (B-frames).
    """

    codec: str
    width: int
    height: int
    pictures: int
    damaged: int
    seconds: float
    fps: float
    key_interval_s: float | None
    jitter_ms: float
    gap_s: float
    kbit_s: float
    clock_error_s: float | None
    reorders: bool


def try_stream(
    url: str,
    seconds: float,
    *,
    clock: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
) -> Trial:
    """Watches a live stream for so many seconds from its first packet on.

    Args:
        url: as for ``LiveCamera``.
        seconds: how long; a camera's sender reports come about every 5 s.
        clock: unix seconds.
        monotonic: seconds that never jump.

    Raises:
        StreamFault: where it cannot be watched, or stops in between; one line without credentials.
    """
    watch = _Watch(seconds, clock, monotonic)
    try:
        return watch.through(url)
    except Exception as error:  # noqa: BLE001 - whatever a stream does, there is one line for it
        raise StreamFault(describe_fault(error, url, monotonic() - watch.heard, READ_TIMEOUT_S)) from None


class _Watch:
    """What has been seen of one connection."""

    def __init__(self, seconds: float, clock: Callable[[], float], monotonic: Callable[[], float]) -> None:
        self.heard = monotonic()
        self._seconds = seconds
        self._clock = clock
        self._monotonic = monotonic
        self._stream_clock, self._arrivals = StreamClock(), Arrivals()
        self._arrived: list[float] = []
        self._media: list[float] = []
        self._keys: list[float] = []
        self._late_ms: list[float] = []
        self._bytes = self._pictures = self._damaged = 0
        self._size = (0, 0)

    def through(self, url: str) -> Trial:
        with connect(url) as container:
            stream = video_of(container)
            for packet in container.demux(stream):
                if packet.size == 0:
                    raise StreamFault(ENDED)
                self._hear(packet)
                watched_s = self.heard - self._arrived[0]
                if self._pictures == 0 and watched_s > max(FIRST_PICTURE_S, self._seconds):
                    raise StreamFault(f"data, but no picture for {watched_s:.0f} s; restart the camera")
                if self._pictures and watched_s >= self._seconds:
                    break
            return self._told(stream.codec_context)

    def _hear(self, packet: Any) -> None:
        self.heard = self._monotonic()
        self._arrived.append(self.heard)
        hear_sender(self._stream_clock, packet, self._clock())
        self._bytes += packet.size
        if packet.pts is not None:
            media_s = float(packet.pts * packet.time_base)
            self._media.append(media_s)
            self._arrivals.hear(media_s, self.heard)
            self._late_ms.append(1e3 * self._arrivals.late_s(media_s, self.heard))
            if packet.is_keyframe:
                self._keys.append(media_s)
        pictures = decode(packet)
        self._damaged += not pictures and self._pictures > 0
        self._pictures += len(pictures)
        if pictures:
            self._size = (pictures[-1].width, pictures[-1].height)

    def _told(self, context: Any) -> Trial:
        watched_s = self._arrived[-1] - self._arrived[0]
        times = sorted(self._media) if len(self._media) == len(self._arrived) else self._arrived
        steps = [after - before for before, after in itertools.pairwise(self._keys)]
        error_s = self._stream_clock.sender_error_s
        reorders = bool(context.has_b_frames)
        return Trial(
            codec=context.name,
            width=self._size[0],
            height=self._size[1],
            pictures=self._pictures,
            damaged=0 if reorders else self._damaged,
            seconds=round(watched_s, 2),
            fps=round(_rate(times), 2),
            key_interval_s=round(max(steps), 2) if steps else None,
            jitter_ms=round(float(np.percentile(self._late_ms, _LATENESS_SHARE)), 1) if self._late_ms else 0.0,
            gap_s=round(max((b - a for a, b in itertools.pairwise(self._arrived)), default=0.0), 2),
            kbit_s=round(self._bytes * 8e-3 / watched_s) if watched_s > 0 else 0.0,
            clock_error_s=None if error_s is None else round(error_s, 3),
            reorders=reorders,
        )


def _rate(times: list[float]) -> float:
    spent = times[-1] - times[0]
    return (len(times) - 1) / spent if spent > 0 else 0.0


def judge(trial: Trial, camera: str, fps_wanted: float = FPS) -> list[Finding]:
    """What a trial says of a camera, a finding each.

    Args:
        trial: what was watched.
        camera: its name or redacted address.
        fps_wanted: pictures a second that the box analyses.
    """
    return [
        _codec(trial, camera),
        _rates(trial, camera, fps_wanted),
        _keys(trial, camera),
        _steadiness(trial, camera),
        _clock(trial, camera),
    ]


def _codec(trial: Trial, camera: str) -> Finding:
    said = f"Sends {trial.codec} at {trial.width} x {trial.height}, {trial.kbit_s:.0f} kbit/s"
    figures = {"width_px": float(trial.width), "height_px": float(trial.height), "rate_kbit_s": trial.kbit_s}
    if trial.codec not in CHEAP_CODECS:
        mend = "Set the codec of this stream to H.264 in the camera, without smart or plus modes."
        return Finding(
            check="camera-codec", subject=camera, level="warning", said=f"{said}.", mend=mend, figures=figures
        )
    if trial.reorders:
        mend = "Set the profile to Baseline, or turn B-frames off, in the camera."
        told = f"{said}, with pictures that wait for later ones: no packet can be skipped."
        return Finding(check="camera-codec", subject=camera, level="warning", said=told, mend=mend, figures=figures)
    return Finding(check="camera-codec", subject=camera, level="fine", said=f"{said}.", figures=figures)


def _rates(trial: Trial, camera: str, fps_wanted: float) -> Finding:
    said = f"Sends {trial.fps:.1f} pictures a second."
    figures = {"fps": trial.fps, "damaged": float(trial.damaged)}
    if trial.fps < 0.9 * fps_wanted:
        mend = f"Set the frame rate of this stream to at least {fps_wanted:g} in the camera, at night too."
        return Finding(check="camera-rate", subject=camera, level="warning", said=said, mend=mend, figures=figures)
    if trial.damaged > 0.02 * trial.pictures:
        told = f"{trial.damaged} packets of {trial.pictures + trial.damaged} gave no picture."
        mend = "Look for loss on the way: the cable, the switch, or a camera with too many viewers."
        return Finding(check="camera-rate", subject=camera, level="warning", said=told, mend=mend, figures=figures)
    return Finding(check="camera-rate", subject=camera, level="fine", said=said, figures=figures)


def _keys(trial: Trial, camera: str) -> Finding:
    mend = (
        f"Set the key-frame interval (GOP) to {max(1, round(trial.fps * KEY_INTERVAL_S))} frames, 1 s, in the camera."
    )
    if trial.key_interval_s is None:
        said = f"Sent no two key pictures in {trial.seconds:.0f} s."
        return Finding(check="camera-key-interval", subject=camera, level="warning", said=said, mend=mend)
    figures = {"key_interval_s": trial.key_interval_s}
    said = f"Sends a key picture every {trial.key_interval_s:.1f} s"
    if trial.key_interval_s > KEY_INTERVAL_MOST_S:
        told = f"{said}: after overload the box is blind for so long."
        return Finding(
            check="camera-key-interval", subject=camera, level="warning", said=told, mend=mend, figures=figures
        )
    if trial.key_interval_s > RESTS_WITHIN_S:
        said += ", too seldom to let the camera rest over a still scene; once a second costs the box least"
    return Finding(check="camera-key-interval", subject=camera, level="fine", said=f"{said}.", figures=figures)


def _steadiness(trial: Trial, camera: str) -> Finding:
    said = f"95 % of packets come within {trial.jitter_ms:.0f} ms, the longest gap is {trial.gap_s:.1f} s."
    figures = {"jitter_ms": trial.jitter_ms, "gap_s": trial.gap_s}
    if trial.gap_s > STALL_S or trial.jitter_ms > LATE_MS:
        mend = "Look at the network between camera and box: cable, duplex, a full uplink of the switch."
        return Finding(check="camera-jitter", subject=camera, level="fault", said=said, mend=mend, figures=figures)
    if trial.jitter_ms > LATE_HINT_MS:
        mend = "Look at the network between camera and box; above 550 ms pictures are thrown away."
        return Finding(check="camera-jitter", subject=camera, level="warning", said=said, mend=mend, figures=figures)
    return Finding(check="camera-jitter", subject=camera, level="fine", said=said, figures=figures)


def _clock(trial: Trial, camera: str) -> Finding:
    if trial.clock_error_s is None:
        said = f"Sent no clock (RTCP sender report) in {trial.seconds:.0f} s; the box takes the time of arrival."
        return Finding(check="camera-clock", subject=camera, level="unknown", said=said)
    figures = {"clock_error_s": trial.clock_error_s}
    if abs(trial.clock_error_s) > TRUST_S:
        said = f"Its clock is off by {trial.clock_error_s:.0f} s and is not used."
        mend = "Set the camera's NTP server to this box's address on the camera LAN."
        return Finding(check="camera-clock", subject=camera, level="warning", said=said, mend=mend, figures=figures)
    said = f"Its clock is off by {1e3 * trial.clock_error_s:.0f} ms."
    return Finding(check="camera-clock", subject=camera, level="fine", said=said, figures=figures)
