"""The rendered firewall, loaded in network namespaces, with real packets; all of them pass where it is not loaded."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_configs.render import render
from tests.firmware_configs.hosts import write_box, write_central
from tests.firmware_configs.lan import PYTHON, Call, Lan, lan

pytestmark = pytest.mark.skipif(
    shutil.which("nft", path="/usr/sbin:/usr/bin") is None, reason="nft is not installed: apt-get install nftables"
)
BOX, BOX_TO_CAMERAS, CENTRAL, ADMIN, CAMERA = "10.1.0.12", "10.2.0.1", "10.1.0.5", "10.1.9.2", "10.2.0.21"
TCP, UDP = (22, 23, 80, 443, 554, 1883, 8080, 8554, 8883), (53, 123, 3702, 5353, 9999)
ASK_AROUND = """
import socket
with socket.socket(type=socket.SOCK_DGRAM) as line:
    line.settimeout(1.5)
    line.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.2.0.1"))
    line.bind(("10.2.0.1", 0))
    line.sendto(b"probe", ("239.255.255.250", 3702))
    try:
        print(line.recvfrom(9)[1][0])
    except TimeoutError:
        print("nobody")
"""
ANSWER = """
import socket, struct
group = socket.socket(type=socket.SOCK_DGRAM)
group.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
group.bind(("239.255.255.250", 3702))
member = socket.inet_aton("239.255.255.250") + socket.inet_aton("10.2.0.21")
group.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
own = socket.socket(type=socket.SOCK_DGRAM)
own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
own.bind(("10.2.0.21", 3702))
print("up", flush=True)
while True:
    own.sendto(b"match", group.recvfrom(99)[1])
"""


@pytest.fixture
def floor() -> Iterator[Lan]:
    """A camera, a box between it and the mall, and the mall with central and an administrator's laptop."""
    with lan() as found:
        for name in ("camera", "box", "mall"):
            found.add(name)
        found.wire("box", "uplink", "mall", "mall")
        found.wire("box", "cameras", "camera", "camera")
        for name, interface, address in [
            ("box", "uplink", f"{BOX}/24"),
            ("box", "cameras", f"{BOX_TO_CAMERAS}/24"),
            ("mall", "mall", f"{CENTRAL}/24"),
            ("mall", "mall", "10.1.0.1/24"),
            ("mall", "lo", f"{ADMIN}/24"),
            ("camera", "camera", f"{CAMERA}/24"),
        ]:
            found.run(name, "ip", "address", "add", address, "dev", interface)
        found.run("box", "ip", "route", "add", "default", "via", "10.1.0.1")
        found.run("camera", "ip", "route", "add", "default", "via", BOX_TO_CAMERAS)
        found.run("mall", "ip", "route", "add", "10.2.0.0/24", "via", BOX)
        # The worst box: one that forwards.
        found.run("box", "sysctl", "-qw", "net.ipv4.ip_forward=1")
        for name in ("camera", "box", "mall"):
            found.listen(name, TCP, set(UDP) - ({3702} if name == "camera" else set()))
        yield found


def calls(source: str, host: str) -> list[Call]:
    udp = [port for port in UDP if (host, port) != (CAMERA, 3702)]
    return [(source, "tcp", host, port) for port in TCP] + [(source, "udp", host, port) for port in udp]


def test_a_box_passes_what_it_needs_and_nothing_else(floor: Lan, tmp_path: Path) -> None:
    ways = {
        "camera": [*calls("", BOX_TO_CAMERAS), *calls("", BOX), *calls("", CENTRAL), *calls("", ADMIN)],
        "box": [*calls("", CAMERA), *calls("", CENTRAL), *calls("", ADMIN)],
        "mall": [*calls(ADMIN, BOX), *calls(CENTRAL, BOX), *calls(CENTRAL, BOX_TO_CAMERAS), *calls(CENTRAL, CAMERA)],
    }
    for name, some in ways.items():
        assert floor.reached(name, some) == set(some), "without rules every packet passes"
    floor.firewall("box", render(write_box(tmp_path))["/etc/nftables.conf"].content, tmp_path)
    assert floor.reached("camera", ways["camera"]) == {("", "udp", BOX_TO_CAMERAS, 123)}
    assert floor.reached("box", ways["box"]) == {
        *(("", "tcp", CAMERA, port) for port in (80, 443, 554, 8554)),
        *(("", "tcp", CENTRAL, port) for port in (443, 8883)),
        ("", "udp", CENTRAL, 123),
    }
    assert floor.reached("mall", ways["mall"]) == {(ADMIN, "tcp", BOX, 22)}
    everything = [("", "tcp", BOX_TO_CAMERAS, port) for port in TCP]
    assert floor.reached("box", everything) == set(everything), "what is on the box itself reaches it"


def test_cameras_are_found_and_may_answer_but_not_begin(floor: Lan, tmp_path: Path) -> None:
    floor.firewall("box", render(write_box(tmp_path))["/etc/nftables.conf"].content, tmp_path)
    answering = floor.start("camera", PYTHON, "-I", "-c", ANSWER)
    assert answering.stdout is not None
    assert answering.stdout.readline() == "up\n"
    assert floor.run("box", PYTHON, "-I", "-c", ASK_AROUND) == f"{CAMERA}\n"
    unasked = (
        'import socket; s = socket.socket(type=socket.SOCK_DGRAM); s.setsockopt(1, 2, 1); s.bind(("10.2.0.21", 3702))'
    )
    unasked += '; s.settimeout(0.7); s.sendto(b"?", ("10.2.0.1", 9999)); print(s.recv(9))'
    with pytest.raises(AssertionError, match="timed out"):
        floor.run("camera", PYTHON, "-I", "-c", unasked)


def test_the_kernel_forwards_nothing_whatever_the_firewall_says(floor: Lan, tmp_path: Path) -> None:
    """Settings of the network are the namespace's own; the others are the machine's and are left alone here."""
    lines = render(write_box(tmp_path))["/etc/sysctl.d/90-atrium.conf"].content.decode().splitlines()
    some = [("", "tcp", CENTRAL, 443), ("", "udp", CENTRAL, 123)]
    assert floor.reached("camera", some) == set(some)
    ours = [line for line in lines if line.startswith("net.")]
    settings = tmp_path / "sysctl.conf"
    settings.write_text("\n".join(ours) + "\n", encoding="utf-8")
    said = floor.run("box", "sysctl", "-p", str(settings))
    assert said.splitlines() == ours
    assert floor.reached("camera", some) == set()


def test_central_lets_in_boxes_pages_and_administrators_alone(tmp_path: Path) -> None:
    sources = {"box": BOX, "visitor": "10.1.5.5", "admin": ADMIN, "stranger": "192.168.7.7"}
    with lan() as found:
        for name in ("central", "mall"):
            found.add(name)
        found.wire("central", "uplink", "mall", "mall")
        found.run("central", "ip", "address", "add", f"{CENTRAL}/24", "dev", "uplink")
        found.run("mall", "ip", "address", "add", "10.1.0.1/24", "dev", "mall")
        for address in sources.values():
            found.run("mall", "ip", "address", "add", f"{address}/32", "dev", "mall")
        found.run("central", "ip", "route", "add", "default", "via", "10.1.0.1")
        found.listen("central", TCP, UDP)
        some = [call for source in sources.values() for call in calls(source, CENTRAL)]
        assert found.reached("mall", some) == set(some)
        found.firewall("central", render(write_central(tmp_path))["/etc/nftables.conf"].content, tmp_path)
        assert found.reached("mall", some) == {
            (BOX, "tcp", CENTRAL, 8883),
            (BOX, "udp", CENTRAL, 123),
            (BOX, "tcp", CENTRAL, 443),
            (ADMIN, "tcp", CENTRAL, 443),
            (ADMIN, "tcp", CENTRAL, 22),
            (sources["visitor"], "tcp", CENTRAL, 443),
        }


def test_a_proxy_before_central_or_none(tmp_path: Path) -> None:
    open_port = '[http]\nhost = "0.0.0.0"\nport = 8080\n\n[appliance]'
    rules = render(write_central(tmp_path, ("[appliance]\n", open_port + "\n")))["/etc/nftables.conf"].content
    assert b"tcp dport 8080 accept" in rules
    assert b"tcp dport 443 accept" not in rules
