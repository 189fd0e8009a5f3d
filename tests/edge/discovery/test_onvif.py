"""A camera is asked over real HTTP by both ways to sign, and one that lies, floods or dawdles gets nowhere."""

from __future__ import annotations

import gzip
import re
import socket
import threading
import time
import tracemalloc

import pytest

from contract.errors import AtriumError, BadInputError
from edge.discovery.advice import advise
from edge.discovery.onvif import look
from edge.discovery.soap import MOST_BYTES, Credentials
from tests.edge.discovery.fake_camera import PASSWORD, USER, FakeCamera, envelope, profile, send

WHO = Credentials(USER, PASSWORD)


def asked(camera, who=WHO, **how):
    with camera.serving():
        return look(camera.address, who, port=camera.port, **how)


@pytest.mark.parametrize("auth", ["token", "digest", "none"])
def test_a_camera_tells_of_itself_and_its_streams(auth):
    camera = FakeCamera(auth=auth)
    found = asked(camera)
    assert (found.manufacturer, found.model, found.firmware) == ("HIKVISION", "DS-Test", "5.7 x")
    assert [stream.token for stream in found.streams] == ["main", "sub", "third"]
    sub = found.streams[1]
    assert (sub.codec, sub.width, sub.height, sub.fps, sub.key_interval_s) == ("H264", 640, 360, 8.0, 1.0)
    assert sub.url == "rtsp://127.0.0.1:554/live/sub?a=1&b=2"  # whoever the camera says should sign in
    assert found.remarks == []
    assert not any(PASSWORD in header or "Basic" in header for header in camera.headers)


def test_a_clock_that_is_hours_off_is_signed_for_and_told():
    found = asked(FakeCamera(clock_off_s=-7200.0))
    assert found.clock_error_s == pytest.approx(-7200, abs=2)
    assert any(re.search(r"NTP.* 7(199|20[012]) s behind", one) for one in advise(found).settings)


@pytest.mark.parametrize("auth", ["token", "digest"])
@pytest.mark.parametrize("who", [None, Credentials(USER, "wrong"), Credentials("<a&b>", PASSWORD)])
def test_a_refused_user_is_said_without_the_password(auth, who):
    with pytest.raises(BadInputError, match="user name or password refused") as refused:
        asked(FakeCamera(auth=auth), who)
    assert "wrong" not in str(refused.value)
    assert "wrong" not in repr(who)


def test_basic_which_is_the_password_itself_is_never_sent():
    def basic(handler):
        handler.server.seen = [*getattr(handler.server, "seen", []), handler.headers.get("Authorization")]
        send(handler, b"", 401, {"WWW-Authenticate": 'Basic realm="cam"'})
        assert handler.server.seen == [None] * len(handler.server.seen)
        return True

    with pytest.raises(BadInputError, match="refused"):
        asked(FakeCamera(hostile=basic))


def test_other_hosts_that_a_camera_names_are_never_asked():
    knocked = []
    with socket.create_server(("127.0.0.99", 0)) as trap:
        trap.settimeout(0.1)

        def listen():
            while trap.fileno() >= 0:
                try:
                    trap.accept()
                except OSError:
                    continue
                knocked.append(1)

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        found = asked(FakeCamera(host=f"127.0.0.99:{trap.getsockname()[1]}"))
    thread.join(2)
    assert knocked == []
    assert {stream.url.split("/")[2] for stream in found.streams} == {"127.0.0.1:554"}
    assert found.remarks == [
        "It names '127.0.0.99' as the host of its services; 127.0.0.1 is used. Correct its network."
    ]


def test_a_redirect_is_not_followed():
    def away(handler):
        send(handler, b"", 307, {"Location": "http://127.0.0.99:9/onvif/device_service"})
        return True

    with pytest.raises(AtriumError, match="status 307"):
        asked(FakeCamera(hostile=away))


LAUGHS = b'<!DOCTYPE l [<!ENTITY a "ha">' + b"".join(
    b'<!ENTITY a%d "%s">' % (n + 1, b"&a%d;" % n * 10 if n else b"&a;" * 10) for n in range(9)
)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (LAUGHS + b"]><s>&a9;</s>", "document type"),
        (b'<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]><s>&x;</s>', "document type"),
        (b'<!DOCTYPE l SYSTEM "http://127.0.0.99/x.dtd"><s/>', "document type"),
        (b'<?xml version="1.0" encoding="klingon"?><s/>', "no XML"),
        (b'<?xml version="1.0" encoding="utf-16"?><s/>', "no XML"),
        (b"\xff\xfe<\x00s\x00/\x00>\x00", "nothing that we understand"),
        (b"<html><body>Sign in</body></html>", "the camera refuses|nothing that we understand|media service"),
        (b"<s>" * 100_000, "no XML"),
        (b"", "no XML"),
    ],
    ids=["laughs", "file", "dtd", "charset", "not utf-16", "utf-16", "html", "deep", "empty"],
)
def test_what_is_no_answer_is_one_line(content, words):
    def say(handler):
        send(handler, content)
        return True

    with pytest.raises(AtriumError, match=words) as said:
        asked(FakeCamera(hostile=say))
    assert "127.0.0.1" in str(said.value)


@pytest.mark.parametrize("status", [200, 401])
def test_an_answer_of_100_mb_is_left_unread(status):
    sent = []

    def flood(handler):
        handler.send_response(status)
        handler.send_header("WWW-Authenticate", 'Digest realm="cam", qop="auth", nonce="abc"')
        handler.send_header("Content-Length", str(100 << 20))
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b"x" * (1 << 20))
            sent.append(1)
        return True

    tracemalloc.start()
    try:
        with pytest.raises(AtriumError, match="answers without end"):
            asked(FakeCamera(hostile=flood))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 * MOST_BYTES
    assert len(sent) < 50


def test_a_packed_answer_is_not_unpacked():
    bomb = gzip.compress(b"\0" * (64 << 20))

    def packed(handler):
        send(handler, bomb, headers={"Content-Encoding": "gzip"})
        return True

    with pytest.raises(AtriumError, match="packed answer"):
        asked(FakeCamera(hostile=packed))


def test_an_answer_that_drips_is_left_after_the_patience():
    def drip(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b"<")
            handler.wfile.flush()
            time.sleep(0.05)
        return True

    began = time.monotonic()
    with pytest.raises(AtriumError, match="no whole answer within 1 s"):
        asked(FakeCamera(hostile=drip), patience_s=1.0)
    assert time.monotonic() - began < 3


def test_headers_that_drip_are_left_after_the_patience():
    def drip(handler):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(100):
            handler.wfile.write(b"X-%d: 1\r\n" % number)
            handler.wfile.flush()
            time.sleep(0.05)
        return True

    with pytest.raises(AtriumError, match="no whole answer"):
        asked(FakeCamera(hostile=drip), patience_s=1.0)


def test_nobody_at_the_address_is_one_line():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(AtriumError, match="not reachable"):
        look("127.0.0.1", None, port=port)


@pytest.mark.parametrize("address", ["camera.local", "127.1", "10.0.0.1/24", "", "[::1]", "127.0.0.1@evil"])
def test_a_camera_is_asked_by_its_number(address):
    with pytest.raises(BadInputError, match="no IP address"):
        look(address, None)


def test_a_camera_with_hundreds_of_streams_is_asked_for_a_few():
    camera = FakeCamera(auth="none", profiles=[profile(f"p{number}") for number in range(300)])
    found = asked(camera)
    assert len(found.streams) == 16
    assert camera.asked.count("GetStreamUri") == 16
    assert "300 streams" in found.remarks[0]


def test_numbers_that_are_none_and_stranger_tokens_do_no_harm():
    odd = profile("a&quot;&lt;b&gt;", size=("many", "-5"), fps="1e309", gop="nan")
    found = asked(FakeCamera(auth="none", profiles=[odd]))
    (stream,) = found.streams
    assert (stream.width, stream.height, stream.fps, stream.key_interval_s) == (0, 0, 0.0, 0.0)
    assert stream.token == 'a"<b>'


def test_other_schemes_for_a_stream_are_left_out():
    camera = FakeCamera(auth="none")
    original = camera.answer

    def answer(handler, question):
        if "GetStreamUri" in question:
            uri = "file:///etc/passwd" if ">main<" in question else "rtsp://127.0.0.1/ok line\n"
            send(handler, envelope(f"<r><Uri>{uri}</Uri></r>"))
        else:
            original(handler, question)

    camera.answer = answer
    found = asked(camera)
    assert found.streams == []
    assert advise(found).settings == ["Turn on its sub-stream: it offers no video stream over RTSP."]
