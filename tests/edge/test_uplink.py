"""The wire to the mall: what the kernel counts, and what becomes of it."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import threading

import pytest

from edge.uplink import WINDOW_S, Connection, UplinkMeter, broker_connections

CLONE_NEWNET = 0x40000000
ADDRESS = "192.0.2.1"


class Wire:
    """A wire by the script."""

    def __init__(self) -> None:
        self.now = 100.0
        self.found: list[Connection] = []
        self.meter = UplinkMeter(lambda: self.now, lambda: self.found)

    def after(self, seconds: float, *found: Connection):
        self.now += seconds
        self.found = list(found)
        return self.meter.figures()


def test_without_a_connection_nothing_is_told() -> None:
    assert Wire().after(5.0) is None


def test_losses_are_a_share_of_what_was_sent_in_the_last_half_minute() -> None:
    wire = Wire()
    assert wire.after(0.0, Connection(4000, 2.04, 1000, 500)).lost == 0.0
    figures = wire.after(5.0, Connection(4000, 2.04, 1040, 502))
    assert (figures.rtt_ms, figures.lost) == (2.0, 0.05)
    assert wire.after(WINDOW_S - 1, Connection(4000, 2.04, 1100, 502)).lost == pytest.approx(0.0, abs=0.04)
    assert wire.after(WINDOW_S + 1, Connection(4000, 2.04, 1200, 502)).lost == 0.0


def test_one_packet_sent_again_is_a_hiccup() -> None:
    wire = Wire()
    wire.after(0.0, Connection(4000, 2.0, 1000, 0))
    assert wire.after(5.0, Connection(4000, 2.0, 1010, 1)).lost == 0.0
    assert wire.after(5.0, Connection(4000, 2.0, 1020, 2)).lost == 0.1


def test_a_new_connection_counts_anew_and_the_busiest_is_the_one() -> None:
    wire = Wire()
    wire.after(0.0, Connection(4000, 2.0, 1000, 0))
    assert wire.after(5.0, Connection(4001, 3.0, 30, 20)).lost == 0.0
    both = wire.after(5.0, Connection(4000, 900.0, 12, 9), Connection(4001, 3.0, 60, 20))
    assert (both.rtt_ms, both.lost) == (3.0, 0.0)


def test_the_kernel_tells_of_connections_to_brokers_elsewhere_alone() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root: a network namespace with an address of its own is made")
    found: list[list[Connection]] = []

    def work() -> None:
        assert ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) == 0
        for command in ("link set lo up", f"address add {ADDRESS}/32 dev lo"):
            subprocess.run(["/usr/sbin/ip", *command.split()], check=True)
        for address, port in ((ADDRESS, 8883), ("127.0.0.1", 1883), (ADDRESS, 8080)):
            with socket.create_server((address, port)) as server, socket.create_connection((address, port)) as ours:
                theirs, _ = server.accept()
                for _ in range(3):
                    ours.sendall(b"x" * 100)
                    theirs.recv(1000)
                found.append(broker_connections())
                assert not found[-1] or found[-1][0].port == ours.getsockname()[1]
                theirs.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert [len(one) for one in found] == [1, 0, 0]
    (seen,) = found[0]
    assert 0 < seen.rtt_ms < 1000
    assert (seen.sent, seen.again) == (3, 0)
