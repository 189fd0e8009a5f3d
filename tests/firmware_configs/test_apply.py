"""A host gets its whole configuration, is told how it differs, proves that it works, and goes back if it does not."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from pathlib import Path

import pytest

from contract.errors import AtriumError
from firmware_configs import apply as applying
from firmware_configs.activate import commands
from firmware_configs.appliance import load_host
from firmware_configs.apply import Trial, apply, differences
from firmware_configs.journal import Journal
from firmware_configs.local_secrets import matches
from firmware_configs.render import render
from tests.firmware_configs.hosts import need_root, write_box, write_users

AFTER = "/etc/chrony/chrony.conf"


@pytest.fixture(autouse=True)
def _root() -> None:
    need_root("owners of files are set")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_users(tmp_path / "root")
    return tmp_path / "root"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_box(tmp_path / "config")


def test_a_bare_host_gets_all_of_it_with_its_owners(root: Path, config: Path) -> None:
    found = apply(load_host(config), root, os.urandom, Trial())
    files = render(config)
    assert set(found.changed) == {*files, "/etc/atrium/broker/passwords", "/etc/atrium/secrets/mqtt.password"}
    for path, file in files.items():
        at = root / path[1:]
        assert at.read_bytes() == file.content
        assert at.stat().st_mode & 0o7777 == file.mode
    acl = (root / "etc/atrium/broker/acl").stat()
    assert (acl.st_uid, acl.st_gid, acl.st_mode & 0o777) == (0, 905, 0o640)
    assert (root / "etc/atrium").stat().st_gid == 906
    assert (root / "etc/atrium/secrets").stat().st_mode & 0o777 == 0o700
    assert differences(load_host(config), root) == []


def test_a_second_time_there_is_nothing_to_do(root: Path, config: Path) -> None:
    apply(load_host(config), root, os.urandom, Trial())
    secret = (root / "etc/atrium/secrets/mqtt.password").read_bytes()
    found = apply(load_host(config), root, os.urandom, Trial())
    assert found.changed == ()
    assert found.number is None
    assert (root / "etc/atrium/secrets/mqtt.password").read_bytes() == secret


def test_the_password_is_the_hosts_own_and_opens_the_broker(root: Path, config: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write_users(other)
    for one in (root, other):
        apply(load_host(config), one, os.urandom, Trial())
    passwords = [(one / "etc/atrium/secrets/mqtt.password").read_bytes().strip() for one in (root, other)]
    assert passwords[0] != passwords[1]
    assert len(passwords[0]) >= 43
    line = (root / "etc/atrium/broker/passwords").read_bytes()
    assert matches(line, "edge", passwords[0])
    assert not matches(line, "edge", passwords[1])
    assert passwords[0] not in line


def test_only_what_changed_is_touched_and_what_is_no_part_any_more_goes(root: Path, config: Path) -> None:
    apply(load_host(config), root, os.urandom, Trial())
    changed = write_box(config.parent, ('"10.1.0.5"', '"10.1.0.6"'), ('["10.1.9.0/24"]', "[]"))
    lines = differences(load_host(changed), root)
    assert "-10.1.0.5 central.mall.example" in lines
    assert "+10.1.0.6 central.mall.example" in lines
    found = apply(load_host(changed), root, os.urandom, Trial())
    assert found.changed == ("/etc/hosts", "/etc/nftables.conf", "/etc/ssh/sshd_config.d/10-atrium.conf")
    assert not (root / "etc/ssh/sshd_config.d/10-atrium.conf").exists()
    Journal(root).roll_back()
    assert differences(load_host(write_box(config.parent)), root) == []
    assert (root / "etc/ssh/sshd_config.d/10-atrium.conf").exists()


def test_wrong_rights_are_a_difference(root: Path, config: Path) -> None:
    apply(load_host(config), root, os.urandom, Trial())
    (root / "etc/nftables.conf").chmod(0o777)
    os.chown(root / "etc/hosts", 1000, 0)
    lines = differences(load_host(config), root)
    assert lines == [
        "/etc/hosts: owner 1000:0, should be root:root",
        "/etc/nftables.conf: mode 0777, should be 0755",
    ]
    assert set(apply(load_host(config), root, os.urandom, Trial()).changed) == {"/etc/hosts", "/etc/nftables.conf"}
    assert differences(load_host(config), root) == []


def test_a_host_without_the_packages_is_told_so(tmp_path: Path, config: Path) -> None:
    bare = tmp_path / "bare"
    (bare / "etc").mkdir(parents=True)
    with pytest.raises(AtriumError, match=r"has no group 'mosquitto'; install the packages"):
        apply(load_host(config), bare, os.urandom, Trial())
    assert sorted(path.name for path in (bare / "etc").iterdir()) == []


def test_a_file_that_its_program_refuses_stops_everything(
    root: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def worse(host):
        files = render(config)
        files[AFTER] = type(files[AFTER])(files[AFTER].content + b"serve\n", 0o644, "root:root")
        return files

    monkeypatch.setattr(applying, "render_host", worse)
    with pytest.raises(AtriumError, match=f"{AFTER}: chronyd does not take it"):
        apply(load_host(config), root, os.urandom, Trial())
    assert not (root / AFTER[1:]).exists()


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Command lines that would have been run; those of the host are not, those of the test are."""
    lines: list[str] = []
    real = applying.run

    def run(line: str) -> None:
        lines.append(line)
        if line.startswith(("true", "false", "test ")):
            real(line)

    monkeypatch.setattr(applying, "run", run)
    return lines


def test_what_fails_its_health_goes_back_and_is_started_again(root: Path, config: Path, ran: list[str]) -> None:
    with pytest.raises(AtriumError, match=r"`false` failed .*the old configuration is in place again"):
        apply(load_host(config), root, os.urandom, Trial(restart=True, health="false"))
    assert not (root / AFTER[1:]).exists()
    assert not Journal(root).pending
    middle = ran.index("false")
    assert ran[:middle] == ran[middle + 1 :]
    assert "systemctl reload-or-restart nftables.service" in ran


def test_health_is_asked_with_the_new_files_in_place(root: Path, config: Path, ran: list[str]) -> None:
    found = apply(load_host(config), root, os.urandom, Trial(restart=True, health=f"test -e {root}{AFTER}"))
    assert found.number == 1


def test_nobody_confirms_and_it_goes_back(root: Path, config: Path, ran: list[str]) -> None:
    asked: list[float] = []
    with pytest.raises(AtriumError, match=r"nobody confirmed within 0.5 s"):
        apply(load_host(config), root, os.urandom, Trial(restart=True, confirm_within_s=0.5, ask=asked.append))
    assert asked == [0.5]
    assert not (root / AFTER[1:]).exists()


def test_somebody_else_confirms_and_it_stays(root: Path, config: Path, ran: list[str]) -> None:
    def confirm() -> None:
        while not Journal(root).pending:
            time.sleep(0.02)
        Journal(root).confirm()

    other = threading.Thread(target=confirm)
    asked: list[float] = []
    trial = Trial(restart=True, confirm_within_s=20, ask=lambda seconds: (asked.append(seconds), other.start())[0])
    found = apply(load_host(config), root, os.urandom, trial)
    other.join()
    assert found.number == 1
    assert (root / AFTER[1:]).exists()
    with pytest.raises(AtriumError, match="nothing waits"):
        Journal(root).confirm()


def test_commands_come_once_and_the_firewall_before_whom_it_guards(config: Path) -> None:
    lines = commands(render(config))
    assert len(set(lines)) == len(lines)
    assert lines[0] == "systemctl daemon-reload"
    assert lines.index("systemctl reload-or-restart nftables.service") < lines.index(
        "systemctl restart mosquitto.service"
    )
    assert commands(["/etc/atrium/broker/acl"]) == ("systemctl try-reload-or-restart mosquitto.service",)
    assert not any("mosquitto" in line for line in commands(["/etc/hosts"]))


def test_mosquitto_reads_our_hash_as_its_own(root: Path, config: Path, tmp_path: Path) -> None:
    """The line that mosquitto_passwd makes is the line that we make, of its salt."""
    made = tmp_path / "made"
    try:
        subprocess.run(["mosquitto_passwd", "-b", "-c", str(made), "edge", "word"], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("mosquitto_passwd is not installed: apt-get install mosquitto")
    assert matches(made.read_bytes(), "edge", b"word")
    assert not matches(made.read_bytes(), "edge", b"world")
    assert not matches(made.read_bytes() + b"other:$7$101$eA==$eA==\n", "edge", b"word")
