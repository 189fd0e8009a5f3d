"""What an ONVIF camera says of itself and its streams (Device and Media services, ver10), asked at one address only.

Whatever addresses the camera names, we stay with the one we were given: of a service's address only the path is taken,
of a stream's only port, path and query. So a camera cannot send the box anywhere else.
"""

from __future__ import annotations

import asyncio
import calendar
import random
import time
from collections.abc import Callable
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import msgspec

from contract.errors import AtriumError, BadInputError
from edge.discovery.markup import all_of, first, local, plain, text
from edge.discovery.soap import Credentials, ask, polite_client, sign

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

DEVICE_PATH = "/onvif/device_service"
# Seven questions within READ_S each would be longer; who drips byte by byte is left alone.
PATIENCE_S = 20.0
MOST_STREAMS = 16
LONGEST_ADDRESS = 500
_DEVICE = "http://www.onvif.org/ver10/device/wsdl"
_MEDIA = "http://www.onvif.org/ver10/media/wsdl"
_SCHEMA = "http://www.onvif.org/ver10/schema"


class OfferedStream(msgspec.Struct, frozen=True):
    """A stream as the camera describes it; what it really sends, a trial says.

    Attributes:
        token: the profile's name in the camera's words.
        name: its name for people.
        codec: such as ``H264``, ``H265``, ``JPEG``; empty where the camera does not say.
        width, height: pixels; 0 where not said.
        fps: pictures a second at most; 0 where not said.
        key_interval_s: seconds from one key picture to the next; 0 where not said.
        kbit_s: bits a second at most, in thousands; 0 where not said.
        url: where it is, without user and password.
    """

    token: str
    name: str
    codec: str
    width: int
    height: int
    fps: float
    key_interval_s: float
    kbit_s: int
    url: str


class Described(msgspec.Struct, frozen=True):
    """What a camera says of itself.

    Attributes:
        address: where it was asked.
        manufacturer, model, firmware: plain; empty where not said.
        clock_error_s: its clock minus ours, whole seconds; None where not said.
        streams: as it lists them.
        remarks: what was odd, a sentence each.
    """

    address: str
    manufacturer: str
    model: str
    firmware: str
    clock_error_s: float | None
    streams: list[OfferedStream]
    remarks: list[str] = []


def look(
    address: str,
    credentials: Credentials | None,
    *,
    port: int = 80,
    rng: random.Random | None = None,
    clock: Callable[[], float] = time.time,
    patience_s: float = PATIENCE_S,
) -> Described:
    """Asks a camera for itself, its clock and its streams, within ``patience_s`` seconds.

    Args:
        address: the camera's IP address, as a number: a name could come to mean somebody else while we ask.
        credentials: an ONVIF user of the camera; None asks without.
        port: of its HTTP service.
        rng: makes the nonces; the system's own source by default.
        clock: unix seconds.
        patience_s: for all of it, seconds.

    Raises:
        BadInputError: where the address is none, or the user is refused.
        AtriumError: where it does not answer, or is no ONVIF camera.
    """
    try:
        number = ip_address(address)
    except ValueError:
        raise BadInputError(f"{plain(address)!r} is no IP address; give the camera's, such as 10.2.0.11") from None
    host = f"[{number}]" if number.version == 6 else str(number)
    asker = _Asker(host, port, credentials, rng or random.SystemRandom(), clock)

    async def within() -> Described:
        async with asyncio.timeout(patience_s):
            return await asker.describe(address)

    try:
        return asyncio.run(within())
    except TimeoutError:
        raise AtriumError(
            f"{address}: no whole answer within {patience_s:g} s; restart the camera, or is it none?"
        ) from None


class _Asker:
    """One camera, asked question by question over one client."""

    def __init__(
        self, host: str, port: int, credentials: Credentials | None, rng: random.Random, clock: Callable[[], float]
    ) -> None:
        self._host = host
        self._origin = f"http://{host}:{port}"
        self._credentials = credentials
        self._rng = rng
        self._clock = clock
        self._clock_error_s: float | None = None
        self._remarks: list[str] = []

    async def describe(self, address: str) -> Described:
        async with polite_client() as client:
            self._client = client
            self._clock_error_s = await self._hear_clock()
            about = await self._ask(DEVICE_PATH, f'<GetDeviceInformation xmlns="{_DEVICE}"/>')
            media = await self._media_path()
            profiles = await self._ask(media, f'<GetProfiles xmlns="{_MEDIA}"/>')
            listed = [
                one for one in all_of(profiles, "Profiles") if first(one, "VideoEncoderConfiguration") is not None
            ]
            if len(listed) > MOST_STREAMS:
                self._remarks.append(f"It lists {len(listed)} streams; the first {MOST_STREAMS} were looked at.")
            streams = [await self._stream(media, profile) for profile in listed[:MOST_STREAMS]]
        return Described(
            address,
            text(about, "Manufacturer"),
            text(about, "Model"),
            text(about, "FirmwareVersion"),
            self._clock_error_s,
            [stream for stream in streams if stream is not None],
            list(dict.fromkeys(self._remarks)),
        )

    async def _ask(self, path: str, question: str, *, signed: bool = True) -> Element:
        header = ""
        if signed and self._credentials is not None:
            at = self._clock() + (self._clock_error_s or 0.0)
            header = sign(self._credentials, self._rng.randbytes(16), at)
        return await ask(self._client, self._origin + path, question, header=header, credentials=self._credentials)

    async def _hear_clock(self) -> float | None:
        """Anybody may ask for the time (ONVIF Core, 5.12): what proves the password is made with it."""
        body = await self._ask(DEVICE_PATH, f'<GetSystemDateAndTime xmlns="{_DEVICE}"/>', signed=False)
        utc = first(body, "UTCDateTime")
        if utc is None:
            return None
        words = [text(utc, part, name) for part, name in _MOMENT]
        if not all(word.isascii() and word.isdigit() and len(word) <= 4 for word in words):
            return None
        year, month, day, hour, minute, second = map(int, words)
        if not (1970 <= year <= 2999 and 1 <= month <= 12 and 1 <= day <= 31):
            return None
        return float(calendar.timegm((year, month, day, hour, minute, second)) - round(self._clock()))

    async def _media_path(self) -> str:
        body = await self._ask(
            DEVICE_PATH, f'<GetCapabilities xmlns="{_DEVICE}"><Category>Media</Category></GetCapabilities>'
        )
        said = first(body, "Media", "XAddr")
        address = "" if said is None else (said.text or "").strip()
        path = self._own(address, ("http", "https"))
        if path is None:
            raise AtriumError(f"{self._origin}: has no media service; is it a camera, and is ONVIF on?")
        parts = urlsplit(path)
        return urlunsplit(("", "", parts.path or "/", parts.query, ""))

    async def _stream(self, media: str, profile: Element) -> OfferedStream | None:
        token = profile.get("token", "")
        body = await self._ask(
            media,
            f'<GetStreamUri xmlns="{_MEDIA}"><StreamSetup><Stream xmlns="{_SCHEMA}">RTP-Unicast</Stream>'
            f'<Transport xmlns="{_SCHEMA}"><Protocol>RTSP</Protocol></Transport></StreamSetup>'
            f"<ProfileToken>{_escaped(token)}</ProfileToken></GetStreamUri>",
        )
        said = first(body, "Uri")
        url = self._own("" if said is None else (said.text or "").strip(), ("rtsp", "rtsps"))
        if url is None:
            self._remarks.append(f"Its stream {plain(token)!r} has no RTSP address.")
            return None
        encoder = first(profile, "VideoEncoderConfiguration")
        assert encoder is not None  # noqa: S101 - profiles without were left out
        fps = _number(encoder, "RateControl", "FrameRateLimit") / max(
            1.0, _number(encoder, "RateControl", "EncodingInterval")
        )
        between = _number(encoder, "H264", "GovLength")
        return OfferedStream(
            plain(token),
            _name(profile),
            plain(text(encoder, "Encoding"), 12),
            int(_number(encoder, "Resolution", "Width")),
            int(_number(encoder, "Resolution", "Height")),
            fps,
            between / fps if fps > 0 else 0.0,
            int(_number(encoder, "RateControl", "BitrateLimit")),
            url,
        )

    def _own(self, address: str, schemes: tuple[str, ...]) -> str | None:
        """The address with the camera's host in it, whatever host it names; None where it is no such address."""
        if not address or len(address) > LONGEST_ADDRESS or not address.isprintable() or " " in address:
            return None
        try:
            parts = urlsplit(address)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return None
        if parts.scheme not in schemes:
            return None
        if host != self._host.strip("[]"):
            self._remarks.append(
                f"It names {plain(host)!r} as the host of its services; {self._host} is used. Correct its network."
            )
        return urlunsplit((parts.scheme, self._host + (f":{port}" if port else ""), parts.path, parts.query, ""))


_MOMENT = (
    ("Date", "Year"), ("Date", "Month"), ("Date", "Day"), ("Time", "Hour"), ("Time", "Minute"), ("Time", "Second"),
)  # fmt: skip


def _name(profile: Element) -> str:
    own = next((child for child in profile if local(child) == "Name"), None)
    return "" if own is None else plain(own.text or "")


def _number(root: Element, *path: str) -> float:
    """A number at least 0 and no larger than a camera could mean; 0 where there is none."""
    word = text(root, *path)
    try:
        value = float(word)
    except ValueError:
        return 0.0
    return value if 0 <= value <= 1e6 else 0.0


def _escaped(word: str) -> str:
    return word[:200].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
