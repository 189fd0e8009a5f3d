"""Cameras are found by a real multicast on loopback; what lies, shouts or comes from elsewhere is left out."""

from __future__ import annotations

import time
import uuid
from ipaddress import IPv4Interface

import pytest

from contract.errors import AtriumError, BadInputError
from edge.discovery.interfaces import interfaces_of
from edge.discovery.probe import MOST_ANSWERS_EACH, probe, read_answer
from tests.edge.discovery.fake_camera import match, responder

LAN = IPv4Interface("127.0.0.1/24")
SCOPES = (
    "onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/name/Lobby%20East "
    "onvif://www.onvif.org/hardware/DS-2CD onvif://www.onvif.org/location/Ground"
)
LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


def ids():
    return (uuid.uuid4(), uuid.uuid4())


def ask(says, wait_s=0.4):
    with responder(says) as port:
        return probe(LAN, wait_s, ids(), port=port)


def test_cameras_are_found_with_what_they_say_of_themselves():
    answers = ask(
        {
            "127.0.0.12": lambda one: [match(f"urn:uuid:{one}", "http://127.0.0.12/onvif/device_service", SCOPES)],
            "127.0.0.3": lambda one: [match(f"uuid:{one.upper()}", "http://127.0.0.3:8080/onvif/device_service")],
        }
    )
    first, second = answers.devices
    assert (first.address, first.services) == ("127.0.0.3", ["http://127.0.0.3:8080/onvif/device_service"])
    assert (second.name, second.hardware, second.location) == ("Lobby East", "DS-2CD", "Ground")
    assert second.services == ["http://127.0.0.12/onvif/device_service"]  # once, though it answered four times
    assert answers.foreign == answers.unread == 0


def test_a_device_speaks_for_its_own_address_alone():
    elsewhere = "http://10.9.9.9/onvif http://metadata.internal/latest http://127.0.0.5@10.9.9.9/ file:///etc/passwd"
    (device,) = ask(
        {"127.0.0.5": lambda one: [match(one, f"{elsewhere} http://127.0.0.5/onvif/device_service")]}
    ).devices
    assert device.services == ["http://127.0.0.5/onvif/device_service"]
    assert device.elsewhere == 4


def test_who_answers_from_outside_the_lan_is_counted_and_left_out():
    answers = ask({"127.0.9.9": lambda one: [match(one, "http://127.0.9.9/onvif/device_service")]})
    assert answers.devices == []
    assert answers.foreign == 4


@pytest.mark.parametrize(
    "datagram",
    [
        lambda one: match(one, "http://127.0.0.6/", prefix=LAUGHS),
        lambda one: match(one, "&x;", prefix='<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/hostname">]>'),
        lambda _: match(uuid.uuid4(), "http://127.0.0.6/"),
        lambda one: match(one, "http://127.0.0.6/").replace(b"utf-8", b"klingon"),
        lambda one: match(one, "http://127.0.0.6/")[:-9],
        lambda _: b"\xff\xfe\x00" * 900,
        lambda _: b"",
    ],
    ids=["laughs", "file", "another question", "charset", "cut off", "noise", "empty"],
)
def test_what_is_no_answer_is_counted_and_left_out(datagram):
    answers = ask({"127.0.0.6": lambda one: [datagram(one)]})
    assert answers.devices == []
    assert answers.unread == 4


def test_a_shouter_ends_with_the_time_and_is_named():
    def shout(one):
        return [match(one, f"http://127.0.0.7/{number}") for number in range(200)]

    began = time.monotonic()
    answers = ask({"127.0.0.8": lambda one: [match(one, "http://127.0.0.8/")], "127.0.0.7": shout})
    assert time.monotonic() - began < 3
    assert answers.loud == ["127.0.0.7"]  # whose noise may have drowned others: UDP waits for nobody
    shouter = next(device for device in answers.devices if device.address == "127.0.0.7")
    assert len(shouter.services) <= MOST_ANSWERS_EACH


def test_a_terminal_obeys_nothing_that_a_camera_calls_itself():
    one = uuid.uuid4()
    scopes = "onvif://www.onvif.org/name/%1B%5B2J%0Aroot%E2%80%AE" + "x" * 500
    device = read_answer(match(one, "http://127.0.0.9/", scopes), "127.0.0.9", [one])
    assert device is not None
    assert device.name.startswith("[2J rootxxx")
    assert len(device.name) <= 80


def test_an_address_that_is_not_ours_is_said_in_one_line():
    with pytest.raises(AtriumError, match=r"192\.0\.2\.1.*own address"):
        probe(IPv4Interface("192.0.2.1/24"), 0.2, ids())
    with pytest.raises(BadInputError, match="no such address; it has"):
        interfaces_of("192.0.2.1")
    with pytest.raises(BadInputError, match="no IPv4 address"):
        interfaces_of("camera-lan")


def test_a_prefix_is_looked_up_or_taken_as_given():
    assert interfaces_of("127.0.0.1") == [IPv4Interface("127.0.0.1/8")]
    assert interfaces_of("10.2.0.1/24") == [IPv4Interface("10.2.0.1/24")]
