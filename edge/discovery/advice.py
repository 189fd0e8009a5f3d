"""Which of a camera's streams a box should watch, and what to set in the camera first."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from urllib.parse import quote

import msgspec

from edge.discovery.onvif import Described, OfferedStream

# What cameras cost is measured at this size and rate: docs/performance.md. More is decoded for nothing.
WIDTH, HEIGHT = 640, 360
FPS = 8.0
# Beyond this a stream costs decoding without telling more.
FPS_MOST = 15.0
# A box rests over a still scene where key pictures come about once a second (edge.capture.rest), and catches up after
# overload at the next one (edge.capture.skip): up to two seconds apart it works, one apart it is cheapest.
KEY_INTERVAL_S = 1.0
KEY_INTERVAL_MOST_S = 2.0
CLOCK_OFF_S = 2.0
FILE_OF_PASSWORD = "camera.password"  # noqa: S105 - a file's name
# An area of half the wanted one or less shows people too small for the detector; measured at 640 x 360.
_AREA = WIDTH * HEIGHT
_SMALL, _LARGE = 0.5, 2.5


class Advice(msgspec.Struct, frozen=True):
    """What to do about a camera.

    Attributes:
        stream: the one to watch; None where it offers none that could be.
        settings: what to change in the camera, a sentence each, in order of weight; empty where all is well.
    """

    stream: OfferedStream | None
    settings: list[str]


def advise(camera: Described) -> Advice:
    """The best stream: H.264 before all else, then the size nearest to 640 x 360, then the rate."""
    if not camera.streams:
        return Advice(None, ["Turn on its sub-stream: it offers no video stream over RTSP."])
    best = min(camera.streams, key=_cost)
    settings = [*_codec(best), *_size(best), *_rate(best), *_keys(best)]
    if camera.clock_error_s is None:
        settings.append("Set its clock by NTP from this box: it does not say what time it has.")
    elif abs(camera.clock_error_s) > CLOCK_OFF_S:
        settings.append(
            f"Set its clock by NTP from this box: it is {abs(camera.clock_error_s):.0f} s "
            f"{'ahead' if camera.clock_error_s > 0 else 'behind'}."
        )
    return Advice(best, settings)


def _cost(stream: OfferedStream) -> tuple[float, ...]:
    area = stream.width * stream.height
    size = abs(math.log(area / _AREA)) if area else math.inf
    too_slow = 0 < stream.fps < FPS
    return (stream.codec != "H264", size > math.log(_LARGE), too_slow, size, stream.kbit_s)


def _codec(stream: OfferedStream) -> Sequence[str]:
    if stream.codec == "H264":
        return ()
    said = stream.codec or "not said"
    return (f"Set the codec of stream {stream.token!r} to H.264, without smart or plus modes (now {said}).",)


def _size(stream: OfferedStream) -> Sequence[str]:
    area = stream.width * stream.height
    if not area:
        return (
            f"Check the size of stream {stream.token!r}: the camera does not say it; {WIDTH} x {HEIGHT} is wanted.",
        )
    if _SMALL <= area / _AREA <= _LARGE:
        return ()
    now = f"{stream.width} x {stream.height}"
    return (f"Set the size of stream {stream.token!r} to about {WIDTH} x {HEIGHT} (now {now}).",)


def _rate(stream: OfferedStream) -> Sequence[str]:
    if FPS <= stream.fps <= FPS_MOST:
        return ()
    now = f"{stream.fps:g}" if stream.fps else "not said"
    return (f"Set the frame rate of stream {stream.token!r} to {FPS:g} a second (now {now}).",)


def _keys(stream: OfferedStream) -> Sequence[str]:
    if 0 < stream.key_interval_s <= KEY_INTERVAL_MOST_S:
        return ()
    now = f"{stream.key_interval_s:.1f} s" if stream.key_interval_s else "not said"
    frames = round((stream.fps if FPS <= stream.fps <= FPS_MOST else FPS) * KEY_INTERVAL_S)
    wanted = f"{frames} frames, {KEY_INTERVAL_S:g} s (now {now})"
    return (f"Set the key-frame interval (GOP, I-frame interval) of stream {stream.token!r} to {wanted}.",)


def block(name: str, url: str, username: str = "", password_file: str = "") -> str:
    """A ``[[cameras]]`` table for BOX.toml; the user stands in the address, the password in a file of its own."""
    scheme, _, rest = url.partition("://")
    lines = ["[[cameras]]", f"name = {_quoted(name)}"]
    if username:
        signed = f"{scheme}://{quote(username, safe='')}@{rest}"
        lines += [f"url = {_quoted(signed)}"]
        lines += [f"password_file = {_quoted(password_file or FILE_OF_PASSWORD)}"]
    else:
        lines += [f"url = {_quoted(url)}"]
    return "\n".join(lines) + "\n"


def _quoted(word: str) -> str:
    """A basic string of TOML; JSON's are that, but for DEL and for pairs of surrogates."""
    return json.dumps(word, ensure_ascii=False).replace("\x7f", "\\u007f")
