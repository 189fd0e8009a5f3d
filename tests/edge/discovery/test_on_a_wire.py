"""Two namespaces and a wire: the camera LAN is asked over its own port, and what is not of the LAN is left out."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from tests.shared_data import ROOT

CAMERA = """
import sys, time
from tests.edge.discovery.fake_camera import match, responder
says = {address: (lambda one, address=address: [match(one, f"http://{address}/onvif/device_service")])
        for address in ("10.2.0.11", "10.2.0.12", "10.9.0.64")}
with responder(says, within="10.2.0.11", port=3702) as port:
    print("listening", flush=True)
    time.sleep(30)
"""


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@contextlib.contextmanager
def wire() -> Iterator[tuple[str, str]]:
    """Names of the box's and the cameras' namespaces, joined by a wire; both gone afterwards."""
    if os.geteuid() != 0:
        pytest.skip("needs root: network namespaces")
    word = secrets.token_hex(3)
    box, cameras = f"cb-{word}", f"cc-{word}"
    made = []
    try:
        for name in (box, cameras):
            try:
                ip("netns", "add", name)
            except (FileNotFoundError, subprocess.CalledProcessError):
                pytest.skip("needs root: network namespaces (apt-get install iproute2)")
            made.append(name)
            ip("-n", name, "link", "set", "lo", "up")
        ip("-n", box, "link", "add", "cam0", "type", "veth", "peer", "name", "eth0", "netns", cameras)
        ip("-n", box, "addr", "add", "10.2.0.1/24", "dev", "cam0")
        ip("-n", box, "addr", "add", "10.1.0.1/24", "dev", "lo")
        for address in ("10.2.0.11/24", "10.2.0.12/24", "10.9.0.64/24"):
            ip("-n", cameras, "addr", "add", address, "dev", "eth0")
        ip("-n", box, "link", "set", "cam0", "up")
        ip("-n", cameras, "link", "set", "eth0", "up")
        ip("-n", box, "route", "add", "10.9.0.0/24", "dev", "cam0")  # or the kernel itself would drop the stranger
        yield box, cameras
    finally:
        for name in made:
            ip("netns", "del", name)


def test_cameras_of_the_lan_are_found_and_a_stranger_on_the_wire_is_not() -> None:
    within = {**os.environ, "PYTHONPATH": str(ROOT)}
    with wire() as (box, cameras):
        camera = subprocess.Popen(
            ["ip", "netns", "exec", cameras, sys.executable, "-c", CAMERA],
            env=within, stdout=subprocess.PIPE, text=True, cwd=ROOT,
        )  # fmt: skip
        try:
            assert camera.stdout is not None
            assert camera.stdout.readline() == "listening\n"
            asked = ["-m", "cli.main", "cameras", "discover", "--interface", "10.2.0.1", "--wait", "1", "--json"]
            told = subprocess.run(
                ["ip", "netns", "exec", box, sys.executable, *asked],
                env=within, capture_output=True, text=True, cwd=ROOT, timeout=30, check=False,
            )  # fmt: skip
        finally:
            camera.kill()
            camera.wait()
            camera.stdout.close()
            time.sleep(0.1)
    assert told.returncode == 0, told.stderr
    (answers,) = json.loads(told.stdout).values()
    assert [device["address"] for device in answers["devices"]] == ["10.2.0.11", "10.2.0.12"]
    assert answers["foreign"] == 4
