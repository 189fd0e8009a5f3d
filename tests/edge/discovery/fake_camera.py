"""A camera that speaks real WS-Discovery and ONVIF on loopback, checks who asks, and can be made to lie."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import secrets
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from contract.times import from_rfc3339

GROUP = "239.255.255.250"
USER, PASSWORD = "atrium", "p@ss/<word>&1"
S = 'xmlns:s="http://www.w3.org/2003/05/soap-envelope"'


def profile(token, encoding="H264", *, size=(640, 360), fps=8, gop=8, kbit=512):
    return (
        f'<trt:Profiles token="{token}" fixed="true"><tt:Name>{token} stream</tt:Name>'
        f'<tt:VideoEncoderConfiguration token="e{token}"><tt:Name>enc</tt:Name><tt:Encoding>{encoding}</tt:Encoding>'
        f"<tt:Resolution><tt:Width>{size[0]}</tt:Width><tt:Height>{size[1]}</tt:Height></tt:Resolution>"
        f"<tt:RateControl><tt:FrameRateLimit>{fps}</tt:FrameRateLimit><tt:EncodingInterval>1</tt:EncodingInterval>"
        f"<tt:BitrateLimit>{kbit}</tt:BitrateLimit></tt:RateControl>"
        f"<tt:H264><tt:GovLength>{gop}</tt:GovLength><tt:H264Profile>Main</tt:H264Profile></tt:H264>"
        "</tt:VideoEncoderConfiguration></trt:Profiles>"
    )


USUAL = [profile("main", size=(2560, 1440), fps=25, gop=50, kbit=4096), profile("sub"), profile("third", "JPEG")]


@dataclass
class FakeCamera:
    """What it is and says; ``asked`` and ``refused`` count questions."""

    auth: str = "token"
    """Who may ask: ``token`` (WS-UsernameToken), ``digest`` (HTTP digest) or ``none``."""
    clock_off_s: float = 0.0
    profiles: list[str] = field(default_factory=lambda: list(USUAL))
    host: str | None = None
    """The host it names in its addresses; its own by default."""
    hostile: Callable[[BaseHTTPRequestHandler], bool] | None = None
    """Answers in its place; False lets the camera answer."""
    rtsp_port: int = 554
    address: str = "127.0.0.1"
    port: int = 0
    asked: list[str] = field(default_factory=list)
    refused: int = 0
    headers: list[str] = field(default_factory=list)
    nonces: set[str] = field(default_factory=set)

    @contextlib.contextmanager
    def serving(self) -> Iterator[FakeCamera]:
        camera = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                question = self.rfile.read(int(self.headers["Content-Length"])).decode()
                with contextlib.suppress(ConnectionError):
                    if camera.hostile is None or not camera.hostile(self):
                        camera.answer(self, question)

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer((self.address, 0), Handler)
        server.daemon_threads = True
        self.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join(5)

    def answer(self, handler, question):
        name = re.search(r"<s:Body><(\w+)", question).group(1)
        self.asked.append(name)
        self.headers.append(handler.headers.get("Authorization", ""))
        if name != "GetSystemDateAndTime" and not self.admits(handler, question):
            self.refused += 1
            if self.auth == "digest":
                challenge = 'Digest realm="cam", qop="auth", nonce="abc", algorithm=MD5'
                send(handler, b"", 401, {"WWW-Authenticate": challenge})
            else:
                send(handler, fault("ter:NotAuthorized", "Sender not authorized"), 400)
            return
        host = self.host or f"{self.address}:{self.port}"
        media = f"http://{host}/onvif/Media"
        now = time.gmtime(time.time() + self.clock_off_s)
        bodies = {
            "GetSystemDateAndTime": "<tds:SystemDateAndTime><tt:UTCDateTime>"
            f"<tt:Time><tt:Hour>{now.tm_hour}</tt:Hour><tt:Minute>{now.tm_min}</tt:Minute>"
            f"<tt:Second>{now.tm_sec}</tt:Second></tt:Time>"
            f"<tt:Date><tt:Year>{now.tm_year}</tt:Year><tt:Month>{now.tm_mon}</tt:Month>"
            f"<tt:Day>{now.tm_mday}</tt:Day></tt:Date></tt:UTCDateTime></tds:SystemDateAndTime>",
            "GetDeviceInformation": "<tds:Manufacturer>HIKVISION</tds:Manufacturer><tds:Model>DS-\x7fTest</tds:Model>"
            "<tds:FirmwareVersion>5.7 &#10; x</tds:FirmwareVersion>",
            "GetCapabilities": f"<tds:Capabilities><Media><XAddr>{media}</XAddr></Media></tds:Capabilities>",
            "GetProfiles": "".join(self.profiles),
        }
        if name == "GetStreamUri":
            token = re.search(r"<ProfileToken>([^<]*)<", question).group(1)
            where = host.rpartition(":")[0] or host
            bodies[name] = (
                f"<trt:MediaUri><tt:Uri>rtsp://someone:secret@{where}:{self.rtsp_port}/live/{token}?a=1&amp;b=2</tt:Uri>"
                "</trt:MediaUri>"
            )
        if name in {"GetStreamUri", "GetProfiles"}:
            assert handler.path == "/onvif/Media"
        send(handler, envelope(f"<tds:{name}Response>{bodies[name]}</tds:{name}Response>"))

    def admits(self, handler, question):
        if self.auth == "none":
            return True
        if self.auth == "digest":
            said = dict(re.findall(r'(\w+)="?([^",]+)"?', handler.headers.get("Authorization", "")))
            if "response" not in said:
                return False
            one = md5(f"{USER}:cam:{PASSWORD}")
            two = md5(f"POST:{said['uri']}")
            return said["response"] == md5(f"{one}:abc:{said['nc']}:{said['cnonce']}:auth:{two}")
        found = re.search(
            r"<w:Username>(.*?)</w:Username>.*#PasswordDigest\">(.*?)</w:Password>.*Base64Binary\">(.*?)</w:Nonce>"
            r"<u:Created>(.*?)</u:Created>",
            question,
        )
        if found is None:
            return False
        user, digest, nonce, created = found.groups()
        assert nonce not in self.nonces  # a nonce is for once
        self.nonces.add(nonce)
        if abs(from_rfc3339(created) - time.time() - self.clock_off_s) > 5:
            return False
        raw = base64.b64decode(nonce) + created.encode() + PASSWORD.encode()
        return user == USER and digest == base64.b64encode(hashlib.sha1(raw, usedforsecurity=False).digest()).decode()


def md5(text):
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def envelope(body):
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope {S} xmlns:tds="http://www.onvif.org/ver10/device/wsdl"'
        ' xmlns:trt="http://www.onvif.org/ver10/media/wsdl" xmlns:tt="http://www.onvif.org/ver10/schema"'
        f' xmlns:ter="http://www.onvif.org/ver10/error"><s:Body>{body}</s:Body></s:Envelope>'
    ).encode()


def fault(code, reason):
    return envelope(
        f"<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>{code}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="en">{reason}</s:Text></s:Reason></s:Fault>'
    )


def send(handler, content, status=200, headers=None):
    handler.send_response(status)
    for name, value in (headers or {}).items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


Say = Callable[[str], list[bytes]]


@contextlib.contextmanager
def responder(says: dict[str, Say], within="127.0.0.1", port=0) -> Iterator[int]:
    """Listens on the group; each address of loopback in ``says`` answers a probe's id with these datagrams.

    Yields the UDP port.
    """
    ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ear.bind((GROUP, port))
    ear.setsockopt(
        socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, struct.pack("4s4s", *map(socket.inet_aton, (GROUP, within)))
    )
    ear.settimeout(0.1)
    stop = threading.Event()

    def serve():
        while not stop.is_set():
            try:
                question, asker = ear.recvfrom(65535)
            except TimeoutError:
                continue
            found = re.search(rb"urn:uuid:([0-9a-f-]{36})", question)
            if found is None:
                continue
            for address, say in says.items():
                with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth:
                    mouth.bind((address, port))
                    for datagram in say(found.group(1).decode()):
                        mouth.sendto(datagram, asker)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield ear.getsockname()[1]
    finally:
        stop.set()
        thread.join(5)
        ear.close()


def match(relates_to, xaddrs, scopes="", prefix=""):
    """A ProbeMatches datagram."""
    return (
        f'<?xml version="1.0" encoding="utf-8"?>{prefix}<s:Envelope {S}'
        ' xmlns:a="http://schemas.xmlsoap.org/ws/2004/08/addressing"'
        ' xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery"><s:Header>'
        f"<a:RelatesTo>{relates_to}</a:RelatesTo></s:Header><s:Body><d:ProbeMatches><d:ProbeMatch>"
        f"<a:EndpointReference><a:Address>urn:uuid:{secrets.token_hex(8)}</a:Address></a:EndpointReference>"
        f"<d:Types>dn:NetworkVideoTransmitter</d:Types><d:Scopes>{scopes}</d:Scopes><d:XAddrs>{xaddrs}</d:XAddrs>"
        "</d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>"
    ).encode()
