"""What a doctor says of a central that is well, and of databases, backups, boxes and promises that are not."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from central.config import CentralFile, load_config
from central.doctor.boxes import silent_boxes
from central.doctor.central import central_answers, central_checks, secrets_of
from central.doctor.keeping import LOG_BYTES, backup_age, database_version, forgetting, log_size, quarantine
from central.store import boxes, retention
from central.store.diagnosis import outline
from central.store.retention import Purge
from central.store.store import Store
from contract.files import read_toml
from tests.broker import free_port
from tests.central.mall import NOON, write_site
from tests.upkeep.papers import Authority
from upkeep.findings import Finding

HOUR_S = 3600.0


@pytest.fixture
def path(store: Store) -> Path:
    return store.database.path


def one(findings: list[Finding]) -> Finding:
    (found,) = findings
    assert bool(found.mend) == (found.level != "fine")
    return found


def test_tables_of_this_build_of_an_older_and_of_a_newer_one(store: Store, path: Path) -> None:
    assert one(database_version(path)).level == "fine"
    with store.database.writing() as connection:
        connection.execute("DELETE FROM _sqlite_migrations WHERE name = '0025_results'")
    older = one(database_version(path))
    assert (older.level, "1 migrations wait" in older.said) == ("warning", True)
    with store.database.writing() as connection:
        connection.execute("UPDATE _sqlite_migrations SET name = '0999_later' WHERE name = '0024_deliveries'")
    newer = one(database_version(path))
    assert (newer.level, "of a newer Atrium" in newer.said) == ("fault", True)


def test_a_log_that_was_not_brought_in_is_told(path: Path) -> None:
    assert one(log_size(path)).level == "fine"
    with path.with_name(f"{path.name}-wal").open("ab") as log:
        log.truncate(LOG_BYTES + 1)  # sparse
    assert one(log_size(path)).level == "warning"


def test_forgetting_in_time_late_and_not_at_all(store: Store, path: Path) -> None:
    assert one(forgetting(path, "mall", NOON)).level == "warning"
    retention.note(store.database, "mall", [Purge("visits", NOON, NOON - HOUR_S, 3, 3, 0)])
    assert one(forgetting(path, "mall", NOON + 30)).level == "fine"
    late = one(forgetting(path, "mall", NOON + HOUR_S))
    assert (late.level, "60 minutes ago" in late.said) == ("fault", True)
    retention.note(store.database, "mall", [Purge("positions", NOON, NOON - HOUR_S, 3, 2, 1)])
    left = one(forgetting(path, "mall", NOON + 30))
    assert (left.level, "1 rows that expired" in left.said) == ("fault", True)


def test_refused_messages_of_the_last_hour_are_a_warning(store: Store, path: Path) -> None:
    assert one(quarantine(path, "mall", NOON)).level == "fine"
    with store.database.writing() as connection:
        values = [("mall", NOON - age, "t", "r", 1, b"x") for age in (10.0, 20.0, 2 * HOUR_S)]
        connection.executemany(
            "INSERT INTO quarantine (site, heard, topic, reason, size, payload) VALUES (?, ?, ?, ?, ?, ?)", values
        )
    found = one(quarantine(path, "mall", NOON))
    assert (found.level, found.figures["refused"]) == ("warning", 2)


@pytest.mark.parametrize(
    ("age_s", "level", "words"),
    [
        (3.0, "fine", "heard 3 s ago"),
        (300.0, "fault", "silent for 5 minutes"),
        (5 * HOUR_S, "fault", "silent for 5.0 hours"),
    ],
)
def test_a_box_that_is_silent_is_a_fault(store: Store, path: Path, age_s: float, level: str, words: str) -> None:
    assert one(silent_boxes(path, "mall", NOON)).said == "no box has ever spoken"
    with store.database.writing() as connection:
        boxes.heard(connection, "mall", "box-g", "g", NOON - age_s)
    found = one(silent_boxes(path, "mall", NOON))
    assert (found.subject, found.level) == ("box-g", level)
    assert words in found.said


def test_a_box_that_was_stopped_is_a_warning(store: Store, path: Path) -> None:
    with store.database.writing() as connection:
        boxes.heard(connection, "mall", "box-g", "g", NOON - 300)
        connection.execute("UPDATE boxes SET state = 'stopped'")
    assert one(silent_boxes(path, "mall", NOON)).level == "warning"


@pytest.mark.parametrize(
    ("age_s", "size", "level"),
    [(8 * HOUR_S, 500, "fine"), (40 * HOUR_S, 500, "warning"), (100 * HOUR_S, 500, "fault"), (HOUR_S, 0, "fault")],
)
def test_how_old_the_newest_backup_is(tmp_path: Path, age_s: float, size: int, level: str) -> None:
    assert one(backup_age(tmp_path / "absent", NOON)).level == "warning"
    for name, age in (("a.sealed", age_s), ("b.sealed", age_s + HOUR_S), ("c.part", 0.0)):
        file = tmp_path / name
        file.write_bytes(b"x" * size)
        os.utime(file, (NOON - age, NOON - age))
    found = one(backup_age(tmp_path, NOON))
    assert found.level == level
    assert "of 2 is" in found.said or not size


def test_a_damaged_database_is_told_once_by_its_integrity(tmp_path: Path) -> None:
    damaged = tmp_path / "central.db"
    damaged.write_bytes(b"\xa5" * 9000)
    looks = (database_version(damaged), forgetting(damaged, "mall", NOON), quarantine(damaged, "mall", NOON))
    assert looks == ([], [], [])
    assert silent_boxes(damaged, "mall", NOON) == []


def test_who_answers_at_central_s_port() -> None:
    class Answers(BaseHTTPRequestHandler):
        status = 200

        def do_GET(self) -> None:
            self.send_response(self.status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    assert one(central_answers("127.0.0.1", free_port())).said == "nobody serves pages and API"
    assert one(central_answers("0.0.0.0", 0)).level == "unknown"
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert one(central_answers("0.0.0.0", server.server_port)).level == "fine"
        Answers.status = 503
        assert "answers with 503" in one(central_answers("127.0.0.1", server.server_port)).said
        server.shutdown()


def test_the_outline_tells_columns_and_counts_and_no_name_that_is_not_ours(store: Store, path: Path) -> None:
    with store.database.writing() as connection:
        boxes.heard(connection, "mall", "box-g", "g", NOON)
        connection.execute("CREATE TABLE meiling (phone TEXT)")
        connection.execute("ALTER TABLE boxes ADD COLUMN meiling TEXT")
    found = outline(path, 5.0)
    assert found["boxes"]["rows"] == 1
    assert found["boxes"]["strange"] == 1
    assert "last_heard" in found["boxes"]["columns"]  # type: ignore[operator]
    assert "meiling" not in str(found)


def central_file(folder: Path, **changes: str) -> Path:
    write_site(folder)
    path = folder / "CENTRAL.toml"
    lines = {"schema": '"atrium.central.v1"', "site": '"site.toml"'} | changes
    path.write_text("\n".join(f"{name} = {value}" for name, value in lines.items()) + "\n")
    return path


def test_a_wrong_configuration_is_a_finding_beside_those_of_the_machine(tmp_path: Path) -> None:
    checks = central_checks(central_file(tmp_path, k="1"))
    found = [finding for check in checks for finding in check.run()]
    assert found[0].check == "configuration"
    assert found[0].level == "fault"
    assert "`$.k`" in found[0].said
    assert {"disk-room", "temperature", "throttling"} <= {finding.check for finding in found}


def test_every_secret_of_central_is_looked_at(tmp_path: Path) -> None:

    path = central_file(tmp_path)
    (tmp_path / "tls").mkdir()
    (tmp_path / "tls" / "central.key").write_text("k")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "mqtt").write_text("k")
    (tmp_path / "mine").write_text("a long passphrase")
    path.write_text(path.read_text() + '[enrolment]\nfolder = "authority"\npassphrase_file = "mine"\n')
    named = {one.name for one in secrets_of(path, load_config(path), read_toml(path, CentralFile))}
    assert named == {"secrets.json", "tokens.json", "central.db", "central.key", "mqtt", "ca.key", "mine"}


def test_a_look_writes_nothing(store: Store, path: Path) -> None:
    with store.database.writing() as connection:
        boxes.heard(connection, "mall", "box-g", "g", time.time())
    store.database.empty_log()
    before = path.read_bytes()
    for look in (database_version(path), log_size(path), silent_boxes(path, "mall", NOON)):
        assert look
    outline(path, 5.0)
    assert path.read_bytes() == before
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA quick_check").fetchone() == ("ok",)


def test_the_site_s_authority_and_every_pair_are_looked_at(tmp_path: Path) -> None:
    path = central_file(tmp_path)
    (tmp_path / "tls").mkdir()
    authority = Authority(tmp_path / "tls")
    authority.issue("broker", from_days=-80, to_days=10)
    (tmp_path / "public").mkdir()
    certificate, key = Authority(tmp_path / "public").issue("web")
    for file in (certificate, key):
        file.rename(tmp_path / "tls" / file.name)
    (check,) = [check for check in central_checks(path) if check.name == "certificate-life"]
    found = {(finding.check, Path(finding.subject).name): finding.level for finding in check.run()}
    assert found == {
        ("certificate-life", "ca.pem"): "fine",
        ("certificate-life", "broker.pem"): "warning",
        ("certificate-chain", "broker.pem"): "fine",
        ("certificate-life", "web.pem"): "fine",
        ("certificate-chain", "web.pem"): "fine",
    }
