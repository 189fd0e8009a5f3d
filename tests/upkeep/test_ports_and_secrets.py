"""Real listeners, and real files with the wrong modes."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from upkeep.permissions import secret_permissions
from upkeep.ports import Expected, Listener, listeners, open_ports


@pytest.mark.parametrize(
    ("family", "address"),
    [(socket.AF_INET, "0.0.0.0"), (socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::"), (socket.AF_INET6, "::1")],
)
def test_whoever_listens_is_found_with_address_and_program(family: socket.AddressFamily, address: str) -> None:
    with socket.socket(family) as server:
        try:
            server.bind((address, 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
        server.listen()
        port = server.getsockname()[1]
        (found,) = [one for one in listeners() if one.port == port and one.protocol == "tcp"]
    assert found.address == address
    assert found.is_local == (address in {"127.0.0.1", "::1"})
    assert found.program.startswith(("python", "pytest"))
    assert not [one for one in listeners() if one.port == port and one.protocol == "tcp"]


def test_whoever_is_expected_is_fine() -> None:
    found = [Listener("tcp", "0.0.0.0", 22, "sshd"), Listener("tcp", "127.0.0.1", 9999)]
    (finding,) = open_ports(found, [Expected("tcp", 22, "ssh")])
    assert finding.level == "fine"
    assert "22/tcp" in finding.said
    assert "9999" not in finding.said


def test_a_stranger_is_a_warning_that_names_it() -> None:
    (finding,) = open_ports([Listener("tcp", "0.0.0.0", 5900, "vnc")], [])
    assert finding.level == "warning"
    assert "0.0.0.0:5900/tcp (vnc)" in finding.said


def test_a_local_door_that_stands_open_to_the_network_is_a_fault() -> None:
    (finding,) = open_ports(
        [Listener("tcp", "::", 1883, "mosquitto")], [Expected("tcp", 1883, "the box's own broker", local=True)]
    )
    assert finding.level == "fault"
    assert "[::]:1883/tcp (mosquitto) for the box's own broker" in finding.said


@pytest.mark.parametrize(
    ("mode", "folder", "level", "words"),
    [
        (0o600, 0o700, "fine", "0600"),
        (0o640, 0o750, "fine", "0640"),
        (0o644, 0o700, "fault", "every user of this machine can use it"),
        (0o602, 0o700, "fault", "every user of this machine can use it"),
        (0o660, 0o700, "fault", "its group can change it"),
        (0o600, 0o777, "fault", "can replace it"),
        (0o600, 0o1777, "fine", "0600"),
    ],
)
def test_who_may_read_and_replace_a_secret(tmp_path: Path, mode: int, folder: int, level: str, words: str) -> None:
    secret = tmp_path / "secrets" / "mqtt.password"
    secret.parent.mkdir()
    secret.write_text("hunter2")
    secret.chmod(mode)
    secret.parent.chmod(folder)
    (found,) = secret_permissions([secret, secret, tmp_path / "absent"])
    assert found.level == level
    assert words in found.said
    assert "hunter2" not in found.said + found.mend
