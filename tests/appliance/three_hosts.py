"""Three hosts for tests, and whoever knocks at their doors."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

import httpx
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.chaos.host import Host
from benchmarks.chaos.mall import CENTRAL_NAME, TLS, Mall

KNOCK_S = 1.0


def until(is_so: Callable[[], object], seconds: float, mall: Mall) -> bool:
    """Whether it became so in that time; the services are looked after meanwhile."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        mall.tend()
        if is_so():
            return True
        time.sleep(0.3)
    return False


def ops(mall: Mall) -> dict:
    """What Ops says."""
    headers = {"Authorization": f"Bearer {mall.token}"}
    return mall.central.inside(lambda: httpx.get("http://127.0.0.1:8080/v1/ops", headers=headers, timeout=5).json())


def reaches_tcp(host: Host, address: str, port: int) -> bool:
    """Whether anybody answers there, be it with a refusal: a firewall that drops says nothing."""

    def knock() -> bool:
        try:
            socket.create_connection((address, port), timeout=KNOCK_S).close()
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
        return True

    return host.inside(knock)


def reaches_udp(host: Host, address: str, port: int, word: bytes = b"?") -> bool:
    """Whether an answer comes, or word that nobody listens there."""

    def knock() -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as knocking:
            knocking.settimeout(KNOCK_S)
            knocking.connect((address, port))
            try:
                knocking.send(word)
                knocking.recv(512)
            except ConnectionRefusedError:
                return True
            except OSError:
                return False
            return True

    return host.inside(knock)


def reaches_ping(host: Host, address: str) -> bool:
    """Whether an echo comes back."""

    def knock() -> bool:
        echo = b"\x08\x00" + bytes(2) + os.urandom(2) + b"\0\1" + b"atrium!!"
        total = sum(int.from_bytes(echo[i : i + 2]) for i in range(0, len(echo), 2))
        total = (total & 0xFFFF) + (total >> 16)
        echo = echo[:2] + (~((total & 0xFFFF) + (total >> 16)) & 0xFFFF).to_bytes(2) + echo[4:]
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as knocking:
            knocking.settimeout(KNOCK_S)
            try:
                knocking.sendto(echo, (address, 0))
                ends = time.monotonic() + KNOCK_S
                while time.monotonic() < ends:
                    answer = knocking.recv(512)
                    if answer[20] == 0 and answer[24:26] == echo[4:6]:
                        return True
            except OSError:
                return False
        return False

    return host.inside(knock)


class MallClient:
    """A client of the mall's broker, from the box's host, with a certificate of one's choice.

    Attributes:
        admitted: whether the broker took it.
        refusals: reason codes of publishes that were refused.
    """

    def __init__(self, host: Host, ca: Path, pair: tuple[Path, Path] | None, client_id: str) -> None:
        self._host, self._ca, self._pair, self._client_id = host, ca, pair, client_id
        self._client: mqtt.Client | None = None
        self.admitted = False
        self.heard: list[str] = []

    def __enter__(self) -> Self:
        self._host.inside(self._connect)
        return self

    def __exit__(self, *_: object) -> None:
        if self._client is not None:
            with contextlib.suppress(OSError, ValueError):
                self._client.disconnect()
            self._client.loop_stop()

    def _connect(self) -> None:
        client = self._client = mqtt.Client(CallbackAPIVersion.VERSION2, self._client_id, reconnect_on_failure=False)
        certificate, key = (None, None) if self._pair is None else map(str, self._pair)
        client.tls_set(str(self._ca), certificate, key, tls_version=ssl.PROTOCOL_TLS_CLIENT)
        client.on_connect = self._on_connect
        client.on_message = lambda _client, _data, message: self.heard.append(message.topic)
        try:
            client.connect(CENTRAL_NAME, 8883, 20)
        except OSError:
            return
        client.loop_start()
        ends = time.monotonic() + 5
        while not self.admitted and client.is_connected() is False and time.monotonic() < ends:
            time.sleep(0.05)

    def _on_connect(self, _client: object, _data: object, _flags: object, reason: mqtt.ReasonCode, _props: object):
        self.admitted = not reason.is_failure

    def publish(self, topic: str, payload: str) -> None:
        """Hands a message to the broker and waits until it says that it has it."""
        assert self._client is not None
        self._client.publish(topic, payload, qos=1).wait_for_publish(5)

    def subscribe(self, topic: str) -> None:
        assert self._client is not None
        self._client.subscribe(topic, qos=1)
        time.sleep(0.5)


def pair(name: str) -> tuple[Path, Path]:
    """Certificate and key, as they are seen from inside a host."""
    return Path(TLS) / f"{name}.pem", Path(TLS) / f"{name}.key"


def rules_off(host: Host) -> None:
    host.run("nft", "flush", "ruleset")


def rules_on(host: Host) -> None:
    host.run("nft", "--file", "/etc/nftables.conf")


def run_in(host: Host, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """A command in the host, whatever its status."""
    return subprocess.run(host.within(*command), capture_output=True, text=True, timeout=60, check=False)
