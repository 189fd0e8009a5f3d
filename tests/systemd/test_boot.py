"""The units under a real systemd: they start by its rules, tell it when they serve, are restarted when they hang."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.broker import MOSQUITTO
from tests.central.mall import eventually
from tests.docs.pages import PAGES, lines_of, shell_blocks, walked
from tests.edge.painted_mall import write_site
from tests.shared_data import ROOT
from tests.systemd.guest import PROGRAM, Guest

pytestmark = pytest.mark.waits
UNITS = sorted(path for path in (ROOT / "systemd").iterdir() if path.suffix in {".service", ".timer", ".path"})
ATRIUM = f"{PROGRAM}/bin/atrium"

BOX = """schema = "atrium.box.v1"
id = "box"
site = "site/site.toml"
floor = "ground"
state_dir = "/var/lib/atrium/box"
[mqtt]
username = "atrium"
password_file = "credential:mqtt.password"
[[cameras]]
name = "west"
url = "rtsp://viewer@127.0.0.1:9/west"
password_file = "credential:camera.password"
"""
CENTRAL = """schema = "atrium.central.v1"
site = "site/site.toml"
database = "/var/lib/atrium/central/central.db"
tokens = "/var/lib/atrium/central/tokens.json"
secrets = "/var/lib/atrium/central/secrets.json"
[mqtt]
username = "atrium"
password_file = "credential:mqtt.password"
"""
TRIGGER = """central = "http://127.0.0.1:8080"
token_file = "credential:token"
book = "/var/lib/atrium/trigger/trigger.db"
deliveries = "/var/lib/atrium/trigger/deliveries.jsonl"
"""
HANGS = "[Service]\nWatchdogSec=4\nTimeoutAbortSec=2\n"


@pytest.fixture(scope="module")
def guest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guest]:
    if not Path(MOSQUITTO).exists():
        pytest.skip("mosquitto is not installed: apt-get install mosquitto")
    folder = tmp_path_factory.mktemp("guest")
    users = folder / "users"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(users), "atrium", "between us"], check=True)
    (folder / "site").mkdir()
    write_site(folder / "site")
    files = {f"/etc/atrium/site/{path.name}": path.read_text() for path in (folder / "site").iterdir()}
    files |= {f"/usr/lib/systemd/system/{unit.name}": unit.read_text() for unit in UNITS}
    files |= {
        "/etc/atrium/box.toml": BOX,
        "/etc/atrium/central.toml": CENTRAL,
        "/etc/atrium/trigger.toml": TRIGGER,
        "/etc/atrium/secrets/mqtt.password": "between us\n",
        "/etc/atrium/secrets/camera.password": "of the camera\n",
        "/etc/mosquitto/mosquitto.conf": "listener 1883 127.0.0.1\npassword_file /etc/mosquitto/users\n",
        "/etc/mosquitto/users": users.read_text(),
        "/etc/systemd/system/atrium-edge@.service.d/hangs.conf": HANGS,
        "/usr/lib/sysusers.d/atrium.conf": (ROOT / "systemd/atrium.sysusers").read_text(),
        "/usr/lib/tmpfiles.d/atrium.conf": (ROOT / "systemd/atrium.tmpfiles").read_text(),
    }
    with Guest(files) as running:
        running.run("systemd-sysusers")
        running.run("systemd-tmpfiles", "--create", "--prefix=/etc/atrium", "--prefix=/var/lib/atrium")
        running.run("systemctl", "daemon-reload")
        running.run("systemctl", "start", "mosquitto")
        yield running


@pytest.mark.timeout(600)
def test_edge_and_central_tell_when_they_serve_and_the_event_path_is_whole(guest: Guest) -> None:
    guest.run("systemctl", "start", "atrium-central", "atrium-edge@box")
    for unit, user in (("atrium-central", "atrium-central"), ("atrium-edge@box", "atrium-edge")):
        found = guest.shown(unit, "ActiveState", "SubState", "User", "NRestarts", "StatusText", "MainPID")
        assert (found["ActiveState"], found["SubState"], found["User"], found["NRestarts"]) == (
            "active", "running", user, "0",
        ), guest.journal(unit)  # fmt: skip
        assert guest.run("stat", "-c", "%U", f"/proc/{found['MainPID']}").strip() == user
    assert "0 of 1 cameras online" in eventually(
        lambda: "cameras online" in (text := guest.shown("atrium-edge@box", "StatusText")["StatusText"]) and text
    )
    eventually(
        lambda: "connected to the broker" in guest.shown("atrium-central", "StatusText")["StatusText"]
    )  # the password came as a credential
    assert "password" not in guest.journal("atrium-edge@box").replace("password_file", "")


def test_the_trigger_gets_in_with_a_token_that_root_made_by_hand(guest: Guest) -> None:
    guest.run("systemctl", "start", "atrium-central")
    token = guest.run(ATRIUM, "central", "token", "/etc/atrium/central.toml", "--name", "shop", "--role", "trigger")
    owner = guest.run("stat", "-c", "%U %a", "/var/lib/atrium/central/tokens.json").strip()
    assert owner == "atrium-central 600"
    guest.run("sh", "-c", f"umask 077; echo {token.strip()} > /etc/atrium/secrets/trigger/token")
    guest.run("systemctl", "start", "atrium-trigger")
    eventually(lambda: "following" in guest.shown("atrium-trigger", "StatusText")["StatusText"])


def test_purge_runs_beside_central_and_the_page_serves(guest: Guest) -> None:
    guest.run("systemctl", "start", "atrium-central", "atrium-purge", "atrium-calibrate")
    assert guest.shown("atrium-purge", "Result", "ExecMainStatus") == {"Result": "success", "ExecMainStatus": "0"}
    assert "0 visitors' ids replaced" in guest.journal("atrium-purge")
    assert "serving http://127.0.0.1:8090" in guest.journal("atrium-calibrate")
    guest.run("systemctl", "stop", "atrium-calibrate")
    assert guest.shown("atrium-calibrate", "Result") == {"Result": "success"}


def test_the_pages_blocks_do_what_they_say(guest: Guest) -> None:
    with walked("systemd.md") as take:
        start, status, follow, stop = lines_of(take("systemctl enable --now atrium-edge@box"))
        guest.run("sh", "-c", start)
        eventually(lambda: "cameras online" in guest.run("sh", "-c", status.partition("#")[0]))
        assert "atrium" in guest.run("timeout", "2", "sh", "-c", follow, check=False)  # it never ends
        guest.run("sh", "-c", stop)
        assert guest.shown("atrium-edge@box", "ActiveState") == {"ActiveState": "inactive"}
        edit, serve, address = lines_of(take("systemctl edit atrium-calibrate"))
        command, _, typed = edit.partition("#")
        guest.run("sh", "-c", f"echo '{typed.strip()}' | tr ' ' '\\n' > /run/typed")
        editor = "SYSTEMD_EDITOR='cp /run/typed'"  # instead of somebody who types
        guest.run("script", "-qec", f"{editor} {command}", "/dev/null")
        guest.run("sh", "-c", serve)
        eventually(lambda: "serving http://0.0.0.0:8090" in guest.run("sh", "-c", address))
        guest.run("systemctl", "stop", "atrium-calibrate")
        guest.run("systemctl", "revert", "atrium-calibrate")


def test_what_the_other_pages_enable_is_there(guest: Guest) -> None:
    lines = {
        line
        for page in ("enrolment.md", "commissioning.md")
        for block in shell_blocks(PAGES[page].read_text(encoding="utf-8"))
        for line in lines_of(block)
        if line.startswith("systemctl enable")
    }
    assert len(lines) == 4
    for line in lines:
        guest.run("sh", "-c", line)
        for unit in line.split()[3:]:
            assert guest.shown(unit, "ActiveState", "UnitFileState") == {
                "ActiveState": "active",
                "UnitFileState": "enabled",
            }, unit


def test_an_edge_that_hangs_is_started_anew(guest: Guest) -> None:
    guest.run("systemctl", "start", "atrium-edge@box")
    before = guest.shown("atrium-edge@box", "MainPID", "NRestarts")
    guest.run("kill", "-STOP", before["MainPID"])
    found = eventually(
        lambda: (
            (now := guest.shown("atrium-edge@box", "MainPID", "NRestarts", "SubState"))["NRestarts"]
            > before["NRestarts"]
            and now["SubState"] == "running"
            and now
        ),
        60,
    )
    assert found["MainPID"] != before["MainPID"]


def broker_once_settled(guest: Guest) -> str:
    """The broker's process id once nothing is being taken up; it stays, for taking up is no change to be taken up."""
    eventually(lambda: guest.shown("atrium-certificates", "ActiveState")["ActiveState"] == "inactive")
    now = guest.shown("mosquitto", "MainPID")["MainPID"]
    time.sleep(4)
    assert guest.shown("mosquitto", "MainPID", "SubState") == {"MainPID": now, "SubState": "running"}
    return now


def test_revocations_and_new_certificates_reach_the_broker(guest: Guest) -> None:
    guest.run("systemctl", "start", "atrium-certificates.path")
    before = guest.shown("mosquitto", "MainPID")["MainPID"]
    put = "mkdir -p /var/lib/atrium/central/ca; echo revoked > /var/lib/atrium/central/ca/crl.new; "
    guest.run("sh", "-c", put + "mv /var/lib/atrium/central/ca/crl.new /var/lib/atrium/central/ca/crl.pem")
    eventually(lambda: guest.run("cat", "/etc/atrium/tls/crl.pem", check=False) == "revoked\n")
    eventually(lambda: guest.shown("mosquitto", "MainPID")["MainPID"] not in {before, "0"})
    was = broker_once_settled(guest)
    pair = "cd /etc/atrium/tls && mkdir .box-2 && ln -s .box-2 .next && mv -T .next box.pair"  # as a renewal does it
    guest.run("sh", "-c", pair)
    eventually(lambda: guest.shown("mosquitto", "MainPID")["MainPID"] not in {was, "0"})
    broker_once_settled(guest)
    guest.run("sh", "-c", "ln -sf /etc/shadow /var/lib/atrium/central/ca/crl.pem")
    guest.run("systemctl", "start", "atrium-certificates", check=False)
    assert guest.run("cat", "/etc/atrium/tls/crl.pem") == "revoked\n"


def test_what_is_stopped_stops_cleanly(guest: Guest) -> None:
    guest.run("systemctl", "stop", "atrium-trigger", "atrium-edge@box", "atrium-central")
    for unit in ("atrium-trigger", "atrium-edge@box", "atrium-central"):
        assert guest.shown(unit, "ActiveState", "Result") == {"ActiveState": "inactive", "Result": "success"}
