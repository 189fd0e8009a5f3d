"""`atrium doctor` on a box with real cameras and a real broker, on a central that runs, and on files that are wrong."""

from __future__ import annotations

import json
import re
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import cli.doctor
from cli.main import main
from edge.outbox.lock import StateLock
from edge.outbox.store import Origin, Outbox
from simulator.rtsp import RtspServer, available
from tests.broker import MosquittoBroker
from tests.central.mall import Central
from tests.edge.capture.pushed_stream import Pushing
from tests.edge.painted_mall import write_box, write_site
from upkeep.rounds import DEADLINE_S

needs_server = pytest.mark.skipif(not available(), reason="GStreamer's RTSP server is not installed")


@dataclass
class Ended:
    status: int
    stdout: str
    stderr: str

    @property
    def findings(self) -> dict[tuple[str, str], dict[str, Any]]:
        report = json.loads(self.stdout)
        assert report["schema"] == "atrium.doctor.v1"
        assert report["status"] == self.status
        return {(one["check"], one["subject"]): one for one in report["findings"]}

    def levels(self, check: str) -> set[str]:
        return {one["level"] for (name, _), one in self.findings.items() if name == check}


Doctor = Callable[..., Ended]


@pytest.fixture
def doctor(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Doctor:
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str | Path) -> Ended:
        monkeypatch.setattr(sys, "argv", ["atrium", "doctor", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Ended(int(ended.value.code or 0), said.out, said.err)

    return run


def streaming_box(folder: Path, broker: MosquittoBroker, west: str, east: str) -> Path:
    write_site(folder)
    path = write_box(folder, port=broker.port, password_file=str(broker.password_path))
    text = re.sub(r'start_at = ".*"\n', "", path.read_text())
    path.write_text(text.replace('"west.mp4"', f'"{west}"').replace('"east.mp4"', f'"{east}"'))
    return path


@needs_server
def test_a_box_with_a_good_and_a_hung_camera_is_told_within_half_a_minute(tmp_path: Path, doctor: Doctor) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as deaf,
        RtspServer(["west"]) as server,
        Pushing(server, "west"),
        MosquittoBroker(tmp_path / "broker") as broker,
        StateLock(tmp_path / "state"),
    ):
        hung = f"rtsp://admin:s3cret@127.0.0.1:{deaf.getsockname()[1]}/main"
        config = streaming_box(tmp_path, broker, server.url("west"), hung)
        config.chmod(0o644)
        box = Outbox(tmp_path / "state" / "outbox.db", Origin("mall", "ground", "box-1"), "durable0session0")
        began = time.monotonic()
        ended = doctor(config, "--json")
        assert time.monotonic() - began < DEADLINE_S + 2
        box.close()
    found = ended.findings
    assert ended.status == 1
    assert found["camera-stream", "west"]["level"] == "fine"
    assert "half open" in found["camera-stream", "east"]["said"]
    assert found["camera-size", "west"]["level"] == "fault"  # 4:3, calibrated as 16:9
    assert found["secret-permissions", str(config)]["level"] == "fault"  # it holds a camera's password
    assert found["secret-permissions", str(broker.password_path)]["level"] == "fine"
    assert found["broker", f"127.0.0.1:{broker.port}"]["level"] == "fine"
    for check in ("box-running", "outbox-integrity", "outbox-depth", "outbox-lost", "model-file", "configuration"):
        assert ended.levels(check) == {"fine"}, check
    assert ended.levels("central-acknowledges") == {"unknown"}
    assert ended.levels("calibration") == {"warning"}
    assert ended.levels("camera-drift") == {"unknown"}
    assert "s3cret" not in ended.stdout + ended.stderr


def test_a_central_that_runs_is_well_and_one_that_was_killed_is_not(tmp_path: Path, doctor: Doctor) -> None:
    with MosquittoBroker(tmp_path / "broker") as broker:
        central = Central(tmp_path / "central", broker)
        central.start()
        for name in ("central.db", "secrets.json", "tokens.json"):
            (central.folder / name).chmod(0o600)
        port = int(central.address.rpartition(":")[2])
        text = central.config.read_text()
        central.config.write_text(re.sub(r"(\[http\][^\[]*?)port = 0", rf"\g<1>port = {port}", text))
        well = doctor(central.config, "--json")
        central.kill()
        killed = doctor(central.config, "--json")
    for check in ("configuration", "database-integrity", "database-version", "database-log", "http", "broker"):
        assert well.levels(check) == {"fine"}, (check, well.stdout)
    assert well.levels("secret-permissions") == {"fine"}
    assert well.levels("backup") == {"warning"}
    assert killed.levels("http") == {"fault"}
    assert killed.levels("database-integrity") == {"fine"}
    assert killed.status == 1


def test_a_damaged_database_and_a_broker_that_is_away_are_findings(tmp_path: Path, doctor: Doctor) -> None:
    with MosquittoBroker(tmp_path / "broker") as broker:
        central = Central(tmp_path / "central", broker)
    (central.folder / "central.db").write_bytes(b"\xa5" * 20_000)
    ended = doctor(central.config, "--json")
    assert ended.status == 1
    assert ended.levels("database-integrity") == {"fault"}
    assert ended.levels("broker") == {"fault"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('schema = "atrium.box.v1"\nid = 7\n', "$.id"),
        ("fps = = 3", "not TOML"),
        ('schema = "atrium.central.v1"\nk = 1\nsite = "s"\n', "$.k"),
    ],
)
def test_a_wrong_file_is_a_finding_with_its_mend_not_a_crash(
    tmp_path: Path, doctor: Doctor, text: str, words: str
) -> None:
    config = tmp_path / "BOX.toml"
    config.write_text(text)
    ended = doctor(config)
    assert ended.status == 1
    assert "configuration" in ended.stdout
    assert words in ended.stdout
    assert "disk-room" in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr


def test_a_file_that_is_not_there_and_a_host_without_any_are_bad_usage(
    tmp_path: Path, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    absent = doctor(tmp_path / "absent.toml")
    assert (absent.status, "no such file" in absent.stderr) == (2, True)
    monkeypatch.setattr(cli.doctor, "ETC", tmp_path)
    bare = doctor()
    assert (bare.status, "name the file" in bare.stderr) == (2, True)


def test_without_a_file_it_looks_at_those_that_are_installed(
    tmp_path: Path, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli.doctor, "ETC", tmp_path)
    for name, schema in (("box.toml", "box"), ("central.toml", "central")):
        (tmp_path / name).write_text(f'schema = "atrium.{schema}.v1"\n')
    found = doctor("--json").findings
    assert {subject for check, subject in found if check == "configuration"} == {
        str(tmp_path / "box.toml"),
        str(tmp_path / "central.toml"),
    }


def test_the_table_shows_the_worst_first_and_counts(tmp_path: Path, doctor: Doctor) -> None:
    config = tmp_path / "BOX.toml"
    config.write_text("")
    lines = doctor(config).stdout.splitlines()
    shown = [line.split()[0] for line in lines if line.split() and line.split()[0] in cli.doctor.COLOURS]
    assert shown == sorted(shown, key=list(cli.doctor.COLOURS).index)
    assert re.search(r"^1 fault, .*looked for \d+\.\d s$", lines[-1])


def test_a_bundle_is_not_written_over(tmp_path: Path, doctor: Doctor) -> None:
    config, bundle = tmp_path / "BOX.toml", tmp_path / "b.tar.gz"
    config.write_text("")
    bundle.write_text("mine")
    ended = doctor(config, "--bundle", bundle)
    assert (ended.status, "is there already" in ended.stderr) == (1, True)
    assert bundle.read_text() == "mine"
