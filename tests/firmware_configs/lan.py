"""Network namespaces joined by wires, with listeners and callers in them; all gone at the end, whatever happens."""

from __future__ import annotations

import contextlib
import json
import subprocess
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.firmware_configs.hosts import need_root

PYTHON = "/usr/bin/python3"
LISTEN = """
import select, socket, struct, sys, json
tcp, udp = json.loads(sys.argv[1])
at = {}
for port in tcp:
    one = socket.socket(); one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(("", port)); one.listen(32); at[one.fileno()] = one
for port in udp:
    one = socket.socket(type=socket.SOCK_DGRAM); one.bind(("", port)); at[one.fileno()] = one
    one.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO: answers come from the address that was called
print("up", flush=True)
while True:
    for one in select.select(list(at.values()), [], [])[0]:
        if one.type == socket.SOCK_STREAM:
            one.accept()[0].close()
        else:
            said, told, _, caller = one.recvmsg(99, 64)
            called = struct.unpack("i4s4s", told[0][2])[1]
            one.sendmsg([said], [(socket.IPPROTO_IP, 8, struct.pack("i4s4s", 0, called, bytes(4)))], 0, caller)
"""
CALL = """
import socket, sys, json
from concurrent.futures import ThreadPoolExecutor
def call(one):
    source, kind, host, port = one
    with socket.socket(type=socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM) as line:
        line.settimeout(1.5)
        try:
            if source: line.bind((source, 0))
            line.connect((host, port))
            if kind == "udp":
                line.send(b"?"); line.recv(9)
        except OSError:
            return False
        return True
calls = json.loads(sys.argv[1])
with ThreadPoolExecutor(64) as pool:
    print(json.dumps(list(pool.map(call, calls))))
"""

Call = tuple[str, str, str, int]
"""Source address (empty: whichever), ``tcp`` or ``udp``, host, port."""


class Lan:
    """Namespaces by short names; see :func:`lan`."""

    def __init__(self) -> None:
        self._tag = uuid.uuid4().hex[:8]
        self._names: list[str] = []
        self._running: list[subprocess.Popen[str]] = []

    def add(self, name: str) -> None:
        full = f"atrium-{self._tag}-{name}"
        made = subprocess.run(["ip", "netns", "add", full], capture_output=True, text=True, check=False)
        if made.returncode:
            pytest.skip(f"needs network namespaces: {made.stderr.strip()}")
        self._names.append(name)
        self.run(name, "ip", "link", "set", "lo", "up")

    def wire(self, one: str, one_interface: str, other: str, other_interface: str) -> None:
        """Joins two namespaces."""
        self.run(
            one,
            *("ip", "link", "add", one_interface, "type", "veth", "peer", "name", other_interface),
            *("netns", self.full(other)),
        )
        self.run(one, "ip", "link", "set", one_interface, "up")
        self.run(other, "ip", "link", "set", other_interface, "up")

    def full(self, name: str) -> str:
        return f"atrium-{self._tag}-{name}"

    def run(self, name: str, *command: str) -> str:
        ran = subprocess.run(
            ["ip", "netns", "exec", self.full(name), *command], capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, f"{command}: {ran.stderr}"
        return ran.stdout

    def start(self, name: str, *command: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            ["ip", "netns", "exec", self.full(name), *command], stdout=subprocess.PIPE, text=True
        )
        self._running.append(process)
        return process

    def listen(self, name: str, tcp: Iterable[int], udp: Iterable[int]) -> None:
        """Answers on these ports of every address there."""
        process = self.start(name, PYTHON, "-I", "-c", LISTEN, json.dumps([sorted(tcp), sorted(udp)]))
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"

    def reached(self, name: str, calls: list[Call]) -> set[Call]:
        """Which of the calls from there are answered."""
        answers = json.loads(self.run(name, PYTHON, "-I", "-c", CALL, json.dumps(calls)))
        return {call for call, answer in zip(calls, answers, strict=True) if answer}

    def firewall(self, name: str, rules: bytes, folder: Path) -> None:
        """Loads rules as the host would."""
        path = folder / f"{name}.nft"
        path.write_bytes(rules)
        self.run(name, "nft", "-f", str(path))

    def close(self) -> None:
        for process in self._running:
            process.kill()
            process.communicate()
        for name in self._names:
            subprocess.run(["ip", "netns", "delete", self.full(name)], capture_output=True, check=False)


@contextlib.contextmanager
def lan() -> Iterator[Lan]:
    """A network of the test's own; traffic never leaves it."""
    need_root("network namespaces")
    found = Lan()
    try:
        yield found
    finally:
        found.close()
