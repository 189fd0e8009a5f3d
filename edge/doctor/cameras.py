"""What a look at a camera's stream comes to: what is wrong with it, and what to set in the camera."""

from __future__ import annotations

from pathlib import Path

from calibration.camera import Camera
from edge.capture.clock import TRUST_S
from edge.capture.live import BLIND_SPREAD, READ_TIMEOUT_S
from edge.capture.rest import KEY_INTERVAL_S
from edge.doctor.looking import Sighting
from upkeep.findings import Finding, Level

CODECS = {"h264": "H.264", "hevc": "H.265", "mjpeg": "MJPEG"}
LATE_S = 1.0
"""A camera's clock so far off shifts its people against the other cameras'."""
RATE_SHARE = 0.9
KEY_INTERVAL_WARN_S = 2.5
"""Streams with fewer key pictures are always decoded in full, and come back late after a fault."""
LARGE_PX = 1280 * 720 * 1.02
"""More is thrown away unseen: the model looks at a quarter of it."""
HUGE_PX = 1920 * 1088
ASPECT_SLACK = 0.02
SUB_STREAM = "choose its sub-stream of 640x360 to 1280x720"


def camera_findings(name: str, seen: Sighting, camera: Camera, wanted_fps: float) -> list[Finding]:
    """What is to be said of a camera's stream.

    Args:
        name: the camera's.
        seen: what came of a look at it.
        camera: as calibrated.
        wanted_fps: pictures a second that the box wants to look at.
    """
    if seen.fault or seen.packets == 0:
        return [_unwatchable(name, seen)]
    rate = seen.rate_hz
    level: Level = "fine"
    said = f"{seen.address}: {seen.packets} pictures in {seen.seconds:.1f} s"
    if seen.seconds and seen.packets < 2:
        level, said = "warning", f"{said}: too few to tell anything"
    findings = [_of("camera-stream", name, level, said, "Look again; restart the camera where it stays so.")]
    findings += [_codec(name, seen), _size(name, seen, camera), _picture(name, seen)]
    if rate is not None:
        findings.append(_rate(name, rate, wanted_fps))
    return [*findings, _key_interval(name, seen), _clock(name, seen)]


def recording_findings(name: str, path: Path) -> list[Finding]:
    """A box that plays recordings has no streams; whether the file is there is all that can be said."""
    if path.exists():
        return [_of("camera-stream", name, "fine", "plays a recording", "")]
    return [_of("camera-stream", name, "fault", f"{path}: no such recording", "Correct url in the box's file.")]


def _unwatchable(name: str, seen: Sighting) -> Finding:
    said, _, mend = seen.fault.partition("; ")
    if seen.packets and seen.is_half_open:
        said = f"{seen.packets} pictures came, then none for {2 * READ_TIMEOUT_S:.0f} s: the stream stands still"
        mend = "Restart the camera; where it happens again, look at its network and its number of viewers."
    elif seen.is_half_open:
        said = "half open: it takes the connection and says nothing"
        mend = "Restart the camera: its port answers and its video service hangs."
    elif not said:
        said, mend = "connected, and no picture came", "Restart the camera."
    mend = mend or "Check the camera's power and cable, its address, and the switch's VLAN."
    return _of("camera-stream", name, "fault", f"{seen.address}: {said}", f"{mend[0].upper()}{mend[1:].rstrip('.')}.")


def _codec(name: str, seen: Sighting) -> Finding:
    codec = CODECS.get(seen.codec, seen.codec)
    if seen.codec == "h264":
        return _of("camera-codec", name, "fine", codec, "")
    said = f"{codec} costs the box more than H.264 does to decode"
    return _of("camera-codec", name, "warning", said, "Set the stream's codec to H.264 in the camera.")


def _size(name: str, seen: Sighting, camera: Camera) -> Finding:
    width, height = seen.size
    said = f"{width}x{height}"
    figures = {"width_px": float(width), "height_px": float(height)}
    aspect, calibrated = width / max(1, height), camera.width / camera.height
    if abs(aspect / calibrated - 1) > ASPECT_SLACK:
        said += f" is of another shape than the calibrated {camera.width}x{camera.height}: every place would be wrong"
        mend = f"Choose a stream of shape {camera.width}:{camera.height} in the camera, or calibrate it anew."
        return _of("camera-size", name, "fault", said, mend, **figures)
    if width * height > LARGE_PX:
        level: Level = "warning" if width * height > HUGE_PX else "fine"
        said += f" is more than the box looks at, and is paid for in decoding: {SUB_STREAM}"
        mend = "Name the camera's sub-stream in url; atrium cameras suggest knows the paths of the large vendors."
        return _of("camera-size", name, level, said, mend, **figures)
    return _of("camera-size", name, "fine", said, "", **figures)


def _picture(name: str, seen: Sighting) -> Finding:
    if seen.spread is None:
        said = "no picture could be decoded in this time"
        mend = "Set the key-frame interval to one second, and the codec to H.264 without a vendor's extension."
        return _of("camera-picture", name, "fault", said, mend)
    figures = {"spread": round(seen.spread, 1)}
    if seen.spread < BLIND_SPREAD:
        said = "the picture is one grey: lens covered, lights out or sensor dead"
        return _of("camera-picture", name, "fault", said, "Look at the lens; then restart the camera.", **figures)
    return _of("camera-picture", name, "fine", "shows something", "", **figures)


def _rate(name: str, rate: float, wanted_fps: float) -> Finding:
    said = f"{rate:.1f} pictures a second; the box looks at up to {wanted_fps:g}"
    figures = {"rate_hz": round(rate, 2), "wanted_hz": wanted_fps}
    if rate < RATE_SHARE * wanted_fps:
        mend = f"Set the stream to {wanted_fps:g} pictures a second or more, or lower fps in the box's file."
        return _of("camera-rate", name, "warning", said, mend, **figures)
    return _of("camera-rate", name, "fine", said, "", **figures)


def _key_interval(name: str, seen: Sighting) -> Finding:
    interval = seen.key_interval_s
    mend = "Set the key-frame interval (GOP, I-frame interval) to one second and switch smart codecs off."
    if interval is None:
        said = f"{len(seen.key_at)} key pictures in {seen.seconds:.0f} s"
        return _of("camera-key-interval", name, "warning", said, mend)
    figures = {"interval_s": round(interval, 2)}
    said = f"a key picture every {interval:.1f} s"
    if interval > KEY_INTERVAL_WARN_S:
        return _of("camera-key-interval", name, "warning", said, mend, **figures)
    if interval > KEY_INTERVAL_S:
        said += f"; at {KEY_INTERVAL_S:g} s or less the box could rest while nothing moves"
    return _of("camera-key-interval", name, "fine", said, "", **figures)


def _clock(name: str, seen: Sighting) -> Finding:
    off_s = seen.sender_error_s
    mend = "Set the camera's NTP server to the box's address on the cameras' network."
    if off_s is None:
        said = f"told no time in {seen.seconds:.0f} s (no RTCP sender report): its pictures are timed as they arrive"
        return _of("camera-clock", name, "unknown", said, mend)
    figures = {"offset_ms": round(1000 * off_s, 1)}
    if abs(off_s) > TRUST_S:
        said = f"its clock is {off_s:+.0f} s off and is not used: its pictures are timed as they arrive"
        return _of("camera-clock", name, "warning", said, mend, **figures)
    if abs(off_s) > LATE_S:
        said = f"its clock is {off_s:+.1f} s off, and so are its people against the other cameras'"
        return _of("camera-clock", name, "warning", said, mend, **figures)
    return _of("camera-clock", name, "fine", f"its clock is {1000 * off_s:+.0f} ms off", "", **figures)


def _of(check: str, name: str, level: Level, said: str, mend: str, **figures: float) -> Finding:
    return Finding(
        check=check, subject=name, level=level, said=said, mend="" if level == "fine" else mend, figures=figures
    )
